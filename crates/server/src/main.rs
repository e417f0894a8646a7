//! Starts the program and ends it with its code.

use std::process::ExitCode;

use clap::Parser;
use voiceos::cli::{Cli, run};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => ExitCode::from(runtime.block_on(run(cli))),
        Err(cause) => {
            eprintln!("voiceos: this machine lets no threads start ({cause})");
            ExitCode::from(1)
        }
    }
}
