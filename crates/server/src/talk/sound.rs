//! The sound card: a person's microphone as the [`Caller`], and the loudspeaker. Runs at the card's own rates; echo is
//! not cancelled, so a headset is advised.

use std::{
    collections::VecDeque,
    sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
};

use cpal::{
    Data, Device, SampleFormat, Stream, SupportedStreamConfig,
    traits::{DeviceTrait, HostTrait, StreamTrait},
};
use voiceos_audio::{Framer, Resampler};

use super::{
    Loudspeaker, TalkError,
    caller::{Act, Agent, Caller},
};

/// More than this many frames of the microphone in store are old: the oldest go.
const STORE: usize = 4;

/// A person who speaks into the microphone; Ctrl-C is how they hang up.
pub struct Microphone {
    chunks: Receiver<Vec<f32>>,
    resampler: Resampler,
    framer: Framer,
    scratch: Vec<i16>,
    hang_up: tokio::sync::oneshot::Receiver<()>,
    /// Dropped with the caller: the thread that holds the streams ends.
    _open: Sender<()>,
}

/// Opens the default microphone and loudspeaker for a call at `rate` Hz.
pub fn open(rate: u32) -> Result<(Microphone, Loudspeaker), TalkError> {
    // Half a second of chunks each way; full: the newest is dropped, for nobody is reading.
    let (heard, chunks) = sync_channel(64);
    let (play, to_play) = sync_channel(64);
    let (opened, outcome) = channel();
    let (open, closed) = channel::<()>();
    // Streams may not leave the thread that made them.
    std::thread::spawn(move || match streams(heard, to_play) {
        Ok((rates, streams)) => {
            let _ = opened.send(Ok(rates));
            let _ = closed.recv();
            drop(streams);
        }
        Err(told) => drop(opened.send(Err(told))),
    });
    let gone = |_| Err("the sound thread ended".to_owned());
    let (from, to) = outcome
        .recv()
        .unwrap_or_else(gone)
        .map_err(|told| TalkError::NoMicrophone { told })?;
    let (ended, hang_up) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            let _ = ended.send(());
        }
    });
    let resampler = Resampler::new(from, rate);
    let microphone = Microphone {
        chunks,
        resampler,
        framer: Framer::new(rate),
        scratch: Vec::new(),
        hang_up,
        _open: open,
    };
    Ok((microphone, loudspeaker(Resampler::new(rate, to), play)))
}

fn loudspeaker(mut resampler: Resampler, play: SyncSender<Vec<i16>>) -> Loudspeaker {
    Box::new(move |samples| {
        let mut out = Vec::new();
        resampler.push(samples, &mut out);
        let _ = play.try_send(out);
    })
}

impl Caller for Microphone {
    fn act(&mut self, _: &Agent) -> Act {
        if self.hang_up.try_recv().is_ok() {
            return Act::HangUp;
        }
        while let Ok(chunk) = self.chunks.try_recv() {
            let samples: Vec<i16> = chunk
                .iter()
                .map(|s| (s * 32767.0).clamp(-32768.0, 32767.0) as i16)
                .collect();
            self.scratch.clear();
            self.resampler.push(&samples, &mut self.scratch);
            self.framer.push(&self.scratch);
        }
        let mut frame = self.framer.pop();
        while let Some(next) = frame
            .as_ref()
            .filter(|f| self.framer.waiting() > STORE * f.samples.len())
            .and(self.framer.pop())
        {
            frame = Some(next);
        }
        frame.map_or(Act::Silence, |frame| Act::Speak(frame.samples.into_vec()))
    }
}

/// Starts both streams. Their rates, and the streams to be kept alive.
fn streams(
    heard: SyncSender<Vec<f32>>,
    to_play: Receiver<Vec<i16>>,
) -> Result<((u32, u32), [Stream; 2]), String> {
    let host = cpal::default_host();
    let microphone = host.default_input_device().ok_or("no microphone")?;
    let speaker = host.default_output_device().ok_or("no loudspeaker")?;
    let input = microphone
        .default_input_config()
        .map_err(|e| e.to_string())?;
    let output = speaker.default_output_config().map_err(|e| e.to_string())?;
    let rates = (input.sample_rate(), output.sample_rate());
    let streams = [
        record(&microphone, &input, heard)?,
        play(&speaker, &output, to_play)?,
    ];
    for stream in &streams {
        stream.play().map_err(|e| e.to_string())?;
    }
    Ok((rates, streams))
}

fn record(
    device: &Device,
    config: &SupportedStreamConfig,
    heard: SyncSender<Vec<f32>>,
) -> Result<Stream, String> {
    let channels = config.channels().max(1) as usize;
    let take = move |data: &Data, _: &cpal::InputCallbackInfo| {
        let all: Vec<f32> = match data.sample_format() {
            SampleFormat::F32 => data.as_slice::<f32>().unwrap_or_default().to_vec(),
            SampleFormat::I16 => data
                .as_slice::<i16>()
                .unwrap_or_default()
                .iter()
                .map(|&s| s as f32 / 32768.0)
                .collect(),
            _ => data
                .as_slice::<i32>()
                .unwrap_or_default()
                .iter()
                .map(|&s| s as f32 / 2147483648.0)
                .collect(),
        };
        let _ = heard.try_send(
            all.chunks_exact(channels)
                .map(|c| c.iter().sum::<f32>() / channels as f32)
                .collect(),
        );
    };
    let stream = device.build_input_stream_raw(config.config(), known(config)?, take, |_| {}, None);
    stream.map_err(|e| e.to_string())
}

fn play(
    device: &Device,
    config: &SupportedStreamConfig,
    to_play: Receiver<Vec<i16>>,
) -> Result<Stream, String> {
    let channels = config.channels().max(1) as usize;
    let mut waiting: VecDeque<i16> = VecDeque::new();
    let fill = move |data: &mut Data, _: &cpal::OutputCallbackInfo| {
        while let Ok(samples) = to_play.try_recv() {
            waiting.extend(samples);
        }
        let mut next = || waiting.pop_front().unwrap_or(0);
        match data.sample_format() {
            SampleFormat::F32 => fill_with(data.as_slice_mut::<f32>(), channels, || {
                next() as f32 / 32768.0
            }),
            SampleFormat::I16 => fill_with(data.as_slice_mut::<i16>(), channels, next),
            _ => fill_with(data.as_slice_mut::<i32>(), channels, || {
                (next() as i32) << 16
            }),
        }
    };
    let stream =
        device.build_output_stream_raw(config.config(), known(config)?, fill, |_| {}, None);
    stream.map_err(|e| e.to_string())
}

fn fill_with<T: Copy>(slots: Option<&mut [T]>, channels: usize, mut next: impl FnMut() -> T) {
    for frame in slots.unwrap_or_default().chunks_exact_mut(channels) {
        frame.fill(next());
    }
}

fn known(config: &SupportedStreamConfig) -> Result<SampleFormat, String> {
    match config.sample_format() {
        format @ (SampleFormat::F32 | SampleFormat::I16 | SampleFormat::I32) => Ok(format),
        other => Err(format!(
            "the sound card speaks {other}, which is not supported"
        )),
    }
}
