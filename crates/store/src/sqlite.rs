//! Opening the file: looking before touching, settings, and bringing it up to this version.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection, SqliteConnection, SqlitePool,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{Options, Result, StoreError};

/// Forward only: a published migration is never edited.
static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Marks the file as ours: "VOS1".
const APPLICATION_ID: i32 = 0x564f_5331;

/// Files up to this size are read as a whole before they are used; larger ones are trusted once their schema is read,
/// because a start must not take minutes.
const CHECKED_WHOLE: u64 = 64 << 20;

pub(crate) struct Opened {
    pub(crate) writer: SqliteConnection,
    pub(crate) reads: SqlitePool,
    pub(crate) file: Arc<Path>,
}

/// The lock that [`crate::Store::hold`] takes.
#[derive(Debug)]
pub struct Hold {
    _file: File,
}

pub(crate) async fn open(data_dir: &Path, options: &Options) -> Result<Opened> {
    let file = data_dir.join("voiceos.db");
    let unreachable = |cause: io::Error| StoreError::Unreachable {
        file: file.clone(),
        cause,
    };
    make_private_dir(data_dir).map_err(unreachable)?;
    let _alone = wait_for_lock(data_dir, &file, options.patience).await?;
    look(&file).await?;
    make_private_file(&file).map_err(unreachable)?;

    let failed = |error| StoreError::from_sqlx(error, &file);
    let settings = SqliteConnectOptions::new()
        .filename(&file)
        .busy_timeout(options.patience)
        .foreign_keys(true)
        .synchronous(SqliteSynchronous::Normal)
        .disable_statement_logging();
    let mut writing = settings.clone().journal_mode(SqliteJournalMode::Wal);
    if let Some(pages) = options.max_pages {
        writing = writing.pragma("max_page_count", pages.to_string());
    }
    let mut writer = SqliteConnection::connect_with(&writing)
        .await
        .map_err(failed)?;
    migrate(&mut writer, &file).await?;
    let reads = SqlitePoolOptions::new()
        .max_connections(4)
        .acquire_timeout(options.patience + Duration::from_secs(5))
        .connect_lazy_with(settings.pragma("query_only", "true"));
    Ok(Opened {
        writer,
        reads,
        file: file.into(),
    })
}

fn make_private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

fn make_private_file(file: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

fn lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

/// SQLite has no lock that covers looking, creating and migrating together.
async fn wait_for_lock(dir: &Path, file: &Path, patience: Duration) -> Result<File> {
    let unreachable = |cause| StoreError::Unreachable {
        file: file.to_owned(),
        cause,
    };
    let lock = lock_file(&dir.join("voiceos.open.lock")).map_err(unreachable)?;
    let pause = Duration::from_millis(20);
    let mut waited = Duration::ZERO;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::Error(cause)) => return Err(unreachable(cause)),
            Err(TryLockError::WouldBlock) if waited >= patience => {
                return Err(StoreError::Locked {
                    file: file.to_owned(),
                });
            }
            Err(TryLockError::WouldBlock) => tokio::time::sleep(pause).await,
        }
        waited += pause;
    }
}

pub(crate) fn hold(file: &Path) -> Result<Hold> {
    let dir = file.parent().map(PathBuf::from).unwrap_or_default();
    let lock =
        lock_file(&dir.join("voiceos.serve.lock")).map_err(|cause| StoreError::Unreachable {
            file: file.to_owned(),
            cause,
        })?;
    match lock.try_lock() {
        Ok(()) => Ok(Hold { _file: lock }),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { dir }),
        Err(TryLockError::Error(cause)) => Err(StoreError::Unreachable {
            file: file.to_owned(),
            cause,
        }),
    }
}

/// Refuses a file that is damaged or not ours, without changing a byte of it.
async fn look(file: &Path) -> Result<()> {
    let mut start = Vec::new();
    let size = match File::open(file) {
        Ok(opened) => {
            let unreachable = |cause| StoreError::Unreachable {
                file: file.to_owned(),
                cause,
            };
            let size = opened.metadata().map_err(unreachable)?.len();
            opened
                .take(16)
                .read_to_end(&mut start)
                .map_err(unreachable)?;
            size
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(cause) => {
            return Err(StoreError::Unreachable {
                file: file.to_owned(),
                cause,
            });
        }
    };
    if size == 0 {
        return Ok(());
    }
    if start != b"SQLite format 3\0" {
        return Err(StoreError::Corrupt {
            file: file.to_owned(),
            told: "it does not start as SQLite files do".into(),
        });
    }
    let settings = SqliteConnectOptions::new()
        .filename(file)
        .read_only(true)
        .disable_statement_logging();
    let checked = check(&settings, size <= CHECKED_WHOLE).await;
    match checked.map_err(|error| StoreError::from_sqlx(error, file))? {
        Check::Ours => Ok(()),
        Check::Foreign => Err(StoreError::Foreign {
            file: file.to_owned(),
        }),
        Check::Damaged(told) => Err(StoreError::Corrupt {
            file: file.to_owned(),
            told,
        }),
    }
}

enum Check {
    Ours,
    Foreign,
    Damaged(String),
}

async fn check(settings: &SqliteConnectOptions, whole: bool) -> sqlx::Result<Check> {
    let mut connection = SqliteConnection::connect_with(settings).await?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema")
        .fetch_one(&mut connection)
        .await?;
    let id: i32 = sqlx::query_scalar("PRAGMA application_id")
        .fetch_one(&mut connection)
        .await?;
    if tables > 0 && id != APPLICATION_ID {
        return Ok(Check::Foreign);
    }
    if whole {
        let told: String = sqlx::query_scalar("PRAGMA quick_check(1)")
            .fetch_one(&mut connection)
            .await?;
        if told != "ok" {
            return Ok(Check::Damaged(told));
        }
    }
    connection.close().await?;
    Ok(Check::Ours)
}

async fn migrate(writer: &mut SqliteConnection, file: &Path) -> Result<()> {
    let failed = |error| StoreError::from_sqlx(error, file);
    // The number is APPLICATION_ID; a pragma takes no argument from outside.
    sqlx::raw_sql("PRAGMA application_id = 1448039217")
        .execute(&mut *writer)
        .await
        .map_err(failed)?;
    MIGRATIONS
        .run_direct(None, writer, false)
        .await
        .map_err(|error| match error {
            MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => {
                StoreError::Newer {
                    file: file.to_owned(),
                }
            }
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                failed(error)
            }
            other => StoreError::Corrupt {
                file: file.to_owned(),
                told: other.to_string(),
            },
        })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_mark_is_the_one_that_is_written() {
        assert_eq!(super::APPLICATION_ID, 1_448_039_217);
    }
}
