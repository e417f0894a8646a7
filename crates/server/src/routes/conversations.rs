//! Conversations: ask for a web call, list, get, delete.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use voiceos_api::{
    AccountId, AgentConfiguration, AgentId, ConversationId, ConversationType, Problems, Status,
    WebCall, WebCallResponse,
    problem::{self, Field, Step},
};
use voiceos_store::{ConversationFilter, NewConversation};

use crate::{
    app::{App, now},
    auth::{Caller, Owner},
    call::warm,
    calls::PendingCall,
    problem::Problem,
    request::{Body, base_url, query, read_list},
    routes::Routes,
    view::{View, Warnings},
};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/conversations", list)
        .post("/conversations/create_web_call", create_web_call)
        .get("/conversations/{id}", one)
        .delete("/conversations/{id}", delete)
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    view: View,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Json<Value>, Problem> {
    let (page, status) = read_list(&query(pairs), |query| {
        query.get("status").word(Status::WORDS)
    })?;
    let found = app
        .store
        .conversations(&caller.account, &ConversationFilter { status, page })
        .await?;
    Ok(view.show(&found))
}

async fn one(
    State(app): State<App>,
    caller: Caller,
    view: View,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let found = app
        .store
        .conversation(&caller.account, &ConversationId::from(id))
        .await?;
    Ok(view.show(&found))
}

async fn delete(
    State(app): State<App>,
    owner: Owner,
    view: View,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = ConversationId::from(id);
    if app.store.conversation(&owner.account, &id).await?.status != Status::Ended {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "the conversation has not ended yet",
        ));
    }
    let deleted = app.store.delete_conversation(&owner.account, &id).await?;
    for file in [
        app.recording_path(&deleted.id),
        app.call_log_path(&deleted.id),
    ] {
        if let Err(cause) = tokio::fs::remove_file(&file).await
            && cause.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(file = %file.display(), %cause, "the file of a deleted conversation is still there: remove it");
        }
    }
    Ok(view.show(&deleted))
}

/// Which agent a call is with.
struct Wanted {
    agent_id: Option<AgentId>,
    agent_config: Option<AgentConfiguration>,
}

impl Wanted {
    fn read(body: &Field<'_>) -> Option<Self> {
        body.object()?;
        let agent_id = body.get("agent_id").text().map(AgentId::from);
        let config = body.get("agent_config");
        let given = !config.is_absent() && !config.is_null();
        let agent_config = if given {
            AgentConfiguration::read_field(&config)
        } else {
            None
        };
        if agent_id.is_none() && !given {
            let msg = "one of agent_id and agent_config is required";
            body.report(voiceos_api::Problem::new(
                body.loc(),
                msg,
                "value_error.missing",
            ));
        }
        Some(Self {
            agent_id,
            agent_config,
        })
    }

    /// The configuration of the call: the one given, else that of the stored agent.
    async fn find(
        self,
        app: &App,
        account: &AccountId,
    ) -> Result<(Option<AgentId>, AgentConfiguration), Problem> {
        let stored = match &self.agent_id {
            Some(id) => Some(app.store.agent(account, id).await?),
            None => None,
        };
        let place: &[&str] = if self.agent_config.is_some() {
            &["body", "agent_config"]
        } else {
            &["body", "agent_id"]
        };
        let config = self
            .agent_config
            .or(stored.map(|agent| agent.configuration))
            .unwrap_or_default();
        only_local_engines(&config, place)?;
        Ok((self.agent_id, config))
    }
}

/// An agent may name cloud providers, but this server has none yet.
fn only_local_engines(config: &AgentConfiguration, place: &[&str]) -> Result<(), Problems> {
    let named = [
        ("voice", json!(config.voice)),
        ("language_model", json!(config.language_model)),
        ("transcriber", json!(config.transcriber)),
    ];
    let problem = |(field, value): (&str, Value)| {
        let provider = value.get("provider")?.as_str()?;
        let loc = place.iter().copied().chain([field]).map(Step::from);
        let msg = format!(
            "provider {provider} is not available: this server has only local engines so far; set {field} to null"
        );
        Some(voiceos_api::Problem::new(loc, msg, "value_error.provider"))
    };
    let detail: Vec<_> = named.into_iter().filter_map(problem).collect();
    if detail.is_empty() {
        Ok(())
    } else {
        Err(Problems { detail })
    }
}

async fn create_web_call(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<(Warnings, Json<WebCallResponse>), Problem> {
    let wanted = problem::read(&body, Wanted::read)?;
    let (agent_id, agent_config) = wanted.find(&app, &caller.account).await?;
    if app.stopping.is_cancelled() {
        return Err(Problem::unavailable("the server is stopping", 10));
    }
    let Some(place) = app.calls.place() else {
        let (limit, _) = app.calls.places();
        return Err(Problem::unavailable(
            format!("all {limit} places for calls are taken (limits.conversations)"),
            10,
        ));
    };
    let created_at = now();
    let new = NewConversation {
        id: ConversationId::new(created_at),
        account_id: caller.account.clone(),
        kind: ConversationType::WebCall,
        created_at,
        agent_id,
        agent_config: agent_config.clone(),
        phone_call: None,
        engine: Some(app.engine()),
    };
    let conversation = app.store.create_conversation(new).await?;
    let id = conversation.id.clone();
    let expires_at = created_at.after(app.config.limits.pending_call);
    let call = PendingCall {
        conversation: id.clone(),
        account: caller.account,
        agent: agent_config,
        place,
    };
    warm::while_it_rings(&app, &call.agent);
    let (token, taken) = app.calls.wait(call, expires_at);
    end_if_nobody_joins(app.clone(), id.clone(), taken);
    let base = base_url(&app, &headers).replacen("http", "ws", 1);
    let url = format!("{base}/conversations/{id}/media?token={token}");
    let web_call = WebCall {
        url,
        token,
        expires_at,
    };
    Ok((
        Warnings(problem::typos(&body, Wanted::read)),
        Json(WebCallResponse {
            conversation,
            web_call,
        }),
    ))
}

fn end_if_nobody_joins(app: App, id: ConversationId, taken: CancellationToken) {
    let tasks = app.tasks.clone();
    tasks.spawn(async move {
        tokio::select! {
            () = taken.cancelled() => return,
            () = tokio::time::sleep(app.config.limits.pending_call) => {}
            () = app.stopping.cancelled() => {}
        }
        if app.calls.give_up(&id).is_some() {
            app.nobody_came(&id).await;
        }
    });
}
