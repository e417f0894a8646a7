//! One side of a call as the call runner sees it: audio and facts come in, audio and orders go out.

use tokio::sync::mpsc;
use voiceos_audio::Frame;

/// What a leg reports.
#[derive(Clone, Debug, PartialEq)]
pub enum LegEvent {
    /// 20 ms of the caller at the leg's rate.
    Audio(Frame),
    /// Everything sent before this mark has left the caller's loudspeaker.
    Played(u64),
    Dtmf(char),
    /// The caller hung up on purpose.
    HungUp,
    /// The connection is gone.
    Lost,
}

/// What a leg is told.
#[derive(Clone, Debug, PartialEq)]
pub enum LegOrder {
    /// 20 ms of the agent at the leg's rate, already paced.
    Audio(Frame),
    /// Report [`LegEvent::Played`] with this number once all audio before it has been played.
    Mark(u64),
    /// Forget all audio that has not been played yet, and the marks within it.
    Clear,
    /// Something for the person at the other end to read; carriers that show nothing drop it.
    Tell(crate::web::ServerMessage),
    HangUp,
}

/// Both channels are bounded. `events`: when full, the oldest audio is the reader's to drop, so a leg uses `try_send`
/// for audio and waits for facts. `orders`: 20 ms frames at playing speed; when full, the runner counts a late frame.
pub struct Leg {
    /// Hz of the frames both ways.
    pub rate: u32,
    /// False when the leg cannot tell what was played: the runner then trusts its own clock.
    pub marks: bool,
    pub events: mpsc::Receiver<LegEvent>,
    pub orders: mpsc::Sender<LegOrder>,
}
