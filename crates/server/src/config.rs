//! What may be set, where it comes from, and whether it makes sense.
//!
//! Layers, the later ones win: `config.default.toml` (built in), a file, the environment, command-line flags. All mistakes
//! are told at once, before anything listens. This is the only place that reads the environment.

mod layers;
mod reader;

use std::{fmt, net::SocketAddr, path::PathBuf, time::Duration};

pub use layers::{Mistakes, Origin, Setting, Sources, standard_data_dir};
use reader::Reader;
use voiceos_core::Rules;

/// Text that never shows itself in a log or an error.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself; only for those who need it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub listen: SocketAddr,
    /// Without a slash at the end.
    pub public_url: Option<String>,
    pub data_dir: PathBuf,
    pub models_dir: PathBuf,
    pub engines: EngineKind,
    pub api_key: Option<Secret>,
    /// Make an agent to talk with if there is none.
    pub demo: bool,
    pub local: Local,
    /// What the scripted language model says.
    pub scripted_answers: Vec<String>,
    /// Turn-taking for every call; an agent's own words and limits are put in for each.
    pub turns: Rules,
    pub limits: Limits,
    /// Let whoever opens the page on this machine talk without a key.
    pub page_open: bool,
    pub log: Log,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    Local,
    Scripted,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    pub language_model: LocalModel,
    pub voice: LocalVoice,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalModel {
    Fast,
    Right,
    /// A GGUF file of the user's own.
    File(PathBuf),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalVoice {
    Joe,
    Kokoro,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Calls at a time, those not joined yet included.
    pub conversations: usize,
    pub pending_call: Duration,
    /// Bytes of a request's body.
    pub body: usize,
    pub request: Duration,
    /// Of one key; 0: no limit.
    pub requests_per_minute: u32,
    pub farewell: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// A filter as `tracing_subscriber::EnvFilter` reads it.
    pub level: String,
    pub json: bool,
}

/// A configuration and where each of its settings comes from.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub config: Config,
    pub settings: Vec<Setting>,
}

impl Config {
    /// Reads all layers.
    pub fn load(sources: &Sources) -> Result<Loaded, Mistakes> {
        let layered = layers::gather(sources);
        let mut reader = Reader::new(&layered);
        let config = Self::read(&mut reader, sources);
        let mut mistakes = layered.mistakes.clone();
        mistakes.extend(reader.into_mistakes());
        match config {
            Some(config) if mistakes.is_empty() => Ok(Loaded {
                config,
                settings: layered.settings,
            }),
            _ => Err(Mistakes(mistakes)),
        }
    }

    fn read(reader: &mut Reader<'_>, sources: &Sources) -> Option<Self> {
        // Each line reads its setting and notes what is wrong with it; only then is it decided whether all are there.
        let listen = reader.address("listen");
        let public_url = reader.url("public_url");
        let data_dir = reader.path("data_dir", || sources.data_dir());
        let models_dir = reader.path("models_dir", || sources.models_dir());
        let engines = reader.word(
            "engines",
            &[
                ("local", EngineKind::Local),
                ("scripted", EngineKind::Scripted),
            ],
        );
        let api_key = reader.key("api_key");
        let demo = reader.truth("demo");
        let local = Local {
            language_model: reader.language_model("local.language_model"),
            voice: reader
                .word(
                    "local.voice",
                    &[("joe", LocalVoice::Joe), ("kokoro", LocalVoice::Kokoro)],
                )
                .unwrap_or(LocalVoice::Joe),
        };
        let scripted_answers = reader.texts("scripted.answers");
        let turns = read_turns(reader);
        let limits = Limits {
            conversations: reader.whole("limits.conversations", 1..=100_000) as usize,
            pending_call: reader.duration("limits.pending_call"),
            body: reader.whole("limits.body", 1024..=1 << 30) as usize,
            request: reader.duration("limits.request"),
            requests_per_minute: reader.whole("limits.requests_per_minute", 0..=10_000_000) as u32,
            farewell: reader.duration("limits.farewell"),
        };
        let page_open = reader.truth("page.open");
        let level = reader.log_level("log.level");
        let json = reader
            .word("log.format", &[("text", false), ("json", true)])
            .unwrap_or(false);
        Some(Self {
            listen: listen?,
            public_url,
            data_dir,
            models_dir,
            engines: engines?,
            api_key,
            demo,
            local,
            scripted_answers,
            turns,
            limits,
            page_open,
            log: Log { level, json },
        })
    }

    /// Turn-taking for every call, before the agent's own words are put in.
    pub fn rules(&self) -> Rules {
        self.turns.clone()
    }

    /// When the speech gate opens and closes.
    pub fn gate(&self) -> voiceos_audio::GateRules {
        voiceos_audio::GateRules::default()
    }

    /// Where calls keep their files.
    pub fn places(&self) -> crate::call::Places {
        crate::call::Places {
            recordings: self.recordings_dir(),
            calls: self.calls_dir(),
        }
    }

    /// Where recordings lie: `<conversation id>.flac` each.
    pub fn recordings_dir(&self) -> PathBuf {
        self.data_dir.join("recordings")
    }

    /// Where the call logs for `voiceos replay` lie: `<conversation id>.call` each.
    pub fn calls_dir(&self) -> PathBuf {
        self.data_dir.join("calls")
    }
}

fn read_turns(reader: &mut Reader<'_>) -> Rules {
    Rules {
        silence: reader.duration("turns.silence"),
        likely_silence: reader.duration("turns.likely_silence"),
        unjudged_silence: reader.duration("turns.unjudged_silence"),
        long_silence: reader.duration("turns.long_silence"),
        sure: reader.whole("turns.sure", 0..=100) as u8,
        likely: reader.whole("turns.likely", 0..=100) as u8,
        speculate: reader.truth("turns.speculate"),
        barge_in_words: reader.whole("turns.barge_in_words", 1..=100) as u32,
        noise: reader.duration("turns.noise"),
        transcriber_stall: reader.duration("turns.transcriber_stall"),
        model_stall: reader.duration("turns.model_stall"),
        voice_stall: reader.duration("turns.voice_stall"),
        tool_stall: reader.duration("turns.tool_stall"),
        leg_stall: reader.duration("turns.leg_stall"),
        idle: reader.duration("turns.idle"),
        idle_prompts: reader.texts("turns.idle_prompts"),
        idle_goodbye: reader.optional_text("turns.idle_goodbye"),
        goodbye: reader.duration("turns.goodbye"),
        fault_message: reader.optional_text("turns.fault_message"),
        max_faults: reader.whole("turns.max_faults", 1..=100) as u32,
        // These three are the agent's to say.
        ..Rules::default()
    }
}

#[cfg(test)]
mod tests;
