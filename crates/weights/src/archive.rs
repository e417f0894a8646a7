//! Takes one file out of a package: a wheel is a zip, an npm package a gzipped tar.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::GzDecoder;

use crate::manifest::Registry;

const BLOCK: usize = 512;

/// Opens `inner` in the archive and hands it over as a reader.
pub(crate) fn read<T>(
    archive: &Path,
    registry: Registry,
    inner: &str,
    use_it: impl FnOnce(&mut dyn Read) -> io::Result<T>,
) -> io::Result<T> {
    match registry {
        Registry::Pip => {
            let mut zip = zip::ZipArchive::new(File::open(archive)?).map_err(io::Error::other)?;
            let mut file = zip.by_name(inner).map_err(io::Error::other)?;
            use_it(&mut file)
        }
        Registry::Npm => {
            let mut tar = GzDecoder::new(File::open(archive)?);
            let bytes = seek_in_tar(&mut tar, inner)?;
            use_it(&mut tar.take(bytes))
        }
    }
}

/// Reads headers until the one that names `inner`; answers its size. POSIX ustar, which is what npm writes.
fn seek_in_tar(tar: &mut dyn Read, inner: &str) -> io::Result<u64> {
    let mut header = [0; BLOCK];
    loop {
        tar.read_exact(&mut header)?;
        if header.iter().all(|byte| *byte == 0) {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!("{inner} is not in the package"),
            ));
        }
        let bytes = octal(&header[124..136]).ok_or_else(|| io::Error::other("not a tar header"))?;
        let name = [text(&header[345..500]), text(&header[..100])].join("/");
        if name.trim_start_matches('/') == inner {
            return Ok(bytes);
        }
        io::copy(
            &mut tar.take(bytes.next_multiple_of(BLOCK as u64)),
            &mut io::sink(),
        )?;
    }
}

fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(field.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned()
}

fn octal(field: &[u8]) -> Option<u64> {
    u64::from_str_radix(text(field).trim(), 8).ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn entry(name: &str, content: &[u8]) -> Vec<u8> {
        let mut block = vec![0; BLOCK];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
        block.extend_from_slice(content);
        block.resize(block.len().next_multiple_of(BLOCK), 0);
        block
    }

    fn package(dir: &Path) -> std::path::PathBuf {
        let path = dir.join("p.tgz");
        let mut gz = flate2::write::GzEncoder::new(
            File::create(&path).unwrap(),
            flate2::Compression::fast(),
        );
        for block in [
            entry("package/a.bin", b"first"),
            entry("package/b.bin", b"second"),
            vec![0; 2 * BLOCK],
        ] {
            gz.write_all(&block).unwrap();
        }
        gz.finish().unwrap();
        path
    }

    fn all(reader: &mut dyn Read) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        reader.read_to_end(&mut content).map(|_| content)
    }

    #[test]
    fn a_file_of_an_npm_package_is_read_and_no_byte_more() {
        let dir = tempfile::tempdir().unwrap();
        let path = package(dir.path());
        assert_eq!(
            read(&path, Registry::Npm, "package/b.bin", all).unwrap(),
            b"second"
        );
    }

    #[test]
    fn a_file_that_a_package_lacks_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = package(dir.path());
        let error = read(&path, Registry::Npm, "package/c.bin", all).unwrap_err();
        assert_eq!(error.to_string(), "package/c.bin is not in the package");
    }
}
