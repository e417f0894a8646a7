//! Conversations: queued, started, ended, and read back with all that was said.

use std::collections::HashMap;

use sqlx::{QueryBuilder, Row, Sqlite, sqlite::SqliteRow};
use voiceos_api::{
    AccountId, AgentConfiguration, AgentId, ConversationId, ConversationResponse, ConversationType,
    ConversationsPagination, CostBreakdown, EndedReason, Engine, PhoneCall, Recording, Status,
    Timestamp,
};

use super::{
    Page,
    events::{last_sign, read_message, read_turn},
    from_text, to_text,
};
use crate::{
    Result, Store, StoreError,
    write::{Db, Write},
};

/// A conversation that is asked for; it is stored as `queued`.
#[derive(Clone, Debug)]
pub struct NewConversation {
    pub id: ConversationId,
    pub account_id: AccountId,
    pub kind: ConversationType,
    pub created_at: Timestamp,
    pub agent_id: Option<AgentId>,
    /// As it is now: later changes of the agent do not touch it.
    pub agent_config: AgentConfiguration,
    pub phone_call: Option<PhoneCall>,
    pub engine: Option<Engine>,
}

/// How a conversation ended.
#[derive(Clone, Debug)]
pub struct Ended {
    pub at: Timestamp,
    pub reason: EndedReason,
    /// Holds the usage too: characters, seconds, tokens.
    pub cost_breakdown: Option<CostBreakdown>,
    pub recording: Option<Recording>,
}

/// Which conversations to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConversationFilter {
    pub status: Option<Status>,
    pub page: Page,
}

impl Store {
    pub async fn create_conversation(&self, new: NewConversation) -> Result<ConversationResponse> {
        self.writer.write(Create(new)).await
    }

    /// Only a queued conversation starts; for others nothing changes.
    pub async fn conversation_started(&self, id: &ConversationId, at: Timestamp) -> Result<()> {
        self.writer.write(Start { id: id.clone(), at }).await
    }

    /// Only the first end counts; true when it was this one.
    pub async fn conversation_ended(&self, id: &ConversationId, ended: Ended) -> Result<bool> {
        self.writer
            .write(End {
                id: id.clone(),
                ended,
            })
            .await
    }

    /// A recording that became known after the end, such as one saved from a crash.
    pub async fn set_recording(&self, id: &ConversationId, recording: Recording) -> Result<()> {
        self.writer
            .write(SetRecording {
                id: id.clone(),
                recording,
            })
            .await
    }

    pub async fn conversation(
        &self,
        account: &AccountId,
        id: &ConversationId,
    ) -> Result<ConversationResponse> {
        let row = sqlx::query(ONE)
            .bind(id.as_str())
            .bind(account.as_str())
            .fetch_optional(&self.reads)
            .await;
        let row = row
            .map_err(|error| self.failed(error))?
            .ok_or(StoreError::NotFound("conversation"))?;
        let mut found = vec![read(&row).map_err(|error| self.failed(error))?];
        self.fill(&mut found)
            .await
            .map_err(|error| self.failed(error))?;
        found.pop().ok_or(StoreError::NotFound("conversation"))
    }

    pub async fn conversations(
        &self,
        account: &AccountId,
        filter: &ConversationFilter,
    ) -> Result<ConversationsPagination> {
        let mut sql = QueryBuilder::new("SELECT * FROM conversations WHERE account_id = ");
        sql.push_bind(account.as_str().to_owned());
        if let Some(status) = filter.status {
            sql.push(" AND status = ").push_bind(status.as_str());
        }
        filter.page.narrow(&mut sql);
        filter.page.cut(&mut sql);
        let mut rows = sql
            .build()
            .fetch_all(&self.reads)
            .await
            .map_err(|error| self.failed(error))?;
        let has_more = filter.page.has_more(&mut rows);
        let items = rows.iter().map(read).collect::<sqlx::Result<Vec<_>>>();
        let mut items = items.map_err(|error| self.failed(error))?;
        self.fill(&mut items)
            .await
            .map_err(|error| self.failed(error))?;
        Ok(ConversationsPagination {
            items,
            index: filter.page.index.max(1),
            has_more,
        })
    }

    /// Every conversation that has not ended, of all accounts, oldest first: after a start, those a crash cut off.
    pub async fn unfinished(&self) -> Result<Vec<ConversationResponse>> {
        let sql = "SELECT * FROM conversations WHERE status <> 'ended' ORDER BY created_at";
        let rows = sqlx::query(sql).fetch_all(&self.reads).await;
        let found = rows.and_then(|rows| rows.iter().map(read).collect::<sqlx::Result<Vec<_>>>());
        let mut found = found.map_err(|error| self.failed(error))?;
        self.fill(&mut found)
            .await
            .map_err(|error| self.failed(error))?;
        Ok(found)
    }

    /// Ends a conversation that a crash cut off (reason `unknown`) at the last sign of life in the store.
    pub async fn end_cut_off(
        &self,
        id: &ConversationId,
        recording: Option<Recording>,
    ) -> Result<bool> {
        self.writer
            .write(EndCutOff {
                id: id.clone(),
                recording,
            })
            .await
    }

    /// With its messages, events and turns; answers with what was deleted. The recording's file is the caller's to remove.
    pub async fn delete_conversation(
        &self,
        account: &AccountId,
        id: &ConversationId,
    ) -> Result<ConversationResponse> {
        let conversation = self.conversation(account, id).await?;
        self.writer
            .write(Delete {
                account: account.clone(),
                id: id.clone(),
            })
            .await?;
        Ok(conversation)
    }

    /// Adds messages and turns, two questions for all of them together.
    async fn fill(&self, conversations: &mut [ConversationResponse]) -> sqlx::Result<()> {
        if conversations.is_empty() {
            return Ok(());
        }
        let places: HashMap<String, usize> = conversations
            .iter()
            .enumerate()
            .map(|(index, one)| (one.id.as_str().to_owned(), index))
            .collect();
        for row in of_all("SELECT * FROM messages", &places, "seq")
            .build()
            .fetch_all(&self.reads)
            .await?
        {
            let one = &mut conversations[places[row.try_get::<&str, _>("conversation_id")?]];
            one.messages
                .get_or_insert_default()
                .push(read_message(&row)?);
        }
        for row in of_all("SELECT * FROM turns", &places, "turn")
            .build()
            .fetch_all(&self.reads)
            .await?
        {
            let one = &mut conversations[places[row.try_get::<&str, _>("conversation_id")?]];
            one.turns.push(read_turn(&row)?);
        }
        Ok(())
    }
}

const ONE: &str = "SELECT * FROM conversations WHERE id = $1 AND account_id = $2";

fn of_all(
    select: &'static str,
    ids: &HashMap<String, usize>,
    order: &'static str,
) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new(select);
    sql.push(" WHERE conversation_id IN (");
    let mut list = sql.separated(", ");
    ids.keys().for_each(|id| {
        list.push_bind(id.clone());
    });
    sql.push(") ORDER BY conversation_id, ").push(order);
    sql
}

fn read(row: &SqliteRow) -> sqlx::Result<ConversationResponse> {
    fn word<T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(
        text: &str,
    ) -> sqlx::Result<T> {
        text.parse()
            .map_err(|error| sqlx::Error::Decode(Box::new(error)))
    }
    fn json<T: serde::de::DeserializeOwned>(
        row: &SqliteRow,
        column: &str,
    ) -> sqlx::Result<Option<T>> {
        row.try_get::<Option<&str>, _>(column)?
            .map(from_text)
            .transpose()
    }
    let time = |column| {
        Ok::<_, sqlx::Error>(
            row.try_get::<Option<i64>, _>(column)?
                .map(Timestamp::from_millis),
        )
    };
    let id = ConversationId::from(row.try_get::<String, _>("id")?);
    Ok(ConversationResponse {
        uri: format!("/conversations/{id}"),
        kind: word(row.try_get("type")?)?,
        account_id: row.try_get::<String, _>("account_id")?.into(),
        status: word(row.try_get("status")?)?,
        started_at: time("started_at")?,
        ended_at: time("ended_at")?,
        agent_config: from_text(row.try_get("agent_configuration")?)?,
        agent_id: row
            .try_get::<Option<String>, _>("agent_id")?
            .map(AgentId::from),
        messages: Some(Vec::new()),
        phone_call: json(row, "phone_call")?,
        ended_reason: row
            .try_get::<Option<&str>, _>("ended_reason")?
            .map(word)
            .transpose()?,
        cost_breakdown: json(row, "cost_breakdown")?,
        id,
        created_at: time("created_at")?,
        engine: json(row, "engine")?,
        recording: json(row, "recording")?,
        turns: Vec::new(),
    })
}

struct Create(NewConversation);

impl Write for Create {
    type Answer = ConversationResponse;

    async fn apply(&self, db: &mut Db<'_>) -> Result<ConversationResponse> {
        let sql = "INSERT INTO conversations \
                   (id, account_id, type, status, created_at, agent_id, agent_configuration, phone_call, engine) \
                   VALUES ($1, $2, $3, 'queued', $4, $5, $6, $7, $8) RETURNING *";
        let row = sqlx::query(sql)
            .bind(self.0.id.as_str())
            .bind(self.0.account_id.as_str())
            .bind(self.0.kind.as_str())
            .bind(self.0.created_at.millis())
            .bind(self.0.agent_id.as_ref().map(|id| id.as_str().to_owned()))
            .bind(to_text(&self.0.agent_config))
            .bind(self.0.phone_call.as_ref().map(to_text))
            .bind(self.0.engine.as_ref().map(to_text))
            .fetch_one(&mut *db.connection)
            .await;
        row.and_then(|row| read(&row))
            .map_err(|error| db.failed(error))
    }
}

/// Distinguishes a conversation that is not in the right state from one that is not there.
async fn must_exist(db: &mut Db<'_>, id: &ConversationId) -> Result<()> {
    let sql = "SELECT count(*) FROM conversations WHERE id = $1";
    let count = sqlx::query_scalar::<_, i64>(sql)
        .bind(id.as_str())
        .fetch_one(&mut *db.connection)
        .await;
    match count.map_err(|error| db.failed(error))? {
        0 => Err(StoreError::NotFound("conversation")),
        _ => Ok(()),
    }
}

struct Start {
    id: ConversationId,
    at: Timestamp,
}

impl Write for Start {
    type Answer = ();

    async fn apply(&self, db: &mut Db<'_>) -> Result<()> {
        let sql = "UPDATE conversations SET status = 'started', started_at = $1 WHERE id = $2 AND status = 'queued'";
        let done = sqlx::query(sql)
            .bind(self.at.millis())
            .bind(self.id.as_str())
            .execute(&mut *db.connection)
            .await;
        match done.map_err(|error| db.failed(error))?.rows_affected() {
            0 => must_exist(db, &self.id).await,
            _ => Ok(()),
        }
    }
}

struct End {
    id: ConversationId,
    ended: Ended,
}

impl Write for End {
    type Answer = bool;

    async fn apply(&self, db: &mut Db<'_>) -> Result<bool> {
        let sql = "UPDATE conversations SET status = 'ended', ended_at = $1, ended_reason = $2, cost_breakdown = $3, \
                   recording = coalesce($4, recording) WHERE id = $5 AND status <> 'ended'";
        let done = sqlx::query(sql)
            .bind(self.ended.at.millis())
            .bind(self.ended.reason.as_str())
            .bind(self.ended.cost_breakdown.as_ref().map(to_text))
            .bind(self.ended.recording.as_ref().map(to_text))
            .bind(self.id.as_str())
            .execute(&mut *db.connection)
            .await;
        match done.map_err(|error| db.failed(error))?.rows_affected() {
            0 => must_exist(db, &self.id).await.map(|()| false),
            _ => Ok(true),
        }
    }
}

struct EndCutOff {
    id: ConversationId,
    recording: Option<Recording>,
}

impl Write for EndCutOff {
    type Answer = bool;

    async fn apply(&self, db: &mut Db<'_>) -> Result<bool> {
        let sql = "SELECT coalesce(started_at, created_at) FROM conversations WHERE id = $1";
        let began = sqlx::query_scalar::<_, i64>(sql)
            .bind(self.id.as_str())
            .fetch_optional(&mut *db.connection)
            .await;
        let began = began
            .map_err(|error| db.failed(error))?
            .ok_or(StoreError::NotFound("conversation"))?;
        let began = Timestamp::from_millis(began);
        let recorded = self.recording.map(|recording| {
            began.after(std::time::Duration::from_secs_f64(
                recording.duration_seconds,
            ))
        });
        let at = last_sign(db, self.id.as_str())
            .await?
            .max(recorded)
            .unwrap_or(began)
            .max(began);
        let ended = Ended {
            at,
            reason: EndedReason::Unknown,
            cost_breakdown: None,
            recording: self.recording,
        };
        End {
            id: self.id.clone(),
            ended,
        }
        .apply(db)
        .await
    }
}

struct SetRecording {
    id: ConversationId,
    recording: Recording,
}

impl Write for SetRecording {
    type Answer = ();

    async fn apply(&self, db: &mut Db<'_>) -> Result<()> {
        let query = sqlx::query("UPDATE conversations SET recording = $1 WHERE id = $2");
        let done = query
            .bind(to_text(&self.recording))
            .bind(self.id.as_str())
            .execute(&mut *db.connection)
            .await;
        match done.map_err(|error| db.failed(error))?.rows_affected() {
            0 => Err(StoreError::NotFound("conversation")),
            _ => Ok(()),
        }
    }
}

struct Delete {
    account: AccountId,
    id: ConversationId,
}

impl Write for Delete {
    type Answer = ();

    async fn apply(&self, db: &mut Db<'_>) -> Result<()> {
        let query = sqlx::query("DELETE FROM conversations WHERE id = $1 AND account_id = $2");
        let done = query
            .bind(self.id.as_str())
            .bind(self.account.as_str())
            .execute(&mut *db.connection)
            .await;
        match done.map_err(|error| db.failed(error))?.rows_affected() {
            0 => Err(StoreError::NotFound("conversation")),
            _ => Ok(()),
        }
    }
}
