//! Twenty milliseconds of sound.

/// 20 ms of mono PCM. `samples.len() == rate / 50`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Hz: 8000, 16000, 24000 or 48000.
    pub rate: u32,
    pub samples: Box<[i16]>,
}

impl Frame {
    /// How long a frame lasts, in milliseconds.
    pub const MS: u32 = 20;

    /// Samples in one frame at `rate` Hz.
    pub const fn len_at(rate: u32) -> usize {
        (rate / 50) as usize
    }

    pub fn silence(rate: u32) -> Self {
        Self { rate, samples: vec![0; Self::len_at(rate)].into() }
    }
}
