//! The HTTP interface: which path does what, and what holds for all of them.

mod agents;
mod control;
mod conversations;
mod home;
mod media;
mod recordings;
mod reference;
mod table;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, Method, StatusCode, Uri, header},
    middleware,
    response::{IntoResponse, Redirect, Response},
};
use tower_http::{
    cors::{Any, CorsLayer},
    timeout::TimeoutLayer,
};

pub use table::{Operation, Routes};

use crate::{app::App, problem::Problem, rates, telemetry, view::WARNING};

/// Every operation there is.
pub fn operations() -> Vec<Operation> {
    home::routes(open()).operations
}

/// What scripts of other sites may use too, with a key.
fn open() -> Routes {
    [
        agents::routes,
        conversations::routes,
        control::routes,
        media::routes,
        recordings::routes,
        reference::routes,
    ]
    .into_iter()
    .fold(Routes::default(), |all, more| more(all))
}

/// Everything the server answers.
pub fn routes(app: App) -> Router {
    let limits = app.config.limits;
    let (open, home) = (open().router, home::routes(Routes::default()).router);
    Router::new()
        // The answer to a wrong method comes first, or it would answer a browser's OPTIONS before the layer does.
        .merge(
            open.method_not_allowed_fallback(wrong_method)
                .layer(middleware::from_fn_with_state(app.clone(), rates::limit))
                .layer(cors()),
        )
        // Without CORS: another site's script must not read the token in the page.
        .merge(home.method_not_allowed_fallback(wrong_method))
        .fallback(nothing_here)
        .layer(DefaultBodyLimit::max(limits.body))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            limits.request,
        ))
        .layer(middleware::from_fn(telemetry::log_request))
        .with_state(app)
}

fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([
            Method::GET,
            Method::POST,
            Method::PATCH,
            Method::DELETE,
            Method::OPTIONS,
        ])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("idempotency-key"),
        ])
        .expose_headers([
            WARNING,
            header::RETRY_AFTER,
            rates::LIMIT,
            rates::REMAINING,
            rates::RESET,
        ])
        .max_age(std::time::Duration::from_secs(3600))
}

/// A slash too much at the end is forgiven, method and body kept.
async fn nothing_here(uri: Uri) -> Response {
    match uri.path().strip_suffix('/') {
        // Two slashes at the start would lead to another host.
        Some(path) if path.len() > 1 && !path.starts_with("//") => {
            let query = uri
                .query()
                .map(|query| format!("?{query}"))
                .unwrap_or_default();
            Redirect::temporary(&format!("{path}{query}")).into_response()
        }
        _ => Problem::new(StatusCode::NOT_FOUND, "Not Found").into_response(),
    }
}

async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
}
