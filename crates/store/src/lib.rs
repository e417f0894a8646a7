//! What outlives a call: accounts, keys, agents, conversations with their messages, events and turns.
//!
//! This crate decides how records are kept and found again, and that what it confirmed is still there after a crash; it
//! refuses to know what time it is (callers say), who may see what (callers name the account) and what a call is.
//! Today the records lie in one SQLite file; the SQL is written so that PostgreSQL can speak it too.

mod error;
mod records;
mod sqlite;
mod write;

use std::{path::Path, sync::Arc, time::Duration};

pub use error::StoreError;
pub use records::{ConversationFilter, Ended, Key, NewConversation, Page};
pub use sqlite::Hold;

use sqlx::SqlitePool;
use write::Writer;

pub type Result<T> = std::result::Result<T, StoreError>;

/// The records of one data directory. Cheap to clone. A write that was asked for is carried out even when its caller
/// stops waiting; what a write has answered is kept.
#[derive(Clone)]
pub struct Store {
    reads: SqlitePool,
    writer: Writer,
    file: Arc<Path>,
}

/// How a store is opened; the defaults are right outside tests.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long to wait for another process that is writing.
    pub patience: Duration,
    /// Limits the file's size, in pages of 4 KiB.
    pub max_pages: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(5),
            max_pages: None,
        }
    }
}

impl Store {
    /// Opens the store of `data_dir`, makes it when there is none, and brings it up to this version. Several processes may
    /// do so at once. A file that is damaged or not ours is left as it is.
    pub async fn open(data_dir: &Path) -> Result<Self> {
        Self::open_with(data_dir, Options::default()).await
    }

    pub async fn open_with(data_dir: &Path, options: Options) -> Result<Self> {
        let sqlite::Opened {
            writer,
            reads,
            file,
        } = sqlite::open(data_dir, &options).await?;
        Ok(Self {
            reads,
            writer: Writer::start(writer, file.clone()),
            file,
        })
    }

    /// Makes this process the only one that runs calls on this data directory, until the answer is dropped.
    pub fn hold(&self) -> Result<Hold> {
        sqlite::hold(&self.file)
    }

    /// Finishes the writes that were asked for and closes the file.
    pub async fn close(self) {
        self.writer.finish().await;
        self.reads.close().await;
    }

    fn failed(&self, error: sqlx::Error) -> StoreError {
        StoreError::from_sqlx(error, &self.file)
    }
}
