//! A disk that fills up during a call: the call goes on, the log says what to do, and the records come once there is room.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use voiceos_api::{EndedReason, Role};
use voiceos_tests::{
    line::{Line, start},
    phone::{LIMIT, lines},
    program::Program,
    server::{Data, names},
};

/// A place that can be filled up and emptied again while a server writes to it.
enum Disk {
    /// A file system of its own; only root may make one.
    Own {
        dir: PathBuf,
        _mount_point: tempfile::TempDir,
    },
    /// The common disk, and a limit on how far the server may write into any file.
    Limited(Data),
}

impl Disk {
    fn new() -> Result<Self> {
        let mount_point = tempfile::tempdir()?;
        let dir = mount_point.path().to_owned();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"])
            .arg(&dir)
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Ok(Self::Own {
                dir,
                _mount_point: mount_point,
            });
        }
        Ok(Self::Limited(Data::new()?))
    }

    fn dir(&self) -> &Path {
        match self {
            Self::Own { dir, .. } => dir,
            Self::Limited(data) => data.dir(),
        }
    }

    fn filler(&self) -> PathBuf {
        self.dir().join("filler")
    }

    async fn fill(&self, server: &Program) -> Result<()> {
        match self {
            Self::Own { .. } => {
                let mut file = std::fs::File::create(self.filler())?;
                while std::io::Write::write_all(&mut file, &[0; 4096]).is_ok() {}
                Ok(())
            }
            Self::Limited(_) => limit(server, "1"),
        }
    }

    async fn free(&self, server: &Program) -> Result<()> {
        match self {
            Self::Own { .. } => Ok(std::fs::remove_file(self.filler())?),
            Self::Limited(_) => limit(server, "unlimited"),
        }
    }
}

/// Sets how many bytes a file of the server may have.
fn limit(server: &Program, bytes: &str) -> Result<()> {
    let pid = server.pid()?.to_string();
    let done = Command::new("prlimit")
        .args(["--pid", &pid, &format!("--fsize={bytes}:")])
        .output();
    let done =
        done.context("prlimit (util-linux) is needed where no file system can be mounted")?;
    ensure!(
        done.status.success(),
        "prlimit: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    Ok(())
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Self::Own { dir, .. } = self {
            drop(Command::new("umount").arg("--lazy").arg(dir).status());
        }
    }
}

#[tokio::test]
async fn a_disk_that_fills_up_in_mid_call_costs_no_message() -> Result<()> {
    let disk = Disk::new()?;
    // Without the signal that would end it, a write beyond the limit fails as on a full disk.
    let shell = "trap '' XFSZ; exec \"$0\" serve";
    let environment = [
        ("VOICEOS_ENGINES", "scripted"),
        ("VOICEOS_SCRIPTED_ANSWERS", "One.\nTwo.\nThree."),
    ];
    let server = Program::through(shell, disk.dir(), &environment).await?;
    let before = server.api.web_call(json!({})).await?;
    let mut line = Line::join(&before.url, &start()).await?;
    line.listen(Line::ready).await?;
    line.ask(300, |line| line.answers() == 1).await?;
    line.hang_up().await?;
    let before = server.api.ended(&before.id, LIMIT).await?;

    let made = server.api.web_call(json!({})).await?;
    let mut line = Line::join(&made.url, &start()).await?;
    line.listen(Line::ready).await?;
    line.ask(300, |line| line.answers() == 1).await?;
    disk.fill(&server).await?;
    line.ask(300, |line| line.answers() == 2).await?;
    server
        .logs("the store takes no records; the call goes on", LIMIT)
        .await?;
    let told = server.log();
    assert!(told.contains("disk"), "the log says what is wrong: {told}");
    assert_eq!(
        server.api.conversation(before.id.as_str()).await?,
        before,
        "what was stored can be read"
    );
    let refused = server
        .api
        .web_call(json!({}))
        .await
        .err()
        .context("a call was promised without its record")?;
    assert!(format!("{refused:#}").contains("503"), "{refused:#}");

    disk.free(&server).await?;
    line.ask(300, |line| line.answers() == 3).await?;
    line.hang_up().await?;
    let stored = server.api.ended(&made.id, LIMIT).await?;
    let said: Vec<&str> = lines(&stored).into_iter().map(|(_, text)| text).collect();
    assert_eq!(
        said,
        [
            "question 1",
            "One.",
            "question 2",
            "Two.",
            "question 3",
            "Three."
        ]
    );
    assert_eq!(stored.ended_reason, Some(EndedReason::UserEnded));
    server
        .logs("the store takes records again", Duration::from_secs(10))
        .await?;
    assert_eq!(server.api.conversation(before.id.as_str()).await?, before);
    let data = Data::at(disk.dir());
    let told = names(&data.events(&made.id).await?);
    assert_eq!(told.last(), Some(&"conversation:ended"), "{told:?}");
    assert!(lines(&stored).iter().any(|(role, _)| *role == Role::Agent));
    let (status, _) = server.terminate().await?;
    assert!(status.success());
    Ok(())
}
