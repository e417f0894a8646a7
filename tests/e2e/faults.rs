//! A call does not die of a provider's fault; and when it has to, it says so and keeps what there was.

use std::sync::Arc;

use anyhow::Result;
use serde_json::json;
use voiceos::talk::client::Format;
use voiceos_api::{ConversationResponse, EndedReason, Happening, Role};
use voiceos_providers::Engines;
use voiceos_tests::{
    faulty::{BreakingModel, BreakingTranscriber, BreakingVoice, SilentModel, buggy, engines},
    line::{Line, start},
    phone::{LIMIT, asks, call, lines},
    server::Server,
};

const SORRY: &str = "Sorry?";
const RULES: [(&str, &str); 2] = [("turns.fault_message", SORRY), ("turns.model_stall", "1s")];

/// Asks so many questions of a server with these engines; also who failed.
async fn asked(engines: Engines, questions: usize) -> Result<(ConversationResponse, Vec<String>)> {
    let server = Server::start(engines, &RULES).await?;
    let (_, stored) = call(
        &server.api,
        json!({}),
        Format::WIDE,
        &mut asks(questions, 16_000),
    )
    .await?;
    let data = server.stop().await?;
    assert_eq!(
        data.replay(stored.id.as_str())?.difference,
        None,
        "faults replay too"
    );
    let failed = data
        .events(stored.id.as_str())
        .await?
        .into_iter()
        .filter_map(|event| match event.happening {
            Happening::ProviderFailed { provider, .. } => Some(provider),
            _ => None,
        });
    Ok((stored, failed.collect()))
}

fn said(stored: &ConversationResponse, who: Role) -> Vec<&str> {
    lines(stored)
        .into_iter()
        .filter(|(role, _)| *role == who)
        .map(|(_, text)| text)
        .collect()
}

#[tokio::test]
async fn a_voice_that_dies_in_mid_word_is_heard_again_in_the_next_answer() -> Result<()> {
    let engines = Engines {
        voice: Arc::new(BreakingVoice::new(1)),
        ..engines("Yes we do.")
    };
    let (stored, failed) = asked(engines, 2).await?;
    assert!(failed.contains(&"voice".to_owned()), "{failed:?}");
    assert_eq!(stored.ended_reason, Some(EndedReason::UserEnded));
    assert_eq!(
        said(&stored, Role::Agent).last(),
        Some(&"Yes we do."),
        "{:?}",
        lines(&stored)
    );
    assert_eq!(said(&stored, Role::User), ["question 1", "question 2"]);
    Ok(())
}

#[tokio::test]
async fn a_model_that_dies_in_mid_word_is_asked_again_or_excused() -> Result<()> {
    let engines = Engines {
        language_model: Arc::new(BreakingModel::new(1, "Yes we do.")),
        ..engines("")
    };
    let (stored, failed) = asked(engines, 2).await?;
    assert_eq!(failed, ["language_model"]);
    assert_eq!(
        said(&stored, Role::Agent).last(),
        Some(&"Yes we do."),
        "{:?}",
        lines(&stored)
    );
    assert!(
        lines(&stored)
            .iter()
            .all(|(_, text)| !text.contains("Break")),
        "half a word was said"
    );
    Ok(())
}

#[tokio::test]
async fn a_model_that_never_works_ends_the_call_after_some_tries() -> Result<()> {
    let engines = Engines {
        language_model: Arc::new(BreakingModel::new(usize::MAX, "")),
        ..engines("")
    };
    let (stored, failed) = asked(engines, 10).await?;
    assert!(
        failed.iter().all(|provider| provider == "language_model") && failed.len() >= 3,
        "{failed:?}"
    );
    assert_eq!(
        stored.ended_reason,
        Some(EndedReason::Unknown),
        "{:?}",
        lines(&stored)
    );
    assert!(
        said(&stored, Role::Agent).contains(&SORRY),
        "{:?}",
        lines(&stored)
    );
    Ok(())
}

#[tokio::test]
async fn a_model_that_says_nothing_is_given_up() -> Result<()> {
    let engines = Engines {
        language_model: Arc::new(SilentModel),
        ..engines("")
    };
    let (stored, failed) = asked(engines, 1).await?;
    assert!(failed.contains(&"language_model".to_owned()), "{failed:?}");
    assert!(
        said(&stored, Role::Agent).contains(&SORRY),
        "{:?}",
        lines(&stored)
    );
    Ok(())
}

#[tokio::test]
async fn a_transcriber_that_dies_is_opened_again() -> Result<()> {
    let engines = Engines {
        transcriber: Arc::new(BreakingTranscriber::default()),
        ..engines("Yes we do.")
    };
    let (stored, failed) = asked(engines, 2).await?;
    assert!(failed.contains(&"transcriber".to_owned()), "{failed:?}");
    assert_eq!(
        said(&stored, Role::Agent).last(),
        Some(&"Yes we do."),
        "{:?}",
        lines(&stored)
    );
    Ok(())
}

#[tokio::test]
async fn a_bug_in_an_engine_ends_its_own_call_and_no_other() -> Result<()> {
    let server = Server::start(buggy(), &[]).await?;
    let made = server.api.web_call(json!({})).await?;
    let mut line = Line::join(&made.url, &start()).await?;
    line.hold(&[], |line| line.closed).await?;
    assert_eq!(line.ended(), Some("unknown"), "{:?}", line.told);
    let stored = server.api.ended(&made.id, LIMIT).await?;
    assert_eq!(stored.ended_reason, Some(EndedReason::Unknown));
    server.api.idle(LIMIT).await?;
    server.api.web_call(json!({})).await?;
    Ok(())
}
