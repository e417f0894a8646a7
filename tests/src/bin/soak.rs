//! `make soak`: 200 short calls, eight at once, through the WebSocket leg of the program with scripted engines. Fails when
//! memory, threads or open files grow after the warm-up, or a record is missing. `soak CALLS AT_ONCE` takes other numbers.

use anyhow::{Context, Result};
use voiceos_tests::soak::{Soak, run};

#[tokio::main]
async fn main() -> Result<()> {
    let mut numbers = std::env::args()
        .skip(1)
        .map(|arg| arg.parse().with_context(|| format!("{arg} is no number")));
    let calls = numbers.next().transpose()?.unwrap_or(200);
    let at_once = numbers.next().transpose()?.unwrap_or(8);
    let seen = run(
        Soak {
            calls,
            at_once,
            warm_up: calls / 4,
        },
        |held| eprintln!("{held} calls are over"),
    )
    .await?;
    println!("{calls} calls, {at_once} at once; all are stored with their messages and recordings");
    println!(
        "{:<22} {:>12} {:>8} {:>6}",
        "", "memory KiB", "threads", "files"
    );
    for (when, held) in [
        ("before the first call", seen.fresh),
        ("after a quarter", seen.warm),
        ("at the end", seen.after),
    ] {
        println!(
            "{when:<22} {:>12} {:>8} {:>6}",
            held.resident, held.threads, held.files
        );
    }
    Ok(())
}
