//! What happened in a conversation: messages, events, turns. Each has its place in its conversation, and what is told
//! twice is kept once: the first telling stays.

use sqlx::Row;
use voiceos_api::{ConversationId, Event, Message, Timestamp, Turn, TurnTimings};

use super::{from_text, to_text};
use crate::{
    Result, Store, StoreError,
    write::{Db, Write},
};

impl Store {
    /// `seq` counts the messages of the conversation, both roles together.
    pub async fn add_message(
        &self,
        conversation: &ConversationId,
        seq: u32,
        message: Message,
    ) -> Result<()> {
        let entry = Entry {
            place: seq.into(),
            text: to_text(&message),
        };
        self.add(
            conversation,
            "INSERT INTO messages VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            vec![entry],
        )
        .await
    }

    /// All of them or none.
    pub async fn add_events(&self, conversation: &ConversationId, events: &[Event]) -> Result<()> {
        let place = |seq| i64::try_from(seq).unwrap_or(i64::MAX);
        let entries = events
            .iter()
            .map(|event| Entry {
                place: place(event.seq),
                text: to_text(event),
            })
            .collect();
        self.add(
            conversation,
            "INSERT INTO events VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            entries,
        )
        .await
    }

    /// `turn` counts the caller's turns.
    pub async fn add_turn(
        &self,
        conversation: &ConversationId,
        turn: u32,
        timings: TurnTimings,
    ) -> Result<()> {
        let entry = Entry {
            place: turn.into(),
            text: to_text(&timings),
        };
        self.add(
            conversation,
            "INSERT INTO turns VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            vec![entry],
        )
        .await
    }

    async fn add(
        &self,
        conversation: &ConversationId,
        sql: &'static str,
        entries: Vec<Entry>,
    ) -> Result<()> {
        self.writer
            .write(Add {
                conversation: conversation.clone(),
                sql,
                entries,
            })
            .await
    }

    /// The events of a conversation whose `seq` is above `after`, in order, `limit` at most.
    pub async fn events(
        &self,
        conversation: &ConversationId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Event>> {
        let sql = "SELECT event FROM events WHERE conversation_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";
        let rows = sqlx::query(sql)
            .bind(conversation.as_str())
            .bind(i64::try_from(after).unwrap_or(i64::MAX))
            .bind(i64::from(limit))
            .fetch_all(&self.reads)
            .await;
        let read = |row: &sqlx::sqlite::SqliteRow| from_text(row.try_get("event")?);
        rows.and_then(|rows| rows.iter().map(read).collect())
            .map_err(|error| self.failed(error))
    }
}

/// A turn as it lies in a row of `turns`.
pub(super) fn read_turn(row: &sqlx::sqlite::SqliteRow) -> sqlx::Result<Turn> {
    Ok(Turn {
        turn: row.try_get("turn")?,
        timings: from_text(row.try_get("timings")?)?,
    })
}

/// A message as it lies in a row of `messages`.
pub(super) fn read_message(row: &sqlx::sqlite::SqliteRow) -> sqlx::Result<Message> {
    from_text(row.try_get("message")?)
}

/// When the last thing known of a conversation happened.
pub(super) async fn last_sign(db: &mut Db<'_>, id: &str) -> Result<Option<Timestamp>> {
    let sql = "SELECT event FROM events WHERE conversation_id = $1 ORDER BY seq DESC LIMIT 1";
    let event = sqlx::query_scalar::<_, String>(sql)
        .bind(id)
        .fetch_optional(&mut *db.connection)
        .await;
    let sql = "SELECT message FROM messages WHERE conversation_id = $1 ORDER BY seq DESC LIMIT 1";
    let message = sqlx::query_scalar::<_, String>(sql)
        .bind(id)
        .fetch_optional(&mut *db.connection)
        .await;
    let event = event.and_then(|text| text.map(|text| from_text::<Event>(&text)).transpose());
    let message = message.and_then(|text| text.map(|text| from_text::<Message>(&text)).transpose());
    let event = event
        .map_err(|error| db.failed(error))?
        .map(|event| event.created_at);
    let message = message
        .map_err(|error| db.failed(error))?
        .and_then(|message| message.ended_at);
    Ok(event.max(message))
}

struct Entry {
    place: i64,
    text: String,
}

struct Add {
    conversation: ConversationId,
    sql: &'static str,
    entries: Vec<Entry>,
}

impl Write for Add {
    type Answer = ();

    async fn apply(&self, db: &mut Db<'_>) -> Result<()> {
        for entry in &self.entries {
            let query = sqlx::query(self.sql)
                .bind(self.conversation.as_str())
                .bind(entry.place)
                .bind(&entry.text);
            match query
                .execute(&mut *db.connection)
                .await
                .map_err(|error| db.failed(error))
            {
                Err(StoreError::NotFound(_)) => return Err(StoreError::NotFound("conversation")),
                done => done?,
            };
        }
        Ok(())
    }
}
