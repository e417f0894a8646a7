//! `/openapi.json`, the description of the interface for programs, and `/docs`, the same for people.

mod page;

use std::sync::LazyLock;

use axum::{
    Json,
    http::{HeaderName, HeaderValue, header},
    response::{Html, IntoResponse, Response},
};
use serde_json::Value;
use voiceos_api::openapi;

use crate::routes::Routes;

static DOCUMENT: LazyLock<Value> = LazyLock::new(openapi::document);
static PAGE: LazyLock<String> = LazyLock::new(|| page::write(&DOCUMENT));

/// The page has a style sheet within and nothing else: no script, no picture, no other host.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

pub(super) fn routes(routes: Routes) -> Routes {
    routes.get("/openapi.json", document).get("/docs", docs)
}

async fn document() -> Json<&'static Value> {
    Json(&DOCUMENT)
}

async fn docs() -> Response {
    let fixed = |name, value| (name, HeaderValue::from_static(value));
    let headers = [
        fixed(header::CONTENT_SECURITY_POLICY, POLICY),
        fixed(header::REFERRER_POLICY, "no-referrer"),
        fixed(HeaderName::from_static("x-content-type-options"), "nosniff"),
    ];
    (headers, Html(PAGE.as_str())).into_response()
}
