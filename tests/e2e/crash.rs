//! `kill -9` in mid-call: the next start ends the conversation from the call's log, with all that was said and heard.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use voiceos_api::{ConversationResponse, EndedReason, Role, Status};
use voiceos_tests::{
    line::{Line, start},
    phone::lines,
    program::Program,
    server::{Data, names},
};

const LONG: &str = "We have quiet rooms with a view of the old harbor and of the garden, and a sauna, and a bar, and a library.";

/// What may be missing at the end of a recording: what was not yet on its way to the disk.
const MISSING: f64 = 1.0;

async fn server(data: &Data) -> Result<Program> {
    Program::scripted(data.dir(), &[("VOICEOS_SCRIPTED_ANSWERS", LONG)]).await
}

/// Holds a call until the agent is in the middle of its answer, and returns its id and what the caller then had read.
async fn in_mid_answer(server: &Program) -> Result<(String, String)> {
    let made = server
        .api
        .web_call(json!({"initial_message": "Good day."}))
        .await?;
    let mut line = Line::join(&made.url, &start()).await?;
    line.hold(&[], |line| line.answers() == 1).await?;
    line.ask(300, |line| {
        line.agent()
            .is_some_and(|(text, done)| !done && text.len() > 40)
    })
    .await?;
    let read = line
        .agent()
        .map(|(text, _)| text.to_owned())
        .unwrap_or_default();
    Ok((made.id, read))
}

#[tokio::test]
async fn a_killed_server_loses_nothing_that_was_said_or_heard() -> Result<()> {
    let data = Data::new()?;
    let first = server(&data).await?;
    let (id, read) = in_mid_answer(&first).await?;
    first.kill().await?;

    let second = server(&data).await?;
    let stored = second.api.ended(&id, Duration::ZERO).await?;
    assert_eq!(stored.ended_reason, Some(EndedReason::Unknown));
    let [
        (Role::Agent, "Good day."),
        (Role::User, "question 1"),
        (Role::Agent, half),
    ] = lines(&stored)[..]
    else {
        panic!("{:?}", lines(&stored));
    };
    assert!(
        half.starts_with(&read) && half.len() < LONG.len() && LONG.starts_with(half),
        "{half:?} after {read:?}"
    );
    assert!(
        stored
            .messages
            .iter()
            .flatten()
            .last()
            .is_some_and(|message| message.interrupted)
    );
    playable_to_the_kill(&second, &stored).await?;
    let events = data.events(&id).await?;
    let told = names(&events);
    assert_eq!(told.last(), Some(&"conversation:ended"), "{told:?}");
    assert_eq!(
        told.iter().filter(|name| **name == "message:sent").count(),
        3,
        "{told:?}"
    );
    second.kill().await?;

    let third = server(&data).await?;
    assert_eq!(
        third.api.conversation(&id).await?,
        stored,
        "a further start changes nothing"
    );
    assert_eq!(data.events(&id).await?, events);
    let (status, _) = third.terminate().await?;
    assert!(status.success());
    Ok(())
}

async fn playable_to_the_kill(server: &Program, stored: &ConversationResponse) -> Result<()> {
    let recording = server.api.recording(stored.id.as_str()).await?;
    let (Some(began), Some(ended)) = (stored.started_at, stored.ended_at) else {
        panic!("{stored:?}")
    };
    let lasted = (ended.millis() - began.millis()) as f64 / 1000.0;
    let seconds = recording.left.len() as f64 / f64::from(recording.rate);
    assert!(!recording.cut, "the file was made whole");
    assert!(
        (lasted - MISSING..lasted + 0.1).contains(&seconds),
        "{seconds:.2} s recorded of {lasted:.2} s"
    );
    assert_eq!(
        stored.recording.map(|recording| recording.duration_seconds),
        Some(seconds)
    );
    let loud = |side: &[i16]| side.iter().any(|sample| sample.unsigned_abs() > 3000);
    assert!(
        loud(&recording.left) && loud(&recording.right),
        "both sides are in it"
    );
    Ok(())
}

#[tokio::test]
async fn a_kill_while_a_call_waits_or_is_just_joined_leaves_no_live_conversation() -> Result<()> {
    let data = Data::new()?;
    let first = server(&data).await?;
    let waiting = first.api.web_call(json!({})).await?;
    let made = first.api.web_call(json!({})).await?;
    let mut line = Line::join(&made.url, &start()).await?;
    line.listen(Line::ready).await?;
    first.kill().await?;
    let second = server(&data).await?;
    for id in [&waiting.id, &made.id] {
        let stored = second.api.conversation(id).await?;
        assert_eq!(
            (stored.status, stored.ended_reason),
            (Status::Ended, Some(EndedReason::Unknown)),
            "{stored:?}"
        );
        assert!(lines(&stored).is_empty());
    }
    assert_eq!(second.api.taken().await?, 0);
    Ok(())
}
