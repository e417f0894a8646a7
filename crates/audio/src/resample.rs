//! Changing the sampling rate of a stream. A polyphase FIR of our own: exact for every pair of rates (their ratio is
//! a fraction), takes chunks of any length, allocates nothing once warm, and its delay is known to the sample, which
//! the block-wise resamplers on offer cannot say.

use std::{f64::consts::PI, time::Duration};

/// Taps at the lower of the two rates. 80 dB down from that rate's half; flat to 84 % of it (3.37 kHz at 8 kHz).
const TAPS: usize = 64;
/// Kaiser window for 80 dB.
const BETA: f64 = 7.857;

/// Both ways of a rational ratio. Delays by 32 samples of the lower rate: 4 ms at 8 kHz, 2 ms at 16 kHz; nothing
/// when the rates are equal.
pub struct Resampler {
    from: u32,
    /// Phases: output steps per input sample, `to / gcd`.
    up: usize,
    /// Input steps per output sample, `from / gcd`.
    down: usize,
    /// `up` rows of `taps`, each in the order of the input.
    filter: Box<[f32]>,
    taps: usize,
    /// The last `taps - 1` inputs, then what is being resampled.
    input: Vec<f32>,
    /// Where the next output's newest input lies in `input`, and between which phases.
    next: usize,
    phase: usize,
    /// For the way through i16; kept for their capacity.
    scratch: Vec<f32>,
    results: Vec<f32>,
}

impl Resampler {
    /// Rates in Hz; zero is taken as one.
    pub fn new(from: u32, to: u32) -> Self {
        let (from, to) = (from.max(1), to.max(1));
        let shared = gcd(from, to);
        let (up, down) = ((to / shared) as usize, (from / shared) as usize);
        let taps = if up == down {
            1
        } else {
            (TAPS * down).div_ceil(up).max(TAPS)
        };
        let filter = if up == down {
            Box::from([1.0])
        } else {
            filter(up, down, taps)
        };
        let mut this = Self {
            from,
            up,
            down,
            filter,
            taps,
            input: Vec::new(),
            next: 0,
            phase: 0,
            scratch: Vec::new(),
            results: Vec::new(),
        };
        this.reset();
        this
    }

    /// As new: what was pushed before has no influence on what comes.
    pub fn reset(&mut self) {
        self.input.clear();
        self.input.resize(self.taps - 1, 0.0);
        (self.next, self.phase) = (self.taps - 1, 0);
    }

    /// How much later a sound leaves than it came in.
    pub fn delay(&self) -> Duration {
        Duration::from_secs_f64((self.taps - 1) as f64 / 2.0 / self.from as f64)
    }

    /// Appends to `out` all samples that can be told from the input so far.
    pub fn push_f32(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        self.input.extend_from_slice(samples);
        while self.next < self.input.len() {
            let row = &self.filter[self.phase * self.taps..][..self.taps];
            out.push(dot(row, &self.input[self.next + 1 - self.taps..=self.next]));
            self.phase += self.down;
            self.next += self.phase / self.up;
            self.phase %= self.up;
        }
        // More than is needed may be gone already: down-sampling can jump over the end of this chunk.
        let done = (self.next + 1 - self.taps).min(self.input.len());
        self.input.copy_within(done.., 0);
        self.input.truncate(self.input.len() - done);
        self.next -= done;
    }

    /// As [`Resampler::push_f32`] for 16-bit samples; peaks beyond full scale are clipped.
    pub fn push(&mut self, samples: &[i16], out: &mut Vec<i16>) {
        if self.up == self.down {
            return out.extend_from_slice(samples);
        }
        let (mut scratch, mut results) = (
            std::mem::take(&mut self.scratch),
            std::mem::take(&mut self.results),
        );
        scratch.clear();
        results.clear();
        scratch.extend(samples.iter().map(|&s| s as f32));
        self.push_f32(&scratch, &mut results);
        out.extend(
            results
                .iter()
                .map(|&s| s.round().clamp(-32768.0, 32767.0) as i16),
        );
        (self.scratch, self.results) = (scratch, results);
    }

    /// Lets the last samples out by pushing silence after them.
    pub fn finish(&mut self, out: &mut Vec<i16>) {
        self.push(&vec![0; self.taps / 2], out);
    }
}

/// A whole recording, aligned: its sounds stay where they were.
pub fn resample(samples: &[i16], from: u32, to: u32) -> Vec<i16> {
    let mut resampler = Resampler::new(from, to);
    let mut out =
        Vec::with_capacity((samples.len() as u64 * to as u64 / from.max(1) as u64) as usize + TAPS);
    resampler.push(samples, &mut out);
    resampler.finish(&mut out);
    let late = (resampler.delay().as_secs_f64() * to as f64).round() as usize;
    out.drain(..late.min(out.len()));
    out.truncate((samples.len() as u64 * to as u64).div_ceil(from.max(1) as u64) as usize);
    out
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// A windowed sinc cut into phases, each summing to one so that no rate pair changes the level.
fn filter(up: usize, down: usize, taps: usize) -> Box<[f32]> {
    let len = taps * up;
    // Half of the transition lies below the lower rate's half: (80 − 8) / (14.36 · 64) / 2 of that rate.
    let cutoff = (0.5 - 0.0392) / up.max(down) as f64;
    let middle = (len - 1) as f64 / 2.0;
    let prototype = |n: usize| {
        let x = n as f64 - middle;
        let sinc = if x.abs() < 1e-9 {
            2.0 * cutoff
        } else {
            (2.0 * PI * cutoff * x).sin() / (PI * x)
        };
        sinc * bessel_i0(BETA * (1.0 - (x / (middle + 0.5)).powi(2)).max(0.0).sqrt())
            / bessel_i0(BETA)
    };
    let mut rows = Vec::with_capacity(len);
    for phase in 0..up {
        let row: Vec<f64> = (0..taps).rev().map(|k| prototype(phase + k * up)).collect();
        let sum: f64 = row.iter().sum();
        rows.extend(row.iter().map(|h| (h / sum) as f32));
    }
    rows.into()
}

fn bessel_i0(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..40 {
        term *= (x / 2.0 / k as f64).powi(2);
        sum += term;
    }
    sum
}

/// Eight sums side by side, so that the compiler may use the vector unit.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a8
        .remainder()
        .iter()
        .zip(b8.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (x, y) in a8.zip(b8) {
        for i in 0..8 {
            sums[i] += x[i] * y[i];
        }
    }
    rest + sums.iter().sum::<f32>()
}

#[cfg(test)]
mod tests;
