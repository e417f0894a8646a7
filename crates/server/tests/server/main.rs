//! The server as its clients meet it: in this process over HTTP, and as a program of its own.

mod agents;
mod conversations;
mod errors;
mod isolation;
mod limits;
mod page;
mod program;
mod published;

use std::{collections::BTreeMap, net::SocketAddr};

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;
use voiceos::{
    config::{Config, Sources},
    engines, serve,
};

const KEY: &str = "vos_key_of_the_tests";

/// A server on a free port with scripted engines.
struct Server {
    address: SocketAddr,
    client: Client,
    dir: TempDir,
    stop: Option<oneshot::Sender<()>>,
    done: tokio::task::JoinHandle<Result<(), voiceos::ServeError>>,
}

impl Server {
    async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With these settings besides.
    async fn with(settings: &[(&'static str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("a directory for the test");
        Self::on(dir, settings).await
    }

    async fn on(dir: TempDir, settings: &[(&'static str, &str)]) -> Self {
        let data_dir = dir.path().display().to_string();
        let own = [
            ("listen", "127.0.0.1:0"),
            ("data_dir", &data_dir),
            ("engines", "scripted"),
            ("api_key", KEY),
            ("demo", "true"),
        ];
        let flags = own
            .iter()
            .chain(settings)
            .map(|(key, value)| (*key, (*value).to_owned()))
            .collect();
        let sources = Sources {
            environment: BTreeMap::from([("HOME".into(), "/nowhere".into())]),
            flags,
            file: None,
        };
        let config = Config::load(&sources)
            .expect("the tests' settings are right")
            .config;
        let engines = engines::load(&config).expect("scripted engines");
        let ((ready, told), (stop, stopped)) = (oneshot::channel(), oneshot::channel::<()>());
        let shutdown = async { drop(stopped.await) };
        let done = tokio::spawn(serve(config, engines, ready, shutdown));
        let address = told.await.expect("the server starts").address;
        Self {
            address,
            client: client(),
            dir,
            stop: Some(stop),
            done,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request without a key.
    fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).bearer_auth(KEY)
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.ask(Method::GET, path)).await
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        answer(self.ask(Method::POST, path).json(&body)).await
    }

    async fn patch(&self, path: &str, body: Value) -> (u16, Value) {
        answer(self.ask(Method::PATCH, path).json(&body)).await
    }

    async fn delete(&self, path: &str) -> (u16, Value) {
        answer(self.ask(Method::DELETE, path)).await
    }

    /// Ends it and hands back its directory.
    async fn stop(mut self) -> TempDir {
        self.stop
            .take()
            .expect("it was not stopped before")
            .send(())
            .expect("it runs");
        self.done
            .await
            .expect("it does not panic")
            .expect("it ends well");
        self.dir
    }
}

fn client() -> Client {
    // Fails when another test was first.
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client")
}

async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.expect("the server answers");
    let status = response.status().as_u16();
    (status, response.json().await.expect("every answer is JSON"))
}

/// The first mistake of a 422: where, and of which type.
fn mistake(answer: (u16, Value)) -> (Value, Value) {
    assert_eq!(answer.0, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.1);
    (
        answer.1["detail"][0]["loc"].clone(),
        answer.1["detail"][0]["type"].clone(),
    )
}

fn detail(text: &str) -> Value {
    json!({"detail": text})
}
