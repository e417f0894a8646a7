//! All local engines of one server, loaded once and shared by its calls.

use std::{path::Path, sync::Arc};

use voiceos_providers::{Engines, LanguageModel, Voice};

use crate::{Cpu, EarshotDetector, LoadError, PiperVoice, SmartTurn, WhisperTranscriber};

/// Which voice speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VoiceChoice {
    /// Piper en_US-joe-medium: fast.
    #[default]
    Joe,
    /// Kokoro 82M: better sounding, several times slower.
    Kokoro,
}

/// Loads ears and voice from `dir` around a language model.
pub fn engines(
    dir: &Path,
    voice: VoiceChoice,
    (language_model, model_name): (Arc<dyn LanguageModel>, String),
    cpu: &Arc<Cpu>,
) -> Result<Engines, LoadError> {
    let (voice, voice_name): (Arc<dyn Voice>, _) = match voice {
        VoiceChoice::Joe => (
            Arc::new(PiperVoice::load(dir, cpu.clone())?),
            "local/piper-en_US-joe-medium",
        ),
        VoiceChoice::Kokoro => (
            Arc::new(crate::KokoroVoice::load(dir, "af_heart", cpu.clone())?),
            "local/kokoro-af_heart",
        ),
    };
    Ok(Engines {
        transcriber: Arc::new(WhisperTranscriber::load(dir, cpu.clone())?),
        turn_detector: Arc::new(SmartTurn::load(dir, cpu.clone())?),
        language_model,
        voice,
        speech_detector: Arc::new(|| Box::new(EarshotDetector::new())),
        names: [
            "local/whisper-tiny.en".into(),
            model_name,
            voice_name.into(),
        ],
    })
}
