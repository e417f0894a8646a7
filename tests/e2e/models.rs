//! A model file that is missing, too short or damaged: the server does not start, and says which file and what to do.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use voiceos_tests::program::{self, Ended};

/// A small one of the files that every local set needs.
const FILE: &str = "smart-turn-v3.2.onnx";

/// Where the model files lie.
pub fn models_dir() -> Result<PathBuf> {
    let dir = std::env::var_os("VOICEOS_MODELS_DIR")
        .map(PathBuf::from)
        .unwrap_or_else(voiceos_weights::default_dir);
    ensure!(
        dir.join(FILE).is_file(),
        "no model files in {}: run `make models` (`make test` does)",
        dir.display()
    );
    Ok(dir)
}

/// A directory that has all the model files, `FILE` as `spoil` leaves it.
fn spoiled(spoil: impl FnOnce(&Path) -> Result<()>) -> Result<TempDir> {
    let dir = tempfile::tempdir()?;
    for entry in fs::read_dir(models_dir()?)? {
        let path = entry?.path();
        let name = path.file_name().context("a file has a name")?;
        if name == ".stamp.json" {
            // So that not every file is read again.
            fs::copy(&path, dir.path().join(name))?;
        } else if name != FILE && name != ".lock" {
            symlink(&path, dir.path().join(name))?;
        }
    }
    fs::copy(models_dir()?.join(FILE), dir.path().join(FILE))?;
    spoil(&dir.path().join(FILE))?;
    Ok(dir)
}

async fn serve(models: &Path) -> Result<Ended> {
    let data = tempfile::tempdir()?;
    let (models, data) = (
        models.display().to_string(),
        data.path().display().to_string(),
    );
    let environment = [
        ("VOICEOS_MODELS_DIR", &*models),
        ("VOICEOS_DATA_DIR", &*data),
        ("VOICEOS_LISTEN", "127.0.0.1:0"),
    ];
    program::run(&["serve"], &environment).await
}

async fn is_refused(models: TempDir, what: &str) -> Result<()> {
    let ended = serve(models.path()).await?;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    for told in [FILE, what, "make models"] {
        assert!(
            ended.stderr.contains(told),
            "`{told}` is not told: {ended:?}"
        );
    }
    assert!(!ended.stdout.contains("answers at"), "{ended:?}");
    Ok(())
}

#[tokio::test]
async fn a_missing_model_file_is_named_with_what_to_do() -> Result<()> {
    is_refused(spoiled(|file| Ok(fs::remove_file(file)?))?, "is missing").await
}

#[tokio::test]
async fn a_truncated_model_file_is_named_with_what_to_do() -> Result<()> {
    is_refused(
        spoiled(|file| Ok(fs::File::options().write(true).open(file)?.set_len(1000)?))?,
        "1000 bytes",
    )
    .await
}

#[tokio::test]
async fn a_corrupt_model_file_is_named_with_what_to_do() -> Result<()> {
    let flip = |file: &Path| {
        let mut bytes = fs::read(file)?;
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        Ok(fs::write(file, bytes)?)
    };
    is_refused(spoiled(flip)?, "does not match its checksum").await
}

#[tokio::test]
async fn a_language_model_of_ones_own_that_is_not_there_is_named() -> Result<()> {
    let dir = models_dir()?.display().to_string();
    let environment = [
        ("VOICEOS_MODELS_DIR", &*dir),
        ("VOICEOS_LANGUAGE_MODEL", "/no/such/model.gguf"),
    ];
    let data = tempfile::tempdir()?;
    let data = data.path().display().to_string();
    let ended = program::run(&["serve", "--data-dir", &data], &environment).await?;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains("/no/such/model.gguf"), "{ended:?}");
    assert!(
        ended.stderr.contains("VOICEOS_LANGUAGE_MODEL")
            || ended.stderr.contains("local.language_model")
    );
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_no_language_model_is_refused() -> Result<()> {
    let dir = models_dir()?.display().to_string();
    let file = tempfile::Builder::new().suffix(".gguf").tempfile()?;
    fs::write(file.path(), b"GGUF but not really")?;
    let path = file.path().display().to_string();
    let data = tempfile::tempdir()?;
    let data = data.path().display().to_string();
    let environment = [
        ("VOICEOS_MODELS_DIR", &*dir),
        ("VOICEOS_LANGUAGE_MODEL", &*path),
    ];
    let ended = program::run(
        &["serve", "--data-dir", &data, "--listen", "127.0.0.1:0"],
        &environment,
    )
    .await?;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains(&path), "{ended:?}");
    Ok(())
}
