//! What a client does wrong is told to it in a sentence, and leaves nothing behind.

use anyhow::{Context, Result};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Error, Message};
use voiceos_api::{EndedReason, Status};
use voiceos_tests::{
    line::{Line, start},
    phone::LIMIT,
    server::Server,
};

async fn server() -> Result<Server> {
    Server::scripted(&["Yes."], &[]).await
}

#[tokio::test]
async fn a_call_needs_a_start_that_can_be_understood() -> Result<()> {
    let server = server().await?;
    let starts = [
        (
            json!({"type": "start", "encoding": "opus", "sample_rate": 48000}),
            "opus",
        ),
        (
            json!({"type": "start", "encoding": "pcm16", "sample_rate": 44100}),
            "48000",
        ),
        (
            json!({"type": "start", "encoding": "mulaw", "sample_rate": 16000}),
            "8000",
        ),
        (json!({"type": "hang_up"}), "start"),
        (json!({"hello": "there"}), "type"),
    ];
    for (first, told) in starts {
        let made = server.api.web_call(json!({})).await?;
        let mut line = Line::join(&made.url, &first).await?;
        line.listen(|line| line.closed).await?;
        let error = line
            .error()
            .with_context(|| format!("no error after {first}"))?;
        assert!(error.contains(told), "{first}: {error}");
        let stored = server.api.ended(&made.id, LIMIT).await?;
        assert_eq!(stored.ended_reason, Some(EndedReason::Unknown));
    }
    let made = server.api.web_call(json!({})).await?;
    let mut line = Line::open(&made.url).await?;
    line.send(Message::binary(vec![0; 640])).await?;
    line.listen(|line| line.closed).await?;
    assert!(
        line.error().is_some_and(|error| error.contains("start")),
        "{:?}",
        line.told
    );
    server.api.idle(LIMIT).await
}

#[tokio::test]
async fn a_mistake_during_the_call_is_told_and_the_call_goes_on() -> Result<()> {
    let server = server().await?;
    let made = server.api.web_call(json!({})).await?;
    let mut line = Line::join(&made.url, &start()).await?;
    line.listen(Line::ready).await?;
    let mistakes = [
        Message::text("{"),
        Message::text(json!({"type": "dtmf", "digit": "x"}).to_string()),
        Message::text(start().to_string()),
        Message::binary(vec![0; 3]),
        Message::binary(vec![0; 64_000]),
    ];
    for (count, mistake) in (1..).zip(mistakes) {
        line.send(mistake).await?;
        let errors = |line: &Line| {
            line.told
                .iter()
                .filter(|told| format!("{told:?}").starts_with("Error"))
                .count()
        };
        line.listen(|line| errors(line) == count).await?;
    }
    line.ask(300, |line| line.answers() == 1).await?;
    line.hang_up().await?;
    assert_eq!(line.ended(), Some("user_ended"));
    Ok(())
}

fn refused(error: &anyhow::Error) -> Option<StatusCode> {
    match error.downcast_ref::<Error>()? {
        Error::Http(response) => StatusCode::from_u16(response.status().as_u16()).ok(),
        _ => None,
    }
}

#[tokio::test]
async fn a_token_opens_its_own_call_and_that_once() -> Result<()> {
    let server = server().await?;
    let made = server.api.web_call(json!({})).await?;
    let other = server.api.web_call(json!({})).await?;
    let (base, token) = made
        .url
        .split_once('?')
        .context("no token in the address")?;
    let foreign = other
        .url
        .split_once('?')
        .context("no token in the address")?
        .1;
    for wrong in [
        format!("{base}?token=wrong"),
        base.to_owned(),
        format!("{base}?{foreign}"),
    ] {
        let error = Line::open(&wrong)
            .await
            .err()
            .with_context(|| format!("{wrong} opened the call"))?;
        assert_eq!(
            refused(&error),
            Some(StatusCode::FORBIDDEN),
            "{wrong}: {error:#}"
        );
    }
    let mut line = Line::join(&format!("{base}?{token}"), &start()).await?;
    line.listen(Line::ready).await?;
    let again = Line::open(&made.url)
        .await
        .err()
        .context("the token opened the call twice")?;
    assert_eq!(refused(&again), Some(StatusCode::FORBIDDEN));
    line.hang_up().await
}

#[tokio::test]
async fn a_call_without_a_key_or_an_agent_is_refused() -> Result<()> {
    let server = server().await?;
    let path = "/conversations/create_web_call";
    let wrong = voiceos_tests::api::Api::new(&server.api.url, "vos_wrong");
    let (status, body) = wrong
        .send(
            wrong
                .request(Method::POST, path)
                .json(&json!({"agent_config": {}})),
        )
        .await?;
    assert_eq!(
        (status, &body["detail"]),
        (StatusCode::UNAUTHORIZED, &Value::from("Invalid API key"))
    );
    let refused = |body: Value| {
        let api = &server.api;
        async move { api.send(api.request(Method::POST, path).json(&body)).await }
    };
    let (status, body) = refused(json!({})).await?;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    let (status, body) = refused(json!({"agent_id": "agent_nobody"})).await?;
    assert_eq!(status, StatusCode::NOT_FOUND, "{body}");
    assert_eq!(
        server.api.get("/conversations").await?["items"],
        json!([]),
        "nothing was made"
    );
    Ok(())
}

#[tokio::test]
async fn there_are_only_so_many_places() -> Result<()> {
    let server = Server::scripted(&["Yes."], &[("limits.conversations", "1")]).await?;
    let made = server.api.web_call(json!({})).await?;
    let asked = server
        .api
        .request(Method::POST, "/conversations/create_web_call");
    let response = asked.json(&json!({"agent_config": {}})).send().await?;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().contains_key("retry-after"));
    let mut line = Line::join(&made.url, &start()).await?;
    line.listen(Line::ready).await?;
    line.hang_up().await?;
    server.api.idle(LIMIT).await?;
    let next = server.api.web_call(json!({})).await?;
    assert_eq!(
        server.api.conversation(&next.id).await?.status,
        Status::Queued
    );
    Ok(())
}
