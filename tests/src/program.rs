//! The program `voiceos` as a child process: the one that lies beside the test, or the one that VOICEOS_PROGRAM names.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    sync::watch,
    task::JoinHandle,
    time::timeout,
};

use crate::api::Api;

/// Generous: a machine that compiles while it tests is slow.
pub const START: Duration = Duration::from_secs(60);
pub const END: Duration = Duration::from_secs(60);

/// Where the program lies.
///
/// # Errors
/// When it was not built; the text says how to.
pub fn program() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("VOICEOS_PROGRAM") {
        return Ok(named.into());
    }
    let test = std::env::current_exe()?;
    let beside = test
        .ancestors()
        .skip(1)
        .map(|dir| dir.join("voiceos"))
        .find(|path| path.is_file());
    beside.with_context(|| {
        format!(
            "the program `voiceos` does not lie beside {}: build it with `cargo build --release -p voiceos \
             --features voiceos/microphone` (`make test` does)",
            test.display()
        )
    })
}

/// What a run of the program left.
#[derive(Debug)]
pub struct Ended {
    /// `None`: a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// The program with these arguments and nothing of our environment but what it needs to start.
pub fn command(args: &[&str], environment: &[(&str, &str)]) -> Result<Command> {
    let mut command = Command::new(program()?);
    clean(&mut command, environment);
    command.args(args).kill_on_drop(true);
    Ok(command)
}

fn clean(command: &mut Command, environment: &[(&str, &str)]) {
    command
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let kept =
        ["PATH", "HOME", "XDG_CACHE_HOME", "TMPDIR"].map(|name| (name, std::env::var_os(name)));
    command.envs(
        kept.into_iter()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    // Whatever this user has set does not count in a test.
    command
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .envs(environment.iter().copied());
}

/// Runs the program to its end.
pub async fn run(args: &[&str], environment: &[(&str, &str)]) -> Result<Ended> {
    let output = timeout(START + END, command(args, environment)?.output()).await;
    let output = output.with_context(|| format!("voiceos {args:?} does not end"))??;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Ended {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    })
}

/// `voiceos serve` as a process of its own. Killed when it is dropped.
pub struct Program {
    pub api: Api,
    child: Child,
    log: Log,
    readers: [JoinHandle<()>; 2],
}

/// What the process has written so far, line by line.
#[derive(Clone)]
struct Log {
    lines: Arc<Mutex<String>>,
    grown: watch::Sender<()>,
}

impl Log {
    fn new() -> Self {
        Self {
            lines: Arc::default(),
            grown: watch::channel(()).0,
        }
    }

    fn follow(&self, from: impl AsyncRead + Unpin + Send + 'static) -> JoinHandle<()> {
        let log = self.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(from).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let mut text = log.lines.lock().unwrap_or_else(PoisonError::into_inner);
                text.push_str(&line);
                text.push('\n');
                drop(text);
                log.grown.send_replace(());
            }
        })
    }

    fn text(&self) -> String {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn has(&self, wanted: &str, limit: Duration) -> Result<String> {
        let mut grown = self.grown.subscribe();
        let found = async {
            loop {
                if let Some(line) = self.text().lines().find(|line| line.contains(wanted)) {
                    return line.to_owned();
                }
                // We hold the sender, so this cannot fail.
                let _ = grown.changed().await;
            }
        };
        let found = timeout(limit, found).await;
        found.map_err(|_| {
            anyhow::anyhow!(
                "`{wanted}` is not in the log after {limit:?}:\n{}",
                self.text()
            )
        })
    }
}

impl Program {
    /// With scripted engines, on a free port.
    pub async fn scripted(data: &Path, environment: &[(&str, &str)]) -> Result<Self> {
        let mut all = vec![("VOICEOS_ENGINES", "scripted")];
        all.extend(environment);
        Self::serve(data, &[], &all).await
    }

    pub async fn serve(data: &Path, args: &[&str], environment: &[(&str, &str)]) -> Result<Self> {
        let mut command = command(&["serve"], environment)?;
        command.args(args);
        Self::spawn(command, data).await
    }

    /// Runs the server through `shell`, in which `exec "$0" serve` starts it.
    pub async fn through(shell: &str, data: &Path, environment: &[(&str, &str)]) -> Result<Self> {
        let mut command = Command::new("sh");
        clean(&mut command, environment);
        command
            .arg("-c")
            .arg(shell)
            .arg(program()?)
            .kill_on_drop(true);
        Self::spawn(command, data).await
    }

    async fn spawn(mut command: Command, data: &Path) -> Result<Self> {
        let unset =
            |command: &Command, name: &str| command.as_std().get_envs().all(|(key, _)| key != name);
        if unset(&command, "VOICEOS_LISTEN") {
            command.env("VOICEOS_LISTEN", "127.0.0.1:0");
        }
        let mut child = command
            .env("VOICEOS_DATA_DIR", data)
            .spawn()
            .context("the program does not start")?;
        let log = Log::new();
        let readers = [
            log.follow(child.stdout.take().context("no stdout")?),
            log.follow(child.stderr.take().context("no stderr")?),
        ];
        let welcome = tokio::select! {
            line = log.has(" answers at ", START) => line?,
            status = child.wait() => bail!("the server ended ({}) before it answered:\n{}", status?, log.text()),
        };
        let url = welcome
            .split_whitespace()
            .last()
            .context("the welcome names no address")?
            .to_owned();
        let key = std::fs::read_to_string(data.join("api-key"))
            .context("the first key cannot be read")?;
        Ok(Self {
            api: Api::new(&url, key.trim()),
            child,
            log,
            readers,
        })
    }

    /// Process id.
    pub fn pid(&self) -> Result<u32> {
        self.child.id().context("the server has ended")
    }

    /// Everything it has printed and logged.
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// The first line with `wanted`, waiting for it.
    pub async fn logs(&self, wanted: &str, limit: Duration) -> Result<String> {
        self.log.has(wanted, limit).await
    }

    /// SIGKILL: nothing is said or flushed any more.
    pub async fn kill(mut self) -> Result<()> {
        self.child
            .kill()
            .await
            .context("the server cannot be killed")
    }

    /// SIGTERM, and what it ended with.
    pub async fn terminate(mut self) -> Result<(ExitStatus, String)> {
        self.ask_to_end().await?;
        let status = timeout(END, self.child.wait()).await;
        let status =
            status.with_context(|| format!("the server does not end:\n{}", self.log()))??;
        for reader in &mut self.readers {
            reader.await?;
        }
        Ok((status, self.log()))
    }

    /// SIGTERM, without waiting.
    pub async fn ask_to_end(&self) -> Result<()> {
        let sent = Command::new("kill")
            .arg("-TERM")
            .arg(self.pid()?.to_string())
            .status()
            .await?;
        ensure!(sent.success(), "SIGTERM could not be sent");
        Ok(())
    }

    pub fn footprint(&self) -> Result<Footprint> {
        Footprint::of(self.pid()?)
    }
}

/// What a process holds of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// KiB of memory in RAM.
    pub resident: u64,
    pub threads: u64,
    /// Open files, sockets included.
    pub files: u64,
}

impl Footprint {
    pub fn of(pid: u32) -> Result<Self> {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let fields: BTreeMap<&str, &str> = status
            .lines()
            .filter_map(|line| line.split_once(':'))
            .collect();
        let number = |name: &str| -> Result<u64> {
            let field = fields
                .get(name)
                .with_context(|| format!("no {name} in /proc"))?;
            Ok(field
                .split_whitespace()
                .next()
                .unwrap_or_default()
                .parse()?)
        };
        let files = std::fs::read_dir(format!("/proc/{pid}/fd"))?.count() as u64;
        Ok(Self {
            resident: number("VmRSS")?,
            threads: number("Threads")?,
            files,
        })
    }
}
