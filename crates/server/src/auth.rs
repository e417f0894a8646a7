//! Who is asking, and what they may do.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use voiceos_api::AccountId;

use crate::{
    app::{App, now},
    problem::Problem,
};

/// What a browser token is signed for.
pub const BROWSER: &str = "browser";

/// Whoever holds a key, or the page on this machine.
#[derive(Clone, Debug)]
pub struct Caller {
    pub account: AccountId,
    may_all: bool,
}

/// A caller with a key: may do everything in its account.
#[derive(Clone, Debug)]
pub struct Owner {
    pub account: AccountId,
}

fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let refused = |detail: &str| Problem::new(StatusCode::FORBIDDEN, detail);
    let value = headers
        .get(header::AUTHORIZATION)
        .ok_or_else(|| refused("Not authenticated"))?;
    let value = value.to_str().unwrap_or_default();
    let (scheme, credentials) = value.split_once(' ').unwrap_or((value, ""));
    if credentials.is_empty() {
        return Err(refused("Not authenticated"));
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(refused("Invalid authentication credentials"));
    }
    Ok(credentials.trim())
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let secret = bearer(&parts.headers)?;
        if app.signer.allows(secret, BROWSER, now()) {
            return Ok(Self {
                account: app.first_account.clone(),
                may_all: false,
            });
        }
        match app.store.find_key(secret).await? {
            Some(key) => Ok(Self {
                account: key.account_id,
                may_all: true,
            }),
            None => Err(Problem::new(StatusCode::UNAUTHORIZED, "Invalid API key")),
        }
    }
}

impl FromRequestParts<App> for Owner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, app).await?;
        if !caller.may_all {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "the page may only read and make web calls: use an API key",
            ));
        }
        Ok(Self {
            account: caller.account,
        })
    }
}
