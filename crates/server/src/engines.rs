//! Which engines calls talk with, made ready before anything listens.

use std::path::PathBuf;

use voiceos_providers::{Engines, scripted};
use voiceos_weights::{Broken, Set};

use crate::config::{Config, EngineKind, LocalModel, LocalVoice};

#[derive(Debug, thiserror::Error)]
pub enum EnginesError {
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Models(Vec<Broken>),
    #[error("the language model {} is not there: correct local.language_model (VOICEOS_LANGUAGE_MODEL)", .0.display())]
    NoSuchModel(PathBuf),
    #[error(
        "this program was built without its local engines: build it with `cargo build --release`, or set engines = \
         \"scripted\" (VOICEOS_ENGINES) for tests"
    )]
    NotBuilt,
}

/// Loads what the configuration asks for.
pub fn load(config: &Config) -> Result<Engines, EnginesError> {
    match config.engines {
        EngineKind::Scripted => Ok(scripted::engines(config.scripted_answers.clone())),
        EngineKind::Local => {
            check_models(config)?;
            Err(EnginesError::NotBuilt)
        }
    }
}

/// Whether all model files are there and whole. Milliseconds, unless a file has changed since the last look.
pub fn check_models(config: &Config) -> Result<(), EnginesError> {
    let mut sets = vec![if config.local.language_model == LocalModel::Right { Set::Right } else { Set::Fast }];
    if config.local.voice == LocalVoice::Kokoro {
        sets.push(Set::Kokoro);
    }
    if let LocalModel::File(path) = &config.local.language_model
        && !path.is_file()
    {
        return Err(EnginesError::NoSuchModel(path.clone()));
    }
    voiceos_weights::check(&config.models_dir, &sets).map_err(EnginesError::Models)
}
