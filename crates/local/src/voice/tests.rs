use std::sync::{Arc, LazyLock};

use futures::{FutureExt, StreamExt, channel::mpsc, executor::block_on, stream};
use voiceos_providers::{Piece, Speech, Timing, Voice};

use super::{KokoroVoice, PiperVoice};
use crate::{Cpu, LoadError, fixtures::models};

static CPU: LazyLock<Arc<Cpu>> = LazyLock::new(|| Arc::new(Cpu::new(1, 2)));
static PIPER: LazyLock<PiperVoice> = LazyLock::new(|| {
    PiperVoice::load(&models(), CPU.clone())
        .expect("the models are installed: run `make models`, or `make test`")
});

fn piece(index: u32, text: &str) -> Piece {
    Piece {
        index,
        text: text.into(),
    }
}

/// All samples and timings of some pieces.
fn said(voice: &dyn Voice, texts: &[&str]) -> Vec<(Vec<f32>, Vec<Timing>)> {
    let pieces: Vec<Piece> = (0..)
        .zip(texts)
        .map(|(index, text)| piece(index, text))
        .collect();
    let mut speech = voice.speak(stream::iter(pieces).boxed());
    let mut done = Vec::new();
    let mut audio = Vec::new();
    while let Some(part) = block_on(speech.next()) {
        match part.expect("the voice speaks") {
            Speech::Audio { piece, samples } => {
                assert_eq!(piece as usize, done.len());
                audio.extend(samples);
            }
            Speech::Done { piece, timings } => {
                assert_eq!(piece as usize, done.len());
                done.push((std::mem::take(&mut audio), timings));
            }
        }
    }
    done
}

#[test]
fn first_audio_leaves_before_the_second_piece_is_known() {
    let (mut pieces, given) = mpsc::channel(1);
    let mut speech = PIPER.speak(given.boxed());
    pieces
        .try_send(piece(0, "One moment, please."))
        .expect("room for a piece");
    let first = block_on(speech.next()).expect("a part").expect("no fault");
    assert!(matches!(first, Speech::Audio { piece: 0, samples } if !samples.is_empty()));
    while !matches!(
        block_on(speech.next()),
        Some(Ok(Speech::Done { piece: 0, .. }))
    ) {}
    pieces.try_send(piece(1, "Yes.")).expect("room for a piece");
    assert!(matches!(
        block_on(speech.next()),
        Some(Ok(Speech::Audio { piece: 1, .. }))
    ));
}

#[test]
fn the_first_audio_of_a_long_piece_is_a_small_part_of_it() {
    let text = "we have a room with a view of the harbour and a balcony for two nights from friday on if that suits you";
    let mut speech = PIPER.speak(stream::iter([piece(0, text)]).boxed());
    let Some(Ok(Speech::Audio { samples, .. })) = block_on(speech.next()) else {
        panic!("audio comes first")
    };
    assert!(samples.len() < 22_050 / 2, "{} samples", samples.len());
}

#[test]
fn word_timings_rise_and_end_with_the_audio_and_the_text() {
    let texts = [
        "Hello, this is the front desk.",
        "Breakfast — from seven to ten — is free, of course!",
        "OK",
    ];
    for (text, (audio, timings)) in texts.iter().zip(said(&*PIPER, &texts)) {
        assert!(
            timings.is_sorted_by(|a, b| a.chars < b.chars && a.until <= b.until),
            "{timings:?}"
        );
        let last = timings.last().expect("a word");
        assert_eq!(last.chars as usize, text.chars().count());
        let seconds = audio.len() as f64 / 22_050.0;
        assert!(
            (last.until.as_secs_f64() - seconds).abs() < 0.001,
            "{last:?} {seconds}"
        );
        let words = text
            .split(' ')
            .filter(|word| word.contains(char::is_alphabetic))
            .count();
        assert_eq!(timings.len(), words);
    }
}

#[test]
fn a_piece_starts_with_sound_and_ends_with_the_pause_of_its_mark() {
    for (text, pause) in [("Yes, please.", 0.25), ("Certainly,", 0.12)] {
        let (audio, _) = said(&*PIPER, &[text]).remove(0);
        let loud = |sample: &f32| sample.abs() > 0.01;
        let first = audio.iter().position(loud).expect("sound") as f64 / 22_050.0;
        let last = audio.iter().rev().position(loud).expect("sound") as f64 / 22_050.0;
        assert!(first < 0.06, "{text} begins after {first} s");
        assert!(
            (pause - 0.01..pause + 0.12).contains(&last),
            "{text} ends with {last} s"
        );
    }
}

#[test]
fn no_piece_clicks_at_its_edges_or_joins() {
    let all = said(
        &*PIPER,
        &[
            "We have a double room,",
            "with a view of the garden, and a bath.",
            "Shall I book it?",
        ],
    );
    let audio: Vec<f32> = all.into_iter().flat_map(|(audio, _)| audio).collect();
    // A click is a jump out of quiet; within a vowel neighbours may differ by much.
    let jumps = audio.windows(64).filter(|near| {
        let quiet = near[..62].iter().all(|sample| sample.abs() < 0.002);
        quiet && (near[63] - near[62]).abs() > 0.02
    });
    assert_eq!(jumps.count(), 0);
}

#[test]
fn a_name_that_no_lexicon_knows_is_spoken() {
    for name in [
        "Xiomara Przybylski",
        "Zhvtk",
        "Ng",
        "Siobhán O'Quigg",
        "B2B",
        "日本",
    ] {
        let (audio, _) = said(&*PIPER, &[name]).remove(0);
        assert!(
            name == "日本" || audio.len() > 22_050 / 5,
            "{name}: {} samples",
            audio.len()
        );
    }
}

#[test]
fn a_piece_without_words_is_done_without_audio() {
    let all = said(&*PIPER, &["", "…", " -- !", "Yes."]);
    let silent: Vec<bool> = all.iter().map(|(audio, _)| audio.is_empty()).collect();
    assert_eq!(silent, [true, true, true, false]);
    assert_eq!(all[0].1, []);
    assert_eq!(all[2].1.last().map(|timing| timing.chars), Some(5));
}

#[test]
fn the_same_text_gives_the_same_samples() {
    let once = PIPER
        .speak_all("The key is under the mat.")
        .expect("speech");
    assert_eq!(
        once,
        PIPER
            .speak_all("The key is under the mat.")
            .expect("speech")
    );
    assert_eq!(
        once,
        said(&*PIPER, &["The key is under the mat."]).remove(0).0
    );
    assert_ne!(
        once,
        PIPER
            .speak_all("The key is under the cat.")
            .expect("speech")
    );
}

#[test]
fn two_replies_at_once_take_turns() {
    let text = "this is a long answer that needs several steps, and nobody should wait until all of it has been computed";
    let [one, other] = [(), ()].map(|()| PIPER.speak(stream::iter([piece(0, text)]).boxed()));
    let mut order = Vec::new();
    let mut both = stream::select(one.map(|part| (1, part)), other.map(|part| (2, part)));
    while let Some((reply, part)) = block_on(both.next()) {
        if matches!(part.expect("the voice speaks"), Speech::Audio { .. }) {
            order.push(reply);
        }
    }
    let turns = order.chunk_by(|a, b| a == b).count();
    assert!(turns > 3, "{order:?}");
}

#[test]
fn a_dropped_reply_computes_no_further() {
    let text = "this is a long answer that needs several steps, which nobody will ever hear, since the caller has interrupted";
    let mut speech = PIPER.speak(stream::iter([piece(0, text)]).boxed());
    let held = CPU.take(crate::Urgency::Now);
    assert!(
        speech.next().now_or_never().is_none(),
        "its first step waits for the cores"
    );
    drop(speech);
    drop(held);
    let next = block_on(PIPER.speak(stream::iter([piece(0, "Yes.")]).boxed()).next());
    assert!(matches!(next, Some(Ok(Speech::Audio { .. }))));
}

#[test]
fn a_missing_or_corrupt_file_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let cpu = || Arc::new(Cpu::new(1, 1));
    let missing = PiperVoice::load(dir.path(), cpu())
        .err()
        .expect("no models");
    assert!(matches!(missing, LoadError::Missing { .. }), "{missing}");
    for name in [
        "piper-en_US-joe-medium.onnx.json",
        "misaki-us-gold.json",
        "misaki-us-silver.json",
    ] {
        std::os::unix::fs::symlink(models().join(name), dir.path().join(name)).expect("a link");
    }
    std::fs::write(
        dir.path().join("piper-en_US-joe-medium.onnx"),
        b"not a model",
    )
    .expect("a file");
    let corrupt = PiperVoice::load(dir.path(), cpu()).err().expect("no model");
    assert!(matches!(corrupt, LoadError::Corrupt { .. }), "{corrupt}");
    assert!(
        corrupt.to_string().contains("en_US-joe-medium.onnx")
            && corrupt.to_string().contains("make models")
    );
}

#[test]
fn the_other_voice_speaks_with_the_same_promises() {
    let kokoro = KokoroVoice::load(&models(), "am_michael", CPU.clone())
        .expect("the models are installed: run `make models`");
    let texts = ["Yes, of course.", "…"];
    let all = said(&kokoro, &texts);
    let (audio, timings) = &all[0];
    let chars: Vec<u32> = timings.iter().map(|timing| timing.chars).collect();
    assert_eq!(chars, [4, 7, 15]);
    let seconds = audio.len() as f64 / f64::from(kokoro.sample_rate());
    assert!((0.6..2.5).contains(&seconds), "{seconds} s");
    assert!((timings[2].until.as_secs_f64() - seconds).abs() < 0.001);
    assert!(all[1].0.is_empty());
    assert_eq!(*audio, kokoro.speak_all(texts[0]).expect("speech"));
}

#[test]
fn a_voice_without_a_style_file_is_named() {
    let nobody = KokoroVoice::load(&models(), "af_nobody", CPU.clone())
        .err()
        .expect("no such voice");
    assert!(
        matches!(nobody, LoadError::Missing { .. })
            && nobody.to_string().contains("kokoro-af_nobody.bin")
    );
}
