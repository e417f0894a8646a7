//! Reaching into a live conversation from outside.

use anyhow::Result;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use voiceos_api::{EndedReason, Role, Status};
use voiceos_tests::{
    line::{Line, start},
    phone::{LIMIT, lines},
    server::Server,
};

async fn post(server: &Server, path: &str, body: Value) -> Result<(StatusCode, Value)> {
    let request = server.api.request(Method::POST, path).json(&body);
    server.api.send(request).await
}

#[tokio::test]
async fn a_conversation_that_is_not_live_can_neither_be_ended_nor_talked_into() -> Result<()> {
    let server = Server::scripted(&["Yes."], &[]).await?;
    let words = json!({"text": "Hello."});
    for action in ["end", "say"] {
        let path = format!("/conversations/conv_nobody/{action}");
        let (status, told) = post(&server, &path, words.clone()).await?;
        assert_eq!(status, StatusCode::NOT_FOUND, "{told}");
    }
    let made = server.api.web_call(json!({})).await?;
    let refused = async |action: &str, why: &str| {
        let path = format!("/conversations/{}/{action}", made.id);
        let (status, told) = post(&server, &path, words.clone()).await?;
        assert_eq!(
            (status, &told["detail"]),
            (StatusCode::CONFLICT, &json!(why)),
            "{action}"
        );
        anyhow::Ok(())
    };
    refused("end", "the conversation has not started yet").await?;
    refused("say", "the conversation has not started yet").await?;
    let mut line = Line::join(&made.url, &start()).await?;
    line.listen(Line::ready).await?;
    line.hang_up().await?;
    server.api.ended(&made.id, LIMIT).await?;
    refused("end", "the conversation has ended").await?;
    refused("say", "the conversation has ended").await
}

#[tokio::test]
async fn what_is_to_be_said_is_read_like_every_body() -> Result<()> {
    let server = Server::scripted(&["Yes."], &[]).await?;
    let made = server.api.web_call(json!({})).await?;
    let mut line = Line::join(&made.url, &start()).await?;
    line.listen(Line::ready).await?;
    let path = format!("/conversations/{}/say", made.id);
    let mistakes = [
        (json!({}), "value_error.missing"),
        (json!({"text": null}), "type_error.none.not_allowed"),
        (json!({"text": ""}), "value_error.any_str.min_length"),
        (
            json!({"text": "a".repeat(10_001)}),
            "value_error.any_str.max_length",
        ),
        (
            json!({"text": "a", "interruptible": "maybe"}),
            "type_error.bool",
        ),
    ];
    for (body, kind) in mistakes {
        let (status, told) = post(&server, &path, body).await?;
        assert_eq!(
            (status, &told["detail"][0]["type"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(kind))
        );
    }
    line.hang_up().await
}

#[tokio::test]
async fn a_sentence_from_outside_is_said_heard_and_stored() -> Result<()> {
    let server = Server::scripted(&["Yes."], &[]).await?;
    let made = server.api.web_call(json!({})).await?;
    let mut line = Line::join(&made.url, &start()).await?;
    line.listen(Line::ready).await?;
    let path = format!("/conversations/{}/say", made.id);
    let words = json!({"text": "Your taxi is here.", "interruptible": false});
    let (status, told) = post(&server, &path, words).await?;
    assert_eq!(
        (status, &told["status"]),
        (StatusCode::OK, &json!("started"))
    );
    line.hold(&[], |line| line.answers() == 1).await?;
    line.hang_up().await?;
    let stored = server.api.ended(&made.id, LIMIT).await?;
    assert_eq!(lines(&stored), [(Role::Agent, "Your taxi is here.")]);
    Ok(())
}

#[tokio::test]
async fn a_conversation_is_ended_from_outside_once_its_sentence_is_said() -> Result<()> {
    let server = Server::scripted(&["Yes."], &[]).await?;
    let made = server
        .api
        .web_call(json!({"initial_message": "Good day."}))
        .await?;
    let mut line = Line::join(&made.url, &start()).await?;
    line.hold(&[], |line| line.agent().is_some()).await?;
    let path = format!("/conversations/{}/end", made.id);
    let request = server.api.request(Method::POST, &path);
    let (answer, held) = tokio::join!(server.api.send(request), line.hold(&[], |line| line.closed));
    held?;
    let (status, ended) = answer?;
    assert_eq!(
        (status, &ended["status"], &ended["ended_reason"]),
        (StatusCode::OK, &json!("ended"), &json!("agent_ended"))
    );
    assert_eq!(line.ended(), Some("agent_ended"));
    let stored = server.api.conversation(&made.id).await?;
    assert_eq!(
        (stored.status, stored.ended_reason),
        (Status::Ended, Some(EndedReason::AgentEnded))
    );
    assert_eq!(lines(&stored), [(Role::Agent, "Good day.")]);
    server.api.idle(LIMIT).await
}
