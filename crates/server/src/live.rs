//! The calls that are live now, and how to reach into one of them from outside.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::mpsc::{self, error::TrySendError};
use tokio_util::sync::CancellationToken;
use voiceos_api::{AccountId, ConversationId};

use crate::call::Control;

/// A line into one live call.
#[derive(Clone, Debug)]
pub struct Line {
    account: AccountId,
    controls: mpsc::Sender<Control>,
    over: CancellationToken,
}

/// Why a control did not reach its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreached {
    /// The call has so much to do already that it takes no more now.
    Busy,
    Over,
}

impl Line {
    pub fn new(
        account: AccountId,
        controls: mpsc::Sender<Control>,
        over: CancellationToken,
    ) -> Self {
        Self {
            account,
            controls,
            over,
        }
    }

    pub fn control(&self, control: Control) -> Result<(), Unreached> {
        self.controls
            .try_send(control)
            .map_err(|failed| match failed {
                TrySendError::Full(_) => Unreached::Busy,
                TrySendError::Closed(_) => Unreached::Over,
            })
    }

    /// Returns once the call is over and stored.
    pub async fn over(&self) {
        self.over.cancelled().await;
    }
}

type Lines = HashMap<ConversationId, Line>;

/// Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct LiveCalls(Arc<Mutex<Lines>>);

/// Keeps a call among the live ones until it is dropped.
#[derive(Debug)]
pub struct Listed {
    calls: LiveCalls,
    conversation: ConversationId,
}

impl LiveCalls {
    fn lines(&self) -> MutexGuard<'_, Lines> {
        // No panic can happen while it is held that would leave the map half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn list(&self, conversation: ConversationId, line: Line) -> Listed {
        self.lines().insert(conversation.clone(), line);
        let calls = self.clone();
        Listed {
            calls,
            conversation,
        }
    }

    /// The line into a live call of this account.
    pub fn line(&self, account: &AccountId, conversation: &ConversationId) -> Option<Line> {
        self.lines()
            .get(conversation)
            .filter(|line| line.account == *account)
            .cloned()
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.calls.lines().remove(&self.conversation);
    }
}

#[cfg(test)]
mod tests {
    use voiceos_api::Timestamp;

    use super::*;

    #[test]
    fn a_call_is_reached_by_its_own_account_until_it_is_over() {
        let at = Timestamp::from_millis(0);
        let (mine, other, id) = (
            AccountId::new(at),
            AccountId::new(at),
            ConversationId::new(at),
        );
        let (controls, mut heard) = mpsc::channel(1);
        let calls = LiveCalls::default();
        let listed = calls.list(
            id.clone(),
            Line::new(mine.clone(), controls, CancellationToken::new()),
        );
        assert!(calls.line(&other, &id).is_none());
        let line = calls.line(&mine, &id).expect("it is live");
        assert_eq!(line.control(Control::HangUp), Ok(()));
        assert_eq!(line.control(Control::HangUp), Err(Unreached::Busy));
        assert!(matches!(heard.try_recv(), Ok(Control::HangUp)));
        drop(heard);
        assert_eq!(line.control(Control::HangUp), Err(Unreached::Over));
        drop(listed);
        assert!(calls.line(&mine, &id).is_none());
    }
}
