//! How long the stages of one turn took.

use serde::{Deserialize, Serialize};

/// One turn of the caller that was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Counts the caller's turns from 1.
    pub turn: u32,
    pub timings: TurnTimings,
}

/// When each stage of a turn was reached, milliseconds after the caller's last voiced frame; `None` when it was not reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnTimings {
    /// The speech gate noticed the silence.
    pub silence_ms: Option<u32>,
    /// The transcript that was answered was complete.
    pub transcript_ms: Option<u32>,
    /// The turn detector had judged.
    pub verdict_ms: Option<u32>,
    /// The turn was taken.
    pub endpoint_ms: Option<u32>,
    /// First token of the answer.
    pub first_token_ms: Option<u32>,
    /// First piece of the answer handed to the voice.
    pub first_piece_ms: Option<u32>,
    /// First audio of the answer from the voice.
    pub first_speech_ms: Option<u32>,
    /// First frame of the answer sent: voice-to-voice without the caller's own playout buffer.
    pub first_audio_ms: Option<u32>,
}
