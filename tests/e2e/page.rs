//! The page at `/` in a headless Chromium whose microphone is a WAV file: what a visitor sees of a call is what is kept.

use std::time::Duration;

use anyhow::Result;
use voiceos_api::Role;
use voiceos_audio::wav;
use voiceos_tests::{page, phone::lines, program::Program, server::Data};

use crate::{
    barge_in::{RATE, alone, question},
    models::models_dir,
};

/// The greeting takes some three seconds.
const LISTENS: Duration = Duration::from_secs(6);
const LIMIT: Duration = Duration::from_secs(120);

#[tokio::test]
async fn a_visitor_talks_with_the_agent_and_reads_along() -> Result<()> {
    let _alone = alone().await;
    let data = Data::new()?;
    let models = models_dir()?.display().to_string();
    // On a machine that compiles at the same time a model may well be silent for longer than a caller would bear.
    let environment = [
        ("VOICEOS_MODELS_DIR", &*models),
        ("VOICEOS_TURNS_TRANSCRIBER_STALL", "20s"),
        ("VOICEOS_TURNS_MODEL_STALL", "60s"),
        ("VOICEOS_TURNS_VOICE_STALL", "60s"),
    ];
    let server = Program::serve(data.dir(), &["--demo"], &environment).await?;
    let microphone = data.dir().join("microphone.wav");
    let quiet = |time: Duration| vec![0; (time.as_secs_f64() * f64::from(RATE)) as usize];
    let heard = [quiet(LISTENS), question()?, quiet(LISTENS)].concat();
    wav::write(std::fs::File::create(&microphone)?, RATE, &heard)?;

    let shown = page::call(&server.api.url, &microphone, 1, LIMIT, None).await?;
    println!("{shown:?}");
    assert_eq!(shown.error, "");
    assert_eq!(
        shown.waits.len(),
        1,
        "the answer's wait is shown: {shown:?}"
    );
    let [greeting, asked, answer] = &shown.lines[..] else {
        panic!("three lines: {shown:?}")
    };
    assert!(
        greeting.0 == "agent" && greeting.1.contains("Lighthouse Hotel"),
        "{greeting:?}"
    );
    assert!(
        asked.0 == "user" && asked.1.to_lowercase().contains("breakfast"),
        "{asked:?}"
    );
    assert!(answer.0 == "agent" && answer.1.contains("7"), "{answer:?}");

    let page = server.api.get("/conversations").await?;
    let id = page["items"][0]["id"].as_str().unwrap_or_default();
    let stored = server.api.ended(id, LIMIT).await?;
    let kept: Vec<(String, String)> = lines(&stored)
        .into_iter()
        .map(|(role, text)| {
            let who = if role == Role::User { "user" } else { "agent" };
            (who.to_owned(), text.to_owned())
        })
        .collect();
    assert_eq!(shown.lines, kept, "the page showed what is stored");
    let (status, _) = server.terminate().await?;
    assert!(status.success());
    Ok(())
}
