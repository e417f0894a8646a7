//! `voiceos replay <file>`: plays a call's log again and compares every command.

use std::{fs::File, io::BufReader, path::Path};

use anyhow::{Context, bail};
use voiceos_core::{
    Command,
    replay::{Replayed, replay},
};

/// Prints the call step by step when `verbose`, then whether the replay gave the same commands.
pub fn run(path: &Path, verbose: bool) -> anyhow::Result<()> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let replayed = replay(BufReader::new(file))
        .with_context(|| format!("cannot replay {}", path.display()))?;
    if verbose {
        print(&replayed);
    }
    let commands: usize = replayed.steps.iter().map(|step| step.commands.len()).sum();
    let steps = replayed.steps.len();
    if let Some(difference) = replayed.difference {
        println!("logged:   {:?}", difference.logged);
        println!("replayed: {:?}", difference.replayed);
        bail!(
            "step {} at {:.3} s took another way",
            difference.step,
            difference.at.as_secs_f64()
        );
    }
    let cut = if replayed.truncated {
        " (the last line was cut off)"
    } else {
        ""
    };
    println!(
        "{}: {steps} steps, {commands} commands, all the same{cut}",
        replayed.head.conversation
    );
    Ok(())
}

fn print(replayed: &Replayed) {
    for step in &replayed.steps {
        println!("{:>9.3}  {:?}", step.at.as_secs_f64(), step.input);
        for command in &step.commands {
            match command {
                Command::Tell { event } => println!("           · {event:?}"),
                command => println!("           > {command:?}"),
            }
        }
    }
}
