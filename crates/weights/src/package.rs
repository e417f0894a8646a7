//! Fetches an archive through the user's own pip or npm, so that the mirror, proxy and certificates set up for them are
//! honoured. Watches the bytes arrive and ends a download that has stopped; what is tried next is `install`'s business.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::digest;
use crate::manifest::{Package, Registry};
use crate::progress::Progress;

/// How often the growing files are looked at.
const LOOK: Duration = Duration::from_millis(150);

/// The programs that fetch packages.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    pub python: OsString,
    pub npm: OsString,
}

impl Default for Tools {
    fn default() -> Self {
        Self {
            python: "python3".into(),
            npm: "npm".into(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("{0}")]
    NoTool(String),
    #[error("{tool} had no byte for {}s", after.as_secs())]
    Stalled { tool: &'static str, after: Duration },
    #[error("{tool} says: {said}")]
    Failed { tool: &'static str, said: String },
    #[error("{archive} does not match its checksum")]
    Corrupt { archive: String },
    #[error("cannot write the download")]
    Io(#[from] io::Error),
}

impl Refused {
    /// Whether the same command might do better next time.
    pub fn passing(&self) -> bool {
        match self {
            Self::Stalled { .. } | Self::Corrupt { .. } => true,
            Self::Failed { said, .. } => {
                !said.contains("No matching distribution") && !said.contains("404")
            }
            Self::NoTool(_) | Self::Io(_) => false,
        }
    }
}

/// Says whether the tool that a registry needs is there, and if not, what to install.
pub(crate) fn tool_for(registry: Registry, tools: &Tools) -> Result<(), Refused> {
    let answers = |program: &OsStr, args: &[&str]| {
        let run = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .output();
        run.is_ok_and(|output| output.status.success())
    };
    match registry {
        Registry::Pip if answers(&tools.python, &["-m", "pip", "--version"]) => Ok(()),
        Registry::Npm if answers(&tools.npm, &["--version"]) => Ok(()),
        Registry::Pip => Err(Refused::NoTool(
            "pip is missing: sudo apt-get install python3-pip".into(),
        )),
        Registry::Npm => Err(Refused::NoTool(
            "npm is missing: sudo apt-get install npm".into(),
        )),
    }
}

/// Fetches `package` into `partial` and answers where it lies. An archive that is already there whole is kept.
pub(crate) fn fetch(
    package: &Package,
    partial: &Path,
    tools: &Tools,
    stall: Duration,
    progress: &dyn Progress,
) -> Result<PathBuf, Refused> {
    let archive = partial.join(&package.archive);
    if archive.exists() {
        if digest::of_file(&archive)? == package.sha256 {
            return Ok(archive);
        }
        fs::remove_file(&archive)?;
    }
    let work = partial.join(format!("{}.work", package.archive));
    fs::remove_dir_all(&work).ok();
    fs::create_dir_all(work.join("tmp"))?;
    let fetched = run(package, &work, tools, stall, progress).and_then(|()| {
        let fetched = only_file(&work.join("out"))?;
        if digest::of_file(&fetched)? != package.sha256 {
            return Err(Refused::Corrupt {
                archive: package.archive.clone(),
            });
        }
        Ok(digest::publish(&fetched, &archive)?)
    });
    fs::remove_dir_all(&work).ok();
    fetched.map(|()| archive)
}

fn run(
    package: &Package,
    work: &Path,
    tools: &Tools,
    stall: Duration,
    progress: &dyn Progress,
) -> Result<(), Refused> {
    let (tool, mut command) = command(package, work, tools);
    fs::create_dir_all(work.join("out"))?;
    let log = work.join("log");
    let said = File::create(&log)?;
    command
        .stdin(Stdio::null())
        .stdout(said.try_clone()?)
        .stderr(said);
    let mut child = Running(command.spawn()?);
    let mut here = 0;
    let mut since = Instant::now();
    loop {
        if let Some(status) = child.0.try_wait()? {
            if status.success() {
                return Ok(());
            }
            return Err(Refused::Failed {
                tool,
                said: last_words(&log),
            });
        }
        let bytes = size_of(work);
        if bytes != here {
            (here, since) = (bytes, Instant::now());
            progress.at(&package.name, bytes.min(package.bytes));
        } else if since.elapsed() >= stall {
            return Err(Refused::Stalled { tool, after: stall });
        }
        thread::sleep(LOOK);
    }
}

/// A child that does not outlive the wait for it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Both write into `work` alone, also what they write before the download is complete: that is how it is watched.
fn command(package: &Package, work: &Path, tools: &Tools) -> (&'static str, Command) {
    let out = work.join("out");
    match package.registry {
        Registry::Pip => {
            let mut pip = Command::new(&tools.python);
            pip.args([
                "-m",
                "pip",
                "download",
                "--no-deps",
                "--only-binary=:all:",
                "--ignore-requires-python",
            ])
            .args([
                "--no-cache-dir",
                "--disable-pip-version-check",
                "--no-input",
                "--progress-bar",
                "off",
                "-d",
            ])
            .arg(out)
            .arg(format!("{}=={}", package.name, package.version))
            .env("TMPDIR", work.join("tmp"));
            ("pip", pip)
        }
        Registry::Npm => {
            let mut npm = Command::new(&tools.npm);
            npm.args(["pack", "--silent", "--pack-destination"])
                .arg(out)
                .arg("--cache")
                .arg(work.join("tmp"))
                .arg(format!("{}@{}", package.name, package.version));
            ("npm", npm)
        }
    }
}

fn only_file(dir: &Path) -> io::Result<PathBuf> {
    let first = fs::read_dir(dir)?.next();
    first
        .ok_or_else(|| io::Error::other("nothing was downloaded"))?
        .map(|entry| entry.path())
}

fn size_of(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else {
        return 0;
    };
    let of = |entry: fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => size_of(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    };
    entries.flatten().map(of).sum()
}

/// The line of the log that explains a failure: pip's errors begin with ERROR.
fn last_words(log: &Path) -> String {
    let text = fs::read(log)
        .map(|text| String::from_utf8_lossy(&text).into_owned())
        .unwrap_or_default();
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let error = lines().rfind(|line| line.to_ascii_lowercase().contains("error"));
    error
        .or_else(|| lines().next_back())
        .unwrap_or("nothing")
        .to_owned()
}
