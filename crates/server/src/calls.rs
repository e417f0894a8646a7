//! Web calls between being asked for and being joined, and how many calls there may be at a time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::{CancellationToken, DropGuard};
use voiceos_api::{AccountId, AgentConfiguration, ConversationId, Timestamp};

use crate::signer::random_text;

/// A call that was asked for. Its place among the calls is taken until it is dropped: keep it as long as the call lasts.
#[derive(Debug)]
pub struct PendingCall {
    pub conversation: ConversationId,
    pub account: AccountId,
    pub agent: AgentConfiguration,
    pub place: Place,
}

/// One of the places for calls.
#[derive(Debug)]
pub struct Place {
    _permit: OwnedSemaphorePermit,
}

struct Waiting {
    token: String,
    expires_at: Timestamp,
    call: PendingCall,
    /// Tells on its way out that the call waits no longer.
    _taken: DropGuard,
}

/// The calls that wait to be joined.
pub struct PendingCalls {
    places: Arc<Semaphore>,
    limit: usize,
    waiting: Mutex<HashMap<ConversationId, Waiting>>,
}

impl PendingCalls {
    pub fn new(limit: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(limit)),
            limit,
            waiting: Mutex::default(),
        }
    }

    /// A place for one more call, if there is one.
    pub fn place(&self) -> Option<Place> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Place { _permit: permit })
    }

    /// Places in all, and those taken.
    pub fn places(&self) -> (usize, usize) {
        (self.limit, self.limit - self.places.available_permits())
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<ConversationId, Waiting>> {
        // No panic can happen while it is held that would leave the map half changed.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a call wait; the answer is the text that joins it, and what is cancelled once it waits no longer.
    pub fn wait(&self, call: PendingCall, expires_at: Timestamp) -> (String, CancellationToken) {
        let (token, taken) = (random_text(24), CancellationToken::new());
        let waiting = Waiting {
            token: token.clone(),
            expires_at,
            call,
            _taken: taken.clone().drop_guard(),
        };
        self.waiting()
            .insert(waiting.call.conversation.clone(), waiting);
        (token, taken)
    }

    /// Takes the call that `token` joins. It works once.
    pub fn redeem(
        &self,
        conversation: &ConversationId,
        token: &str,
        now: Timestamp,
    ) -> Option<PendingCall> {
        let mut waiting = self.waiting();
        let found = waiting.get(conversation)?;
        if now >= found.expires_at || !equal(&found.token, token) {
            return None;
        }
        waiting.remove(conversation).map(|found| found.call)
    }

    /// Takes back a call that nobody joined; `None` when somebody did.
    pub fn give_up(&self, conversation: &ConversationId) -> Option<PendingCall> {
        self.waiting().remove(conversation).map(|found| found.call)
    }

    /// Takes back all calls that nobody joined.
    pub fn give_up_all(&self) -> Vec<PendingCall> {
        self.waiting()
            .drain()
            .map(|(_, found)| found.call)
            .collect()
    }
}

/// Takes the same time wherever the two differ.
fn equal(a: &str, b: &str) -> bool {
    let differing = a
        .bytes()
        .zip(b.bytes())
        .fold(0, |all, (a, b)| std::hint::black_box(all | (a ^ b)));
    a.len() == b.len() && differing == 0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(0).after(Duration::from_secs(seconds))
    }

    fn asked_for(calls: &PendingCalls) -> Option<(ConversationId, String)> {
        let conversation = ConversationId::new(at(0));
        let place = calls.place()?;
        let (account, agent) = (AccountId::new(at(0)), AgentConfiguration::default());
        let call = PendingCall {
            conversation: conversation.clone(),
            account,
            agent,
            place,
        };
        Some((conversation, calls.wait(call, at(60)).0))
    }

    #[test]
    fn a_token_joins_its_call_once() {
        let calls = PendingCalls::new(2);
        let (conversation, token) = asked_for(&calls).expect("a place");
        assert!(calls.redeem(&conversation, "wrong", at(1)).is_none());
        assert!(
            calls
                .redeem(&ConversationId::new(at(0)), &token, at(1))
                .is_none()
        );
        assert!(
            calls
                .redeem(&conversation, &token, at(1))
                .is_some_and(|call| call.conversation == conversation)
        );
        assert!(calls.redeem(&conversation, &token, at(1)).is_none());
    }

    #[test]
    fn a_token_is_too_old_after_its_time() {
        let calls = PendingCalls::new(2);
        let (conversation, token) = asked_for(&calls).expect("a place");
        assert!(calls.redeem(&conversation, &token, at(60)).is_none());
        assert!(calls.give_up(&conversation).is_some());
        assert!(calls.give_up(&conversation).is_none());
    }

    #[test]
    fn whoever_watches_a_waiting_call_is_told_when_it_is_joined() {
        let calls = PendingCalls::new(1);
        let call = PendingCall {
            conversation: ConversationId::new(at(0)),
            account: AccountId::new(at(0)),
            agent: AgentConfiguration::default(),
            place: calls.place().expect("a place"),
        };
        let conversation = call.conversation.clone();
        let (token, taken) = calls.wait(call, at(60));
        assert!(!taken.is_cancelled());
        let call = calls.redeem(&conversation, &token, at(1));
        assert!(call.is_some() && taken.is_cancelled());
    }

    #[test]
    fn a_call_keeps_its_place_until_it_is_over() {
        let calls = PendingCalls::new(1);
        let (conversation, token) = asked_for(&calls).expect("a place");
        assert!(asked_for(&calls).is_none());
        let call = calls.redeem(&conversation, &token, at(1));
        assert!(asked_for(&calls).is_none());
        assert_eq!(calls.places(), (1, 1));
        drop(call);
        assert!(asked_for(&calls).is_some());
        assert_eq!(calls.give_up_all().len(), 1);
        assert_eq!(calls.places(), (1, 0));
    }
}
