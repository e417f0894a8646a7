//! The description of the HTTP interface as OpenAPI 3.1: every operation, every field with its unit and an example, every
//! error.
//!
//! It is written by hand, and tests keep it honest: the fields and limits of each body are those that its reader asks for,
//! the golden examples satisfy it, and its operations are those of the router.

mod agents;
mod conversations;
mod operations;
mod words;

use serde_json::{Value, json};

/// What the generated description is compared with and people read without a server.
pub fn document() -> Value {
    let mut schemas = agents::schemas();
    schemas.extend(conversations::schemas());
    schemas.extend(operations::schemas());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "VoiceOS",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
            "description": ABOUT,
        },
        "servers": [{"url": "/", "description": "The server that this description comes from."}],
        "tags": [
            {"name": "Agents", "description": "Who answers: how it greets, what it knows, how it sounds."},
            {"name": "Conversations", "description": "Calls: asked for, live, and over."},
            {"name": "Server", "description": "What needs no key."},
        ],
        "security": [{"key": []}],
        "paths": operations::paths(),
        "components": {
            "securitySchemes": {"key": {
                "type": "http", "scheme": "bearer",
                "description": "An API key. The first one lies in `api-key` in the data directory; `voiceos keys` makes more.",
            }},
            "headers": operations::headers(),
            "responses": operations::responses(),
            "schemas": schemas,
        },
    })
}

const ABOUT: &str = "An open, self-hosted voice-agent platform, and a drop-in replacement for the discontinued service of the \
    same name: programs written for it work when their base URL is changed.\n\n\
    Success is always 200. Datetimes are written as `2024-05-11T12:00:00.123Z`; on the way in other notations of ISO 8601 \
    are understood, without an offset as UTC. Numbers may be sent as text. Unknown fields are ignored, but a likely typo \
    comes back in the header `VoiceOS-Warning`. All mistakes of a request are told at once, in a 422.";

#[cfg(test)]
mod tests;
