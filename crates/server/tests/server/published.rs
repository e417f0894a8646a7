//! What programs written for the discontinued service rely on, line by line.

use super::*;

const PYTHON: &str = "OpenAPI-Generator/1.0.0/python";

/// The client that refuses what it has no word for.
fn python(server: &Server, method: Method, path: &str) -> RequestBuilder {
    server.ask(method, path).header("user-agent", PYTHON)
}

#[tokio::test]
async fn success_is_always_200_with_json() {
    let server = Server::start().await;
    let (_, agent) = server.post("/agents", json!({})).await;
    let path = agent["uri"].as_str().unwrap();
    let requests = [
        server.ask(Method::POST, "/agents").json(&json!({})),
        server.ask(Method::GET, "/agents"),
        server.ask(Method::PATCH, path).json(&json!({})),
        server.ask(Method::DELETE, path),
        server.bare(Method::GET, "/"),
    ];
    for request in requests {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{}", response.url());
        assert_eq!(response.headers()["content-type"], "application/json");
    }
}

#[tokio::test]
async fn refusals_are_json_too() {
    let server = Server::start().await;
    let requests = [
        server.bare(Method::GET, "/agents"),
        server.ask(Method::GET, "/nothing"),
        server.ask(Method::PUT, "/agents"),
        server.ask(Method::GET, "/agents/nobody"),
        server.ask(Method::GET, "/conversations/nobody/media"),
    ];
    for request in requests {
        let response = request.send().await.unwrap();
        assert!(response.status().is_client_error(), "{}", response.url());
        assert_eq!(response.headers()["content-type"], "application/json");
        let told: Value = response.json().await.unwrap();
        assert!(told["detail"].is_string(), "{told}");
    }
}

#[tokio::test]
async fn datetimes_are_written_in_utc_with_milliseconds() {
    let server = Server::start().await;
    let (_, agent) = server.post("/agents", json!({})).await;
    for field in ["created_at", "updated_at"] {
        let written = agent[field].as_str().unwrap();
        assert_eq!(
            (written.len(), &written[19..20], &written[23..]),
            (24, ".", "Z")
        );
    }
}

#[tokio::test]
async fn an_empty_object_means_not_given_where_the_web_client_sends_it() {
    let server = Server::start().await;
    let body = json!({
        "voice": {"provider": "elevenlabs", "voice_id": {}, "model_id": {}},
        "language_model": {"model": {}},
        "transcriber": {"provider": "deepgram", "model": {}, "language": {}}
    });
    let (_, made) = server.post("/agents", body).await;
    assert_eq!(
        [
            &made["voice"]["voice_id"],
            &made["voice"]["model_id"],
            &made["language_model"]["model"],
            &made["transcriber"]["model"],
            &made["transcriber"]["language"]
        ],
        ["rachel", "eleven_turbo_v2", "gpt-3.5-turbo", "nova-2", "en"]
    );
    let path = made["uri"].as_str().unwrap();
    let chosen = json!({"voice": {"provider": "elevenlabs", "voice_id": "paul"}});
    server.patch(path, chosen).await;
    let unsaid = json!({"voice": {"provider": "elevenlabs", "voice_id": {}, "stability": 1}});
    let (_, kept) = server.patch(path, unsaid).await;
    assert_eq!(
        (&kept["voice"]["voice_id"], &kept["voice"]["stability"]),
        (&json!("paul"), &json!(1)),
        "in a change it keeps what there was"
    );
    let other = json!({"voice": {"provider": "azure", "model": {}}});
    let (_, changed) = server.patch(path, other).await;
    assert_eq!(changed["voice"]["model"], "en-US-AvaMultilingualNeural");
}

#[tokio::test]
async fn rime_and_rimeai_are_one_provider() {
    let server = Server::start().await;
    for spelling in ["rime", "rimeai"] {
        let body = json!({"voice": {"provider": spelling, "speaker": "joy"}});
        let (_, made) = server.post("/agents", body).await;
        assert_eq!(made["voice"]["provider"], "rimeai");
        let shown = answer(python(&server, Method::GET, made["uri"].as_str().unwrap())).await;
        assert_eq!(shown.1["voice"]["provider"], "rime");
    }
}

#[tokio::test]
async fn numbers_come_as_text_and_whole_numbers_stay_whole() {
    let server = Server::start().await;
    let body = json!({
        "prompt": 5, "max_duration_seconds": "60",
        "language_model": {"max_tokens": 100.7, "temperature": "0.5"},
        "voice": {"provider": "azure", "pitch": "-5"},
        "webhooks": [{"events": [], "url": "https://example.com", "method": "GET", "headers": {"x-shop": 1}}]
    });
    let (status, made) = server.post("/agents", body).await;
    assert_eq!(status, 200, "{made}");
    assert_eq!(
        [
            &made["prompt"],
            &made["max_duration_seconds"],
            &made["language_model"]["max_tokens"],
            &made["language_model"]["temperature"],
            &made["voice"]["pitch"],
            &made["webhooks"][0]["headers"]["x-shop"]
        ],
        [
            &json!("5"),
            &json!(60),
            &json!(100),
            &json!(0.5),
            &json!(-5),
            &json!("1")
        ]
    );
}

#[tokio::test]
async fn the_web_client_can_take_the_limit_away() {
    let server = Server::start().await;
    let (_, made) = server.post("/agents", json!({})).await;
    let none = json!({"max_duration_seconds": null});
    let (_, changed) = server.patch(made["uri"].as_str().unwrap(), none).await;
    assert_eq!(changed["max_duration_seconds"], json!(null));
}

#[tokio::test]
async fn a_slash_too_many_leads_to_the_right_path_with_the_same_method() {
    let server = Server::start().await;
    for (method, path) in [(Method::GET, "/agents/"), (Method::POST, "/agents/")] {
        let sent = server
            .ask(method, path)
            .json(&json!({}))
            .send()
            .await
            .unwrap();
        assert_eq!(
            (sent.status().as_u16(), &sent.headers()["location"]),
            (307, &"/agents".parse().unwrap())
        );
    }
}

#[tokio::test]
async fn a_plus_may_come_as_itself_encoded_or_as_a_space() {
    let server = Server::start().await;
    let (_, made) = server.post("/agents", json!({})).await;
    let at = made["created_at"].as_str().unwrap().trim_end_matches('Z');
    for plus in ["%2B", "+", "%20"] {
        let path = format!("/agents?limit=1&created_before={at}{plus}0000");
        let (status, list) = server.get(&path).await;
        assert_eq!(status, 200, "{path}");
        assert_ne!(list["items"][0]["id"], made["id"], "{path}");
    }
}

#[tokio::test]
async fn the_python_client_reads_a_web_call_alone_and_finds_none_in_lists() {
    let server = Server::start().await;
    let (_, call) = server
        .post(
            "/conversations/create_web_call",
            json!({"agent_config": {}}),
        )
        .await;
    let path = call["uri"].as_str().unwrap();
    let (_, shown) = answer(python(&server, Method::GET, path)).await;
    assert_eq!(
        (&shown["type"], &shown["phone_call"]),
        (&json!("inbound_phone_call"), &json!(null))
    );
    let (_, list) = answer(python(&server, Method::GET, "/conversations")).await;
    assert_eq!(list, json!({"items": [], "index": 1, "has_more": false}));
    assert_eq!(
        server.get(path).await.1["type"],
        "web_call",
        "to everybody else it is what it is"
    );
}

#[tokio::test]
async fn the_reference_page_needs_no_other_host() {
    let server = Server::start().await;
    let page = server.bare(Method::GET, "/docs").send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    let text = page.text().await.unwrap();
    assert!(!text.contains("<script") && !text.contains("src=") && !text.contains("href=\"http"));
    assert!(text.contains("/conversations/create_web_call"));
    let (_, document) = answer(server.bare(Method::GET, "/openapi.json")).await;
    assert_eq!(document, voiceos_api::openapi::document());
}
