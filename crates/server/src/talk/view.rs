//! How a call looks: a live transcript, who speaks, and after each answer how long it took and where the time went. On a
//! terminal with colours and a line that moves, elsewhere plain lines, or JSON. What happened is told by the client.

use std::{collections::VecDeque, io::Write, path::Path, time::Duration};

use serde_json::{Value, json};
use voiceos_audio::{
    Frame,
    measure::{self, Exchange},
    mix,
};
use voiceos_carriers::web::{Role, ServerMessage, TurnTimings};

use super::client::{Heard, Line, Report};

/// As much of both sides as a turn and the answer's first words need.
const WINDOW: Duration = Duration::from_secs(30);
const REFRESH: u32 = 5;

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const CYAN: &str = "\x1b[36m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const PLAIN: &str = "\x1b[0m";

pub struct View {
    json: bool,
    colours: bool,
    /// A line that moves, on stderr.
    meter: bool,
    rate: u32,
    now: Duration,
    frames: u32,
    /// The last [`WINDOW`] of both sides.
    caller: VecDeque<i16>,
    agent: VecDeque<i16>,
    levels: (f32, f32),
    /// How long the agent has been heard in this stretch, and how long it has been silent.
    heard: Duration,
    silent: Duration,
    interim: Option<Line>,
    /// Of the answer that is being heard, until both are known.
    gap: Option<Exchange>,
    timings: Option<(u32, TurnTimings)>,
    told_turn: u32,
    /// The last line that was printed is the caller's.
    asked: bool,
}

impl View {
    pub fn new(json: bool, terminal: bool, stderr_is_terminal: bool, rate: u32) -> Self {
        Self {
            json,
            colours: terminal && !json,
            meter: stderr_is_terminal && !json,
            rate,
            now: Duration::ZERO,
            frames: 0,
            caller: VecDeque::new(),
            agent: VecDeque::new(),
            levels: (-100.0, -100.0),
            heard: Duration::ZERO,
            silent: Duration::from_secs(1),
            interim: None,
            gap: None,
            timings: None,
            told_turn: 0,
            asked: false,
        }
    }

    pub fn calling(&mut self, agent: &str, server: &str) {
        if !self.json {
            eprintln!("calling {agent} at {server} …");
        }
    }

    pub fn hear(&mut self, heard: &Heard<'_>) {
        match *heard {
            Heard::Frame { sent, played, at } => self.frame(sent, played, at),
            Heard::Told { message, at } => self.told(message, at),
        }
    }

    fn told(&mut self, message: &ServerMessage, at: Duration) {
        if self.json {
            let mut line = json!(message);
            line["at_ms"] = json!(at.as_millis() as u64);
            return self.json_line(&line);
        }
        match message {
            ServerMessage::Transcript {
                role,
                text,
                is_final,
                ..
            } => {
                let line = Line {
                    role: *role,
                    text: text.clone(),
                    is_final: *is_final,
                };
                if *is_final {
                    self.interim = None;
                    self.print_line(&line);
                    self.asked = line.role == Role::User;
                    self.print_turn();
                } else {
                    self.interim = Some(line);
                }
            }
            ServerMessage::Turn { turn, timings } => {
                self.timings = Some((*turn, *timings));
                self.print_turn();
            }
            ServerMessage::Error { message } => self.talk(&format!("server: {message}")),
            ServerMessage::Clear if self.colours => {
                self.print(&format!("{DIM}      — interrupted —{PLAIN}"))
            }
            _ => {}
        }
    }

    fn frame(&mut self, sent: &[i16], played: &[i16], at: Duration) {
        let most = (WINDOW.as_secs() * self.rate as u64) as usize;
        for (side, samples) in [(&mut self.caller, sent), (&mut self.agent, played)] {
            side.extend(samples);
            let over = side.len().saturating_sub(most);
            side.drain(..over);
        }
        self.now = at;
        self.frames += 1;
        let fall = |old: f32, new: f32| new.max(old - 1.5);
        self.levels = (
            fall(self.levels.0, mix::dbfs(sent)),
            fall(self.levels.1, mix::dbfs(played)),
        );
        self.listen_to_agent(mix::dbfs(played) > -55.0);
        if self.meter && self.frames.is_multiple_of(REFRESH) {
            self.draw_meter();
        }
    }

    /// Shortly after the agent begins, its answer is long enough to be measured.
    fn listen_to_agent(&mut self, loud: bool) {
        self.silent = if loud {
            Duration::ZERO
        } else {
            self.silent + Frame::LASTS
        };
        if self.silent >= Duration::from_millis(300) {
            self.heard = Duration::ZERO;
        } else if loud || !self.heard.is_zero() {
            self.heard += Frame::LASTS;
        }
        if self.heard == Duration::from_millis(200) {
            let (caller, agent) = (self.caller.make_contiguous(), self.agent.make_contiguous());
            let last = measure::voice_to_voice(caller, agent, self.rate).pop();
            let start = self.now.saturating_sub(WINDOW);
            // Only what has just begun: the same answer's later stretches measure nothing new.
            let fresh =
                |e: &Exchange| start + e.agent.start + Duration::from_millis(600) > self.now;
            if let Some(exchange) = last.filter(fresh) {
                self.measured(exchange);
            }
        }
    }

    fn measured(&mut self, exchange: Exchange) {
        if self.json {
            let at_ms = self.now.as_millis() as u64;
            return self.json_line(
                &json!({ "type": "voice_to_voice", "gap_ms": exchange.gap_ms, "at_ms": at_ms }),
            );
        }
        self.gap = Some(exchange);
        self.print_turn();
    }

    /// Once the question stands there, the turn's stages have been told and its answer has been heard.
    fn print_turn(&mut self) {
        if !self.asked {
            return;
        }
        let (Some(exchange), Some((turn, timings))) = (self.gap, self.timings) else {
            return;
        };
        (self.gap, self.timings, self.told_turn) = (None, None, turn);
        let stages = stages(&timings, exchange.gap_ms);
        let text = if self.colours {
            format!(
                "{DIM}      {PLAIN}{BOLD}{} ms{PLAIN} {} {DIM}{}{PLAIN}",
                exchange.gap_ms,
                bar(&stages),
                names(&stages)
            )
        } else {
            format!(
                "      voice to voice {} ms: {}",
                exchange.gap_ms,
                names(&stages)
            )
        };
        self.print(&text);
    }

    fn print_line(&mut self, line: &Line) {
        let (who, colour) = match line.role {
            Role::User => ("  you", CYAN),
            Role::Agent => ("agent", GREEN),
        };
        let open = if line.is_final { "" } else { " …" };
        let text = if self.colours {
            format!("{BOLD}{colour}{who}{PLAIN} {}{open}", line.text)
        } else {
            format!("{} {}{open}", who.trim_start(), line.text)
        };
        self.print(&text);
    }

    /// A result: to stdout, above the line that moves.
    fn print(&mut self, text: &str) {
        if self.meter {
            eprint!("\r\x1b[K");
        }
        println!("{text}");
    }

    fn talk(&mut self, text: &str) {
        let clear = if self.meter { "\r\x1b[K" } else { "" };
        eprintln!("{clear}{text}");
    }

    fn json_line(&mut self, value: &Value) {
        println!("{value}");
    }

    fn draw_meter(&mut self) {
        let seconds = self.now.as_secs();
        let (you, agent) = (meter(self.levels.0), meter(self.levels.1));
        let words = self
            .interim
            .as_ref()
            .map(|line| tail(&line.text, 48))
            .unwrap_or_default();
        let clock = format!("{}:{:02}", seconds / 60, seconds % 60);
        eprint!(
            "\r\x1b[K{DIM}{clock}{PLAIN} {CYAN}you {you}{PLAIN} {GREEN}agent {agent}{PLAIN} {DIM}{words}{PLAIN}"
        );
        let _ = std::io::stderr().flush();
    }

    /// The summary, from the whole call's waveforms.
    pub fn over(&mut self, report: &Report, recording: &str, saved: Option<&Path>) {
        let gaps: Vec<f64> = report.exchanges().iter().map(|e| e.gap_ms as f64).collect();
        let (p50, p95) = (
            measure::quantile(&gaps, 0.5),
            measure::quantile(&gaps, 0.95),
        );
        let reason = report.ended_reason.as_deref().unwrap_or("connection lost");
        if self.json {
            let gaps: Vec<i64> = report.exchanges().iter().map(|e| e.gap_ms).collect();
            return self.json_line(&json!({
                "type": "summary", "conversation_id": report.conversation_id, "ended_reason": report.ended_reason,
                "gaps_ms": gaps, "p50_ms": p50, "p95_ms": p95, "audio_gaps": report.gaps, "dropped_frames": report.dropped,
                "timed_out": report.timed_out, "seconds": self.now.as_secs_f64(),
            }));
        }
        for line in report
            .lines
            .values()
            .filter(|line| !line.is_final && !line.text.is_empty())
        {
            self.print_line(line);
        }
        if self.meter {
            eprint!("\r\x1b[K");
        }
        let ms = |value: Option<f64>| value.map_or("–".to_owned(), |v| format!("{v:.0} ms"));
        let (bold, plain) = if self.colours {
            (BOLD, PLAIN)
        } else {
            ("", "")
        };
        println!();
        println!(
            "{bold}call{plain}            {} · {:.1} s · {reason}",
            report.conversation_id,
            self.now.as_secs_f64()
        );
        println!("{bold}answers{plain}         {}", gaps.len());
        println!(
            "{bold}voice to voice{plain}  median {} · 95 % within {}",
            ms(p50),
            ms(p95)
        );
        for barge_in in report.barge_ins() {
            println!(
                "{bold}barge-in{plain}        agent silent after {} ms",
                barge_in.agent_stopped_after.as_millis()
            );
        }
        if report.gaps + report.dropped > 0 {
            println!(
                "{bold}line{plain}            {} breaks, {} frames lost",
                report.gaps, report.dropped
            );
        }
        println!("{bold}recording{plain}       {recording}");
        if let Some(path) = saved {
            println!("{bold}saved{plain}           {}", path.display());
        }
        if report.timed_out {
            self.talk("hung up: the call had reached --timeout");
        }
    }
}

/// What the caller waited for, in ms, one after the other: that the silence was noticed, that the words were complete,
/// that the model wrote something to say, that the voice had sound of it, that the turn was surely over, and the line.
/// What was ready before the one shown before it cost no time.
fn stages(timings: &TurnTimings, gap_ms: i64) -> Vec<(&'static str, u32)> {
    let marks = [
        ("silence", timings.silence_ms),
        ("words", timings.transcript_ms),
        ("model", timings.first_piece_ms.or(timings.first_token_ms)),
        ("voice", timings.first_speech_ms),
        ("held back", timings.first_audio_ms),
        ("line", u32::try_from(gap_ms).ok()),
    ];
    let mut before = 0;
    let mut stages = Vec::new();
    for (name, at) in marks {
        let Some(at) = at else { continue };
        if at > before {
            stages.push((name, at - before));
            before = at;
        }
    }
    stages
}

fn names(stages: &[(&str, u32)]) -> String {
    stages
        .iter()
        .map(|(name, ms)| format!("{name} {ms}"))
        .collect::<Vec<_>>()
        .join(" · ")
}

/// One cell for each 25 ms.
fn bar(stages: &[(&str, u32)]) -> String {
    let colours = [DIM, CYAN, YELLOW, GREEN, "\x1b[35m", "\x1b[34m"];
    let cells = |ms: u32| "▇".repeat((ms as usize).div_ceil(25).min(40));
    stages
        .iter()
        .zip(colours.iter().cycle())
        .map(|((_, ms), colour)| format!("{colour}{}{PLAIN}", cells(*ms)))
        .collect()
}

/// Eight cells from −60 to 0 dBFS.
fn meter(dbfs: f32) -> String {
    let filled = (((dbfs + 60.0) / 7.5).round().clamp(0.0, 8.0)) as usize;
    "▮".repeat(filled) + &"▯".repeat(8 - filled)
}

/// The last `most` characters.
fn tail(text: &str, most: usize) -> String {
    let chars = text.chars().count();
    if chars <= most {
        text.to_owned()
    } else {
        format!(
            "…{}",
            text.chars().skip(chars - most + 1).collect::<String>()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stages_add_up_to_what_the_caller_waited() {
        let timings = TurnTimings {
            silence_ms: Some(100),
            transcript_ms: Some(160),
            verdict_ms: Some(170),
            endpoint_ms: Some(170),
            first_token_ms: Some(240),
            first_piece_ms: Some(270),
            first_speech_ms: Some(300),
            first_audio_ms: Some(301),
        };
        let stages = stages(&timings, 352);
        assert_eq!(
            names(&stages),
            "silence 100 · words 60 · model 110 · voice 30 · held back 1 · line 51"
        );
        assert_eq!(stages.iter().map(|(_, ms)| ms).sum::<u32>(), 352);
    }

    #[test]
    fn stages_that_were_not_reached_or_came_early_are_left_out() {
        let timings = TurnTimings {
            silence_ms: Some(200),
            transcript_ms: Some(150),
            ..TurnTimings::default()
        };
        assert_eq!(names(&stages(&timings, -20)), "silence 200");
    }

    #[test]
    fn a_meter_has_eight_cells() {
        assert_eq!(meter(-100.0), "▯▯▯▯▯▯▯▯");
        assert_eq!(meter(-30.0), "▮▮▮▮▯▯▯▯");
        assert_eq!(meter(0.0), "▮▮▮▮▮▮▮▮");
    }

    #[test]
    fn a_long_line_shows_its_end() {
        assert_eq!(tail("abcdef", 4), "…def");
        assert_eq!(tail("äöü", 4), "äöü");
    }
}
