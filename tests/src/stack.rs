//! The real server with its local engines, in this process, on a free port and in a directory of its own: what the
//! benches call. How it answers is its own affair; it is reached only as any client reaches it.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use tokio::{sync::oneshot, task::JoinHandle};
use voiceos::{
    ServeError,
    config::{Config, Sources},
    engines, serve,
    talk::{
        Api,
        caller::Caller,
        client::{self, Format, Heard, Report},
    },
};
use voiceos_api::ConversationResponse;
use voiceos_audio::flac::{self, Recorded};
use voiceos_core::replay::{Replayed, replay};

/// Longer is no bench call.
const LIMIT: Duration = Duration::from_secs(600);
const KEY: &str = "vos_bench_of_this_machine";

/// A running server. [`Stack::stop`] ends it in order.
pub struct Stack {
    api: Api,
    agent: String,
    address: String,
    http: reqwest::Client,
    config: Config,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), ServeError>>,
    _data: tempfile::TempDir,
}

impl Stack {
    /// Loads the engines with the language model `fast`, `right` or a GGUF file, and serves the demo agent. What the
    /// environment sets (turn-taking, the voice) holds here, too.
    pub async fn start(model: &str) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let flags = vec![
            ("listen", "127.0.0.1:0".to_owned()),
            ("data_dir", data.path().display().to_string()),
            ("api_key", KEY.to_owned()),
            ("demo", "true".to_owned()),
            ("engines", "local".to_owned()),
            ("local.language_model", model.to_owned()),
        ];
        let config = Config::load(&Sources {
            flags,
            ..Sources::of_this_process()
        })?
        .config;
        let loading = config.clone();
        let engines = tokio::task::spawn_blocking(move || engines::load(&loading)).await??;
        let (ready, is_ready) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move { drop(stopped.await) };
        let served = tokio::spawn(serve(config.clone(), engines, ready, shutdown));
        let ready = is_ready.await.context("the server did not start")?;
        let address = format!("http://{}", ready.address);
        let api = Api::new(&address, KEY);
        let agent = api.agent(None).await?.id;
        let http = reqwest::Client::new();
        Ok(Self {
            api,
            agent,
            address,
            http,
            config,
            stop,
            served,
            _data: data,
        })
    }

    /// Holds one call with the demo agent.
    pub async fn call(
        &self,
        format: Format,
        caller: &mut dyn Caller,
        listener: &mut (dyn FnMut(Heard<'_>) + Send),
    ) -> Result<Report> {
        let web_call = self.api.create_web_call(&self.agent).await?;
        let socket = client::join(&web_call.url).await?;
        Ok(client::call(socket, format, caller, LIMIT, listener).await?)
    }

    /// A conversation as it is stored, once it has ended.
    pub async fn conversation(&self, id: &str) -> Result<ConversationResponse> {
        for _ in 0..100 {
            let bytes = self
                .get(&format!("/conversations/{id}"), "application/json")
                .await?;
            let conversation: ConversationResponse = serde_json::from_slice(&bytes)?;
            if conversation.ended_at.is_some() {
                return Ok(conversation);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::bail!("conversation {id} did not end within 5 s")
    }

    /// The server's own recording: caller left, agent right.
    pub async fn recording(&self, id: &str) -> Result<Recorded> {
        Ok(flac::read(
            self.get(&format!("/conversations/{id}/recording"), "audio/flac")
                .await?
                .as_slice(),
        )?)
    }

    /// Each fact of the call and what the conversation made of it.
    pub fn log(&self, id: &str) -> Result<Replayed> {
        let path = self.config.calls_dir().join(format!("{id}.call"));
        let file = std::fs::File::open(&path).with_context(|| path.display().to_string())?;
        Ok(replay(std::io::BufReader::new(file))?)
    }

    pub fn models_dir(&self) -> PathBuf {
        self.config.models_dir.clone()
    }

    pub async fn stop(self) -> Result<()> {
        drop(self.stop);
        Ok(self.served.await??)
    }

    async fn get(&self, path: &str, accept: &str) -> Result<Vec<u8>> {
        let request = self
            .http
            .get(format!("{}{path}", self.address))
            .bearer_auth(KEY)
            .header("accept", accept);
        Ok(request
            .send()
            .await?
            .error_for_status()?
            .bytes()
            .await?
            .to_vec())
    }
}
