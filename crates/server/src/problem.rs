//! Errors as the client sees them: a status, a `detail`, and nothing of the cause, which goes to the request's log line.

use std::{error::Error, fmt, sync::Arc};

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use voiceos_api::Problems;
use voiceos_store::StoreError;

/// Why a request failed.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    detail: Detail,
    /// Seconds after which to try again.
    retry_after: Option<u32>,
    cause: Option<Cause>,
}

#[derive(Debug)]
enum Detail {
    Text(String),
    List(Problems),
}

/// What lies behind a problem, carried to the log line in the response's extensions.
#[derive(Clone, Debug)]
pub struct Cause(pub Arc<dyn Error + Send + Sync>);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: Detail::Text(detail.into()),
            retry_after: None,
            cause: None,
        }
    }

    pub fn not_found(what: &str) -> Self {
        let mut what = what.to_owned();
        what[..1].make_ascii_uppercase();
        Self::new(StatusCode::NOT_FOUND, format!("{what} not found"))
    }

    /// Something is missing now that comes back by itself.
    pub fn unavailable(detail: impl Into<String>, retry_after: u32) -> Self {
        let retry_after = Some(retry_after);
        Self {
            retry_after,
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        }
    }

    /// The same, for a client that should wait so many seconds.
    pub fn after(self, seconds: u32) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }

    fn caused_by(self, cause: impl Error + Send + Sync + 'static) -> Self {
        Self {
            cause: Some(Cause(Arc::new(cause))),
            ..self
        }
    }
}

impl From<Problems> for Problem {
    fn from(problems: Problems) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self {
            status,
            detail: Detail::List(problems),
            retry_after: None,
            cause: None,
        }
    }
}

impl From<voiceos_api::Problem> for Problem {
    fn from(problem: voiceos_api::Problem) -> Self {
        Problems::from(problem).into()
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(what) => Self::not_found(what),
            StoreError::Conflict(what) => Self::new(
                StatusCode::CONFLICT,
                format!("such a {what} exists already"),
            ),
            StoreError::Refused(problems) => problems.into(),
            StoreError::Full { .. } => {
                Self::unavailable("the server's disk is full; nothing was changed", 30)
                    .caused_by(error)
            }
            StoreError::Locked { .. } | StoreError::Unreachable { .. } | StoreError::Closed => {
                Self::unavailable(
                    "the server cannot reach its store right now; nothing was changed",
                    5,
                )
                .caused_by(error)
            }
            other => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
                .caused_by(other),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = match self.detail {
            Detail::Text(text) => json!({"detail": text}),
            Detail::List(problems) => json!(problems),
        };
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(cause) = self.cause {
            response.extensions_mut().insert(cause);
        }
        response
    }
}
