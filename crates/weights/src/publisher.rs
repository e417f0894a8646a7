//! Fetches one file from its publisher by HTTP, going on where an earlier attempt stopped. Proxies come from the
//! environment (`https_proxy` and the like).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use ureq::Agent;
use ureq::http::StatusCode;

use crate::digest;
use crate::manifest::Raw;
use crate::progress::Progress;

const CONNECT: Duration = Duration::from_secs(15);

#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("the publisher cannot be reached")]
    Unreachable(#[source] Box<ureq::Error>),
    #[error("the publisher answers {0}")]
    Answer(StatusCode),
    #[error("the download broke off at {at} bytes")]
    BrokeOff {
        /// Where it stopped.
        at: u64,
        /// How many bytes this attempt brought.
        came: u64,
        #[source]
        cause: io::Error,
    },
    #[error("what the publisher sends does not match its checksum")]
    Corrupt,
    #[error("cannot write the download")]
    Io(#[from] io::Error),
}

impl Refused {
    /// Whether another attempt might do better.
    pub fn passing(&self) -> bool {
        match self {
            Self::Answer(status) => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            Self::Unreachable(_) | Self::BrokeOff { .. } | Self::Corrupt => true,
            Self::Io(_) => false,
        }
    }

    /// Whether bytes came before it broke off, so that going on is worth it.
    pub fn progressed(&self) -> bool {
        matches!(self, Self::BrokeOff { came, .. } if *came > 0)
    }
}

/// Appends to `partial` what it still lacks of `raw`, and verifies the whole. On a wrong checksum `partial` is removed.
pub(crate) fn fetch(
    url: &str,
    raw: &Raw,
    partial: &Path,
    stall: Duration,
    name: &str,
    progress: &dyn Progress,
) -> Result<(), Refused> {
    let mut here = fs::metadata(partial).map_or(0, |found| found.len());
    if here > raw.bytes {
        fs::remove_file(partial)?;
        here = 0;
    }
    if here < raw.bytes {
        append(url, raw.bytes, here, partial, stall, &mut |bytes| {
            progress.at(name, bytes)
        })?;
    }
    if digest::of_file(partial)? != raw.sha256 {
        fs::remove_file(partial)?;
        return Err(Refused::Corrupt);
    }
    Ok(())
}

fn append(
    url: &str,
    all: u64,
    here: u64,
    partial: &Path,
    stall: Duration,
    seen: &mut dyn FnMut(u64),
) -> Result<(), Refused> {
    let agent: Agent = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(stall))
        .timeout_per_read(Some(stall))
        .build()
        .into();
    let mut request = agent.get(url).header("accept-encoding", "identity");
    if here > 0 {
        request = request.header("range", format!("bytes={here}-"));
    }
    let response = request
        .call()
        .map_err(|error| Refused::Unreachable(Box::new(error)))?;
    // A server that knows no ranges answers 200 and sends everything again.
    let start = match response.status() {
        StatusCode::PARTIAL_CONTENT => here,
        StatusCode::OK => 0,
        status => return Err(Refused::Answer(status)),
    };
    let mut file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(false)
        .open(partial)?;
    file.set_len(start)?;
    io::Seek::seek(&mut file, io::SeekFrom::Start(start))?;
    let reader = response
        .into_body()
        .into_with_config()
        .limit(all - start + 1)
        .reader();
    copy(reader, file, start, all, seen)
}

fn copy(
    mut reader: impl Read,
    mut file: File,
    start: u64,
    all: u64,
    seen: &mut dyn FnMut(u64),
) -> Result<(), Refused> {
    let mut buffer = vec![0; 1 << 16];
    let mut at = start;
    while at < all {
        match reader.read(&mut buffer) {
            Ok(0) => {
                let cause = io::ErrorKind::UnexpectedEof.into();
                return Err(Refused::BrokeOff {
                    at,
                    came: at - start,
                    cause,
                });
            }
            Ok(n) => {
                file.write_all(&buffer[..n])?;
                at += n as u64;
                seen(at);
            }
            Err(cause) => {
                return Err(Refused::BrokeOff {
                    at,
                    came: at - start,
                    cause,
                });
            }
        }
    }
    Ok(())
}
