//! The project's own tasks: `cargo xtask <task>`. Decides which task it is; each has its module.

mod layers;

use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

const USAGE: &str = "\
cargo xtask <task>
  layers   compare the crates' dependencies with the arrows of the house
  check    format, layers and clippy, as in `make check`
";

fn main() -> ExitCode {
    let task = std::env::args().nth(1).unwrap_or_default();
    let done = match task.as_str() {
        "layers" => layers::run(),
        "check" => check(),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn check() -> Result<()> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let status = Command::new("scripts/check")
        .current_dir(root)
        .status()
        .context("cannot start scripts/check")?;
    if !status.success() {
        bail!("the check failed: see above");
    }
    Ok(())
}
