//! Calls of several turns with the demo agent: says the lines, and finds in what was heard which part belongs to which
//! turn. What the times mean is left to `bench`.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result};
use voiceos::talk::{
    caller::{Act, Agent, Caller, PATIENCE, Script, Step},
    client::{Format, Heard, Report},
};
use voiceos_api::{ConversationResponse, Role, TurnTimings};
use voiceos_audio::Frame;
use voiceos_carriers::web::ServerMessage;

use crate::stack::Stack;

/// For the agent to begin its greeting.
const GREETING: Duration = Duration::from_secs(5);

/// What the caller says in one turn.
#[derive(Clone, Debug, Default)]
pub struct Line {
    pub text: String,
    /// At the call's rate; between two of them the caller pauses in mid-sentence.
    pub parts: Vec<Vec<i16>>,
    pub pause: Duration,
}

/// From when to when, since the call was ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub from: Duration,
    pub to: Duration,
}

/// One line as it was said and what came of it.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub text: String,
    /// When each of its parts was said.
    pub said: Vec<Stretch>,
    /// When the next line was begun, or the call ended.
    pub until: Duration,
    /// What the server told about the turn, if it was answered.
    pub timings: Option<TurnTimings>,
    /// The stored messages of the caller, joined.
    pub understood: String,
    /// The stored messages of the agent, joined.
    pub answer: String,
}

/// A call that is over.
pub struct Held {
    pub report: Report,
    pub conversation: ConversationResponse,
    pub exchanges: Vec<Exchange>,
}

/// Hears the greeting, says each line and hears the answer out.
pub async fn hold(stack: &Stack, format: Format, lines: &[Line]) -> Result<Held> {
    let mut caller = Watched::new(format.rate, lines);
    let mut told = Told::default();
    let report = stack
        .call(format, &mut caller, &mut |heard| told.hear(&heard))
        .await?;
    let conversation = stack.conversation(&report.conversation_id).await?;
    let exchanges = told.exchanges(lines, caller.said, &report, &conversation)?;
    Ok(Held {
        report,
        conversation,
        exchanges,
    })
}

fn steps(lines: &[Line]) -> Vec<Step> {
    let mut steps = vec![Step::UntilAgentDone(GREETING)];
    for line in lines {
        for (n, part) in line.parts.iter().enumerate() {
            if n > 0 {
                steps.push(Step::Wait(line.pause));
            }
            steps.push(Step::Say(part.clone()));
        }
        steps.push(Step::UntilAgentDone(PATIENCE));
    }
    steps
}

/// A script that remembers when it spoke.
struct Watched {
    script: Script,
    now: Duration,
    speaking: bool,
    said: Vec<Stretch>,
}

impl Watched {
    fn new(rate: u32, lines: &[Line]) -> Self {
        let script = Script::new(rate, steps(lines));
        Self {
            script,
            now: Duration::ZERO,
            speaking: false,
            said: Vec::new(),
        }
    }
}

impl Caller for Watched {
    fn act(&mut self, agent: &Agent) -> Act {
        let act = self.script.act(agent);
        let speaks = matches!(act, Act::Speak(_));
        let from = self.now;
        self.now += Frame::LASTS;
        match self.said.last_mut() {
            Some(last) if speaks && self.speaking => last.to = self.now,
            _ if speaks => self.said.push(Stretch { from, to: self.now }),
            _ => {}
        }
        self.speaking = speaks;
        act
    }
}

/// What the server said, and when.
#[derive(Default)]
struct Told {
    turns: Vec<(Duration, TurnTimings)>,
    /// When each line of the conversation was first heard of.
    lines: BTreeMap<u32, Duration>,
}

impl Told {
    fn hear(&mut self, heard: &Heard<'_>) {
        let Heard::Told { message, at } = heard else {
            return;
        };
        match message {
            ServerMessage::Turn { timings, .. } => self.turns.push((*at, *timings)),
            ServerMessage::Transcript { line, .. } => {
                self.lines.entry(*line).or_insert(*at);
            }
            _ => {}
        }
    }

    fn exchanges(
        &self,
        lines: &[Line],
        said: Vec<Stretch>,
        report: &Report,
        stored: &ConversationResponse,
    ) -> Result<Vec<Exchange>> {
        let mut said = said.into_iter();
        let mut found: Vec<Exchange> = Vec::new();
        for line in lines {
            let said: Vec<Stretch> = said.by_ref().take(line.parts.len()).collect();
            let begun = said.first().map(|stretch| stretch.from);
            let told = || report.errors.join("; ");
            let begun = begun
                .with_context(|| format!("the call ended before “{}” {}", line.text, told()))?;
            if let Some(last) = found.last_mut() {
                last.until = begun;
            }
            let end =
                Frame::LASTS * u32::try_from(report.caller.len() / Frame::len_at(report.rate))?;
            found.push(Exchange {
                text: line.text.clone(),
                said,
                until: end + GREETING,
                timings: None,
                understood: String::new(),
                answer: String::new(),
            });
        }
        for exchange in &mut found {
            self.fill(exchange, stored);
        }
        Ok(found)
    }

    fn fill(&self, exchange: &mut Exchange, stored: &ConversationResponse) {
        let begun = exchange.said[0].from;
        let within = |at: Duration| begun <= at && at < exchange.until;
        exchange.timings = self
            .turns
            .iter()
            .rfind(|(at, _)| within(*at))
            .map(|(_, timings)| *timings);
        let messages = stored.messages.iter().flatten();
        for (message, (_, first)) in messages.zip(&self.lines) {
            let text = match message.role {
                Role::User => &mut exchange.understood,
                Role::Agent => &mut exchange.answer,
            };
            if within(*first) {
                *text = format!("{text} {}", message.content).trim().to_owned();
            }
        }
    }
}
