//! Agents.

use serde_json::Value;
use sqlx::{QueryBuilder, Row, sqlite::SqliteRow};
use voiceos_api::{
    AccountId, AgentConfiguration, AgentId, AgentPagination, AgentResponse, Timestamp,
};

use super::{Page, from_text, to_text};
use crate::{
    Result, Store, StoreError,
    write::{Db, Write},
};

impl Store {
    pub async fn create_agent(
        &self,
        account: &AccountId,
        configuration: AgentConfiguration,
        at: Timestamp,
    ) -> Result<AgentResponse> {
        let id = AgentId::new(at);
        let uri = uri(&id);
        let account_id = account.clone();
        self.writer
            .write(CreateAgent(AgentResponse {
                configuration,
                uri,
                account_id,
                created_at: at,
                updated_at: at,
                id,
            }))
            .await
    }

    pub async fn agent(&self, account: &AccountId, id: &AgentId) -> Result<AgentResponse> {
        let row = sqlx::query(ONE)
            .bind(id.as_str())
            .bind(account.as_str())
            .fetch_optional(&self.reads)
            .await;
        let row = row
            .map_err(|error| self.failed(error))?
            .ok_or(StoreError::NotFound("agent"))?;
        read(&row).map_err(|error| self.failed(error))
    }

    pub async fn agents(&self, account: &AccountId, page: &Page) -> Result<AgentPagination> {
        let mut sql = QueryBuilder::new("SELECT * FROM agents WHERE account_id = ");
        sql.push_bind(account.as_str().to_owned());
        page.narrow(&mut sql);
        page.cut(&mut sql);
        let mut rows = sql
            .build()
            .fetch_all(&self.reads)
            .await
            .map_err(|error| self.failed(error))?;
        let has_more = page.has_more(&mut rows);
        let items = rows
            .iter()
            .map(read)
            .collect::<sqlx::Result<_>>()
            .map_err(|error| self.failed(error))?;
        Ok(AgentPagination {
            items,
            index: page.index.max(1),
            has_more,
        })
    }

    /// Replaces the fields that `patch` names. [`StoreError::Refused`] tells what is wrong with it.
    pub async fn patch_agent(
        &self,
        account: &AccountId,
        id: &AgentId,
        patch: Value,
        at: Timestamp,
    ) -> Result<AgentResponse> {
        self.writer
            .write(PatchAgent {
                account: account.clone(),
                id: id.clone(),
                patch,
                at,
            })
            .await
    }

    /// Answers with the agent as it was. Its conversations stay.
    pub async fn delete_agent(&self, account: &AccountId, id: &AgentId) -> Result<AgentResponse> {
        self.writer
            .write(DeleteAgent {
                account: account.clone(),
                id: id.clone(),
            })
            .await
    }
}

const ONE: &str = "SELECT * FROM agents WHERE id = $1 AND account_id = $2";

fn uri(id: &AgentId) -> String {
    format!("/agents/{id}")
}

fn read(row: &SqliteRow) -> sqlx::Result<AgentResponse> {
    let id = AgentId::from(row.try_get::<String, _>("id")?);
    Ok(AgentResponse {
        configuration: from_text(row.try_get("configuration")?)?,
        uri: uri(&id),
        account_id: row.try_get::<String, _>("account_id")?.into(),
        created_at: Timestamp::from_millis(row.try_get("created_at")?),
        updated_at: Timestamp::from_millis(row.try_get("updated_at")?),
        id,
    })
}

async fn find(db: &mut Db<'_>, account: &AccountId, id: &AgentId) -> Result<AgentResponse> {
    let row = sqlx::query(ONE)
        .bind(id.as_str())
        .bind(account.as_str())
        .fetch_optional(&mut *db.connection)
        .await;
    let row = row
        .map_err(|error| db.failed(error))?
        .ok_or(StoreError::NotFound("agent"))?;
    read(&row).map_err(|error| db.failed(error))
}

struct CreateAgent(AgentResponse);

impl Write for CreateAgent {
    type Answer = AgentResponse;

    async fn apply(&self, db: &mut Db<'_>) -> Result<AgentResponse> {
        let sql = "INSERT INTO agents (id, account_id, created_at, updated_at, configuration) VALUES ($1, $2, $3, $4, $5)";
        let made = sqlx::query(sql)
            .bind(self.0.id.as_str())
            .bind(self.0.account_id.as_str())
            .bind(self.0.created_at.millis())
            .bind(self.0.updated_at.millis())
            .bind(to_text(&self.0.configuration))
            .execute(&mut *db.connection)
            .await;
        made.map_err(|error| db.failed(error))?;
        Ok(self.0.clone())
    }
}

struct PatchAgent {
    account: AccountId,
    id: AgentId,
    patch: Value,
    at: Timestamp,
}

impl Write for PatchAgent {
    type Answer = AgentResponse;

    async fn apply(&self, db: &mut Db<'_>) -> Result<AgentResponse> {
        let mut agent = find(db, &self.account, &self.id).await?;
        agent.configuration = agent
            .configuration
            .patched(&self.patch)
            .map_err(StoreError::Refused)?;
        agent.updated_at = self.at;
        let done =
            sqlx::query("UPDATE agents SET configuration = $1, updated_at = $2 WHERE id = $3")
                .bind(to_text(&agent.configuration))
                .bind(self.at.millis())
                .bind(self.id.as_str())
                .execute(&mut *db.connection)
                .await;
        done.map_err(|error| db.failed(error))?;
        Ok(agent)
    }
}

struct DeleteAgent {
    account: AccountId,
    id: AgentId,
}

impl Write for DeleteAgent {
    type Answer = AgentResponse;

    async fn apply(&self, db: &mut Db<'_>) -> Result<AgentResponse> {
        let agent = find(db, &self.account, &self.id).await?;
        let sql = "DELETE FROM agents WHERE id = $1";
        let done = sqlx::query(sql)
            .bind(self.id.as_str())
            .execute(&mut *db.connection)
            .await;
        done.map_err(|error| db.failed(error))?;
        Ok(agent)
    }
}
