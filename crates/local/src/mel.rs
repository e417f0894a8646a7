//! The picture of sound that Whisper and its relatives look at: the logarithm of the energy in 80 bands, a column every
//! 10 ms. Columns can be made as the sound comes in; what depends on the whole sound (the floor) is left to [`features`].

use std::sync::Arc;

use rustfft::{Fft, FftPlanner, num_complex::Complex32};

/// Bands in a column.
pub(crate) const BANDS: usize = 80;
/// Samples from one column to the next, at 16 kHz.
pub(crate) const HOP: usize = 160;
/// Samples a column looks at.
pub(crate) const WINDOW: usize = 400;
const BINS: usize = WINDOW / 2 + 1;
/// The logarithm of what is taken for no energy at all.
pub(crate) const SILENCE: f32 = -10.0;

/// One triangle on the frequency axis: weights of the bins from `first` on.
struct Band {
    first: usize,
    weights: Vec<f32>,
}

/// Makes columns; keeps no sound.
pub(crate) struct Mel {
    fft: Arc<dyn Fft<f32>>,
    hann: Vec<f32>,
    bands: Vec<Band>,
    buffer: Vec<Complex32>,
    scratch: Vec<Complex32>,
}

impl Mel {
    pub fn new() -> Self {
        let fft = FftPlanner::new().plan_fft_forward(WINDOW);
        let scratch = vec![Complex32::default(); fft.get_inplace_scratch_len()];
        let turn = |i: usize| std::f64::consts::TAU * i as f64 / WINDOW as f64;
        let hann = (0..WINDOW)
            .map(|i| (0.5 - 0.5 * turn(i).cos()) as f32)
            .collect();
        Self {
            fft,
            hann,
            bands: bands(),
            buffer: vec![Complex32::default(); WINDOW],
            scratch,
        }
    }

    /// Appends one column (80 logarithms to base 10) for each whole window in `samples`, the first at its start.
    pub fn columns(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        let count = (samples.len() + HOP).saturating_sub(WINDOW) / HOP;
        for i in (0..count).step_by(2) {
            let first = &samples[i * HOP..][..WINDOW];
            let second = (i + 1 < count).then(|| &samples[(i + 1) * HOP..][..WINDOW]);
            self.pair(first, second, out);
        }
    }

    /// Two real windows fit into one complex transform: the even part of its spectrum is the first's, the odd part the second's.
    fn pair(&mut self, first: &[f32], second: Option<&[f32]>, out: &mut Vec<f32>) {
        for (i, slot) in self.buffer.iter_mut().enumerate() {
            *slot = Complex32::new(first[i], second.map_or(0.0, |s| s[i])) * self.hann[i];
        }
        self.fft
            .process_with_scratch(&mut self.buffer, &mut self.scratch);
        let mirror = |bin: usize| self.buffer[(WINDOW - bin) % WINDOW].conj();
        let even: [f32; BINS] =
            std::array::from_fn(|bin| (self.buffer[bin] + mirror(bin)).norm_sqr() / 4.0);
        let odd: [f32; BINS] =
            std::array::from_fn(|bin| (self.buffer[bin] - mirror(bin)).norm_sqr() / 4.0);
        for power in [Some(even), second.map(|_| odd)].iter().flatten() {
            out.extend(self.bands.iter().map(|band| {
                let energy: f32 = band
                    .weights
                    .iter()
                    .zip(&power[band.first..])
                    .map(|(w, p)| w * p)
                    .sum();
                energy.max(1e-10).log10()
            }));
        }
    }
}

/// Columns as the models want them: band by band, `width` columns, silence after the last, nothing more than 80 dB below
/// the loudest, scaled to about −1..1.
pub(crate) fn features(columns: &[f32], width: usize) -> Vec<f32> {
    let columns = &columns[..columns.len().min(width * BANDS)];
    let floor = columns.iter().copied().fold(SILENCE, f32::max) - 8.0;
    let scaled = |value: f32| (value.max(floor) + 4.0) / 4.0;
    let mut out = vec![scaled(SILENCE); BANDS * width];
    for (t, column) in columns.chunks_exact(BANDS).enumerate() {
        for (band, value) in column.iter().enumerate() {
            out[band * width + t] = scaled(*value);
        }
    }
    out
}

/// Slaney's scale: linear to 1 kHz, logarithmic above; each triangle has the same area.
fn bands() -> Vec<Band> {
    let step = 27.0 / 6.4f64.ln();
    let hertz = |mel: f64| {
        if mel < 15.0 {
            200.0 * mel / 3.0
        } else {
            1000.0 * ((mel - 15.0) / step).exp()
        }
    };
    let top = 15.0 + 8.0f64.ln() * step;
    let corner = |i: usize| hertz(top * i as f64 / (BANDS + 1) as f64);
    let frequency = |bin: usize| bin as f64 * 8000.0 / (BINS - 1) as f64;
    (0..BANDS)
        .map(|i| {
            let (low, middle, high) = (corner(i), corner(i + 1), corner(i + 2));
            let weight = |f: f64| {
                ((f - low) / (middle - low)).min((high - f) / (high - middle)) * 2.0 / (high - low)
            };
            let inside: Vec<usize> = (0..BINS)
                .filter(|&bin| weight(frequency(bin)) > 0.0)
                .collect();
            let first = inside.first().copied().unwrap_or(0);
            Band {
                first,
                weights: inside
                    .iter()
                    .map(|&bin| weight(frequency(bin)) as f32)
                    .collect(),
            }
        })
        .collect()
}
