//! The call's log on disk: each fact and what the machine made of it, written before anything is done about it, so that
//! after a crash the log tells what had been heard. Not for people: it holds the caller's words.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

use voiceos_core::replay::{Head, Step, write_head};

pub struct CallLog {
    file: Option<File>,
    line: Vec<u8>,
}

impl CallLog {
    pub fn create(path: &Path, head: &Head) -> io::Result<Self> {
        let mut file = File::create(path)?;
        write_head(&mut file, head)?;
        Ok(Self {
            file: Some(file),
            line: Vec::with_capacity(1024),
        })
    }

    pub fn none() -> Self {
        Self {
            file: None,
            line: vec![],
        }
    }

    /// One `write` of one whole line. After the first failure nothing more is written: a log with a hole is no log.
    pub fn write(&mut self, step: &Step) -> io::Result<()> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        self.line.clear();
        serde_json::to_writer(&mut self.line, step)?;
        self.line.push(b'\n');
        let written = file.write_all(&self.line);
        if written.is_err() {
            self.file = None;
        }
        written
    }
}
