//! Every mistake that the reference words, as clients of the original know it.

use super::*;

/// A body for `POST /agents`, and the one problem with it.
fn of_a_body() -> Vec<(&'static str, Value, Value)> {
    let voice = |field: &str, value: Value| json!({"voice": {"provider": "playht", field: value}});
    vec![
        (
            "a required field is missing",
            json!({"webhooks": [{"events": [], "method": "GET"}]}),
            json!({"loc": ["body", "webhooks", 0, "url"], "msg": "field required", "type": "value_error.missing"}),
        ),
        (
            "null where it is not allowed",
            voice("speed", json!(null)),
            json!({"loc": ["body", "voice", "speed"], "msg": "none is not an allowed value",
                "type": "type_error.none.not_allowed"}),
        ),
        (
            "the body is no object",
            json!([]),
            json!({"loc": ["body"], "msg": "value is not a valid dict", "type": "type_error.dict"}),
        ),
        (
            "no text",
            json!({"prompt": []}),
            json!({"loc": ["body", "prompt"], "msg": "str type expected", "type": "type_error.str"}),
        ),
        (
            "no whole number",
            json!({"max_duration_seconds": "long"}),
            json!({"loc": ["body", "max_duration_seconds"], "msg": "value is not a valid integer",
                "type": "type_error.integer"}),
        ),
        (
            "no number",
            voice("speed", json!("fast")),
            json!({"loc": ["body", "voice", "speed"], "msg": "value is not a valid float", "type": "type_error.float"}),
        ),
        (
            "neither true nor false",
            json!({"initial_message_interruptible": "maybe"}),
            json!({"loc": ["body", "initial_message_interruptible"], "msg": "value could not be parsed to a boolean",
                "type": "type_error.bool"}),
        ),
        (
            "too large",
            voice("speed", json!(5.5)),
            json!({"loc": ["body", "voice", "speed"], "msg": "ensure this value is less than or equal to 5",
                "type": "value_error.number.not_le", "ctx": {"limit_value": 5}}),
        ),
        (
            "too small",
            voice("speed", json!(-1)),
            json!({"loc": ["body", "voice", "speed"], "msg": "ensure this value is greater than or equal to 0",
                "type": "value_error.number.not_ge", "ctx": {"limit_value": 0}}),
        ),
        (
            "no list",
            json!({"webhooks": {}}),
            json!({"loc": ["body", "webhooks"], "msg": "value is not a valid list", "type": "type_error.list"}),
        ),
        (
            "an unknown word",
            json!({"webhooks": [{"events": [], "url": "https://example.com", "method": "PUT"}]}),
            json!({"loc": ["body", "webhooks", 0, "method"],
                "msg": "value is not a valid enumeration member; permitted: 'GET', 'POST'",
                "type": "type_error.enum", "ctx": {"enum_values": ["GET", "POST"]}}),
        ),
        (
            "an unknown provider",
            json!({"transcriber": {"provider": "acme"}}),
            json!({"loc": ["body", "transcriber", "provider"], "msg": "unexpected value; permitted: 'deepgram', 'azure'",
                "type": "value_error.const", "ctx": {"given": "acme", "permitted": ["deepgram", "azure"]}}),
        ),
    ]
}

#[tokio::test]
async fn each_mistake_in_a_body_is_worded_as_the_original_worded_it() {
    let server = Server::start().await;
    for (mistake, body, problem) in of_a_body() {
        assert_eq!(
            server.post("/agents", body).await,
            (422, json!({"detail": [problem]})),
            "{mistake}"
        );
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_worded_as_the_original_worded_it() {
    let server = Server::start().await;
    let raw = async |body: &'static str, media_type: &'static str| {
        let request = server.ask(Method::POST, "/agents");
        answer(request.header("content-type", media_type).body(body)).await
    };
    let missing = json!({"loc": ["body"], "msg": "field required", "type": "value_error.missing"});
    assert_eq!(
        raw("", "application/json").await,
        (422, json!({"detail": [missing]}))
    );
    let bad = json!({
        "loc": ["body", 5], "msg": "Expecting value: line 1 column 6 (char 5)", "type": "value_error.jsondecode",
        "ctx": {"msg": "Expecting value", "doc": "{\"a\":x}", "pos": 5, "lineno": 1, "colno": 6}
    });
    assert_eq!(
        raw(r#"{"a":x}"#, "application/json").await,
        (422, json!({"detail": [bad]}))
    );
    let other =
        json!({"loc": ["body"], "msg": "value is not a valid dict", "type": "type_error.dict"});
    assert_eq!(
        raw("a=b", "application/x-www-form-urlencoded").await,
        (422, json!({"detail": [other]}))
    );
}

#[tokio::test]
async fn each_mistake_in_a_query_is_worded_as_the_original_worded_it() {
    let server = Server::start().await;
    let words = ["started", "ended", "queued"];
    let queries = [
        (
            "/agents?created_after=2024-01-02",
            json!({"loc": ["query", "created_after"], "msg": "invalid datetime format", "type": "value_error.datetime"}),
        ),
        (
            "/conversations?status=over",
            json!({"loc": ["query", "status"],
                "msg": "value is not a valid enumeration member; permitted: 'started', 'ended', 'queued'",
                "type": "type_error.enum", "ctx": {"enum_values": words}}),
        ),
        (
            "/agents?index=first",
            json!({"loc": ["query", "index"], "msg": "value is not a valid integer", "type": "type_error.integer"}),
        ),
        (
            "/agents?index=0",
            json!({"loc": ["query", "index"], "msg": "ensure this value is greater than or equal to 1",
                "type": "value_error.number.not_ge", "ctx": {"limit_value": 1}}),
        ),
    ];
    for (query, problem) in queries {
        assert_eq!(
            server.get(query).await,
            (422, json!({"detail": [problem]})),
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_body_with_ten_mistakes_names_all_ten() {
    let server = Server::start().await;
    let body = json!({
        "prompt": [], "initial_message": {}, "max_duration_seconds": 0, "metadata": 1,
        "voice": {"provider": "elevenlabs", "stability": 2, "optimize_latency": "x"},
        "language_model": {"temperature": 3, "max_tokens": 0},
        "transcriber": {},
        "webhooks": [{"events": ["sunrise"], "url": "https://example.com", "method": "GET"}]
    });
    let (status, told) = server.post("/agents", body.clone()).await;
    let places: Vec<String> = told["detail"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| problem["loc"].to_string())
        .collect();
    let expected = [
        r#"["body","initial_message"]"#,
        r#"["body","prompt"]"#,
        r#"["body","voice","optimize_latency"]"#,
        r#"["body","voice","stability"]"#,
        r#"["body","language_model","temperature"]"#,
        r#"["body","language_model","max_tokens"]"#,
        r#"["body","transcriber","provider"]"#,
        r#"["body","max_duration_seconds"]"#,
        r#"["body","webhooks",0,"events",0]"#,
        r#"["body","metadata"]"#,
    ];
    assert_eq!(
        (status, places),
        (422, expected.map(str::to_owned).to_vec())
    );
    let (_, agent) = server.post("/agents", json!({})).await;
    let (status, told) = server.patch(agent["uri"].as_str().unwrap(), body).await;
    assert_eq!(
        (status, told["detail"].as_array().map(Vec::len)),
        (422, Some(10)),
        "a change is read the same way"
    );
}

#[tokio::test]
async fn a_likely_typo_comes_back_as_a_warning_and_other_unknown_fields_do_not() {
    let server = Server::start().await;
    let warnings = async |request: RequestBuilder| -> Vec<String> {
        let response = request.send().await.expect("the server answers");
        assert_eq!(response.status(), 200);
        response
            .headers()
            .get_all("voiceos-warning")
            .iter()
            .map(|value| value.to_str().unwrap().to_owned())
            .collect()
    };
    let create = |body: Value| server.ask(Method::POST, "/agents").json(&body);
    let told = warnings(create(
        json!({"pormpt": "Be brief.", "language_model": {"temprature": 1}}),
    ))
    .await;
    assert_eq!(
        told,
        [
            "unknown field pormpt; did you mean prompt?",
            "unknown field language_model.temprature; did you mean temperature?",
        ]
    );
    let nothing: [String; 0] = [];
    assert_eq!(
        warnings(create(json!({"favourite_colour": "red"}))).await,
        nothing
    );
    let (_, agent) = server.post("/agents", json!({})).await;
    let change = server.ask(Method::PATCH, agent["uri"].as_str().unwrap());
    assert_eq!(
        warnings(change.json(&json!({"knowlege": []}))).await,
        ["unknown field knowlege; did you mean knowledge?"]
    );
    let call = server.ask(Method::POST, "/conversations/create_web_call");
    assert_eq!(
        warnings(call.json(&json!({"agent_config": {"namé": "x", "promt": ""}}))).await,
        [
            "unknown field agent_config.nam\\u{e9}; did you mean name?",
            "unknown field agent_config.promt; did you mean prompt?",
        ]
    );
}
