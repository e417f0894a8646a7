//! How an installation is told: bars on a terminal, now and then a line elsewhere, or nothing.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Hears how an installation goes, from several threads.
pub trait Progress: Sync {
    /// One sentence worth reading.
    fn say(&self, line: &str);
    /// Something of this many bytes is to be fetched. Saying it again replaces the size.
    fn expect(&self, name: &str, bytes: u64);
    /// So many bytes of it are here.
    fn at(&self, name: &str, bytes: u64);
    /// It is complete, or given up.
    fn done(&self, name: &str);
}

/// Tells nothing.
pub struct Silent;

impl Progress for Silent {
    fn say(&self, _: &str) {}
    fn expect(&self, _: &str, _: u64) {}
    fn at(&self, _: &str, _: u64) {}
    fn done(&self, _: &str) {}
}

#[derive(Default)]
struct Tally {
    items: BTreeMap<String, (u64, u64)>,
    active: Vec<String>,
}

impl Tally {
    fn expect(&mut self, name: &str, bytes: u64) {
        self.items.insert(name.to_owned(), (0, bytes));
    }

    fn at(&mut self, name: &str, bytes: u64) {
        if let Some(item) = self.items.get_mut(name) {
            item.0 = bytes.min(item.1);
        }
        if !self.active.iter().any(|active| active == name) {
            self.active.push(name.to_owned());
        }
    }

    fn done(&mut self, name: &str) {
        self.active.retain(|active| active != name);
        if let Some(item) = self.items.get_mut(name) {
            item.0 = item.1;
        }
    }

    fn sums(&self) -> (u64, u64) {
        self.items
            .values()
            .fold((0, 0), |sum, item| (sum.0 + item.0, sum.1 + item.1))
    }
}

/// Bytes as people read them.
pub fn megabytes(bytes: u64) -> String {
    if bytes < 10_000_000 {
        format!("{:.1} MB", bytes as f64 / 1e6)
    } else {
        format!("{:.0} MB", bytes as f64 / 1e6)
    }
}

/// A line at most every 2 s: at each tenth of the way, and every 10 s in between.
pub struct Lines<W> {
    out: Mutex<Written<W>>,
    prefix: String,
}

struct Written<W> {
    out: W,
    tally: Tally,
    start: Instant,
    last: Option<(Instant, u64)>,
}

impl<W: Write + Send> Lines<W> {
    /// Writes to `out`, each line after `prefix`.
    pub fn new(out: W, prefix: &str) -> Self {
        let written = Written {
            out,
            tally: Tally::default(),
            start: Instant::now(),
            last: None,
        };
        Self {
            out: Mutex::new(written),
            prefix: prefix.to_owned(),
        }
    }

    fn with(&self, f: impl FnOnce(&mut Written<W>)) {
        if let Ok(mut written) = self.out.lock() {
            f(&mut written);
        }
    }
}

impl<W: Write> Written<W> {
    fn line(&mut self, prefix: &str, line: &str) {
        // Talk that nobody can hear is no reason to stop.
        writeln!(self.out, "{prefix}{line}")
            .and_then(|()| self.out.flush())
            .ok();
    }

    fn tell(&mut self, prefix: &str) {
        let (here, all) = self.tally.sums();
        let tenth = (here * 10).checked_div(all).unwrap_or(0);
        let due = match self.last {
            None => true,
            Some((at, before)) => {
                let since = at.elapsed();
                since >= Duration::from_secs(10)
                    || (tenth > before && since >= Duration::from_secs(2))
            }
        };
        if !due {
            return;
        }
        let rate = here as f64 / 1e6 / self.start.elapsed().as_secs_f64().max(0.1);
        let what = match self.tally.active.as_slice() {
            [] => String::new(),
            [one] => one.clone(),
            [one, more @ ..] => format!("{one} and {} more", more.len()),
        };
        let percent = (here * 100).checked_div(all).unwrap_or(100);
        let line = format!(
            "{} of {} ({percent} %, {rate:.0} MB/s) {what}",
            megabytes(here),
            megabytes(all)
        );
        self.last = Some((Instant::now(), tenth));
        self.line(prefix, &line);
    }
}

impl<W: Write + Send> Progress for Lines<W> {
    fn say(&self, line: &str) {
        self.with(|written| written.line(&self.prefix, line));
    }

    fn expect(&self, name: &str, bytes: u64) {
        self.with(|written| written.tally.expect(name, bytes));
    }

    fn at(&self, name: &str, bytes: u64) {
        self.with(|written| {
            written.tally.at(name, bytes);
            written.tell(&self.prefix);
        });
    }

    fn done(&self, name: &str) {
        self.with(|written| written.tally.done(name));
    }
}

/// One bar for everything and one for each download that is under way.
pub struct Bars {
    all: MultiProgress,
    total: ProgressBar,
    state: Mutex<(Tally, BTreeMap<String, ProgressBar>)>,
}

impl Default for Bars {
    fn default() -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(8));
        let total = all.add(ProgressBar::new(0));
        total.set_style(style("{msg:34} {bar:28} {bytes:>10} of {total_bytes:>10} {binary_bytes_per_sec:>12} {eta:>5}"));
        total.set_message("models");
        Self {
            all,
            total,
            state: Mutex::default(),
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━━─")
}

impl Bars {
    fn with(&self, f: impl FnOnce(&mut Tally, &mut BTreeMap<String, ProgressBar>)) {
        if let Ok(mut state) = self.state.lock() {
            let (tally, bars) = &mut *state;
            f(tally, bars);
            let (here, all) = tally.sums();
            self.total.set_length(all);
            self.total.set_position(here);
        }
    }
}

impl Progress for Bars {
    fn say(&self, line: &str) {
        self.all.suspend(|| eprintln!("{line}"));
    }

    fn expect(&self, name: &str, bytes: u64) {
        self.with(|tally, _| tally.expect(name, bytes));
    }

    fn at(&self, name: &str, bytes: u64) {
        self.with(|tally, bars| {
            tally.at(name, bytes);
            let bar = bars.entry(name.to_owned()).or_insert_with(|| {
                let bar = self.all.add(ProgressBar::new(
                    tally.items.get(name).map_or(0, |item| item.1),
                ));
                bar.set_style(style(
                    "  {msg:32} {bar:28} {bytes:>10} of {total_bytes:>10}",
                ));
                bar.set_message(name.to_owned());
                bar
            });
            bar.set_position(bytes);
        });
    }

    fn done(&self, name: &str) {
        self.with(|tally, bars| {
            tally.done(name);
            if let Some(bar) = bars.remove(name) {
                bar.finish_and_clear();
            }
        });
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.total.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_tell_how_far_it_is_without_a_line_per_chunk() {
        let lines = Lines::new(Vec::new(), "models | ");
        lines.expect("voice", 1_000_000);
        lines.expect("model", 3_000_000);
        for bytes in (0..=100_000).step_by(1000) {
            lines.at("voice", bytes);
        }
        lines.say("ready");
        let text = String::from_utf8(lines.out.into_inner().unwrap().out).unwrap();
        let told: Vec<_> = text.lines().collect();
        assert_eq!(told.len(), 2, "{text}");
        assert!(
            told[0].starts_with("models | 0.0 MB of 4.0 MB (0 %,"),
            "{text}"
        );
        assert_eq!(told[1], "models | ready");
    }
}
