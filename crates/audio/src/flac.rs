//! Recordings: stereo FLAC, caller left, agent right, lossless. Written block by block so that a file cut off at any
//! byte plays up to the last whole block; when to write and where the file lies is the recorder's affair.

use std::io::{self, Read, Seek, SeekFrom, Write};

use flacenc::{
    bitsink::ByteSink,
    component::{BitRepr, StreamInfo},
    config,
    error::{Verified, Verify},
    source::{Fill, FrameBuf},
};

#[derive(Debug, thiserror::Error)]
pub enum FlacError {
    #[error("the recording could not be written")]
    Write(#[source] io::Error),
    /// Nothing of it can be played: not even its header is whole.
    #[error("not a FLAC recording")]
    NotFlac(#[source] claxon::Error),
    #[error("{rate} Hz cannot be recorded; use a rate between 8000 and 96000")]
    Rate { rate: u32 },
    #[error("a block of the recording could not be encoded")]
    Encode,
}

/// A stereo recording that grows. Every quarter of a second (a tenth at 48 kHz) becomes one `write_all` of one whole
/// block: hand in the file itself rather than a `BufWriter`, so that only the unfilled block is lost with the process.
pub struct Recording<W: Write> {
    to: W,
    info: StreamInfo,
    config: Verified<config::Encoder>,
    block: FrameBuf,
    block_len: usize,
    /// Left and right in turn, less than a block of them.
    waiting: Vec<i32>,
    blocks: usize,
    /// Samples of each side that have been written.
    written: u64,
}

impl<W: Write> Recording<W> {
    /// Writes the header, which says that the length is unknown. `rate` in Hz.
    pub fn new(mut to: W, rate: u32) -> Result<Self, FlacError> {
        if !(8000..=96000).contains(&rate) {
            return Err(FlacError::Rate { rate });
        }
        // At most 4608: what every decoder of the format's streamable subset takes at these rates.
        let block_len = (rate as usize / 4).min(4608);
        let info = StreamInfo::new(rate as usize, 2, 16).map_err(|_| FlacError::Encode)?;
        let block = FrameBuf::with_size(2, block_len).map_err(|_| FlacError::Encode)?;
        to.write_all(&header(rate, block_len as u16, 0))
            .map_err(FlacError::Write)?;
        let waiting = Vec::with_capacity(2 * block_len);
        Ok(Self {
            to,
            info,
            config: cheap()?,
            block,
            block_len,
            waiting,
            blocks: 0,
            written: 0,
        })
    }

    /// Adds sound of both sides; the shorter is filled with silence.
    pub fn push(&mut self, left: &[i16], right: &[i16]) -> Result<(), FlacError> {
        for n in 0..left.len().max(right.len()) {
            self.waiting.push(left.get(n).copied().unwrap_or(0) as i32);
            self.waiting.push(right.get(n).copied().unwrap_or(0) as i32);
            if self.waiting.len() == 2 * self.block_len {
                self.write_block()?;
            }
        }
        Ok(())
    }

    /// Samples of each side so far.
    pub fn len(&self) -> u64 {
        self.written + self.waiting.len() as u64 / 2
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes what is left. The header goes on saying that the length is unknown.
    pub fn finish_stream(mut self) -> Result<W, FlacError> {
        self.write_rest()?;
        Ok(self.to)
    }

    fn write_rest(&mut self) -> Result<(), FlacError> {
        if !self.waiting.is_empty() {
            self.write_block()?;
        }
        self.to.flush().map_err(FlacError::Write)
    }

    fn write_block(&mut self) -> Result<(), FlacError> {
        self.block
            .fill_interleaved(&self.waiting)
            .map_err(|_| FlacError::Encode)?;
        self.written += self.waiting.len() as u64 / 2;
        self.waiting.clear();
        let frame =
            flacenc::encode_fixed_size_frame(&self.config, &self.block, self.blocks, &self.info);
        let mut bytes = ByteSink::new();
        frame
            .map_err(|_| FlacError::Encode)?
            .write(&mut bytes)
            .map_err(|_| FlacError::Encode)?;
        self.blocks += 1;
        self.to
            .write_all(bytes.as_slice())
            .map_err(FlacError::Write)
    }
}

impl<W: Write + Seek> Recording<W> {
    /// Writes what is left and the length into the header.
    pub fn finish(mut self) -> Result<W, FlacError> {
        self.write_rest()?;
        let header = header(
            self.info.sample_rate() as u32,
            self.block_len as u16,
            self.written,
        );
        self.to.seek(SeekFrom::Start(0)).map_err(FlacError::Write)?;
        self.to.write_all(&header).map_err(FlacError::Write)?;
        self.to.seek(SeekFrom::End(0)).map_err(FlacError::Write)?;
        self.to.flush().map_err(FlacError::Write)?;
        Ok(self.to)
    }
}

/// Fixed predictors only: calls are half silence, and the search for better ones costs five times the time.
fn cheap() -> Result<Verified<config::Encoder>, FlacError> {
    let mut config = config::Encoder::default();
    config.multithread = false;
    config.subframe_coding.use_lpc = false;
    config.stereo_coding.use_leftside = false;
    config.stereo_coding.use_rightside = false;
    config.stereo_coding.use_midside = false;
    config.into_verified().map_err(|_| FlacError::Encode)
}

/// The magic word and the only metadata block, as in RFC 9639 §8.2. `total` 0 means unknown, so does a checksum of zeros.
fn header(rate: u32, block: u16, total: u64) -> [u8; 42] {
    let mut bytes = [0; 42];
    bytes[..8].copy_from_slice(&[b'f', b'L', b'a', b'C', 0x80, 0, 0, 34]);
    bytes[8..10].copy_from_slice(&block.to_be_bytes());
    bytes[10..12].copy_from_slice(&block.to_be_bytes());
    // 20 bits of rate, 3 of channels less one, 5 of bits less one, 36 of total samples.
    let packed = (rate as u64) << 44 | 1 << 41 | 15 << 36 | total & ((1 << 36) - 1);
    bytes[18..26].copy_from_slice(&packed.to_be_bytes());
    bytes
}

/// A recording as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Hz.
    pub rate: u32,
    pub left: Vec<i16>,
    pub right: Vec<i16>,
    /// The file ends in the middle of a block or before the length its header gives.
    pub cut: bool,
}

/// Reads a recording up to where it was cut off. A mono file comes out on both sides.
pub fn read(from: impl Read) -> Result<Recorded, FlacError> {
    let mut reader = claxon::FlacReader::new(from).map_err(FlacError::NotFlac)?;
    let info = reader.streaminfo();
    let shift = |s: i32| if info.bits_per_sample > 16 { s >> (info.bits_per_sample - 16) } else { s << (16 - info.bits_per_sample) } as i16;
    let mut recorded = Recorded {
        rate: info.sample_rate,
        left: Vec::new(),
        right: Vec::new(),
        cut: false,
    };
    let mut blocks = reader.blocks();
    let mut buffer = Vec::new();
    loop {
        match blocks.read_next_or_eof(buffer) {
            Ok(Some(block)) => {
                recorded
                    .left
                    .extend(block.channel(0).iter().map(|&s| shift(s)));
                recorded.right.extend(
                    block
                        .channel(block.channels().min(2) - 1)
                        .iter()
                        .map(|&s| shift(s)),
                );
                buffer = block.into_buffer();
            }
            Ok(None) => break,
            Err(_) => {
                recorded.cut = true;
                break;
            }
        }
    }
    recorded.cut |= info
        .samples
        .is_some_and(|total| (recorded.left.len() as u64) < total);
    Ok(recorded)
}

/// Writes again what can be played of a recording that was cut off, whole this time. The length in samples of a side.
pub fn repair(from: impl Read, to: impl Write + Seek) -> Result<u64, FlacError> {
    let recorded = read(from)?;
    let mut whole = Recording::new(to, recorded.rate)?;
    whole.push(&recorded.left, &recorded.right)?;
    whole.finish()?;
    Ok(recorded.left.len() as u64)
}

#[cfg(test)]
mod tests;
