//! Are the files there and whole? Decides it in milliseconds from a stamp (size, time of change, checksum of the last
//! reading) and reads a file again only when the stamp no longer fits it.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::digest;
use crate::manifest::{Entry, Manifest, Set};

const STAMP: &str = ".stamp.json";

/// A model file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("model file {name} {fault} in {}: run `make models` or `voiceos models get {set}`", dir.display())]
pub struct Broken {
    /// The file's name.
    pub name: String,
    /// The models directory.
    pub dir: PathBuf,
    /// The set whose installation puts it right.
    pub set: Set,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("is missing")]
    Missing,
    #[error("is {found} bytes long instead of {expected}")]
    WrongSize { found: u64, expected: u64 },
    #[error("does not match its checksum")]
    Corrupt,
    #[error("cannot be read ({0})")]
    Unreadable(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    bytes: u64,
    changed_ns: u128,
    sha256: String,
}

type Stamps = BTreeMap<String, Stamp>;

/// Looks at every file of these sets. Costs milliseconds when nothing has changed since the last look, else the time to
/// read what did.
///
/// # Errors
/// The files that cannot be used, each with a sentence that says what to do.
pub fn check(dir: &Path, sets: &[Set]) -> Result<(), Vec<Broken>> {
    let broken = broken(Manifest::embedded(), dir, sets);
    if broken.is_empty() {
        Ok(())
    } else {
        Err(broken)
    }
}

pub(crate) fn broken(manifest: &Manifest, dir: &Path, sets: &[Set]) -> Vec<Broken> {
    let before = read_stamps(dir);
    let mut stamps = before.clone();
    let mut broken = Vec::new();
    for file in manifest.of(sets) {
        if let Err(fault) = look_at(dir, file, &mut stamps) {
            let set = *file
                .sets
                .iter()
                .find(|set| sets.contains(set))
                .unwrap_or(&file.sets[0]);
            broken.push(Broken {
                name: file.name.clone(),
                dir: dir.to_owned(),
                set,
                fault,
            });
        }
    }
    if stamps != before {
        write_stamps(dir, &stamps);
    }
    broken
}

fn look_at(dir: &Path, file: &Entry, stamps: &mut Stamps) -> Result<(), Fault> {
    let path = dir.join(&file.name);
    let found = match fs::metadata(&path) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(Fault::Missing),
        Err(error) => return Err(Fault::Unreadable(error.to_string())),
    };
    if found.len() != file.bytes {
        return Err(Fault::WrongSize {
            found: found.len(),
            expected: file.bytes,
        });
    }
    let seen = stamp(&found, &file.sha256);
    if stamps.get(&file.name) == Some(&seen) {
        return Ok(());
    }
    stamps.remove(&file.name);
    match digest::of_file(&path) {
        Ok(sha256) if sha256 == file.sha256 => stamps.insert(file.name.clone(), seen),
        Ok(_) => return Err(Fault::Corrupt),
        Err(error) => return Err(Fault::Unreadable(error.to_string())),
    };
    Ok(())
}

fn stamp(found: &Metadata, sha256: &str) -> Stamp {
    let changed = found
        .modified()
        .ok()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let changed_ns = changed.map_or(0, |since| since.as_nanos());
    Stamp {
        bytes: found.len(),
        changed_ns,
        sha256: sha256.to_owned(),
    }
}

/// Remembers a file whose checksum was just verified, so that the next look need not read it.
pub(crate) fn remember(dir: &Path, file: &Entry) {
    let mut stamps = read_stamps(dir);
    if let Ok(found) = fs::metadata(dir.join(&file.name)) {
        stamps.insert(file.name.clone(), stamp(&found, &file.sha256));
        write_stamps(dir, &stamps);
    }
}

/// A stamp that cannot be read is no stamp: the files are read again.
fn read_stamps(dir: &Path) -> Stamps {
    fs::read(dir.join(STAMP))
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default()
}

/// Best effort: a directory that cannot be written only makes the next look slower.
fn write_stamps(dir: &Path, stamps: &Stamps) {
    let temporary = dir.join(format!("{STAMP}.{}", std::process::id()));
    let Ok(text) = serde_json::to_vec_pretty(stamps) else {
        return;
    };
    if fs::write(&temporary, text)
        .and_then(|()| fs::rename(&temporary, dir.join(STAMP)))
        .is_err()
    {
        fs::remove_file(&temporary).ok();
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::{Duration, SystemTime};

    use super::*;

    const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    fn manifest() -> Manifest {
        let text = format!(
            "[[file]]\nname = \"hello\"\nwhat = \"\"\nbytes = 5\nsha256 = \"{HELLO}\"\nsets = [\"tests\"]\nlicence = \"\"\n\
             origin = \"\"\nparts = []\n"
        );
        toml::from_str(&text).unwrap()
    }

    fn faults(dir: &Path) -> Vec<Fault> {
        broken(&manifest(), dir, &[Set::Tests])
            .into_iter()
            .map(|broken| broken.fault)
            .collect()
    }

    #[test]
    fn a_missing_file_says_what_to_run() {
        let dir = tempfile::tempdir().unwrap();
        let broken = broken(&manifest(), dir.path(), &[Set::Tests]);
        let said = broken[0].to_string();
        assert!(
            said.starts_with("model file hello is missing in "),
            "{said}"
        );
        assert!(
            said.ends_with(": run `make models` or `voiceos models get tests`"),
            "{said}"
        );
    }

    #[test]
    fn a_truncated_file_is_found() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("hello"), "hell").unwrap();
        assert_eq!(
            faults(dir.path()),
            [Fault::WrongSize {
                found: 4,
                expected: 5
            }]
        );
    }

    #[test]
    fn a_file_replaced_by_another_of_the_same_size_is_found() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("hello"), "hello").unwrap();
        assert_eq!(faults(dir.path()), []);
        fs::write(dir.path().join("hello"), "jello").unwrap();
        let later = SystemTime::now() + Duration::from_secs(9);
        File::options()
            .append(true)
            .open(dir.path().join("hello"))
            .unwrap()
            .set_modified(later)
            .unwrap();
        assert_eq!(faults(dir.path()), [Fault::Corrupt]);
    }

    #[test]
    fn a_file_that_was_seen_whole_is_not_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hello");
        fs::write(&path, "hello").unwrap();
        let then = fs::metadata(&path).unwrap().modified().unwrap();
        assert_eq!(faults(dir.path()), []);
        fs::write(&path, "jello").unwrap();
        File::options()
            .append(true)
            .open(&path)
            .unwrap()
            .set_modified(then)
            .unwrap();
        assert_eq!(
            faults(dir.path()),
            [],
            "the stamp fits, so the changed byte goes unseen"
        );
    }

    #[test]
    fn a_torn_stamp_only_costs_time() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("hello"), "hello").unwrap();
        fs::write(dir.path().join(STAMP), "{\"hel").unwrap();
        assert_eq!(faults(dir.path()), []);
    }
}
