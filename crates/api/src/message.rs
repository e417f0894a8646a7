//! One message of a conversation: what the caller said, or what was heard of the agent.

use serde::{Deserialize, Serialize};

use crate::{MessageId, Timestamp};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Agent,
    User,
}

/// `role` and `content` are the published fields, the others are ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub role: Role,
    /// For the agent only what was heard: an interrupted answer ends where its audio ended.
    pub content: String,
    #[serde(default)]
    pub id: Option<MessageId>,
    /// First sound of it.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    /// Last sound of it.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    /// The agent had more to say, but the caller took the turn or the call ended.
    #[serde(default)]
    pub interrupted: bool,
}
