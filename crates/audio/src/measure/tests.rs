use super::*;
use crate::mix::{Noise, mix};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn span(start: u64, end: u64) -> Span {
    Span {
        start: ms(start),
        end: ms(end),
    }
}

/// `total` ms at 16 kHz with a loud tone in each of `voiced` (ms).
fn side(total: u64, voiced: &[(u64, u64)], noise: f32) -> Vec<i16> {
    let mut samples = Noise::new(9, noise).samples(total as usize * 16);
    for &(start, end) in voiced {
        let tone: Vec<i16> = (0..(end - start) * 16)
            .map(|n| (6000.0 * (n as f64 * 0.2).sin()) as i16)
            .collect();
        mix(&mut samples[start as usize * 16..], &tone);
    }
    samples
}

#[test]
fn speech_is_found_to_ten_milliseconds_whatever_the_noise_beneath() {
    for noise in [-100.0, -70.0, -50.0, -38.0] {
        let samples = side(4000, &[(500, 1500), (2500, 3200)], noise);
        assert_eq!(
            active_spans(&samples, 16000, SpanRules::default()),
            [span(500, 1500), span(2500, 3200)],
            "{noise} dB"
        );
    }
}

#[test]
fn a_short_gap_joins_and_a_click_is_dropped() {
    let samples = side(4000, &[(500, 900), (1150, 1500), (3000, 3020)], -70.0);
    assert_eq!(
        active_spans(&samples, 16000, SpanRules::default()),
        [span(500, 1500)]
    );
}

#[test]
fn silence_and_even_noise_hold_no_speech() {
    assert_eq!(
        active_spans(&side(3000, &[], -100.0), 16000, SpanRules::default()),
        []
    );
    assert_eq!(
        active_spans(&side(3000, &[], -62.0), 16000, SpanRules::default()),
        []
    );
    assert_eq!(active_spans(&[], 16000, SpanRules::default()), []);
}

#[test]
fn sound_from_end_to_end_is_one_span() {
    assert_eq!(
        active_spans(
            &side(2000, &[(0, 2000)], -100.0),
            16000,
            SpanRules::default()
        ),
        [span(0, 2000)]
    );
}

#[test]
fn the_wait_is_from_the_end_of_the_caller_to_the_start_of_the_agent() {
    let caller = side(10_000, &[(2000, 3000), (6000, 7000)], -70.0);
    let agent = side(10_000, &[(0, 1500), (3450, 5000), (7800, 9000)], -100.0);
    let gaps: Vec<i64> = voice_to_voice(&caller, &agent, 16000)
        .iter()
        .map(|e| e.gap_ms)
        .collect();
    assert_eq!(gaps, [450, 800]);
}

#[test]
fn of_a_turn_with_a_pause_the_end_counts_and_of_an_answer_with_one_the_start() {
    let got = exchanges(
        &[span(0, 1000), span(1800, 2500)],
        &[span(3000, 4000), span(4500, 5000)],
    );
    assert_eq!(got.iter().map(|e| e.gap_ms).collect::<Vec<_>>(), [500]);
}

#[test]
fn an_answer_in_the_middle_of_a_turn_is_a_negative_wait() {
    let got = exchanges(&[span(0, 2000)], &[span(1500, 3000)]);
    assert_eq!(got[0].gap_ms, -500);
}

#[test]
fn a_barge_in_tells_how_long_the_agent_went_on() {
    let got = barge_ins(&[span(0, 500), span(2000, 2600)], &[span(1000, 2130)]);
    assert_eq!(
        got,
        [BargeIn {
            at: ms(2000),
            agent_stopped_after: ms(130)
        }]
    );
}

#[test]
fn the_loudest_sample_stands_where_it_was_told() {
    let mut samples = [100, -400, 0];
    normalise(&mut samples, -6.0206);
    assert_eq!(samples, [4096, -16384, 0]);
    normalise(&mut [0, 0], -3.0);
}

#[test]
fn quantiles_are_values_that_occurred() {
    let values: Vec<f64> = (1..=20).map(f64::from).collect();
    assert_eq!(quantile(&values, 0.5), Some(10.0));
    assert_eq!(quantile(&values, 0.95), Some(19.0));
    assert_eq!(quantile(&[7.0], 0.95), Some(7.0));
    assert_eq!(quantile(&[], 0.5), None);
}
