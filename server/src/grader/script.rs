//! `ScriptPool`: grades samples by running a user's script in worker processes.

use std::fmt;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use super::error::GradeError;
use super::input::GradeInput;
pub use super::process::WorkerCommand;
use super::process::{Answers, Worker};
use super::protocol::{Answer, Graded, Message, ScriptLimits, Verdict};

/// Samples that are written to a worker before it has answered the ones in front.
const SENT_AHEAD: usize = 8;

/// Worker processes that grade, at most `size` at a time; clones share them. Workers are started when
/// needed, used for up to 500 samples, and replaced when a script takes them down; one more stands ready,
/// so that nobody waits for a replacement. A grading that is dropped half-way kills its worker.
#[derive(Clone)]
pub struct ScriptPool(Arc<Inner>);

struct Inner {
    limits: ScriptLimits,
    command: WorkerCommand,
    /// A permit per worker that may run; held while a batch runs, so `idle` and running ones are at
    /// most `size` together.
    permits: Semaphore,
    /// Workers that wait for a batch. Locked for a push or a pop only, never across an await.
    idle: Mutex<Vec<Worker>>,
    /// A worker that has served nobody, started when the one before it was taken. Locked as `idle` is.
    spare: Mutex<Option<Worker>>,
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

/// One sample to grade.
#[derive(Debug, Clone, Copy)]
pub struct ScriptSample<'a> {
    /// What the script's `grade` gets.
    pub input: &'a GradeInput,
    /// Of `Math.random`.
    pub seed: u64,
}

/// What became of one sample.
#[derive(Debug, Clone, PartialEq)]
pub struct ScriptGrade {
    /// The score, or why there is none.
    pub result: Result<Verdict, GradeError>,
    /// What the script logged, even where it gave no score (nothing, if its worker died).
    pub logs: Vec<String>,
}

/// What a worker is asked.
#[derive(Clone, Copy)]
enum Question<'a> {
    Check,
    Grade(ScriptSample<'a>),
}

/// How a worker's turn at a batch ended.
enum Turn {
    /// It answered whatever it was sent.
    Done,
    /// It answered, but cannot be used again.
    Spent,
    /// Its answer to the next question may be its own fault rather than the sample's.
    Doubtful,
    /// The connection broke at the next question.
    Broken(io::Error),
    /// No answer to the next question in time.
    Late,
}

impl ScriptPool {
    /// A pool of at most `size` workers (at least 1; the number of cores is a good choice) and a spare
    /// one. Starts none.
    pub fn new(limits: ScriptLimits, command: WorkerCommand, size: usize) -> Self {
        let permits = Semaphore::new(size.clamp(1, Semaphore::MAX_PERMITS));
        Self(Arc::new(Inner { limits, command, permits, idle: Mutex::default(), spare: Mutex::default() }))
    }

    /// The limits that every script runs under, each sample for itself.
    pub fn limits(&self) -> ScriptLimits {
        self.0.limits
    }

    /// Grades samples one after the other in one worker, each in a global scope of its own; a result for
    /// each, in their order. The same script, input and seed give the same score. A sample that takes its
    /// worker down fails alone: the others go on in a fresh one. Give the pool several batches at once to
    /// use several cores, of some 16 to 64 samples: a batch holds its worker until it is done.
    pub async fn grade_batch(&self, script: &str, samples: &[ScriptSample<'_>]) -> Vec<ScriptGrade> {
        let questions: Vec<_> = samples.iter().copied().map(Question::Grade).collect();
        let answers = self.ask(script, &questions).await;
        answers
            .into_iter()
            .map(|answer| ScriptGrade { result: answer.result.and_then(checked), logs: answer.logs })
            .collect()
    }

    /// A batch of one sample.
    pub async fn grade(&self, script: &str, input: &GradeInput, seed: u64) -> Result<Graded, GradeError> {
        let (result, logs) = self.grade_with_logs(script, input, seed).await;
        result.map(|verdict| Graded { score: verdict.score, reasoning: verdict.reasoning, logs })
    }

    /// As [`Self::grade`], with what the script logged even where it gave no score.
    pub async fn grade_with_logs(
        &self,
        script: &str,
        input: &GradeInput,
        seed: u64,
    ) -> (Result<Verdict, GradeError>, Vec<String>) {
        match self.grade_batch(script, &[ScriptSample { input, seed }]).await.pop() {
            Some(grade) => (grade.result, grade.logs),
            None => (checked(None), Vec::new()),
        }
    }

    /// Whether the script compiles, runs and defines `grade`; graded is nothing.
    pub async fn check(&self, script: &str) -> Result<(), GradeError> {
        self.ask(script, &[Question::Check]).await.pop().map_or(Ok(()), |answer| answer.result.map(|_| ()))
    }

    /// An answer for every question, in their order.
    async fn ask(&self, script: &str, questions: &[Question<'_>]) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(questions.len());
        let script = match Message::Script(script).to_frame() {
            Ok(frame) => frame,
            Err(error) => return questions.iter().map(|_| failed(error.clone())).collect(),
        };
        let Ok(_permit) = self.0.permits.acquire().await else {
            let closed = GradeError::Unavailable { detail: "the pool is closed".to_owned() };
            return questions.iter().map(|_| failed(closed.clone())).collect();
        };
        let mut needs_fresh = false;
        while let Some(left) = questions.get(answers.len()..).filter(|left| !left.is_empty()) {
            match self.worker(needs_fresh) {
                Ok(worker) => needs_fresh = self.take_turn(worker, &script, left, &mut answers).await,
                Err(error) => answers.push(failed(GradeError::Unavailable { detail: error.to_string() })),
            }
        }
        answers
    }

    /// Lets one worker answer as many of `questions` as it can. Whether a fresh worker must try the first
    /// that is left: one that has served others may carry their garbage, or have died since, so only a
    /// fresh one can tell whether the sample is to blame.
    async fn take_turn(
        &self,
        mut worker: Worker,
        script: &[u8],
        questions: &[Question<'_>],
        answers: &mut Vec<Answer>,
    ) -> bool {
        let limits = &self.0.limits;
        let questions = &questions[..questions.len().min(worker.allowance())];
        let turn = {
            let (announce, announced) = mpsc::channel(SENT_AHEAD);
            let messages = &mut worker.messages;
            let mut writing = pin!(async move { send(messages, announce, script, questions).await });
            let mut reading =
                pin!(receive(&mut worker.answers, announced, &mut worker.served, limits.deadline_ms, answers));
            tokio::select! {
                biased;
                turn = &mut reading => turn,
                () = &mut writing => reading.await,
            }
        };
        let was_used = worker.served > 0;
        let error = match turn {
            Turn::Done => {
                if worker.allowance() > 0 {
                    self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
                }
                return false;
            }
            Turn::Spent => None,
            Turn::Doubtful => {
                worker.kill().await;
                return true;
            }
            Turn::Broken(broken) => {
                let cause = worker.cause_of_death(&broken, limits).await;
                if was_used && is_doubtful(&cause) {
                    worker.kill().await;
                    return true;
                }
                Some(cause)
            }
            Turn::Late => Some(GradeError::Deadline { ms: limits.deadline_ms }),
        };
        answers.extend(error.map(failed));
        // The process is gone when the sample is answered.
        worker.kill().await;
        false
    }

    /// A worker to use: one that waits, the spare one, or a new one.
    fn worker(&self, fresh: bool) -> io::Result<Worker> {
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while !fresh && let Some(worker) = idle.pop() {
            if let Some(worker) = worker.if_alive() {
                return Ok(worker);
            }
        }
        drop(idle);
        let spare = self.0.spare.lock().unwrap_or_else(PoisonError::into_inner).take();
        let worker = match spare.and_then(Worker::if_alive) {
            Some(spare) => spare,
            None => Worker::spawn(&self.0.command, &self.0.limits)?,
        };
        self.replace_spare();
        Ok(worker)
    }

    /// Starts a spare worker beside whatever runs: to start a process blocks its thread for a moment.
    fn replace_spare(&self) {
        let inner = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || {
            let has_one = || inner.spare.lock().unwrap_or_else(PoisonError::into_inner).is_some();
            if !has_one()
                && let Ok(worker) = Worker::spawn(&inner.command, &inner.limits)
            {
                inner.spare.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(worker);
            }
        });
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

    /// The process of the spare worker.
    #[cfg(test)]
    pub(super) fn spare_process(&self) -> Option<u32> {
        self.0.spare.lock().unwrap().as_ref().and_then(|worker| worker.child.id())
    }

    /// Kills the idle workers as an operator or the kernel might.
    #[cfg(test)]
    pub(super) fn kill_idle(&self) {
        for worker in self.0.idle.lock().unwrap().iter_mut() {
            worker.child.start_kill().unwrap();
        }
    }
}

/// Writes the script and the questions, each announced before it is written: from then on its time runs.
async fn send(
    messages: &mut (impl AsyncWriteExt + Unpin),
    announce: mpsc::Sender<Result<(), GradeError>>,
    script: &[u8],
    questions: &[Question<'_>],
) {
    let mut unsent_script = Some(script);
    for question in questions {
        let frame = question.to_frame();
        let announced = announce.send(frame.as_ref().map(|_| ()).map_err(Clone::clone)).await;
        let Ok(frame) = frame else { continue };
        if announced.is_err() {
            return;
        }
        // A broken connection is found, and its cause looked for, by whoever reads.
        if let Some(script) = unsent_script.take()
            && messages.write_all(script).await.is_err()
        {
            return;
        }
        if messages.write_all(&frame).await.is_err() {
            return;
        }
    }
}

/// Reads the answers to what was announced, each within the deadline.
async fn receive(
    worker: &mut Answers,
    mut announced: mpsc::Receiver<Result<(), GradeError>>,
    served: &mut u32,
    deadline_ms: u64,
    answers: &mut Vec<Answer>,
) -> Turn {
    while let Some(announced) = announced.recv().await {
        if let Err(error) = announced {
            answers.push(failed(error));
            continue;
        }
        let answer = match timeout(Duration::from_millis(deadline_ms), worker.next()).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(broken)) => return Turn::Broken(broken),
            Err(_elapsed) => return Turn::Late,
        };
        if *served > 0 && answer.result.as_ref().is_err_and(is_doubtful) {
            return Turn::Doubtful;
        }
        *served += 1;
        let is_last = answer.is_last;
        answers.push(answer);
        if is_last {
            return Turn::Spent;
        }
    }
    Turn::Done
}

impl Question<'_> {
    fn to_frame(self) -> Result<Vec<u8>, GradeError> {
        match self {
            Self::Check => Message::Check.to_frame(),
            Self::Grade(ScriptSample { input, seed }) => {
                let input =
                    serde_json::to_vec(input).map_err(|error| GradeError::Crashed { detail: error.to_string() })?;
                Message::Sample { seed, input: &input }.to_frame()
            }
        }
    }
}

/// Whether a worker's own state may be the cause.
fn is_doubtful(error: &GradeError) -> bool {
    matches!(error, GradeError::MemoryLimit { .. } | GradeError::Crashed { .. } | GradeError::Unavailable { .. })
}

fn failed(error: GradeError) -> Answer {
    Answer { result: Err(error), logs: Vec::new(), is_last: false }
}

/// The worker is another process: what it says is checked.
fn checked(verdict: Option<Verdict>) -> Result<Verdict, GradeError> {
    match verdict {
        Some(verdict) if (0.0..=1.0).contains(&verdict.score) => Ok(verdict),
        _ => Err(GradeError::Crashed { detail: "it answered without a score".to_owned() }),
    }
}
