//! `/` for browsers and for programs, and what the page may do.

use super::*;

/// The page's own token, if it got one.
async fn token(request: RequestBuilder) -> Option<String> {
    let response = request
        .header("accept", "text/html,application/xhtml+xml")
        .send()
        .await
        .expect("the page comes");
    assert!(
        response.headers()["content-type"]
            .to_str()
            .unwrap_or_default()
            .starts_with("text/html")
    );
    assert!(
        !response
            .headers()
            .contains_key("access-control-allow-origin"),
        "no other site may read the page"
    );
    let page = response.text().await.expect("the page is text");
    let (_, rest) = page
        .split_once("window.VOICEOS = ")
        .expect("the page is told its token");
    let config: Value =
        serde_json::from_str(rest.split_once(";</script>").expect("the script ends").0)
            .expect("JSON");
    config["token"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn programs_get_a_sign_of_life() {
    let server = Server::start().await;
    let (status, told) = answer(server.bare(Method::GET, "/")).await;
    assert_eq!(
        (status, &told["status"], &told["conversations"]["taken"]),
        (200, &json!("ok"), &json!(0))
    );
}

#[tokio::test]
async fn the_page_may_read_and_make_web_calls_and_nothing_else() {
    let server = Server::start().await;
    let token = token(server.bare(Method::GET, "/"))
        .await
        .expect("this machine's browser gets a token");
    let ask = |method, path: &str| server.bare(method, path).bearer_auth(&token);
    let (status, agents) = answer(ask(Method::GET, "/agents")).await;
    assert_eq!(
        (status, &agents["items"][0]["name"]),
        (200, &json!("Front desk of the Lighthouse Hotel"))
    );
    let agent = agents["items"][0]["uri"].as_str().unwrap();
    let body = json!({"agent_id": agents["items"][0]["id"]});
    let (status, call) =
        answer(ask(Method::POST, "/conversations/create_web_call").json(&body)).await;
    assert_eq!(status, 200);
    assert_eq!(
        answer(ask(Method::GET, call["uri"].as_str().unwrap()))
            .await
            .0,
        200
    );
    assert_eq!(
        answer(ask(Method::POST, "/agents").json(&json!({})))
            .await
            .0,
        403
    );
    assert_eq!(
        answer(ask(Method::PATCH, agent).json(&json!({}))).await.0,
        403
    );
    assert_eq!(answer(ask(Method::DELETE, agent)).await.0, 403);
    assert_eq!(
        answer(ask(Method::DELETE, call["uri"].as_str().unwrap()))
            .await
            .0,
        403
    );
}

#[tokio::test]
async fn only_a_person_at_this_machine_gets_a_token() {
    let server = Server::start().await;
    let page = || server.bare(Method::GET, "/");
    let port = server.address.port();
    assert!(
        token(page().header("host", format!("localhost:{port}")))
            .await
            .is_some()
    );
    assert!(
        token(page().header("sec-fetch-site", "none"))
            .await
            .is_some()
    );
    for (name, value) in [
        ("host", "rebound.example.com"),
        ("origin", "https://shop.example"),
        ("sec-fetch-site", "cross-site"),
        ("x-forwarded-for", "203.0.113.7"),
        ("via", "1.1 proxy"),
    ] {
        assert!(
            token(page().header(name, value)).await.is_none(),
            "{name}: {value}"
        );
    }
    let closed = Server::with(&[("page.open", "false")]).await;
    assert!(token(closed.bare(Method::GET, "/")).await.is_none());
    let everywhere = Server::with(&[("listen", "0.0.0.0:0")]).await;
    let url = format!("http://127.0.0.1:{}/", everywhere.address.port());
    assert!(token(everywhere.client.get(url)).await.is_none());
}
