//! One conversation as a state machine: who has the floor, which reply owns it, what was heard, and when it ends.

mod history;
mod machine;
mod reply;
mod rules;
mod turn;
mod words;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use history::{Entry, Line, Role};
pub use machine::Conversation;
pub use rules::Rules;

/// Time since the call was answered: constructible and serialisable, so a logged call replays anywhere.
pub type At = Duration;

/// Durations as whole microseconds in logs, so that a replay sees exactly the times of the call.
pub mod micros {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(at: &Duration, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_u64(u64::try_from(at.as_micros()).unwrap_or(u64::MAX))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_micros)
    }
}

/// The same for moments that may not have come.
pub mod micros_option {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(at: &Option<Duration>, out: S) -> Result<S::Ok, S::Error> {
        at.map(|at| u64::try_from(at.as_micros()).unwrap_or(u64::MAX))
            .serialize(out)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(from)?.map(Duration::from_micros))
    }
}

/// Names one answer of the agent. Whatever a provider sends carries it; what is not about the current reply is stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReplyId(pub u32);

/// Who can fail or stall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Port {
    Transcriber,
    TurnDetector,
    LanguageModel,
    Voice,
    Tool,
    Leg,
}

/// A moment in a piece's audio: once `until` of it has been played, `chars` characters of its spoken text have been said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub chars: u32,
    #[serde(with = "micros")]
    pub until: Duration,
}

/// What has happened. Every variant is a fact; the machine decides what follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Input {
    /// The call is up; the agent may begin.
    Answered,
    /// The caller's voice, after the speech gate's hysteresis; `at` is where it really began.
    SpeechStarted {
        #[serde(with = "micros")]
        at: At,
    },
    /// `at` is the end of the last voiced frame; the gate needs a while longer to be sure.
    SpeechStopped {
        #[serde(with = "micros")]
        at: At,
    },
    /// What has been understood. A later one with the same `id` replaces the text. Audio up to `until` is in it.
    /// Ids grow; only after a fault of the transcriber may they start anew.
    Utterance {
        id: u32,
        text: String,
        #[serde(with = "micros")]
        until: At,
        is_final: bool,
    },
    /// How likely the caller has finished, in percent; the answer to [`Command::AskTurn`].
    Verdict {
        asked: u32,
        percent: u8,
    },
    Token {
        reply: ReplyId,
        text: String,
    },
    /// The language model has said all it will say for now.
    Generated {
        reply: ReplyId,
    },
    ToolCalled {
        reply: ReplyId,
        call: u32,
        name: String,
        arguments: String,
    },
    ToolReturned {
        call: u32,
        output: String,
    },
    /// So much audio of this piece exists by now.
    Synthesized {
        reply: ReplyId,
        piece: u32,
        #[serde(with = "micros")]
        length: Duration,
    },
    /// The piece's audio is complete.
    Pronounced {
        reply: ReplyId,
        piece: u32,
        marks: Vec<Mark>,
    },
    /// The first frame of the reply has been sent.
    Began {
        reply: ReplyId,
    },
    /// The caller has heard the reply's audio up to here: the only truth about what was said.
    Played {
        reply: ReplyId,
        #[serde(with = "micros")]
        until: Duration,
    },
    Faulted {
        port: Port,
        reply: Option<ReplyId>,
    },
    /// Say this as soon as the floor is free.
    Say {
        text: String,
        interruptible: bool,
    },
    Dtmf {
        digit: char,
    },
    /// End the call politely: what is being said is said to its end.
    HangUp {
        reason: Reason,
    },
    /// The leg is gone: nothing can be said any more.
    Closed {
        reason: Reason,
    },
    /// Nothing but time has passed.
    Wake,
}

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Command {
    /// Ask the turn detector about the audio so far.
    AskTurn {
        asked: u32,
    },
    /// The turn is taken: further words are a new utterance.
    TakeTurn,
    /// Start the language model. The last line is what is to be answered.
    Generate {
        reply: ReplyId,
        lines: Vec<Line>,
    },
    /// Hand these words to the voice. Pieces of a reply count from 0 and are played in order.
    Speak {
        reply: ReplyId,
        piece: u32,
        words: String,
    },
    RunTool {
        call: u32,
        name: String,
        arguments: String,
    },
    /// Let the reply's audio out from where it stopped.
    Play {
        reply: ReplyId,
    },
    /// Hold it back at once; what the caller has not heard yet is kept.
    Pause {
        reply: ReplyId,
    },
    /// Cancel model and voice, and forget all audio that was not played.
    Drop {
        reply: ReplyId,
    },
    Tell {
        event: Event,
    },
    /// The last command of every call, exactly once.
    HangUp {
        reason: Reason,
    },
}

/// What others may want to know: the store, the page, webhooks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    SpeechStarted {
        who: Role,
    },
    SpeechEnded {
        who: Role,
    },
    /// The open turn's words so far.
    Understood {
        line: u32,
        text: String,
    },
    /// The agent's words heard so far.
    Heard {
        line: u32,
        text: String,
    },
    /// A line that no longer changes: for the caller what was understood, for the agent what was heard.
    Message {
        line: u32,
        entry: Entry,
    },
    /// The whole text the agent made for a reply, heard or not.
    Generated {
        reply: ReplyId,
        text: String,
    },
    /// The first audio of an answer has left.
    TurnAnswered {
        turn: u32,
        timings: Timings,
    },
    /// The caller took the floor while the agent spoke.
    BargedIn {
        reply: ReplyId,
    },
    /// A sound without words, or an "mm-hm", did not end the reply.
    Resumed {
        reply: ReplyId,
    },
    IdlePrompted {
        count: u32,
    },
    Faulted {
        port: Port,
        stalled: bool,
    },
    DtmfReceived {
        digit: char,
    },
    Ended {
        reason: Reason,
    },
}

/// Why the call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    AgentHungUp,
    CallerHungUp,
    /// The connection broke.
    LegLost,
    /// `max_duration_seconds` is over.
    TimeLimit,
    /// Nobody spoke any more.
    Idle,
    /// A provider failed too often in a row.
    Fault,
    /// The server is going down.
    Shutdown,
}

/// When each stage of a turn was reached, on the call's clock. `ended` is the end of the caller's last voiced frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timings {
    #[serde(with = "micros")]
    pub ended: At,
    #[serde(with = "micros_option", default)]
    pub silence: Option<At>,
    #[serde(with = "micros_option", default)]
    pub transcript: Option<At>,
    #[serde(with = "micros_option", default)]
    pub verdict: Option<At>,
    #[serde(with = "micros_option", default)]
    pub endpoint: Option<At>,
    #[serde(with = "micros_option", default)]
    pub first_token: Option<At>,
    #[serde(with = "micros_option", default)]
    pub first_piece: Option<At>,
    #[serde(with = "micros_option", default)]
    pub first_speech: Option<At>,
    #[serde(with = "micros_option", default)]
    pub first_audio: Option<At>,
}
