//! What may be set about turn-taking. Each rule has a unit, a reason and a default that works.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::micros;

/// All times count from the end of the caller's last voiced frame unless said otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// Said first; `None` waits for the caller.
    pub initial_message: Option<String>,
    /// False: the caller's words during the initial message are kept and answered after it.
    pub initial_message_interruptible: bool,
    /// Silence that ends a turn when the caller has surely finished (verdict ≥ `sure`).
    #[serde(with = "micros")]
    pub silence: Duration,
    /// Silence that ends a turn when the caller has likely finished (verdict ≥ `likely`).
    #[serde(with = "micros")]
    pub likely_silence: Duration,
    /// Silence that ends a turn while no verdict is there.
    #[serde(with = "micros")]
    pub unjudged_silence: Duration,
    /// Silence that ends a turn when the caller seems to be in mid-sentence.
    #[serde(with = "micros")]
    pub long_silence: Duration,
    /// Percent from which a verdict counts as sure.
    pub sure: u8,
    /// Percent from which a verdict counts as likely.
    pub likely: u8,
    /// Start the language model and the voice before the turn is taken; thrown away if the caller goes on.
    pub speculate: bool,
    /// Words that make a barge-in real. Sounds without words never do.
    pub barge_in_words: u32,
    /// Voice without any new word for so long is noise and holds the floor no more.
    #[serde(with = "micros")]
    pub noise: Duration,
    /// How long the turn waits for a transcript that covers the end of speech.
    #[serde(with = "micros")]
    pub transcriber_stall: Duration,
    /// How long a reply may wait for its next token.
    #[serde(with = "micros")]
    pub model_stall: Duration,
    /// How long a reply may wait for its next audio.
    #[serde(with = "micros")]
    pub voice_stall: Duration,
    /// How long a reply may wait for a tool.
    #[serde(with = "micros")]
    pub tool_stall: Duration,
    /// How long the leg may play without reporting so.
    #[serde(with = "micros")]
    pub leg_stall: Duration,
    /// Silence of both sides, since the last sound of either, after which the agent asks whether anyone is there.
    #[serde(with = "micros")]
    pub idle: Duration,
    /// Said one after the other, each after another `idle`; then the agent hangs up.
    pub idle_prompts: Vec<String>,
    /// Said before an idle hang-up.
    pub idle_goodbye: Option<String>,
    /// How long a goodbye may take once the end is decided.
    #[serde(with = "micros")]
    pub goodbye: Duration,
    /// Said when an answer failed and cannot be tried again.
    pub fault_message: Option<String>,
    /// Faults in a row that end the call.
    pub max_faults: u32,
    /// The call ends here, whatever happens; seconds on the call's clock. `None` is unlimited.
    pub limit_seconds: Option<u64>,
}

impl Default for Rules {
    fn default() -> Self {
        let ms = Duration::from_millis;
        Self {
            initial_message: None,
            initial_message_interruptible: true,
            silence: ms(240),
            likely_silence: ms(450),
            unjudged_silence: ms(600),
            long_silence: ms(1500),
            sure: 80,
            likely: 50,
            speculate: true,
            barge_in_words: 1,
            noise: ms(4000),
            transcriber_stall: ms(2000),
            model_stall: ms(8000),
            voice_stall: ms(8000),
            tool_stall: ms(20_000),
            leg_stall: ms(4000),
            idle: ms(10_000),
            idle_prompts: vec!["Are you still there?".into()],
            idle_goodbye: Some("I can't hear you any more, so I will hang up now. Goodbye.".into()),
            goodbye: ms(15_000),
            fault_message: Some("Sorry, I lost my thread there. Could you say that again?".into()),
            max_faults: 3,
            limit_seconds: Some(600),
        }
    }
}

impl Rules {
    /// Silence after which the turn is taken, given the turn detector's verdict in percent.
    pub(super) fn wait(&self, verdict: Option<u8>) -> Duration {
        match verdict {
            None => self.unjudged_silence,
            Some(percent) if percent >= self.sure => self.silence,
            Some(percent) if percent >= self.likely => self.likely_silence,
            Some(_) => self.long_silence,
        }
    }
}
