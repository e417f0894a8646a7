//! Programs in Python, each in a virtual environment with exactly the packages that tests/python names for it.

use std::{path::PathBuf, process::Stdio};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

/// The Python with the packages of `tests/python/<name>.txt`; they are installed when they are not there yet.
pub async fn python(name: &str) -> Result<PathBuf> {
    let output = Command::new(repository().join("scripts/venv"))
        .arg(name)
        .stdin(Stdio::null())
        .output()
        .await
        .context("scripts/venv cannot be started")?;
    ensure!(
        output.status.success(),
        "the packages of tests/python/{name}.txt are not there: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(PathBuf::from(
        String::from_utf8_lossy(&output.stdout).trim(),
    ))
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs `tests/python/<program>.py` to its end and answers with what it printed.
///
/// # Errors
/// When it fails; the text holds all it said.
pub async fn run(packages: &str, program: &str, arguments: &[&str]) -> Result<String> {
    let file = repository().join(format!("tests/python/{program}.py"));
    let output = Command::new(python(packages).await?)
        .arg(file)
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        output.status.success(),
        "{program} failed:\n{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(said)
}
