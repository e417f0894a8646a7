//! One call through the page at `/`, as a person with a browser holds it: press the button, speak, read, hang up.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::browser::Browser;

/// What the page showed of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Who (`user` or `agent`) and what, in order.
    pub lines: Vec<(String, String)>,
    /// The times to the answers that it shows, in ms.
    pub waits: Vec<u32>,
    /// Empty when all went well.
    pub error: String,
}

const LINES: &str = "[...document.querySelectorAll('#log li')].map(li => \
    [li.classList.contains('user') ? 'user' : 'agent', li.querySelector('.bubble')?.textContent ?? ''])";
const WAITS: &str = "[...document.querySelectorAll('.time b')].map(b => parseInt(b.textContent))";

/// Calls the first agent of the server at `url` with `microphone` (a WAV file that begins with the caller's wait for the
/// greeting), until `answers` answers have been heard to their end or `limit` is over. Takes a picture while the last
/// of them is spoken.
pub async fn call(
    url: &str,
    microphone: &Path,
    answers: usize,
    limit: Duration,
    picture: Option<&Path>,
) -> Result<Shown> {
    let mut browser = Browser::open(url, microphone, (900, 820)).await?;
    browser
        .wait_for(
            "document.querySelector('#agent').options.length",
            Duration::from_secs(20),
        )
        .await?;
    browser
        .eval("document.querySelector('#talk').click()")
        .await?;
    browser
        .wait_for(
            &format!("document.querySelectorAll('.time b').length >= {answers}"),
            limit,
        )
        .await?;
    let spoken = "[...document.querySelectorAll('#log .agent .bubble')].at(-1)?.textContent.split(' ').length > 5";
    // An answer of few words is pictured as it is.
    let _ = browser.wait_for(spoken, Duration::from_secs(3)).await;
    if let Some(path) = picture {
        browser.picture(path).await?;
    }
    browser
        .wait_for(
            "!document.querySelector('#log .open')",
            Duration::from_secs(30),
        )
        .await?;
    browser
        .eval("document.querySelector('#talk').click()")
        .await?;
    browser
        .wait_for(
            "!document.querySelector('#after').hidden",
            Duration::from_secs(10),
        )
        .await?;
    let lines: Vec<(String, String)> =
        serde_json::from_value(browser.eval(LINES).await?).context("lines")?;
    let waits = serde_json::from_value(browser.eval(WAITS).await?).context("times")?;
    let error = browser
        .eval("document.querySelector('#error').textContent")
        .await?;
    Ok(Shown {
        lines,
        waits,
        error: error
            .as_str()
            .map(str::to_owned)
            .unwrap_or_else(|| Value::to_string(&error)),
    })
}
