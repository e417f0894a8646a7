//! Where a call's files lie.

use std::path::PathBuf;

use voiceos_api::ConversationId;

/// `<recordings>/<id>.flac` and `<calls>/<id>.call`.
#[derive(Clone, Debug)]
pub struct Places {
    pub recordings: PathBuf,
    pub calls: PathBuf,
}

impl Places {
    pub fn recording(&self, id: &ConversationId) -> PathBuf {
        self.recordings.join(format!("{id}.flac"))
    }

    pub fn log(&self, id: &ConversationId) -> PathBuf {
        self.calls.join(format!("{id}.call"))
    }
}
