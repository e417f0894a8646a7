//! What is to be fetched: the broken files, grouped by what they are made of.

use std::collections::VecDeque;
use std::path::Path;

use super::Source;
use crate::check::Broken;
use crate::manifest::{Entry, Manifest, Part, Raw};

/// A way to come by something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Packages,
    Publisher,
}

/// One thing to fetch, with the files that come of it.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub raw: Raw,
    pub files: Vec<&'a Entry>,
    pub parts: &'a [Part],
    pub publisher: Option<&'a str>,
    /// The way that is being gone; none before the start and after the end.
    pub way: Option<Way>,
    /// Ways that are left.
    pub ways: VecDeque<Way>,
    /// What came of the ways that were gone.
    pub tried: Vec<String>,
}

impl Wanted<'_> {
    pub fn name(&self) -> &str {
        &self.files[0].name
    }

    pub fn needs(&self, package: &str) -> bool {
        self.way == Some(Way::Packages) && self.parts.iter().any(|part| part.package == package)
    }
}

pub(super) fn wanted<'a>(
    manifest: &'a Manifest,
    broken: &[Broken],
    source: Source,
) -> Vec<Wanted<'a>> {
    let mut wanted: Vec<Wanted<'a>> = Vec::new();
    for file in manifest
        .file
        .iter()
        .filter(|file| broken.iter().any(|broken| broken.name == file.name))
    {
        let raw = file.raw();
        if let Some(same) = wanted.iter_mut().find(|wanted| wanted.raw == raw) {
            same.files.push(file);
            continue;
        }
        let mut ways = VecDeque::new();
        if source != Source::Publisher && !file.parts.is_empty() {
            ways.push_back(Way::Packages);
        }
        if source != Source::Packages && file.publisher.is_some() {
            ways.push_back(Way::Publisher);
        }
        let publisher = file.publisher.as_deref();
        let parts = &file.parts;
        wanted.push(Wanted {
            raw,
            files: vec![file],
            parts,
            publisher,
            way: None,
            ways,
            tried: Vec::new(),
        });
    }
    wanted
}

/// Bytes on the disk at most: the archives that are not here yet, what is in them, and what is made of it.
pub(super) fn room(
    manifest: &Manifest,
    wanted: &[Wanted<'_>],
    partial: &Path,
    source: Source,
) -> u64 {
    let mut names: Vec<_> = wanted
        .iter()
        .flat_map(|wanted| wanted.parts)
        .map(|part| &part.package)
        .collect();
    names.sort();
    names.dedup();
    let packages = names.iter().filter_map(|name| manifest.package(name));
    let absent = packages.filter(|package| !partial.join(&package.archive).exists());
    let archives: u64 = if source == Source::Publisher {
        0
    } else {
        absent.map(|package| package.bytes).sum()
    };
    let raws: u64 = wanted.iter().map(|wanted| wanted.raw.bytes).sum();
    let made = wanted
        .iter()
        .flat_map(|wanted| &wanted.files)
        .filter(|file| file.make.is_some());
    archives + raws + made.map(|file| file.bytes).sum::<u64>()
}
