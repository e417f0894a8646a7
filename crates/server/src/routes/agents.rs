//! Agents: create, list, get, change, delete.

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, header},
    routing::{get, post},
};
use serde_json::Value;
use voiceos_api::{AgentConfiguration, AgentId, AgentPagination, AgentResponse};

use crate::{
    app::{App, now},
    auth::{Caller, Owner},
    problem::Problem,
    request::{Body, query, read_list},
};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/agents", post(create).get(list))
        .route("/agents/{id}", get(one).patch(change).delete(delete))
}

async fn create(
    State(app): State<App>,
    owner: Owner,
    Body(body): Body,
) -> Result<Json<AgentResponse>, Problem> {
    let configuration = AgentConfiguration::read(&body)?;
    Ok(Json(
        app.store
            .create_agent(&owner.account, configuration, now())
            .await?,
    ))
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Json<AgentPagination>, Problem> {
    let (page, ()) = read_list(&query(pairs), |_| ())?;
    Ok(Json(app.store.agents(&caller.account, &page).await?))
}

async fn one(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<AgentResponse>, Problem> {
    Ok(Json(
        app.store.agent(&caller.account, &AgentId::from(id)).await?,
    ))
}

async fn change(
    State(app): State<App>,
    owner: Owner,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(mut body): Body,
) -> Result<Json<AgentResponse>, Problem> {
    if is_published_python_client(&headers) {
        drop_unasked_limit(&mut body);
    }
    Ok(Json(
        app.store
            .patch_agent(&owner.account, &AgentId::from(id), body, now())
            .await?,
    ))
}

fn is_published_python_client(headers: &HeaderMap) -> bool {
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    agent.starts_with("OpenAPI-Generator/") && agent.contains("/python")
}

/// That client sends `max_duration_seconds: 600` with every change, whether or not its user said so.
fn drop_unasked_limit(body: &mut Value) {
    if let Some(fields) = body.as_object_mut()
        && fields.len() > 1
        && fields.get("max_duration_seconds").and_then(Value::as_i64) == Some(600)
    {
        fields.shift_remove("max_duration_seconds");
    }
}

async fn delete(
    State(app): State<App>,
    owner: Owner,
    Path(id): Path<String>,
) -> Result<Json<AgentResponse>, Problem> {
    Ok(Json(
        app.store
            .delete_agent(&owner.account, &AgentId::from(id))
            .await?,
    ))
}
