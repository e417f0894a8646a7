//! Draws the turns of `bench-voice`: for each language model a bar of the parts of a typical turn, and below it a dot for
//! each turn. Plain SVG that reads well on a light and on a dark page.

use std::fmt::Write;

use super::voice::{PARTS, Run, Turn};

/// One colour for each of [`PARTS`].
const COLOURS: [&str; 6] = [
    "#94a3b8", "#38bdf8", "#6366f1", "#e879a6", "#fbbf24", "#cbd5e1",
];
const WIDTH: f64 = 960.0;
const LEFT: f64 = 28.0;
const RIGHT: f64 = 932.0;
/// Height of one model's panel.
const PANEL: f64 = 218.0;
const TOP: f64 = 92.0;

/// What a panel is held against, in ms.
#[derive(Clone, Copy, Debug)]
pub struct Aim {
    pub p50: f64,
    pub p95: f64,
}

struct Scale {
    /// The right end, in ms.
    end: f64,
}

impl Scale {
    fn of(runs: &[(&Run, Aim)]) -> Self {
        let longest = runs
            .iter()
            .flat_map(|(run, aim)| run.answered().into_iter().chain([aim.p95]));
        let longest = longest.fold(500.0, f64::max);
        Self {
            end: ((longest + 40.0) / 100.0).ceil() * 100.0,
        }
    }

    fn x(&self, ms: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * ms / self.end
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        let step = if self.end > 1600.0 { 200.0 } else { 100.0 };
        let count = (self.end / step) as u32;
        (0..=count).map(move |n| f64::from(n) * step)
    }
}

/// The whole picture.
pub fn draw(runs: &[(&Run, Aim)]) -> String {
    let height = TOP + PANEL * runs.len() as f64 + 30.0;
    let scale = Scale::of(runs);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"Inter, 'Segoe UI', Helvetica, Arial, sans-serif\" role=\"img\" aria-label=\"Voice-to-voice times\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" rx=\"14\" fill=\"#ffffff\" stroke=\"#e2e8f0\"/>\n"
    );
    text(
        &mut svg,
        (LEFT, 34.0),
        "font-size=\"19\" font-weight=\"600\" fill=\"#0f172a\"",
        "How long a caller waits for the answer",
    );
    let about = "On the waveform. Bar: a typical turn. Dots: all turns; hollow ones pause in mid-sentence, red ones were answered too early.";
    text(
        &mut svg,
        (LEFT, 55.0),
        "font-size=\"13\" fill=\"#64748b\"",
        about,
    );
    legend(&mut svg, 76.0);
    for (n, (run, aim)) in runs.iter().enumerate() {
        panel(&mut svg, TOP + PANEL * n as f64, run, *aim, &scale);
    }
    svg += "</svg>\n";
    svg
}

fn text(svg: &mut String, (x, y): (f64, f64), style: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" {style}>{text}</text>");
}

fn legend(svg: &mut String, y: f64) {
    let mut x = LEFT;
    for (part, colour) in PARTS.iter().zip(COLOURS) {
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"11\" height=\"11\" rx=\"3\" fill=\"{colour}\"/>",
            y - 10.0
        );
        text(
            svg,
            (x + 16.0, y),
            "font-size=\"12\" fill=\"#334155\"",
            part,
        );
        x += 34.0 + 6.6 * part.len() as f64;
    }
}

fn panel(svg: &mut String, top: f64, run: &Run, aim: Aim, scale: &Scale) {
    let Some(spread) = run.spread() else { return };
    let title = format!("{} language model", run.model);
    text(
        svg,
        (LEFT, top + 26.0),
        "font-size=\"15\" font-weight=\"600\" fill=\"#0f172a\"",
        &title,
    );
    let figures = format!(
        "median {:.0} ms · 95th percentile {:.0} ms · {} turns",
        spread.p50,
        spread.p95,
        run.answered().len()
    );
    text(
        svg,
        (RIGHT, top + 26.0),
        "font-size=\"13\" text-anchor=\"end\" fill=\"#334155\"",
        &figures,
    );
    grid(svg, (top + 38.0, top + 186.0), scale);
    bar(svg, top + 46.0, &run.typical(), scale);
    dots(svg, (top + 106.0, top + 176.0), &run.turns, scale);
    let lines = (top + 96.0, top + 186.0);
    aims(svg, lines, aim, scale);
    for (at, name) in [(spread.p50, "p50"), (spread.p95, "p95")] {
        let x = scale.x(at);
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{:.1}\" stroke=\"#0f172a\" stroke-width=\"1.6\"/>",
            lines.0, lines.1
        );
        text(
            svg,
            (x + 4.0, top + 103.0),
            "font-size=\"11\" font-weight=\"600\" fill=\"#0f172a\"",
            name,
        );
    }
}

fn grid(svg: &mut String, (top, bottom): (f64, f64), scale: &Scale) {
    for ms in scale.ticks() {
        let x = scale.x(ms);
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" y1=\"{top:.1}\" x2=\"{x:.1}\" y2=\"{bottom:.1}\" stroke=\"#eef2f6\"/>"
        );
        let label = if ms == 0.0 {
            "0 ms".to_owned()
        } else {
            format!("{ms:.0}")
        };
        let style = "font-size=\"11\" text-anchor=\"middle\" fill=\"#94a3b8\"";
        text(svg, (x.max(LEFT + 8.0), bottom + 15.0), style, &label);
    }
}

fn bar(svg: &mut String, top: f64, parts: &[f64; 6], scale: &Scale) {
    let mut at = 0.0;
    for (&part, colour) in parts.iter().zip(COLOURS) {
        let (x, width) = (scale.x(at), scale.x(at + part) - scale.x(at));
        at += part;
        if width < 0.5 {
            continue;
        }
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"34\" rx=\"3\" fill=\"{colour}\"/>",
            (width - 1.5).max(0.5)
        );
        if width > 24.0 {
            let style =
                "font-size=\"12\" font-weight=\"600\" text-anchor=\"middle\" fill=\"#0f172a\"";
            text(
                svg,
                (x + width / 2.0, top + 21.5),
                style,
                &format!("{part:.0}"),
            );
        }
    }
}

fn dots(svg: &mut String, (top, bottom): (f64, f64), turns: &[Turn], scale: &Scale) {
    for (n, turn) in turns.iter().enumerate() {
        let Some(heard) = turn.voice_to_voice else {
            continue;
        };
        // Spread evenly over the height by the golden ratio, so that neighbours do not hide each other.
        let y = top + (bottom - top) * (n as f64 * 0.618_034).fract();
        let (fill, stroke) = match (turn.cut_off, turn.paused) {
            (true, _) => ("#ef4444", "#ef4444"),
            (false, true) => ("#ffffff", "#6366f1"),
            (false, false) => ("#6366f1", "#6366f1"),
        };
        let _ = writeln!(
            svg,
            "<circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{fill}\" fill-opacity=\"0.8\" stroke=\"{stroke}\" stroke-width=\"1.6\"/>",
            scale.x(heard)
        );
    }
}

fn aims(svg: &mut String, (top, bottom): (f64, f64), aim: Aim, scale: &Scale) {
    for at in [aim.p50, aim.p95] {
        let x = scale.x(at);
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" y1=\"{top:.1}\" x2=\"{x:.1}\" y2=\"{bottom:.1}\" stroke=\"#16a34a\" stroke-dasharray=\"3 4\" stroke-width=\"1.4\"/>"
        );
        text(
            svg,
            (x + 4.0, bottom - 3.0),
            "font-size=\"11\" fill=\"#15803d\"",
            &format!("aim {at:.0}"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answered_turn_is_a_dot() {
        let turn = |heard| Turn {
            voice_to_voice: heard,
            ..Turn::default()
        };
        let turns = vec![turn(Some(400.0)), turn(None), turn(Some(900.0))];
        let run = Run {
            model: "fast".to_owned(),
            turns,
            ..Run::default()
        };
        let svg = draw(&[(
            &run,
            Aim {
                p50: 450.0,
                p95: 700.0,
            },
        )]);
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
        assert_eq!(svg.matches("aim ").count(), 2);
    }

    #[test]
    fn the_longest_turn_lies_within_the_picture() {
        let turns = vec![Turn {
            voice_to_voice: Some(2345.0),
            ..Turn::default()
        }];
        let run = Run {
            turns,
            ..Run::default()
        };
        let scale = Scale::of(&[(
            &run,
            Aim {
                p50: 450.0,
                p95: 700.0,
            },
        )]);
        assert!(scale.x(2345.0) < RIGHT, "{}", scale.end);
    }
}
