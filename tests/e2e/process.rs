//! The program as its user meets it: exit codes, and messages that say what to do.

use std::{net::TcpListener, time::Duration};

use anyhow::Result;
use serde_json::json;
use voiceos_tests::{
    api::Api,
    line::{Line, start},
    program::{self, Program, START},
    server::{Data, names},
};

#[tokio::test]
async fn settings_of_the_environment_are_honoured() -> Result<()> {
    let data = Data::new()?;
    let free = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let settings = [
        ("VOICEOS_LISTEN", free.as_str()),
        ("VOICEOS_API_KEY", "a-key-of-our-own-choice"),
    ];
    let server = Program::scripted(data.dir(), &settings).await?;
    assert_eq!(server.api.url, format!("http://{free}"));
    assert_eq!(
        server.api.key, "a-key-of-our-own-choice",
        "kept in the data directory for those on this machine"
    );
    assert!(data.dir().join("voiceos.db").is_file());
    Api::new(&server.api.url, "a-key-of-our-own-choice")
        .get("/agents")
        .await?;
    assert!(
        Api::new(&server.api.url, "another")
            .get("/agents")
            .await
            .is_err()
    );
    let (status, _) = server.terminate().await?;
    assert_eq!(status.code(), Some(0));
    Ok(())
}

#[tokio::test]
async fn a_port_in_use_is_told_with_what_to_do() -> Result<()> {
    let data = Data::new()?;
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?;
    let dir = data.dir().display().to_string();
    let environment = [
        ("VOICEOS_LISTEN", &*address.to_string()),
        ("VOICEOS_DATA_DIR", &dir),
        ("VOICEOS_ENGINES", "scripted"),
    ];
    let ended = program::run(&["serve"], &environment).await?;
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(
        ended.stderr.contains(&format!("port {}", address.port())),
        "{ended:?}"
    );
    assert!(ended.stderr.contains("VOICEOS_LISTEN="), "{ended:?}");
    Ok(())
}

#[tokio::test]
async fn all_mistakes_of_a_configuration_are_told_at_once() -> Result<()> {
    let data = Data::new()?;
    let file = data.dir().join("mine.toml");
    std::fs::write(
        &file,
        "listen = \"nowhere\"\n[turns]\nsilense = \"240ms\"\nidle = \"soon\"\n[limits]\nconversations = 0\n",
    )?;
    let dir = data.dir().join("records").display().to_string();
    let environment = [("VOICEOS_ENGINES", "magic"), ("VOICEOS_DATA_DIR", &*dir)];
    let ended = program::run(
        &["serve", "--config", &file.display().to_string()],
        &environment,
    )
    .await?;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    for named in [
        "listen",
        "silense",
        "turns.silence",
        "turns.idle",
        "limits.conversations",
        "engines",
        "magic",
    ] {
        assert!(
            ended.stderr.contains(named),
            "`{named}` is not named: {}",
            ended.stderr
        );
    }
    assert!(!data.dir().join("records").exists(), "nothing was touched");
    assert_eq!(ended.stdout, "");
    let ended = program::run(
        &["check", "--config", &file.display().to_string()],
        &environment,
    )
    .await?;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    Ok(())
}

#[tokio::test]
async fn a_wrong_command_line_is_a_wrong_usage() -> Result<()> {
    let ended = program::run(&["serve", "--lissten", "x"], &[]).await?;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("--listen"), "{ended:?}");
    Ok(())
}

#[tokio::test]
async fn check_prints_every_setting_with_its_origin_and_no_secret() -> Result<()> {
    let environment = [
        ("VOICEOS_ENGINES", "scripted"),
        ("VOICEOS_API_KEY", "a-key-of-our-own-choice"),
    ];
    let ended = program::run(&["check", "--listen", "127.0.0.1:9"], &environment).await?;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for (setting, origin) in [
        ("listen", "--listen"),
        ("engines", "VOICEOS_ENGINES"),
        ("turns.idle", "default"),
    ] {
        let line = ended
            .stdout
            .lines()
            .find(|line| line.starts_with(setting))
            .unwrap_or_default();
        assert!(line.contains(origin), "{setting}: {line}");
    }
    assert!(
        !ended.stdout.contains("a-key-of-our-own-choice"),
        "{ended:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_second_server_on_the_same_records_is_turned_away() -> Result<()> {
    let data = Data::new()?;
    let first = Program::scripted(data.dir(), &[]).await?;
    let dir = data.dir().display().to_string();
    let environment = [
        ("VOICEOS_LISTEN", "127.0.0.1:0"),
        ("VOICEOS_DATA_DIR", &*dir),
        ("VOICEOS_ENGINES", "scripted"),
    ];
    let ended = program::run(&["serve"], &environment).await?;
    assert_eq!(ended.code, Some(5), "{ended:?}");
    assert!(
        ended.stderr.contains("VOICEOS_DATA_DIR") && ended.stderr.contains(&dir),
        "{ended:?}"
    );
    first.api.get("/agents").await?;
    Ok(())
}

#[tokio::test]
async fn sigterm_lets_a_call_say_goodbye_and_stores_it() -> Result<()> {
    let data = Data::new()?;
    let server = Program::scripted(data.dir(), &[]).await?;
    let made = server
        .api
        .web_call(json!({"initial_message": "Good day."}))
        .await?;
    let mut line = Line::join(&made.url, &start()).await?;
    line.hold(&[], |line| line.agent().is_some()).await?;
    server.ask_to_end().await?;
    line.hold(&[], |line| line.closed).await?;
    assert_eq!(line.ended(), Some("agent_ended"), "{:?}", line.told);
    let (status, log) = server.terminate().await?;
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(!log.contains("cut off"), "{log}");
    let names = names(&data.events(&made.id).await?);
    assert_eq!(names.last(), Some(&"conversation:ended"));
    Ok(())
}

#[tokio::test]
async fn replay_judges_the_log_of_a_call() -> Result<()> {
    let data = Data::new()?;
    let server = Program::scripted(data.dir(), &[("VOICEOS_SCRIPTED_ANSWERS", "Yes.")]).await?;
    let made = server.api.web_call(json!({})).await?;
    let mut line = Line::join(&made.url, &start()).await?;
    line.listen(Line::ready).await?;
    line.ask(300, |line| line.answers() == 1).await?;
    line.hang_up().await?;
    server.api.ended(&made.id, START).await?;
    let log = data.dir().join("calls").join(format!("{}.call", made.id));
    let ended = program::run(&["replay", &log.display().to_string()], &[]).await?;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("all the same"), "{ended:?}");

    let text = std::fs::read_to_string(&log)?;
    let other = data.dir().join("other.call");
    std::fs::write(&other, text.replacen("question 1", "question 2", 1))?;
    let ended = program::run(&["replay", &other.display().to_string()], &[]).await?;
    assert_eq!(
        ended.code,
        Some(1),
        "a changed log takes another way: {ended:?}"
    );
    assert!(ended.stderr.contains("took another way"), "{ended:?}");
    Ok(())
}

#[tokio::test]
async fn the_log_says_that_a_server_runs_and_ends() -> Result<()> {
    let data = Data::new()?;
    let server = Program::scripted(data.dir(), &[]).await?;
    server.api.get("/agents").await?;
    server.logs("/agents", Duration::from_secs(10)).await?;
    let (_, log) = server.terminate().await?;
    assert!(
        log.contains("asked to end") && log.contains("stopped"),
        "{log}"
    );
    Ok(())
}
