//! What transcriber, turn detector, language model and voice send, as facts for the conversation. A provider that ends or
//! fails is a fact, too.

use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;
use voiceos_core::{Input, Port, conversation::Mark};
use voiceos_providers::{Delta, Fault, Speech, Utterance};

use super::Runner;

impl Runner {
    pub(super) fn utterance(&mut self, utterance: Option<Result<Utterance, Fault>>) {
        match utterance {
            Some(Ok(Utterance {
                id,
                text,
                until,
                is_final,
            })) => {
                let id = self.utterance_base + id;
                self.last_utterance = self.last_utterance.max(id);
                self.queue.push(Input::Utterance {
                    id,
                    text,
                    until,
                    is_final,
                });
            }
            Some(Err(fault)) => self.transcriber_gone(Some(fault)),
            None => self.transcriber_gone(None),
        }
    }

    pub(super) fn transcriber_gone(&mut self, fault: Option<Fault>) {
        warn!(call.id = %self.setup.conversation, fault = fault.map(tracing::field::display), "transcriber ended");
        self.transcriber = None;
        self.reopen_at = Some(Instant::now() + Duration::from_millis(250));
        self.queue.push(Input::Faulted {
            port: Port::Transcriber,
            reply: None,
        });
    }

    pub(super) fn reopen_transcriber(&mut self) {
        if self.reopen_at.is_some_and(|at| at <= Instant::now()) && self.ended.is_none() {
            self.reopen_at = None;
            self.utterance_base = self.last_utterance + 1;
            self.transcriber = Some(self.ears.reopen(&self.engines.transcriber));
        }
    }

    pub(super) fn verdict(&mut self, asked: u32, verdict: Result<f32, Fault>) {
        match verdict {
            Ok(share) => {
                let percent = (share.clamp(0.0, 1.0) * 100.0).round() as u8;
                self.queue.push(Input::Verdict { asked, percent });
            }
            Err(fault) => {
                warn!(call.id = %self.setup.conversation, %fault, "turn detector failed");
                self.queue.push(Input::Faulted {
                    port: Port::TurnDetector,
                    reply: None,
                });
            }
        }
    }

    pub(super) fn delta(&mut self, delta: Option<Result<Delta, Fault>>) {
        let Some((reply, _)) = &self.model else {
            return;
        };
        let reply = *reply;
        match delta {
            Some(Ok(Delta::Text(text))) => self.queue.push(Input::Token { reply, text }),
            Some(Ok(Delta::Tool { name, arguments })) => {
                self.tool_calls += 1;
                self.queue.push(Input::ToolCalled {
                    reply,
                    call: self.tool_calls,
                    name,
                    arguments,
                });
            }
            Some(Ok(Delta::Usage(usage))) => self.meter.generated(usage),
            Some(Err(fault)) => {
                warn!(call.id = %self.setup.conversation, %fault, "language model failed");
                self.model = None;
                self.queue.push(Input::Faulted {
                    port: Port::LanguageModel,
                    reply: Some(reply),
                });
            }
            None => {
                self.model = None;
                self.queue.push(Input::Generated { reply });
            }
        }
    }

    pub(super) fn speech(&mut self, speech: Option<Result<Speech, Fault>>) {
        let Some(voice) = &mut self.voice else { return };
        let reply = voice.reply;
        match speech {
            Some(Ok(Speech::Audio { piece, samples })) => {
                let before = self.playout.length_of(reply);
                let length = self.playout.push(reply, &samples);
                self.meter.note_piece(reply, piece, before);
                let length = length - self.meter.piece_start(reply, piece);
                self.queue.push(Input::Synthesized {
                    reply,
                    piece,
                    length,
                });
            }
            Some(Ok(Speech::Done { piece, timings })) => {
                voice.done += 1;
                self.meter
                    .note_piece(reply, piece, self.playout.length_of(reply)); // a piece may have no sound
                let start = self.meter.piece_start(reply, piece);
                let length = self.playout.end_piece(reply).saturating_sub(start);
                let marks = timings
                    .iter()
                    .map(|t| Mark::new(t.chars, t.until))
                    .collect();
                self.queue.push(Input::Synthesized {
                    reply,
                    piece,
                    length,
                });
                self.queue.push(Input::Pronounced {
                    reply,
                    piece,
                    marks,
                });
            }
            Some(Err(fault)) => {
                warn!(call.id = %self.setup.conversation, %fault, "voice failed");
                self.voice = None;
                self.queue.push(Input::Faulted {
                    port: Port::Voice,
                    reply: Some(reply),
                });
            }
            None => {
                let missing = voice.asked - voice.done;
                self.voice = None;
                if missing > 0 {
                    self.queue.push(Input::Faulted {
                        port: Port::Voice,
                        reply: Some(reply),
                    });
                }
            }
        }
    }

    /// Once the model has ended and every piece is pronounced, the reply's last short frame may leave.
    pub(super) fn complete_playout(&mut self) {
        if let Some(voice) = &self.voice
            && voice.asked == voice.done
            && self
                .model
                .as_ref()
                .is_none_or(|(reply, _)| *reply != voice.reply)
        {
            self.playout.complete(voice.reply);
        }
    }
}
