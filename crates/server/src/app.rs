//! What every route and every call share.

use std::{ops::Deref, path::PathBuf, sync::Arc, time::SystemTime};

use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info};
use voiceos_api::{AccountId, ConversationId, EndedReason, Engine, Timestamp};
use voiceos_providers::Engines;
use voiceos_store::{Ended, Store};

use crate::{calls::PendingCalls, config::Config, live::LiveCalls, rates::Rates, signer::Signer};

/// Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Shared>);

pub struct Shared {
    pub config: Config,
    pub store: Store,
    pub engines: Engines,
    pub calls: PendingCalls,
    pub live: LiveCalls,
    pub rates: Rates,
    pub signer: Signer,
    /// The account of whoever opens the page on this machine.
    pub first_account: AccountId,
    /// Where the server really listens.
    pub address: std::net::SocketAddr,
    /// Every live call and what waits for one: spawn calls here, and the server waits for them when it stops.
    pub tasks: TaskTracker,
    /// Cancelled when the server stops: no new calls, and live ones say goodbye.
    pub stopping: CancellationToken,
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    pub fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }
}

/// The wall clock.
pub fn now() -> Timestamp {
    SystemTime::now().into()
}

impl Shared {
    /// Where a conversation's recording lies. Only for ids from the store or a signed token.
    pub fn recording_path(&self, conversation: &ConversationId) -> PathBuf {
        self.config
            .recordings_dir()
            .join(format!("{conversation}.flac"))
    }

    /// Where a conversation's log for `voiceos replay` lies.
    pub fn call_log_path(&self, conversation: &ConversationId) -> PathBuf {
        self.config.calls_dir().join(format!("{conversation}.call"))
    }

    /// What really runs, for a conversation's record.
    pub fn engine(&self) -> Engine {
        let [transcriber, language_model, voice] = self.engines.names.clone();
        Engine {
            transcriber,
            language_model,
            voice,
        }
    }

    /// Ends a conversation that nobody joined.
    pub async fn nobody_came(&self, conversation: &ConversationId) {
        let ended = Ended {
            at: now(),
            reason: EndedReason::Unknown,
            cost_breakdown: None,
            recording: None,
        };
        match self.store.conversation_ended(conversation, ended).await {
            Ok(_) => info!(call.id = %conversation, "nobody joined the call"),
            Err(cause) => {
                error!(call.id = %conversation, %cause, "the end of a call that nobody joined was not stored")
            }
        }
    }
}
