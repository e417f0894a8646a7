//! The command of the README: the program serves with its real engines, and talks with itself.

use anyhow::Result;
use voiceos_api::{Role, Status};
use voiceos_audio::wav;
use voiceos_tests::{
    phone::lines,
    program::{self, Program},
    server::Data,
};

use crate::{barge_in::alone, models::models_dir};

#[tokio::test]
async fn talk_holds_a_conversation_and_saves_both_sides() -> Result<()> {
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
    let file = data.dir().join("call.wav");
    let (saved, dir) = (file.display().to_string(), data.dir().display().to_string());
    let args = ["talk", "--url", &server.api.url, "--save", &saved];
    let say = [
        "--say",
        "Hello, what time is breakfast?",
        "--say",
        "And do you have parking?",
    ];
    let environment = [
        ("VOICEOS_MODELS_DIR", &*models),
        ("VOICEOS_DATA_DIR", &*dir),
    ];
    let ended = program::run(&[&args[..], &say[..]].concat(), &environment).await?;
    println!("{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.code, Some(0), "{ended:?}");

    let wav = wav::open(&file)?;
    let loud = |side: &[i16]| {
        side.iter()
            .filter(|sample| sample.unsigned_abs() > 1000)
            .count()
            > 8000
    };
    assert!(
        wav.channels.len() == 2 && wav.channels.iter().all(|side| loud(side)),
        "both sides are in the file"
    );

    let page = server.api.get("/conversations").await?;
    let conversation: voiceos_api::ConversationResponse =
        serde_json::from_value(page["items"][0].clone())?;
    let said = lines(&conversation);
    let of = |who: Role| said.iter().filter(|(role, _)| *role == who).count();
    assert_eq!((of(Role::User), of(Role::Agent)), (2, 3), "{said:?}");
    assert_eq!(conversation.status, Status::Ended);
    assert!(conversation.recording.is_some() && conversation.cost_breakdown.is_some());
    assert!(conversation.turns.len() >= 2, "{:?}", conversation.turns);
    for (_, text) in &said {
        let told = text.split_whitespace().next().unwrap_or_default();
        assert!(
            ended.stdout.contains(told),
            "`{told}` was not shown: {ended:?}"
        );
    }
    let (status, _) = server.terminate().await?;
    assert!(status.success());
    Ok(())
}
