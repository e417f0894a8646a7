//! Twenty milliseconds of sound, and cutting a stream of any chunk lengths into such frames.

use std::{collections::VecDeque, time::Duration};

/// 20 ms of mono PCM. `samples.len() == rate / 50`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Hz: 8000, 16000, 24000 or 48000.
    pub rate: u32,
    pub samples: Box<[i16]>,
}

impl Frame {
    /// How long a frame lasts, in milliseconds.
    pub const MS: u32 = 20;
    /// How long a frame lasts.
    pub const LASTS: Duration = Duration::from_millis(Self::MS as u64);

    /// Samples in one frame at `rate` Hz.
    pub const fn len_at(rate: u32) -> usize {
        (rate / 50) as usize
    }

    pub fn silence(rate: u32) -> Self {
        Self {
            rate,
            samples: vec![0; Self::len_at(rate)].into(),
        }
    }
}

/// Cuts chunks of any length into frames: [`Framer::push`] what came, then take frames until [`Framer::pop`] has none.
pub struct Framer {
    rate: u32,
    waiting: VecDeque<i16>,
}

impl Framer {
    /// `rate` in Hz, of what is pushed and of the frames.
    pub fn new(rate: u32) -> Self {
        Self {
            rate,
            waiting: VecDeque::with_capacity(2 * Frame::len_at(rate)),
        }
    }

    pub fn push(&mut self, samples: &[i16]) {
        self.waiting.extend(samples);
    }

    /// The next whole frame.
    pub fn pop(&mut self) -> Option<Frame> {
        let len = Frame::len_at(self.rate);
        (self.waiting.len() >= len).then(|| Frame {
            rate: self.rate,
            samples: self.waiting.drain(..len).collect(),
        })
    }

    /// What is left, filled up with silence; `None` when nothing is left.
    pub fn finish(&mut self) -> Option<Frame> {
        if self.waiting.is_empty() {
            return None;
        }
        let whole = self
            .waiting
            .len()
            .next_multiple_of(Frame::len_at(self.rate));
        self.waiting.resize(whole, 0);
        self.pop()
    }

    /// Samples that wait for their frame to fill.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub fn clear(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn frames_hold_every_sample_once_whatever_the_chunks(chunks in prop::collection::vec(0usize..1000, 0..30)) {
            let mut framer = Framer::new(16000);
            let (mut sent, mut got, mut next) = (Vec::new(), Vec::new(), 0i16);
            for len in chunks {
                let chunk: Vec<i16> = (0..len).map(|_| { next = next.wrapping_add(1); next }).collect();
                sent.extend(&chunk);
                framer.push(&chunk);
                while let Some(frame) = framer.pop() {
                    prop_assert_eq!(frame.samples.len(), 320);
                    got.extend_from_slice(&frame.samples);
                }
                prop_assert!(framer.waiting() < 320);
            }
            if let Some(frame) = framer.finish() {
                got.extend_from_slice(&frame.samples);
            }
            prop_assert_eq!(&got[..sent.len()], &sent[..]);
            prop_assert!(got[sent.len()..].iter().all(|&s| s == 0));
            prop_assert!(framer.finish().is_none());
        }
    }
}
