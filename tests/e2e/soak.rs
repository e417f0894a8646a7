//! The shorter sibling of `make soak`.

use anyhow::Result;
use voiceos_tests::soak::{Soak, run};

#[tokio::test]
async fn many_short_calls_leave_nothing_behind_but_their_records() -> Result<()> {
    let seen = run(
        Soak {
            calls: 60,
            at_once: 6,
            warm_up: 24,
        },
        |_| {},
    )
    .await?;
    println!("{seen:?}");
    Ok(())
}
