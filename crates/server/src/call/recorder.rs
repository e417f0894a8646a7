//! A call's recording: caller left, agent right, on the call's clock. What was sent but never played is taken out again,
//! so the file holds what the caller heard.

use std::{fs::File, io, path::PathBuf, time::Duration};

use tokio::sync::mpsc;
use voiceos_audio::{Frame, Resampler, flac};
use voiceos_core::At;

/// Hz of the file.
pub const RATE: u32 = 16_000;

/// How long a second thought about the agent's audio is possible: more than the playout's lead and any jitter.
const OPEN: Duration = Duration::from_millis(500);

/// Chunks on their way to the disk, a fifth of a second each: a minute. When full, the chunk is dropped and counted;
/// a disk that is a minute behind must not hold up a call.
const WAITING: usize = 300;

type Chunk = (Vec<i16>, Vec<i16>);

/// How the recording ended.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Recorded {
    pub samples: u64,
    pub bytes: u64,
}

pub struct Recorder {
    from_leg: Resampler,
    to_file: Resampler,
    /// Position of the first open sample.
    written: u64,
    left: Vec<i16>,
    right: Vec<i16>,
    chunks: Option<mpsc::Sender<Chunk>>,
    done: Option<tokio::task::JoinHandle<io::Result<Recorded>>>,
    pub lost_chunks: u64,
}

impl Recorder {
    /// Creates the file; the writing happens on the blocking pool, one chunk at a time.
    pub fn create(path: PathBuf, leg_rate: u32) -> io::Result<Self> {
        let recording =
            flac::Recording::new(File::create(&path)?, RATE).map_err(io::Error::other)?;
        let (chunks, waiting) = mpsc::channel(WAITING);
        let done = tokio::spawn(write(recording, waiting, path));
        Ok(Self {
            from_leg: Resampler::new(leg_rate, RATE),
            to_file: Resampler::new(leg_rate, RATE),
            written: 0,
            left: vec![],
            right: vec![],
            chunks: Some(chunks),
            done: Some(done),
            lost_chunks: 0,
        })
    }

    /// 20 ms of the caller that ended at `now`.
    pub fn caller(&mut self, frame: &Frame, now: At) {
        let mut samples = vec![];
        self.from_leg.push(&frame.samples, &mut samples);
        let from = self.open_position(now.saturating_sub(Frame::LASTS));
        // Frames arrive in bunches now and then: they follow each other rather than cover each other.
        let from = if from < self.left.len() && self.left.len() - from < RATE as usize / 5 {
            self.left.len()
        } else {
            from
        };
        place(&mut self.left, from, &samples);
        self.flush(now);
    }

    /// 20 ms of the agent that the caller hears from `plays_at`.
    pub fn agent(&mut self, frame: &Frame, plays_at: At) {
        let mut samples = vec![];
        self.to_file.push(&frame.samples, &mut samples);
        let from = self.open_position(plays_at);
        place(&mut self.right, from, &samples);
    }

    /// The leg was told to forget what it has not played by `now`.
    pub fn cleared(&mut self, now: At) {
        let from = self.open_position(now);
        self.right.truncate(from);
    }

    fn open_position(&self, at: At) -> usize {
        (position(at).saturating_sub(self.written)) as usize
    }

    fn flush(&mut self, now: At) {
        let closed = self.open_position(now.saturating_sub(OPEN));
        if closed >= RATE as usize / 5 {
            self.send(closed);
        }
    }

    fn send(&mut self, samples: usize) {
        let chunk = (
            take(&mut self.left, samples),
            take(&mut self.right, samples),
        );
        self.written += samples as u64;
        if self
            .chunks
            .as_ref()
            .is_some_and(|chunks| chunks.try_send(chunk).is_err())
        {
            self.lost_chunks += 1;
        }
    }

    /// Writes the rest and the file's final header.
    pub async fn finish(mut self, now: At) -> io::Result<Recorded> {
        let rest = self.open_position(now);
        self.send(rest);
        drop(self.chunks.take());
        match self.done.take() {
            Some(done) => done.await.map_err(io::Error::other)?,
            None => Ok(Recorded::default()),
        }
    }
}

fn position(at: At) -> u64 {
    at.as_micros() as u64 * u64::from(RATE) / 1_000_000
}

fn place(track: &mut Vec<i16>, from: usize, samples: &[i16]) {
    if track.len() < from + samples.len() {
        track.resize(from + samples.len(), 0);
    }
    track[from..from + samples.len()].copy_from_slice(samples);
}

fn take(track: &mut Vec<i16>, samples: usize) -> Vec<i16> {
    if track.len() < samples {
        track.resize(samples, 0);
    }
    track.drain(..samples).collect()
}

async fn write(
    recording: flac::Recording<File>,
    mut chunks: mpsc::Receiver<Chunk>,
    path: PathBuf,
) -> io::Result<Recorded> {
    let mut recording = recording;
    while let Some((left, right)) = chunks.recv().await {
        let push = move || recording.push(&left, &right).map(|()| recording);
        recording = tokio::task::spawn_blocking(push)
            .await
            .map_err(io::Error::other)?
            .map_err(io::Error::other)?;
    }
    let finish = move || {
        let samples = recording.len();
        recording.finish().map_err(io::Error::other)?;
        Ok(Recorded {
            samples,
            bytes: std::fs::metadata(path)?.len(),
        })
    };
    tokio::task::spawn_blocking(finish)
        .await
        .map_err(io::Error::other)?
}
