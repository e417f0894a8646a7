//! `voiceos talk`: a telephone in a terminal.

/// Talk with an agent in this terminal.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Why there was no call.
#[derive(Debug, thiserror::Error)]
#[error("this build cannot talk yet")]
pub struct TalkError;

/// Places the call and shows it.
pub async fn run(_args: Args) -> Result<(), TalkError> {
    Err(TalkError)
}
