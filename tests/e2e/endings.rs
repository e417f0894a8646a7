//! However a call ends, it ends once, with its reason, and with everything that was said and heard.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use voiceos::talk::{caller::Step, client::Format};
use voiceos_api::{ConversationResponse, EndedReason, Role, Status};
use voiceos_tests::{
    line::{Line, start},
    phone::{LIMIT, asks, call, lines, script},
    server::{Data, Server, names},
};

/// Seven seconds of humming.
const LONG: &str = "We have quiet rooms with a view of the old harbor and of the garden, and a sauna, and a bar, and a library.";

/// The issue: a lost connection ends the conversation within this.
const LOST: Duration = Duration::from_secs(15);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

async fn ended_once(data: &Data, stored: &ConversationResponse, reason: EndedReason) -> Result<()> {
    assert_eq!(
        (stored.status, stored.ended_reason),
        (Status::Ended, Some(reason))
    );
    let events = data.events(stored.id.as_str()).await?;
    let names = names(&events);
    assert_eq!(
        names
            .iter()
            .filter(|name| **name == "conversation:ended")
            .count(),
        1,
        "{names:?}"
    );
    assert_eq!(data.replay(stored.id.as_str())?.difference, None);
    Ok(())
}

/// The last message is the agent's, cut off in the middle of [`LONG`].
fn half_heard(stored: &ConversationResponse) {
    let last = stored.messages.iter().flatten().last().expect("messages");
    assert!(last.role == Role::Agent && last.interrupted, "{last:?}");
    assert!(
        !last.content.is_empty()
            && last.content.len() < LONG.len()
            && LONG.starts_with(&last.content),
        "{last:?}"
    );
}

#[tokio::test]
async fn a_silent_caller_is_asked_and_then_let_go() -> Result<()> {
    let idle = [
        ("turns.idle", "1s"),
        ("turns.idle_prompts", "Hello?"),
        ("turns.idle_goodbye", "Goodbye."),
    ];
    let server = Server::scripted(&["Yes."], &idle).await?;
    let agent = json!({"initial_message": "Good day."});
    let (report, stored) = call(
        &server.api,
        agent,
        Format::WIDE,
        &mut script([Step::Wait(LIMIT)]),
    )
    .await?;
    assert_eq!(
        lines(&stored),
        [
            (Role::Agent, "Good day."),
            (Role::Agent, "Hello?"),
            (Role::Agent, "Goodbye.")
        ]
    );
    assert_eq!(report.ended_reason.as_deref(), Some("agent_ended"));
    let data = server.stop().await?;
    assert!(names(&data.events(stored.id.as_str()).await?).contains(&"idle:prompted"));
    ended_once(&data, &stored, EndedReason::AgentEnded).await
}

#[tokio::test]
async fn a_call_ends_at_its_time_limit() -> Result<()> {
    let server = Server::scripted(&["Yes."], &[]).await?;
    let agent = json!({"initial_message": LONG, "max_duration_seconds": 2});
    let (report, stored) = call(
        &server.api,
        agent,
        Format::WIDE,
        &mut script([Step::Wait(LIMIT)]),
    )
    .await?;
    assert!(!report.timed_out);
    half_heard(&stored);
    let lasted = stored.recording.expect("a recording").duration_seconds;
    assert!((2.0..4.0).contains(&lasted), "{lasted} s");
    ended_once(&server.stop().await?, &stored, EndedReason::AgentEnded).await
}

#[tokio::test]
async fn who_hangs_up_in_mid_answer_has_heard_half_of_it() -> Result<()> {
    let server = Server::scripted(&[LONG], &[]).await?;
    let steps = [
        Step::Say(voiceos_tests::line::tone(300, 16_000)),
        Step::UntilAgentSpeaks(ms(1500)),
        Step::HangUp,
    ];
    let (report, stored) = call(&server.api, json!({}), Format::WIDE, &mut script(steps)).await?;
    half_heard(&stored);
    assert_eq!(report.ended_reason.as_deref(), Some("user_ended"));
    // 50 ms a character were played for 1.5 s when the caller hung up, some of them still in its buffer.
    let heard = stored
        .messages
        .iter()
        .flatten()
        .last()
        .map_or(0, |message| message.content.len());
    assert!((15..=36).contains(&heard), "{heard} characters in 1.5 s");
    ended_once(&server.stop().await?, &stored, EndedReason::UserEnded).await
}

#[tokio::test]
async fn a_connection_that_breaks_ends_the_call_with_everything_stored() -> Result<()> {
    let server = Server::scripted(&[LONG], &[]).await?;
    let made = server
        .api
        .web_call(json!({"initial_message": "Good day."}))
        .await?;
    let mut line = Line::join(&made.url, &start()).await?;
    line.hold(&[], |line| line.answers() == 1).await?;
    line.ask(300, |line| {
        line.agent()
            .is_some_and(|(text, done)| !done && text.len() > 20)
    })
    .await?;
    drop(line); // the socket closes without a word
    let stored = server.api.ended(&made.id, LOST).await?;
    half_heard(&stored);
    assert_eq!(
        lines(&stored)[..2],
        [(Role::Agent, "Good day."), (Role::User, "question 1")]
    );
    assert!(!server.api.recording(&made.id).await?.cut);
    ended_once(&server.stop().await?, &stored, EndedReason::Unknown).await
}

#[tokio::test]
async fn a_connection_that_falls_silent_is_taken_to_be_lost() -> Result<()> {
    let server = Server::scripted(&[LONG], &[]).await?;
    let made = server
        .api
        .web_call(json!({"initial_message": LONG}))
        .await?;
    let mut line = Line::join(&made.url, &start()).await?;
    line.hold(&[], |line| {
        line.agent().is_some_and(|(text, _)| text.len() > 20)
    })
    .await?;
    // Neither audio nor answers to pings any more, but the socket stays open.
    let stored = server.api.ended(&made.id, LOST).await?;
    drop(line);
    half_heard(&stored);
    ended_once(&server.stop().await?, &stored, EndedReason::Unknown).await
}

#[tokio::test]
async fn a_server_that_stops_lets_its_calls_end_politely() -> Result<()> {
    let mut server = Server::scripted(&["Yes."], &[]).await?;
    let made = server
        .api
        .web_call(json!({"initial_message": "Good day."}))
        .await?;
    let waiting = server.api.web_call(json!({})).await?;
    let mut line = Line::join(&made.url, &start()).await?;
    line.hold(&[], |line| line.agent().is_some()).await?;
    server.ask_to_stop();
    line.hold(&[], |line| line.closed).await?;
    assert_eq!(line.ended(), Some("agent_ended"), "{:?}", line.told);
    let data = server.stop().await?;
    // Read with the next server: this one is gone.
    let store = voiceos_store::Store::open(data.dir()).await?;
    assert!(
        store.unfinished().await?.is_empty(),
        "the call that nobody had joined is over too"
    );
    let names = names(&data.events(&made.id).await?);
    assert_eq!(names.last(), Some(&"conversation:ended"));
    assert!(
        names.contains(&"message:sent"),
        "the greeting was heard to its end: {names:?}"
    );
    assert!(data.events(&waiting.id).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_call_that_nobody_joins_is_over_after_a_while() -> Result<()> {
    let server = Server::scripted(&["Yes."], &[("limits.pending_call", "200ms")]).await?;
    let made = server.api.web_call(json!({})).await?;
    let stored = server.api.ended(&made.id, LIMIT).await?;
    assert_eq!(
        (stored.ended_reason, stored.recording),
        (Some(EndedReason::Unknown), None)
    );
    assert!(Line::open(&made.url).await.is_err(), "too late to join");
    server.api.idle(LIMIT).await
}

#[tokio::test]
async fn a_hundred_years_of_talking_need_no_limit() -> Result<()> {
    let server = Server::scripted(&["Yes."], &[]).await?;
    let agent = json!({"max_duration_seconds": null});
    let (_, stored) = call(&server.api, agent, Format::WIDE, &mut asks(1, 16_000)).await?;
    assert_eq!(
        lines(&stored),
        [(Role::User, "question 1"), (Role::Agent, "Yes.")]
    );
    Ok(())
}
