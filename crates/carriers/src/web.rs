//! The WebSocket leg's messages (docs/guide/web-call.md). Binary messages are audio, text messages are these.
//!
//! A client first sends [`ClientMessage::Start`], then audio: PCM16 little-endian or G.711 mu-law, mono, at the rate it named,
//! 20 ms a message. The server answers [`ServerMessage::Ready`] and then sends audio of the same format, paced at playing speed.

use serde::{Deserialize, Serialize};
pub use voiceos_api::TurnTimings;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    Pcm16,
    Mulaw,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    User,
    Agent,
}

/// What a client may send as text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// Must come first. `marks`: the client promises to answer every mark.
    Start {
        encoding: Encoding,
        /// Hz: 8000, 16000, 24000 or 48000. Mu-law is always 8000.
        sample_rate: u32,
        #[serde(default = "yes")]
        marks: bool,
    },
    /// All audio before this mark has been played.
    Played {
        mark: u64,
    },
    /// One of `0`–`9`, `*`, `#`, `A`–`D`.
    Dtmf {
        digit: char,
    },
    HangUp,
}

fn yes() -> bool {
    true
}

/// What the server sends as text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    Ready {
        conversation_id: String,
        encoding: Encoding,
        sample_rate: u32,
    },
    /// What has been understood of the user, or heard of the agent. A later one with the same role and `line` replaces it.
    Transcript {
        role: Role,
        /// Counts the lines of the conversation, both roles together.
        line: u32,
        text: String,
        #[serde(rename = "final")]
        is_final: bool,
    },
    /// Someone starts or stops speaking.
    Speaking {
        who: Role,
        speaking: bool,
    },
    /// Answer with `played` once all audio before this message has been played.
    Mark {
        mark: u64,
    },
    /// Drop all audio that has not been played, and the marks within it: they are not answered.
    Clear,
    /// Timing of one turn, all from the end of the caller's speech, in milliseconds on the call's clock.
    Turn {
        turn: u32,
        timings: TurnTimings,
    },
    Error {
        message: String,
    },
    /// The conversation is over; the server closes the socket next. `reason` as in the API's `ended_reason`.
    Ended {
        reason: String,
    },
}
