//! Reading requests: bodies, queries and addresses, with every mistake in the published wording.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header, uri::Authority},
};
use serde_json::{Map, Value};
use voiceos_api::{
    Problems, Timestamp,
    problem::{self, Field},
};
use voiceos_store::Page;

use crate::{app::App, problem::Problem};

/// A request's body as JSON. Absent and empty are mistakes, other media types are not read.
pub struct Body(pub Value);

impl FromRequest<App> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let is_json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .is_none_or(|media_type| {
                let media_type = media_type.to_str().unwrap_or_default();
                let essence = media_type
                    .split(';')
                    .next()
                    .unwrap_or_default()
                    .trim()
                    .to_ascii_lowercase();
                essence == "application/json" || essence.ends_with("+json")
            });
        let bytes = match Bytes::from_request(request, app).await {
            Ok(bytes) => bytes,
            Err(BytesRejection::FailedToBufferBody(told))
                if told.status() == StatusCode::PAYLOAD_TOO_LARGE =>
            {
                let detail = format!("the body is larger than {} bytes", app.config.limits.body);
                return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
            }
            Err(_) => {
                return Err(Problem::new(
                    StatusCode::BAD_REQUEST,
                    "the body could not be read",
                ));
            }
        };
        if !is_json && !bytes.is_empty() {
            return Err(voiceos_api::Problem::not_an_object(["body".into()]).into());
        }
        match problem::parse(&bytes)? {
            Some(value) => Ok(Self(value)),
            None => Err(voiceos_api::Problem::missing(["body".into()]).into()),
        }
    }
}

/// A query's names and values, as an object that [`Field`] reads. Of a name that comes twice the last counts.
pub fn query(pairs: Vec<(String, String)>) -> Value {
    Value::Object(
        pairs
            .into_iter()
            .map(|(name, value)| (name, Value::String(value)))
            .collect::<Map<_, _>>(),
    )
}

/// Items in a page at most.
const LIMIT: i64 = 1000;

/// Reads a query of a list with `more` besides the page.
pub fn read_list<T>(
    query: &Value,
    more: impl FnOnce(&Field<'_>) -> T,
) -> Result<(Page, T), Problems> {
    problem::read_part("query", query, |query| {
        let index = query.get("index").whole(1..=i64::from(u32::MAX));
        let limit = query
            .get("limit")
            .whole(1..=LIMIT)
            .or_else(|| query.get("size").whole(1..=LIMIT));
        let (created_after, created_before): (Option<Timestamp>, _) = (
            query.get("created_after").datetime(),
            query.get("created_before").datetime(),
        );
        let (index, limit) = (index.unwrap_or(1) as u32, limit.unwrap_or(100) as u32);
        Some((
            Page {
                created_after,
                created_before,
                index,
                limit,
            },
            more(query),
        ))
    })
}

/// Where the client reached this server: scheme and authority, without a slash at the end.
pub fn base_url(app: &App, headers: &HeaderMap) -> String {
    if let Some(url) = &app.config.public_url {
        return url.clone();
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let secure = text("x-forwarded-proto").is_some_and(|proto| proto.eq_ignore_ascii_case("https"));
    let host = text("host").filter(|host| host.parse::<Authority>().is_ok());
    let host = host.map_or_else(|| app.address.to_string(), str::to_owned);
    format!("{}://{host}", if secure { "https" } else { "http" })
}
