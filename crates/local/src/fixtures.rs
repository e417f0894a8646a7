//! What the tests of this crate read: the model files and a few recordings.

use std::path::PathBuf;

/// The directory of the model files; they must be there.
pub(crate) fn models() -> PathBuf {
    let env = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let cache = || env("XDG_CACHE_HOME").or_else(|| env("HOME").map(|home| home.join(".cache")));
    let dir =
        env("VOICEOS_MODELS_DIR").or_else(|| cache().map(|cache| cache.join("voiceos/models")));
    let dir = dir.expect("VOICEOS_MODELS_DIR or HOME is set");
    assert!(
        dir.join("whisper-vocabulary.json").exists(),
        "no model files in {}: run `make models`",
        dir.display()
    );
    dir
}

/// Samples of `tests/fixtures/<name>.wav`, 16 kHz mono.
pub(crate) fn wav(name: &str) -> Vec<i16> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/{name}.wav"));
    let reader =
        hound::WavReader::open(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    reader
        .into_samples::<i16>()
        .map(|sample| sample.unwrap())
        .collect()
}

/// A directory of its own for one test.
pub(crate) fn empty_dir(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("voiceos-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    dir
}
