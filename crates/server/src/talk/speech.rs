//! Text into the samples that a scripted caller says. Which voice that is, this file decides; how it sounds, the voice.

use std::{path::Path, path::PathBuf, sync::Arc};

use futures::StreamExt;
use voiceos_audio::{Resampler, measure};
use voiceos_providers::{Piece, Speech, Voice};

use super::TalkError;

/// Peak of what callers say, in dBFS: a voice near the phone.
const PEAK: f32 = -6.0;

/// `text` as `voice` says it, mono at `rate` Hz.
pub async fn say(voice: &dyn Voice, text: &str, rate: u32) -> Result<Vec<i16>, TalkError> {
    let text = voiceos_core::spoken::spoken(text).text;
    let piece = Piece { index: 0, text };
    let mut speech = voice.speak(Box::pin(futures::stream::once(std::future::ready(piece))));
    let mut resampler = Resampler::new(voice.sample_rate(), rate);
    let (mut samples, mut chunk) = (Vec::new(), Vec::new());
    while let Some(part) = speech.next().await {
        match part.map_err(|fault| TalkError::NoVoice {
            told: fault.to_string(),
        })? {
            Speech::Audio { samples: part, .. } => {
                chunk.clear();
                chunk.extend(
                    part.iter()
                        .map(|s| (s * 32767.0).clamp(-32768.0, 32767.0) as i16),
                );
                resampler.push(&chunk, &mut samples);
            }
            Speech::Done { .. } => {}
        }
    }
    resampler.finish(&mut samples);
    measure::normalise(&mut samples, PEAK);
    Ok(samples)
}

pub fn usual_models_dir() -> PathBuf {
    voiceos_weights::default_dir()
}

/// The voice on this machine's CPU. Takes a second; blocks.
#[cfg(feature = "local")]
pub fn local_voice(models: &Path) -> Result<Arc<dyn Voice>, TalkError> {
    let cpu = Arc::new(voiceos_local::Cpu::of_this_machine());
    let voice = voiceos_local::PiperVoice::load(models, cpu);
    Ok(Arc::new(voice.map_err(|fault| TalkError::NoVoice {
        told: fault.to_string(),
    })?))
}

/// Without engines there is none.
#[cfg(not(feature = "local"))]
pub fn local_voice(_models: &Path) -> Result<Arc<dyn Voice>, TalkError> {
    Err(TalkError::NoVoice {
        told: "this program was built without the `local` feature; use --wav FILE".to_owned(),
    })
}
