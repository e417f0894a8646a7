//! `cargo run -p voiceos-tests --bin page -- URL caller.wav [picture.png]`: one call through the page in a headless
//! Chromium with the file as its microphone. Prints what the page showed.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let url = args
        .next()
        .context("first the server's address, such as http://127.0.0.1:8080/")?;
    let microphone = args.next().context("then a WAV file for the microphone")?;
    let picture = args.next();
    let limit = Duration::from_secs(120);
    let shown = voiceos_tests::page::call(
        &url,
        Path::new(&microphone),
        1,
        limit,
        picture.as_deref().map(Path::new),
    )
    .await?;
    for (who, text) in &shown.lines {
        println!("{who}: {text}");
    }
    println!("waits: {:?} ms", shown.waits);
    anyhow::ensure!(
        shown.error.is_empty(),
        "the page shows an error: {}",
        shown.error
    );
    Ok(())
}
