//! What a phone does between line and loudspeaker: holds a little audio back against jitter, plays 20 ms at a time, knows
//! which marks have been passed, forgets everything at once when told to. No clock: [`Playout::play`] is the clock.

use std::collections::VecDeque;

use voiceos_audio::Frame;

enum Item {
    Sound(VecDeque<i16>),
    Mark(u64),
}

/// 20 ms for the loudspeaker.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// Always a whole frame; silence where nothing was there.
    pub samples: Vec<i16>,
    /// Marks whose audio had all been played before this frame. To be acknowledged now.
    pub passed: Vec<u64>,
}

pub struct Playout {
    frame: usize,
    /// Samples that must wait before play begins or resumes.
    cushion: usize,
    items: VecDeque<Item>,
    waiting: usize,
    playing: bool,
    /// Frames since sound came while not playing: a short sound must not wait for a cushion that never fills.
    held: usize,
    /// Passed within the last frame; acknowledged with the next, when that frame has sounded.
    passed: Vec<u64>,
    gaps: u32,
}

impl Playout {
    /// `cushion_ms` is held back at the start of each stretch of sound.
    pub fn new(rate: u32, cushion_ms: u32) -> Self {
        Self {
            frame: Frame::len_at(rate),
            cushion: (rate * cushion_ms / 1000) as usize,
            items: VecDeque::new(),
            waiting: 0,
            playing: false,
            held: 0,
            passed: Vec::new(),
            gaps: 0,
        }
    }

    pub fn receive(&mut self, samples: &[i16]) {
        self.waiting += samples.len();
        match self.items.back_mut() {
            Some(Item::Sound(sound)) => sound.extend(samples),
            _ => self
                .items
                .push_back(Item::Sound(samples.iter().copied().collect())),
        }
    }

    pub fn mark(&mut self, mark: u64) {
        self.items.push_back(Item::Mark(mark));
    }

    /// Forgets all sound that has not been played and the marks within it.
    pub fn clear(&mut self) {
        self.items.clear();
        (self.waiting, self.playing, self.held) = (0, false, 0);
    }

    /// Nothing waits to be played.
    pub fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// How often sound ran out within a stretch and came back later.
    pub fn gaps(&self) -> u32 {
        self.gaps
    }

    /// The next 20 ms.
    pub fn play(&mut self) -> Played {
        let mut played = Played {
            samples: Vec::with_capacity(self.frame),
            passed: std::mem::take(&mut self.passed),
        };
        if !self.playing && self.waiting > 0 {
            self.held += 1;
            self.playing =
                self.waiting >= self.cushion || (self.held - 1) * self.frame >= self.cushion;
        }
        if self.playing {
            self.held = 0;
        }
        self.fill(&mut played.samples);
        if self.playing && played.samples.len() < self.frame {
            // Ran dry: the next stretch gets its cushion again.
            self.playing = false;
            self.gaps += (!played.samples.is_empty()) as u32;
        }
        played.samples.resize(self.frame, 0);
        played
    }

    fn fill(&mut self, samples: &mut Vec<i16>) {
        loop {
            match self.items.front_mut() {
                Some(Item::Mark(mark)) => {
                    self.passed.push(*mark);
                    self.items.pop_front();
                }
                Some(Item::Sound(sound)) if self.playing => {
                    let take = sound.len().min(self.frame - samples.len());
                    samples.extend(sound.drain(..take));
                    self.waiting -= take;
                    if !sound.is_empty() {
                        return;
                    }
                    self.items.pop_front();
                }
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS20: usize = 160;

    fn playout() -> Playout {
        Playout::new(8000, 40)
    }

    #[test]
    fn two_frames_are_held_back_and_then_played_in_order() {
        let mut playout = playout();
        playout.receive(&[1; MS20]);
        assert_eq!(playout.play().samples, [0; MS20]);
        playout.receive(&[2; MS20]);
        assert_eq!(playout.play().samples, [1; MS20]);
        playout.receive(&[3; MS20]);
        assert_eq!(playout.play().samples, [2; MS20]);
        assert_eq!(playout.play().samples, [3; MS20]);
        assert_eq!(playout.play().samples, [0; MS20]);
    }

    #[test]
    fn a_sound_shorter_than_the_cushion_is_played_all_the_same() {
        let mut playout = playout();
        playout.receive(&[5; 100]);
        let heard: Vec<i16> = (0..4).flat_map(|_| playout.play().samples).collect();
        assert_eq!(heard.iter().filter(|&&s| s == 5).count(), 100);
    }

    #[test]
    fn a_mark_is_passed_when_the_sound_before_it_has_sounded() {
        let mut playout = playout();
        playout.receive(&[1; 2 * MS20]);
        playout.mark(7);
        assert_eq!(playout.play().passed, [0u64; 0]);
        assert_eq!(playout.play().passed, [0u64; 0]);
        assert_eq!(playout.play().passed, [7]);
        assert_eq!(playout.play().passed, [0u64; 0]);
    }

    #[test]
    fn a_mark_with_nothing_before_it_is_passed_at_once() {
        let mut playout = playout();
        playout.mark(1);
        playout.play();
        assert_eq!(playout.play().passed, [1]);
    }

    #[test]
    fn clear_silences_at_once_and_forgets_the_marks() {
        let mut playout = playout();
        playout.receive(&[1; 5 * MS20]);
        playout.mark(1);
        playout.play();
        playout.clear();
        assert_eq!(
            playout.play(),
            Played {
                samples: vec![0; MS20],
                passed: vec![]
            }
        );
        assert!(playout.is_empty());
        playout.receive(&[2; 2 * MS20]);
        playout.mark(2);
        assert_eq!(playout.play().samples, [2; MS20]);
        playout.play();
        assert_eq!(playout.play().passed, [2]);
    }

    #[test]
    fn sound_that_comes_late_leaves_a_gap_and_gets_its_cushion_again() {
        let mut playout = playout();
        playout.receive(&[1; 2 * MS20 + 10]);
        for _ in 0..3 {
            playout.play();
        }
        assert_eq!(playout.gaps(), 1);
        playout.receive(&[2; MS20]);
        assert_eq!(playout.play().samples, [0; MS20]);
        playout.receive(&[2; MS20]);
        assert_eq!(playout.play().samples, [2; MS20]);
    }
}
