//! What is known of a conversation's recording.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordingFormat {
    Flac,
    Opus,
    Wav,
}

impl RecordingFormat {
    /// The media type of a file in this format.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Flac => "audio/flac",
            Self::Opus => "audio/ogg",
            Self::Wav => "audio/wav",
        }
    }

    /// How its files end, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Flac => "flac",
            Self::Opus => "opus",
            Self::Wav => "wav",
        }
    }
}

/// A stereo file: caller left, agent right.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    #[serde(serialize_with = "crate::number::write")]
    pub duration_seconds: f64,
    /// Size of the file.
    pub bytes: u64,
    pub format: RecordingFormat,
}

/// The answer of `GET /conversations/{id}/recording`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingUrl {
    /// Absolute; works without a key for a short time.
    pub recording_url: String,
}
