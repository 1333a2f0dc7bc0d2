//! The program itself as a process: the server that can be killed, and commands.

use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use super::app::{Door, program};

/// A server in a process of its own; killed when dropped.
pub struct ServerProcess {
    pub door: Door,
    child: Child,
}

impl ServerProcess {
    /// Starts `anneal serve` on this data folder and waits for the address it prints.
    pub async fn start(data_dir: &Path) -> Self {
        Self::start_as(data_dir, &["serve"]).await
    }

    /// The same for any command that serves.
    pub async fn start_as(data_dir: &Path, arguments: &[&str]) -> Self {
        let mut child = command(data_dir)
            .args(arguments)
            .args(["--port", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = loop {
            let line = lines.next_line().await.unwrap().expect("the server says where it is");
            if let Some(address) = line.strip_prefix("Anneal is ready at http://") {
                break address.parse().unwrap();
            }
        };
        // Read on, so that the server never writes into a closed pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { door: Door::to(address), child }
    }

    /// SIGKILL: no destructor, no flush, no goodbye.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// What a command printed and how it ended.
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a command to its end.
pub async fn anneal(data_dir: &Path, arguments: &[&str]) -> Ran {
    ran(command(data_dir).args(arguments).stdin(Stdio::null()).output().await.unwrap())
}

fn ran(output: std::process::Output) -> Ran {
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs a command that is fed.
pub async fn anneal_fed(data_dir: &Path, arguments: &[&str], fed: &[u8]) -> Ran {
    let mut child = piped(data_dir, arguments).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let feeding = async {
        let _closed_early = stdin.write_all(fed).await;
        drop(stdin);
    };
    let (output, ()) = tokio::join!(child.wait_with_output(), feeding);
    ran(output.unwrap())
}

/// Runs a command whose output nobody reads, as `| head -0` would.
pub async fn anneal_unread(data_dir: &Path, arguments: &[&str]) -> Ran {
    let mut child = piped(data_dir, arguments).stdin(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    ran(child.wait_with_output().await.unwrap())
}

fn piped(data_dir: &Path, arguments: &[&str]) -> Command {
    let mut command = command(data_dir);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The program with nothing of this environment that could change what it does.
fn command(data_dir: &Path) -> Command {
    let mut command = Command::new(program());
    let ours = std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_string_lossy().starts_with("ANNEAL_"));
    ours.for_each(|name| {
        command.env_remove(name);
    });
    command.env("ANNEAL_DATA_DIR", data_dir).current_dir(data_dir);
    command
}
