//! Adding, amplifying, fading and a little noise: what is done to samples where they meet.

/// Adds `other` to `into`, clipping; the longer rest of `into` stays.
pub fn mix(into: &mut [i16], other: &[i16]) {
    for (sum, &more) in into.iter_mut().zip(other) {
        *sum = sum.saturating_add(more);
    }
}

/// Amplifies by `db` decibels, clipping.
pub fn amplify(samples: &mut [i16], db: f32) {
    let factor = 10f32.powf(db / 20.0);
    for s in samples {
        *s = (*s as f32 * factor).round().clamp(-32768.0, 32767.0) as i16;
    }
}

/// Lets the samples fall to silence in a straight line, so that a cut does not click.
pub fn fade_out(samples: &mut [i16]) {
    let len = samples.len() as i64;
    for (n, s) in samples.iter_mut().enumerate() {
        *s = (*s as i64 * (len - 1 - n as i64) / len) as i16;
    }
}

/// Left, right, left, right; the shorter side is filled with silence.
pub fn interleave(left: &[i16], right: &[i16]) -> Vec<i16> {
    let at = |side: &[i16], n: usize| side.get(n).copied().unwrap_or(0);
    (0..left.len().max(right.len()))
        .flat_map(|n| [at(left, n), at(right, n)])
        .collect()
}

/// Mean power in decibels below full scale (a full-scale square wave is 0); −100 for digital silence.
pub fn dbfs(samples: &[i16]) -> f32 {
    if samples.is_empty() {
        return -100.0;
    }
    let power = samples
        .iter()
        .map(|&s| (s as f64 / 32768.0).powi(2))
        .sum::<f64>()
        / samples.len() as f64;
    (10.0 * power.log10()).max(-100.0) as f32
}

/// White noise that is the same for the same seed: comfort noise in calls, test signals in tests.
pub struct Noise {
    state: u64,
    peak: f32,
}

impl Noise {
    /// `dbfs`: mean power as [`dbfs`] measures it.
    pub fn new(seed: u32, dbfs: f32) -> Self {
        // Evenly spread values have a mean power of a third of their peak's.
        let peak = 32768.0 * 10f32.powf(dbfs / 20.0) * 3f32.sqrt();
        Self {
            state: seed as u64 ^ 0x9e37_79b9_7f4a_7c15,
            peak,
        }
    }

    pub fn sample(&mut self) -> i16 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        let even = (self.state >> 40) as f32 / (1u64 << 23) as f32 - 1.0;
        (even * self.peak).round().clamp(-32768.0, 32767.0) as i16
    }

    pub fn samples(&mut self, len: usize) -> Vec<i16> {
        (0..len).map(|_| self.sample()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixing_clips_instead_of_wrapping() {
        let mut sum = [30000, -30000, 1];
        mix(&mut sum, &[10000, -10000]);
        assert_eq!(sum, [32767, -32768, 1]);
    }

    #[test]
    fn noise_is_as_loud_as_asked() {
        for db in [-70.0, -40.0, -10.0] {
            let got = dbfs(&Noise::new(7, db).samples(16000));
            assert!((got - db).abs() < 0.3, "{got} for {db}");
        }
    }

    #[test]
    fn six_decibels_down_is_half() {
        let mut samples = [1000, -2000];
        amplify(&mut samples, -6.0206);
        assert_eq!(samples, [500, -1000]);
    }

    #[test]
    fn a_fade_ends_in_silence() {
        let mut samples = [10000; 80];
        fade_out(&mut samples);
        assert!(samples[0] > 9800 && samples[79] == 0 && samples.is_sorted_by(|a, b| a >= b));
    }

    #[test]
    fn the_shorter_side_is_filled_with_silence() {
        assert_eq!(interleave(&[1, 2], &[3]), [1, 3, 2, 0]);
    }
}
