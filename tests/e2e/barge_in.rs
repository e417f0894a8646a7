//! Barge-in on real audio: real ears and a real voice around a script, so that it is known what would have been said. All
//! times are those of the caller's own audio, never of a stopwatch.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use serde_json::json;
use tokio::sync::{Mutex, MutexGuard};
use voiceos::talk::{
    caller::{PATIENCE, Step},
    client::{Format, Report},
    read_wav,
};
use voiceos_api::{ConversationResponse, Message, Role};
use voiceos_audio::{
    Edge, Frame, Framer, GateRules, SpeechGate,
    measure::{Span, SpanRules, active_spans},
    mix,
};
use voiceos_local::{Cpu, VoiceChoice};
use voiceos_providers::{Engines, scripted::ScriptedModel};
use voiceos_tests::{
    listen,
    phone::{call, script},
    server::{Data, Server, names},
    wer,
};

use crate::models::models_dir;

pub const RATE: u32 = 16_000;

/// Some twelve seconds, in words that a transcriber cannot mistake for others.
const ANSWER: &str = "Breakfast is served in the garden room every morning, and dinner is served in the restaurant \
    upstairs. We also have a sauna, a small library, a quiet terrace, and a bar that stays open until midnight.";

/// What the issue allows on top of the gate's own confirmation time.
const ALLOWED: Duration = Duration::from_millis(150);

/// The real engines want the cores for themselves: one test at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

pub async fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().await
}

/// Real ears, turn detector and voice; the model reads `answers` out.
async fn engines(answers: [&str; 2]) -> Result<Engines> {
    let (dir, model) = (
        models_dir()?,
        ScriptedModel::new(answers.map(str::to_owned).into()),
    );
    let load = move || {
        let cpu = Arc::new(Cpu::of_this_machine());
        voiceos_local::engines(
            &dir,
            VoiceChoice::Joe,
            (Arc::new(model), "scripted".to_owned()),
            &cpu,
        )
    };
    Ok(tokio::task::spawn_blocking(load).await??)
}

fn recording(name: &str) -> Result<Vec<i16>> {
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../crates/local/tests/fixtures");
    Ok(read_wav(&fixtures.join(name).with_extension("wav"), RATE)?)
}

/// "What time is breakfast?" without the "Hello?" before it: that has a pause after it at which an agent may answer.
pub fn question() -> Result<Vec<i16>> {
    Ok(recording("breakfast")?.split_off(samples(Duration::from_millis(950))))
}

struct Held {
    report: Report,
    stored: ConversationResponse,
    data: Data,
    engines: Engines,
}

async fn held(answers: [&str; 2], steps: Vec<Step>) -> Result<Held> {
    let engines = engines(answers).await?;
    let server = Server::start(engines.clone(), &[]).await?;
    let (report, stored) = call(&server.api, json!({}), Format::WIDE, &mut script(steps)).await?;
    Ok(Held {
        report,
        stored,
        data: server.stop().await?,
        engines,
    })
}

fn agent_messages(stored: &ConversationResponse) -> Vec<&Message> {
    stored
        .messages
        .iter()
        .flatten()
        .filter(|message| message.role == Role::Agent)
        .collect()
}

fn spans(side: &[i16]) -> Vec<Span> {
    active_spans(side, RATE, SpanRules::default())
}

/// When the caller's speech began, as the server's own detector and gate hear what the caller sent.
fn speech_starts(caller: &[i16], engines: &Engines) -> Vec<Duration> {
    let (mut detector, mut gate) = (
        (engines.speech_detector)(),
        SpeechGate::new(GateRules::default()),
    );
    let mut framer = Framer::new(RATE);
    framer.push(caller);
    let mut starts = vec![];
    let mut at = Duration::ZERO;
    while let Some(frame) = framer.pop() {
        at += Frame::LASTS;
        let (score, level) = (detector.speech(&frame), mix::dbfs(&frame.samples));
        if let Some(Edge::Started { at }) = gate.push(score, level, at) {
            starts.push(at);
        }
    }
    starts
}

/// What the local transcriber makes of a stretch of sound.
async fn words(side: &[i16], engines: &Engines) -> Result<Vec<String>> {
    let quiet = vec![0; RATE as usize / 5];
    let side = [&quiet, side, &quiet].concat();
    let heard = listen::hear(engines.transcriber.as_ref(), &side, RATE).await?;
    let texts: Vec<String> = heard.into_iter().map(|(_, text)| text).collect();
    Ok(wer::words(&texts.join(" ")))
}

fn samples(at: Duration) -> usize {
    (at.as_secs_f64() * f64::from(RATE)) as usize
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_agent_stops_when_the_caller_interrupts_and_its_message_ends_there() -> Result<()> {
    let _alone = alone().await;
    let steps = vec![
        Step::Say(question()?),
        Step::UntilAgentSpeaks(Duration::from_millis(1400)),
        Step::Say(recording("parking")?),
        // The end of the first answer is no answer to this.
        Step::UntilAgentSpeaks(Duration::from_millis(300)),
        Step::UntilAgentDone(PATIENCE),
    ];
    let Held {
        report,
        stored,
        data,
        engines,
    } = held([ANSWER, "Yes, behind the house."], steps).await?;
    let agent = spans(&report.agent);
    let answer = agent.first().context("the agent was not heard")?;
    let starts = speech_starts(&report.caller, &engines);
    let began = starts
        .iter()
        .find(|start| **start > answer.start)
        .context("no interruption was heard")?;

    let confirmation = SpeechGate::new(GateRules::default()).confirmation();
    let latest = *began + confirmation + ALLOWED;
    let last = agent.iter().rfind(|span| span.start < latest);
    let stop = last.context("the agent was not heard")?.end;
    println!(
        "stopped {:?} after the first voiced frame",
        stop.saturating_sub(*began)
    );
    assert!(stop > *began, "not in mid-answer: {agent:?}, {starts:?}");
    assert!(stop <= latest, "at {stop:?}, later than {latest:?}");

    let [first, second] = agent_messages(&stored)[..] else {
        panic!("{stored:?}")
    };
    assert!(
        first.interrupted && !second.interrupted,
        "{first:?} {second:?}"
    );
    assert!(
        ANSWER.starts_with(first.content.trim_end_matches(['.', ','])),
        "{first:?}"
    );
    assert_eq!(second.content, "Yes, behind the house.");
    let heard = words(
        &report.agent[samples(answer.start)..samples(stop)],
        &engines,
    )
    .await?;
    let kept = wer::words(&first.content);
    println!("heard: {heard:?}\nkept:  {kept:?}");
    // The sound ends within a word, of which the transcriber makes some other one: that one was not heard.
    let spoken = wer::words(ANSWER);
    let last = heard.len().saturating_sub(1);
    let fragment = heard.last() != spoken.get(last);
    let whole = if fragment { last } else { heard.len() };
    assert!(
        whole.abs_diff(kept.len()) <= 1,
        "heard {heard:?}, kept {kept:?}"
    );

    let told = names(&data.events(stored.id.as_str()).await?);
    assert!(told.contains(&"reply:interrupted"), "{told:?}");
    assert_eq!(data.replay(stored.id.as_str())?.difference, None);
    Ok(())
}

/// 200 ms of noise between 300 and 3000 Hz, louder at once and then falling, as a cough is.
fn burst() -> Vec<i16> {
    let pole = |hertz: f32| 1.0 - (-std::f32::consts::TAU * hertz / RATE as f32).exp();
    let (mut low, mut high) = (0.0, 0.0);
    let noise = mix::Noise::new(7, -12.0).samples(samples(Duration::from_millis(200)));
    let length = noise.len() as f32;
    let cough = noise.iter().enumerate().map(|(n, sample)| {
        low += pole(3000.0) * (f32::from(*sample) - low);
        high += pole(300.0) * (low - high);
        (low - high) * (n as f32 / 160.0).min(1.0) * (1.0 - n as f32 / length)
    });
    cough.map(|sample| sample as i16).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn coughs_do_not_end_an_answer() -> Result<()> {
    let _alone = alone().await;
    let steps = vec![
        Step::Say(question()?),
        Step::UntilAgentSpeaks(Duration::from_millis(1500)),
        Step::Say(burst()),
        Step::Wait(Duration::from_millis(2500)),
        Step::Say(recording("cough")?),
        Step::UntilAgentDone(PATIENCE),
    ];
    let Held {
        report,
        stored,
        data,
        engines,
    } = held([ANSWER, "What was that?"], steps).await?;
    let told = names(&data.events(stored.id.as_str()).await?);
    let [answer] = agent_messages(&stored)[..] else {
        panic!("{stored:?}")
    };
    assert_eq!(
        (answer.content.as_str(), answer.interrupted),
        (ANSWER, false),
        "{told:?}"
    );
    assert!(!told.contains(&"reply:interrupted"), "{told:?}");
    assert!(
        told.contains(&"reply:resumed"),
        "one of them was taken for speech at first, and the answer paused: {told:?}"
    );
    println!(
        "the caller's sounds began at {:?}: {told:?}",
        speech_starts(&report.caller, &engines)
    );
    let end = spans(&report.agent)
        .last()
        .context("the agent was not heard")?
        .end;
    let heard = words(
        &report.agent[samples(end.saturating_sub(Duration::from_secs(3)))..samples(end)],
        &engines,
    )
    .await?;
    assert!(
        heard.iter().any(|word| word == "midnight"),
        "its end was heard: {heard:?}"
    );
    Ok(())
}
