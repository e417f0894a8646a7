//! `voiceos models`: the model files, as `make models` gets them.

use std::io::{IsTerminal, stderr};

use clap::Subcommand;
use voiceos_weights::{
    Set, check, entries, install,
    progress::{Bars, Lines, megabytes},
};

use super::{Failure, Settings};
use crate::config::Config;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Fetch and verify what is missing
    Get {
        /// fast, right, kokoro or tests
        #[arg(default_value = "fast")]
        sets: Vec<Set>,
    },
    /// Say what is missing or broken
    Check {
        /// fast, right, kokoro or tests
        #[arg(default_value = "fast")]
        sets: Vec<Set>,
    },
    /// File, size, licence and origin
    List,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let dir = Config::load(&args.settings.sources())?.config.models_dir;
    // Reading and fetching hundreds of megabytes is no work for an async thread.
    let done = tokio::task::spawn_blocking(move || match args.verb {
        Verb::Get { sets } => {
            let fetched = if stderr().is_terminal() {
                install(&dir, &sets, &Bars::default())
            } else {
                install(&dir, &sets, &Lines::new(stderr(), ""))
            };
            fetched.map_err(|error| Failure::Models(error.to_string()))
        }
        Verb::Check { sets } => check(&dir, &sets).map_err(|broken| {
            Failure::Models(
                broken
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join("\n"),
            )
        }),
        Verb::List => {
            for entry in entries(&Set::ALL) {
                println!(
                    "{:<44} {:>8}  {:<12} {}",
                    entry.name,
                    megabytes(entry.bytes),
                    entry.licence,
                    entry.origin
                );
            }
            Ok(())
        }
    });
    done.await.map_err(anyhow::Error::from)?
}
