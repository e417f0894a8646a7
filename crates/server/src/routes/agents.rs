//! Agents: create, list, get, change, delete.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use serde_json::Value;
use voiceos_api::{AgentConfiguration, AgentId};

use crate::{
    app::{App, now},
    auth::{Caller, Owner},
    problem::Problem,
    request::{Body, query, read_list},
    routes::Routes,
    view::{View, Warnings},
};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .post("/agents", create)
        .get("/agents", list)
        .get("/agents/{id}", one)
        .patch("/agents/{id}", change)
        .delete("/agents/{id}", delete)
}

async fn create(
    State(app): State<App>,
    owner: Owner,
    view: View,
    Body(body): Body,
) -> Result<(Warnings, Json<Value>), Problem> {
    let configuration = AgentConfiguration::read(&body)?;
    let made = app
        .store
        .create_agent(&owner.account, configuration, now())
        .await?;
    Ok((Warnings(AgentConfiguration::typos(&body)), view.show(&made)))
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    view: View,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Json<Value>, Problem> {
    let (page, ()) = read_list(&query(pairs), |_| ())?;
    Ok(view.show(&app.store.agents(&caller.account, &page).await?))
}

async fn one(
    State(app): State<App>,
    caller: Caller,
    view: View,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let agent = app.store.agent(&caller.account, &AgentId::from(id)).await?;
    Ok(view.show(&agent))
}

async fn change(
    State(app): State<App>,
    owner: Owner,
    view: View,
    Path(id): Path<String>,
    Body(mut body): Body,
) -> Result<(Warnings, Json<Value>), Problem> {
    if view == View::Legacy {
        drop_unasked_limit(&mut body);
    }
    let typos = AgentConfiguration::typos(&body);
    let changed = app
        .store
        .patch_agent(&owner.account, &AgentId::from(id), body, now())
        .await?;
    Ok((Warnings(typos), view.show(&changed)))
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
    view: View,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let deleted = app
        .store
        .delete_agent(&owner.account, &AgentId::from(id))
        .await?;
    Ok(view.show(&deleted))
}
