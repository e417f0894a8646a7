//! The log: how it looks, and one line for each request, without queries (tokens travel there) and bodies.

use std::{io::IsTerminal, time::Instant};

use axum::{extract::Request, middleware::Next, response::Response};
use tracing::{error, info, warn};
use tracing_subscriber::{EnvFilter, fmt};

use crate::{config::Log, problem::Cause};

/// Starts logging to stderr; a second call changes nothing.
pub fn start(log: &Log) {
    let filter = EnvFilter::try_new(&log.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal()) // a file or a pipe gets plain text
        .with_target(false);
    let started = if log.json {
        subscriber.json().try_init()
    } else {
        subscriber.compact().try_init()
    };
    // Already started: a test runs several servers in one process.
    drop(started);
}

pub(crate) async fn log_request(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    let (status, wait_ms) = (
        response.status().as_u16(),
        began.elapsed().as_millis() as u64,
    );
    match response.extensions().get::<Cause>() {
        Some(cause) if status >= 500 => {
            error!(%method, path, status, wait_ms, %cause, "request failed")
        }
        _ if status >= 500 => error!(%method, path, status, wait_ms, "request failed"),
        Some(cause) => warn!(%method, path, status, wait_ms, %cause, "request"),
        None => info!(%method, path, status, wait_ms, "request"),
    }
    response
}
