//! Golden calls: what happened at which time, and what the machine made of it, as a person would jot it down.
//!
//! `# …` is a comment, `rules idle=5s speculate=off …` changes rules, `<ms> <fact>` is a fact, and the `> ` lines below a
//! fact are the commands that followed, in their order; `@<ms>` before one says that it came of a deadline on the way.

mod facts;
mod tokens;
mod wording;

use std::{fs, path::PathBuf};

use voiceos_core::{At, Command, Conversation, Input, Rules, replay::Step};

/// One file of `tests/calls`.
pub struct Story {
    pub path: PathBuf,
    pub rules: Rules,
    pub rows: Vec<Row>,
}

pub enum Row {
    /// A comment, the rules, an empty line.
    Prose(String),
    Fact {
        text: String,
        at: At,
        input: Input,
    },
    Expected(String),
}

/// A fact with what was written below it and what came of it.
pub struct Outcome<'a> {
    pub line: usize,
    pub fact: &'a str,
    pub expected: Vec<&'a str>,
    pub got: Vec<String>,
}

/// All golden calls, sorted by name.
pub fn stories() -> Vec<Story> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/calls"));
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("tests/calls is there")
        .map(|entry| entry.expect("tests/calls can be listed").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "call"))
        .collect();
    paths.sort();
    paths.into_iter().map(Story::read).collect()
}

impl Story {
    fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(&path).expect("a golden call can be read");
        Self::parse(path, &text).unwrap_or_else(|mistake| panic!("{mistake}"))
    }

    pub fn parse(path: PathBuf, text: &str) -> Result<Self, String> {
        let mut rules = Rules::default();
        let (mut rows, mut stops, mut last) = (vec![], 0, At::ZERO);
        for (index, line) in text.lines().enumerate() {
            let place = |mistake| format!("{}:{}: {mistake}", path.display(), index + 1);
            let row = if let Some(command) = line.strip_prefix("> ") {
                Row::Expected(command.to_owned())
            } else if let Some(changes) = line.strip_prefix("rules ") {
                rules = facts::rules(&rules, changes).map_err(place)?;
                Row::Prose(line.to_owned())
            } else if line.is_empty() || line.starts_with('#') {
                Row::Prose(line.to_owned())
            } else {
                let (at, input) = facts::fact(line, &mut stops).map_err(place)?;
                if at < last {
                    return Err(place("facts must come in the order of their times".into()));
                }
                last = at;
                let text = line.to_owned();
                Row::Fact { text, at, input }
            };
            rows.push(row);
        }
        Ok(Self { path, rules, rows })
    }

    pub fn name(&self) -> String {
        let name = self.path.file_stem().expect("a golden call has a name");
        name.to_string_lossy().into_owned()
    }

    pub fn facts(&self) -> impl Iterator<Item = (At, &Input)> {
        self.rows.iter().filter_map(|row| match row {
            Row::Fact { at, input, .. } => Some((*at, input)),
            _ => None,
        })
    }

    /// Plays the facts as the driver does, which wakes at each deadline.
    pub fn punctual(&self) -> Vec<Step> {
        let mut call = Conversation::new(self.rules.clone());
        let mut steps = vec![];
        for (at, input) in self.facts() {
            wake_until(&mut call, at, &mut steps);
            step(&mut call, at, input.clone(), &mut steps);
        }
        steps
    }

    /// Plays the facts alone, as if the machine were too busy to wake at any deadline.
    pub fn late(&self) -> Vec<Step> {
        let mut call = Conversation::new(self.rules.clone());
        let mut steps = vec![];
        for (at, input) in self.facts() {
            step(&mut call, at, input.clone(), &mut steps);
        }
        steps
    }

    pub fn outcomes(&self) -> Vec<Outcome<'_>> {
        let mut call = Conversation::new(self.rules.clone());
        let (mut outcomes, mut steps): (Vec<Outcome>, Vec<Step>) = (vec![], vec![]);
        for (index, row) in self.rows.iter().enumerate() {
            match row {
                Row::Prose(_) => {}
                Row::Expected(command) => {
                    let outcome = outcomes.last_mut().expect("a command follows a fact");
                    outcome.expected.push(command);
                }
                Row::Fact { text, at, input } => {
                    let first = steps.len();
                    wake_until(&mut call, *at, &mut steps);
                    let mut got = vec![];
                    for step in &steps[first..] {
                        let at = step.at.as_millis();
                        got.extend(worded(&step.commands).map(|c| format!("@{at} {c}")));
                    }
                    step(&mut call, *at, input.clone(), &mut steps);
                    let last = steps.last().expect("the fact itself is a step");
                    got.extend(worded(&last.commands));
                    outcomes.push(Outcome {
                        line: index + 1,
                        fact: text,
                        expected: vec![],
                        got,
                    });
                }
            }
        }
        outcomes
    }

    /// The file with the commands that really came.
    pub fn blessed(&self) -> String {
        let mut outcomes = self.outcomes().into_iter();
        let mut text = String::new();
        let mut line = |line: &str| {
            text.push_str(line);
            text.push('\n');
        };
        for row in &self.rows {
            match row {
                Row::Prose(prose) => line(prose),
                Row::Expected(_) => {}
                Row::Fact { text, .. } => {
                    line(text);
                    let outcome = outcomes.next().expect("each fact has an outcome");
                    for command in outcome.got {
                        line(&format!("> {command}"));
                    }
                }
            }
        }
        text
    }

    /// Every fact after which something else came than is written, as a diff with file and line.
    pub fn mismatches(&self) -> String {
        let path = self.path.display();
        let wrong = self
            .outcomes()
            .into_iter()
            .filter(|outcome| outcome.expected != outcome.got);
        wrong
            .map(|outcome| {
                let (line, fact) = (outcome.line, outcome.fact);
                format!("{path}:{line}: {fact}\n{}", outcome.difference())
            })
            .collect()
    }
}

impl Outcome<'_> {
    fn difference(&self) -> String {
        let (old, new) = (&self.expected, &self.got);
        let same = old.iter().zip(new).take_while(|(a, b)| a == b).count();
        let rest = old[same..].iter().rev().zip(new[same..].iter().rev());
        let tail = rest.take_while(|(a, b)| *a == b).count();
        let mut lines: Vec<String> = vec![];
        lines.extend(old[..same].iter().map(|c| format!("    > {c}\n")));
        let gone = &old[same..old.len() - tail];
        lines.extend(gone.iter().map(|c| format!("  - > {c}\n")));
        let come = &new[same..new.len() - tail];
        lines.extend(come.iter().map(|c| format!("  + > {c}\n")));
        let kept = &old[old.len() - tail..];
        lines.extend(kept.iter().map(|c| format!("    > {c}\n")));
        lines.concat()
    }
}

fn worded(commands: &[Command]) -> impl Iterator<Item = String> + '_ {
    commands.iter().map(wording::command)
}

fn wake_until(call: &mut Conversation, until: At, steps: &mut Vec<Step>) {
    let first = steps.len();
    while let Some(deadline) = call.deadline().filter(|deadline| *deadline <= until) {
        assert!(steps.len() < first + 1000, "no progress at {deadline:?}");
        let now = steps.last().map_or(deadline, |last| last.at.max(deadline));
        step(call, now, Input::Wake, steps);
    }
}

fn step(call: &mut Conversation, at: At, input: Input, steps: &mut Vec<Step>) {
    let mut commands = vec![];
    call.handle(at, input.clone(), &mut commands);
    steps.push(Step {
        at,
        input,
        commands,
    });
}
