//! The sound of a caller's turn as it comes in: what is kept, which pauses are shortened, what of it has fallen quiet, and
//! its mel columns as far as they can be made. What the sound says is left to `whisper.rs`.

use std::{collections::VecDeque, time::Duration};

use crate::mel::{BANDS, HOP, Mel, WINDOW};

/// Samples in a frame: 20 ms at 16 kHz.
const FRAME: usize = 320;
/// Kept from before speech was noticed: the gate tells up to some hundred milliseconds late, and the first sound of a
/// word is soft.
const LEAD: Duration = Duration::from_millis(200);
/// Frames held back while nobody speaks, for [`LEAD`] and the gate's delay.
const HELD: usize = 40;
/// A pause longer than this does not make the turn longer.
const PAUSE: Duration = Duration::from_millis(1500);

/// The sound of one turn.
pub(crate) struct CallerTurn {
    mel: Mel,
    /// Half a window of silence, then the sound.
    samples: Vec<f32>,
    columns: Vec<f32>,
    /// Loudness of each frame kept, root mean square.
    loudness: Vec<f32>,
    held: VecDeque<(Duration, Vec<f32>)>,
    /// None before the first speech of the turn; then when the present pause began, if there is one.
    open: Option<Option<Duration>>,
    /// The first frame of the present stretch of speech.
    began: usize,
    until: Duration,
}

impl CallerTurn {
    pub fn new() -> Self {
        let mut turn = Self {
            mel: Mel::new(),
            samples: Vec::new(),
            columns: Vec::new(),
            loudness: Vec::new(),
            held: VecDeque::new(),
            open: None,
            began: 0,
            until: Duration::ZERO,
        };
        turn.forget();
        turn
    }

    /// Empties the turn; what is held back for the next one stays.
    pub fn forget(&mut self) {
        self.samples.clear();
        self.samples.resize(WINDOW / 2, 0.0);
        self.columns.clear();
        self.loudness.clear();
        self.open = None;
    }

    /// Ends the turn: what was said belongs to it, what is being said at this moment begins the next one.
    pub fn take(&mut self) {
        let rest = if self.speaking() {
            self.samples.split_off(WINDOW / 2 + self.began * FRAME)
        } else {
            Vec::new()
        };
        let open = self.open.filter(Option::is_none);
        self.forget();
        self.open = open;
        rest.chunks_exact(FRAME).for_each(|frame| self.keep(frame));
        self.began = 0;
    }

    pub fn push(&mut self, samples: &[i16], at: Duration) {
        let frame: Vec<f32> = samples
            .iter()
            .map(|sample| f32::from(*sample) / 32768.0)
            .collect();
        self.until = at + Duration::from_millis(20);
        match self.open {
            Some(None) => self.keep(&frame),
            Some(Some(since)) if at.saturating_sub(since) < PAUSE => self.keep(&frame),
            _ => {
                if self.held.len() == HELD {
                    self.held.pop_front(); // older than any speech that can still be told of
                }
                self.held.push_back((at, frame));
            }
        }
    }

    pub fn speech_started(&mut self, at: Duration) {
        self.open = Some(None);
        self.began = self.frames();
        for (begun, frame) in std::mem::take(&mut self.held) {
            if begun + LEAD >= at {
                self.keep(&frame);
            }
        }
    }

    pub fn speech_stopped(&mut self, at: Duration) {
        if self.open.is_some() {
            self.open = Some(Some(at));
        }
    }

    /// In a pause so long that what comes next hardly belongs to what was heard before.
    pub fn rests(&self) -> bool {
        matches!(self.open, Some(Some(since)) if self.until.saturating_sub(since) > PAUSE)
    }

    /// The frame in which this moment of the present stretch lies.
    pub fn frame_at(&self, at: Duration) -> usize {
        self.frames()
            .saturating_sub(self.until.saturating_sub(at).as_millis() as usize / 20)
    }

    pub fn speaking(&self) -> bool {
        self.open == Some(None)
    }

    /// Frames kept so far; a run that has seen so many has seen everything.
    pub fn frames(&self) -> usize {
        self.loudness.len()
    }

    pub fn length(&self) -> Duration {
        Duration::from_millis(20) * u32::try_from(self.frames()).unwrap_or(u32::MAX)
    }

    /// The call's time at the end of what came in last.
    pub fn until(&self) -> Duration {
        self.until
    }

    /// Whether everything from this frame on is far below the loudest tenth of the turn.
    pub fn quiet_from(&self, frame: usize) -> bool {
        let limit = self.quiet();
        self.loudness
            .get(frame..)
            .is_some_and(|rest| rest.iter().all(|loudness| *loudness < limit))
    }

    /// What is softer than this, as a root mean square, is quiet against the speech of the turn.
    pub fn quiet(&self) -> f32 {
        self.loud() * 0.06
    }

    /// How long the turn was loud, in seconds.
    pub fn voiced(&self) -> f32 {
        let limit = (self.loud() * 0.1).max(1e-4);
        self.loudness
            .iter()
            .filter(|loudness| **loudness >= limit)
            .count() as f32
            * 0.02
    }

    fn loud(&self) -> f32 {
        let mut sorted = self.loudness.clone();
        sorted.sort_unstable_by(f32::total_cmp);
        sorted.get(sorted.len() * 9 / 10).copied().unwrap_or(0.0)
    }

    /// The columns of everything kept, silence after it.
    pub fn columns(&mut self) -> Vec<f32> {
        let mut all = self.columns.clone();
        let mut tail = self.samples[self.columns.len() / BANDS * HOP..].to_vec();
        tail.resize(tail.len() + WINDOW / 2, 0.0);
        self.mel.columns(&tail, &mut all);
        all
    }

    fn keep(&mut self, frame: &[f32]) {
        self.samples.extend_from_slice(frame);
        self.loudness
            .push((frame.iter().map(|x| x * x).sum::<f32>() / FRAME as f32).sqrt());
        self.mel.columns(
            &self.samples[self.columns.len() / BANDS * HOP..],
            &mut self.columns,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn hear(turn: &mut CallerTurn, from: u64, to: u64, sample: i16) {
        (from..to)
            .step_by(20)
            .for_each(|at| turn.push(&[sample; FRAME], ms(at)));
    }

    #[test]
    fn a_turn_begins_a_little_before_the_speech_and_not_before() {
        let mut turn = CallerTurn::new();
        hear(&mut turn, 0, 2000, 0);
        assert_eq!(turn.frames(), 0);
        turn.speech_started(ms(1900));
        assert_eq!(turn.length(), ms(300), "200 ms before, 100 ms since");
        hear(&mut turn, 2000, 3000, 9000);
        assert_eq!(turn.length(), ms(1300));
    }

    #[test]
    fn a_long_pause_is_shortened() {
        let mut turn = CallerTurn::new();
        turn.speech_started(ms(0));
        hear(&mut turn, 0, 1000, 9000);
        turn.speech_stopped(ms(1000));
        hear(&mut turn, 1000, 6000, 0);
        assert_eq!(
            turn.length(),
            ms(2500),
            "a second of speech, a second and a half of the pause"
        );
        turn.speech_started(ms(5900));
        assert_eq!(turn.length(), ms(2800), "and the lead of the next word");
    }

    #[test]
    fn the_columns_made_on_the_way_are_those_of_the_whole() {
        let mut turn = CallerTurn::new();
        turn.speech_started(ms(0));
        let sample = |i: usize| ((i * i) % 7001) as i16 - 3500;
        let sound: Vec<i16> = (0..16_000).map(sample).collect();
        sound
            .chunks_exact(FRAME)
            .zip(0..)
            .for_each(|(frame, i)| turn.push(frame, ms(i * 20)));
        let mut padded = vec![0.0; WINDOW / 2];
        padded.extend(sound.iter().map(|s| f32::from(*s) / 32768.0));
        padded.resize(padded.len() + WINDOW / 2, 0.0);
        let mut whole = Vec::new();
        Mel::new().columns(&padded, &mut whole);
        let columns = turn.columns();
        assert_eq!(columns.len(), whole.len());
        assert!(
            columns
                .iter()
                .zip(&whole)
                .all(|(a, b)| (a - b).abs() < 1e-3)
        );
    }

    #[test]
    fn quiet_is_measured_against_the_speech_before_it() {
        let mut turn = CallerTurn::new();
        turn.speech_started(ms(0));
        hear(&mut turn, 0, 1000, 9000);
        assert!(!turn.quiet_from(40));
        hear(&mut turn, 1000, 1100, 90);
        assert!(turn.quiet_from(50) && !turn.quiet_from(49));
        assert!((turn.voiced() - 1.0).abs() < 0.03);
    }
}
