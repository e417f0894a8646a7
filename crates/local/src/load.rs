//! Why a model could not be loaded. Each message names the file and what to do about it; the installer that fetches and
//! checks the files is `voiceos-weights`.

use std::{
    fmt::Display,
    path::{Path, PathBuf},
};

/// A model file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("the model file {} is missing or cannot be read: run `make models`", path.display())]
    Missing {
        path: PathBuf,
        #[source]
        cause: std::io::Error,
    },
    #[error("the model file {} is corrupt ({why}): delete it and run `make models`", path.display())]
    Corrupt { path: PathBuf, why: String },
    #[error("the model file {} cannot run here ({why}): run `make models`, or choose another engine", path.display())]
    CannotRun { path: PathBuf, why: String },
}

impl LoadError {
    pub(crate) fn missing(path: &Path, cause: std::io::Error) -> Self {
        Self::Missing {
            path: path.into(),
            cause,
        }
    }

    pub(crate) fn corrupt(path: &Path, why: impl Display) -> Self {
        Self::Corrupt {
            path: path.into(),
            why: why.to_string(),
        }
    }

    pub(crate) fn cannot_run(path: &Path, why: impl Display) -> Self {
        Self::CannotRun {
            path: path.into(),
            why: why.to_string(),
        }
    }

    /// The file in question.
    pub fn path(&self) -> &Path {
        match self {
            Self::Missing { path, .. }
            | Self::Corrupt { path, .. }
            | Self::CannotRun { path, .. } => path,
        }
    }
}

/// The whole file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    std::fs::read(path).map_err(|cause| LoadError::missing(path, cause))
}
