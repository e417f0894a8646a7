//! Recordings: the address of one, and the file itself, in parts when asked.

use std::time::Duration;

use axum::{
    Json,
    extract::{Path, Query, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use tower_http::services::ServeFile;
use voiceos_api::{ConversationId, RecordingUrl};

use crate::{
    app::{App, now},
    auth::Caller,
    problem::Problem,
    request::base_url,
    routes::Routes,
};

/// Long enough to listen to a long call, short enough for a link that strayed.
const LASTS: Duration = Duration::from_secs(3600);

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/conversations/{id}/recording", address)
        .get("/recordings/{file}", file)
}

fn subject(id: &ConversationId) -> String {
    format!("recording {id}")
}

/// The address as JSON; the file itself for those who accept only audio.
async fn address(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let conversation = app
        .store
        .conversation(&caller.account, &ConversationId::from(id))
        .await?;
    if conversation.recording.is_none() {
        let why = if conversation.ended_at.is_some() {
            "the conversation has no recording"
        } else {
            "the recording is there once the conversation has ended"
        };
        return Err(Problem::new(StatusCode::NOT_FOUND, why));
    }
    let accept = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if accept.starts_with("audio/") {
        return send(&app, &conversation.id, request).await;
    }
    let token = app.signer.sign(&subject(&conversation.id), now(), LASTS);
    let base = base_url(&app, request.headers());
    let recording_url = format!("{base}/recordings/{}.flac?token={token}", conversation.id);
    Ok(Json(RecordingUrl { recording_url }).into_response())
}

async fn file(
    State(app): State<App>,
    Path(file): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
    request: Request,
) -> Result<Response, Problem> {
    let token = pairs
        .iter()
        .find(|(name, _)| name == "token")
        .map(|(_, token)| token.as_str());
    let id = ConversationId::from(file.strip_suffix(".flac").unwrap_or_default());
    match token {
        Some(token) if app.signer.allows(token, &subject(&id), now()) => {
            send(&app, &id, request).await
        }
        _ => {
            let detail = "this address is wrong or too old: ask GET /conversations/{id}/recording for a new one";
            Err(Problem::new(StatusCode::FORBIDDEN, detail))
        }
    }
}

/// `id` comes from the store or from a signed token, so it names no other file.
async fn send(app: &App, id: &ConversationId, request: Request) -> Result<Response, Problem> {
    let mut file = ServeFile::new(app.recording_path(id));
    let response = file.try_call(request).await;
    let mut response = response
        .map_err(|_| Problem::not_found("recording"))?
        .map(axum::body::Body::new);
    if response.status() == StatusCode::NOT_FOUND {
        return Err(Problem::not_found("recording"));
    }
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("audio/flac"));
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    Ok(response)
}
