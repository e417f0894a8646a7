//! The command line: what may be typed, what it does, and how the program ends.
//!
//! Exit codes: 0 fine, 1 a bug, 2 wrong usage, 3 configuration or models, 4 cannot listen, 5 the store cannot be used.
//! Results go to stdout, everything else to stderr.

mod keys;
mod models;

use std::{
    io::{IsTerminal, Write},
    path::PathBuf,
};

use clap::{Args, Parser, Subcommand};
use tokio::sync::oneshot;

use crate::{
    config::{Config, Loaded, Mistakes, Sources},
    engines::{self, EnginesError},
    replay,
    serve::{self, ServeError},
    talk, telemetry, welcome,
};

/// Gives an AI agent a voice on phone and web.
#[derive(Debug, Parser)]
#[command(
    name = "voiceos",
    version,
    propagate_version = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(Serve),
    /// Talk with an agent in this terminal
    Talk(talk::Args),
    /// Print every setting with its origin, and check the models
    Check(Settings),
    /// Run a recorded call's log again and compare what was decided
    Replay {
        /// The log, from `calls` in the data directory
        file: PathBuf,
        /// Print every step
        #[arg(long, short)]
        verbose: bool,
    },
    /// Get, check or list the model files
    Models(models::Args),
    /// Create, list or revoke API keys of this machine's server
    Keys(keys::Args),
}

#[derive(Debug, Args)]
struct Serve {
    /// Make the demo agent, the front desk of a small hotel
    #[arg(long)]
    demo: bool,
    #[command(flatten)]
    settings: Settings,
}

/// Settings that are asked for most; the file and the environment know all of them.
#[derive(Debug, Default, Args)]
struct Settings {
    /// Read settings from this file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to listen, such as 127.0.0.1:8080
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Where agents, conversations and recordings are kept
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// Where the model files lie
    #[arg(long, value_name = "DIR")]
    models_dir: Option<String>,
    /// local or scripted
    #[arg(long)]
    engines: Option<String>,
    /// fast, right or the path of a GGUF file
    #[arg(long, value_name = "MODEL")]
    language_model: Option<String>,
    /// joe or kokoro
    #[arg(long)]
    voice: Option<String>,
    /// error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
}

impl Settings {
    fn sources(self) -> Sources {
        let flags = [
            ("listen", self.listen),
            ("data_dir", self.data_dir),
            ("models_dir", self.models_dir),
            ("engines", self.engines),
            ("local.language_model", self.language_model),
            ("local.voice", self.voice),
            ("log.level", self.log_level),
        ];
        let flags = flags
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .collect();
        Sources {
            flags,
            file: self.config,
            ..Sources::of_this_process()
        }
    }
}

/// Why the program ends early. Its text is for people, its code for scripts.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the configuration has mistakes:\n{0}")]
    Config(#[from] Mistakes),
    #[error(transparent)]
    Engines(#[from] EnginesError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Store(#[from] voiceos_store::StoreError),
    #[error("{0}")]
    Models(String),
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Engines(_) | Self::Models(_) => 3,
            Self::Serve(ServeError::Listen { .. }) => 4,
            Self::Serve(ServeError::Store(_)) | Self::Store(_) => 5,
            Self::Serve(ServeError::Broken(_)) | Self::Other(_) => 1,
        }
    }
}

/// Runs the program; the answer is its exit code.
pub async fn run(cli: Cli) -> u8 {
    let done = match cli.command {
        Command::Serve(serve) => run_serve(serve).await,
        Command::Talk(args) => talk::run(args)
            .await
            .map_err(|error| Failure::Other(error.into())),
        Command::Check(settings) => check(settings),
        Command::Replay { file, verbose } => replay::run(&file, verbose).map_err(Failure::Other),
        Command::Models(args) => models::run(args).await,
        Command::Keys(args) => keys::run(args).await,
    };
    let Err(failure) = done else { return 0 };
    eprintln!("voiceos: {failure}");
    let mut cause = std::error::Error::source(&failure);
    while let Some(error) = cause {
        eprintln!("  because: {error}");
        cause = error.source();
    }
    failure.code()
}

async fn run_serve(serve: Serve) -> Result<(), Failure> {
    let mut sources = serve.settings.sources();
    if serve.demo {
        sources.flags.push(("demo", "true".into()));
    }
    let Loaded { config, .. } = Config::load(&sources)?;
    telemetry::start(&config.log);
    let loading = config.clone();
    let engines = tokio::task::spawn_blocking(move || engines::load(&loading)).await;
    let engines = engines.map_err(anyhow::Error::from)??;
    let open_page = config.page_open;
    let (ready, told) = oneshot::channel();
    let welcome = async {
        if let Ok(ready) = told.await {
            let mut stdout = std::io::stdout();
            let text = welcome::text(&ready, open_page, stdout.is_terminal());
            // Whoever reads it may have read enough and left; the server goes on.
            drop(writeln!(stdout, "{text}").and_then(|()| stdout.flush()));
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        done = serve::serve(config, engines, ready, asked_to_end()) => Ok(done?),
        () = welcome => Ok(()),
    }
}

/// Ctrl-C or SIGTERM.
async fn asked_to_end() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
    tracing::info!("asked to end");
}

fn check(settings: Settings) -> Result<(), Failure> {
    let Loaded { config, settings } = Config::load(&settings.sources())?;
    let width = settings
        .iter()
        .map(|setting| setting.key.len())
        .max()
        .unwrap_or_default();
    let computed = |key: &str| match key {
        "data_dir" => Some(config.data_dir.display().to_string()),
        "models_dir" => Some(config.models_dir.display().to_string()),
        _ => None,
    };
    for setting in &settings {
        let value =
            computed(&setting.key).map_or_else(|| setting.shown(), |path| format!("{path:?}"));
        println!("{:<width$} = {value}  # {}", setting.key, setting.origin);
    }
    if config.engines == crate::config::EngineKind::Local {
        engines::check_models(&config)?;
        eprintln!("the models are there and whole");
    }
    Ok(())
}
