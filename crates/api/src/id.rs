//! Typed ids: a prefix that says what it names, and a UUID of version 7, so that ids sort by the time they were made.
//!
//! Ids are opaque to readers: any text is accepted where one is read, and one that names nothing is simply not found.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::{NoContext, Uuid};

use crate::Timestamp;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// A new one, made at `at`.
            pub fn new(at: Timestamp) -> Self {
                let millis = at.millis().max(0).unsigned_abs();
                let nanos = u32::try_from(millis % 1000 * 1_000_000).expect("below a second");
                let uuid = Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, millis / 1000, nanos));
                Self(format!(concat!($prefix, "_{}"), uuid.simple()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

id!(
    /// Who owns agents and conversations.
    AccountId, "acct"
);
id!(
    /// An API key's public name; the key itself is a secret.
    KeyId, "key"
);
id!(AgentId, "agent");
id!(ConversationId, "conv");
id!(MessageId, "msg");
id!(EventId, "evt");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_say_what_they_name_and_sort_by_time() {
        let early = AgentId::new(Timestamp::from_millis(1_700_000_000_000));
        let late = AgentId::new(Timestamp::from_millis(1_700_000_000_001));
        assert!(early.as_str().starts_with("agent_"));
        assert_eq!(early.as_str().len(), "agent_".len() + 32);
        assert!(early < late);
    }

    #[test]
    fn two_ids_of_one_instant_differ() {
        let at = Timestamp::from_millis(1_700_000_000_000);
        assert_ne!(ConversationId::new(at), ConversationId::new(at));
    }
}
