//! Every way in which audio may travel, keys that are pressed, and several calls at once.

use anyhow::Result;
use serde_json::json;
use voiceos::talk::{caller::Step, client::Format};
use voiceos_api::{Happening, Role};
use voiceos_carriers::web::Encoding;
use voiceos_tests::{
    line::{Line, start, tone},
    phone::{LIMIT, asks, call, lines, script},
    server::Server,
};

const SAID: [(Role, &str); 2] = [(Role::User, "question 1"), (Role::Agent, "Yes we do.")];

async fn server() -> Result<Server> {
    Server::scripted(&["Yes we do."], &[]).await
}

#[tokio::test]
async fn a_telephone_line_of_mu_law_carries_a_call() -> Result<()> {
    let server = server().await?;
    let (report, stored) = call(
        &server.api,
        json!({}),
        Format::TELEPHONE,
        &mut asks(1, 8000),
    )
    .await?;
    assert_eq!(lines(&stored), SAID);
    assert_eq!(
        report.exchanges().len(),
        1,
        "the answer was heard after the question"
    );
    assert_eq!(server.api.recording(stored.id.as_str()).await?.rate, 16_000);
    Ok(())
}

#[tokio::test]
async fn every_offered_rate_carries_a_call() -> Result<()> {
    let server = server().await?;
    let calls = [8000, 24_000, 48_000].map(|rate| {
        let api = server.api.clone();
        async move {
            let format = Format {
                encoding: Encoding::Pcm16,
                rate,
            };
            call(&api, json!({}), format, &mut asks(1, rate)).await
        }
    });
    for done in futures::future::join_all(calls).await {
        let (report, stored) = done?;
        assert_eq!(lines(&stored), SAID, "at {} Hz", report.rate);
        let heard = report
            .agent
            .iter()
            .filter(|sample| sample.unsigned_abs() > 1000)
            .count();
        let spoken = heard as f64 / f64::from(report.rate);
        assert!(
            (0.25..0.55).contains(&spoken),
            "{spoken:.2} s of an answer of 0.5 s at {} Hz",
            report.rate
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_client_without_marks_is_believed_to_play_at_the_servers_pace() -> Result<()> {
    let server = server().await?;
    let made = server.api.web_call(json!({})).await?;
    let mut plain = start();
    plain["marks"] = json!(false);
    let mut line = Line::join(&made.url, &plain).await?;
    line.marks = false;
    line.listen(Line::ready).await?;
    line.ask(300, |line| line.answers() == 1).await?;
    line.hang_up().await?;
    assert_eq!(lines(&server.api.ended(&made.id, LIMIT).await?), SAID);
    Ok(())
}

#[tokio::test]
async fn a_client_that_answers_no_mark_though_it_promised_has_heard_nothing() -> Result<()> {
    let rules = [
        ("turns.leg_stall", "500ms"),
        ("turns.idle", "1s"),
        ("turns.fault_message", ""),
    ];
    let server = Server::scripted(&["Yes we do."], &rules).await?;
    let made = server.api.web_call(json!({})).await?;
    let mut line = Line::join(&made.url, &start()).await?;
    line.marks = false;
    line.listen(Line::ready).await?;
    line.ask(300, |line| line.closed).await?;
    let stored = server.api.ended(&made.id, LIMIT).await?;
    assert_eq!(lines(&stored), SAID[..1], "and the call did not hang");
    Ok(())
}

#[tokio::test]
async fn keys_that_are_pressed_are_told() -> Result<()> {
    let server = server().await?;
    let steps = ['1', '#', 'd']
        .map(Step::Press)
        .into_iter()
        .chain([Step::Say(tone(300, 16_000))]);
    let steps = steps.chain([Step::UntilAgentDone(LIMIT)]);
    let (_, stored) = call(&server.api, json!({}), Format::WIDE, &mut script(steps)).await?;
    let events = server.stop().await?.events(stored.id.as_str()).await?;
    let digits = events.iter().filter_map(|event| match event.happening {
        Happening::DtmfReceived { digit } => Some(digit),
        _ => None,
    });
    assert_eq!(digits.collect::<String>(), "1#D");
    Ok(())
}

#[tokio::test]
async fn calls_at_the_same_time_do_not_hear_each_other() -> Result<()> {
    let server = Server::scripted(&["One.", "Two.", "Three."], &[]).await?;
    let calls = [1, 3, 2, 1].map(|questions| {
        let api = server.api.clone();
        async move { call(&api, json!({}), Format::WIDE, &mut asks(questions, 16_000)).await }
    });
    for (questions, done) in [1, 3, 2, 1]
        .into_iter()
        .zip(futures::future::join_all(calls).await)
    {
        let (_, stored) = done?;
        let answers: Vec<&str> = lines(&stored)
            .into_iter()
            .filter(|(role, _)| *role == Role::Agent)
            .map(|(_, text)| text)
            .collect();
        assert_eq!(answers, ["One.", "Two.", "Three."][..questions]);
    }
    Ok(())
}
