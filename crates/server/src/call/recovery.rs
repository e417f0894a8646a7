//! After a crash: every conversation that the store believes to be live is ended from its call log, with what had been
//! said and heard, and its recording is made whole.

use std::{
    fs::File,
    io::{self, BufReader},
    path::Path,
};

use tracing::{info, warn};
use voiceos_api::{ConversationResponse, EndedReason, Recording, RecordingFormat, Timestamp};
use voiceos_audio::flac;
use voiceos_core::{Command, Reason, replay::replay};
use voiceos_store::{Ended, Store, StoreError};

use super::{Record, journal::Journal, places::Places, recorder, records};

/// Ends what a crash cut off; returns how many conversations that were.
pub async fn recover(store: &Store, places: &Places) -> Result<usize, StoreError> {
    let unfinished = store.unfinished().await?;
    for conversation in &unfinished {
        end(store, places, conversation).await?;
    }
    if !unfinished.is_empty() {
        info!(
            conversations = unfinished.len(),
            "ended the conversations that the last stop cut off"
        );
    }
    Ok(unfinished.len())
}

async fn end(
    store: &Store,
    places: &Places,
    conversation: &ConversationResponse,
) -> Result<(), StoreError> {
    let id = &conversation.id;
    let recording = repair(&places.recording(id));
    let recording = recording
        .inspect_err(|cause| warn!(call.id = %id, %cause, "no recording could be saved"))
        .ok();
    match told(&places.log(id)) {
        Ok((records, began, lasted)) => {
            let mut journal = Journal::new(store.clone(), id.clone(), began);
            journal.store_all(records.into_iter()).await;
            let (at, reason) = (began.after(lasted), EndedReason::Unknown);
            journal
                .end(Ended {
                    at,
                    reason,
                    cost_breakdown: None,
                    recording,
                })
                .await;
        }
        Err(cause) => {
            warn!(call.id = %id, %cause, "no call log; the conversation ends with what the store has");
            store.end_cut_off(id, recording).await?;
        }
    }
    Ok(())
}

type Told = (Vec<Record>, Timestamp, std::time::Duration);

/// All records of the call, in the order in which the journal numbered them, and those of its end.
fn told(log: &Path) -> Result<Told, Box<dyn std::error::Error + Send + Sync>> {
    let mut replayed = replay(BufReader::new(File::open(log)?))?;
    let began = Timestamp::from_millis(replayed.head.began_ms);
    let lasted = replayed
        .steps
        .last()
        .map_or_else(Default::default, |step| step.at);
    let mut all = vec![];
    for step in &replayed.steps {
        all.extend(
            step.commands
                .iter()
                .filter_map(told_event)
                .flat_map(|event| records(event, step.at, began)),
        );
    }
    if !replayed.conversation.ended() {
        let end = replayed.close(Reason::LegLost);
        all.extend(
            end.iter()
                .filter_map(told_event)
                .flat_map(|event| records(event, lasted, began)),
        );
    }
    Ok((all, began, lasted))
}

fn told_event(command: &Command) -> Option<voiceos_core::Event> {
    match command {
        Command::Tell { event } => Some(event.clone()),
        _ => None,
    }
}

/// Writes the length into a recording that was cut off.
fn repair(path: &Path) -> io::Result<Recording> {
    let whole = path.with_extension("repaired");
    let samples = flac::repair(BufReader::new(File::open(path)?), File::create(&whole)?)
        .map_err(io::Error::other)?;
    std::fs::rename(&whole, path)?;
    let duration_seconds = samples as f64 / f64::from(recorder::RATE);
    Ok(Recording {
        duration_seconds,
        bytes: std::fs::metadata(path)?.len(),
        format: RecordingFormat::Flac,
    })
}
