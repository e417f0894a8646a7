//! Installations without a network: a loopback publisher that breaks off, and a `python3` that copies instead of fetching.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::*;
use crate::progress::Silent;

const CONTENT: &[u8] =
    b"the weights of a very small model, but long enough to be cut in the middle";

fn sha256(bytes: &[u8]) -> String {
    crate::digest::copy(&mut &bytes[..], &mut std::io::sink(), &mut |_| ())
        .unwrap()
        .1
}

/// One file of the set `tests`, from wherever the lines after its size say.
fn manifest(more: &str) -> Manifest {
    let text = format!(
        "[[file]]\nname = \"model\"\nwhat = \"\"\nbytes = {}\nsha256 = \"{}\"\nsets = [\"tests\"]\nlicence = \"\"\n\
         origin = \"\"\n{more}",
        CONTENT.len(),
        sha256(CONTENT)
    );
    toml::from_str(&text).unwrap()
}

fn installer<'a>(dir: &'a Path, progress: &'a dyn Progress) -> Installer<'a> {
    Installer {
        stall: Duration::from_secs(20),
        pause: Duration::ZERO,
        ..Installer::usual(dir, progress)
    }
}

fn get(installer: &Installer<'_>, manifest: &Manifest) -> Result<(), InstallError> {
    installer.install(manifest, &[Set::Tests])
}

/// A publisher on the loopback that answers each request by the next of `answers`, the last one again and again; it
/// remembers the range each request asked for.
fn publisher(answers: Vec<fn(&mut TcpStream, usize)>) -> (String, Arc<Mutex<Vec<usize>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/model", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = asked.clone();
    thread::spawn(move || {
        for (index, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut start = 0;
            for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                let line = line.unwrap().to_ascii_lowercase();
                if let Some(range) = line.strip_prefix("range: bytes=") {
                    start = range.trim_end_matches('-').parse().unwrap();
                }
                if line.is_empty() {
                    break;
                }
            }
            heard.lock().unwrap().push(start);
            answers[index.min(answers.len() - 1)](&mut stream, start);
        }
    });
    (url, asked)
}

fn head(stream: &mut TcpStream, status: &str, length: usize) {
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
}

fn whole(stream: &mut TcpStream, start: usize) {
    head(
        stream,
        if start > 0 {
            "206 Partial Content"
        } else {
            "200 OK"
        },
        CONTENT.len() - start,
    );
    stream.write_all(&CONTENT[start..]).unwrap();
}

fn half(stream: &mut TcpStream, start: usize) {
    head(stream, "200 OK", CONTENT.len() - start);
    stream
        .write_all(&CONTENT[start..CONTENT.len() / 2])
        .unwrap();
}

fn without_ranges(stream: &mut TcpStream, _: usize) {
    whole(stream, 0);
}

fn other(stream: &mut TcpStream, _: usize) {
    head(stream, "200 OK", CONTENT.len());
    stream.write_all(&vec![b'x'; CONTENT.len()]).unwrap();
}

fn gone(stream: &mut TcpStream, _: usize) {
    head(stream, "404 Not Found", 0);
}

fn published(url: &str) -> Manifest {
    manifest(&format!("parts = []\npublisher = \"{url}\"\n"))
}

#[test]
fn a_download_that_breaks_off_goes_on_where_it_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let (url, asked) = publisher(vec![half, whole]);
    get(&installer(dir.path(), &Silent), &published(&url)).unwrap();
    assert_eq!(fs::read(dir.path().join("model")).unwrap(), CONTENT);
    assert_eq!(*asked.lock().unwrap(), [0, CONTENT.len() / 2]);
}

#[test]
fn a_download_begun_by_an_earlier_installation_is_resumed() {
    let dir = tempfile::tempdir().unwrap();
    let (url, asked) = publisher(vec![half, gone, whole]);
    let manifest = published(&url);
    assert!(get(&installer(dir.path(), &Silent), &manifest).is_err());
    get(&installer(dir.path(), &Silent), &manifest).unwrap();
    assert_eq!(
        *asked.lock().unwrap(),
        [0, CONTENT.len() / 2, CONTENT.len() / 2]
    );
}

#[test]
fn a_publisher_without_ranges_is_heard_from_the_beginning() {
    let dir = tempfile::tempdir().unwrap();
    let (url, _) = publisher(vec![half, without_ranges]);
    get(&installer(dir.path(), &Silent), &published(&url)).unwrap();
    assert_eq!(fs::read(dir.path().join("model")).unwrap(), CONTENT);
}

#[test]
fn a_wrong_checksum_is_fetched_once_again_and_then_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (url, asked) = publisher(vec![other]);
    let error = get(&installer(dir.path(), &Silent), &published(&url))
        .unwrap_err()
        .to_string();
    assert!(error.contains("does not match its checksum"), "{error}");
    assert!(
        error.ends_with("Check the network and the proxy and run it again: what is here is kept"),
        "{error}"
    );
    assert_eq!(asked.lock().unwrap().len(), 2);
    assert!(!dir.path().join("model").exists());
}

#[test]
fn a_wrong_checksum_that_was_an_accident_is_put_right() {
    let dir = tempfile::tempdir().unwrap();
    let (url, _) = publisher(vec![other, whole]);
    get(&installer(dir.path(), &Silent), &published(&url)).unwrap();
}

#[test]
fn a_truncated_file_is_fetched_anew() {
    let dir = tempfile::tempdir().unwrap();
    let (url, asked) = publisher(vec![whole]);
    let manifest = published(&url);
    get(&installer(dir.path(), &Silent), &manifest).unwrap();
    fs::write(dir.path().join("model"), &CONTENT[..9]).unwrap();
    assert_eq!(check::broken(&manifest, dir.path(), &[Set::Tests]).len(), 1);
    get(&installer(dir.path(), &Silent), &manifest).unwrap();
    assert_eq!(asked.lock().unwrap().len(), 2);
}

#[test]
fn too_little_room_is_said_before_anything_is_fetched() {
    let dir = tempfile::tempdir().unwrap();
    let (url, asked) = publisher(vec![whole]);
    let mut manifest = published(&url);
    manifest.file[0].bytes = 1 << 60;
    let error = get(&installer(dir.path(), &Silent), &manifest).unwrap_err();
    assert!(
        matches!(error, InstallError::NoSpace { needed, free, .. } if needed > free),
        "{error}"
    );
    assert!(error.to_string().contains(" needed, "), "{error}");
    assert!(asked.lock().unwrap().is_empty());
}

/// Wheels in a folder and a `python3` that downloads by copying from it: the two things that pip is to the installer.
struct Index {
    dir: tempfile::TempDir,
    packages: String,
}

impl Index {
    fn new(parts: &[&[u8]]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (mut packages, mut names) = (String::new(), Vec::new());
        for (index, part) in parts.iter().enumerate() {
            let archive = format!("part{index}-1.0-py3-none-any.whl");
            let mut zip = zip::ZipWriter::new(File::create(dir.path().join(&archive)).unwrap());
            zip.start_file("data/part.bin", zip::write::SimpleFileOptions::default())
                .unwrap();
            zip.write_all(part).unwrap();
            zip.finish().unwrap();
            let wheel = fs::read(dir.path().join(&archive)).unwrap();
            packages += &format!(
                "[[package]]\nname = \"part{index}\"\nversion = \"1.0\"\nregistry = \"pip\"\narchive = \"{archive}\"\n\
                 bytes = {}\nsha256 = \"{}\"\n",
                wheel.len(),
                sha256(&wheel)
            );
            names.push(format!(
                "{{ package = \"part{index}\", path = \"data/part.bin\" }}"
            ));
        }
        Self {
            dir,
            packages: format!("parts = [{}]\n{packages}", names.join(", ")),
        }
    }

    /// `before` is shell that runs before the copying; `$name` is the package's.
    fn python(&self, before: &str) -> Tools {
        use std::os::unix::fs::PermissionsExt;
        let path = self.dir.path().join("python3");
        let script = format!(
            "#!/bin/sh\n[ \"$3\" = --version ] && exit 0\n\
             while [ $# -gt 1 ]; do [ \"$1\" = -d ] && to=\"$2\"; shift; done\n\
             name=\"${{1%%==*}}\"\necho \"$name\" >> '{0}/asked'\n{before}\ncp '{0}'/\"$name\"-* \"$to\"/\n",
            self.dir.path().display()
        );
        // Written by a child: a descriptor open for writing here could be inherited and make the script busy.
        let write = "cat > \"$0\" && chmod +x \"$0\"";
        let mut child = std::process::Command::new("sh")
            .args(["-c", write])
            .arg(&path)
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(script.as_bytes())
            .unwrap();
        assert!(child.wait().unwrap().success());
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o100,
            0o100
        );
        Tools {
            python: path.into(),
            npm: "no-such-npm".into(),
        }
    }

    fn asked(&self) -> Vec<String> {
        let text = fs::read_to_string(self.dir.path().join("asked")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

fn thirds() -> [&'static [u8]; 3] {
    [&CONTENT[..20], &CONTENT[20..50], &CONTENT[50..]]
}

#[test]
fn parts_from_packages_are_joined_in_order_and_the_packages_removed() {
    let (dir, index) = (tempfile::tempdir().unwrap(), Index::new(&thirds()));
    let manifest = manifest(&index.packages);
    let installer = Installer {
        tools: index.python(""),
        ..installer(dir.path(), &Silent)
    };
    get(&installer, &manifest).unwrap();
    assert_eq!(fs::read(dir.path().join("model")).unwrap(), CONTENT);
    assert!(!installer.partial().exists(), "nothing is left behind");
    get(&installer, &manifest).unwrap();
    assert_eq!(
        index.asked().len(),
        3,
        "a second installation asks for nothing"
    );
}

#[test]
fn packages_that_came_through_are_not_fetched_again() {
    let (dir, index) = (tempfile::tempdir().unwrap(), Index::new(&thirds()));
    let manifest = manifest(&index.packages);
    let first =
        "[ $name = part2 ] && { echo 'ERROR: No matching distribution found' >&2; exit 1; }";
    let failing = Installer {
        tools: index.python(first),
        ..installer(dir.path(), &Silent)
    };
    let error = get(&failing, &manifest).unwrap_err().to_string();
    assert!(
        error.contains("part2 1.0: pip says: ERROR: No matching distribution found"),
        "{error}"
    );
    let installer = Installer {
        tools: index.python(""),
        ..installer(dir.path(), &Silent)
    };
    get(&installer, &manifest).unwrap();
    let asked = index.asked();
    assert_eq!(
        asked.iter().filter(|name| *name == "part2").count(),
        2,
        "{asked:?}"
    );
    assert_eq!(
        asked.iter().filter(|name| *name != "part2").count(),
        2,
        "{asked:?}"
    );
}

#[test]
fn a_package_that_stalls_is_ended_and_tried_again() {
    let (dir, index) = (tempfile::tempdir().unwrap(), Index::new(&[CONTENT]));
    let manifest = manifest(&index.packages);
    let hanging = format!(
        "[ -e '{0}/hung' ] || {{ touch '{0}/hung'; exec sleep 600; }}",
        index.dir.path().display()
    );
    let tools = index.python(&hanging);
    let installer = Installer {
        tools,
        stall: Duration::from_millis(300),
        ..installer(dir.path(), &Silent)
    };
    get(&installer, &manifest).unwrap();
    assert_eq!(index.asked().len(), 2);
}

#[test]
fn without_pip_the_publisher_is_asked() {
    let (dir, index) = (tempfile::tempdir().unwrap(), Index::new(&[CONTENT]));
    let (url, _) = publisher(vec![whole]);
    let manifest = manifest(&index.packages.replacen(
        "]\n[[",
        &format!("]\npublisher = \"{url}\"\n[["),
        1,
    ));
    let tools = Tools {
        python: "no-such-python".into(),
        npm: "no-such-npm".into(),
    };
    let installer = Installer {
        tools,
        ..installer(dir.path(), &Silent)
    };
    get(&installer, &manifest).unwrap();
    assert_eq!(fs::read(dir.path().join("model")).unwrap(), CONTENT);
}

#[test]
fn without_pip_and_publisher_it_says_what_to_install() {
    let (dir, index) = (tempfile::tempdir().unwrap(), Index::new(&[CONTENT]));
    let tools = Tools {
        python: "no-such-python".into(),
        npm: "no-such-npm".into(),
    };
    let installer = Installer {
        tools,
        ..installer(dir.path(), &Silent)
    };
    let error = get(&installer, &manifest(&index.packages))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("pip is missing: sudo apt-get install python3-pip"),
        "{error}"
    );
}

/// Passes on what is said.
struct Told(std::sync::mpsc::SyncSender<String>);

impl Progress for Told {
    fn say(&self, line: &str) {
        self.0.send(line.to_owned()).unwrap();
    }
    fn expect(&self, _: &str, _: u64) {}
    fn at(&self, _: &str, _: u64) {}
    fn done(&self, _: &str) {}
}

#[test]
fn a_second_installer_waits_for_the_first_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let (url, asked) = publisher(vec![whole]);
    let manifest = published(&url);
    fs::create_dir_all(dir.path()).unwrap();
    let first = File::create(dir.path().join(".lock")).unwrap();
    first.lock().unwrap();
    // Room for every line: the test reads them when it likes.
    let (tell, told) = std::sync::mpsc::sync_channel(16);
    thread::scope(|scope| {
        let second = scope.spawn(|| {
            let told = Told(tell);
            get(&installer(dir.path(), &told), &manifest)
        });
        assert_eq!(
            told.recv().unwrap(),
            "another installer is at work in this directory: waiting for it to end"
        );
        // What the first one does before it goes away.
        fs::write(dir.path().join("model"), CONTENT).unwrap();
        drop(first);
        second.join().unwrap().unwrap();
    });
    assert!(
        asked.lock().unwrap().is_empty(),
        "the second has nothing left to fetch"
    );
}
