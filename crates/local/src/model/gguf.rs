//! Whether a file is a whole GGUF, before llama.cpp sees it: its own reader ends the process on some broken files. Only
//! sizes and bounds are checked here, not what the model is.

use std::{
    fs::File,
    io::{BufReader, Read, Seek},
    path::Path,
};

use crate::LoadError;

/// More entries, dimensions or bytes of text than any model has: a broken length.
const MOST_ENTRIES: u64 = 1 << 20;
const MOST_TEXT: u64 = 1 << 24;
const MOST_DIMENSIONS: u32 = 4;

/// Reads the header (milliseconds; the weights are only measured).
pub(super) fn check(path: &Path) -> Result<(), LoadError> {
    let missing = |cause| LoadError::missing(path, cause);
    let file = File::open(path).map_err(missing)?;
    let length = file.metadata().map_err(missing)?.len();
    let mut header = Header {
        file: BufReader::new(file),
        length,
    };
    header.check().map_err(|why| LoadError::corrupt(path, why))
}

struct Header {
    file: BufReader<File>,
    length: u64,
}

type Checked<T> = Result<T, String>;

impl Header {
    fn check(&mut self) -> Checked<()> {
        if self.bytes::<4>()? != *b"GGUF" {
            return Err("it is not a GGUF file".into());
        }
        let version = self.u32()?;
        if !(2..=3).contains(&version) {
            return Err(format!("it is GGUF version {version}, 2 and 3 are known"));
        }
        let (tensors, entries) = (self.u64()?, self.u64()?);
        if tensors == 0 || tensors > MOST_ENTRIES || entries > MOST_ENTRIES {
            return Err("its header is broken".into());
        }
        let mut alignment = 32;
        for _ in 0..entries {
            let key = self.text()?;
            let kind = self.u32()?;
            if key == b"general.alignment" && kind == 4 {
                alignment = u64::from(self.u32()?);
            } else {
                self.skip_value(kind, true)?;
            }
        }
        if !alignment.is_power_of_two() || alignment > 1 << 16 {
            return Err("its alignment is broken".into());
        }
        let mut end = 0;
        for _ in 0..tensors {
            end = end.max(self.tensor_end()?);
        }
        let header = self.file.stream_position().map_err(|e| e.to_string())?;
        let data = header.next_multiple_of(alignment);
        let whole = data.checked_add(end).ok_or("a tensor lies nowhere")?;
        if whole > self.length {
            return Err(format!("it is cut short: {} of {whole} bytes", self.length));
        }
        Ok(())
    }

    /// Where a tensor's data ends, counted from the start of all data.
    fn tensor_end(&mut self) -> Checked<u64> {
        self.text()?;
        let dimensions = self.u32()?;
        if dimensions > MOST_DIMENSIONS {
            return Err("a tensor has too many dimensions".into());
        }
        let mut elements = 1u64;
        for _ in 0..dimensions {
            let size = self.u64()?;
            elements = elements
                .checked_mul(size)
                .filter(|count| *count > 0)
                .ok_or("a tensor's size is broken")?;
        }
        let kind = self.u32()?;
        let offset = self.u64()?;
        // Kinds that are not listed are left to llama.cpp: it refuses those it does not know.
        let size = block(kind).map_or(0, |(count, bytes)| {
            elements.div_ceil(count).saturating_mul(bytes)
        });
        offset
            .checked_add(size)
            .ok_or_else(|| "a tensor lies nowhere".to_owned())
    }

    fn skip_value(&mut self, kind: u32, arrays: bool) -> Checked<()> {
        match kind {
            0 | 1 | 7 => self.skip(1),
            2 | 3 => self.skip(2),
            4..=6 => self.skip(4),
            10..=12 => self.skip(8),
            8 => self.text().map(drop),
            9 if arrays => {
                let kind = self.u32()?;
                let count = self.u64()?;
                if count > MOST_TEXT {
                    return Err("a list in its header is broken".into());
                }
                (0..count).try_for_each(|_| self.skip_value(kind, false))
            }
            _ => Err("its header is broken".into()),
        }
    }

    fn skip(&mut self, count: i64) -> Checked<()> {
        self.file.seek_relative(count).map_err(|e| e.to_string())
    }

    fn text(&mut self) -> Checked<Vec<u8>> {
        let length = self.u64()?;
        if length > MOST_TEXT.min(self.length) {
            return Err("a text in its header is broken".into());
        }
        let mut text = vec![0; usize::try_from(length).expect("it is at most 16 MiB")];
        self.file
            .read_exact(&mut text)
            .map_err(|_| "its header is cut short")?;
        Ok(text)
    }

    fn bytes<const N: usize>(&mut self) -> Checked<[u8; N]> {
        let mut bytes = [0; N];
        self.file
            .read_exact(&mut bytes)
            .map_err(|_| "its header is cut short")?;
        Ok(bytes)
    }

    fn u32(&mut self) -> Checked<u32> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Checked<u64> {
        self.bytes().map(u64::from_le_bytes)
    }
}

/// Elements and bytes of one block of a ggml type.
fn block(kind: u32) -> Option<(u64, u64)> {
    Some(match kind {
        0 => (1, 4),
        1 | 30 => (1, 2),
        2 => (32, 18),
        3 => (32, 20),
        6 => (32, 22),
        7 => (32, 24),
        8 => (32, 34),
        10 => (256, 84),
        11 => (256, 110),
        12 => (256, 144),
        13 => (256, 176),
        14 => (256, 210),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(bytes: &[u8]) -> String {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("model.gguf");
        std::fs::write(&path, bytes).expect("written");
        check(&path).expect_err("it is no model").to_string()
    }

    #[test]
    fn a_file_of_another_kind_is_named_as_such() {
        assert!(refused(b"PK\x03\x04 a zip file").contains("not a GGUF"));
    }

    #[test]
    fn an_empty_file_is_corrupt() {
        assert!(refused(b"").contains("cut short"));
    }

    #[test]
    fn a_length_beyond_the_file_is_corrupt() {
        let mut bytes = b"GGUF\x03\0\0\0".to_vec();
        bytes.extend(1u64.to_le_bytes());
        bytes.extend(1u64.to_le_bytes());
        bytes.extend(u64::MAX.to_le_bytes());
        assert!(refused(&bytes).contains("text in its header is broken"));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = check(Path::new("/nowhere/model.gguf")).expect_err("it is not there");
        assert!(error.to_string().contains("/nowhere/model.gguf"));
    }
}
