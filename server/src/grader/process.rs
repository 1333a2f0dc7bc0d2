//! One worker process, from the pool's side: how it is started, spoken to, and why it ended.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::error::GradeError;
use super::protocol::{Answer, MAX_ANSWER_BYTES, REQUESTS_PER_WORKER, ScriptLimits, frame_length, write_frame};
use super::worker::{EXIT_UNCONFINED, WORKER_ARGUMENT};

/// How to start a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerCommand {
    /// An absolute path.
    pub program: PathBuf,
    /// What makes the program call [`super::worker_main`].
    pub arguments: Vec<OsString>,
}

impl WorkerCommand {
    /// This very program, whose `main` must call [`super::worker_main`] on [`WORKER_ARGUMENT`]. Where
    /// there is `/proc`, the running file is meant even after an update has replaced it.
    pub fn this_program() -> io::Result<Self> {
        let running = PathBuf::from("/proc/self/exe");
        let program = if running.exists() { running } else { std::env::current_exe()? };
        Ok(Self { program, arguments: vec![WORKER_ARGUMENT.into()] })
    }
}

/// A worker process. Dropped, it is killed.
pub(super) struct Worker {
    pub(super) child: Child,
    /// Takes frames of [`super::protocol::Message`].
    pub(super) messages: OwnedWriteHalf,
    pub(super) answers: Answers,
    /// Checks and samples answered so far.
    pub(super) served: u32,
}

impl Worker {
    /// Starts a process. It is set up by the time it reads its first message; nobody waits for that here.
    pub(super) fn spawn(command: &WorkerCommand, limits: &ScriptLimits) -> io::Result<Self> {
        let (ours, theirs) = StdUnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let child = Command::new(&command.program)
            .args(&command.arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let configuration = serde_json::to_vec(limits)?;
        // A few bytes into an empty socket buffer: this cannot block. It fails where the process is gone
        // already; the first message then fails too, and finds out why.
        let _ = write_frame(&mut &ours, &configuration);
        let (answers, messages) = UnixStream::from_std(ours)?.into_split();
        Ok(Self { child, messages, answers: Answers(BufReader::new(answers)), served: 0 })
    }

    /// Itself, unless its process has ended.
    pub(super) fn if_alive(mut self) -> Option<Self> {
        matches!(self.child.try_wait(), Ok(None)).then_some(self)
    }

    /// How many more samples it may serve.
    pub(super) fn allowance(&self) -> usize {
        usize::try_from(REQUESTS_PER_WORKER.saturating_sub(self.served)).unwrap_or(usize::MAX)
    }

    /// Ends the process and waits until it is gone.
    pub(super) async fn kill(mut self) {
        // It cannot fail but for a process that is gone already.
        let _ = self.child.kill().await;
    }

    /// Why the exchange broke off: how the process ended, or, if it has not, what it did instead.
    pub(super) async fn cause_of_death(&mut self, broken: &io::Error, limits: &ScriptLimits) -> GradeError {
        // The socket closes a moment before the process can be waited for.
        match timeout(Duration::from_secs(1), self.child.wait()).await {
            Ok(Ok(status)) => cause_of_end(status, limits),
            _ => GradeError::Crashed { detail: format!("it gave no proper answer ({broken})") },
        }
    }
}

/// The answers of one worker, in the order of what it was asked.
pub(super) struct Answers(BufReader<OwnedReadHalf>);

impl Answers {
    /// Not to be cancelled if the worker is to be used again.
    pub(super) async fn next(&mut self) -> io::Result<Answer> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length).await?;
        let mut bytes = vec![0; frame_length(length, MAX_ANSWER_BYTES)?];
        self.0.read_exact(&mut bytes).await?;
        Ok(serde_json::from_slice(&bytes)?)
    }
}

fn cause_of_end(status: ExitStatus, limits: &ScriptLimits) -> GradeError {
    match status.signal() {
        Some(libc::SIGPROF | libc::SIGXCPU) => GradeError::CpuLimit { ms: limits.cpu_ms },
        Some(libc::SIGALRM) => GradeError::Deadline { ms: limits.deadline_ms },
        // How Rust ends a process that cannot have the memory it asks for.
        Some(libc::SIGABRT) => GradeError::MemoryLimit { mib: limits.memory_mib },
        Some(libc::SIGSEGV | libc::SIGBUS) => GradeError::Crashed {
            detail: "its stack overflowed; is something nested thousands of levels deep?".to_owned(),
        },
        Some(libc::SIGKILL) => {
            GradeError::Crashed { detail: "it was killed from outside; is the machine out of memory?".to_owned() }
        }
        Some(signal) => GradeError::Crashed { detail: format!("it ended by signal {signal}") },
        None if status.code() == Some(EXIT_UNCONFINED) => {
            GradeError::Unavailable { detail: "it could not set its own limits".to_owned() }
        }
        None => GradeError::Crashed { detail: format!("it ended without an answer ({status})") },
    }
}
