//! Accounts and their keys. A key is stored as its SHA-256 hash: it is a long random text, which needs no slow hash.

use sha2::{Digest, Sha256};
use sqlx::Row;
use voiceos_api::{AccountId, KeyId, Timestamp};

use crate::{
    Result, Store, StoreError,
    write::{Db, Write},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub id: KeyId,
    pub account_id: AccountId,
    pub name: String,
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

impl Store {
    /// The account that was made first; it is made now if there is none.
    pub async fn first_account(&self, at: Timestamp) -> Result<AccountId> {
        self.writer
            .write(FirstAccount {
                id: AccountId::new(at),
                at,
            })
            .await
    }

    pub async fn create_account(&self, at: Timestamp) -> Result<AccountId> {
        self.writer
            .write(CreateAccount {
                id: AccountId::new(at),
                at,
            })
            .await
    }

    /// Stores the hash of `secret`. The same secret twice is a [`StoreError::Conflict`].
    pub async fn create_key(
        &self,
        account: &AccountId,
        name: &str,
        secret: &str,
        at: Timestamp,
    ) -> Result<Key> {
        let id = KeyId::new(at);
        let key = Key {
            id,
            account_id: account.clone(),
            name: name.to_owned(),
            created_at: at,
            revoked_at: None,
        };
        self.writer
            .write(CreateKey {
                key,
                hash: Sha256::digest(secret).into(),
            })
            .await
    }

    /// The key that `secret` is, unless it was revoked.
    pub async fn find_key(&self, secret: &str) -> Result<Option<Key>> {
        let hash: [u8; 32] = Sha256::digest(secret).into();
        let sql = "SELECT * FROM keys WHERE hash_start = $1 AND revoked_at IS NULL";
        let rows = sqlx::query(sql)
            .bind(start(&hash))
            .fetch_all(&self.reads)
            .await;
        for row in rows.map_err(|error| self.failed(error))? {
            if equal(row.get("hash"), &hash) {
                return read(&row).map(Some).map_err(|error| self.failed(error));
            }
        }
        Ok(None)
    }

    /// Every key of the account, revoked ones too, oldest first.
    pub async fn keys(&self, account: &AccountId) -> Result<Vec<Key>> {
        let sql = "SELECT * FROM keys WHERE account_id = $1 ORDER BY created_at, id";
        let rows = sqlx::query(sql)
            .bind(account.as_str())
            .fetch_all(&self.reads)
            .await;
        let keys = rows.and_then(|rows| rows.iter().map(read).collect());
        keys.map_err(|error| self.failed(error))
    }

    pub async fn revoke_key(&self, account: &AccountId, id: &KeyId, at: Timestamp) -> Result<()> {
        self.writer
            .write(RevokeKey {
                account: account.clone(),
                id: id.clone(),
                at,
            })
            .await
    }
}

fn start(hash: &[u8; 32]) -> i64 {
    hash.iter()
        .take(8)
        .fold(0, |sum, byte| sum << 8 | i64::from(*byte))
}

/// Takes the same time wherever the two differ.
fn equal(a: &[u8], b: &[u8]) -> bool {
    let differing = a
        .iter()
        .zip(b)
        .fold(0, |all, (a, b)| std::hint::black_box(all | (a ^ b)));
    a.len() == b.len() && differing == 0
}

fn read(row: &sqlx::sqlite::SqliteRow) -> sqlx::Result<Key> {
    Ok(Key {
        id: row.try_get::<String, _>("id")?.into(),
        account_id: row.try_get::<String, _>("account_id")?.into(),
        name: row.try_get("name")?,
        created_at: Timestamp::from_millis(row.try_get("created_at")?),
        revoked_at: row
            .try_get::<Option<i64>, _>("revoked_at")?
            .map(Timestamp::from_millis),
    })
}

struct CreateAccount {
    id: AccountId,
    at: Timestamp,
}

impl Write for CreateAccount {
    type Answer = AccountId;

    async fn apply(&self, db: &mut Db<'_>) -> Result<AccountId> {
        let sql = "INSERT INTO accounts (id, created_at) VALUES ($1, $2)";
        let made = sqlx::query(sql)
            .bind(self.id.as_str())
            .bind(self.at.millis())
            .execute(&mut *db.connection)
            .await;
        made.map_err(|error| db.failed(error))?;
        Ok(self.id.clone())
    }
}

struct FirstAccount {
    id: AccountId,
    at: Timestamp,
}

impl Write for FirstAccount {
    type Answer = AccountId;

    async fn apply(&self, db: &mut Db<'_>) -> Result<AccountId> {
        let sql = "SELECT id FROM accounts ORDER BY created_at, id LIMIT 1";
        let first = sqlx::query_scalar::<_, String>(sql)
            .fetch_optional(&mut *db.connection)
            .await;
        match first.map_err(|error| db.failed(error))? {
            Some(id) => Ok(id.into()),
            None => {
                CreateAccount {
                    id: self.id.clone(),
                    at: self.at,
                }
                .apply(db)
                .await
            }
        }
    }
}

struct CreateKey {
    key: Key,
    hash: [u8; 32],
}

impl Write for CreateKey {
    type Answer = Key;

    async fn apply(&self, db: &mut Db<'_>) -> Result<Key> {
        let sql = "INSERT INTO keys (id, account_id, name, hash_start, hash, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
        let made = sqlx::query(sql)
            .bind(self.key.id.as_str())
            .bind(self.key.account_id.as_str())
            .bind(&self.key.name)
            .bind(start(&self.hash))
            .bind(self.hash.as_slice())
            .bind(self.key.created_at.millis())
            .execute(&mut *db.connection)
            .await;
        match made.map_err(|error| db.failed(error)) {
            Ok(_) => Ok(self.key.clone()),
            Err(StoreError::Conflict(_)) => Err(StoreError::Conflict("key")),
            Err(error) => Err(error),
        }
    }
}

struct RevokeKey {
    account: AccountId,
    id: KeyId,
    at: Timestamp,
}

impl Write for RevokeKey {
    type Answer = ();

    async fn apply(&self, db: &mut Db<'_>) -> Result<()> {
        let sql = "UPDATE keys SET revoked_at = coalesce(revoked_at, $1) WHERE id = $2 AND account_id = $3";
        let query = sqlx::query(sql)
            .bind(self.at.millis())
            .bind(self.id.as_str())
            .bind(self.account.as_str());
        match query
            .execute(&mut *db.connection)
            .await
            .map_err(|error| db.failed(error))?
            .rows_affected()
        {
            0 => Err(StoreError::NotFound("key")),
            _ => Ok(()),
        }
    }
}
