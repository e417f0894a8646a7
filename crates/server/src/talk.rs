//! `voiceos talk`: a telephone in a terminal. Decides who speaks (a script, a file, a microphone), places the call through
//! the public API and shows it; it knows nothing of the server that another client could not know.

mod api;
pub mod caller;
pub mod client;
pub mod playout;
#[cfg(feature = "microphone")]
mod sound;
pub mod speech;
mod view;

use std::{
    io::{BufWriter, IsTerminal},
    path::{Path, PathBuf},
    time::Duration,
};

pub use api::{Api, Card, WebCall};
use caller::{Caller, PATIENCE, Script, Step};
use clap::ValueEnum;
use client::{Format, Heard, Report};
use voiceos_audio::{resample, wav};
use voiceos_carriers::web::Encoding;

use crate::config::standard_data_dir;

/// Takes 20 ms of the agent at the call's rate, every 20 ms.
pub type Loudspeaker = Box<dyn FnMut(&[i16]) + Send>;

/// Talk with an agent: with your own voice, with typed sentences or with a WAV file.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The server. Default: the address in VOICEOS_LISTEN, or http://127.0.0.1:8080.
    #[arg(long)]
    pub url: Option<String>,
    #[arg(long, env = "VOICEOS_LISTEN", hide = true)]
    pub listen: Option<String>,
    /// An API key. Default: the first key, which the server leaves in its data directory.
    #[arg(long, env = "VOICEOS_API_KEY", hide_env_values = true)]
    pub key: Option<String>,
    /// The server's data directory, where the first key lies.
    #[arg(long, env = "VOICEOS_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// The models directory, for the voice of --say.
    #[arg(long, env = "VOICEOS_MODELS_DIR")]
    pub models_dir: Option<PathBuf>,
    /// Id or name of the agent. Default: the server's first.
    #[arg(long)]
    pub agent: Option<String>,
    /// A sentence for the caller to say; repeat it for further turns. Each waits for the answer to the one before.
    #[arg(long, value_name = "TEXT", conflicts_with = "wav")]
    pub say: Vec<String>,
    /// A WAV file to play once, from the moment the call begins.
    #[arg(long, value_name = "FILE")]
    pub wav: Option<PathBuf>,
    /// Keep the call as a stereo WAV file: caller left, agent right.
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// How audio travels.
    #[arg(long, value_enum, default_value = "pcm16")]
    pub codec: Codec,
    /// Samples per second of pcm16: 8000, 16000, 24000 or 48000.
    #[arg(long, default_value_t = 16000, value_parser = rate)]
    pub rate: u32,
    /// Print every message as a line of JSON.
    #[arg(long)]
    pub json: bool,
    /// Hang up after this many seconds at the latest.
    #[arg(long, default_value_t = 300)]
    pub timeout: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Codec {
    Pcm16,
    /// As on a telephone line: 8000 Hz, 8 bit.
    Mulaw,
}

fn rate(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(rate @ (8000 | 16000 | 24000 | 48000)) => Ok(rate),
        _ => Err("one of 8000, 16000, 24000, 48000".to_owned()),
    }
}

/// Why there was no call, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum TalkError {
    #[error("no server answers at {url}; start it with `make run` or name another with --url")]
    NotRunning { url: String, cause: reqwest::Error },
    #[error("what answers at {url} is no VoiceOS server; name another with --url")]
    NotVoiceos {
        url: String,
        cause: serde_json::Error,
    },
    #[error("no API key; give one with --key or VOICEOS_API_KEY, or --data-dir of the server ({} cannot be read)", path.display())]
    NoKey { path: PathBuf },
    #[error("{url} does not accept this API key; see --key, VOICEOS_API_KEY and --data-dir")]
    WrongKey { url: String },
    #[error("the server has no agent yet; create one with POST /agents")]
    NoAgents,
    #[error("no agent is called {wanted}; there is: {known}")]
    NoSuchAgent { wanted: String, known: String },
    #[error("the server refused ({status}): {told}")]
    Refused { status: u16, told: String },
    #[error("the call's socket cannot be opened; is the server still running?")]
    Socket(#[source] Box<tokio_tungstenite::tungstenite::Error>),
    #[error("the server did not begin the call within 10 s; its log says why")]
    NotReady,
    #[error("the server declined the call: {}", told.as_deref().unwrap_or("it gave no reason"))]
    Declined { told: Option<String> },
    #[error("{} cannot be read as a WAV file", path.display())]
    Wav {
        path: PathBuf,
        source: wav::WavError,
    },
    #[error("{} cannot be written", path.display())]
    Save {
        path: PathBuf,
        source: wav::WavError,
    },
    #[error("no microphone and loudspeaker here ({told}); use --say \"…\" or --wav FILE")]
    NoMicrophone { told: String },
    #[error("--say has no voice: {told}")]
    NoVoice { told: String },
}

impl Args {
    fn format(&self) -> Format {
        match self.codec {
            Codec::Pcm16 => Format {
                encoding: Encoding::Pcm16,
                rate: self.rate,
            },
            Codec::Mulaw => Format::TELEPHONE,
        }
    }

    /// Where the server is. A server that listens on every address is reached on the loopback one.
    fn server(&self) -> String {
        let listen = || {
            self.listen
                .as_deref()
                .unwrap_or("127.0.0.1:8080")
                .replace("0.0.0.0", "127.0.0.1")
        };
        self.url
            .clone()
            .unwrap_or_else(|| format!("http://{}", listen().replace("[::]", "[::1]")))
    }

    fn key(&self) -> Result<String, TalkError> {
        if let Some(key) = &self.key {
            return Ok(key.trim().to_owned());
        }
        let path = self
            .data_dir
            .clone()
            .unwrap_or_else(standard_data_dir)
            .join("api-key");
        let key = std::fs::read_to_string(&path).map_err(|_| TalkError::NoKey { path })?;
        Ok(key.trim().to_owned())
    }

    async fn caller(&self, rate: u32) -> Result<(Box<dyn Caller>, Loudspeaker), TalkError> {
        if self.say.is_empty() && self.wav.is_none() {
            return live(rate);
        }
        Ok((Box::new(self.script(rate).await?), Box::new(|_| {})))
    }

    /// The script of --say or --wav.
    async fn script(&self, rate: u32) -> Result<Script, TalkError> {
        if let Some(path) = &self.wav {
            let samples = read_wav(path, rate)?;
            return Ok(Script::new(
                rate,
                [Step::Say(samples), Step::UntilAgentDone(PATIENCE)],
            ));
        }
        let dir = self
            .models_dir
            .clone()
            .unwrap_or_else(speech::usual_models_dir);
        let voice = tokio::task::spawn_blocking(move || speech::local_voice(&dir)).await;
        let voice = voice.map_err(|cause| TalkError::NoVoice {
            told: cause.to_string(),
        })??;
        let mut lines = Vec::new();
        for text in &self.say {
            lines.push(speech::say(voice.as_ref(), text, rate).await?);
        }
        Ok(Script::conversation(rate, lines))
    }
}

/// A WAV file's channels as one, at `rate`.
pub fn read_wav(path: &Path, rate: u32) -> Result<Vec<i16>, TalkError> {
    let wav = wav::open(path).map_err(|source| TalkError::Wav {
        path: path.to_owned(),
        source,
    })?;
    Ok(resample::resample(&wav.mono(), wav.rate, rate))
}

/// Places the call and shows it. Returns when it is over.
pub async fn run(args: Args) -> Result<(), TalkError> {
    let format = args.format();
    let api = Api::new(&args.server(), &args.key()?);
    let agent = api.agent(args.agent.as_deref()).await?;
    // The voice is loaded first, so that nobody waits on the line for it.
    let (mut caller, mut loudspeaker) = args.caller(format.rate).await?;
    let mut view = view::View::new(
        args.json,
        std::io::stdout().is_terminal(),
        std::io::stderr().is_terminal(),
        format.rate,
    );
    view.calling(agent.called(), &args.server());
    let web_call = api.create_web_call(&agent.id).await?;
    let socket = client::join(&web_call.url).await?;
    let mut saved = args
        .save
        .as_deref()
        .map(|path| Saved::new(path, format.rate))
        .transpose()?;
    let mut save_failed = None;
    let mut listener = |heard: Heard<'_>| {
        if let Heard::Frame { sent, played, .. } = heard {
            loudspeaker(played);
            if let Some(error) = saved
                .as_mut()
                .and_then(|saved| saved.push(sent, played).err())
            {
                (saved, save_failed) = (None, Some(error));
            }
        }
        view.hear(&heard);
    };
    let limit = Duration::from_secs(args.timeout);
    let report = client::call(socket, format, caller.as_mut(), limit, &mut listener).await?;
    finish(&mut view, &api, &report, &args);
    match saved {
        Some(saved) => saved.finish(),
        None => save_failed.map_or(Ok(()), Err),
    }
}

fn finish(view: &mut view::View, api: &Api, report: &Report, args: &Args) {
    view.over(
        report,
        &api.recording_url(&report.conversation_id),
        args.save.as_deref(),
    );
}

#[cfg(feature = "microphone")]
fn live(rate: u32) -> Result<(Box<dyn Caller>, Loudspeaker), TalkError> {
    let (microphone, loudspeaker) = sound::open(rate)?;
    Ok((Box::new(microphone), loudspeaker))
}

#[cfg(not(feature = "microphone"))]
fn live(_rate: u32) -> Result<(Box<dyn Caller>, Loudspeaker), TalkError> {
    Err(TalkError::NoMicrophone {
        told: "this program was built without the `microphone` feature".to_owned(),
    })
}

/// The file of --save. Grows with the call, so that a call that breaks leaves what there was.
struct Saved {
    path: PathBuf,
    file: wav::Writer<BufWriter<std::fs::File>>,
}

impl Saved {
    fn new(path: &Path, rate: u32) -> Result<Self, TalkError> {
        let file = std::fs::File::create(path).map_err(wav::WavError::from);
        let file = file.and_then(|file| wav::Writer::stereo(BufWriter::new(file), rate));
        let file = file.map_err(|source| TalkError::Save {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    fn push(&mut self, caller: &[i16], agent: &[i16]) -> Result<(), TalkError> {
        self.file
            .push(caller, agent)
            .map_err(|source| TalkError::Save {
                path: self.path.clone(),
                source,
            })
    }

    fn finish(self) -> Result<(), TalkError> {
        self.file.finish().map_err(|source| TalkError::Save {
            path: self.path,
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        talk: Args,
    }

    fn args(line: &str) -> Args {
        Cli::try_parse_from(std::iter::once("talk").chain(line.split_whitespace()))
            .unwrap()
            .talk
    }

    #[test]
    fn the_server_is_where_it_listens_unless_told_otherwise() {
        assert_eq!(
            args("--listen 0.0.0.0:9000").server(),
            "http://127.0.0.1:9000"
        );
        assert_eq!(
            args("--listen 127.0.0.1:9000 --url http://far:1").server(),
            "http://far:1"
        );
    }

    #[test]
    fn mulaw_is_always_8000() {
        assert_eq!(
            args("--codec mulaw --rate 48000").format(),
            Format::TELEPHONE
        );
        assert!(Cli::try_parse_from(["talk", "--rate", "11025"]).is_err());
    }

    #[test]
    fn a_key_is_read_from_the_data_directory() {
        let dir = std::env::temp_dir().join(format!("voiceos-talk-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("api-key"), "secret\n").unwrap();
        let mut here = args("--key given");
        assert_eq!(here.key().unwrap(), "given");
        (here.key, here.data_dir) = (None, Some(dir.clone()));
        assert_eq!(here.key().unwrap(), "secret");
        std::fs::remove_dir_all(&dir).unwrap();
        let told = here.key().unwrap_err().to_string();
        assert!(told.contains("--key") && told.contains("api-key"), "{told}");
    }

    #[test]
    fn a_file_that_is_no_wav_is_named() {
        let told = read_wav(Path::new("/no/such.wav"), 16000)
            .unwrap_err()
            .to_string();
        assert!(told.contains("/no/such.wav"), "{told}");
    }

    #[tokio::test]
    async fn a_server_that_is_not_running_is_told_how_to_start() {
        let told = Api::new("http://127.0.0.1:1", "key")
            .agent(None)
            .await
            .unwrap_err()
            .to_string();
        assert!(told.contains("make run"), "{told}");
    }
}
