//! The store as its callers see it: what it keeps, and what it says when something is in its way.

mod records;
mod trouble;

use std::time::Duration;

use tempfile::TempDir;
use voiceos_api::{
    AccountId, AgentConfiguration, ConversationId, ConversationType, Engine, Event, EventId,
    Happening, Message, MessageId, Role, Timestamp,
};
use voiceos_store::{NewConversation, Options, Store};

/// Seconds after an evening in May.
fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(1_715_428_800_000).after(Duration::from_secs(seconds))
}

struct House {
    store: Store,
    account: AccountId,
    dir: TempDir,
}

impl House {
    async fn new() -> Self {
        Self::with(Options::default()).await
    }

    async fn with(options: Options) -> Self {
        let dir = tempfile::tempdir().expect("a directory for the test");
        let store = Store::open_with(dir.path(), options)
            .await
            .expect("a new store opens");
        let account = store.first_account(at(0)).await.expect("an account");
        Self {
            store,
            account,
            dir,
        }
    }

    async fn conversation(&self, seconds: u64) -> ConversationId {
        let new = asked_for(&self.account, at(seconds));
        self.store
            .create_conversation(new)
            .await
            .expect("a conversation")
            .id
    }
}

fn asked_for(account: &AccountId, at: Timestamp) -> NewConversation {
    NewConversation {
        id: ConversationId::new(at),
        account_id: account.clone(),
        kind: ConversationType::WebCall,
        created_at: at,
        agent_id: None,
        agent_config: AgentConfiguration {
            prompt: Some("Be brief.".into()),
            ..Default::default()
        },
        phone_call: None,
        engine: Some(Engine {
            transcriber: "t".into(),
            language_model: "l".into(),
            voice: "v".into(),
        }),
    }
}

fn said(role: Role, content: &str, seconds: u64) -> Message {
    let (id, started_at, ended_at) = (
        Some(MessageId::new(at(seconds))),
        Some(at(seconds)),
        Some(at(seconds + 1)),
    );
    Message {
        role,
        content: content.into(),
        id,
        started_at,
        ended_at,
        interrupted: false,
    }
}

fn event(seq: u64) -> Event {
    let happening = Happening::Duration { seconds: seq };
    Event {
        id: EventId::new(at(seq)),
        seq,
        at_ms: seq * 1000,
        created_at: at(seq),
        happening,
    }
}
