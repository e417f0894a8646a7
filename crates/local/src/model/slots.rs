//! Which sequence of the store holds which tokens: finds the longest known beginning of a prompt, whoever left it
//! there, and what to forget when room is needed. Pure bookkeeping; `worker` does to the store what is said here.

/// One sequence.
#[derive(Default, Clone, Debug)]
pub(super) struct Slot {
    /// Exactly what the store holds for it.
    pub(super) tokens: Vec<i32>,
    /// Length of the prompt it was last given: what follows is an answer.
    asked: usize,
    /// Length of that prompt up to the caller's last words: what follows is likely to be replaced.
    stem: usize,
    used: u64,
    /// Somebody is computing with it.
    pub(super) busy: bool,
    /// The answer was dropped, or there was none: its tail is of no use to anybody.
    loose: bool,
}

pub(super) struct Slots {
    pub(super) all: Vec<Slot>,
    clock: u64,
}

/// Where a prompt is to be evaluated.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(super) struct Place {
    pub(super) slot: usize,
    /// Tokens of the prompt that are already there, or will be after `share`.
    pub(super) known: usize,
    /// The sequence that they are to be shared from, into an emptied `slot`.
    pub(super) share: Option<usize>,
}

impl Slots {
    pub(super) fn new(count: usize) -> Self {
        Self {
            all: vec![Slot::default(); count],
            clock: 0,
        }
    }

    /// Finds the place for a prompt and books it; none when everything is busy. `stem` is the prompt's length up to
    /// the caller's last words. At least the last token is always left to be evaluated.
    pub(super) fn place(&mut self, prompt: &[i32], stem: usize) -> Option<Place> {
        let most = prompt.len().saturating_sub(1);
        let common = |slot: &Slot| {
            slot.tokens
                .iter()
                .zip(prompt)
                .take_while(|(a, b)| a == b)
                .count()
        };
        // The conversation that the slot holds goes on here, or its end is of no use to anybody.
        let own = |slot: &Slot| {
            let length = common(slot);
            let whole = length == slot.tokens.len();
            !slot.busy && (whole || length >= slot.asked || (slot.loose && length >= slot.stem))
        };
        // The longest beginning; at equal length one that can be taken over rather than shared.
        let rank = |slot: &Slot| (common(slot), own(slot), slot.used);
        let best = (0..self.all.len()).max_by_key(|index| rank(&self.all[*index]))?;
        let known = common(&self.all[best]).min(most);
        let place = if known > 0 && own(&self.all[best]) {
            Place {
                slot: best,
                known,
                share: None,
            }
        } else {
            let kept = (known > 0).then_some(best);
            let slot = self.oldest(kept).or_else(|| self.oldest(None))?;
            let share = kept.filter(|from| *from != slot);
            Place { slot, known, share }
        };
        self.clock += 1;
        let slot = &mut self.all[place.slot];
        slot.tokens = prompt[..place.known].to_vec();
        (slot.asked, slot.stem, slot.used, slot.busy, slot.loose) =
            (prompt.len(), stem, self.clock, true, true);
        Some(place)
    }

    /// The idle sequence that was used longest ago, empty ones first.
    fn oldest(&self, except: Option<usize>) -> Option<usize> {
        (0..self.all.len())
            .filter(|index| !self.all[*index].busy && Some(*index) != except)
            .min_by_key(|index| (!self.all[*index].tokens.is_empty(), self.all[*index].used))
    }

    /// The work on a slot has ended; `whole` when its answer was given to the end.
    pub(super) fn release(&mut self, slot: usize, whole: bool) {
        self.all[slot].busy = false;
        self.all[slot].loose = !whole;
    }

    /// The sequence to empty when the store is full. Its bookkeeping is emptied here.
    pub(super) fn forget_one(&mut self) -> Option<usize> {
        let slot = (0..self.all.len())
            .filter(|index| !self.all[*index].busy && !self.all[*index].tokens.is_empty())
            .min_by_key(|index| self.all[*index].used)?;
        self.all[slot] = Slot::default();
        Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(slots: &mut Slots, prompt: &[i32], stem: usize, answer: &[i32], whole: bool) -> Place {
        let place = slots.place(prompt, stem).expect("a slot is free");
        slots.all[place.slot].tokens = prompt.to_vec();
        slots.all[place.slot].tokens.extend(answer);
        slots.release(place.slot, whole);
        place
    }

    #[test]
    fn the_next_turn_goes_on_where_the_last_answer_ended() {
        let mut slots = Slots::new(4);
        let first = run(&mut slots, &[1, 2, 3], 2, &[4, 5], true);
        let second = run(&mut slots, &[1, 2, 3, 4, 5, 6, 7], 5, &[], true);
        assert_eq!(
            second,
            Place {
                slot: first.slot,
                known: 5,
                share: None
            }
        );
    }

    #[test]
    fn an_answer_cut_short_by_the_caller_keeps_what_was_heard() {
        let mut slots = Slots::new(4);
        let first = run(&mut slots, &[1, 2, 3], 2, &[4, 5, 6], false);
        let second = run(&mut slots, &[1, 2, 3, 4, 9, 7], 4, &[], true);
        assert_eq!(
            second,
            Place {
                slot: first.slot,
                known: 4,
                share: None
            }
        );
    }

    #[test]
    fn a_second_call_of_the_same_agent_shares_the_beginning() {
        let mut slots = Slots::new(4);
        let first = run(&mut slots, &[1, 2, 3, 30], 3, &[4], true);
        let second = slots.place(&[1, 2, 3, 31], 3).expect("a slot is free");
        assert_eq!((second.share, second.known), (Some(first.slot), 3));
        assert_ne!(second.slot, first.slot);
    }

    #[test]
    fn a_call_may_share_from_one_that_is_speaking() {
        let mut slots = Slots::new(2);
        let first = slots.place(&[1, 2, 3, 30], 3).expect("free");
        slots.all[first.slot].tokens = vec![1, 2, 3, 30, 4];
        let second = slots.place(&[1, 2, 3, 30], 3).expect("free");
        assert_eq!((second.share, second.known), (Some(first.slot), 3));
        assert_eq!(slots.place(&[1, 2], 0), None);
    }

    #[test]
    fn a_dropped_speculation_is_replaced_in_place() {
        let mut slots = Slots::new(4);
        let first = run(&mut slots, &[1, 2, 3, 30, 31], 3, &[4], false);
        let second = run(&mut slots, &[1, 2, 3, 30, 32, 33], 3, &[4], true);
        assert_eq!(
            second,
            Place {
                slot: first.slot,
                known: 4,
                share: None
            }
        );
    }

    #[test]
    fn the_same_prompt_again_leaves_one_token_to_evaluate() {
        let mut slots = Slots::new(2);
        run(&mut slots, &[1, 2, 3], 2, &[], false);
        assert_eq!(slots.place(&[1, 2, 3], 2).map(|place| place.known), Some(2));
    }

    #[test]
    fn what_was_used_longest_ago_is_forgotten_first() {
        let mut slots = Slots::new(2);
        let first = run(&mut slots, &[1, 2], 1, &[], true);
        let second = run(&mut slots, &[5, 6], 1, &[], true);
        assert_eq!(slots.forget_one(), Some(first.slot));
        assert_eq!(slots.forget_one(), Some(second.slot));
        assert_eq!(slots.forget_one(), None);
    }
}
