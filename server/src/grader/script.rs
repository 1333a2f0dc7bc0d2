//! `ScriptPool`: grades samples by running a user's script in worker processes.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::error::GradeError;
use super::input::GradeInput;
use super::protocol::{
    Answer, Graded, MAX_ANSWER_BYTES, REQUESTS_PER_WORKER, Request, RequestKind, ScriptLimits, Verdict, frame_length,
    write_frame,
};
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

/// Worker processes that grade, at most `size` at a time; clones share them. Workers are started when
/// needed, used for up to 500 samples, and replaced when a script takes them down. A grading that is
/// dropped half-way kills its worker.
#[derive(Clone)]
pub struct ScriptPool(Arc<Inner>);

struct Inner {
    limits: ScriptLimits,
    command: WorkerCommand,
    /// A permit per worker that may run; held while a request runs, so `idle` and running ones are at
    /// most `size` together.
    permits: Semaphore,
    /// Workers that wait for a request. Locked for a push or a pop only, never across an await.
    idle: Mutex<Vec<Worker>>,
}

impl fmt::Debug for ScriptPool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ScriptPool")
            .field("limits", &self.0.limits)
            .field("command", &self.0.command)
            .finish_non_exhaustive()
    }
}

impl ScriptPool {
    /// A pool of at most `size` workers (at least 1; the number of cores is a good choice). Starts none.
    pub fn new(limits: ScriptLimits, command: WorkerCommand, size: usize) -> Self {
        let permits = Semaphore::new(size.clamp(1, Semaphore::MAX_PERMITS));
        Self(Arc::new(Inner { limits, command, permits, idle: Mutex::default() }))
    }

    /// The limits that every script runs under.
    pub fn limits(&self) -> ScriptLimits {
        self.0.limits
    }

    /// Grades one sample. The same script, input and seed (of `Math.random`) give the same score.
    pub async fn grade(&self, script: &str, input: &GradeInput, seed: u64) -> Result<Graded, GradeError> {
        let (result, logs) = self.grade_with_logs(script, input, seed).await;
        result.map(|verdict| Graded { score: verdict.score, reasoning: verdict.reasoning, logs })
    }

    /// As [`Self::grade`], with what the script logged even where it gave no score (nothing, if its
    /// worker died).
    pub async fn grade_with_logs(
        &self,
        script: &str,
        input: &GradeInput,
        seed: u64,
    ) -> (Result<Verdict, GradeError>, Vec<String>) {
        let input = match serde_json::to_vec(input) {
            Ok(input) => input,
            Err(error) => return (Err(GradeError::Crashed { detail: error.to_string() }), Vec::new()),
        };
        let request = Request { kind: RequestKind::Grade, seed, script, input: &input };
        match self.answer(request).await {
            Ok(Answer { result, logs, .. }) => (result.and_then(checked), logs),
            Err(error) => (Err(error), Vec::new()),
        }
    }

    /// Whether the script compiles, runs and defines `grade`; graded is nothing.
    pub async fn check(&self, script: &str) -> Result<(), GradeError> {
        let request = Request { kind: RequestKind::Check, seed: 0, script, input: b"" };
        self.answer(request).await?.result.map(|_| ())
    }

    async fn answer(&self, request: Request<'_>) -> Result<Answer, GradeError> {
        let frame = request.to_frame()?;
        let Ok(_permit) = self.0.permits.acquire().await else {
            return Err(GradeError::Unavailable { detail: "the pool is closed".to_owned() });
        };
        if let Some(worker) = self.take_idle() {
            match self.ask(worker, &frame).await {
                // A worker that has served others may carry their garbage, or have died since: only a
                // fresh one can tell whether this sample is to blame.
                Err(GradeError::MemoryLimit { .. } | GradeError::Crashed { .. } | GradeError::Unavailable { .. }) => {}
                Ok(answer)
                    if matches!(answer.result, Err(GradeError::MemoryLimit { .. } | GradeError::Crashed { .. })) => {}
                other => return other,
            }
        }
        let worker = Worker::spawn(&self.0.command, &self.0.limits)
            .map_err(|error| GradeError::Unavailable { detail: error.to_string() })?;
        self.ask(worker, &frame).await
    }

    async fn ask(&self, mut worker: Worker, frame: &[u8]) -> Result<Answer, GradeError> {
        let limits = &self.0.limits;
        let error = match timeout(Duration::from_millis(limits.deadline_ms), worker.exchange(frame)).await {
            Ok(Ok(answer)) => {
                worker.served += 1;
                if !answer.is_last && worker.served < REQUESTS_PER_WORKER {
                    self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
                }
                return Ok(answer);
            }
            Ok(Err(broken)) => worker.cause_of_death(&broken, limits).await,
            Err(_elapsed) => GradeError::Deadline { ms: limits.deadline_ms },
        };
        // Waits too, so that the process is gone when the sample is answered. It cannot fail but for a
        // process that is gone already.
        let _ = worker.child.kill().await;
        Err(error)
    }

    #[cfg(test)]
    pub(super) fn idle_workers(&self) -> usize {
        self.0.idle.lock().unwrap().len()
    }

    /// The process of an idle worker.
    #[cfg(test)]
    pub(super) fn idle_process(&self) -> Option<u32> {
        self.0.idle.lock().unwrap().last().and_then(|worker| worker.child.id())
    }

    /// Kills the idle workers as an operator or the kernel might.
    #[cfg(test)]
    pub(super) fn kill_idle(&self) {
        for worker in self.0.idle.lock().unwrap().iter_mut() {
            worker.child.start_kill().unwrap();
        }
    }

    fn take_idle(&self) -> Option<Worker> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

/// The worker is another process: what it says is checked.
fn checked(verdict: Option<Verdict>) -> Result<Verdict, GradeError> {
    match verdict {
        Some(verdict) if (0.0..=1.0).contains(&verdict.score) => Ok(verdict),
        _ => Err(GradeError::Crashed { detail: "it answered without a score".to_owned() }),
    }
}

struct Worker {
    child: Child,
    stream: UnixStream,
    /// Requests answered so far.
    served: u32,
}

impl Worker {
    fn spawn(command: &WorkerCommand, limits: &ScriptLimits) -> io::Result<Self> {
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
        // already; the first request then fails too, and finds out why.
        let _ = write_frame(&mut &ours, &configuration);
        Ok(Self { child, stream: UnixStream::from_std(ours)?, served: 0 })
    }

    async fn exchange(&mut self, frame: &[u8]) -> io::Result<Answer> {
        self.stream.write_all(frame).await?;
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).await?;
        let mut bytes = vec![0; frame_length(length, MAX_ANSWER_BYTES)?];
        self.stream.read_exact(&mut bytes).await?;
        Ok(serde_json::from_slice(&bytes)?)
    }

    /// Why the exchange broke off: how the process ended, or, if it has not, what it did instead.
    async fn cause_of_death(&mut self, broken: &io::Error, limits: &ScriptLimits) -> GradeError {
        // The socket closes a moment before the process can be waited for.
        match timeout(Duration::from_secs(1), self.child.wait()).await {
            Ok(Ok(status)) => cause_of_end(status, limits),
            _ => GradeError::Crashed { detail: format!("it gave no proper answer ({broken})") },
        }
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
