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
    #[cfg(feature = "local")]
    #[error(transparent)]
    Load(#[from] voiceos_local::LoadError),
}

/// Loads what the configuration asks for.
pub fn load(config: &Config) -> Result<Engines, EnginesError> {
    match config.engines {
        EngineKind::Scripted => Ok(scripted::engines(config.scripted_answers.clone())),
        EngineKind::Local => {
            check_models(config)?;
            local(config)
        }
    }
}

#[cfg(feature = "local")]
fn local(config: &Config) -> Result<Engines, EnginesError> {
    use std::sync::Arc;

    use voiceos_local::{Cpu, LlamaModel, VoiceChoice};
    use voiceos_weights::{names, path};

    let (dir, cpu) = (&config.models_dir, Arc::new(Cpu::of_this_machine()));
    let (file, name) = match &config.local.language_model {
        LocalModel::Fast => (
            path(dir, names::QWEN_FAST),
            "local/qwen2.5-coder-0.5b-instruct".to_owned(),
        ),
        LocalModel::Right => (
            path(dir, names::QWEN_RIGHT),
            "local/qwen2.5-coder-1.5b-instruct".to_owned(),
        ),
        LocalModel::File(file) => {
            let stem = file
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            (file.clone(), format!("local/{stem}"))
        }
    };
    let voice = match config.local.voice {
        LocalVoice::Joe => VoiceChoice::Joe,
        LocalVoice::Kokoro => VoiceChoice::Kokoro,
    };
    let model = LlamaModel::load(&file, dir, cpu.clone())?;
    Ok(voiceos_local::engines(
        dir,
        voice,
        (Arc::new(model), name),
        &cpu,
    )?)
}

#[cfg(not(feature = "local"))]
fn local(_config: &Config) -> Result<Engines, EnginesError> {
    Err(EnginesError::NotBuilt)
}

/// Whether all model files are there and whole. Milliseconds, unless a file has changed since the last look.
pub fn check_models(config: &Config) -> Result<(), EnginesError> {
    let mut sets = vec![if config.local.language_model == LocalModel::Right {
        Set::Right
    } else {
        Set::Fast
    }];
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
