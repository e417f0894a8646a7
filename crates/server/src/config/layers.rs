//! Gathering the layers: which value of each setting holds, and where it comes from.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use toml::{Table, Value};

/// The built-in layer: the manual of all settings.
const DEFAULT: &str = include_str!("../config.default.toml");

/// Settings that have a short name in the environment too.
const SHORT: &[(&str, &str)] = &[
    ("VOICEOS_LANGUAGE_MODEL", "local.language_model"),
    ("VOICEOS_VOICE", "local.voice"),
    ("VOICEOS_LOG", "log.level"),
];

/// Settings whose value is never shown.
const SECRET: &[&str] = &["api_key"];

/// What a configuration is read from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The process's environment, or a test's.
    pub environment: BTreeMap<String, String>,
    /// Settings from the command line: dotted key and value.
    pub flags: Vec<(&'static str, String)>,
    /// The file from `--config`.
    pub file: Option<PathBuf>,
}

impl Sources {
    /// The environment of this process, nothing else.
    pub fn of_this_process() -> Self {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self {
            environment,
            ..Self::default()
        }
    }

    fn set(&self, name: &str) -> Option<&str> {
        self.environment
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    fn in_home(&self, variable: &str, otherwise: &str) -> PathBuf {
        let home = || PathBuf::from(self.set("HOME").unwrap_or("."));
        self.set(variable)
            .map_or_else(|| home().join(otherwise), PathBuf::from)
    }

    pub(super) fn data_dir(&self) -> PathBuf {
        self.in_home("XDG_DATA_HOME", ".local/share")
            .join("voiceos")
    }

    pub(super) fn models_dir(&self) -> PathBuf {
        self.in_home("XDG_CACHE_HOME", ".cache")
            .join("voiceos")
            .join("models")
    }

    /// The file to read, and whether it was asked for by name.
    fn config_file(&self) -> (PathBuf, bool) {
        let named = self
            .file
            .clone()
            .or_else(|| self.set("VOICEOS_CONFIG").map(PathBuf::from));
        match named {
            Some(path) => (path, true),
            None => (
                self.in_home("XDG_CONFIG_HOME", ".config")
                    .join("voiceos")
                    .join("voiceos.toml"),
                false,
            ),
        }
    }
}

/// Where records are kept when nothing else is said.
pub fn standard_data_dir() -> PathBuf {
    Sources::of_this_process().data_dir()
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Default,
    File(PathBuf),
    Environment(String),
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => f.write_str(name),
            Self::Flag(key) => write!(
                f,
                "--{}",
                key.rsplit('.').next().unwrap_or(key).replace('_', "-")
            ),
        }
    }
}

/// One setting as it holds.
#[derive(Clone, PartialEq)]
pub struct Setting {
    /// Dotted, as in `turns.silence`.
    pub key: String,
    pub(super) value: Value,
    pub origin: Origin,
}

impl Setting {
    /// The value as a line of TOML, secrets as `…`.
    pub fn shown(&self) -> String {
        let is_set = self.value.as_str().is_none_or(|text| !text.is_empty());
        if SECRET.contains(&self.key.as_str()) && is_set {
            "…".to_owned()
        } else {
            self.value.to_string()
        }
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} ({})", self.key, self.shown(), self.origin)
    }
}

/// Everything that is wrong with a configuration, each with what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Mistakes(pub Vec<String>);

pub(super) struct Layered {
    /// In the order of the default file.
    pub(super) settings: Vec<Setting>,
    pub(super) mistakes: Vec<String>,
}

pub(super) fn gather(sources: &Sources) -> Layered {
    let default: Table = toml::from_str(DEFAULT).expect("the built-in file is TOML");
    let mut settings = Vec::new();
    flatten("", &default, &mut |key, value| {
        settings.push(Setting {
            key: key.to_owned(),
            value: value.clone(),
            origin: Origin::Default,
        });
    });
    let mut layered = Layered {
        settings,
        mistakes: Vec::new(),
    };
    let (path, named) = sources.config_file();
    match std::fs::read_to_string(&path) {
        Ok(text) => layered.add_file(&path, &text),
        Err(_) if !named => {}
        Err(cause) => layered.mistakes.push(format!(
            "the file {} cannot be read ({cause}): correct --config or VOICEOS_CONFIG, or leave it out",
            path.display()
        )),
    }
    layered.add_environment(sources);
    for (key, value) in &sources.flags {
        layered.put(key, Value::String(value.clone()), Origin::Flag(key));
    }
    layered
}

fn flatten(prefix: &str, table: &Table, each: &mut impl FnMut(&str, &Value)) {
    for (name, value) in table {
        let key = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        match value {
            Value::Table(inner) => flatten(&key, inner, each),
            value => each(&key, value),
        }
    }
}

impl Layered {
    fn put(&mut self, key: &str, value: Value, origin: Origin) -> bool {
        let Some(setting) = self.settings.iter_mut().find(|setting| setting.key == key) else {
            return false;
        };
        setting.value = value;
        setting.origin = origin;
        true
    }

    fn add_file(&mut self, path: &Path, text: &str) {
        let table: Table = match toml::from_str(text) {
            Ok(table) => table,
            Err(error) => {
                self.mistakes
                    .push(format!("{} is not TOML: {error}", path.display()));
                return;
            }
        };
        flatten("", &table, &mut |key, value| {
            if !self.put(key, value.clone(), Origin::File(path.to_owned())) {
                let hint = self
                    .nearest(key)
                    .map(|near| format!(": did you mean `{near}`?"))
                    .unwrap_or_default();
                self.mistakes.push(format!(
                    "{}: there is no setting `{key}`{hint}",
                    path.display()
                ));
            }
        });
    }

    fn add_environment(&mut self, sources: &Sources) {
        let keys: Vec<String> = self
            .settings
            .iter()
            .map(|setting| setting.key.clone())
            .collect();
        for key in keys {
            let long = format!("VOICEOS_{}", key.replace('.', "_").to_uppercase());
            let short = SHORT
                .iter()
                .find(|(_, of)| *of == key)
                .map(|(name, _)| (*name).to_owned());
            for name in [Some(long), short].into_iter().flatten() {
                if let Some(value) = sources.set(&name) {
                    self.put(
                        &key,
                        Value::String(value.to_owned()),
                        Origin::Environment(name),
                    );
                }
            }
        }
    }

    /// The setting that was probably meant.
    fn nearest(&self, key: &str) -> Option<&str> {
        let last = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
        let far = |setting: &&Setting| {
            distance(&last(&setting.key), &last(key)).min(distance(&setting.key, key))
        };
        let near = self.settings.iter().min_by_key(far)?;
        (far(&near) <= 3).then_some(near.key.as_str())
    }
}

/// Letters to change, add or leave out to make one of the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
