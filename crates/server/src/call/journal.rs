//! From a call's records to the store: in order, in batches, and again until the store takes them. A call never waits
//! for it. What the store has not taken when the program dies is in the call's log.

use std::time::Duration;

use tokio::sync::mpsc;
use tracing::{error, info};
use voiceos_api::{ConversationId, Event, EventId, Happening, Timestamp};
use voiceos_store::{Ended, Store, StoreError};

use super::Record;

/// Records of one call on their way to the store. When full, the call's teller keeps the rest.
pub const WAITING: usize = 256;

/// How long an ended call's records are kept trying before they are left to the recovery at the next start.
const PATIENCE: Duration = Duration::from_secs(600);

/// Numbers a call's events and takes its records to the store.
pub struct Journal {
    store: Store,
    conversation: ConversationId,
    began: Timestamp,
    seq: u64,
    troubled: bool,
}

impl Journal {
    pub fn new(store: Store, conversation: ConversationId, began: Timestamp) -> Self {
        Self {
            store,
            conversation,
            began,
            seq: 0,
            troubled: false,
        }
    }

    /// Stores everything until the call's teller is gone.
    pub async fn keep(mut self, mut records: mpsc::Receiver<Record>) -> Self {
        let mut batch = Vec::with_capacity(WAITING);
        while records.recv_many(&mut batch, WAITING).await > 0 {
            self.store_all(batch.drain(..)).await;
        }
        self
    }

    pub async fn store_all(&mut self, records: impl Iterator<Item = Record>) {
        let mut events = vec![];
        for record in records {
            match record {
                Record::Event { happening, at } => events.push(self.event(happening, at)),
                Record::Message { line, message } => {
                    let (store, id) = (self.store.clone(), self.conversation.clone());
                    self.insist(|| store.add_message(&id, line, message.clone()))
                        .await;
                }
                Record::Turn(turn) => {
                    let (store, id) = (self.store.clone(), self.conversation.clone());
                    self.insist(|| store.add_turn(&id, turn.turn, turn.timings))
                        .await;
                }
            }
        }
        if !events.is_empty() {
            let (store, id) = (self.store.clone(), self.conversation.clone());
            self.insist(|| store.add_events(&id, &events)).await;
        }
    }

    fn event(&mut self, happening: Happening, at: Duration) -> Event {
        self.seq += 1;
        let created_at = self.began.after(at);
        let at_ms = at.as_millis() as u64;
        Event {
            id: EventId::new(created_at),
            seq: self.seq,
            at_ms,
            created_at,
            happening,
        }
    }

    /// Marks the conversation as ended. False when the store would not take it in time.
    pub async fn end(&mut self, ended: Ended) -> bool {
        let (store, id) = (self.store.clone(), self.conversation.clone());
        self.insist(|| store.conversation_ended(&id, ended.clone()))
            .await
    }

    /// Tries until it works; says once that it does not, and once that it does again.
    async fn insist<T, F: Future<Output = Result<T, StoreError>>>(
        &mut self,
        mut write: impl FnMut() -> F,
    ) -> bool {
        let begun = tokio::time::Instant::now();
        let mut pause = Duration::from_millis(50);
        loop {
            match write().await {
                Ok(_) => {
                    if std::mem::take(&mut self.troubled) {
                        info!(call.id = %self.conversation, "the store takes records again");
                    }
                    return true;
                }
                Err(
                    cause @ (StoreError::Refused(_) | StoreError::NotFound(_) | StoreError::Closed),
                ) => {
                    error!(call.id = %self.conversation, %cause, "a record was not stored");
                    return false;
                }
                Err(cause) => {
                    if !std::mem::replace(&mut self.troubled, true) {
                        error!(call.id = %self.conversation, %cause, "the store takes no records; the call goes on");
                    }
                }
            }
            if begun.elapsed() > PATIENCE {
                error!(call.id = %self.conversation, "records are left to the call's log until the next start");
                return false;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }
}
