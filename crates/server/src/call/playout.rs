//! The agent's way to the caller: a reply's audio is queued, sent at playing speed a little ahead of the loudspeaker,
//! held back at once, taken up again from what was heard, or forgotten. Decides nothing about turns.

use std::{collections::VecDeque, time::Duration};

use voiceos_audio::{Frame, Resampler};
use voiceos_core::{At, ReplyId};

/// Audio sent ahead of the loudspeaker: enough for the scheduling of a busy machine, little enough that a barge-in
/// is not heard through.
const LEAD: Duration = Duration::from_millis(60);

/// Frames between two marks: what was heard is known to 60 ms.
const FRAMES_PER_MARK: u32 = 3;

/// What is to be sent now.
#[derive(Debug, PartialEq)]
pub enum Sent {
    /// `plays_at`: when the loudspeaker should come to it, on the call's clock.
    Audio {
        frame: Frame,
        plays_at: At,
    },
    Mark(u64),
}

struct Track {
    reply: ReplyId,
    samples: Vec<i16>,
    /// No more samples will come.
    complete: bool,
    sent: usize,
    heard: usize,
    began: bool,
}

/// One call's outgoing audio. Positions are samples of the current reply at the leg's rate.
pub struct Playout {
    rate: u32,
    resampler: Resampler,
    track: Option<Track>,
    playing: bool,
    /// When the loudspeaker comes to the next frame that is sent.
    next_plays_at: At,
    unmarked: u32,
    mark: u64,
    /// Marks on their way: number, reply, position. Bounded by the lead: a leg that never answers stalls the reply.
    marks: VecDeque<(u64, ReplyId, usize)>,
}

impl Playout {
    pub fn new(leg_rate: u32, voice_rate: u32) -> Self {
        Self {
            rate: leg_rate,
            resampler: Resampler::new(voice_rate, leg_rate),
            track: None,
            playing: false,
            next_plays_at: At::ZERO,
            unmarked: 0,
            mark: 0,
            marks: VecDeque::new(),
        }
    }

    /// Adds what the voice made; returns how long the reply's audio is by now.
    pub fn push(&mut self, reply: ReplyId, samples: &[f32]) -> Duration {
        if self.track.as_ref().is_none_or(|track| track.reply != reply) {
            self.resampler.reset();
            let track = Track {
                reply,
                samples: vec![],
                complete: false,
                sent: 0,
                heard: 0,
                began: false,
            };
            self.track = Some(track);
            self.playing = false;
        }
        let mut out = Vec::with_capacity(samples.len() * 2);
        self.resampler.push_f32(samples, &mut out);
        let Some(track) = &mut self.track else {
            return Duration::ZERO;
        };
        track.samples.extend(
            out.iter()
                .map(|s| (s * 32767.0).clamp(-32768.0, 32767.0) as i16),
        );
        length(track.samples.len(), self.rate)
    }

    /// How long the reply's audio is so far.
    pub fn length_of(&self, reply: ReplyId) -> Duration {
        let track = self.track.as_ref().filter(|track| track.reply == reply);
        track.map_or(Duration::ZERO, |track| {
            length(track.samples.len(), self.rate)
        })
    }

    /// Lets the resampler's tail out at the end of a piece.
    pub fn end_piece(&mut self, reply: ReplyId) -> Duration {
        let tail = (self.resampler.delay().as_secs_f64() * f64::from(self.rate)).ceil() as usize;
        self.push(reply, &vec![0.0; tail.max(1)])
    }

    /// Nothing more will come: a last short frame may be filled up with silence.
    pub fn complete(&mut self, reply: ReplyId) {
        if let Some(track) = self.track_of(reply) {
            track.complete = true;
        }
    }

    pub fn play(&mut self, reply: ReplyId, now: At) {
        if self.track_of(reply).is_some() {
            self.playing = true;
            self.next_plays_at = self.next_plays_at.max(now);
        }
    }

    /// Stops; what was sent but not heard will be sent again. True when the leg has to forget audio.
    pub fn pause(&mut self, reply: ReplyId, now: At) -> bool {
        self.playing = false;
        self.next_plays_at = now;
        self.unmarked = 0;
        self.marks.clear();
        let Some(track) = self.track_of(reply) else {
            return false;
        };
        let pending = track.sent > track.heard;
        track.sent = track.heard;
        pending
    }

    /// Forgets the reply. True when the leg has to forget audio.
    pub fn drop_reply(&mut self, reply: ReplyId, now: At) -> bool {
        let pending = self.pause(reply, now);
        if self.track_of(reply).is_some() {
            self.track = None;
        }
        pending
    }

    /// The leg has played everything before this mark: the reply and how much of it.
    pub fn heard(&mut self, mark: u64) -> Option<(ReplyId, Duration)> {
        let mut last = None;
        while let Some((number, reply, position)) = self.marks.front().copied()
            && number <= mark
        {
            self.marks.pop_front();
            last = Some((reply, position));
        }
        let (reply, position) = last?;
        self.note_heard(reply, position)
    }

    fn note_heard(&mut self, reply: ReplyId, position: usize) -> Option<(ReplyId, Duration)> {
        let rate = self.rate;
        let track = self.track_of(reply)?;
        track.heard = track.heard.max(position);
        Some((reply, length(position.min(track.samples.len()), rate)))
    }

    /// For legs that answer no marks: what the clock says has been played.
    pub fn heard_by_clock(&mut self, now: At) -> Option<(ReplyId, Duration)> {
        let ahead = self.next_plays_at.saturating_sub(now);
        let ahead = (ahead.as_secs_f64() * f64::from(self.rate)) as usize;
        let track = self.track.as_ref()?;
        let (reply, position) = (track.reply, track.sent.saturating_sub(ahead));
        (position > track.heard)
            .then(|| self.note_heard(reply, position))
            .flatten()
    }

    /// True the first time that audio of this reply has been sent.
    pub fn began(&mut self) -> Option<ReplyId> {
        let track = self
            .track
            .as_mut()
            .filter(|track| track.sent > 0 && !track.began)?;
        track.began = true;
        Some(track.reply)
    }

    /// When [`Playout::next`] may have something.
    pub fn deadline(&self) -> Option<At> {
        let track = self.track.as_ref().filter(|_| self.playing)?;
        let ready = self.has_frame(track) || self.unmarked > 0;
        ready.then(|| self.next_plays_at.saturating_sub(LEAD))
    }

    fn has_frame(&self, track: &Track) -> bool {
        let left = track.samples.len() - track.sent;
        left >= Frame::len_at(self.rate) || (track.complete && left > 0)
    }

    /// What to send at `now`, one thing at a time.
    pub fn next(&mut self, now: At) -> Option<Sent> {
        let ready = self
            .track
            .as_ref()
            .is_some_and(|track| self.has_frame(track));
        if !self.playing || self.track.is_none() {
            return None;
        }
        if self.unmarked >= FRAMES_PER_MARK || (self.unmarked > 0 && !ready) {
            return self.next_mark();
        }
        if !ready || self.next_plays_at > now + LEAD {
            return None;
        }
        let plays_at = self.next_plays_at.max(now);
        self.next_plays_at = plays_at + Frame::LASTS;
        self.unmarked += 1;
        let len = Frame::len_at(self.rate);
        let track = self.track.as_mut()?;
        let end = (track.sent + len).min(track.samples.len());
        let mut samples = track.samples[track.sent..end].to_vec();
        samples.resize(len, 0);
        track.sent = end;
        Some(Sent::Audio {
            frame: Frame {
                rate: self.rate,
                samples: samples.into(),
            },
            plays_at,
        })
    }

    fn next_mark(&mut self) -> Option<Sent> {
        let (reply, sent) = self.track.as_ref().map(|track| (track.reply, track.sent))?;
        self.unmarked = 0;
        self.mark += 1;
        self.marks.push_back((self.mark, reply, sent));
        Some(Sent::Mark(self.mark))
    }

    fn track_of(&mut self, reply: ReplyId) -> Option<&mut Track> {
        self.track.as_mut().filter(|track| track.reply == reply)
    }
}

fn length(samples: usize, rate: u32) -> Duration {
    Duration::from_micros(samples as u64 * 1_000_000 / u64::from(rate.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLY: ReplyId = ReplyId(1);

    fn ms(n: u64) -> At {
        At::from_millis(n)
    }

    fn playing(length_ms: usize) -> Playout {
        let mut playout = Playout::new(16_000, 16_000);
        playout.push(REPLY, &vec![0.5; 16 * length_ms]);
        playout.complete(REPLY);
        playout.play(REPLY, ms(1000));
        playout
    }

    fn drain(playout: &mut Playout, now: At) -> (usize, Option<u64>) {
        let (mut frames, mut mark) = (0, None);
        while let Some(sent) = playout.next(now) {
            match sent {
                Sent::Audio { .. } => frames += 1,
                Sent::Mark(number) => mark = Some(number),
            }
        }
        (frames, mark)
    }

    #[test]
    fn audio_leaves_at_playing_speed_with_a_small_lead() {
        let mut playout = playing(1000);
        assert_eq!(
            drain(&mut playout, ms(1000)).0,
            4,
            "the frame that plays now, and 60 ms ahead of it"
        );
        assert_eq!(drain(&mut playout, ms(1000)).0, 0);
        assert_eq!(drain(&mut playout, ms(1020)).0, 1);
        assert_eq!(drain(&mut playout, ms(1100)).0, 4);
        assert_eq!(playout.deadline(), Some(ms(1120)));
    }

    #[test]
    fn only_an_answered_mark_counts_as_heard() {
        let mut playout = playing(1000);
        let (_, mark) = drain(&mut playout, ms(1000));
        assert_eq!(playout.heard(mark.unwrap()), Some((REPLY, ms(60))));
        assert_eq!(playout.heard(mark.unwrap()), None);
    }

    #[test]
    fn a_paused_reply_goes_on_where_the_caller_stopped_hearing() {
        let mut playout = playing(1000);
        let (_, mark) = drain(&mut playout, ms(1100));
        playout.heard(mark.unwrap() - 1);
        assert!(
            playout.pause(REPLY, ms(1110)),
            "the leg holds audio that was not heard"
        );
        assert_eq!(playout.next(ms(1500)), None);
        playout.play(REPLY, ms(2000));
        let Some(Sent::Audio { plays_at, .. }) = playout.next(ms(2000)) else {
            panic!("nothing to play")
        };
        assert_eq!(plays_at, ms(2000));
        assert_eq!(
            playout.track.as_ref().unwrap().sent,
            playout.track.as_ref().unwrap().heard + 320
        );
    }

    #[test]
    fn the_end_of_a_reply_is_marked_to_its_last_sample() {
        let mut playout = playing(50);
        let (frames, mark) = drain(&mut playout, ms(1000));
        assert_eq!(frames, 3);
        assert_eq!(playout.heard(mark.unwrap()), Some((REPLY, ms(50))));
        assert_eq!(playout.deadline(), None);
    }

    #[test]
    fn a_new_reply_replaces_the_old_one() {
        let mut playout = playing(1000);
        drain(&mut playout, ms(1000));
        assert!(playout.drop_reply(REPLY, ms(1010)));
        playout.push(ReplyId(2), &[0.1; 320]);
        assert_eq!(
            playout.next(ms(1020)),
            None,
            "it plays only when it is told to"
        );
        playout.play(ReplyId(2), ms(1020));
        assert!(matches!(playout.next(ms(1020)), Some(Sent::Audio { .. })));
        assert_eq!(playout.began(), Some(ReplyId(2)));
        assert_eq!(playout.began(), None);
    }

    #[test]
    fn a_voice_that_falls_behind_starts_the_clock_anew() {
        let mut playout = Playout::new(16_000, 16_000);
        playout.push(REPLY, &[0.5; 320]);
        playout.play(REPLY, ms(0));
        assert_eq!(drain(&mut playout, ms(0)).0, 1);
        playout.push(REPLY, &[0.5; 3200]);
        let Some(Sent::Audio { plays_at, .. }) = playout.next(ms(400)) else {
            panic!("nothing to play")
        };
        assert_eq!(plays_at, ms(400));
    }
}
