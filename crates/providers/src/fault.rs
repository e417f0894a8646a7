//! What can go wrong with a provider, told in terms of what a call can do about it.

/// A provider's failure. `told` is for the operator's log: it never holds a secret nor a caller's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{vendor}: {told}")]
pub struct Fault {
    pub vendor: &'static str,
    pub kind: Kind,
    pub told: String,
}

/// What the call can do about a [`Fault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Overloaded: try again later or elsewhere.
    Busy,
    /// Our request was understood and turned down: trying again unchanged is useless.
    Refused,
    /// A key, a model file or an option is missing or wrong: the operator has to act.
    Misconfigured,
    /// The connection or the worker is gone: open a new one.
    Gone,
}

impl Fault {
    pub fn new(vendor: &'static str, kind: Kind, told: impl Into<String>) -> Self {
        Self {
            vendor,
            kind,
            told: told.into(),
        }
    }
}
