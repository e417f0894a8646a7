//! Agents over HTTP, and what holds for every request.

use super::*;

#[tokio::test]
async fn an_agent_is_created_read_changed_and_deleted() {
    let server = Server::start().await;
    let (status, made) = server
        .post(
            "/agents",
            json!({"prompt": "Be brief.", "voice": {"provider": "rime"}}),
        )
        .await;
    assert_eq!(
        (
            status,
            &made["max_duration_seconds"],
            &made["voice"]["provider"]
        ),
        (200, &json!(600), &json!("rimeai"))
    );
    let path = made["uri"].as_str().unwrap().to_owned();
    assert_eq!(server.get(&path).await, (200, made.clone()));
    let (status, changed) = server
        .patch(&path, json!({"prompt": null, "name": "Desk"}))
        .await;
    assert_eq!(
        (status, &changed["prompt"], &changed["name"]),
        (200, &json!(null), &json!("Desk"))
    );
    assert_eq!(server.delete(&path).await, (200, changed));
    assert_eq!(server.get(&path).await, (404, detail("Agent not found")));
    assert_eq!(server.delete(&path).await, (404, detail("Agent not found")));
}

#[tokio::test]
async fn agents_are_listed_by_page() {
    let server = Server::start().await;
    for name in ["a", "b"] {
        server.post("/agents", json!({"name": name})).await;
    }
    let (_, first) = server.get("/agents?limit=2").await;
    assert_eq!(
        (&first["index"], &first["has_more"]),
        (&json!(1), &json!(true))
    );
    let (_, second) = server.get("/agents?size=2&index=2").await;
    assert_eq!(
        (
            &second["has_more"],
            second["items"].as_array().unwrap().len()
        ),
        (&json!(false), 1)
    );
    assert_eq!(
        second["items"][0]["name"],
        "Front desk of the Lighthouse Hotel"
    );
}

#[tokio::test]
async fn the_lists_take_the_datetimes_that_the_clients_send() {
    let server = Server::start().await;
    for query in [
        "created_after=2024-01-02T03%3A04%3A05.000678%2B0200",
        "created_after=2024-01-02T03:04:05.000678+0200",
        "created_after=2024-01-02T03:04:05&created_before=2199-01-01T00:00:00Z",
    ] {
        let (status, list) = server.get(&format!("/agents?{query}")).await;
        assert_eq!(
            (status, list["items"].as_array().map(Vec::len)),
            (200, Some(1)),
            "{query}"
        );
    }
}

#[tokio::test]
async fn mistakes_in_a_query_are_named() {
    let server = Server::start().await;
    assert_eq!(
        mistake(server.get("/agents?created_after=yesterday").await),
        (
            json!(["query", "created_after"]),
            json!("value_error.datetime")
        )
    );
    assert_eq!(
        mistake(server.get("/agents?limit=x").await),
        (json!(["query", "limit"]), json!("type_error.integer"))
    );
    assert_eq!(
        mistake(server.get("/agents?index=0").await),
        (
            json!(["query", "index"]),
            json!("value_error.number.not_ge")
        )
    );
    assert_eq!(
        mistake(server.get("/agents?limit=1001").await),
        (
            json!(["query", "limit"]),
            json!("value_error.number.not_le")
        )
    );
    assert_eq!(
        mistake(server.get("/conversations?status=over").await),
        (json!(["query", "status"]), json!("type_error.enum"))
    );
}

#[tokio::test]
async fn mistakes_in_a_body_are_named_all_at_once() {
    let server = Server::start().await;
    let (status, told) = server
        .post(
            "/agents",
            json!({"prompt": [], "max_duration_seconds": "long"}),
        )
        .await;
    assert_eq!((status, told["detail"].as_array().unwrap().len()), (422, 2));
    let raw = |body: &'static str, media_type: &'static str| {
        server
            .ask(Method::POST, "/agents")
            .header("content-type", media_type)
            .body(body)
    };
    let json = "application/json";
    assert_eq!(
        mistake(answer(raw("", json)).await),
        (json!(["body"]), json!("value_error.missing"))
    );
    assert_eq!(
        mistake(answer(raw(r#"{"a":x}"#, json)).await),
        (json!(["body", 5]), json!("value_error.jsondecode"))
    );
    assert_eq!(
        mistake(answer(raw("[]", json)).await),
        (json!(["body"]), json!("type_error.dict"))
    );
    assert_eq!(
        mistake(answer(raw("{}", "text/plain")).await),
        (json!(["body"]), json!("type_error.dict"))
    );
    assert_eq!(
        answer(raw("{}", "application/json; charset=utf-8")).await.0,
        200
    );
}

#[tokio::test]
async fn the_python_client_does_not_reset_the_limit_by_accident() {
    let server = Server::start().await;
    let (_, made) = server
        .post("/agents", json!({"max_duration_seconds": 30}))
        .await;
    let path = made["uri"].as_str().unwrap();
    let patch = async |body: Value| {
        let request = server
            .ask(Method::PATCH, path)
            .header("user-agent", "OpenAPI-Generator/1.0.0/python");
        answer(request.json(&body)).await.1["max_duration_seconds"].clone()
    };
    assert_eq!(
        patch(json!({"prompt": "x", "max_duration_seconds": 600})).await,
        30
    );
    assert_eq!(patch(json!({"max_duration_seconds": 600})).await, 600);
    assert_eq!(
        patch(json!({"prompt": "x", "max_duration_seconds": 60})).await,
        60
    );
}

#[tokio::test]
async fn nobody_gets_in_without_a_key() {
    let server = Server::start().await;
    for path in [
        "/agents",
        "/agents/agent_1",
        "/conversations",
        "/conversations/conv_1",
        "/conversations/conv_1/recording",
    ] {
        assert_eq!(
            answer(server.bare(Method::GET, path)).await,
            (403, detail("Not authenticated")),
            "{path}"
        );
    }
    let with = |value: &'static str| {
        server
            .bare(Method::GET, "/agents")
            .header("authorization", value)
    };
    assert_eq!(
        answer(with("Basic eDp5")).await,
        (403, detail("Invalid authentication credentials"))
    );
    assert_eq!(
        answer(with("Bearer")).await,
        (403, detail("Not authenticated"))
    );
    assert_eq!(
        answer(with("Bearer vos_wrong_key")).await,
        (401, detail("Invalid API key"))
    );
    assert_eq!(answer(with("bearer vos_key_of_the_tests")).await.0, 200);
}

#[tokio::test]
async fn what_is_not_there_and_what_is_too_much() {
    let server = Server::start().await;
    assert_eq!(server.get("/nothing").await, (404, detail("Not Found")));
    let wrong_method = answer(server.ask(Method::PUT, "/agents")).await;
    assert_eq!(wrong_method, (405, detail("Method Not Allowed")));
    let slash = server
        .ask(Method::GET, "/agents/?limit=1")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (slash.status().as_u16(), &slash.headers()["location"]),
        (307, &"/agents?limit=1".parse().unwrap())
    );
    let large = json!({"prompt": "x".repeat(2 << 20)});
    assert_eq!(server.post("/agents", large).await.0, 413);
}

#[tokio::test]
async fn other_sites_may_use_the_api_with_a_key() {
    let server = Server::start().await;
    let asked = server
        .bare(Method::OPTIONS, "/agents")
        .header("origin", "https://shop.example");
    let asked = asked.header("access-control-request-method", "PATCH");
    let allowed = asked
        .header(
            "access-control-request-headers",
            "authorization,content-type",
        )
        .send()
        .await
        .unwrap();
    assert_eq!(allowed.status(), 200);
    let header = |name: &str| allowed.headers()[name].to_str().unwrap().to_lowercase();
    assert_eq!(header("access-control-allow-origin"), "*");
    assert!(header("access-control-allow-methods").contains("patch"));
    assert!(header("access-control-allow-headers").contains("authorization"));
    let refused = server
        .bare(Method::GET, "/agents")
        .header("origin", "https://shop.example")
        .send()
        .await
        .unwrap();
    assert_eq!(
        refused.headers()["access-control-allow-origin"],
        "*",
        "a refusal can be read too"
    );
}
