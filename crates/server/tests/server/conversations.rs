//! Web calls and conversations over HTTP.

use voiceos_api::{ConversationId, EndedReason, Recording, RecordingFormat, Timestamp};
use voiceos_store::{Ended, Store};

use super::*;

#[tokio::test]
async fn a_web_call_is_asked_for_with_an_agent() {
    let server = Server::start().await;
    let (_, agents) = server.get("/agents").await;
    let (status, call) = server
        .post(
            "/conversations/create_web_call",
            json!({"agent_id": agents["items"][0]["id"]}),
        )
        .await;
    assert_eq!(
        (status, &call["type"], &call["status"]),
        (200, &json!("web_call"), &json!("queued"))
    );
    assert_eq!(
        call["agent_config"]["name"],
        "Front desk of the Lighthouse Hotel"
    );
    assert_eq!(call["engine"]["voice"], "scripted");
    let (id, token) = (
        call["id"].as_str().unwrap(),
        call["web_call"]["token"].as_str().unwrap(),
    );
    let url = format!(
        "ws://{}/conversations/{id}/media?token={token}",
        server.address
    );
    assert_eq!(call["web_call"]["url"], url);
    let lasts = |name: &str| {
        call.pointer(name)
            .unwrap()
            .as_str()
            .unwrap()
            .parse::<Timestamp>()
            .unwrap()
    };
    assert_eq!(
        lasts("/web_call/expires_at")
            .since(lasts("/created_at"))
            .as_secs(),
        60
    );
    let (_, found) = server.get(&format!("/conversations/{id}")).await;
    assert_eq!((&found["id"], found.get("web_call")), (&call["id"], None));
    assert_eq!(
        server.get("/conversations?status=queued").await.1["items"][0]["id"],
        call["id"]
    );
}

#[tokio::test]
async fn a_web_call_is_asked_for_with_a_configuration() {
    let server = Server::start().await;
    let body = json!({"agent_config": {"prompt": "Be brief."}});
    let (status, call) = server.post("/conversations/create_web_call", body).await;
    assert_eq!(
        (status, &call["agent_id"], &call["agent_config"]["prompt"]),
        (200, &json!(null), &json!("Be brief."))
    );
}

#[tokio::test]
async fn the_address_of_a_web_call_is_the_one_the_client_used() {
    let server = Server::start().await;
    let body = json!({"agent_config": {}});
    let ask = || {
        server
            .ask(Method::POST, "/conversations/create_web_call")
            .json(&body)
    };
    let url = async |request| {
        answer(request).await.1["web_call"]["url"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let request = ask()
        .header("host", "voice.example.com")
        .header("x-forwarded-proto", "https");
    assert!(
        url(request)
            .await
            .starts_with("wss://voice.example.com/conversations/")
    );
    let named = Server::with(&[("public_url", "https://calls.example.com/v/")]).await;
    let request = named
        .ask(Method::POST, "/conversations/create_web_call")
        .json(&body);
    assert!(
        url(request)
            .await
            .starts_with("wss://calls.example.com/v/conversations/")
    );
}

#[tokio::test]
async fn a_web_call_without_an_agent_is_a_mistake() {
    let server = Server::start().await;
    for body in [json!({}), json!({"agent_id": null, "agent_config": null})] {
        let answer = server.post("/conversations/create_web_call", body).await;
        assert_eq!(
            mistake(answer),
            (json!(["body"]), json!("value_error.missing"))
        );
    }
    let unknown = server
        .post(
            "/conversations/create_web_call",
            json!({"agent_id": "agent_0"}),
        )
        .await;
    assert_eq!(unknown, (404, detail("Agent not found")));
    let wrong = server
        .post(
            "/conversations/create_web_call",
            json!({"agent_config": {"voice": {}}}),
        )
        .await;
    assert_eq!(
        mistake(wrong).0,
        json!(["body", "agent_config", "voice", "provider"])
    );
}

#[tokio::test]
async fn a_call_through_a_cloud_provider_is_refused_by_the_name_of_its_field() {
    let server = Server::start().await;
    let config =
        json!({"voice": {"provider": "elevenlabs"}, "transcriber": {"provider": "deepgram"}});
    let (status, told) = server
        .post(
            "/conversations/create_web_call",
            json!({"agent_config": config}),
        )
        .await;
    assert_eq!((status, told["detail"].as_array().unwrap().len()), (422, 2));
    assert_eq!(
        told["detail"][0]["loc"],
        json!(["body", "agent_config", "voice"])
    );
    assert!(
        told["detail"][0]["msg"]
            .as_str()
            .unwrap()
            .contains("set voice to null")
    );
    let (_, agent) = server.post("/agents", config).await;
    let answer = server
        .post(
            "/conversations/create_web_call",
            json!({"agent_id": agent["id"]}),
        )
        .await;
    assert_eq!(mistake(answer).0, json!(["body", "agent_id", "voice"]));
}

#[tokio::test]
async fn when_all_places_are_taken_a_call_is_put_off() {
    let server = Server::with(&[("limits.conversations", "1")]).await;
    let body = json!({"agent_config": {}});
    assert_eq!(
        server
            .post("/conversations/create_web_call", body.clone())
            .await
            .0,
        200
    );
    let full = server
        .ask(Method::POST, "/conversations/create_web_call")
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            full.status().as_u16(),
            full.headers().contains_key("retry-after")
        ),
        (503, true)
    );
    assert_eq!(
        server.get("/conversations").await.1["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_call_that_nobody_joins_ends_and_gives_its_place_back() {
    let server = Server::with(&[
        ("limits.conversations", "1"),
        ("limits.pending_call", "100ms"),
    ])
    .await;
    let body = json!({"agent_config": {}});
    let (_, call) = server
        .post("/conversations/create_web_call", body.clone())
        .await;
    let path = call["uri"].as_str().unwrap();
    let ended = async {
        loop {
            let (_, found) = server.get(path).await;
            if found["status"] == "ended" {
                break found;
            }
            tokio::task::yield_now().await;
        }
    };
    let ended = tokio::time::timeout(std::time::Duration::from_secs(20), ended)
        .await
        .expect("it ends");
    assert_eq!(
        (&ended["ended_reason"], &ended["started_at"]),
        (&json!("unknown"), &json!(null))
    );
    assert_eq!(
        server.post("/conversations/create_web_call", body).await.0,
        200
    );
}

#[tokio::test]
async fn a_call_that_waits_ends_with_the_server() {
    let server = Server::start().await;
    let (_, call) = server
        .post(
            "/conversations/create_web_call",
            json!({"agent_config": {}}),
        )
        .await;
    let dir = server.stop().await;
    let server = Server::on(dir, &[]).await;
    let (_, found) = server.get(call["uri"].as_str().unwrap()).await;
    assert_eq!(
        (&found["status"], &found["ended_reason"]),
        (&json!("ended"), &json!("unknown"))
    );
}

/// A stopped server's conversation that ended with a recording.
async fn recorded() -> (Server, ConversationId) {
    let server = Server::start().await;
    let (_, call) = server
        .post(
            "/conversations/create_web_call",
            json!({"agent_config": {}}),
        )
        .await;
    let id = ConversationId::from(call["id"].as_str().expect("an id"));
    let store = Store::open(server.dir.path())
        .await
        .expect("the store opens twice");
    let recording = Recording {
        duration_seconds: 1.0,
        bytes: 10,
        format: RecordingFormat::Flac,
    };
    let (at, reason) = (
        Timestamp::from_millis(1_715_428_800_000),
        EndedReason::UserEnded,
    );
    let ended = Ended {
        at,
        reason,
        cost_breakdown: None,
        recording: Some(recording),
    };
    assert!(
        store
            .conversation_ended(&id, ended)
            .await
            .expect("it is stored")
    );
    store.close().await;
    std::fs::write(
        server.dir.path().join(format!("recordings/{id}.flac")),
        "0123456789",
    )
    .expect("it is written");
    (server, id)
}

#[tokio::test]
async fn a_recording_has_an_address_that_works_without_a_key() {
    let (server, id) = recorded().await;
    let path = format!("/conversations/{id}/recording");
    let (status, told) = server.get(&path).await;
    let url = told["recording_url"].as_str().unwrap();
    assert_eq!(status, 200);
    assert!(
        url.starts_with(&server.url(&format!("/recordings/{id}.flac?token="))),
        "{url}"
    );
    let whole = server.client.get(url).send().await.unwrap();
    assert_eq!(
        (whole.status().as_u16(), &whole.headers()["content-type"]),
        (200, &"audio/flac".parse().unwrap())
    );
    assert_eq!(whole.text().await.unwrap(), "0123456789");
    let part = server
        .client
        .get(url)
        .header("range", "bytes=2-4")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (part.status().as_u16(), part.text().await.unwrap().as_str()),
        (206, "234")
    );
    let direct = server
        .ask(Method::GET, &path)
        .header("accept", "audio/*")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            direct.status().as_u16(),
            direct.text().await.unwrap().as_str()
        ),
        (200, "0123456789")
    );
}

#[tokio::test]
async fn a_recording_is_not_found_by_guessing() {
    let (server, id) = recorded().await;
    let (_, told) = server.get(&format!("/conversations/{id}/recording")).await;
    let token = told["recording_url"]
        .as_str()
        .unwrap()
        .split_once("token=")
        .unwrap()
        .1
        .to_owned();
    for path in [
        format!("/recordings/{id}.flac"),
        format!("/recordings/{id}.flac?token=1.00"),
        format!("/recordings/conv_0.flac?token={token}"),
        format!("/recordings/..%2Fapi-key?token={token}"),
        format!("/recordings/..%2F{id}.flac?token={token}"),
    ] {
        assert_eq!(
            answer(server.bare(Method::GET, &path)).await.0,
            403,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_conversation_without_a_recording_says_so() {
    let server = Server::start().await;
    let (_, call) = server
        .post(
            "/conversations/create_web_call",
            json!({"agent_config": {}}),
        )
        .await;
    let path = format!("{}/recording", call["uri"].as_str().unwrap());
    assert_eq!(
        server.get(&path).await,
        (
            404,
            detail("the recording is there once the conversation has ended")
        )
    );
    assert_eq!(
        server.get("/conversations/conv_0/recording").await,
        (404, detail("Conversation not found"))
    );
}

#[tokio::test]
async fn a_conversation_is_deleted_with_its_recording_once_it_has_ended() {
    let (server, id) = recorded().await;
    let path = format!("/conversations/{id}");
    assert_eq!(server.delete(&path).await.0, 200);
    assert_eq!(
        server.get(&path).await,
        (404, detail("Conversation not found"))
    );
    assert!(
        !server
            .dir
            .path()
            .join(format!("recordings/{id}.flac"))
            .exists()
    );
    let (_, live) = server
        .post(
            "/conversations/create_web_call",
            json!({"agent_config": {}}),
        )
        .await;
    assert_eq!(server.delete(live["uri"].as_str().unwrap()).await.0, 409);
}
