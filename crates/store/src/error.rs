//! What can go wrong with the store, told by what the user can do about it.

use std::{
    io,
    path::{Path, PathBuf},
};

use voiceos_api::Problems;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the disk of {} is full: free some space; what was stored before is safe and writing goes on by itself", file.display())]
    Full { file: PathBuf },
    #[error("{} is locked by another program: close it (a database browser, a backup?) and try again", file.display())]
    Locked { file: PathBuf },
    #[error("another `voiceos serve` runs on {}: stop it, or choose another directory with VOICEOS_DATA_DIR", dir.display())]
    InUse { dir: PathBuf },
    #[error("cannot use {}: check that the directory exists and that this user may write there (VOICEOS_DATA_DIR chooses another)", file.display())]
    Unreachable {
        file: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("{} is damaged ({told}): it was not changed; restore it from a backup, or move it away to start anew", file.display())]
    Corrupt { file: PathBuf, told: String },
    #[error("{} is not a VoiceOS database: it was not changed; choose another directory with VOICEOS_DATA_DIR", file.display())]
    Foreign { file: PathBuf },
    #[error("{} was written by a newer VoiceOS: run that version, or restore the backup made before the upgrade", file.display())]
    Newer { file: PathBuf },
    #[error("there is no such {0}")]
    NotFound(&'static str),
    #[error("such a {0} exists already")]
    Conflict(&'static str),
    /// The change would make the record invalid.
    #[error("{0}")]
    Refused(Problems),
    #[error("the store was closed")]
    Closed,
    /// A bug of ours, or something SQLite tells that has no remedy of its own.
    #[error("the store failed: please report this with the log")]
    Failed(#[source] sqlx::Error),
}

impl StoreError {
    pub(crate) fn from_sqlx(error: sqlx::Error, file: &Path) -> Self {
        let file = file.to_owned();
        match &error {
            sqlx::Error::Database(told) => {
                match told.code().and_then(|code| code.parse::<i32>().ok()) {
                    Some(code) => Self::from_code(code, told.message().to_owned(), file)
                        .unwrap_or(Self::Failed(error)),
                    None => Self::Failed(error),
                }
            }
            sqlx::Error::Io(cause) => Self::Unreachable {
                file,
                cause: io::Error::new(cause.kind(), cause.to_string()),
            },
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Corrupt {
                file,
                told: error.to_string(),
            },
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => Self::Closed,
            sqlx::Error::PoolTimedOut => Self::Locked { file },
            _ => Self::Failed(error),
        }
    }

    /// SQLite's result codes; the low byte is the kind (<https://sqlite.org/rescode.html>).
    fn from_code(code: i32, told: String, file: PathBuf) -> Option<Self> {
        const FOREIGN_KEY: i32 = 787;
        if code == FOREIGN_KEY {
            return Some(Self::NotFound("record it belongs to"));
        }
        Some(match code & 0xff {
            5 | 6 => Self::Locked { file },
            // Not permitted, read-only, input/output, cannot open.
            3 | 8 | 10 | 14 => Self::Unreachable {
                file,
                cause: io::Error::other(told),
            },
            11 | 26 => Self::Corrupt { file, told },
            13 => Self::Full { file },
            19 => Self::Conflict("record"),
            _ => return None,
        })
    }
}
