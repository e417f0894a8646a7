//! The records, one file each: their shapes, the changes to them and the questions about them.

mod agents;
mod conversations;
mod events;
mod keys;

pub use conversations::{ConversationFilter, Ended, NewConversation};
pub use keys::Key;

use serde::{Serialize, de::DeserializeOwned};
use sqlx::{QueryBuilder, Sqlite};
use voiceos_api::Timestamp;

/// Which part of a list: newest first, ends excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    pub created_after: Option<Timestamp>,
    pub created_before: Option<Timestamp>,
    /// Counts from 1; 0 is taken as 1.
    pub index: u32,
    /// Items in a page.
    pub limit: u32,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            created_after: None,
            created_before: None,
            index: 1,
            limit: 100,
        }
    }
}

impl Page {
    fn narrow(&self, sql: &mut QueryBuilder<Sqlite>) {
        if let Some(after) = self.created_after {
            sql.push(" AND created_at > ").push_bind(after.millis());
        }
        if let Some(before) = self.created_before {
            sql.push(" AND created_at < ").push_bind(before.millis());
        }
    }

    /// One item more than the page holds, to see whether there is a further page.
    fn cut(&self, sql: &mut QueryBuilder<Sqlite>) {
        let skip = i64::from(self.index.max(1) - 1) * i64::from(self.limit);
        sql.push(" ORDER BY created_at DESC, id DESC LIMIT ")
            .push_bind(i64::from(self.limit) + 1);
        sql.push(" OFFSET ").push_bind(skip);
    }

    /// Takes the extra item off again; true when there was one.
    fn has_more<T>(&self, rows: &mut Vec<T>) -> bool {
        let more = rows.len() > self.limit as usize;
        rows.truncate(self.limit as usize);
        more
    }
}

fn to_text(record: &impl Serialize) -> String {
    serde_json::to_string(record).expect("records have text keys and finite numbers")
}

/// What lies in the store was written by [`to_text`], so that it only fails when someone else wrote there.
fn from_text<T: DeserializeOwned>(text: &str) -> sqlx::Result<T> {
    serde_json::from_str(text).map_err(|error| sqlx::Error::Decode(error.into()))
}
