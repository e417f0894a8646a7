//! Whole calls against scripted engines, as a well-behaved phone holds them.

use std::time::Duration;

use anyhow::Result;
use serde_json::Value;
use voiceos::talk::{
    caller::{Script, Step},
    client::{self, Format, Report},
};
use voiceos_api::{ConversationResponse, Role};

use crate::{api::Api, line::tone};

/// What a scripted call takes at most, on a machine that is busy with other things.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Hears the greeting, asks `questions` times and hears each answer out, hangs up.
pub fn asks(questions: usize, rate: u32) -> Script {
    Script::conversation(rate, std::iter::repeat_n(tone(300, rate), questions))
}

/// One call through the public API with an agent of its own; the conversation is as it was stored.
pub async fn call(
    api: &Api,
    agent: Value,
    format: Format,
    script: &mut Script,
) -> Result<(Report, ConversationResponse)> {
    let made = api.web_call(agent).await?;
    let socket = client::join(&made.url).await?;
    let report = client::call(socket, format, script, LIMIT, &mut |_| {}).await?;
    anyhow::ensure!(
        report.conversation_id == made.id,
        "joined {} instead of {}",
        report.conversation_id,
        made.id
    );
    Ok((report, api.ended(&made.id, LIMIT).await?))
}

/// Says `steps`, whatever the agent does.
pub fn script(steps: impl IntoIterator<Item = Step>) -> Script {
    Script::new(Format::WIDE.rate, steps)
}

/// Who said what.
pub fn lines(conversation: &ConversationResponse) -> Vec<(Role, &str)> {
    let messages = conversation.messages.iter().flatten();
    messages
        .map(|message| (message.role, message.content.as_str()))
        .collect()
}
