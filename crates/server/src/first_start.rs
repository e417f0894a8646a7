//! What a server needs before the first request: directories, an account, a key, and when asked for an agent to talk with.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use voiceos_api::{AccountId, AgentConfiguration, AgentId};
use voiceos_store::{Page, Store, StoreError};

use crate::{
    app::now,
    config::{Config, Secret},
    signer::random_text,
};

/// The front desk of a small hotel.
const DEMO: &str = include_str!("../../local/demo/hotel.json");

/// The file in the data directory that holds the first key, for those on this machine.
const KEY_FILE: &str = "api-key";

/// What there is to talk with.
#[derive(Clone, Debug)]
pub struct Furnished {
    pub account: AccountId,
    /// Set when it was made just now: it is shown this once.
    pub new_key: Option<Secret>,
    pub key_file: PathBuf,
    pub demo: Option<AgentId>,
}

/// Makes what is missing.
pub async fn furnish(config: &Config, store: &Store) -> Result<Furnished, StoreError> {
    for dir in [config.recordings_dir(), config.calls_dir()] {
        fs::create_dir_all(&dir).map_err(|cause| StoreError::Unreachable { file: dir, cause })?;
    }
    let account = store.first_account(now()).await?;
    let key_file = config.data_dir.join(KEY_FILE);
    let new_key = first_key(config, store, &account, &key_file).await?;
    let demo = if config.demo {
        Some(demo_agent(store, &account).await?)
    } else {
        None
    };
    Ok(Furnished {
        account,
        new_key,
        key_file,
        demo,
    })
}

/// The key is in its file before it works, so that a crash in between leaves no key that nobody knows.
async fn first_key(
    config: &Config,
    store: &Store,
    account: &AccountId,
    file: &Path,
) -> Result<Option<Secret>, StoreError> {
    let unreachable = |cause| StoreError::Unreachable {
        file: file.to_owned(),
        cause,
    };
    if let Some(preset) = &config.api_key {
        if store.find_key(preset.reveal()).await?.is_none() {
            store
                .create_key(account, "preset", preset.reveal(), now())
                .await?;
        }
        write_private(file, preset.reveal()).map_err(unreachable)?;
        return Ok(None);
    }
    if !store.keys(account).await?.is_empty() {
        return Ok(None);
    }
    let left = fs::read_to_string(file)
        .ok()
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty());
    let key = left.unwrap_or_else(|| format!("vos_{}", random_text(24)));
    write_private(file, &key).map_err(unreachable)?;
    store.create_key(account, "first", &key, now()).await?;
    Ok(Some(Secret::new(key)))
}

/// Replaces the file as a whole, for this user only.
fn write_private(file: &Path, text: &str) -> io::Result<()> {
    let beside = file.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut opened = options.open(&beside)?;
    writeln!(opened, "{text}")?;
    opened.sync_all()?;
    fs::rename(&beside, file)
}

/// What the demo agent is made of.
pub fn demo() -> AgentConfiguration {
    let body = serde_json::from_str(DEMO).expect("the built-in agent is JSON; a test reads it");
    AgentConfiguration::read(&body).expect("the built-in agent has no mistake; a test reads it")
}

async fn demo_agent(store: &Store, account: &AccountId) -> Result<AgentId, StoreError> {
    let wanted = demo();
    let there = store
        .agents(
            account,
            &Page {
                limit: 1000,
                ..Page::default()
            },
        )
        .await?;
    match there
        .items
        .into_iter()
        .find(|agent| agent.configuration.name == wanted.name)
    {
        Some(agent) => Ok(agent.id),
        None => Ok(store.create_agent(account, wanted, now()).await?.id),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_built_in_agent_can_be_read() {
        let demo = super::demo();
        assert!(demo.name.is_some() && demo.prompt.is_some() && !demo.knowledge.is_empty());
    }
}
