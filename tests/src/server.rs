//! A server in this process: the real one, with its own data directory, on a port of its own.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle};
use voiceos::{
    ServeError,
    config::{Config, Loaded, Sources},
};
use voiceos_api::Event;
use voiceos_core::replay::{Replayed, replay};
use voiceos_providers::{Engines, scripted};
use voiceos_store::Store;

use crate::api::Api;

/// Ends when it is dropped; [`Server::stop`] ends it as SIGTERM would and waits.
pub struct Server {
    pub api: Api,
    /// The data directory, gone with the server.
    pub data: Data,
    stop: Option<oneshot::Sender<()>>,
    done: JoinHandle<Result<(), ServeError>>,
}

/// A data directory and what lies in it.
pub struct Data {
    dir: PathBuf,
    _gone_with_it: Option<TempDir>,
}

impl Data {
    pub fn new() -> Result<Self> {
        let dir = tempfile::tempdir()?;
        Ok(Self {
            dir: dir.path().to_owned(),
            _gone_with_it: Some(dir),
        })
    }

    /// One that somebody else made and removes.
    pub fn at(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            _gone_with_it: None,
        }
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// All events of a conversation, in order.
    ///
    /// # Errors
    /// Also when their numbers have a gap, or their times run backwards.
    pub async fn events(&self, conversation: &str) -> Result<Vec<Event>> {
        let store = Store::open(&self.dir).await?;
        let events = store
            .events(&conversation.to_owned().into(), 0, 100_000)
            .await;
        store.close().await;
        let events = events?;
        for (before, event) in (0..).zip(&events) {
            anyhow::ensure!(
                event.seq == before + 1,
                "event {} comes after event {before}",
                event.seq
            );
        }
        anyhow::ensure!(
            events.is_sorted_by_key(|event| event.at_ms),
            "the events' times run backwards: {events:?}"
        );
        Ok(events)
    }

    /// The call's log, played again.
    pub fn replay(&self, conversation: &str) -> Result<Replayed> {
        let path = self.dir.join("calls").join(format!("{conversation}.call"));
        let file = std::fs::File::open(&path)
            .with_context(|| format!("{} cannot be opened", path.display()))?;
        Ok(replay(std::io::BufReader::new(file))?)
    }
}

/// Names of events in their order, as the reference has them.
pub fn names(events: &[Event]) -> Vec<&'static str> {
    events
        .iter()
        .map(|event| event.happening.name().as_str())
        .collect()
}

/// The default configuration with `settings` (dotted keys) laid over it; nothing comes from the environment.
pub fn config(data: &Path, settings: &[(&'static str, &str)]) -> Result<Config> {
    let own = [
        ("listen", "127.0.0.1:0".to_owned()),
        ("data_dir", data.display().to_string()),
    ];
    let settings = settings
        .iter()
        .map(|(key, value)| (*key, (*value).to_owned()));
    let flags = own
        .into_iter()
        .chain([("engines", "scripted".to_owned())])
        .chain(settings)
        .collect();
    let Loaded { config, .. } = Config::load(&Sources {
        flags,
        ..Sources::default()
    })?;
    Ok(config)
}

impl Server {
    /// With scripted engines whose model says `answers`.
    pub async fn scripted(answers: &[&str], settings: &[(&'static str, &str)]) -> Result<Self> {
        Self::start(
            scripted::engines(answers.iter().map(|answer| (*answer).to_owned()).collect()),
            settings,
        )
        .await
    }

    pub async fn start(engines: Engines, settings: &[(&'static str, &str)]) -> Result<Self> {
        let data = Data::new()?;
        let config = config(data.dir(), settings)?;
        let (ready, told) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move {
            let _ = stopped.await; // dropped or told, it is time to stop
        };
        let done = tokio::spawn(voiceos::serve(config, engines, ready, shutdown));
        let Ok(ready) = told.await else {
            done.await??;
            anyhow::bail!("the server ended before it was ready");
        };
        let key = std::fs::read_to_string(&ready.furnished.key_file)
            .context("the first key cannot be read")?;
        let api = Api::new(&format!("http://{}", ready.address), key.trim());
        Ok(Self {
            api,
            data,
            stop: Some(stop),
            done,
        })
    }

    /// Asks the server to end, as SIGTERM does, and waits until it has; the records stay readable.
    pub async fn stop(mut self) -> Result<Data> {
        drop(self.stop.take());
        self.done.await??;
        Ok(self.data)
    }

    /// Asks it to end and does not wait.
    pub fn ask_to_stop(&mut self) {
        drop(self.stop.take());
    }
}
