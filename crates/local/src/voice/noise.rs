//! The randomness in a voice, from a seed: the same text gives the same samples on every run.

/// Normally distributed numbers (SplitMix64, Box-Muller).
pub(super) struct Noise(u64);

impl Noise {
    /// One sequence for each sequence of phonemes.
    pub(super) fn of(phonemes: &[i32]) -> Self {
        let fnv = |hash: u64, id: &i32| {
            (hash ^ u64::from(id.unsigned_abs())).wrapping_mul(0x100_0000_01b3)
        };
        Self(phonemes.iter().fold(0xcbf2_9ce4_8422_2325, fnv))
    }

    pub(super) fn take(&mut self, count: usize) -> Vec<f32> {
        let mut numbers = Vec::with_capacity(count + 1);
        while numbers.len() < count {
            let radius = (-2.0 * self.unit().ln()).sqrt();
            let (sin, cos) = (std::f32::consts::TAU * self.unit()).sin_cos();
            numbers.extend([radius * cos, radius * sin]);
        }
        numbers.truncate(count);
        numbers
    }

    /// In (0, 1].
    fn unit(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        ((bits >> 40) + 1) as f32 / (1u64 << 24) as f32
    }
}
