//! How an answer is shown: in the words of the reference or those that the published Python client can read, and with
//! warnings about what was ignored.

use std::convert::Infallible;

use axum::{
    Json,
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
    response::{IntoResponseParts, ResponseParts},
};
use serde_json::{Value, json};
use voiceos_api::{Legacy, problem::Typo};

/// Told by the `User-Agent`, which that client always sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    Reference,
    Legacy,
}

impl View {
    fn of(headers: &HeaderMap) -> Self {
        let agent = headers
            .get(header::USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if agent.starts_with("OpenAPI-Generator/") && agent.contains("/python") {
            Self::Legacy
        } else {
            Self::Reference
        }
    }

    /// The answer's body.
    pub fn show(self, answer: &impl Legacy) -> Json<Value> {
        Json(match self {
            Self::Reference => json!(answer),
            Self::Legacy => answer.legacy(),
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for View {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

/// One for each field that was ignored but looks misspelt.
pub const WARNING: HeaderName = HeaderName::from_static("voiceos-warning");

/// Told in the header `VoiceOS-Warning`, one for each.
pub struct Warnings(pub Vec<Typo>);

impl IntoResponseParts for Warnings {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        for typo in self.0 {
            // A field may be called anything; a header is plain text.
            let text = typo.to_string().escape_default().to_string();
            if let Ok(value) = HeaderValue::try_from(text) {
                parts.headers_mut().append(WARNING, value);
            }
        }
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_published_python_client_gets_its_own_words() {
        let view = |agent: &'static str| {
            View::of(&HeaderMap::from_iter([(
                header::USER_AGENT,
                HeaderValue::from_static(agent),
            )]))
        };
        assert_eq!(view("OpenAPI-Generator/1.0.0/python"), View::Legacy);
        assert_eq!(view("OpenAPI-Generator/1.0.0/ruby"), View::Reference);
        assert_eq!(view("python-requests/2.32"), View::Reference);
        assert_eq!(View::of(&HeaderMap::new()), View::Reference);
    }
}
