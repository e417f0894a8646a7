//! `GET /conversations/{id}/media?token=…`: the WebSocket of a web call (docs/guide/web-call.md). The token works once.

use std::time::Duration;

use axum::{
    extract::{
        Path, Query, State, WebSocketUpgrade,
        ws::{WebSocket, rejection::WebSocketUpgradeRejection},
    },
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use voiceos_api::ConversationId;
use voiceos_carriers::web::ServerMessage;

use crate::{
    app::{App, now},
    call::{Answered, Control, hold, web_leg},
    calls::PendingCall,
    live::Line,
    problem::Problem,
    routes::Routes,
};

/// Controls that wait for their call; more are refused.
const CONTROLS: usize = 16;

/// How long a call may take to say goodbye when the server stops.
const GOODBYE: Duration = Duration::from_secs(5);

pub(super) fn routes(routes: Routes) -> Routes {
    routes.get("/conversations/{id}/media", join)
}

#[derive(Deserialize)]
struct Joining {
    #[serde(default)]
    token: String,
}

async fn join(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(Joining { token }): Query<Joining>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(why) => return Problem::new(why.status(), why.body_text()).into_response(),
    };
    let call = app.calls.redeem(&ConversationId::from(id), &token, now());
    let Some(call) = call else {
        return Problem::new(
            StatusCode::FORBIDDEN,
            "this token joins no call: ask for a new one with POST /conversations/create_web_call",
        )
        .into_response();
    };
    let (failed, id) = (app.clone(), call.conversation.clone());
    let upgrade = upgrade
        .max_message_size(256 * 1024)
        .on_failed_upgrade(move |_| {
            tokio::spawn(async move { failed.nobody_came(&id).await });
        });
    upgrade.on_upgrade(move |socket| {
        let tasks = app.tasks.clone();
        tasks.track_future(web_call(app, call, socket))
    })
}

async fn web_call(app: App, call: PendingCall, mut socket: WebSocket) {
    let PendingCall {
        conversation: id,
        account,
        agent,
        place,
    } = call;
    let format = match web_leg::start(&mut socket).await {
        Ok(format) => format,
        Err(message) => {
            app.nobody_came(&id).await;
            return web_leg::close(socket, ServerMessage::Error { message }).await;
        }
    };
    let (leg, ends) = web_leg::leg(format);
    let ready = ServerMessage::Ready {
        conversation_id: id.to_string(),
        encoding: format.encoding,
        sample_rate: format.rate,
    };
    web_leg::tell(&mut socket, &ready).await;
    let (controls, control) = mpsc::channel(CONTROLS);
    let over = CancellationToken::new();
    let line = Line::new(account, controls.clone(), over.clone());
    let listed = app.live.list(id.clone(), line);
    let stop = tokio::spawn(stop_with_server(
        app.stopping.clone(),
        controls,
        over.clone(),
    ));
    let answered = Answered {
        id,
        agent,
        leg,
        control,
        rules: app.config.rules(),
        gate: app.config.gate(),
        engines: app.engines.clone(),
        store: app.store.clone(),
        places: app.config.places(),
        at: now(),
    };
    let (socket, reason) = tokio::join!(web_leg::carry(socket, ends), hold(answered));
    // From here on nobody finds it any more, and who waits for its end finds that stored.
    drop(listed);
    over.cancel();
    let reason = reason.as_str().to_owned();
    web_leg::close(socket, ServerMessage::Ended { reason }).await;
    let _ = stop.await;
    drop(place);
}

/// When the server stops, the call ends politely, and after a while in any case.
async fn stop_with_server(
    stopping: CancellationToken,
    controls: mpsc::Sender<Control>,
    over: CancellationToken,
) {
    tokio::select! {
        () = over.cancelled() => {}
        () = stopping.cancelled() => {
            let _ = controls.send(Control::HangUp).await;
            tokio::select! {
                () = over.cancelled() => {}
                () = tokio::time::sleep(GOODBYE) => {
                    let _ = controls.send(Control::Shutdown).await;
                }
            }
        }
    }
}
