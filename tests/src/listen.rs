//! Hearing the agent's side of a recording again: which words are in each stretch of its sound. Whether they are the right
//! ones is counted by `wer`.

use std::time::Duration;

use anyhow::Result;
use futures::{StreamExt, stream};
use voiceos_api::{ConversationResponse, Role};
use voiceos_audio::{
    Frame,
    measure::{Span, SpanRules, active_spans},
    resample,
};
use voiceos_providers::{Hearing, Transcriber};

/// What transcribers take, in Hz.
const RATE: u32 = 16000;
/// Room before and after a stretch of sound, so that soft beginnings and ends are heard.
const ROOM: Duration = Duration::from_millis(200);
/// A transcriber hears at most half a minute as one.
const LONGEST: Duration = Duration::from_secs(20);

/// One message of the agent's, as it is stored and as it is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    pub stored: String,
    pub heard: String,
}

/// Transcribes each stretch of one side, in order.
pub async fn hear(
    transcriber: &dyn Transcriber,
    side: &[i16],
    rate: u32,
) -> Result<Vec<(Span, String)>> {
    let mut heard = Vec::new();
    for span in stretches(side, rate) {
        let at = |time: Duration| (time.as_secs_f64() * f64::from(rate)) as usize;
        let from = at(span.start.saturating_sub(ROOM));
        let to = at(span.end + ROOM).min(side.len());
        let samples = resample::resample(&side[from..to], rate, RATE);
        heard.push((span, words(transcriber, &samples).await?));
    }
    Ok(heard)
}

/// Sound with pauses of up to 700 ms in it, unless it becomes too long.
fn stretches(side: &[i16], rate: u32) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    for span in active_spans(side, rate, SpanRules::default()) {
        match found.last_mut() {
            Some(last)
                if span.start - last.end < Duration::from_millis(700)
                    && span.end - last.start < LONGEST =>
            {
                last.end = span.end;
            }
            _ => found.push(span),
        }
    }
    found
}

async fn words(transcriber: &dyn Transcriber, samples: &[i16]) -> Result<String> {
    let frames = samples.chunks_exact(Frame::len_at(RATE));
    let last = Frame::LASTS * u32::try_from(frames.len())?;
    let frame = |(n, samples): (u32, &[i16])| Hearing::Frame {
        frame: Frame {
            rate: RATE,
            samples: samples.into(),
        },
        at: Frame::LASTS * n,
    };
    let mut hearing = vec![Hearing::SpeechStarted { at: Duration::ZERO }];
    hearing.extend((0..).zip(frames).map(frame));
    hearing.extend([Hearing::SpeechStopped { at: last }, Hearing::TurnTaken]);
    let mut flow = transcriber.transcribe(stream::iter(hearing).boxed());
    let mut utterances: Vec<(u32, String)> = Vec::new();
    while let Some(utterance) = flow.next().await {
        let utterance = utterance?;
        utterances.retain(|(id, _)| *id != utterance.id);
        utterances.push((utterance.id, utterance.text));
    }
    let texts: Vec<String> = utterances.into_iter().map(|(_, text)| text).collect();
    Ok(texts.join(" ").trim().to_owned())
}

/// Puts what was heard beside the stored message that was being said then.
pub fn pairs(conversation: &ConversationResponse, heard: &[(Span, String)]) -> Vec<Pair> {
    let Some(began) = conversation.started_at else {
        return Vec::new();
    };
    let messages = conversation
        .messages
        .iter()
        .flatten()
        .filter(|message| message.role == Role::Agent);
    let starts: Vec<Duration> = messages
        .clone()
        .map(|message| {
            message
                .started_at
                .map_or(Duration::ZERO, |at| at.since(began))
        })
        .collect();
    let mut pairs: Vec<Pair> = messages
        .map(|message| Pair {
            stored: message.content.clone(),
            heard: String::new(),
        })
        .collect();
    for (span, text) in heard {
        let middle = span.start + span.lasts() / 2;
        let said = starts
            .iter()
            .rposition(|&start| start <= middle)
            .unwrap_or(0);
        if let Some(pair) = pairs.get_mut(said) {
            pair.heard = format!("{} {text}", pair.heard).trim().to_owned();
        }
    }
    pairs
}

/// Two texts beside each other, wrapped to `width` characters each.
pub fn beside(left: &str, right: &str, width: usize) -> String {
    let (left, right) = (wrapped(left, width), wrapped(right, width));
    let line = |lines: &[String], n: usize| lines.get(n).cloned().unwrap_or_default();
    let rows = (0..left.len().max(right.len()))
        .map(|n| format!("{:<width$} │ {}", line(&left, n), line(&right, n)));
    rows.collect::<Vec<_>>().join("\n")
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The waveform of a recording as SVG: caller above, agent below, a tick for each second.
pub fn waveform(caller: &[i16], agent: &[i16], rate: u32) -> String {
    const WIDTH: usize = 1200;
    let length = caller.len().max(agent.len()).max(1);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} 280\" width=\"{WIDTH}\" height=\"280\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"280\" fill=\"#ffffff\"/>\n"
    );
    for second in 0..=length / rate.max(1) as usize {
        let x = second * rate as usize * WIDTH / length;
        let tall = second % 5 == 0;
        let colour = if tall { "#cbd5e1" } else { "#eef2f6" };
        svg += &format!("<path d=\"M{x} 20V250\" stroke=\"{colour}\"/>\n");
        if tall {
            svg += &format!(
                "<text x=\"{}\" y=\"268\" fill=\"#64748b\">{second} s</text>\n",
                x + 3
            );
        }
    }
    for (side, middle, colour, name) in [
        (caller, 78.0, "#0ea5e9", "caller"),
        (agent, 192.0, "#6366f1", "agent"),
    ] {
        let mut path = String::new();
        for x in 0..WIDTH {
            let (from, to) = (x * length / WIDTH, (x + 1) * length / WIDTH);
            let part = side
                .get(from.min(side.len())..to.min(side.len()))
                .unwrap_or_default();
            let (low, high) = part
                .iter()
                .fold((0i16, 0i16), |(low, high), &s| (low.min(s), high.max(s)));
            let y = |s: i16| middle - f64::from(s) / 32768.0 * 54.0;
            path += &format!("M{x} {:.1}V{:.1}", y(high) - 0.4, y(low) + 0.4);
        }
        svg += &format!(
            "<path d=\"{path}\" stroke=\"{colour}\"/>\n<text x=\"6\" y=\"{}\" fill=\"{colour}\">{name}</text>\n",
            middle - 44.0
        );
    }
    svg + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use voiceos_providers::{Flow, Utterance};

    use super::*;

    /// Says how long it was spoken to.
    struct Ruler;

    impl Transcriber for Ruler {
        fn transcribe(&self, mut hearing: stream::BoxStream<'static, Hearing>) -> Flow<Utterance> {
            stream::once(async move {
                let mut frames = 0;
                while let Some(next) = hearing.next().await {
                    frames += u32::from(matches!(next, Hearing::Frame { .. }));
                }
                Ok(Utterance {
                    id: 0,
                    text: format!("{frames} frames"),
                    until: Duration::ZERO,
                    is_final: true,
                })
            })
            .boxed()
        }
    }

    fn tone(ms: usize) -> Vec<i16> {
        (0..ms * 16)
            .map(|n| ((n as f64 * 0.3).sin() * 9000.0) as i16)
            .collect()
    }

    #[tokio::test]
    async fn each_stretch_of_sound_is_heard_with_some_room_around_it() {
        let silence = vec![0; 1000 * 16];
        let side = [
            silence.clone(),
            tone(500),
            silence.clone(),
            tone(300),
            silence,
        ]
        .concat();
        let heard = hear(&Ruler, &side, 16000).await.unwrap();
        let texts: Vec<&str> = heard.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["45 frames", "35 frames"]);
    }

    #[test]
    fn two_texts_stand_beside_each_other() {
        assert_eq!(
            beside("one two three", "four", 8),
            "one two  │ four\nthree    │ "
        );
    }

    #[test]
    fn both_sides_of_a_call_are_drawn() {
        let svg = waveform(&tone(2000), &tone(1000), 16000);
        assert!(svg.contains(">caller<") && svg.contains(">agent<") && svg.contains(">0 s<"));
    }
}
