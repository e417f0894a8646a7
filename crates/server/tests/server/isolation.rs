//! Another account's key: as if nothing of ours existed. Every operation of the router has its case here.

use std::collections::BTreeSet;

use voiceos_api::{ConversationId, EndedReason, Recording, RecordingFormat, Timestamp};
use voiceos_store::{Ended, Store};

use super::*;

const FOREIGN: &str = "vos_key_of_another_account";

/// What somebody else gets.
enum Case {
    /// 404, whatever it is that is ours; with this body.
    NotFound(Value),
    /// A list without anything of ours.
    EmptyList,
    /// Their own new thing.
    Theirs(Value),
    /// 404 when something of ours is named in this body; `…` stands for our agent.
    NamesOurs(Value),
    /// It needs no key and shows nothing that belongs to anybody.
    Public,
    /// It takes a token of its own instead of a key.
    Token,
}

fn case(method: &str, path: &str) -> Option<Case> {
    Some(match (method, path) {
        ("POST", "/agents") => Case::Theirs(json!({"name": "theirs"})),
        ("GET", "/agents" | "/conversations") => Case::EmptyList,
        ("GET" | "DELETE", "/agents/{id}") => Case::NotFound(json!(null)),
        ("PATCH", "/agents/{id}") => Case::NotFound(json!({"name": "taken"})),
        ("POST", "/conversations/create_web_call") => Case::NamesOurs(json!({"agent_id": "…"})),
        ("GET" | "DELETE", "/conversations/{id}") => Case::NotFound(json!(null)),
        ("GET", "/conversations/{id}/recording") => Case::NotFound(json!(null)),
        ("POST", "/conversations/{id}/end") => Case::NotFound(json!(null)),
        ("POST", "/conversations/{id}/say") => Case::NotFound(json!({"text": "Hello."})),
        ("GET", "/" | "/openapi.json" | "/docs") => Case::Public,
        ("GET", "/recordings/{file}" | "/conversations/{id}/media") => Case::Token,
        _ => return None,
    })
}

/// Our agent and our conversation, which has ended with a recording.
async fn ours(server: &Server) -> (String, String) {
    let (_, agent) = server.post("/agents", json!({"name": "ours"})).await;
    let call = json!({"agent_id": agent["id"]});
    let (_, call) = server.post("/conversations/create_web_call", call).await;
    let text = |value: &Value| value["id"].as_str().expect("an id").to_owned();
    let (agent, call) = (text(&agent), text(&call));
    let store = Store::open(server.dir.path())
        .await
        .expect("the store opens twice");
    let at = Timestamp::from_millis(1_715_428_800_000);
    let account = store.create_account(at).await.expect("an account");
    let made = store.create_key(&account, "theirs", FOREIGN, at).await;
    made.expect("a key");
    let recording = Recording {
        duration_seconds: 1.0,
        bytes: 10,
        format: RecordingFormat::Flac,
    };
    let ended = Ended {
        at,
        reason: EndedReason::UserEnded,
        cost_breakdown: None,
        recording: Some(recording),
    };
    let id = ConversationId::from(call.as_str());
    let done = store.conversation_ended(&id, ended).await;
    assert!(done.expect("it is stored"));
    store.close().await;
    let file = server.dir.path().join(format!("recordings/{call}.flac"));
    std::fs::write(file, "0123456789").expect("it is written");
    (agent, call)
}

#[tokio::test]
async fn to_another_account_nothing_of_ours_exists() {
    let server = Server::start().await;
    let (agent, call) = ours(&server).await;
    for operation in voiceos::operations() {
        let (method, path) = (operation.method.clone(), operation.path);
        let id = if path.starts_with("/agents") {
            &agent
        } else {
            &call
        };
        let url = path
            .replace("{id}", id)
            .replace("{file}", &format!("{call}.flac"));
        let ask = |body: &Value| {
            let request = server.bare(method.clone(), &url).bearer_auth(FOREIGN);
            if body.is_null() {
                request
            } else {
                request.json(body)
            }
        };
        let case = case(method.as_str(), path);
        let case = case.unwrap_or_else(|| panic!("{method} {path} has no case in isolation.rs"));
        let told = format!("{method} {path}");
        match case {
            Case::NotFound(body) => {
                let (status, answer) = answer(ask(&body)).await;
                assert_eq!(status, 404, "{told}: {answer}");
                let unknown = server.bare(method, &path.replace("{id}", "nobody_1"));
                let unknown = unknown.bearer_auth(FOREIGN);
                let unknown = if body.is_null() {
                    unknown
                } else {
                    unknown.json(&body)
                };
                let same = super::answer(unknown).await;
                assert_eq!((status, answer), same, "{told}: as if it did not exist");
            }
            Case::EmptyList => {
                let (status, list) = answer(ask(&Value::Null)).await;
                let names: Vec<_> = list["items"].as_array().into_iter().flatten().collect();
                let of_ours = names.iter().any(|item| item["name"] != "theirs");
                assert!(status == 200 && !of_ours, "{told}: {list}");
            }
            Case::Theirs(body) => {
                let (status, made) = answer(ask(&body)).await;
                assert_eq!(status, 200, "{told}");
                let (status, _) = server.get(made["uri"].as_str().expect("a uri")).await;
                assert_eq!(status, 404, "{told}: what is theirs does not exist for us");
            }
            Case::NamesOurs(body) => {
                let body = body.to_string().replace('…', &agent);
                let body = serde_json::from_str(&body).expect("it is still JSON");
                assert_eq!(answer(ask(&body)).await.0, 404, "{told}");
            }
            Case::Public => {
                let with = ask(&Value::Null).send().await.expect("an answer");
                let text = with.text().await.expect("a text");
                assert!(!text.contains(&agent) && !text.contains(&call), "{told}");
            }
            Case::Token => {
                let status = ask(&Value::Null).send().await.expect("an answer").status();
                assert!(status.is_client_error(), "{told}: {status}");
            }
        }
    }
    let (status, found) = server.get(&format!("/conversations/{call}")).await;
    assert_eq!(
        (status, &found["status"]),
        (200, &json!("ended")),
        "ours is untouched"
    );
    assert_eq!(
        server.get(&format!("/agents/{agent}")).await.1["name"],
        "ours"
    );
}

#[tokio::test]
async fn no_operation_but_the_public_ones_works_without_a_key() {
    let server = Server::start().await;
    for operation in voiceos::operations() {
        let (method, path) = (operation.method, operation.path);
        let open = matches!(
            case(method.as_str(), path),
            Some(Case::Public | Case::Token)
        );
        if !open {
            let (status, told) = answer(server.bare(method.clone(), path)).await;
            assert_eq!(
                (status, told),
                (403, detail("Not authenticated")),
                "{method} {path}"
            );
        }
    }
}

#[test]
fn the_description_has_exactly_the_operations_of_the_router() {
    let document = voiceos_api::openapi::document();
    let described: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .expect("paths")
        .iter()
        .flat_map(|(path, at)| {
            let methods = at.as_object().expect("operations").keys();
            methods.map(|method| (method.to_uppercase(), path.clone()))
        })
        .collect();
    let served: BTreeSet<(String, String)> = voiceos::operations()
        .iter()
        .map(|operation| (operation.method.to_string(), operation.path.to_owned()))
        .collect();
    assert_eq!(described, served);
}
