//! The HTTP side of a server, as any program with a key sees it. Waits for levels with a limit, never for a fixed time.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Client, Method, RequestBuilder, StatusCode, header};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use voiceos_api::{ConversationResponse, Status};
use voiceos_audio::flac::{self, Recorded};

/// How often a level is looked at.
const LOOK: Duration = Duration::from_millis(25);

/// A server that answers, and a key to it.
#[derive(Clone)]
pub struct Api {
    /// Such as `http://127.0.0.1:8080`.
    pub url: String,
    pub key: String,
    http: Client,
}

/// A conversation that waits to be joined.
#[derive(Clone, Debug)]
pub struct WebCall {
    pub id: String,
    /// The WebSocket's address, token included.
    pub url: String,
}

impl Api {
    pub fn new(url: &str, key: &str) -> Self {
        // Whoever was first has chosen; both choices can do TLS.
        drop(rustls::crypto::ring::default_provider().install_default());
        Self {
            url: url.to_owned(),
            key: key.to_owned(),
            http: Client::new(),
        }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.url))
            .bearer_auth(&self.key)
    }

    /// Status and body, whatever they are.
    pub async fn send(&self, request: RequestBuilder) -> Result<(StatusCode, Value)> {
        let response = request.send().await.context("no answer")?;
        let status = response.status();
        let text = response.text().await.context("the answer broke off")?;
        Ok((
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        ))
    }

    /// # Errors
    /// Any status but success.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let (status, body) = self.send(self.request(Method::GET, path)).await?;
        ensure!(status.is_success(), "GET {path}: {status} {body}");
        Ok(body)
    }

    /// # Errors
    /// Any status but success.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let (status, answer) = self
            .send(self.request(Method::POST, path).json(body))
            .await?;
        ensure!(status.is_success(), "POST {path}: {status} {answer}");
        Ok(answer)
    }

    /// Asks for a call with an agent that exists only for it.
    pub async fn web_call(&self, agent: Value) -> Result<WebCall> {
        let made = self
            .post(
                "/conversations/create_web_call",
                &json!({ "agent_config": agent }),
            )
            .await?;
        let text = |value: &Value| {
            value
                .as_str()
                .map(str::to_owned)
                .with_context(|| format!("no text in {made}"))
        };
        Ok(WebCall {
            id: text(&made["id"])?,
            url: text(&made["web_call"]["url"])?,
        })
    }

    pub async fn conversation(&self, id: &str) -> Result<ConversationResponse> {
        let body = self.get(&format!("/conversations/{id}")).await?;
        serde_json::from_value(body).context("the conversation is not as the reference has it")
    }

    /// The conversation once it is `ended`, at most `limit` from now.
    pub async fn ended(&self, id: &str, limit: Duration) -> Result<ConversationResponse> {
        let end = Instant::now() + limit;
        loop {
            let conversation = self.conversation(id).await?;
            if conversation.status == Status::Ended {
                return Ok(conversation);
            }
            if Instant::now() > end {
                bail!("conversation {id} has not ended within {limit:?}: {conversation:?}");
            }
            sleep(LOOK).await;
        }
    }

    /// The recording by way of the address that the API gives out, decoded.
    pub async fn recording(&self, id: &str) -> Result<Recorded> {
        let body = self.get(&format!("/conversations/{id}/recording")).await?;
        let url = body["recording_url"].as_str().context("no recording_url")?;
        let response = self.http.get(url).send().await?.error_for_status()?;
        ensure!(
            response.headers()[header::CONTENT_TYPE] == "audio/flac",
            "not FLAC: {:?}",
            response.headers()
        );
        Ok(flac::read(response.bytes().await?.as_ref())?)
    }

    /// Places for calls that are taken now.
    pub async fn taken(&self) -> Result<u64> {
        self.get("/").await?["conversations"]["taken"]
            .as_u64()
            .context("no number of taken places")
    }

    /// Until no call is live or waits, at most `limit`.
    pub async fn idle(&self, limit: Duration) -> Result<()> {
        let end = Instant::now() + limit;
        while self.taken().await? > 0 {
            ensure!(
                Instant::now() < end,
                "{} calls are still live after {limit:?}",
                self.taken().await?
            );
            sleep(LOOK).await;
        }
        Ok(())
    }
}
