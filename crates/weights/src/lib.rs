//! The model files: which there are, where they come from, how they get into one directory, whether they are whole.
//!
//! Decides: the files of each [`Set`], their checksums and sources (`manifest.toml`), the order of the sources, what is
//! fetched again and when to give up. Leaves to others: what the files mean. It knows no other crate and no inference
//! runtime, so that its program `voiceos-models` is built in seconds and downloads while the engines compile.
//!
//! ```no_run
//! use voiceos_weights::{Set, check, default_dir, install, names, path, progress};
//! let dir = default_dir();
//! install(&dir, &[Set::Fast], &progress::Silent)?;
//! assert!(check(&dir, &[Set::Fast]).is_ok());
//! let encoder = path(&dir, names::WHISPER_ENCODER);
//! # Ok::<(), voiceos_weights::InstallError>(())
//! ```

mod archive;
mod check;
mod ct2;
mod digest;
mod install;
mod manifest;
pub mod names;
mod onnx;
mod package;
pub mod progress;
mod publisher;
mod whisper;

use std::path::{Path, PathBuf};

pub use check::{Broken, Fault, check};
pub use install::{InstallError, Source, install, install_from};
pub use manifest::{Entry, Set, entries};

/// Where an installed file lies: `dir` joined with one of [`names`].
pub fn path(dir: &Path, name: &str) -> PathBuf {
    dir.join(name)
}

/// `$VOICEOS_MODELS_DIR`, else `voiceos/models` in `$XDG_CACHE_HOME` or `~/.cache`.
pub fn default_dir() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(dir) = set("VOICEOS_MODELS_DIR") {
        return PathBuf::from(dir);
    }
    let cache = set("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(set("HOME").unwrap_or_else(|| ".".into())).join(".cache"));
    cache.join("voiceos").join("models")
}
