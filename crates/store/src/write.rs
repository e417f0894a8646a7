//! The one connection that writes. Writes that wait together are committed together; when one of them fails, each is done
//! again by itself, so that nobody suffers from another's mistake.

use std::{path::Path, sync::Arc};

use futures::future::BoxFuture;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use crate::{Result, StoreError};

/// Writes that may wait; when so many do, callers wait to hand in theirs. None is ever dropped.
const WAITING: usize = 256;
/// Writes committed together at most.
const TOGETHER: usize = 64;

/// A change of the records. It may be carried out more than once, each time from the same state.
pub(crate) trait Write: Send + 'static {
    type Answer: Send;

    fn apply<'c>(
        &'c self,
        to: &'c mut Db<'_>,
    ) -> impl Future<Output = Result<Self::Answer>> + Send + 'c;
}

/// What a write works on, within a transaction.
pub(crate) struct Db<'w> {
    pub(crate) connection: &'w mut SqliteConnection,
    file: &'w Path,
}

impl Db<'_> {
    pub(crate) fn failed(&self, error: sqlx::Error) -> StoreError {
        StoreError::from_sqlx(error, self.file)
    }

    async fn order(&mut self, sql: &'static str) -> Result<()> {
        let done = sqlx::raw_sql(sql).execute(&mut *self.connection).await;
        done.map(drop).map_err(|error| self.failed(error))
    }
}

/// A write and where its answer goes.
struct Asked<W: Write> {
    write: W,
    made: Option<W::Answer>,
    answer: Option<oneshot::Sender<Result<W::Answer>>>,
}

/// [`Asked`] whatever the write is.
trait Job: Send {
    fn run<'c>(&'c mut self, db: &'c mut Db<'_>) -> BoxFuture<'c, Result<()>>;
    /// Tells the caller; nobody listens when it stopped waiting.
    fn tell(&mut self, done: Result<()>);
}

impl<W: Write> Job for Asked<W> {
    fn run<'c>(&'c mut self, db: &'c mut Db<'_>) -> BoxFuture<'c, Result<()>> {
        Box::pin(async move {
            self.made = Some(self.write.apply(db).await?);
            Ok(())
        })
    }

    fn tell(&mut self, done: Result<()>) {
        let answer = done.and_then(|()| self.made.take().ok_or(StoreError::Closed));
        if let Some(waiting) = self.answer.take() {
            drop(waiting.send(answer));
        }
    }
}

enum Order {
    Do(Box<dyn Job>),
    Finish(oneshot::Sender<()>),
}

#[derive(Clone)]
pub(crate) struct Writer {
    orders: mpsc::Sender<Order>,
}

impl Writer {
    pub(crate) fn start(connection: SqliteConnection, file: Arc<Path>) -> Self {
        let (orders, waiting) = mpsc::channel(WAITING);
        tokio::spawn(write_on(connection, file, waiting));
        Self { orders }
    }

    pub(crate) async fn write<W: Write>(&self, write: W) -> Result<W::Answer>
    where
        W::Answer: 'static,
    {
        let (answer, told) = oneshot::channel();
        let job = Box::new(Asked {
            write,
            made: None,
            answer: Some(answer),
        });
        self.orders
            .send(Order::Do(job))
            .await
            .map_err(|_| StoreError::Closed)?;
        told.await.map_err(|_| StoreError::Closed)?
    }

    pub(crate) async fn finish(&self) {
        let (done, told) = oneshot::channel();
        if self.orders.send(Order::Finish(done)).await.is_ok() {
            drop(told.await);
        }
    }
}

async fn write_on(
    mut connection: SqliteConnection,
    file: Arc<Path>,
    mut orders: mpsc::Receiver<Order>,
) {
    let mut finish = None;
    while finish.is_none() {
        let Some(order) = orders.recv().await else {
            break;
        };
        let mut batch = Vec::new();
        let mut next = Some(order);
        while let Some(order) = next.take() {
            match order {
                Order::Do(job) => batch.push(job),
                Order::Finish(done) => finish = Some(done),
            }
            if finish.is_none() && batch.len() < TOGETHER {
                next = orders.try_recv().ok();
            }
        }
        carry_out(
            &mut Db {
                connection: &mut connection,
                file: &file,
            },
            batch,
        )
        .await;
    }
    orders.close();
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "the store was not closed cleanly; it will be put in order when it is opened again");
    }
    if let Some(done) = finish {
        // Whoever closes the store may have stopped waiting.
        done.send(()).unwrap_or_default();
    }
}

async fn carry_out(db: &mut Db<'_>, mut batch: Vec<Box<dyn Job>>) {
    if batch.len() > 1 && commit(db, &mut batch).await.is_ok() {
        batch.iter_mut().for_each(|job| job.tell(Ok(())));
        return;
    }
    for mut job in batch {
        let done = commit(db, std::slice::from_mut(&mut job)).await;
        job.tell(done);
    }
}

/// All of the jobs in one transaction, or none.
async fn commit(db: &mut Db<'_>, jobs: &mut [Box<dyn Job>]) -> Result<()> {
    let done = attempt(db, jobs).await;
    if done.is_err() {
        // After some errors SQLite has rolled back already, and says so: nothing more to do.
        drop(db.order("ROLLBACK").await);
    }
    done
}

async fn attempt(db: &mut Db<'_>, jobs: &mut [Box<dyn Job>]) -> Result<()> {
    db.order("BEGIN IMMEDIATE").await?;
    for job in jobs {
        job.run(db).await?;
    }
    db.order("COMMIT").await
}
