//! Reads agents' instructions before anybody asks: at the start of the server and while a call rings. A prompt that was
//! read is kept by the language model, so that the first question pays only for its own words.

use futures::future::BoxFuture;
use tracing::debug;
use voiceos_api::AgentConfiguration;
use voiceos_providers::{Engines, Prompt};
use voiceos_store::Page;

use crate::app::App;

/// Agents that are made ready at the start; the others are when they are called.
const AGENTS: u32 = 4;

/// Reads the agent's instructions and knowledge; at once when they are known. Dropping it gives up.
fn warm(engines: &Engines, agent: &AgentConfiguration) -> BoxFuture<'static, ()> {
    engines.language_model.warm(Prompt {
        system: agent.prompt.clone().unwrap_or_default(),
        knowledge: agent.knowledge.clone().into(),
        ..Prompt::default()
    })
}

/// Makes the language model ready for this agent, in the background.
pub fn while_it_rings(app: &App, agent: &AgentConfiguration) {
    let (warmed, stopping) = (warm(&app.engines, agent), app.stopping.clone());
    tokio::spawn(async move { stopping.run_until_cancelled(warmed).await });
}

/// Makes the language model ready for the newest agents, one after the other, in the background.
pub fn newest_agents(app: &App) {
    let app = app.clone();
    tokio::spawn(async move {
        let page = Page {
            limit: AGENTS,
            ..Page::default()
        };
        // Without the store there is nobody to warm for; calls will say so.
        let Ok(agents) = app.store.agents(&app.first_account, &page).await else {
            return;
        };
        for agent in agents.items {
            let warmed = warm(&app.engines, &agent.configuration);
            if app.stopping.run_until_cancelled(warmed).await.is_none() {
                return;
            }
            debug!(agent.id = %agent.id, "instructions read");
        }
    });
}
