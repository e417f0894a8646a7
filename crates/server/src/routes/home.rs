//! `/`: the page for browsers, a sign of life for programs.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header, uri::Authority},
    response::{Html, IntoResponse, Response},
};
use serde_json::json;

use crate::{
    app::{App, now},
    auth::BROWSER,
    routes::Routes,
};

const PAGE: &str = include_str!("../page/index.html");

/// Where the page takes its token from.
const PLACE: &str = "/*CONFIG*/";

/// A page that stays open longer has to be loaded again.
const LASTS: Duration = Duration::from_secs(12 * 3600);

const POLICY: &str = "default-src 'self'; script-src 'self' 'unsafe-inline' blob:; worker-src 'self' blob:; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src 'self' blob:; connect-src 'self' ws: wss:; \
    frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

pub(super) fn routes(routes: Routes) -> Routes {
    routes.get("/", home)
}

async fn home(State(app): State<App>, headers: HeaderMap) -> Response {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    if text(header::ACCEPT).is_some_and(|accept| accept.contains("text/html")) {
        return page(&app, &headers);
    }
    let (limit, taken) = app.calls.places();
    let health = json!({
        "name": "VoiceOS", "version": env!("CARGO_PKG_VERSION"), "status": "ok",
        "conversations": {"taken": taken, "limit": limit}
    });
    (
        [
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            (header::VARY, "accept"),
        ],
        Json(health),
    )
        .into_response()
}

fn page(app: &App, headers: &HeaderMap) -> Response {
    let config = if is_this_machine(app, headers) {
        json!({"token": app.signer.sign(BROWSER, now(), LASTS)})
    } else {
        json!({"token": null})
    };
    let page = PAGE.replacen(PLACE, &format!("window.VOICEOS = {config};"), 1);
    let fixed = |name, value| (name, HeaderValue::from_static(value));
    let headers = [
        fixed(header::CACHE_CONTROL, "no-store"),
        fixed(header::CONTENT_SECURITY_POLICY, POLICY),
        fixed(header::REFERRER_POLICY, "no-referrer"),
        fixed(header::VARY, "accept"),
        fixed(HeaderName::from_static("x-content-type-options"), "nosniff"),
    ];
    (headers, Html(page)).into_response()
}

/// Whether a person at this machine asks: the server listens to no other, the browser names it so (which a site that lets
/// its name lead here does not), no proxy stands between, and no other site's script is behind it.
fn is_this_machine(app: &App, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let named = text("host")
        .and_then(|host| host.parse::<Authority>().ok())
        .is_some_and(|authority| {
            let host = authority.host().trim_matches(['[', ']']);
            host == "localhost"
                || host
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|ip| ip.is_loopback())
        });
    let proxied = [
        "forwarded",
        "via",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-real-ip",
    ];
    let foreign = text("origin").is_some()
        || text("sec-fetch-site").is_some_and(|site| !matches!(site, "none" | "same-origin"));
    app.config.page_open
        && app.address.ip().is_loopback()
        && named
        && !foreign
        && !proxied.iter().any(|name| headers.contains_key(*name))
}
