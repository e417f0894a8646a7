//! Reads a fact and the rules of a golden call.

use serde_json::Value;
use voiceos_core::{At, Input, ReplyId, Rules, conversation::Mark};

use super::tokens::{Tokens, duration};

/// `<ms> <fact>`. `stops` counts the ends of speech so far: a verdict is about the last one unless it says otherwise.
pub fn fact(line: &str, stops: &mut u32) -> Result<(At, Input), String> {
    let mut of = Tokens::of(line)?;
    let now = of.at()?;
    let input = input(&mut of, now, stops)?;
    if of.is_empty() {
        Ok((now, input))
    } else {
        Err(format!("too many words: {line}"))
    }
}

fn input(of: &mut Tokens, now: At, stops: &mut u32) -> Result<Input, String> {
    let verb = of.word()?;
    Ok(match verb.as_str() {
        "answered" => Input::Answered,
        "speech" => return speech(of, now, stops),
        "heard" => Input::Utterance {
            id: of.number()?,
            text: of.text()?,
            is_final: of.takes("final"),
            until: if of.takes("until") { of.at()? } else { now },
        },
        "verdict" => {
            let percent = of.number()? as u8;
            let asked = if of.takes("for") {
                of.number()?
            } else {
                *stops
            };
            Input::Verdict { asked, percent }
        }
        "tool" => Input::ToolCalled {
            reply: reply(of)?,
            call: of.number()?,
            name: of.word()?,
            arguments: of.word()?,
        },
        "returned" => Input::ToolReturned {
            call: of.number()?,
            output: of.text()?,
        },
        "fault" => Input::Faulted {
            port: of.name()?,
            reply: if of.is_empty() {
                None
            } else {
                Some(reply(of)?)
            },
        },
        "say" => Input::Say {
            text: of.text()?,
            interruptible: !of.takes("uninterruptible"),
        },
        "dtmf" => Input::Dtmf {
            digit: of.word()?.chars().next().unwrap_or('?'),
        },
        "hang" if of.takes("up") => Input::HangUp { reason: of.name()? },
        "closed" => Input::Closed { reason: of.name()? },
        "wake" => Input::Wake,
        _ => return audio(&verb, of),
    })
}

fn speech(of: &mut Tokens, now: At, stops: &mut u32) -> Result<Input, String> {
    let verb = of.word()?;
    let at = if of.takes("at") { of.at()? } else { now };
    match verb.as_str() {
        "starts" => Ok(Input::SpeechStarted { at }),
        "stops" => {
            *stops += 1;
            Ok(Input::SpeechStopped { at })
        }
        _ => Err(format!("speech starts or stops, it does not {verb}")),
    }
}

fn audio(verb: &str, of: &mut Tokens) -> Result<Input, String> {
    let reply = reply(of)?;
    Ok(match verb {
        "token" => Input::Token {
            reply,
            text: of.text()?,
        },
        "generated" => Input::Generated { reply },
        "synthesized" => Input::Synthesized {
            reply,
            piece: of.number()?,
            length: of.duration()?,
        },
        "pronounced" => Input::Pronounced {
            reply,
            piece: of.number()?,
            marks: marks(of)?,
        },
        "began" => Input::Began { reply },
        "played" => Input::Played {
            reply,
            until: of.duration()?,
        },
        _ => return Err(format!("{verb} is no fact")),
    })
}

/// `5=300ms 8=600ms`: five characters are said after 300 ms.
fn marks(of: &mut Tokens) -> Result<Vec<Mark>, String> {
    let mut marks = vec![];
    while !of.is_empty() {
        let word = of.word()?;
        let mark = word
            .split_once('=')
            .and_then(|(chars, until)| Some(Mark::new(chars.parse().ok()?, duration(until)?)));
        marks.push(mark.ok_or_else(|| format!("{word} is not a mark such as 5=300ms"))?);
    }
    Ok(marks)
}

fn reply(of: &mut Tokens) -> Result<ReplyId, String> {
    of.number().map(ReplyId)
}

/// `idle=5s speculate=off initial_message="Hello." idle_prompts="One?","Two?" limit_seconds=none`.
pub fn rules(old: &Rules, changes: &str) -> Result<Rules, String> {
    let mut rules = serde_json::to_value(old).map_err(|cause| cause.to_string())?;
    let mut rest = changes.trim();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=').ok_or("a rule needs a value")?;
        let mut quoted = false;
        let ends = |c: char| {
            quoted ^= c == '"';
            c == ' ' && !quoted
        };
        let length = after.find(ends).unwrap_or(after.len());
        let known = rules.get_mut(key).ok_or(format!("{key} is no rule"))?;
        *known = value(known, &after[..length])?;
        rest = after[length..].trim_start();
    }
    serde_json::from_value(rules).map_err(|cause| cause.to_string())
}

fn value(old: &Value, word: &str) -> Result<Value, String> {
    let list = format!("[{word}]");
    Ok(match word {
        "on" => true.into(),
        "off" => false.into(),
        "none" if old.is_array() => Value::Array(vec![]),
        "none" => Value::Null,
        _ if old.is_array() => serde_json::from_str(&list).map_err(|cause| cause.to_string())?,
        _ => match duration(word) {
            Some(time) => (time.as_micros() as u64).into(),
            None => serde_json::from_str(word).map_err(|cause| cause.to_string())?,
        },
    })
}
