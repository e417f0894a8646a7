use futures::SinkExt;
use voiceos_audio::Frame;

use super::*;
use crate::fixtures::{empty_dir, models, wav};

fn whisper() -> WhisperTranscriber {
    WhisperTranscriber::load(&models(), Arc::new(Cpu::new(1, 2))).unwrap()
}

fn ms(ms: usize) -> Duration {
    Duration::from_millis(ms as u64)
}

/// Frames of `samples` from `from` milliseconds on.
fn frames(samples: &[i16], from: usize) -> Vec<Hearing> {
    let frames = samples.chunks_exact(320).enumerate();
    frames
        .map(|(i, s)| Hearing::Frame {
            frame: Frame {
                rate: 16_000,
                samples: s.into(),
            },
            at: ms(from + 20 * i),
        })
        .collect()
}

/// One stretch of speech: `samples` from `from` on, voiced from 400 ms after its start to 500 ms before its end.
fn stretch(samples: &[i16], from: usize) -> Vec<Hearing> {
    let mut hearing = frames(samples, from);
    let count = hearing.len();
    hearing.insert(
        count - 20,
        Hearing::SpeechStopped {
            at: ms(from + 20 * (count - 25)),
        },
    );
    hearing.insert(25, Hearing::SpeechStarted { at: ms(from + 400) });
    hearing
}

/// Everything said about `hearing`, until its end.
fn all(transcriber: &WhisperTranscriber, hearing: Vec<Hearing>) -> Vec<Utterance> {
    let said = transcriber.transcribe(futures::stream::iter(hearing).boxed());
    futures::executor::block_on(said.map(|utterance| utterance.unwrap()).collect())
}

fn finals(utterances: Vec<Utterance>) -> Vec<Utterance> {
    utterances
        .into_iter()
        .filter(|utterance| utterance.is_final)
        .collect()
}

fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric() || *c == ' ')
        .collect::<String>()
        .to_lowercase()
}

#[test]
fn a_sentence_is_understood() {
    let sound = wav("breakfast");
    let said = finals(all(&whisper(), stretch(&sound, 0)));
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(plain(&said[0].text), "hello what time is breakfast");
    assert_eq!(
        said[0].until,
        ms(20 * (sound.len() / 320 - 25)),
        "the moment of the stop"
    );
}

#[test]
fn a_pause_in_a_turn_keeps_the_utterance_and_taking_the_turn_starts_the_next() {
    let sound = wav("pause");
    let (first, second) = sound.split_at(sound.len() / 2 / 320 * 320);
    let mut hearing = stretch(first, 0);
    hearing.extend(stretch(second, first.len() / 16));
    hearing.push(Hearing::TurnTaken);
    hearing.extend(stretch(&wav("parking"), sound.len() / 16 + 1000));
    let said = finals(all(&whisper(), hearing));
    let whole = said
        .iter()
        .rfind(|utterance| utterance.id == 0)
        .expect("a final of the first turn");
    assert_eq!(
        plain(&whole.text),
        "i would like to book a double room for two nights"
    );
    let next = said.last().expect("a final of the second turn");
    assert_eq!(
        (next.id, plain(&next.text).as_str()),
        (1, "do you have parking at the hotel")
    );
}

#[test]
fn interim_results_come_while_the_caller_speaks() {
    let (mut tell, told) = futures::channel::mpsc::channel(1000);
    let mut said = whisper().transcribe(told.boxed());
    let spoken = stretch(&wav("pause"), 0);
    futures::executor::block_on(async {
        for next in spoken.into_iter().take(90) {
            tell.send(next).await.unwrap();
        }
        // Nothing has stopped yet: what comes now is interim.
        let first = said.next().await.unwrap().unwrap();
        assert!(
            !first.is_final && plain(&first.text).contains("would like"),
            "{first:?}"
        );
    });
}

#[test]
fn a_stop_after_noise_is_answered_with_no_words() {
    let transcriber = whisper();
    let mut seed = 7u32;
    let mut noise = |loud: i32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((seed >> 16) as i32 % (2 * loud) - loud) as i16
    };
    let hiss: Vec<i16> = (0..32_000).map(|_| noise(2000)).collect();
    let burst: Vec<i16> = (0..32_000usize)
        .map(|i| {
            if (8000..12_800).contains(&i) {
                noise(12_000)
            } else {
                0
            }
        })
        .collect();
    for sound in [hiss, burst, wav("cough"), vec![0; 32_000]] {
        let said = finals(all(&transcriber, stretch(&sound, 0)));
        assert_eq!(said.len(), 1);
        assert_eq!(said[0].text, "");
    }
}

#[test]
fn two_calls_at_once_both_finish() {
    let transcriber = Arc::new(whisper());
    let calls = ["breakfast", "parking"].map(|name| {
        let transcriber = Arc::clone(&transcriber);
        std::thread::spawn(move || finals(all(&transcriber, stretch(&wav(name), 0))))
    });
    let texts = calls.map(|call| {
        call.join()
            .unwrap()
            .iter()
            .map(|said| plain(&said.text))
            .collect::<String>()
    });
    assert_eq!(
        texts,
        [
            "hello what time is breakfast",
            "do you have parking at the hotel"
        ]
    );
}

#[test]
fn dropping_the_stream_ends_the_work() {
    let transcriber = whisper();
    let said = transcriber.transcribe(futures::stream::pending().boxed());
    assert_eq!(
        Arc::strong_count(&transcriber.whisper),
        2,
        "the call's thread holds the model"
    );
    drop(said);
    let ended = (0..1000).any(|_| {
        std::thread::park_timeout(Duration::from_millis(10));
        Arc::strong_count(&transcriber.whisper) == 1
    });
    assert!(ended, "the thread still runs");
}

#[test]
fn a_missing_file_and_a_corrupt_file_are_told_apart() {
    let dir = empty_dir("whisper");
    let load = || {
        WhisperTranscriber::load(&dir, Arc::new(Cpu::new(1, 1)))
            .err()
            .map(|e| e.to_string())
            .unwrap_or_default()
    };
    let missing = load();
    assert!(
        missing.contains("whisper-vocabulary.json is missing") && missing.contains("make models"),
        "{missing}"
    );
    std::fs::copy(
        models().join("whisper-vocabulary.json"),
        dir.join("whisper-vocabulary.json"),
    )
    .unwrap();
    let missing = load();
    assert!(
        missing.contains("whisper-tiny.en-encoder.onnx is missing"),
        "{missing}"
    );
    let whole = std::fs::read(models().join("whisper-tiny.en-encoder.onnx")).unwrap();
    std::fs::write(
        dir.join("whisper-tiny.en-encoder.onnx"),
        &whole[..whole.len() / 2],
    )
    .unwrap();
    let corrupt = load();
    assert!(
        corrupt.contains("whisper-tiny.en-encoder.onnx is corrupt")
            && corrupt.contains("make models"),
        "{corrupt}"
    );
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn an_interim_run_becomes_the_final_one_if_only_quiet_came_before_the_stop() {
    let cpu = Cpu::new(1, 1);
    let stop = Hearing::SpeechStopped { at: ms(100) };
    let since = |loud: i16| VecDeque::from([frames(&[loud; 320], 0).remove(0), stop.clone()]);
    assert!(still_wanted(&since(10), Urgency::Soon, 0.01, &cpu));
    assert!(!still_wanted(&since(9000), Urgency::Soon, 0.01, &cpu));
}

#[test]
fn a_final_run_is_given_up_when_the_caller_goes_on_but_not_for_the_next_turn() {
    let cpu = Cpu::new(1, 1);
    let started = Hearing::SpeechStarted { at: ms(0) };
    assert!(!still_wanted(
        &VecDeque::from([started.clone()]),
        Urgency::Now,
        0.0,
        &cpu
    ));
    assert!(still_wanted(
        &VecDeque::from([Hearing::TurnTaken, started]),
        Urgency::Now,
        0.0,
        &cpu
    ));
}
