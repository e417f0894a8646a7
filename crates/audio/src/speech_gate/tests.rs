use proptest::prelude::*;

use super::*;

/// A gate and its clock.
struct Call {
    gate: SpeechGate,
    now: Duration,
}

impl Call {
    fn new() -> Self {
        Self {
            gate: SpeechGate::new(GateRules::default()),
            now: Duration::ZERO,
        }
    }

    /// The edges of `ms` of frames that score `score` at `dbfs`.
    fn hears(&mut self, score: f32, dbfs: f32, ms: u64) -> Vec<Edge> {
        (0..ms / 20)
            .filter_map(|_| {
                self.now += Frame::LASTS;
                self.gate.push(score, dbfs, self.now)
            })
            .collect()
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn speech_starts_where_its_first_frame_starts_and_stops_where_its_last_ends() {
    let mut call = Call::new();
    assert_eq!(call.hears(0.1, -70.0, 200), []);
    assert_eq!(call.hears(0.9, -25.0, 500), [Edge::Started { at: ms(200) }]);
    assert_eq!(call.hears(0.1, -70.0, 500), [Edge::Stopped { at: ms(700) }]);
}

#[test]
fn it_opens_after_the_confirmation_it_states() {
    let mut call = Call::new();
    assert_eq!(call.gate.confirmation(), ms(60));
    assert_eq!(call.hears(0.9, -25.0, 40), []);
    assert_eq!(call.hears(0.9, -25.0, 20), [Edge::Started { at: ms(0) }]);
}

#[test]
fn it_closes_after_its_hangover() {
    let mut call = Call::new();
    call.hears(0.9, -25.0, 100);
    assert_eq!(call.hears(0.1, -70.0, 80), []);
    assert_eq!(call.hears(0.1, -70.0, 20), [Edge::Stopped { at: ms(100) }]);
}

#[test]
fn a_click_does_not_open_it() {
    let mut call = Call::new();
    for _ in 0..20 {
        assert_eq!(call.hears(0.9, -20.0, 40), []);
        assert_eq!(call.hears(0.1, -70.0, 40), []);
    }
}

#[test]
fn a_gap_within_a_word_does_not_close_it() {
    let mut call = Call::new();
    call.hears(0.9, -25.0, 200);
    assert_eq!(call.hears(0.1, -60.0, 80), []);
    assert_eq!(call.hears(0.4, -30.0, 100), []);
    assert_eq!(call.hears(0.1, -60.0, 200), [Edge::Stopped { at: ms(380) }]);
}

#[test]
fn a_fan_that_the_detector_takes_for_a_voice_closes_it_after_a_while_and_stays_closed() {
    let mut call = Call::new();
    call.hears(0.9, -40.0, 4000);
    assert!(!call.gate.is_open());
    assert_eq!(call.hears(0.9, -38.0, 20_000), []);
    assert_eq!(call.gate.floor(), -38.0);
    let start = call.now;
    assert_eq!(call.hears(0.9, -25.0, 300), [Edge::Started { at: start }]);
}

#[test]
fn a_fan_that_stops_is_forgotten() {
    let mut call = Call::new();
    call.hears(0.9, -30.0, 5000);
    call.hears(0.1, -70.0, 600);
    let start = call.now;
    assert_eq!(call.hears(0.9, -50.0, 200), [Edge::Started { at: start }]);
}

#[test]
fn a_long_speech_with_gaps_between_its_words_keeps_it_open() {
    let mut call = Call::new();
    let mut edges = Vec::new();
    for _ in 0..60 {
        edges.extend(call.hears(0.9, -25.0, 300));
        edges.extend(call.hears(0.2, -55.0, 60));
    }
    assert_eq!(edges, [Edge::Started { at: ms(0) }]);
}

#[test]
fn lost_frames_count_as_silence() {
    let mut call = Call::new();
    call.hears(0.9, -25.0, 200);
    call.now += ms(400);
    assert_eq!(call.hears(0.9, -25.0, 20), [Edge::Stopped { at: ms(200) }]);
    assert_eq!(call.hears(0.9, -25.0, 100), [Edge::Started { at: ms(620) }]);
}

proptest! {
    #[test]
    fn edges_alternate_in_order_and_no_speech_is_shorter_than_its_confirmation(
        frames in prop::collection::vec((0f32..1.0, -80f32..0.0, 1u64..4), 0..2000),
        confirm in 1u32..8,
        hangover in 0u64..400,
    ) {
        let rules = GateRules { confirm, hangover: ms(hangover), ..GateRules::default() };
        let mut gate = SpeechGate::new(rules);
        let (mut now, mut last, mut started) = (Duration::ZERO, Duration::ZERO, None);
        for (score, dbfs, step) in frames {
            // Now and then frames are lost.
            now += Frame::LASTS * if step == 3 { 2 } else { 1 };
            match gate.push(score, dbfs, now) {
                Some(Edge::Started { at }) => {
                    prop_assert!(started.is_none() && at >= last && at + gate.confirmation() <= now);
                    (started, last) = (Some(at), at);
                }
                Some(Edge::Stopped { at }) => {
                    let since = started.take();
                    prop_assert!(since.is_some_and(|since| at - since >= gate.confirmation()));
                    prop_assert!(at >= last && at + gate.hangover() <= now);
                    last = at;
                }
                None => {}
            }
            prop_assert_eq!(started.is_some(), gate.is_open());
        }
    }
}
