//! A headless Chromium with a WAV file for a microphone, spoken to over its DevTools socket. Opens a page, evaluates
//! expressions in it, takes pictures; what the page should show is for the test to say.

use std::{path::Path, process::Stdio, time::Duration};

use anyhow::{Context, Result, bail};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpStream,
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

/// Names under which distributions install it.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];
/// For any one answer of the browser's.
const PATIENCE: Duration = Duration::from_secs(30);

/// Ends with its value.
pub struct Browser {
    process: Child,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    target: String,
    asked: u64,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Opens `url` in a window of `width` by `height`. `microphone`: a WAV file, played once from when a page listens.
    pub async fn open(url: &str, microphone: &Path, (width, height): (u32, u32)) -> Result<Self> {
        let profile = tempfile::tempdir()?;
        let (mut process, mut lines) = start(microphone, (width, height), profile.path())?;
        let address = loop {
            let line = timeout(PATIENCE, lines.next_line())
                .await
                .context("Chromium does not start")??;
            let line = line.context("Chromium ended at once")?;
            if let Some(address) = line.strip_prefix("DevTools listening on ") {
                break address.to_owned();
            }
        };
        // What it says later is read and dropped, or it would block on a full pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let (socket, _) = connect_async(&address)
            .await
            .inspect_err(|_| drop(process.start_kill()))?;
        let mut browser = Self {
            process,
            socket,
            target: String::new(),
            asked: 0,
            _profile: profile,
        };
        let made = browser
            .ask("Target.createTarget", json!({ "url": url }))
            .await?;
        let attach = json!({ "targetId": made["targetId"], "flatten": true });
        let attached = browser.ask("Target.attachToTarget", attach).await?;
        browser.target = attached["sessionId"]
            .as_str()
            .context("no DevTools target")?
            .to_owned();
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 2, "mobile": width < 600 });
        browser
            .ask("Emulation.setDeviceMetricsOverride", size)
            .await?;
        Ok(browser)
    }

    /// Light or dark, as the person at the browser likes it.
    pub async fn prefer(&mut self, scheme: &str) -> Result<()> {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.ask("Emulation.setEmulatedMedia", features)
            .await
            .map(drop)
    }

    /// The value of a JavaScript expression in the page.
    pub async fn eval(&mut self, expression: &str) -> Result<Value> {
        let ask = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true, "userGesture": true });
        let answer = self.ask("Runtime.evaluate", ask).await?;
        if let Some(thrown) = answer.get("exceptionDetails") {
            bail!("the page threw at `{expression}`: {thrown}");
        }
        Ok(answer["result"]["value"].clone())
    }

    /// Waits until the expression is true.
    pub async fn wait_for(&mut self, expression: &str, limit: Duration) -> Result<()> {
        let end = Instant::now() + limit;
        // A page that is still loading throws; that is not yet true.
        let asked = format!(
            "(() => {{ try {{ return Boolean({expression}) }} catch {{ return false }} }})()"
        );
        while self.eval(&asked).await? != json!(true) {
            if Instant::now() >= end {
                let seen = self.eval("document.body.innerText").await?;
                bail!("`{expression}` was not true within {limit:?}; the page shows: {seen}");
            }
            sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// What is seen of the page now, as a PNG file.
    pub async fn picture(&mut self, path: &Path) -> Result<()> {
        use base64::Engine;
        let answer = self
            .ask("Page.captureScreenshot", json!({ "format": "png" }))
            .await?;
        let data = answer["data"].as_str().context("no picture")?;
        std::fs::write(
            path,
            base64::engine::general_purpose::STANDARD.decode(data)?,
        )?;
        Ok(())
    }

    async fn ask(&mut self, method: &str, params: Value) -> Result<Value> {
        self.asked += 1;
        let mut message = json!({ "id": self.asked, "method": method, "params": params });
        if !self.target.is_empty() {
            message["sessionId"] = json!(self.target);
        }
        self.socket
            .send(Message::Text(message.to_string().into()))
            .await?;
        loop {
            let message = timeout(PATIENCE, self.socket.next())
                .await
                .with_context(|| format!("no answer to {method}"))?;
            let Message::Text(text) = message.context("Chromium is gone")?? else {
                continue;
            };
            let mut answer: Value = serde_json::from_str(&text)?;
            if answer["id"] == json!(self.asked) {
                if let Some(error) = answer.get("error") {
                    bail!("{method}: {error}");
                }
                return Ok(answer["result"].take());
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.start_kill();
    }
}

type Lines = tokio::io::Lines<BufReader<tokio::process::ChildStderr>>;

fn start(microphone: &Path, (width, height): (u32, u32), profile: &Path) -> Result<(Child, Lines)> {
    for name in NAMES {
        let mut command = Command::new(name);
        command
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--remote-debugging-port=0",
            ])
            .args([
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
            ])
            .args(["--autoplay-policy=no-user-gesture-required", "--mute-audio"])
            .arg(format!(
                "--use-file-for-fake-audio-capture={}%noloop",
                microphone.display()
            ))
            .arg(format!("--window-size={width},{height}"))
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg("about:blank");
        let spawned = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        if let Ok(mut process) = spawned {
            let stderr = process.stderr.take().context("Chromium has no stderr")?;
            return Ok((process, BufReader::new(stderr).lines()));
        }
    }
    bail!("no Chromium here: install the package `chromium`")
}
