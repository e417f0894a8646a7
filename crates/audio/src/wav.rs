//! WAV files: any PCM file in, 16 bit mono or stereo out. For people and tests; calls are kept as FLAC.

use std::{
    io::{Read, Seek, Write},
    path::Path,
};

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

#[derive(Debug, thiserror::Error)]
#[error("not a PCM WAV file that can be read or written")]
pub struct WavError(#[from] hound::Error);

impl From<std::io::Error> for WavError {
    fn from(cause: std::io::Error) -> Self {
        Self(cause.into())
    }
}

/// What a WAV file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wav {
    /// Hz.
    pub rate: u32,
    /// One list of samples for each channel, all of one length.
    pub channels: Vec<Vec<i16>>,
}

impl Wav {
    /// All channels as one, averaged.
    pub fn mono(&self) -> Vec<i16> {
        match self.channels.as_slice() {
            [] => Vec::new(),
            [only] => only.clone(),
            [first, ..] => (0..first.len())
                .map(|n| {
                    (self.channels.iter().map(|c| c[n] as i32).sum::<i32>()
                        / self.channels.len() as i32) as i16
                })
                .collect(),
        }
    }
}

/// Reads integer PCM of 8 to 32 bit or 32-bit floats, any number of channels, any rate.
pub fn read(from: impl Read) -> Result<Wav, WavError> {
    let mut reader = WavReader::new(from)?;
    let spec = reader.spec();
    let interleaved: Vec<i16> = match spec.sample_format {
        SampleFormat::Float => {
            let samples = reader.samples::<f32>();
            samples
                .map(|s| s.map(|s| (s * 32768.0).clamp(-32768.0, 32767.0) as i16))
                .collect::<Result<_, _>>()?
        }
        SampleFormat::Int => {
            let bits = spec.bits_per_sample as u32;
            let to16 = |s: i32| if bits > 16 { s >> (bits - 16) } else { s << (16 - bits) } as i16;
            reader
                .samples::<i32>()
                .map(|s| s.map(to16))
                .collect::<Result<_, _>>()?
        }
    };
    let count = spec.channels.max(1) as usize;
    let channels = (0..count)
        .map(|c| {
            interleaved
                .chunks_exact(count)
                .map(|frame| frame[c])
                .collect()
        })
        .collect();
    Ok(Wav {
        rate: spec.sample_rate,
        channels,
    })
}

pub fn open(path: impl AsRef<Path>) -> Result<Wav, WavError> {
    read(std::io::BufReader::new(std::fs::File::open(path)?))
}

/// A WAV file that grows. Complete after [`Writer::finish`]; readable up to the last [`Writer::push`] even without it.
pub struct Writer<W: Write + Seek> {
    inner: WavWriter<W>,
    stereo: bool,
    unflushed: usize,
    rate: u32,
}

impl<W: Write + Seek> Writer<W> {
    pub fn mono(to: W, rate: u32) -> Result<Self, WavError> {
        Self::new(to, rate, false)
    }

    pub fn stereo(to: W, rate: u32) -> Result<Self, WavError> {
        Self::new(to, rate, true)
    }

    fn new(to: W, rate: u32, stereo: bool) -> Result<Self, WavError> {
        let channels = 1 + stereo as u16;
        let spec = WavSpec {
            channels,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        Ok(Self {
            inner: WavWriter::new(to, spec)?,
            stereo,
            unflushed: 0,
            rate,
        })
    }

    /// For a mono file `right` is mixed into `left`; of a stereo file's sides the shorter is filled with silence.
    pub fn push(&mut self, left: &[i16], right: &[i16]) -> Result<(), WavError> {
        for n in 0..left.len().max(right.len()) {
            let (l, r) = (
                left.get(n).copied().unwrap_or(0),
                right.get(n).copied().unwrap_or(0),
            );
            if self.stereo {
                self.inner.write_sample(l)?;
                self.inner.write_sample(r)?;
            } else {
                self.inner.write_sample(l.saturating_add(r))?;
            }
            self.unflushed += 1;
        }
        // The header says how long the file is: once a second is enough for one that is cut off.
        if self.unflushed >= self.rate as usize {
            self.inner.flush()?;
            self.unflushed = 0;
        }
        Ok(())
    }

    pub fn finish(self) -> Result<(), WavError> {
        Ok(self.inner.finalize()?)
    }
}

/// Writes a whole mono file.
pub fn write(to: impl Write + Seek, rate: u32, samples: &[i16]) -> Result<(), WavError> {
    let mut writer = Writer::mono(to, rate)?;
    writer.push(samples, &[])?;
    writer.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn stereo_comes_back_as_written(left: Vec<i16>, rate in 8000u32..48000) {
            let right: Vec<i16> = left.iter().rev().copied().collect();
            let mut file = Cursor::new(Vec::new());
            let mut writer = Writer::stereo(&mut file, rate).unwrap();
            writer.push(&left, &right).unwrap();
            writer.finish().unwrap();
            let got = read(Cursor::new(file.into_inner())).unwrap();
            prop_assert_eq!(got, Wav { rate, channels: vec![left, right] });
        }
    }

    #[test]
    fn two_channels_become_their_mean() {
        let wav = Wav {
            rate: 8000,
            channels: vec![vec![32767, 100], vec![32767, -100]],
        };
        assert_eq!(wav.mono(), [32767, 0]);
    }

    #[test]
    fn floats_and_wide_integers_become_16_bit() {
        for (bits, format) in [
            (32, SampleFormat::Float),
            (24, SampleFormat::Int),
            (32, SampleFormat::Int),
            (8, SampleFormat::Int),
        ] {
            let mut file = Cursor::new(Vec::new());
            let spec = WavSpec {
                channels: 1,
                sample_rate: 22050,
                bits_per_sample: bits,
                sample_format: format,
            };
            let mut writer = WavWriter::new(&mut file, spec).unwrap();
            match format {
                SampleFormat::Float => writer.write_sample(0.5f32).unwrap(),
                SampleFormat::Int => writer.write_sample(1i32 << (bits - 2)).unwrap(),
            }
            writer.finalize().unwrap();
            assert_eq!(
                read(Cursor::new(file.into_inner())).unwrap().channels,
                [[16384]]
            );
        }
    }

    #[test]
    fn something_else_is_refused() {
        assert!(read(&b"ID3\x04 no wav at all"[..]).is_err());
    }
}
