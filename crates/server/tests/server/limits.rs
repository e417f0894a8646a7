//! How much one key may ask.

use super::*;

#[tokio::test]
async fn a_key_that_asks_too_much_is_told_when_to_come_back() {
    let server = Server::with(&[("limits.requests_per_minute", "3")]).await;
    let mut remaining = Vec::new();
    for _ in 0..3 {
        let response = server.ask(Method::GET, "/agents").send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["ratelimit-limit"], "3");
        remaining.push(
            response.headers()["ratelimit-remaining"]
                .to_str()
                .unwrap()
                .to_owned(),
        );
    }
    assert_eq!(remaining, ["2", "1", "0"]);
    let refused = server.ask(Method::GET, "/agents").send().await.unwrap();
    assert_eq!(refused.status(), 429);
    let wait: u32 = refused.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    assert_eq!(refused.headers()["ratelimit-remaining"], "0");
    assert_eq!(
        refused.headers()["access-control-allow-origin"],
        "*",
        "a page of another site can read it too"
    );
    let told: Value = refused.json().await.unwrap();
    assert!(
        told["detail"]
            .as_str()
            .unwrap()
            .contains("3 times a minute"),
        "{told}"
    );
    assert_eq!(
        answer(server.bare(Method::GET, "/")).await.0,
        200,
        "health is not counted"
    );
    let other = server
        .bare(Method::GET, "/agents")
        .bearer_auth("vos_another");
    assert_eq!(
        answer(other).await.0,
        401,
        "another key is counted for itself"
    );
}

#[tokio::test]
async fn the_default_is_generous() {
    let server = Server::start().await;
    let response = server.ask(Method::GET, "/agents").send().await.unwrap();
    assert_eq!(response.headers()["ratelimit-limit"], "60000");
    let unlimited = Server::with(&[("limits.requests_per_minute", "0")]).await;
    let response = unlimited.ask(Method::GET, "/agents").send().await.unwrap();
    assert!(!response.headers().contains_key("ratelimit-limit"));
}
