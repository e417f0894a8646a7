//! The pages and README blocks that the benches write: tables, and what the figures say about where time can still be won.

use std::fmt::Write;

use super::{
    chart::Aim,
    demo,
    voice::{PARTS, Run, STAGES},
};

/// Shares of false cut-offs that are accepted.
const CUT_OFFS: f64 = 0.05;

/// What the voice bench is held against.
pub fn aim(model: &str) -> Aim {
    if model == "right" {
        Aim {
            p50: 600.0,
            p95: 900.0,
        }
    } else {
        Aim {
            p50: 450.0,
            p95: 700.0,
        }
    }
}

fn yes(met: bool) -> &'static str {
    if met { "✓" } else { "✗" }
}

/// The table for the README.
pub fn voice_block(runs: &[&Run], machine: &str) -> String {
    let mut block = String::from(
        "| language model | median | 95th percentile | longest | aim | pauses taken for the end |\n|---|---|---|---|---|---|\n",
    );
    for run in runs {
        let Some(spread) = run.spread() else { continue };
        let aim = aim(&run.model);
        let _ = writeln!(
            block,
            "| {} | **{:.0} ms** {} | {:.0} ms {} | {:.0} ms | {:.0} / {:.0} ms | {} of {} |",
            run.model,
            spread.p50,
            yes(spread.p50 <= aim.p50),
            spread.p95,
            yes(spread.p95 <= aim.p95),
            spread.max,
            aim.p50,
            aim.p95,
            run.count(|turn| turn.paused && (turn.cut_off || turn.taken_early)),
            run.count(|turn| turn.paused),
        );
    }
    let turns = runs.iter().map(|run| run.turns.len()).max().unwrap_or(0);
    let _ = write!(
        block,
        "\n![Where the time of a turn goes, and every turn](docs/images/bench-voice.svg)\n\n{turns} turns each on \
         {machine}. Every stage, every turn and what is left on the table: [docs/reference/bench-voice.md](docs/reference/bench-voice.md).\n"
    );
    block
}

/// The whole page.
pub fn voice_page(runs: &[&Run], machine: &str) -> String {
    let mut page = String::from(
        "# How long a caller waits\n\nWritten by `make bench-voice`. A caller (Kokoro's `am_michael`) calls the demo agent \
         through the web leg, both sides are recorded as the phone sends and plays them, and the time from the end of the \
         caller's sound to the start of the agent's is measured on the two waveforms (40 ms of it is the phone's own cushion \
         against jitter). In a quarter of the turns the caller pauses 0.7 to 1.2 s in mid-sentence: the whole sentence is \
         spoken, and its audio cut at the end of a word, so that the melody before the pause is that of a sentence that \
         goes on. Server, engines and caller share this machine.\n\n",
    );
    let _ = writeln!(
        page,
        "Machine: {machine}.\n\n![Where the time of a turn goes, and every turn](../images/bench-voice.svg)\n"
    );
    for run in runs {
        section(&mut page, run);
    }
    page
}

fn section(page: &mut String, run: &Run) {
    let Some(spread) = run.spread() else { return };
    let aim = aim(&run.model);
    let _ = writeln!(
        page,
        "## Language model `{}`\n\n| | measured | aim | |\n|---|---|---|---|",
        run.model
    );
    let early = run.count(|turn| turn.cut_off || turn.taken_early);
    let pauses = run.count(|turn| turn.paused);
    let share = early as f64 / run.turns.len().max(1) as f64;
    let rows = [
        (
            "voice to voice, median",
            format!("{:.0} ms", spread.p50),
            format!("≤ {:.0} ms", aim.p50),
            spread.p50 <= aim.p50,
        ),
        (
            "95th percentile",
            format!("{:.0} ms", spread.p95),
            format!("≤ {:.0} ms", aim.p95),
            spread.p95 <= aim.p95,
        ),
        (
            "turns answered too early",
            format!("{early} of {} ({:.1} %)", run.turns.len(), share * 100.0),
            "≤ 5 %".to_owned(),
            share <= CUT_OFFS,
        ),
    ];
    for (what, measured, aim, met) in rows {
        let _ = writeln!(page, "| {what} | **{measured}** | {aim} | {} |", yes(met));
    }
    let _ = writeln!(page, "| longest | {:.0} ms | | |", spread.max);
    let heard = run.count(|turn| turn.paused && turn.cut_off);
    let taken = run.count(|turn| turn.paused && turn.taken_early);
    let _ = writeln!(
        page,
        "| of {pauses} pauses in mid-sentence | {taken} taken, {heard} heard to be answered | | |"
    );
    let unanswered = run.count(|turn| turn.voice_to_voice.is_none());
    let _ = writeln!(
        page,
        "| turns without an answer | {unanswered} | 0 | {} |",
        yes(unanswered == 0)
    );
    if let Some(load) = run.load {
        let _ = writeln!(
            page,
            "| load of the machine before it began | {load:.1} | | |"
        );
    }
    page.push('\n');
    stages(page, run);
    let _ = writeln!(
        page,
        "### What is left on the table\n\n{}\n",
        left_on_the_table(run)
    );
    slowest(page, run);
}

/// `p50` and `p95` of each stage, as a table.
pub fn stages(page: &mut String, run: &Run) {
    let _ = writeln!(
        page,
        "| stage, after the caller's last voiced frame | median | 95th percentile | longest |\n|---|---|---|---|"
    );
    let rows = STAGES
        .iter()
        .enumerate()
        .map(|(n, name)| (*name, run.stage(n)));
    for (name, spread) in rows.chain([("**heard by the caller** (waveform)", run.spread())]) {
        let Some(spread) = spread else { continue };
        let _ = writeln!(
            page,
            "| {name} | {:.0} ms | {:.0} ms | {:.0} ms |",
            spread.p50, spread.p95, spread.max
        );
    }
    page.push('\n');
}

fn slowest(page: &mut String, run: &Run) {
    let mut turns: Vec<_> = run
        .turns
        .iter()
        .filter(|turn| turn.voice_to_voice.is_some())
        .collect();
    turns.sort_by(|a, b| {
        b.voice_to_voice
            .partial_cmp(&a.voice_to_voice)
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    let _ = writeln!(
        page,
        "The slowest turns:\n\n| said | heard after | {} |\n|---|---|---|---|---|---|---|---|",
        PARTS.join(" | ")
    );
    for turn in turns.into_iter().take(5) {
        let (Some(heard), Some(parts)) = (turn.voice_to_voice, turn.parts()) else {
            continue;
        };
        let parts: Vec<String> = parts.iter().map(|part| format!("{part:.0}")).collect();
        let _ = writeln!(
            page,
            "| {} | {heard:.0} ms | {} |",
            turn.text,
            parts.join(" | ")
        );
    }
    page.push('\n');
}

/// Where the time of a typical turn goes, in sentences.
pub fn left_on_the_table(run: &Run) -> String {
    let [silence, words, model, voice, held, line] = run.typical();
    let waits = run.waits();
    // The answer was there, but the turn was not yet taken.
    let waiting = run.count(|turn| matches!((turn.stages[3], turn.stages[6]), (Some(end), Some(speech)) if speech < end));
    let mut told = format!(
        "Of a typical turn, {silence:.0} ms pass before the silence is noticed and {line:.0} ms on the line and in the phone's \
         cushion. In between the machine computes for {:.0} ms: {words:.0} until the last words are there, {model:.0} for \
         the model to write the first piece, {voice:.0} for its first sound. ",
        words + model + voice
    );
    if waiting * 2 > run.turns.len() {
        let _ = write!(
            told,
            "In {waiting} of {} turns the answer was there before the turn was taken; a typical one is held back for {held:.0} ms, \
             which a shorter `turns.silence` would win, at the price of more interruptions. ",
            run.turns.len()
        );
    } else {
        let _ = write!(
            told,
            "In {waiting} of {} turns the answer was there before the turn was taken: computing, not waiting, sets the pace, \
             so a faster machine or smaller first pieces win time, a shorter `turns.silence` wins little. ",
            run.turns.len()
        );
    }
    let _ = write!(
        told,
        "{} turns were taken after the short wait because the turn detector was sure, {} after a longer one, {} only after \
         the long silence: these make the tail.",
        waits.sure, waits.likely, waits.long
    );
    told
}

/// The table of `bench-demo` for README and page.
pub fn demo_block(runs: &[&demo::Run]) -> String {
    let mut block = String::from(
        "| language model | line | right answers | aim | invented numbers | word error of the questions |\n|---|---|---|---|---|---|\n",
    );
    for run in runs {
        let share = if run.model == "right" { 0.95 } else { 0.85 };
        let aim = (share * run.answers.len() as f64).ceil() as usize;
        let _ = writeln!(
            block,
            "| {} | {} | **{} of {}** {} | {aim} | {} {} | {:.1} % |",
            run.model,
            run.line,
            run.right(),
            run.answers.len(),
            yes(run.right() >= aim),
            run.invented(),
            yes(run.invented() == 0),
            run.errors().rate() * 100.0
        );
    }
    block
}

/// The whole page of `bench-demo`.
pub fn demo_page(runs: &[&demo::Run], machine: &str) -> String {
    let mut page = String::from(
        "# What the demo agent answers\n\nWritten by `make bench-demo`. The forty questions of `bench/demo-questions.json` are \
         spoken to the demo agent by another voice (Kokoro's `am_michael`) through the web leg, as 16 kHz PCM and as 8 kHz \
         µ-law. What counts is the stored message, which is what was heard of the answer; right and invented are decided by \
         the rule beside each question. Word error compares the stored message of the caller with what was said.\n\n",
    );
    let _ = writeln!(page, "Machine: {machine}.\n\n{}", demo_block(runs));
    for run in runs {
        let _ = writeln!(page, "## `{}`, {}\n", run.model, run.line);
        let wrong: Vec<_> = run.answers.iter().filter(|answer| !answer.right).collect();
        if wrong.is_empty() {
            page += "All right.\n\n";
            continue;
        }
        page += "| asked | understood | answered | invented |\n|---|---|---|---|\n";
        for answer in wrong {
            let invented: Vec<String> = answer.invented.iter().map(u64::to_string).collect();
            let cell = |text: &str| text.replace('|', "/");
            let _ = writeln!(
                page,
                "| {} | {} | {} | {} |",
                cell(&answer.question),
                cell(&answer.understood),
                cell(&answer.answer),
                invented.join(", ")
            );
        }
        page.push('\n');
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::voice::Turn;

    fn run(endpoint: f64, speech: f64) -> Run {
        let stages = [
            100.0,
            120.0,
            160.0,
            endpoint,
            190.0,
            200.0,
            speech,
            endpoint.max(speech),
        ]
        .map(Some);
        let turn = Turn {
            text: "Hi.".to_owned(),
            voice_to_voice: Some(400.0),
            stages,
            ..Turn::default()
        };
        Run {
            model: "fast".to_owned(),
            load: Some(0.5),
            turns: vec![turn; 4],
        }
    }

    #[test]
    fn the_page_tells_whether_waiting_or_computing_sets_the_pace() {
        assert!(left_on_the_table(&run(240.0, 220.0)).contains("held back for 20 ms"));
        assert!(left_on_the_table(&run(240.0, 320.0)).contains("computing, not waiting"));
    }

    #[test]
    fn an_aim_that_is_missed_is_marked_as_such() {
        let mut slow = run(240.0, 300.0);
        assert!(voice_page(&[&slow], "a machine").contains("| **400 ms** | ≤ 450 ms | ✓ |"));
        for turn in &mut slow.turns {
            turn.voice_to_voice = Some(900.0);
        }
        assert!(voice_block(&[&slow], "a machine").contains("**900 ms** ✗"));
    }

    #[test]
    fn a_turn_that_was_cut_off_counts_against_all_turns() {
        let mut run = run(240.0, 220.0);
        (run.turns[0].paused, run.turns[0].cut_off) = (true, true);
        let page = voice_page(&[&run], "a machine");
        assert!(page.contains("**1 of 4 (25.0 %)** | ≤ 5 % | ✗"), "{page}");
        assert!(voice_block(&[&run], "a machine").contains("1 of 1"));
    }
}
