//! A web call from its request to its records.

use anyhow::Result;
use serde_json::json;
use voiceos::talk::client::Format;
use voiceos_api::{EndedReason, Role, Status};
use voiceos_tests::{
    phone::{asks, call, lines},
    server::{Server, names},
};

const GREETING: &str = "Good day.";

#[tokio::test]
async fn a_whole_call_is_heard_stored_recorded_and_replayed() -> Result<()> {
    let server = Server::scripted(&["Half past ten.", "Yes we do."], &[]).await?;
    let agent = json!({"initial_message": GREETING, "prompt": "Be brief."});
    let (report, stored) = call(&server.api, agent, Format::WIDE, &mut asks(2, 16_000)).await?;

    let said = [
        (Role::Agent, GREETING),
        (Role::User, "question 1"),
        (Role::Agent, "Half past ten."),
        (Role::User, "question 2"),
        (Role::Agent, "Yes we do."),
    ];
    assert_eq!(lines(&stored), said);
    let shown: Vec<&str> = report
        .lines
        .values()
        .map(|line| line.text.as_str())
        .collect();
    assert_eq!(
        shown,
        said.map(|(_, text)| text),
        "the caller read what was stored"
    );
    assert!(
        report.lines.values().all(|line| line.is_final) && report.errors.is_empty(),
        "{report:?}"
    );
    assert_eq!(report.ended_reason.as_deref(), Some("user_ended"));
    assert_eq!(
        (stored.status, stored.ended_reason),
        (Status::Ended, Some(EndedReason::UserEnded))
    );
    assert!(
        stored
            .messages
            .iter()
            .flatten()
            .all(|message| !message.interrupted)
    );

    // The turns on the server are those that the caller's own phone measured.
    assert_eq!(stored.turns.len(), 2);
    let heard = report.exchanges();
    assert_eq!(heard.len(), 2, "{heard:?}");
    for (turn, heard) in stored.turns.iter().zip(&heard) {
        let first_audio = turn
            .timings
            .first_audio_ms
            .expect("an answered turn has its first audio");
        assert!(
            i64::from(first_audio) <= heard.gap_ms + 100,
            "{turn:?} {heard:?}"
        );
    }

    let costs = stored
        .cost_breakdown
        .as_ref()
        .expect("an ended conversation has its costs");
    let spoken: usize = [GREETING, "Half past ten.", "Yes we do."]
        .iter()
        .map(|text| text.chars().count())
        .sum();
    assert_eq!(costs.voice.characters, spoken as u64);
    assert!(
        costs.language_model.output_tokens >= 6 && costs.transcriber.seconds > 1.0,
        "{costs:?}"
    );
    assert_eq!(costs.voice.engine.as_deref(), Some("scripted"));

    both_sides_are_recorded(&server, &stored).await?;
    let conversation = stored.id.to_string();
    let data = server.stop().await?;
    let replayed = data.replay(&conversation)?;
    assert_eq!(
        replayed.difference, None,
        "a replay gives the same commands"
    );
    assert!(replayed.conversation.ended() && !replayed.truncated);
    the_events_tell_it_once(&data.events(&conversation).await?)
}

async fn both_sides_are_recorded(
    server: &Server,
    stored: &voiceos_api::ConversationResponse,
) -> Result<()> {
    use voiceos_audio::measure::{SpanRules, active_spans};
    let recording = server.api.recording(stored.id.as_str()).await?;
    let told = stored.recording.expect("an ended call has a recording");
    let seconds = recording.left.len() as f64 / f64::from(recording.rate);
    assert!(
        !recording.cut
            && recording.rate == 16_000
            && (seconds - told.duration_seconds).abs() < 0.001
    );
    let spans = |side: &[i16]| active_spans(side, 16_000, SpanRules::default()).len();
    assert_eq!(
        (spans(&recording.left), spans(&recording.right)),
        (2, 3),
        "questions left, greeting and answers right"
    );
    Ok(())
}

fn the_events_tell_it_once(events: &[voiceos_api::Event]) -> Result<()> {
    let names = names(events);
    let count = |name| names.iter().filter(|other| **other == name).count();
    assert_eq!(
        (count("message:sent"), count("turn:ended")),
        (5, 2),
        "{names:?}"
    );
    assert_eq!(count("speech:started"), count("speech:ended"), "{names:?}");
    assert_eq!(
        (count("conversation:ended"), names.last()),
        (1, Some(&"conversation:ended")),
        "{names:?}"
    );
    assert_eq!(
        names[..2],
        ["message:generated", "speech:started"],
        "the greeting"
    );
    Ok(())
}

#[tokio::test]
async fn the_events_of_a_live_call_can_be_read_while_it_lasts() -> Result<()> {
    use voiceos_tests::line::{Line, start};
    let server = Server::scripted(&["Yes."], &[]).await?;
    let made = server
        .api
        .web_call(json!({"initial_message": GREETING}))
        .await?;
    assert_eq!(
        server.api.conversation(&made.id).await?.status,
        Status::Queued
    );
    let mut line = Line::join(&made.url, &start()).await?;
    line.hold(&[], |line| line.answers() > 0).await?;
    let live = server.api.conversation(&made.id).await?;
    assert_eq!((live.status, live.ended_reason), (Status::Started, None));
    assert!(
        server
            .api
            .get(&format!("/conversations/{}/recording", made.id))
            .await
            .is_err(),
        "not before the end"
    );
    line.ask(300, |line| line.answers() > 1).await?;
    line.hang_up().await?;
    let stored = server
        .api
        .ended(&made.id, voiceos_tests::phone::LIMIT)
        .await?;
    assert_eq!(
        lines(&stored),
        [
            (Role::Agent, GREETING),
            (Role::User, "question 1"),
            (Role::Agent, "Yes.")
        ]
    );
    Ok(())
}
