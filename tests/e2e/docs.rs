//! The examples of the documentation, as they are printed.

use std::{fs, process::Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::process::Command;
use voiceos_tests::{python::repository, server::Server};

/// The blocks of shell in a page.
fn examples(page: &str) -> Vec<&str> {
    page.split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect()
}

#[tokio::test]
async fn the_examples_of_the_api_page_work_as_printed() -> Result<()> {
    let server = Server::scripted(&["Yes."], &[]).await?;
    let page = fs::read_to_string(repository().join("docs/reference/api.md"))?;
    let examples = examples(&page);
    ensure!(examples.len() >= 7, "only {} examples", examples.len());
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c"])
        .arg(examples.join("\necho\n"))
        .env("VOICEOS_URL", &server.api.url)
        .env("VOICEOS_API_KEY", &server.api.key)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .context("bash cannot be started")?;
    let said = String::from_utf8(output.stdout)?;
    let wrong = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{said}\n{wrong}");
    for part in [
        r#""status":"ok""#,
        "Be brief and kind.",
        r#""status":"queued""#,
        "the conversation has not started yet",
        "value_error.number.not_le",
        "type_error.integer",
    ] {
        ensure!(said.contains(part), "`{part}` was not answered: {said}");
    }
    Ok(())
}

#[test]
fn the_committed_description_is_the_one_that_is_served() -> Result<()> {
    let text = fs::read_to_string(repository().join("docs/reference/openapi.json"))?;
    let committed: Value = serde_json::from_str(&text)?;
    ensure!(
        committed == voiceos_api::openapi::document(),
        "docs/reference/openapi.json is old: cargo run -q --release -p voiceos-api --example openapi > docs/reference/openapi.json"
    );
    Ok(())
}
