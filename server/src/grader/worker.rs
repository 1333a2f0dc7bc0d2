//! The worker process: this program, re-executed, with nothing but one socket.
//!
//! The socket is descriptor 0 and carries both directions, so that whatever prints to standard output
//! cannot disturb the protocol; standard output and error lead nowhere.

use std::fs::File;
use std::io::{self, BufReader};
use std::os::fd::AsFd;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, PoisonError};

use super::error::GradeError;
use super::protocol::{Answer, MAX_MESSAGE_BYTES, Message, ScriptLimits, read_frame, write_frame};
use super::{confine, engine};

/// The first argument that makes this program a worker.
pub const WORKER_ARGUMENT: &str = "__grade-worker";

/// Exit status of a worker that could not set its limits and so runs no script.
pub const EXIT_UNCONFINED: i32 = 71;
/// Exit status of a worker whose engine panicked while it was cleaning up after a panic.
pub const EXIT_PANICKED_TWICE: i32 = 72;
const EXIT_BROKEN_STREAM: i32 = 73;

/// Parser and interpreter recurse; boa's own recursion limit is reached well before this.
const STACK_BYTES: usize = 16 * 1024 * 1024;
/// Of messages read before their turn comes.
const READ_AHEAD_BYTES: usize = 64 * 1024;
/// The largest frame that configures a worker.
const MAX_LIMITS_BYTES: usize = 4096;

/// Serves messages from descriptor 0 until it closes, then ends the process. To be called first thing in
/// `main`, before any thread, runtime or file exists, when the first argument is [`WORKER_ARGUMENT`].
pub fn worker_main() -> ! {
    confine::prepare();
    let serving = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(|| {
        // Ends the process here: the engine's thread-local heap need not be torn down.
        std::process::exit(serve().unwrap_or(EXIT_BROKEN_STREAM))
    });
    if let Ok(thread) = serving {
        let _ = thread.join();
    }
    std::process::exit(EXIT_UNCONFINED)
}

/// The exit status, once the parent closes the socket.
fn serve() -> io::Result<i32> {
    let socket = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut answers = &socket;
    // Messages are sent ahead: one look at the socket brings several.
    let mut messages = BufReader::with_capacity(READ_AHEAD_BYTES, &socket);
    let Some(bytes) = read_frame(&mut messages, MAX_LIMITS_BYTES)? else { return Ok(0) };
    let limits: ScriptLimits = serde_json::from_slice(&bytes)?;
    if confine::confine(&limits).is_err() {
        return Ok(EXIT_UNCONFINED);
    }
    panic::set_hook(Box::new(note_panic));
    // What the first context costs beyond others is paid before anybody waits.
    engine::warm_up(&limits);
    let mut script = String::new();
    while let Some(bytes) = read_frame(&mut messages, MAX_MESSAGE_BYTES)? {
        let task = match Message::parse(&bytes) {
            Some(Message::Script(source)) => {
                source.clone_into(&mut script);
                continue;
            }
            Some(Message::Check) => engine::Task::Check,
            Some(Message::Sample { seed, input }) => engine::Task::Grade { seed, input },
            None => return Ok(EXIT_BROKEN_STREAM),
        };
        confine::arm(&limits)?;
        let answer = panic::catch_unwind(AssertUnwindSafe(|| engine::run(task, &script, &limits)))
            .unwrap_or_else(|_| after_panic(&limits));
        confine::disarm()?;
        write_frame(&mut answers, &serde_json::to_vec(&answer)?)?;
        if answer.is_last {
            break;
        }
    }
    Ok(0)
}

/// What the engine said when it panicked; written by the hook, read when the panic is caught.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

fn note_panic(info: &panic::PanicHookInfo<'_>) {
    let mut noted = PANIC.lock().unwrap_or_else(PoisonError::into_inner);
    if noted.is_some() {
        // A second panic aborts, and SIGABRT would be taken for a failed allocation.
        std::process::exit(EXIT_PANICKED_TWICE);
    }
    let message = info.payload_as_str().unwrap_or("no message");
    *noted = Some(message.chars().take(500).collect());
}

fn after_panic(limits: &ScriptLimits) -> Answer {
    let noted = PANIC.lock().unwrap_or_else(PoisonError::into_inner).take();
    let detail = noted.unwrap_or_else(|| "no message".to_owned());
    // What Rust's collections say when a size does not even fit an address.
    let error = if detail.contains("capacity overflow") {
        GradeError::MemoryLimit { mib: limits.memory_mib }
    } else {
        GradeError::Crashed { detail: format!("the script engine failed: {detail}") }
    };
    Answer { result: Err(error), logs: Vec::new(), is_last: true }
}
