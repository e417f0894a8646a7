//! From the caller's sound to utterances: when to listen to it, and what is final. One utterance is the whole open turn:
//! at each stop all of it is heard again, so that a pause in mid-sentence costs no accuracy. What the words are is left to
//! `whisper.rs`, whether they are any to `doubt.rs`, when a turn is over to the conversation.
//!
//! Each call has a thread that sleeps until something comes in. While the caller speaks it listens every half second, and
//! whenever it gets quiet: if the gate then closes, that answer is the final one and nobody waits for it.

use std::{collections::VecDeque, path::Path, sync::Arc, time::Duration};

use futures::{StreamExt, stream::BoxStream};
use tokio::sync::mpsc;
use voiceos_providers::{Fault, Flow, Hearing, Kind, Transcriber, Utterance};

use crate::{
    Cpu, LoadError, Urgency,
    caller_turn::CallerTurn,
    doubt::believed,
    whisper::{Heard, Stopped, Whisper},
};

const VENDOR: &str = "whisper";
/// Five seconds of frames. When it is full nothing more is taken from the call until the thread has caught up.
const WAITING: usize = 256;
/// Frames between two interim results: 500 ms.
const OFTEN: usize = 25;
/// Quiet frames after which the speech may have ended.
const HUSH: usize = 3;
/// Where a turn is cut because the model hears no more than 30 s, and where it is cut at the next quiet place.
const LONGEST: Duration = Duration::from_secs(28);
const LONG: Duration = Duration::from_secs(24);

/// Whisper `tiny.en`. One for all calls; each call has its own state and thread, and all take turns on the CPU.
pub struct WhisperTranscriber {
    whisper: Arc<Whisper>,
    cpu: Arc<Cpu>,
}

impl WhisperTranscriber {
    /// Loads `whisper-tiny.en-encoder.onnx`, `whisper-tiny.en-decoder.onnx` and `whisper-vocabulary.json` from `dir`.
    pub fn load(dir: &Path, cpu: Arc<Cpu>) -> Result<Self, LoadError> {
        let whisper = Arc::new(Whisper::load(dir, cpu.threads())?);
        Ok(Self { whisper, cpu })
    }
}

impl Transcriber for WhisperTranscriber {
    fn transcribe(&self, hearing: BoxStream<'static, Hearing>) -> Flow<Utterance> {
        let (told, inbox) = mpsc::channel(WAITING);
        let (say, said) = mpsc::channel(16); // when full the thread waits until the call has read
        let call = Call::new(Arc::clone(&self.whisper), Arc::clone(&self.cpu), inbox, say);
        match std::thread::Builder::new()
            .name("transcriber".into())
            .spawn(move || call.serve())
        {
            Ok(_) => joined(hearing, told, said).boxed(),
            Err(why) => {
                let fault = Fault::new(
                    VENDOR,
                    Kind::Busy,
                    format!("no thread for another call: {why}"),
                );
                futures::stream::iter([Err(fault)]).boxed()
            }
        }
    }
}

/// Feeds the thread and passes on what it says.
fn joined(
    mut hearing: BoxStream<'static, Hearing>,
    told: mpsc::Sender<Hearing>,
    mut said: mpsc::Receiver<Result<Utterance, Fault>>,
) -> impl futures::Stream<Item = Result<Utterance, Fault>> + Send {
    async_stream::stream! {
        let mut told = Some(told);
        loop {
            let pass_on = async {
                let room = told.as_ref()?.reserve().await.ok()?;
                hearing.next().await.map(|next| room.send(next))
            };
            tokio::select! {
                biased;
                utterance = said.recv() => match utterance {
                    Some(utterance) => yield utterance,
                    None => return,
                },
                passed = pass_on, if told.is_some() => {
                    if passed.is_none() {
                        told = None; // the thread finishes what it has
                    }
                }
            }
        }
    }
}

/// What was heard, and of how much.
struct Run {
    frames: usize,
    heard: Heard,
}

/// One call's thread.
struct Call {
    whisper: Arc<Whisper>,
    cpu: Arc<Cpu>,
    inbox: mpsc::Receiver<Hearing>,
    /// Taken from the inbox to look ahead, not yet acted upon. At most the inbox's size is taken at a time.
    ahead: VecDeque<Hearing>,
    say: mpsc::Sender<Result<Utterance, Fault>>,
    turn: CallerTurn,
    id: u32,
    last: Option<Run>,
    /// Frames of the turn when an interim result was last tried.
    tried: usize,
}

/// Nobody listens any more, or the model failed.
struct Over;

impl Call {
    fn new(
        whisper: Arc<Whisper>,
        cpu: Arc<Cpu>,
        inbox: mpsc::Receiver<Hearing>,
        say: mpsc::Sender<Result<Utterance, Fault>>,
    ) -> Self {
        let turn = CallerTurn::new();
        Self {
            whisper,
            cpu,
            inbox,
            ahead: VecDeque::new(),
            say,
            turn,
            id: 0,
            last: None,
            tried: 0,
        }
    }

    fn serve(mut self) {
        while let Some(next) = self
            .ahead
            .pop_front()
            .or_else(|| self.inbox.blocking_recv())
        {
            if self.act(next).is_err() {
                return;
            }
        }
        if self.turn.speaking() {
            let until = self.turn.until();
            self.finish(until).ok(); // the call ended in mid-word
        }
    }

    fn act(&mut self, next: Hearing) -> Result<(), Over> {
        match next {
            Hearing::Frame { frame, at } => {
                self.turn.push(&frame.samples, at);
                self.after_a_frame()
            }
            Hearing::SpeechStarted { at } => {
                self.turn.speech_started(at);
                Ok(())
            }
            Hearing::SpeechStopped { at } => {
                self.turn.speech_stopped(at);
                self.finish(at)
            }
            Hearing::TurnTaken => {
                self.turn.take();
                self.start_next();
                Ok(())
            }
        }
    }

    fn start_next(&mut self) {
        self.id += 1;
        self.last = None;
        self.tried = 0;
    }

    fn after_a_frame(&mut self) -> Result<(), Over> {
        if self.turn.rests()
            && self
                .last
                .as_ref()
                .is_some_and(|run| self.believed(&run.heard).is_empty())
        {
            self.turn.forget(); // noise would only stand in the way of the words to come
            self.last = None;
            self.tried = 0;
        }
        if !self.turn.speaking() || !self.ahead.is_empty() || !self.inbox.is_empty() {
            return Ok(()); // behind: first catch up
        }
        let frames = self.turn.frames();
        let hush = frames > HUSH && self.turn.quiet_from(frames - HUSH);
        if self.turn.length() >= LONGEST || self.turn.length() >= LONG && hush {
            let until = self.turn.until();
            self.finish(until)?;
            self.turn.forget();
            self.turn.speech_started(until);
            self.start_next();
            return Ok(());
        }
        let unheard = self
            .last
            .as_ref()
            .is_none_or(|run| !self.turn.quiet_from(run.frames));
        let since = frames.saturating_sub(self.tried);
        if hush && unheard && since >= OFTEN / 3 {
            self.interim(Urgency::Soon)
        } else if since >= OFTEN && unheard && !self.cpu.wanted(Urgency::Later) {
            self.interim(Urgency::Later)
        } else {
            Ok(())
        }
    }

    fn interim(&mut self, urgency: Urgency) -> Result<(), Over> {
        self.tried = self.turn.frames();
        if self.listen(urgency)? {
            let text = self
                .last
                .as_ref()
                .map(|run| self.believed(&run.heard))
                .unwrap_or_default();
            if !text.is_empty() {
                return self.utter(text, self.turn.until(), false);
            }
        }
        Ok(())
    }

    /// Says what the turn holds, finally unless the caller goes on.
    fn finish(&mut self, until: Duration) -> Result<(), Over> {
        let end = self.turn.frame_at(until);
        let heard = |run: &Run| run.frames >= end || self.turn.quiet_from(run.frames);
        if self.last.as_ref().is_some_and(heard) || self.listen(Urgency::Now)? {
            let text = self
                .last
                .as_ref()
                .map(|run| self.believed(&run.heard))
                .unwrap_or_default();
            return self.utter(text, until, true);
        }
        Ok(())
    }

    fn believed(&self, heard: &Heard) -> String {
        believed(heard, self.turn.voiced())
    }

    /// Hears the whole turn. False when what came in meanwhile has made it useless.
    fn listen(&mut self, urgency: Urgency) -> Result<bool, Over> {
        let columns = self.turn.columns();
        let frames = self.turn.frames();
        let draft = self
            .last
            .as_ref()
            .map(|run| run.heard.tokens.clone())
            .unwrap_or_default();
        let quiet = self.turn.quiet();
        let _turn = self.cpu.take(urgency);
        let mut go_on = || {
            while self.ahead.len() < WAITING
                && let Ok(next) = self.inbox.try_recv()
            {
                self.ahead.push_back(next);
            }
            !self.say.is_closed() && still_wanted(&self.ahead, urgency, quiet, &self.cpu)
        };
        if !go_on() {
            return Ok(false);
        }
        match self.whisper.hear(&columns, &draft, &mut go_on) {
            Ok(heard) => {
                self.last = Some(Run { frames, heard });
                Ok(true)
            }
            Err(Stopped::Abandoned) => Ok(false),
            Err(why) => {
                self.say
                    .blocking_send(Err(Fault::new(VENDOR, Kind::Gone, why.to_string())))
                    .ok();
                Err(Over)
            }
        }
    }

    fn utter(&self, text: String, until: Duration, is_final: bool) -> Result<(), Over> {
        self.say
            .blocking_send(Ok(Utterance {
                id: self.id,
                text,
                until,
                is_final,
            }))
            .map_err(|_| Over)
    }
}

/// Whether a run is worth its time after what has come in since it began. A final one is not when the caller goes on: a
/// new one comes at the next stop. An interim one is not when somebody waits for the CPU or when more was said before the
/// stop; with nothing but quiet before the stop it becomes the final one.
fn still_wanted(since: &VecDeque<Hearing>, urgency: Urgency, quiet: f32, cpu: &Cpu) -> bool {
    if urgency == Urgency::Now {
        let mut before = since
            .iter()
            .take_while(|next| !matches!(next, Hearing::TurnTaken));
        return !before.any(|next| matches!(next, Hearing::SpeechStarted { .. }));
    }
    let Some(stop) = since
        .iter()
        .position(|next| matches!(next, Hearing::SpeechStopped { .. }))
    else {
        return urgency < Urgency::Later || !cpu.wanted(Urgency::Soon);
    };
    since.iter().take(stop).all(|next| match next {
        Hearing::Frame { frame, .. } => loudness(&frame.samples) < quiet,
        _ => true,
    })
}

fn loudness(samples: &[i16]) -> f32 {
    let square: f32 = samples
        .iter()
        .map(|sample| (f32::from(*sample) / 32768.0).powi(2))
        .sum();
    (square / samples.len().max(1) as f32).sqrt()
}

#[cfg(test)]
mod tests;
