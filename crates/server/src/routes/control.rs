//! Reaching into a live conversation: say something, end it.

use std::time::Duration;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde_json::Value;
use voiceos_api::{
    ConversationId, Status,
    problem::{self, Field},
};

use crate::{
    app::App,
    auth::Owner,
    call::Control,
    live::{Line, Unreached},
    problem::Problem,
    request::Body,
    routes::Routes,
    view::{View, Warnings},
};

/// Characters of a text to say; longer ones nobody listens to.
const LONGEST: usize = 10_000;

/// How long the answer waits for the end; a sentence that is being said is said to its end.
const GOODBYE: Duration = Duration::from_secs(15);

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .post("/conversations/{id}/end", end)
        .post("/conversations/{id}/say", say)
}

async fn end(
    State(app): State<App>,
    owner: Owner,
    view: View,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = ConversationId::from(id);
    let line = line(&app, &owner, &id).await?;
    line.control(Control::HangUp).map_err(unreached)?;
    // When the goodbye takes longer, the answer shows the conversation as it is by then.
    let _ = tokio::time::timeout(GOODBYE, line.over()).await;
    let ended = app.store.conversation(&owner.account, &id).await?;
    Ok(view.show(&ended))
}

/// What to say, and whether the caller may talk over it.
struct Words {
    text: String,
    interruptible: bool,
}

impl Words {
    fn read(body: &Field<'_>) -> Option<Self> {
        body.object()?;
        let text = body.get("text").required();
        let interruptible = body.get("interruptible").not_null().truth().unwrap_or(true);
        Some(Self {
            text: text.text_within(1..=LONGEST)?,
            interruptible,
        })
    }
}

async fn say(
    State(app): State<App>,
    owner: Owner,
    view: View,
    Path(id): Path<String>,
    Body(body): Body,
) -> Result<(Warnings, Json<Value>), Problem> {
    let id = ConversationId::from(id);
    let line = line(&app, &owner, &id).await?;
    let Words {
        text,
        interruptible,
    } = problem::read(&body, Words::read)?;
    let say = Control::Say {
        text,
        interruptible,
    };
    line.control(say).map_err(unreached)?;
    let conversation = app.store.conversation(&owner.account, &id).await?;
    let typos = problem::typos(&body, Words::read);
    Ok((Warnings(typos), view.show(&conversation)))
}

/// The line into a conversation of ours that is live.
async fn line(app: &App, owner: &Owner, id: &ConversationId) -> Result<Line, Problem> {
    if let Some(line) = app.live.line(&owner.account, id) {
        return Ok(line);
    }
    let conversation = app.store.conversation(&owner.account, id).await?;
    Err(not_live(conversation.status))
}

fn not_live(status: Status) -> Problem {
    let detail = match status {
        Status::Queued => "the conversation has not started yet",
        Status::Started => "the conversation is just starting or ending",
        Status::Ended => "the conversation has ended",
    };
    Problem::new(StatusCode::CONFLICT, detail)
}

fn unreached(why: Unreached) -> Problem {
    match why {
        Unreached::Busy => Problem::unavailable("the call is busy with what it was told before", 1),
        Unreached::Over => not_live(Status::Ended),
    }
}
