//! What the turns of `bench-voice` measured: voice-to-voice on the waveform, where the time of each turn went, and which
//! pauses were taken for the end of a turn. How a call is held is left to `calls`, how it is drawn to `chart`.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use voiceos_audio::measure::{Span, SpanRules, active_spans};
use voiceos_core::{Command, replay};

use crate::{
    calls::{Exchange, Held},
    figures::Spread,
};

/// Stages that every turn has, in the order in which they are shown.
pub const STAGES: [&str; 8] = [
    "silence noticed",
    "transcript",
    "verdict",
    "endpoint",
    "first token",
    "first piece",
    "first speech",
    "first audio sent",
];

/// Where the time of a turn goes, one after the other; see [`Turn::parts`].
pub const PARTS: [&str; 6] = [
    "silence",
    "words",
    "model",
    "voice",
    "held back",
    "line and phone",
];

/// One turn of the caller.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    pub text: String,
    /// From the end of the caller's sound to the start of the agent's; `None` when it was not answered.
    pub voice_to_voice: Option<f64>,
    /// As [`STAGES`], in ms after the caller's last voiced frame.
    pub stages: [Option<f64>; 8],
    /// The caller paused in mid-sentence.
    pub paused: bool,
    /// The agent was heard before the caller had finished.
    pub cut_off: bool,
    /// The turn was taken before the caller had finished, whether or not that was heard.
    pub taken_early: bool,
}

impl Turn {
    /// Durations as [`PARTS`] that add up to `voice_to_voice`: until the silence was noticed, the words complete, the
    /// first piece of the answer written, its first sound computed, the turn taken, and the sound heard. A stage that
    /// was over before the one shown before it takes no time.
    pub fn parts(&self) -> Option<[f64; 6]> {
        let [silence, transcript, _, _, _, piece, speech, audio] = self.stages;
        let heard = self.voice_to_voice?;
        let mut at = 0.0;
        let mut parts = [0.0; 6];
        for (part, until) in
            parts
                .iter_mut()
                .zip([silence, transcript, piece, speech, audio, Some(heard)])
        {
            let until = until.unwrap_or(at).clamp(at, heard.max(at));
            *part = until - at;
            at = until;
        }
        Some(parts)
    }

    fn endpoint(&self) -> Option<f64> {
        self.stages[3]
    }
}

/// How long the program waited before it took turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    pub sure: usize,
    pub likely: usize,
    pub long: usize,
}

/// All turns with one language model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub model: String,
    /// Processes that wanted to run when it began, as the system counts them.
    pub load: Option<f64>,
    pub turns: Vec<Turn>,
}

impl Run {
    pub fn answered(&self) -> Vec<f64> {
        self.turns
            .iter()
            .filter_map(|turn| turn.voice_to_voice)
            .collect()
    }

    pub fn spread(&self) -> Option<Spread> {
        Spread::of(&self.answered())
    }

    pub fn stage(&self, n: usize) -> Option<Spread> {
        let reached: Vec<f64> = self
            .turns
            .iter()
            .filter_map(|turn| turn.stages[n])
            .collect();
        Spread::of(&reached)
    }

    /// The mean of each part over the middle half of the turns, so that the parts add up to about the median.
    pub fn typical(&self) -> [f64; 6] {
        let mut turns: Vec<&Turn> = self
            .turns
            .iter()
            .filter(|turn| turn.voice_to_voice.is_some())
            .collect();
        turns.sort_by(|a, b| {
            a.voice_to_voice
                .partial_cmp(&b.voice_to_voice)
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        let quarter = turns.len() / 4;
        let middle = &turns[quarter..turns.len() - quarter];
        let parts: Vec<[f64; 6]> = middle.iter().filter_map(|turn| turn.parts()).collect();
        std::array::from_fn(|n| {
            parts.iter().map(|part| part[n]).sum::<f64>() / parts.len().max(1) as f64
        })
    }

    pub fn count(&self, which: impl Fn(&Turn) -> bool) -> usize {
        self.turns.iter().filter(|turn| which(turn)).count()
    }

    /// Which silence the turns ended after, as far as their endpoint tells.
    pub fn waits(&self) -> Waits {
        let between = |from: f64, to: f64| {
            self.count(|turn| turn.endpoint().is_some_and(|at| from <= at && at < to))
        };
        Waits {
            sure: between(0.0, 445.0),
            likely: between(445.0, 1495.0),
            long: between(1495.0, f64::MAX),
        }
    }
}

/// The turns of a call, from the caller's own recording of both sides.
pub fn turns(held: &Held, log: &replay::Replayed) -> Vec<Turn> {
    let spans = |side: &[i16]| active_spans(side, held.report.rate, SpanRules::default());
    let (caller, agent) = (spans(&held.report.caller), spans(&held.report.agent));
    let taken: Vec<Duration> = log
        .steps
        .iter()
        .filter(|step| {
            step.commands
                .iter()
                .any(|command| matches!(command, Command::TakeTurn))
        })
        .map(|step| step.at)
        .collect();
    held.exchanges
        .iter()
        .map(|exchange| turn(exchange, &caller, &agent, &taken))
        .collect()
}

fn turn(exchange: &Exchange, caller: &[Span], agent: &[Span], taken: &[Duration]) -> Turn {
    let (begun, ended) = match (exchange.said.first(), exchange.said.last()) {
        (Some(first), Some(last)) => (first.from, last.to),
        _ => return Turn::default(),
    };
    // What is softer at the end of the caller's samples is not heard as voice.
    let last = caller
        .iter()
        .rfind(|span| begun <= span.start && span.start < ended);
    let ended = last.map_or(ended, |span| span.end);
    let before_the_end = |at: Duration| begun < at && at < ended;
    let answer = agent
        .iter()
        .find(|span| ended <= span.start && span.start < exchange.until);
    let stages = exchange.timings.unwrap_or_default();
    let stages = [
        stages.silence_ms,
        stages.transcript_ms,
        stages.verdict_ms,
        stages.endpoint_ms,
        stages.first_token_ms,
        stages.first_piece_ms,
        stages.first_speech_ms,
        stages.first_audio_ms,
    ];
    Turn {
        text: exchange.text.clone(),
        voice_to_voice: answer.map(|span| (span.start - ended).as_secs_f64() * 1000.0),
        stages: stages.map(|stage| stage.map(f64::from)),
        paused: exchange.said.len() > 1,
        cut_off: agent.iter().any(|span| before_the_end(span.start)),
        taken_early: taken.iter().any(|&at| before_the_end(at)),
    }
}

#[cfg(test)]
mod tests {
    use voiceos_api::TurnTimings;

    use super::*;
    use crate::calls::Stretch;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn span(from: u64, to: u64) -> Span {
        Span {
            start: ms(from),
            end: ms(to),
        }
    }

    fn paused() -> Exchange {
        let said = vec![
            Stretch {
                from: ms(1000),
                to: ms(2000),
            },
            Stretch {
                from: ms(2800),
                to: ms(4000),
            },
        ];
        let timings = Some(TurnTimings {
            silence_ms: Some(100),
            first_audio_ms: Some(350),
            ..TurnTimings::default()
        });
        Exchange {
            text: String::new(),
            said,
            until: ms(9000),
            timings,
            understood: String::new(),
            answer: String::new(),
        }
    }

    #[test]
    fn a_turn_ends_where_its_sound_ends_and_not_at_its_pause() {
        let caller = [span(1010, 1980), span(2810, 3940)];
        let turn = turn(
            &paused(),
            &caller,
            &[span(200, 900), span(4340, 6000)],
            &[ms(4180)],
        );
        assert_eq!(
            (
                turn.voice_to_voice,
                turn.paused,
                turn.cut_off,
                turn.taken_early
            ),
            (Some(400.0), true, false, false)
        );
        assert_eq!((turn.stages[0], turn.stages[7]), (Some(100.0), Some(350.0)));
    }

    #[test]
    fn an_answer_in_the_pause_is_a_cut_off() {
        let caller = [span(1010, 1980), span(2810, 3940)];
        let agent = [span(2400, 3000), span(4340, 6000)];
        let turn = turn(&paused(), &caller, &agent, &[ms(2230), ms(4180)]);
        assert!(turn.cut_off && turn.taken_early);
        assert_eq!(turn.voice_to_voice, Some(400.0));
    }

    #[test]
    fn what_was_never_answered_has_no_time() {
        let turn = turn(&paused(), &[span(1010, 3940)], &[span(200, 900)], &[]);
        assert_eq!(turn.voice_to_voice, None);
        assert_eq!(turn.parts(), None);
    }

    #[test]
    fn the_parts_add_up_to_what_was_heard() {
        let stages = [
            Some(100.0),
            Some(120.0),
            Some(160.0),
            Some(240.0),
            Some(190.0),
            Some(230.0),
            Some(220.0),
            Some(241.0),
        ];
        let turn = Turn {
            voice_to_voice: Some(300.0),
            stages,
            ..Turn::default()
        };
        assert_eq!(turn.parts(), Some([100.0, 20.0, 110.0, 0.0, 11.0, 59.0]));
        let unknown = Turn {
            voice_to_voice: Some(300.0),
            ..Turn::default()
        };
        assert_eq!(unknown.parts(), Some([0.0, 0.0, 0.0, 0.0, 0.0, 300.0]));
    }

    #[test]
    fn the_typical_turn_is_of_the_middle_half() {
        let turn = |heard| Turn {
            voice_to_voice: Some(heard),
            ..Turn::default()
        };
        let turns = vec![turn(5000.0), turn(400.0), turn(410.0), turn(10.0)];
        let run = Run {
            turns,
            ..Run::default()
        };
        assert_eq!(run.typical()[5], 405.0);
    }
}
