//! Many short calls at once against the program with scripted engines: what it holds of the machine must not grow, and
//! nothing may be left of a call but its records.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use voiceos_api::{EndedReason, Role};

use crate::{
    line::{Line, start},
    phone::lines,
    program::{Footprint, Program},
    server::Data,
};

/// How many calls, how many of them at once, and how many of them only warm up.
#[derive(Clone, Copy, Debug)]
pub struct Soak {
    pub calls: usize,
    pub at_once: usize,
    pub warm_up: usize,
}

/// What memory may grow by between the end of the warm-up and the end, whatever the number of calls: an allocator keeps
/// and gives back in steps of megabytes. 200 calls that left 100 KiB each would leave 20 MiB.
pub const GROWTH_KIB: u64 = 6 * 1024;

/// Longer than any call of a second on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// What was seen.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub fresh: Footprint,
    pub warm: Footprint,
    pub after: Footprint,
}

/// Holds the calls; `told` hears how many are over.
///
/// # Errors
/// When a call or a record is not as it has to be, or something is left behind.
pub async fn run(soak: Soak, told: impl Fn(usize)) -> Result<Seen> {
    let data = Data::new()?;
    let answers = [
        ("VOICEOS_SCRIPTED_ANSWERS", "Yes sir."),
        ("VOICEOS_LOG", "warn"),
    ];
    let program = Program::scripted(data.dir(), &answers).await?;
    let fresh = program.footprint()?;
    batch(&program, soak.warm_up, soak.at_once, &told).await?;
    let warm = program.footprint()?;
    batch(&program, soak.calls - soak.warm_up, soak.at_once, &told).await?;
    let after = program.footprint()?;
    let seen = Seen { fresh, warm, after };
    all_are_stored(&program, soak.calls).await?;
    left_behind(&seen)?;
    let (status, log) = program.terminate().await?;
    ensure!(status.success(), "the server ended with {status}:\n{log}");
    ensure!(
        !log.contains("waiting for calls") && !log.contains("cut off"),
        "calls were left:\n{log}"
    );
    files(data.dir(), soak.calls)?;
    Ok(seen)
}

async fn batch(
    program: &Program,
    calls: usize,
    at_once: usize,
    told: &impl Fn(usize),
) -> Result<()> {
    let left = Arc::new(AtomicUsize::new(calls));
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..at_once {
        let (api, left) = (program.api.clone(), left.clone());
        callers.spawn(async move {
            let mut held = 0;
            while left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                    left.checked_sub(1)
                })
                .is_ok()
            {
                let made = api.web_call(json!({})).await?;
                one(&made.url)
                    .await
                    .with_context(|| format!("call {}", made.id))?;
                held += 1;
            }
            anyhow::Ok(held)
        });
    }
    let mut held = 0;
    while let Some(caller) = callers.join_next().await {
        held += caller??;
        told(held);
    }
    program.api.idle(LIMIT).await
}

/// A question, its answer of two words, and goodbye.
async fn one(url: &str) -> Result<()> {
    let mut line = Line::join(url, &start()).await?;
    line.listen(Line::ready).await?;
    line.ask(160, |line| line.answers() > 0).await?;
    line.hang_up().await?;
    ensure!(
        line.ended() == Some("user_ended"),
        "it ended otherwise: {:?}",
        line.told
    );
    Ok(())
}

async fn all_are_stored(program: &Program, calls: usize) -> Result<()> {
    let page = program.api.get("/conversations?limit=1000").await?;
    let items = page["items"].as_array().context("no items")?;
    ensure!(
        items.len() == calls,
        "{} conversations instead of {calls}",
        items.len()
    );
    for item in items {
        let conversation: voiceos_api::ConversationResponse = serde_json::from_value(item.clone())?;
        let said = lines(&conversation);
        ensure!(
            conversation.ended_reason == Some(EndedReason::UserEnded),
            "{conversation:?}"
        );
        ensure!(
            said == [(Role::User, "question 1"), (Role::Agent, "Yes sir.")],
            "{said:?}"
        );
        ensure!(
            conversation.recording.is_some(),
            "{} has no recording",
            conversation.id
        );
    }
    Ok(())
}

fn left_behind(seen: &Seen) -> Result<()> {
    let Seen { warm, after, .. } = seen;
    ensure!(
        after.resident <= warm.resident + GROWTH_KIB,
        "memory grew by more than {GROWTH_KIB} KiB: {seen:?}"
    );
    // Idle threads of the pool come and go; the store's and the runtime's stay.
    ensure!(
        after.threads <= warm.threads + 8,
        "threads were left: {seen:?}"
    );
    ensure!(
        after.files <= warm.files + 4,
        "files or sockets were left open: {seen:?}"
    );
    Ok(())
}

fn files(data: &Path, calls: usize) -> Result<()> {
    for dir in ["recordings", "calls"] {
        let found = std::fs::read_dir(data.join(dir))?.count();
        ensure!(found == calls, "{found} files in {dir} after {calls} calls");
    }
    Ok(())
}
