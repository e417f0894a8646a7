use proptest::prelude::*;

use super::*;

const RATES: [u32; 5] = [8000, 16000, 22050, 24000, 48000];

fn tone(hz: f64, rate: u32, seconds: f64) -> Vec<i16> {
    (0..(seconds * rate as f64) as usize)
        .map(|n| (10000.0 * (2.0 * PI * hz * n as f64 / rate as f64).sin()) as i16)
        .collect()
}

fn level(samples: &[i16]) -> f64 {
    (samples.iter().map(|&s| (s as f64).powi(2)).sum::<f64>() / samples.len() as f64).sqrt()
}

/// The part of `samples` that is `hz`, as its RMS. Hann's window keeps other tones out.
fn level_of(samples: &[i16], hz: f64, rate: u32) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, &s) in samples.iter().enumerate() {
        let angle = 2.0 * PI * hz * n as f64 / rate as f64;
        let window = 1.0 - (2.0 * PI * n as f64 / samples.len() as f64).cos();
        re += s as f64 * window * angle.cos();
        im += s as f64 * window * angle.sin();
    }
    (re * re + im * im).sqrt() / samples.len() as f64 * 2f64.sqrt()
}

fn pairs() -> impl Iterator<Item = (u32, u32)> {
    RATES
        .into_iter()
        .flat_map(|from| RATES.into_iter().map(move |to| (from, to)))
}

#[test]
fn a_tone_in_the_telephone_band_keeps_its_level_and_its_place() {
    for (from, to) in pairs() {
        for hz in [300.0, 1000.0, 3300.0] {
            let out = resample(&tone(hz, from, 1.0), from, to);
            assert_eq!(out.len(), to as usize, "{from} to {to}");
            let middle = &out[to as usize / 4..to as usize * 3 / 4];
            let expected = &tone(hz, to, 1.0)[to as usize / 4..to as usize * 3 / 4];
            let kept = 20.0 * (level_of(middle, hz, to) / level_of(expected, hz, to)).log10();
            assert!(
                kept.abs() < 0.1,
                "{hz} Hz from {from} to {to}: {kept:.2} dB"
            );
        }
    }
}

#[test]
fn what_the_lower_rate_cannot_hold_is_gone() {
    for (from, to) in pairs().filter(|(from, to)| from > to) {
        for hz in [to as f64 * 0.5 + 30.0, to as f64 * 0.6, from as f64 * 0.48]
            .into_iter()
            .filter(|hz| *hz * 2.0 < from as f64)
        {
            let out = resample(&tone(hz, from, 0.5), from, to);
            let left = 20.0
                * (level(&out[to as usize / 8..to as usize * 3 / 8]).max(0.01) / 7071.0).log10();
            assert!(left < -70.0, "{hz} Hz from {from} to {to}: {left:.1} dB");
        }
    }
}

#[test]
fn going_up_makes_no_images() {
    for (from, to) in pairs().filter(|(from, to)| from < to) {
        let out = resample(&tone(3000.0, from, 0.5), from, to);
        let middle = &out[to as usize / 8..to as usize * 3 / 8];
        let image = level_of(middle, from as f64 - 3000.0, to).max(0.01);
        assert!(20.0 * (image / 7071.0).log10() < -70.0, "{from} to {to}");
    }
}

#[test]
fn the_delay_is_what_it_says() {
    for (from, to) in pairs() {
        let mut resampler = Resampler::new(from, to);
        let mut click = vec![0i16; from as usize / 10];
        click[from as usize / 20] = 30000;
        let mut out = Vec::new();
        resampler.push(&click, &mut out);
        let at = (0..out.len()).max_by_key(|&n| out[n]).expect("samples") as f64 / to as f64;
        let late = at - 0.05 - resampler.delay().as_secs_f64();
        assert!(
            late.abs() < 1.0 / from.min(to) as f64,
            "{from} to {to}: {late}"
        );
        assert!(resampler.delay() <= Duration::from_micros(4000));
    }
}

#[test]
fn loud_sounds_clip_and_do_not_wrap() {
    let square: Vec<i16> = (0..4000)
        .map(|n| if n / 20 % 2 == 0 { i16::MAX } else { i16::MIN })
        .collect();
    let out = resample(&square, 8000, 16000);
    let wraps = out
        .windows(2)
        .filter(|w| (w[0] as i32 - w[1] as i32).abs() > 60000)
        .count();
    assert_eq!(wraps, 0);
}

#[test]
fn nothing_is_allocated_once_warm() {
    for (from, to) in pairs() {
        let mut resampler = Resampler::new(from, to);
        let frame = vec![100; from as usize / 50];
        let mut out = Vec::with_capacity(to as usize / 10);
        for _ in 0..3 {
            out.clear();
            resampler.push(&frame, &mut out);
        }
        let warm = (
            resampler.input.capacity(),
            resampler.scratch.capacity(),
            resampler.results.capacity(),
            out.capacity(),
        );
        for _ in 0..500 {
            out.clear();
            resampler.push(&frame, &mut out);
        }
        assert_eq!(
            warm,
            (
                resampler.input.capacity(),
                resampler.scratch.capacity(),
                resampler.results.capacity(),
                out.capacity()
            )
        );
    }
}

proptest! {
    #[test]
    fn the_chunks_do_not_matter(from in 0usize..5, to in 0usize..5, chunks in prop::collection::vec(0usize..700, 1..12), seed: u32) {
        let (from, to) = (RATES[from], RATES[to]);
        let mut noise = crate::mix::Noise::new(seed, -20.0);
        let all = noise.samples(chunks.iter().sum());
        let (mut whole, mut pieces) = (Vec::new(), Vec::new());
        Resampler::new(from, to).push(&all, &mut whole);
        let mut resampler = Resampler::new(from, to);
        let mut rest = &all[..];
        for len in chunks {
            let (now, later) = rest.split_at(len);
            resampler.push(now, &mut pieces);
            rest = later;
        }
        prop_assert_eq!(whole, pieces);
    }
}
