//! The operations: what is asked, what is answered, and how it is refused.

use serde_json::{Map, Value, json};

use super::words::{
    More, Schemas, Side, any_object, datetime, list, may, must, object, refer, text, whole, word,
};

/// One operation.
struct Operation {
    method: &'static str,
    path: &'static str,
    tag: &'static str,
    id: &'static str,
    summary: &'static str,
    about: &'static str,
    parameters: Vec<Value>,
    body: Option<Body>,
    answer: Value,
    refusals: &'static [&'static str],
}

struct Body {
    schema: &'static str,
    example: Value,
}

const ID: &[&str] = &["NotFound"];
const LIST: &[&str] = &["Invalid"];
const BODY: &[&str] = &["Invalid", "TooLarge", "Unreadable"];
const BODY_AND_ID: &[&str] = &["NotFound", "Invalid", "TooLarge", "Unreadable"];
const LIVE: &[&str] = &["NotFound", "Conflict"];
const LIVE_BODY: &[&str] = &["NotFound", "Conflict", "Invalid", "TooLarge", "Unreadable"];

pub(super) fn paths() -> Value {
    let mut paths = Map::new();
    for operation in agents()
        .into_iter()
        .chain(conversations())
        .chain(live())
        .chain(server())
    {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        let method = operation.method;
        path[method] = describe(operation);
    }
    Value::Object(paths)
}

fn describe(operation: Operation) -> Value {
    let open = operation.tag == "Server";
    let mut responses = json!({"200": operation.answer});
    let always: &[&str] = if open {
        &[]
    } else {
        &["Unauthorized", "Forbidden", "TooMany", "Unavailable"]
    };
    for name in always.iter().chain(operation.refusals) {
        let (status, _) = refusal(name);
        responses[status] = json!({"$ref": format!("#/components/responses/{name}")});
    }
    let mut described = json!({
        "operationId": operation.id, "tags": [operation.tag], "summary": operation.summary,
        "description": operation.about, "parameters": operation.parameters, "responses": responses,
    });
    if open {
        described["security"] = json!([]);
    }
    if let Some(Body { schema, example }) = operation.body {
        let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
        described["requestBody"] = json!({
            "required": true,
            "content": {"application/json": {"schema": schema, "examples": {"typical": {"value": example}}}},
        });
    }
    described
}

fn path_id(name: &str, example: &str) -> Value {
    let schema = json!({"type": "string", "minLength": 1});
    json!({"name": name, "in": "path", "required": true, "description": "Its id.", "schema": schema, "example": example})
}

fn agent_id() -> Vec<Value> {
    vec![path_id("id", "agent_018f69cbdc007000800000000000000a")]
}

fn conversation_id() -> Vec<Value> {
    vec![path_id("id", "conv_018f69cbdc007000800000000000000a")]
}

fn in_query(name: &str, mut schema: Value) -> Value {
    let about = schema
        .as_object_mut()
        .and_then(|it| it.shift_remove("description"));
    json!({"name": name, "in": "query", "required": false, "description": about, "schema": schema})
}

fn page() -> Vec<Value> {
    let most = i64::from(u32::MAX);
    vec![
        in_query(
            "created_after",
            datetime(
                "Only what was made after this instant.",
                "2024-05-11T12:00:00.123Z",
            ),
        ),
        in_query(
            "created_before",
            datetime(
                "Only what was made before this instant.",
                "2024-05-11T12:00:00.123Z",
            ),
        ),
        in_query(
            "index",
            whole("Which page, counted from 1.", 1)
                .between(1, most)
                .otherwise(json!(1)),
        ),
        in_query(
            "limit",
            whole("Items in a page; `size` means the same.", 20)
                .between(1, 1000)
                .otherwise(json!(100)),
        ),
    ]
}

fn json_answer(about: &str, schema: &str) -> Value {
    let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
    json!({"description": about, "content": {"application/json": {"schema": schema}}})
}

/// The same, of an operation that reads a body and so may warn.
fn warned(about: &str, schema: &str) -> Value {
    let mut answer = json_answer(about, schema);
    answer["headers"] =
        json!({"VoiceOS-Warning": {"$ref": "#/components/headers/VoiceOS-Warning"}});
    answer
}

fn agents() -> Vec<Operation> {
    let body = |example| {
        Some(Body {
            schema: "AgentConfigurationRequest",
            example,
        })
    };
    let new = json!({"initial_message": "Hotel Aurora, good evening.", "prompt": "You are the front desk of a small hotel."});
    let tag = "Agents";
    vec![
        Operation {
            method: "post",
            path: "/agents",
            tag,
            id: "create_agent",
            summary: "Create an agent",
            about: "Stores an agent. Every field may be left out.",
            parameters: vec![],
            body: body(new),
            answer: warned("The agent as it was stored.", "Agent"),
            refusals: BODY,
        },
        Operation {
            method: "get",
            path: "/agents",
            tag,
            id: "list_agents",
            summary: "List agents",
            about: "Newest first, in pages.",
            parameters: page(),
            body: None,
            answer: json_answer("One page.", "AgentPage"),
            refusals: LIST,
        },
        Operation {
            method: "get",
            path: "/agents/{id}",
            tag,
            id: "get_agent",
            summary: "Get an agent",
            about: "One agent.",
            parameters: agent_id(),
            body: None,
            answer: json_answer("The agent.", "Agent"),
            refusals: ID,
        },
        Operation {
            method: "patch",
            path: "/agents/{id}",
            tag,
            id: "update_agent",
            summary: "Change an agent",
            about: "The fields that are present replace the old ones, each as a whole; null clears a field. The published Python \
                client sends `max_duration_seconds: 600` with every change, so from it that value counts only when it is \
                the only field.",
            parameters: agent_id(),
            body: body(json!({"prompt": "Be brief."})),
            answer: warned("The agent as it is now.", "Agent"),
            refusals: BODY_AND_ID,
        },
        Operation {
            method: "delete",
            path: "/agents/{id}",
            tag,
            id: "delete_agent",
            summary: "Delete an agent",
            about: "Its conversations stay.",
            parameters: agent_id(),
            body: None,
            answer: json_answer("The agent as it was.", "Agent"),
            refusals: ID,
        },
    ]
}

fn conversations() -> Vec<Operation> {
    let tag = "Conversations";
    let status = word(
        "Only those with this status.",
        &["started", "ended", "queued"],
    );
    let mut filters = vec![in_query("status", status)];
    filters.extend(page());
    let recording = || {
        let mut answer = json_answer(
            "The address; the file itself for those who accept only audio.",
            "RecordingUrl",
        );
        answer["content"]["audio/flac"] = json!({"schema": {"type": "string", "format": "binary"}});
        answer
    };
    vec![
        Operation {
            method: "get",
            path: "/conversations",
            tag,
            id: "list_conversations",
            summary: "List conversations",
            about: "Newest first, in pages. The published Python client has no word for web calls, so in its answers they are \
                left out, and a page may be short.",
            parameters: filters,
            body: None,
            answer: json_answer("One page.", "ConversationPage"),
            refusals: LIST,
        },
        Operation {
            method: "post",
            path: "/conversations/create_web_call",
            tag,
            id: "create_web_call",
            summary: "Ask for a web call",
            about: "Makes a conversation that waits to be joined over a WebSocket (docs/guide/web-call.md).",
            parameters: vec![],
            body: Some(Body {
                schema: "WebCallRequest",
                example: json!({"agent_config": {"prompt": "Be brief."}}),
            }),
            answer: warned("The conversation, and how to join it.", "WebCall"),
            refusals: BODY_AND_ID,
        },
        Operation {
            method: "get",
            path: "/conversations/{id}",
            tag,
            id: "get_conversation",
            summary: "Get a conversation",
            about: "With all that was said so far.",
            parameters: conversation_id(),
            body: None,
            answer: json_answer("The conversation.", "Conversation"),
            refusals: ID,
        },
        Operation {
            method: "delete",
            path: "/conversations/{id}",
            tag,
            id: "delete_conversation",
            summary: "Delete a conversation",
            about: "Once it has ended; its recording and its log go with it.",
            parameters: conversation_id(),
            body: None,
            answer: json_answer("The conversation as it was.", "Conversation"),
            refusals: LIVE,
        },
        Operation {
            method: "get",
            path: "/conversations/{id}/recording",
            tag,
            id: "get_recording",
            summary: "Get the recording",
            about: "Where the recording is, for an hour. With `Accept: audio/flac` the file itself.",
            parameters: conversation_id(),
            body: None,
            answer: recording(),
            refusals: ID,
        },
    ]
}

fn live() -> Vec<Operation> {
    let tag = "Conversations";
    vec![
        Operation {
            method: "post",
            path: "/conversations/{id}/end",
            tag,
            id: "end_conversation",
            summary: "End a live conversation",
            about: "What is being said is said to its end; the answer comes once the call is over, after 15 seconds in any case.",
            parameters: conversation_id(),
            body: None,
            answer: json_answer("The conversation, as a rule ended.", "Conversation"),
            refusals: LIVE,
        },
        Operation {
            method: "post",
            path: "/conversations/{id}/say",
            tag,
            id: "say",
            summary: "Say something into a live conversation",
            about: "The agent says it as soon as nobody speaks; it becomes a message once it is heard.",
            parameters: conversation_id(),
            body: Some(Body {
                schema: "SayRequest",
                example: json!({"text": "Your taxi is here."}),
            }),
            answer: warned("The conversation as it is now.", "Conversation"),
            refusals: LIVE_BODY,
        },
    ]
}

fn token() -> Value {
    let schema = json!({"type": "string"});
    json!({"name": "token", "in": "query", "required": true, "description": "From the address that was given out.",
        "schema": schema, "example": "q83vEjRWeJCrze8SNFZ4kKvN"})
}

fn server() -> Vec<Operation> {
    let tag = "Server";
    let html = |about: &str| json!({"description": about, "content": {"text/html": {"schema": {"type": "string"}}}});
    let mut health = json_answer("It answers.", "Health");
    health["content"]["text/html"] = json!({"schema": {"type": "string"}});
    let audio = json!({"description": "The file, in parts when asked.",
        "content": {"audio/flac": {"schema": {"type": "string", "format": "binary"}}}});
    let described = json!({"description": "The description.", "content": {"application/json": {"schema": {"type": "object"}}}});
    let upgraded = json!({"description": "Never: a WebSocket begins with 101."});
    let mut recording = conversation_id();
    recording[0]["name"] = json!("file");
    recording[0]["description"] = json!("The conversation's id and `.flac`.");
    let mut media = conversation_id();
    media.push(token());
    recording.push(token());
    let get = |path, id, summary, about, parameters, answer, refusals| Operation {
        method: "get",
        path,
        tag,
        id,
        summary,
        about,
        parameters,
        body: None,
        answer,
        refusals,
    };
    vec![
        get(
            "/",
            "health",
            "Is it there?",
            "A sign of life for programs, the page for browsers.",
            vec![],
            health,
            &[],
        ),
        get(
            "/openapi.json",
            "openapi",
            "This description",
            "OpenAPI 3.1.",
            vec![],
            described,
            &[],
        ),
        get(
            "/docs",
            "docs",
            "The reference",
            "This description for people.",
            vec![],
            html("A page."),
            &[],
        ),
        get(
            "/recordings/{file}",
            "download_recording",
            "Download a recording",
            "The address comes from `GET /conversations/{id}/recording`.",
            recording,
            audio,
            &["Forbidden", "NotFound"],
        ),
        get(
            "/conversations/{id}/media",
            "join_web_call",
            "Join a web call",
            "A WebSocket (docs/guide/web-call.md); its address comes from `POST /conversations/create_web_call`.",
            media,
            upgraded,
            &["Unreadable", "Forbidden", "UpgradeRequired"],
        ),
    ]
}

/// Every way to refuse: its status, and what it means.
const REFUSALS: [(&str, &str, &str); 11] = [
    ("Unreadable", "400", "The request could not be read."),
    ("Unauthorized", "401", "The key is wrong or was revoked."),
    (
        "Forbidden",
        "403",
        "There is no key or token, or it does not allow this.",
    ),
    (
        "NotFound",
        "404",
        "There is no such thing, or it is not yours.",
    ),
    (
        "Conflict",
        "409",
        "The conversation is not in a state in which this can be done.",
    ),
    ("TooLarge", "413", "The body is larger than `limits.body`."),
    (
        "Invalid",
        "422",
        "Something in the request is wrong: all mistakes at once, or one sentence.",
    ),
    (
        "UpgradeRequired",
        "426",
        "This connection cannot become a WebSocket.",
    ),
    (
        "TooMany",
        "429",
        "This key has asked too much: wait `Retry-After` seconds.",
    ),
    (
        "TimedOut",
        "408",
        "The request took longer than `limits.request`.",
    ),
    (
        "Unavailable",
        "503",
        "Something is missing for now (a place for a call, the store): wait `Retry-After` seconds.",
    ),
];

fn refusal(name: &str) -> (&'static str, &'static str) {
    let found = REFUSALS.iter().find(|(refusal, ..)| *refusal == name);
    let (_, status, about) = found.expect("every refusal that is named is in the list");
    (status, about)
}

pub(super) fn responses() -> Value {
    let describe = |(name, _, about): (&str, &str, &str)| {
        let schema = if name == "Invalid" {
            "ValidationErrors"
        } else {
            "Refusal"
        };
        let mut answer = json_answer(about, schema);
        if matches!(name, "TooMany" | "Unavailable") {
            answer["headers"] =
                json!({"Retry-After": {"$ref": "#/components/headers/Retry-After"}});
        }
        (name.to_owned(), answer)
    };
    Value::Object(REFUSALS.map(describe).into_iter().collect())
}

pub(super) fn headers() -> Value {
    let plain = |about: &str, kind: &str, example: Value| json!({"description": about, "schema": {"type": kind}, "example": example});
    json!({
        "VoiceOS-Warning": plain("A field that was ignored but looks misspelt; one header for each.", "string",
            json!("unknown field language_model.temprature; did you mean temperature?")),
        "Retry-After": plain("Seconds after which to try again.", "integer", json!(5)),
    })
}

pub(super) fn schemas() -> Schemas {
    let answer = |about: &str, fields| object(Side::Answer, about, fields);
    let places = vec![
        must(
            "taken",
            whole("Calls that are live or wait to be joined.", 1),
        ),
        must(
            "limit",
            whole("Calls at a time (`limits.conversations`).", 16),
        ),
    ];
    let health = vec![
        must("name", text("Who answers.", "VoiceOS")),
        must("version", text("Its version.", "0.1.0")),
        must("status", word("How it is.", &["ok"])),
        must("conversations", answer("Places for calls.", places)),
    ];
    let refusal = vec![must(
        "detail",
        text("What is wrong, as a sentence.", "Agent not found"),
    )];
    let step = json!({"description": "A field's name or an item's index.", "type": ["string", "integer"], "examples": ["body"]});
    let problem = vec![
        must(
            "loc",
            list(
                "Where: `body`, `query` or `path`, and the way from there.",
                step,
            ),
        ),
        must(
            "msg",
            text(
                "What is wrong.",
                "ensure this value is less than or equal to 5",
            ),
        ),
        must(
            "type",
            text("The same for programs.", "value_error.number.not_le"),
        ),
        may(
            "ctx",
            any_object(
                "The limit, the permitted words, or what was given.",
                json!({"limit_value": 5}),
            ),
        ),
    ];
    let problem = object(Side::Request, "One mistake.", problem);
    let problems = vec![must(
        "detail",
        list("Every mistake.", refer("One mistake.", "ValidationError")),
    )];
    [
        ("Health", answer("A sign of life.", health)),
        ("Refusal", answer("Why a request was refused.", refusal)),
        ("ValidationError", problem),
        (
            "ValidationErrors",
            answer("All mistakes of a request.", problems),
        ),
    ]
    .map(|(name, shape)| (name.to_owned(), shape))
    .into_iter()
    .collect()
}
