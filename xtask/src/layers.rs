//! The arrows of the house: which crate of the workspace may know which. Compares them with `cargo metadata`.

use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Who may know whom, from the bottom up. A crate that is not listed may know nobody and be known by nobody.
const ARROWS: [(&str, &[&str]); 11] = [
    ("voiceos-api", &[]),
    ("voiceos-audio", &[]),
    ("voiceos-weights", &[]),
    ("voiceos-core", &["voiceos-api"]),
    ("voiceos-store", &["voiceos-api"]),
    ("voiceos-carriers", &["voiceos-api", "voiceos-audio"]),
    ("voiceos-providers", &["voiceos-api", "voiceos-audio"]),
    (
        "voiceos-local",
        &["voiceos-api", "voiceos-audio", "voiceos-providers"],
    ),
    (
        "voiceos",
        &[
            "voiceos-api",
            "voiceos-audio",
            "voiceos-weights",
            "voiceos-core",
            "voiceos-store",
            "voiceos-carriers",
            "voiceos-providers",
            "voiceos-local",
        ],
    ),
    (
        "voiceos-tests",
        &[
            "voiceos",
            "voiceos-api",
            "voiceos-audio",
            "voiceos-weights",
            "voiceos-core",
            "voiceos-store",
            "voiceos-carriers",
            "voiceos-providers",
            "voiceos-local",
        ],
    ),
    ("xtask", &[]),
];

/// Crates that do no I/O and know no clock: these may not appear among their normal dependencies.
const PURE: [&str; 3] = ["voiceos-api", "voiceos-audio", "voiceos-core"];
const IMPURE: [&str; 6] = ["tokio", "reqwest", "axum", "sqlx", "ureq", "rten"];

pub fn run() -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output();
    let output = output.context("cannot start cargo metadata")?;
    if !output.status.success() {
        bail!(
            "cargo metadata failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let metadata: Value =
        serde_json::from_slice(&output.stdout).context("cargo metadata is not JSON")?;
    let wrong = wrong_arrows(&metadata);
    if !wrong.is_empty() {
        bail!(
            "arrows that the house does not have (docs/ARCHITECTURE.md, xtask/src/layers.rs):\n  {}",
            wrong.join("\n  ")
        );
    }
    Ok(())
}

fn wrong_arrows(metadata: &Value) -> Vec<String> {
    let packages = metadata["packages"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let ours: Vec<_> = packages
        .iter()
        .filter_map(|package| package["name"].as_str())
        .collect();
    let mut wrong = Vec::new();
    for package in packages {
        let Some(name) = package["name"].as_str() else {
            continue;
        };
        let allowed = ARROWS
            .iter()
            .find(|(from, _)| *from == name)
            .map(|(_, to)| *to);
        if allowed.is_none() {
            wrong.push(format!("{name} is not in the list"));
        }
        for dependency in package["dependencies"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default()
        {
            let to = dependency["name"].as_str().unwrap_or_default();
            // A test may look at anything below or beside it.
            let in_tests = dependency["kind"].as_str() == Some("dev");
            if ours.contains(&to) && !in_tests && !allowed.unwrap_or_default().contains(&to) {
                wrong.push(format!("{name} -> {to}"));
            }
            if PURE.contains(&name) && IMPURE.contains(&to) && !in_tests {
                wrong.push(format!("{name} -> {to} (it is pure)"));
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(name: &str, to: &str, kind: Option<&str>) -> Vec<String> {
        wrong_arrows(&json!({ "packages": [
            { "name": name, "dependencies": [{ "name": to, "kind": kind }] },
            { "name": to, "dependencies": [] },
        ]}))
    }

    #[test]
    fn an_arrow_down_is_fine() {
        assert_eq!(
            with("voiceos-core", "voiceos-api", None),
            Vec::<String>::new()
        );
    }

    #[test]
    fn an_arrow_between_neighbours_is_named() {
        assert_eq!(
            with("voiceos-core", "voiceos-store", None),
            ["voiceos-core -> voiceos-store"]
        );
    }

    #[test]
    fn an_arrow_up_is_named() {
        assert_eq!(
            with("voiceos-api", "voiceos", None),
            ["voiceos-api -> voiceos"]
        );
    }

    #[test]
    fn a_test_may_look_sideways() {
        assert_eq!(
            with("voiceos-core", "voiceos-audio", Some("dev")),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_crate_that_nobody_listed_is_named() {
        assert_eq!(
            with("voiceos-new", "voiceos-api", None)[0],
            "voiceos-new is not in the list"
        );
    }

    #[test]
    fn the_arrows_point_down() {
        for (index, (_, to)) in ARROWS.iter().enumerate() {
            for name in *to {
                assert!(
                    ARROWS[..index].iter().any(|(below, _)| below == name),
                    "{name} lies above"
                );
            }
        }
    }
}
