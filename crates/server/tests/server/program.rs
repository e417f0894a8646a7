//! The program itself: how it starts, what it says when it cannot, and how it ends.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use super::*;

/// The program with a clean environment and its data in `dir`.
fn voiceos(dir: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_voiceos"));
    command
        .args(words)
        .env_clear()
        .env("HOME", dir)
        .env("VOICEOS_DATA_DIR", dir.join("data"));
    command
        .env("VOICEOS_LISTEN", "127.0.0.1:0")
        .env("VOICEOS_ENGINES", "scripted")
        .env("VOICEOS_LOG", "warn");
    command
}

/// Its exit code and what it said.
fn told(output: Output) -> (Option<i32>, String) {
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

fn fails(mut command: Command) -> (Option<i32>, String) {
    told(
        command
            .stdin(Stdio::null())
            .output()
            .expect("the program starts"),
    )
}

/// A program that serves, and what it printed when it was ready.
struct Serving {
    child: Child,
    welcome: String,
}

impl Serving {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let mut welcome = String::new();
        while !welcome.contains("Ctrl-C") {
            match lines.next() {
                Some(line) => welcome += &(line.expect("it prints text") + "\n"),
                None => {
                    let mut said = String::new();
                    let mut stderr = child.stderr.take().expect("stderr is piped");
                    stderr.read_to_string(&mut said).expect("it prints text");
                    panic!("it ended before it was ready: {said}");
                }
            }
        }
        Self { child, welcome }
    }

    fn url(&self) -> String {
        let address = self
            .welcome
            .split_once("answers at ")
            .expect("it says where")
            .1;
        address
            .split_whitespace()
            .next()
            .expect("an address")
            .to_owned()
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", name, &id])
                .status()
                .expect("kill runs")
                .success()
        );
    }

    fn end(self) -> (Option<i32>, String) {
        told(self.child.wait_with_output().expect("it ends"))
    }
}

#[tokio::test]
async fn the_first_start_makes_a_key_and_says_what_to_do_next() {
    let dir = tempfile::tempdir().unwrap();
    let serving = Serving::start(voiceos(dir.path(), &["serve", "--demo"]));
    let file = dir.path().join("data/api-key");
    let key = fs::read_to_string(&file).unwrap().trim().to_owned();
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    for part in [
        key.as_str(),
        "voiceos talk --url http://127.0.0.1:",
        "curl -H",
        "press Talk",
        "agent_",
    ] {
        assert!(
            serving.welcome.contains(part),
            "{part} is not in {}",
            serving.welcome
        );
    }
    let agents = client()
        .get(format!("{}/agents", serving.url()))
        .bearer_auth(&key);
    let (status, agents) = answer(agents).await;
    assert_eq!(
        (status, &agents["items"][0]["name"]),
        (200, &json!("Front desk of the Lighthouse Hotel"))
    );
    serving.signal("TERM");
    assert_eq!(serving.end(), (Some(0), String::new()));

    let again = Serving::start(voiceos(dir.path(), &["serve", "--demo"]));
    assert!(!again.welcome.contains(&key), "the key is shown only once");
    let agents = client()
        .get(format!("{}/agents", again.url()))
        .bearer_auth(&key);
    assert_eq!(
        answer(agents).await.1["items"].as_array().unwrap().len(),
        1,
        "there is one demo agent"
    );
    again.signal("INT");
    assert_eq!(again.end().0, Some(0));
}

#[tokio::test]
async fn a_preset_key_works_and_is_not_shown() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = voiceos(dir.path(), &["serve"]);
    command
        .env("VOICEOS_API_KEY", "vos_planted_key")
        .env("VOICEOS_LOG", "trace");
    let serving = Serving::start(command);
    let agents = client()
        .get(format!("{}/agents?token=vos_planted_key", serving.url()))
        .bearer_auth("vos_planted_key");
    assert_eq!(answer(agents).await.0, 200);
    assert!(!serving.welcome.contains("planted"));
    assert_eq!(
        fs::read_to_string(dir.path().join("data/api-key")).unwrap(),
        "vos_planted_key\n"
    );
    serving.signal("TERM");
    let (code, log) = serving.end();
    assert_eq!(code, Some(0));
    let ours = log.lines().filter(|line| line.contains("request"));
    assert!(
        !ours.into_iter().any(|line| line.contains("planted")),
        "{log}"
    );
}

#[tokio::test]
async fn a_kill_loses_nothing_and_the_next_start_ends_what_was_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let start = || {
        let mut command = voiceos(dir.path(), &["serve"]);
        command.env("VOICEOS_API_KEY", KEY);
        Serving::start(command)
    };
    let serving = start();
    let body = json!({"agent_config": {}});
    let request = client()
        .post(format!("{}/conversations/create_web_call", serving.url()))
        .bearer_auth(KEY);
    let (_, call) = answer(request.json(&body)).await;
    serving.signal("KILL");
    assert_eq!(serving.end().0, None);
    let serving = start();
    let request = client()
        .get(format!(
            "{}{}",
            serving.url(),
            call["uri"].as_str().unwrap()
        ))
        .bearer_auth(KEY);
    let (status, found) = answer(request).await;
    assert_eq!(
        (status, &found["status"], &found["ended_reason"]),
        (200, &json!("ended"), &json!("unknown"))
    );
    serving.signal("TERM");
    assert_eq!(serving.end().0, Some(0));
}

#[test]
fn a_port_in_use_is_told_with_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let mut command = voiceos(dir.path(), &["serve"]);
    command.env("VOICEOS_LISTEN", address.to_string());
    let (code, said) = fails(command);
    assert_eq!(code, Some(4), "{said}");
    assert!(
        said.contains(&format!("port {} is in use", address.port()))
            && said.contains("VOICEOS_LISTEN="),
        "{said}"
    );
    assert!(!dir.path().join("data").exists(), "nothing was made");
}

#[test]
fn a_bad_configuration_is_told_as_a_whole() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("voiceos.toml");
    fs::write(&file, "lisen = \"127.0.0.1:1\"\n[turns]\nidle = 10\n").unwrap();
    for verb in ["serve", "check"] {
        let (code, said) = fails(voiceos(
            dir.path(),
            &[
                verb,
                "--config",
                &file.display().to_string(),
                "--voice",
                "tom",
            ],
        ));
        assert_eq!(code, Some(3), "{said}");
        for part in [
            "did you mean `listen`?",
            "`turns.idle` is 10",
            "--voice: `local.voice` is \"tom\"",
        ] {
            assert!(said.contains(part), "{part} is not in {said}");
        }
    }
}

#[test]
fn a_missing_model_is_told_with_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = voiceos(dir.path(), &["serve"]);
    command
        .env("VOICEOS_ENGINES", "local")
        .env("VOICEOS_MODELS_DIR", dir.path().join("models"));
    let (code, said) = fails(command);
    assert_eq!(code, Some(3), "{said}");
    assert!(
        said.contains("is missing") && said.contains("make models"),
        "{said}"
    );
}

#[test]
fn a_damaged_model_is_told_with_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let models = dir.path().join("models");
    fs::create_dir(&models).unwrap();
    fs::write(
        models.join(voiceos_weights::names::SMART_TURN),
        "half a file",
    )
    .unwrap();
    let mut command = voiceos(dir.path(), &["serve"]);
    command
        .env("VOICEOS_ENGINES", "local")
        .env("VOICEOS_MODELS_DIR", &models);
    let (code, said) = fails(command);
    assert_eq!(code, Some(3), "{said}");
    assert!(
        said.contains("smart-turn") && said.contains("is 11 bytes long instead of"),
        "{said}"
    );
}

#[test]
fn a_language_model_of_ones_own_that_is_not_there_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = voiceos(dir.path(), &["serve", "--language-model", "./mine.gguf"]);
    command.env("VOICEOS_ENGINES", "local");
    let (code, said) = fails(command);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("./mine.gguf is not there"), "{said}");
}

#[test]
fn a_damaged_store_is_told_and_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("data")).unwrap();
    let file = dir.path().join("data/voiceos.db");
    fs::write(&file, "no database at all").unwrap();
    let (code, said) = fails(voiceos(dir.path(), &["serve"]));
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("it was not changed"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "no database at all");
}

#[test]
fn a_store_that_cannot_be_reached_is_told() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(
        dir.path().join("data"),
        "a file where the directory should be",
    )
    .unwrap();
    let (code, said) = fails(voiceos(dir.path(), &["serve"]));
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("VOICEOS_DATA_DIR chooses another"), "{said}");
}

#[test]
fn a_second_server_on_the_same_data_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let serving = Serving::start(voiceos(dir.path(), &["serve"]));
    let (code, said) = fails(voiceos(dir.path(), &["serve"]));
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("another `voiceos serve` runs on"), "{said}");
    serving.signal("TERM");
    assert_eq!(serving.end().0, Some(0));
}

#[test]
fn wrong_words_are_told() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(fails(voiceos(dir.path(), &["sing"])).0, Some(2));
    assert_eq!(fails(voiceos(dir.path(), &["serve", "--sing"])).0, Some(2));
    assert_eq!(fails(voiceos(dir.path(), &[])).0, Some(2));
}

#[test]
fn check_prints_every_setting_with_its_origin() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = voiceos(dir.path(), &["check", "--voice", "kokoro"]);
    let output = command
        .env("VOICEOS_API_KEY", "vos_planted_key")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{printed}");
    let line = |key: &str| {
        printed
            .lines()
            .find(|line| line.starts_with(key))
            .unwrap_or_default()
            .to_owned()
    };
    assert!(
        line("listen ").ends_with("= \"127.0.0.1:0\"  # VOICEOS_LISTEN"),
        "{printed}"
    );
    assert!(
        line("local.voice ").ends_with("= \"kokoro\"  # --voice"),
        "{printed}"
    );
    assert!(
        line("turns.silence ").ends_with("= \"240ms\"  # default"),
        "{printed}"
    );
    assert!(
        line("api_key ").ends_with("= …  # VOICEOS_API_KEY"),
        "{printed}"
    );
}

#[tokio::test]
async fn keys_are_made_and_revoked_while_the_server_runs() {
    let dir = tempfile::tempdir().unwrap();
    let serving = Serving::start(voiceos(dir.path(), &["serve"]));
    let run = |words: &[&str]| {
        let output = voiceos(dir.path(), words).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let key = run(&["keys", "create", "--name", "phone"]);
    let status = async || {
        answer(
            client()
                .get(format!("{}/agents", serving.url()))
                .bearer_auth(&key),
        )
        .await
        .0
    };
    assert_eq!(status().await, 200);
    let list = run(&["keys", "list"]);
    let line = list.lines().find(|line| line.contains("phone")).unwrap();
    assert!(!list.contains(&key));
    run(&["keys", "revoke", line.split_whitespace().next().unwrap()]);
    assert_eq!(status().await, 401);
    serving.signal("TERM");
    assert_eq!(serving.end().0, Some(0));
}
