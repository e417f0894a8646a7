//! Words a command in a few words that do not change unless its meaning does.

use std::fmt::Debug;

use voiceos_core::{At, Command, Event, Line, Role, conversation::Timings};

pub fn command(command: &Command) -> String {
    match command {
        Command::AskTurn { asked } => format!("ask turn {asked}"),
        Command::TakeTurn => "take turn".into(),
        Command::Generate { reply, lines } => {
            let lines: Vec<String> = lines.iter().map(line).collect();
            format!("generate {} from {}", reply.0, lines.join(" / "))
        }
        Command::Speak {
            reply,
            piece,
            words,
        } => format!("speak {} {piece} {words:?}", reply.0),
        Command::RunTool {
            call,
            name,
            arguments,
        } => format!("run tool {call} {name} {arguments}"),
        Command::Play { reply } => format!("play {}", reply.0),
        Command::Pause { reply } => format!("pause {}", reply.0),
        Command::Drop { reply } => format!("drop {}", reply.0),
        Command::Tell { event } => format!("tell {}", told(event)),
        Command::HangUp { reason } => format!("hang up {}", snake(reason)),
    }
}

fn told(event: &Event) -> String {
    match event {
        Event::SpeechStarted { who } => format!("{} speaks", role(*who)),
        Event::SpeechEnded { who } => format!("{} stops", role(*who)),
        Event::Understood { line, text } => format!("understood {line} {text:?}"),
        Event::Heard { line, text } => format!("heard {line} {text:?}"),
        Event::Message { line: index, entry } => {
            let (from, to) = (entry.from.as_millis(), entry.to.as_millis());
            let cut = if entry.interrupted {
                ", interrupted"
            } else {
                ""
            };
            format!("message {index} {} {from}-{to}{cut}", line(&entry.line))
        }
        Event::Generated { reply, text } => format!("generated {} {text:?}", reply.0),
        Event::TurnAnswered { turn, timings } => format!("answered {turn}{}", stages(timings)),
        Event::BargedIn { reply } => format!("barged in {}", reply.0),
        Event::Resumed { reply } => format!("resumed {}", reply.0),
        Event::IdlePrompted { count } => format!("idle prompt {count}"),
        Event::Faulted { port, stalled } => {
            let how = if *stalled { "stalled" } else { "failed" };
            format!("{} {how}", snake(port))
        }
        Event::DtmfReceived { digit } => format!("dtmf {digit}"),
        Event::Ended { reason } => format!("ended {}", snake(reason)),
    }
}

fn line(line: &Line) -> String {
    match line {
        Line::User(text) => format!("user {text:?}"),
        Line::Agent(text) => format!("agent {text:?}"),
        Line::Tool {
            call,
            name,
            arguments,
            output,
        } => match output {
            Some(output) => format!("tool {call} {name} {arguments} -> {output:?}"),
            None => format!("tool {call} {name} {arguments}"),
        },
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Agent => "agent",
    }
}

fn stages(timings: &Timings) -> String {
    let stages = [
        ("ended", Some(timings.ended)),
        ("silence", timings.silence),
        ("transcript", timings.transcript),
        ("verdict", timings.verdict),
        ("endpoint", timings.endpoint),
        ("token", timings.first_token),
        ("piece", timings.first_piece),
        ("speech", timings.first_speech),
        ("audio", timings.first_audio),
    ];
    let stage = |(name, at): (&str, Option<At>)| at.map(|at| format!(" {name}={}", at.as_millis()));
    stages.into_iter().filter_map(stage).collect()
}

/// `CallerHungUp` as `caller_hung_up`.
fn snake(name: &impl Debug) -> String {
    let mut text = String::new();
    for c in format!("{name:?}").chars() {
        if c.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(c.to_lowercase());
    }
    text
}
