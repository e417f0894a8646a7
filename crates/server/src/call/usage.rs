//! What a call used up, for its costs, and where each piece of a reply begins in the reply's audio.

use std::time::Duration;

use voiceos_core::ReplyId;
use voiceos_providers::Usage;

#[derive(Clone, Debug, Default)]
pub struct Meter {
    pub heard: Duration,
    pub characters: u64,
    pub usage: Usage,
    reply: Option<ReplyId>,
    starts: Vec<(u32, Duration)>,
}

impl Meter {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn heard(&mut self, audio: Duration) {
        self.heard += audio;
    }

    pub fn spoke(&mut self, words: &str) {
        self.characters += words.chars().count() as u64;
    }

    pub fn generated(&mut self, usage: Usage) {
        self.usage.input_tokens += usage.input_tokens;
        self.usage.cached_tokens += usage.cached_tokens;
        self.usage.output_tokens += usage.output_tokens;
    }

    /// The first audio of a piece came when the reply had `before` of audio.
    pub fn note_piece(&mut self, reply: ReplyId, piece: u32, before: Duration) {
        if self.reply != Some(reply) {
            self.reply = Some(reply);
            self.starts.clear();
        }
        if !self.starts.iter().any(|(known, _)| *known == piece) {
            self.starts.push((piece, before));
        }
    }

    pub fn piece_start(&self, reply: ReplyId, piece: u32) -> Duration {
        let known = self
            .starts
            .iter()
            .find(|(known, _)| *known == piece && self.reply == Some(reply));
        known.map_or(Duration::ZERO, |(_, start)| *start)
    }
}
