use std::io::Cursor;

use proptest::prelude::*;

use super::*;
use crate::mix::Noise;

/// Something like a call: the sides speak in turn, over a little noise.
fn call(rate: u32, seconds: f64) -> (Vec<i16>, Vec<i16>) {
    let len = (rate as f64 * seconds) as usize;
    let mut noise = Noise::new(1, -60.0);
    let mut side = |turn: usize| -> Vec<i16> {
        (0..len)
            .map(|n| {
                let t = n as f64 / rate as f64;
                let voice = if t as usize % 2 == turn {
                    8000.0 * (t * 900.0).sin() * (t * 20.0).sin()
                } else {
                    0.0
                };
                voice as i16 + noise.sample()
            })
            .collect()
    };
    (side(0), side(1))
}

fn recorded(rate: u32, left: &[i16], right: &[i16]) -> Vec<u8> {
    let mut recording = Recording::new(Cursor::new(Vec::new()), rate).unwrap();
    for (l, r) in left
        .chunks(rate as usize / 50)
        .zip(right.chunks(rate as usize / 50))
    {
        recording.push(l, r).unwrap();
    }
    recording.finish().unwrap().into_inner()
}

#[test]
fn a_call_comes_back_sample_for_sample() {
    for rate in [8000, 16000, 24000, 48000] {
        let (left, right) = call(rate, 3.3);
        let file = recorded(rate, &left, &right);
        let got = read(&file[..]).unwrap();
        assert_eq!(
            got,
            Recorded {
                rate,
                left,
                right,
                cut: false
            }
        );
    }
}

#[test]
fn a_call_takes_half_its_samples_or_less() {
    let (left, right) = call(16000, 10.0);
    let file = recorded(16000, &left, &right);
    assert!(file.len() < left.len() * 4 / 2, "{} bytes", file.len());
}

#[test]
fn the_length_is_in_the_header_once_finished_and_unknown_before() {
    let (left, right) = call(8000, 1.1);
    let whole = recorded(8000, &left, &right);
    assert_eq!(
        claxon::FlacReader::new(&whole[..])
            .unwrap()
            .streaminfo()
            .samples,
        Some(left.len() as u64)
    );
    let mut stream = Recording::new(Vec::new(), 8000).unwrap();
    stream.push(&left, &right).unwrap();
    let stream = stream.finish_stream().unwrap();
    assert_eq!(
        claxon::FlacReader::new(&stream[..])
            .unwrap()
            .streaminfo()
            .samples,
        None
    );
    assert_eq!(read(&stream[..]).unwrap(), read(&whole[..]).unwrap());
}

#[test]
fn full_scale_noise_survives() {
    let loud = Noise::new(3, 0.0).samples(9000);
    let other: Vec<i16> = (0..9000)
        .map(|n| if n % 2 == 0 { i16::MIN } else { i16::MAX })
        .collect();
    let got = read(&recorded(16000, &loud, &other)[..]).unwrap();
    assert!(got.left == loud && got.right == other);
}

#[test]
fn a_repaired_recording_is_whole() {
    let (left, right) = call(16000, 2.0);
    let file = recorded(16000, &left, &right);
    let mut whole = Cursor::new(Vec::new());
    let kept = repair(&file[..file.len() * 2 / 3], &mut whole).unwrap() as usize;
    let got = read(&whole.get_ref()[..]).unwrap();
    assert!(kept > 8000 && !got.cut);
    assert_eq!(got.left, left[..kept]);
}

#[test]
fn what_is_no_recording_is_refused() {
    assert!(matches!(read(&b"RIFF"[..]), Err(FlacError::NotFlac(_))));
    assert!(matches!(
        Recording::new(Vec::new(), 4000),
        Err(FlacError::Rate { rate: 4000 })
    ));
}

#[test]
fn a_full_disk_is_an_error_and_no_panic() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    assert!(matches!(
        Recording::new(Full, 8000),
        Err(FlacError::Write(_))
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_samples_of_any_length_come_back(left in prop::collection::vec(any::<i16>(), 0..5000), extra in 0usize..40) {
        let right: Vec<i16> = left.iter().rev().copied().chain(std::iter::repeat_n(5, extra)).collect();
        let mut recording = Recording::new(Cursor::new(Vec::new()), 8000).unwrap();
        recording.push(&left, &right).unwrap();
        prop_assert_eq!(recording.len(), right.len() as u64);
        let file = recording.finish().unwrap().into_inner();
        let got = read(&file[..]).unwrap();
        prop_assert!(!got.cut);
        prop_assert_eq!(&got.left[..left.len()], &left[..]);
        prop_assert_eq!(got.right, right);
    }

    #[test]
    fn a_file_cut_anywhere_plays_up_to_the_last_whole_block(at in 42usize..60_000) {
        let (left, right) = call(8000, 5.0);
        let mut growing = Recording::new(Vec::new(), 8000).unwrap();
        growing.push(&left, &right).unwrap();
        let file = growing.to;
        let got = read(&file[..at.min(file.len())]).unwrap();
        prop_assert_eq!(got.left.len() % 2000, 0);
        prop_assert_eq!(&got.left[..], &left[..got.left.len()]);
        prop_assert_eq!(&got.right[..], &right[..got.right.len()]);
        // No more than one block less than the share of bytes that is there, give or take how well blocks compress.
        prop_assert!(at < file.len() || got.left.len() == left.len());
    }
}
