//! Touch tones: made, and heard by Goertzel's algorithm with the limits of ITU-T Q.24 (twist, level, both tones alone).

use std::f64::consts::PI;

const ROWS: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
const KEYS: [[char; 4]; 4] = [
    ['1', '2', '3', 'A'],
    ['4', '5', '6', 'B'],
    ['7', '8', '9', 'C'],
    ['*', '0', '#', 'D'],
];

/// Blocks of 12.75 ms: tones of 40 ms hold two whole ones wherever they start.
const BLOCK_SECONDS: f64 = 0.01275;
/// One tone may be this much weaker than the other (8 dB column below row, 4 dB row below column).
const TWIST: (f32, f32) = (6.31, 2.51);
/// The strongest tone of a group over each other one of it.
const ALONE: f32 = 6.3;
/// Share of the block's energy that the two tones must hold. Speech has other things in it.
const PURE: f32 = 0.82;
/// −42 dBFS for each tone's power.
const AUDIBLE: f32 = 6.3e-5;

/// The tones of `key`, each at −10 dBFS peak. `None` for what is no key.
pub fn tone(key: char, rate: u32, samples: usize) -> Option<Vec<i16>> {
    let key = key.to_ascii_uppercase();
    let (row, column) = (0..4)
        .flat_map(|r| (0..4).map(move |c| (r, c)))
        .find(|&(r, c)| KEYS[r][c] == key)?;
    let wave = |hz: f64, n: usize| 10362.0 * (2.0 * PI * hz * n as f64 / rate as f64).sin();
    Some(
        (0..samples)
            .map(|n| (wave(ROWS[row], n) + wave(COLUMNS[column], n)) as i16)
            .collect(),
    )
}

/// Hears keys in a stream of any chunk lengths. A key is reported once, when its tone has lasted two blocks.
pub struct Detector {
    /// 2·cos(2π·hz/rate) of the four rows, then of the four columns.
    turns: [f32; 8],
    state: [(f32, f32); 8],
    energy: f32,
    filled: usize,
    block: usize,
    last: Option<char>,
    reported: Option<char>,
    misses: u32,
}

impl Detector {
    pub fn new(rate: u32) -> Self {
        let mut turns = [0.0; 8];
        for (turn, hz) in turns.iter_mut().zip(ROWS.iter().chain(&COLUMNS)) {
            *turn = (2.0 * (2.0 * PI * hz / rate as f64).cos()) as f32;
        }
        let block = (rate as f64 * BLOCK_SECONDS) as usize;
        Self {
            turns,
            state: Default::default(),
            energy: 0.0,
            filled: 0,
            block,
            last: None,
            reported: None,
            misses: 0,
        }
    }

    /// Appends the keys that became certain within `samples`.
    pub fn push(&mut self, samples: &[i16], keys: &mut Vec<char>) {
        for &sample in samples {
            let x = sample as f32 / 32768.0;
            self.energy += x * x;
            for (turn, (s1, s2)) in self.turns.iter().zip(&mut self.state) {
                (*s1, *s2) = (x + turn * *s1 - *s2, *s1);
            }
            self.filled += 1;
            if self.filled == self.block {
                let key = self.judge();
                self.follow(key, keys);
            }
        }
    }

    /// The key whose tones this block holds, and nothing else.
    fn judge(&mut self) -> Option<char> {
        let n = self.filled as f32;
        let mut power = [0.0f32; 8];
        for ((power, turn), (s1, s2)) in power.iter_mut().zip(self.turns).zip(self.state) {
            // Scaled so that a lone tone has the mean power of its wave.
            *power = (s1 * s1 + s2 * s2 - turn * s1 * s2) * 2.0 / (n * n);
        }
        let mean = self.energy / n;
        (self.state, self.energy, self.filled) = (Default::default(), 0.0, 0);
        let row = strongest(&power[..4])?;
        let column = strongest(&power[4..])?;
        let (low, high) = (power[row], power[4 + column]);
        let even = low <= high * TWIST.0 && high <= low * TWIST.1;
        (low > AUDIBLE && high > AUDIBLE && even && low + high > PURE * mean)
            .then_some(KEYS[row][column])
    }

    fn follow(&mut self, key: Option<char>, keys: &mut Vec<char>) {
        if key.is_some() && key == self.last && key != self.reported {
            self.reported = key;
            keys.extend(key);
        }
        self.misses = if key == self.reported {
            0
        } else {
            self.misses + 1
        };
        // A short break in a held key is no second press.
        if self.misses >= 2 && key.is_none() {
            self.reported = None;
        }
        self.last = key;
    }
}

fn strongest(group: &[f32]) -> Option<usize> {
    let best = (0..group.len()).max_by(|&a, &b| group[a].total_cmp(&group[b]))?;
    group
        .iter()
        .enumerate()
        .all(|(n, &other)| n == best || other * ALONE < group[best])
        .then_some(best)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mix::{Noise, amplify, mix};

    fn heard(rate: u32, samples: &[i16]) -> String {
        let mut detector = Detector::new(rate);
        let mut keys = Vec::new();
        for chunk in samples.chunks(rate as usize / 50) {
            detector.push(chunk, &mut keys);
        }
        keys.into_iter().collect()
    }

    fn dialled(rate: u32, keys: &str, tone_ms: u32, gap_ms: u32) -> Vec<i16> {
        let len = |ms: u32| (rate * ms / 1000) as usize;
        let mut samples = vec![0; len(33)];
        for key in keys.chars() {
            samples.extend(tone(key, rate, len(tone_ms)).expect("a key"));
            samples.extend(vec![0; len(gap_ms)]);
        }
        samples
    }

    #[test]
    fn every_key_is_heard_once_at_every_rate() {
        for rate in [8000, 16000, 24000, 48000] {
            for (tone_ms, gap_ms) in [(50, 50), (100, 80), (400, 200)] {
                assert_eq!(
                    heard(rate, &dialled(rate, "147*2580369#ABCD", tone_ms, gap_ms)),
                    "147*2580369#ABCD"
                );
            }
        }
    }

    #[test]
    fn the_same_key_twice_is_heard_twice() {
        assert_eq!(heard(8000, &dialled(8000, "1122", 80, 60)), "1122");
    }

    #[test]
    fn tones_are_heard_through_noise_and_when_soft() {
        let mut samples = dialled(8000, "0123456789", 80, 80);
        amplify(&mut samples, -15.0);
        let noise = Noise::new(5, -45.0).samples(samples.len());
        mix(&mut samples, &noise);
        assert_eq!(heard(8000, &samples), "0123456789");
    }

    #[test]
    fn tones_survive_the_telephone_line() {
        let line: Vec<i16> = dialled(8000, "4711", 80, 60)
            .iter()
            .map(|&s| crate::g711::decode(crate::g711::encode(s)))
            .collect();
        assert_eq!(heard(8000, &line), "4711");
    }

    #[test]
    fn one_tone_alone_or_a_voice_is_no_key() {
        let wave = |hz: f64| -> Vec<i16> {
            (0..16000)
                .map(|n| (9000.0 * (2.0 * PI * hz * n as f64 / 8000.0).sin()) as i16)
                .collect()
        };
        for hz in [697.0, 1336.0, 440.0, 1000.0] {
            assert_eq!(heard(8000, &wave(hz)), "");
        }
        // A voice: twenty harmonics of a gliding pitch.
        let mut phase = 0.0;
        let voice: Vec<i16> = (0..80000)
            .map(|n| {
                phase += (110.0 + 60.0 * (n as f64 / 9000.0).sin()) / 8000.0;
                (1..20)
                    .map(|h| 2500.0 / h as f64 * (2.0 * PI * phase * h as f64).sin())
                    .sum::<f64>() as i16
            })
            .collect();
        assert_eq!(heard(8000, &voice), "");
    }

    #[test]
    fn a_dial_tone_is_no_key() {
        let mut tones: Vec<i16> = (0..16000)
            .map(|n| (6000.0 * (2.0 * PI * 350.0 * n as f64 / 8000.0).sin()) as i16)
            .collect();
        let other: Vec<i16> = (0..16000)
            .map(|n| (6000.0 * (2.0 * PI * 440.0 * n as f64 / 8000.0).sin()) as i16)
            .collect();
        mix(&mut tones, &other);
        assert_eq!(heard(8000, &tones), "");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn noise_is_no_key(seed: u32, db in -50f32..0.0) {
            prop_assert_eq!(heard(8000, &Noise::new(seed, db).samples(16000)), "");
        }
    }
}
