//! What every bench prints its results with: percentiles, a histogram, the machine it ran on, and the place of a table in
//! a page that people write around it.

use std::{fmt::Write, fs, path::Path, path::PathBuf};

use anyhow::{Context, Result, ensure};
use voiceos_audio::measure::quantile;

/// The 50th and the 95th percentile, by nearest rank.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub p50: f64,
    pub p95: f64,
    pub max: f64,
}

impl Spread {
    /// `None` of nothing.
    pub fn of(values: &[f64]) -> Option<Self> {
        let max = values.iter().copied().reduce(f64::max)?;
        Some(Self {
            p50: quantile(values, 0.5)?,
            p95: quantile(values, 0.95)?,
            max,
        })
    }
}

/// One line for each 50 ms, or more where values lie far apart, with a bar of one block for each value, and the number of
/// them.
pub fn histogram(values: &[f64]) -> String {
    let least = values.iter().copied().fold(f64::MAX, f64::min);
    let most = values.iter().copied().fold(0.0, f64::max);
    let steps = [50.0, 100.0, 200.0, 500.0];
    let step = steps
        .into_iter()
        .find(|step| most - least <= 30.0 * step)
        .unwrap_or(1000.0);
    let bins: Vec<i64> = values
        .iter()
        .map(|value| (value / step).floor() as i64)
        .collect();
    let (Some(&first), Some(&last)) = (bins.iter().min(), bins.iter().max()) else {
        return String::new();
    };
    let mut lines = String::new();
    for n in first..=last {
        let count = bins.iter().filter(|&&bin| bin == n).count();
        let told = if count == 0 {
            String::new()
        } else {
            format!("{} {count}", "█".repeat(count))
        };
        let _ = writeln!(lines, "{:>6} ms │{told}", n * step as i64);
    }
    lines
}

/// What a table's figures depend on: processor, cores, and what else the machine was doing.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let processor = fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| processor(&text));
    let processor = processor.unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    format!("{cores} cores of {processor}, {}", std::env::consts::OS)
}

fn processor(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo
        .lines()
        .find(|line| line.starts_with("model name"))?;
    Some(
        line.split_once(':')?
            .1
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" "),
    )
}

/// Processes that want to run, averaged over the last minute; `None` where the system does not tell.
pub fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg")
        .ok()?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

/// Puts `text` between `<!-- name -->` and `<!-- /name -->`.
pub fn fill_in(page: &str, name: &str, text: &str) -> Result<String> {
    let (from, to) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let start = page
        .find(&from)
        .with_context(|| format!("the page has no {from}"))?
        + from.len();
    let end = page
        .find(&to)
        .with_context(|| format!("the page has no {to}"))?;
    ensure!(start <= end, "{to} stands before {from}");
    Ok(format!(
        "{}\n{}\n{}",
        &page[..start],
        text.trim_end(),
        &page[end..]
    ))
}

/// The top of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Where results lie that are not for keeping, as JSON and pictures.
pub fn results_dir() -> Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let dir = target
        .unwrap_or_else(|| repository().join("target"))
        .join("bench");
    fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    Ok(dir)
}

/// Replaces the block `name` of the README.
pub fn fill_in_readme(name: &str, text: &str) -> Result<()> {
    let path = repository().join("README.md");
    let page = fs::read_to_string(&path)?;
    Ok(fs::write(&path, fill_in(&page, name, text)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_forty_values_the_thirty_eighth_is_the_95th_percentile() {
        let values: Vec<f64> = (1..=40).map(f64::from).collect();
        assert_eq!(
            Spread::of(&values),
            Some(Spread {
                p50: 20.0,
                p95: 38.0,
                max: 40.0
            })
        );
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn a_histogram_has_a_line_for_empty_steps_too() {
        let drawn = histogram(&[401.0, 449.0, 512.0]);
        let lines: Vec<&str> = drawn.lines().map(str::trim_end).collect();
        assert_eq!(lines, ["   400 ms │██ 2", "   450 ms │", "   500 ms │█ 1"]);
        assert_eq!(histogram(&[400.0, 4400.0]).lines().count(), 21);
        assert_eq!(histogram(&[]), "");
    }

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let page = "before\n<!-- t -->\nold\n<!-- /t -->\nafter\n";
        let filled = fill_in(page, "t", "new\n").unwrap();
        assert_eq!(filled, "before\n<!-- t -->\nnew\n<!-- /t -->\nafter\n");
        assert_eq!(fill_in(&filled, "t", "new").unwrap(), filled);
        assert!(fill_in("nothing", "t", "new").is_err());
    }

    #[test]
    fn the_processor_is_named_as_the_kernel_names_it() {
        let cpuinfo = "processor\t: 0\nmodel name\t: ACME  Fast\t9000\nflags\t: fpu\n";
        assert_eq!(processor(cpuinfo).unwrap(), "ACME Fast 9000");
    }
}
