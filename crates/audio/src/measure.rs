//! What a recording's waveform says, so that times are measured on what was heard and not on what a log claims.
//! Knows nothing of words or of the conversation.

use std::time::Duration;

use crate::mix::dbfs;

/// A stretch of sound, from the start of the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub start: Duration,
    pub end: Duration,
}

impl Span {
    pub fn lasts(&self) -> Duration {
        self.end - self.start
    }
}

/// What counts as one stretch of sound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpanRules {
    /// Shorter gaps are part of the stretch.
    pub join: Duration,
    /// Shorter stretches are clicks.
    pub shortest: Duration,
    /// Decibels above the quiet parts.
    pub over_floor: f32,
    /// Decibels below the loud parts.
    pub under_loud: f32,
    /// In dBFS; nothing below is sound, however quiet the rest.
    pub audible: f32,
}

impl Default for SpanRules {
    fn default() -> Self {
        let (join, shortest) = (Duration::from_millis(300), Duration::from_millis(40));
        Self {
            join,
            shortest,
            over_floor: 10.0,
            under_loud: 35.0,
            audible: -60.0,
        }
    }
}

const STEP: Duration = Duration::from_millis(10);

/// Where there is sound, to 10 ms. The threshold is taken from the recording's own quiet and loud parts.
pub fn active_spans(samples: &[i16], rate: u32, rules: SpanRules) -> Vec<Span> {
    let levels: Vec<f32> = samples.chunks(rate as usize / 100).map(dbfs).collect();
    let threshold = threshold(&levels, rules);
    let mut spans: Vec<Span> = Vec::new();
    for (n, _) in levels
        .iter()
        .enumerate()
        .filter(|(_, level)| **level > threshold)
    {
        let (start, end) = (STEP * n as u32, STEP * (n as u32 + 1));
        match spans.last_mut() {
            Some(last) if start - last.end < rules.join => last.end = end,
            _ => spans.push(Span { start, end }),
        }
    }
    spans.retain(|span| span.lasts() >= rules.shortest);
    spans
}

fn threshold(levels: &[f32], rules: SpanRules) -> f32 {
    let mut sorted: Vec<f32> = levels
        .iter()
        .copied()
        .filter(|&level| level > -95.0)
        .collect();
    sorted.sort_by(f32::total_cmp);
    let Some(loud) = sorted.get(sorted.len() * 95 / 100) else {
        return rules.audible;
    };
    let floor = sorted[sorted.len() / 20];
    // Sound without a quiet part has no floor to stand on.
    let over_floor = if floor + rules.over_floor < loud - 10.0 {
        floor + rules.over_floor
    } else {
        rules.audible
    };
    over_floor.max(loud - rules.under_loud).max(rules.audible)
}

/// One turn of the caller and the start of what the agent said to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The last stretch of the caller's before the answer.
    pub caller: Span,
    pub agent: Span,
    /// From the end of the caller's to the start of the agent's, in ms; negative: the agent began too early.
    pub gap_ms: i64,
}

/// The caller began while the agent was speaking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BargeIn {
    pub at: Duration,
    /// How much longer the agent was heard.
    pub agent_stopped_after: Duration,
}

/// For each stretch of the caller's that was answered, how long the caller waited. Of several stretches before one answer the last
/// counts, of several of an answer the first.
pub fn exchanges(caller: &[Span], agent: &[Span]) -> Vec<Exchange> {
    let mut found: Vec<Exchange> = Vec::new();
    for &answer in agent {
        let Some(&turn) = caller.iter().rfind(|turn| turn.start < answer.start) else {
            continue;
        };
        if found.last().is_some_and(|last| last.caller == turn) {
            continue;
        }
        let gap_ms = answer.start.as_millis() as i64 - turn.end.as_millis() as i64;
        found.push(Exchange {
            caller: turn,
            agent: answer,
            gap_ms,
        });
    }
    found
}

pub fn barge_ins(caller: &[Span], agent: &[Span]) -> Vec<BargeIn> {
    let during = |turn: &Span| {
        agent
            .iter()
            .find(|a| a.start < turn.start && turn.start < a.end)
            .copied()
    };
    let barge_in = |turn: &Span| {
        during(turn).map(|a| BargeIn {
            at: turn.start,
            agent_stopped_after: a.end - turn.start,
        })
    };
    caller.iter().filter_map(barge_in).collect()
}

/// [`exchanges`] of a stereo recording, caller left, agent right.
pub fn voice_to_voice(caller: &[i16], agent: &[i16], rate: u32) -> Vec<Exchange> {
    let rules = SpanRules::default();
    exchanges(
        &active_spans(caller, rate, rules),
        &active_spans(agent, rate, rules),
    )
}

/// Amplifies so that the loudest sample stands at `dbfs`. Silence stays silence.
pub fn normalise(samples: &mut [i16], dbfs: f32) {
    let peak = samples.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0);
    if peak > 0 {
        crate::mix::amplify(samples, dbfs - 20.0 * (peak as f32 / 32768.0).log10());
    }
}

/// The `share` (0..1) quantile by nearest rank; `None` of nothing.
pub fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests;
