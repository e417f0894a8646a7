//! The three requests that lead to a call. What happens on the socket afterwards is the client's affair.

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::TalkError;

/// The HTTP side of a server.
pub struct Api {
    base: String,
    key: String,
    http: Client,
}

/// Whom one can talk with.
#[derive(Clone, Debug, Deserialize)]
pub struct Card {
    pub id: String,
    #[serde(default)]
    pub name: Option<String>,
}

impl Card {
    pub fn called(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}

/// A conversation that waits for us to join.
#[derive(Clone, Debug)]
pub struct WebCall {
    pub conversation_id: String,
    /// WebSocket address, token included.
    pub url: String,
}

#[derive(Deserialize)]
struct Created {
    id: String,
    web_call: Address,
}

#[derive(Deserialize)]
struct Address {
    url: String,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Card>,
}

impl Api {
    /// `base` such as `http://127.0.0.1:8080`.
    pub fn new(base: &str, key: &str) -> Self {
        // Whoever was first has chosen; both choices can do TLS.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            base: base.trim_end_matches('/').to_owned(),
            key: key.to_owned(),
            http: Client::new(),
        }
    }

    /// The agent with this id or name; the server's first when none is named.
    pub async fn agent(&self, wanted: Option<&str>) -> Result<Card, TalkError> {
        let page: Page = self.send(self.request(Method::GET, "/agents")).await?;
        let Some(wanted) = wanted else {
            return page.items.into_iter().next().ok_or(TalkError::NoAgents);
        };
        let named = |card: &&Card| {
            card.id == wanted
                || card
                    .name
                    .as_deref()
                    .is_some_and(|n| n.eq_ignore_ascii_case(wanted))
        };
        page.items
            .iter()
            .find(named)
            .cloned()
            .ok_or_else(|| TalkError::NoSuchAgent {
                wanted: wanted.to_owned(),
                known: page
                    .items
                    .iter()
                    .map(Card::called)
                    .collect::<Vec<_>>()
                    .join(", "),
            })
    }

    pub async fn create_web_call(&self, agent_id: &str) -> Result<WebCall, TalkError> {
        let request = self
            .request(Method::POST, "/conversations/create_web_call")
            .json(&json!({ "agent_id": agent_id }));
        let created: Created = self.send(request).await?;
        Ok(WebCall {
            conversation_id: created.id,
            url: self.absolute(created.web_call.url),
        })
    }

    /// Where the recording of a conversation can be fetched.
    pub fn recording_url(&self, conversation_id: &str) -> String {
        format!("{}/conversations/{conversation_id}/recording", self.base)
    }

    fn absolute(&self, url: String) -> String {
        if url.starts_with('/') {
            format!("{}{url}", self.base.replacen("http", "ws", 1))
        } else {
            url
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(&self.key)
    }

    async fn send<T: serde::de::DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> Result<T, TalkError> {
        let unreachable = |cause: reqwest::Error| TalkError::NotRunning {
            url: self.base.clone(),
            cause,
        };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        if status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN {
            return Err(TalkError::WrongKey {
                url: self.base.clone(),
            });
        }
        let body: Value = response.json().await.unwrap_or_default();
        if !status.is_success() {
            return Err(TalkError::Refused {
                status: status.as_u16(),
                told: detail(&body),
            });
        }
        serde_json::from_value(body).map_err(|cause| TalkError::NotVoiceos {
            url: self.base.clone(),
            cause,
        })
    }
}

/// What an error body says: a sentence, or a list of fields with one each.
fn detail(body: &Value) -> String {
    match &body["detail"] {
        Value::String(text) => text.clone(),
        Value::Array(fields) => {
            let said = fields.iter().filter_map(|field| field["msg"].as_str());
            said.collect::<Vec<_>>().join("; ")
        }
        _ => "no reason given".to_owned(),
    }
}
