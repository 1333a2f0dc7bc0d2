//! Pools for tests, whose workers are the test program itself.

use super::{ScriptLimits, ScriptPool, WORKER_ARGUMENT, WorkerCommand, worker_main};

/// A pool with the default CPU and memory limits. Its deadline is long: a busy test machine may let a
/// process wait for seconds, and the tests that mean the deadline set it themselves.
pub(crate) fn pool(size: usize) -> ScriptPool {
    ScriptPool::new(ScriptLimits { deadline_ms: 30_000, ..ScriptLimits::default() }, worker_command(), size)
}

/// Runs this test program as a worker: `worker_entry`, chosen by its exact name.
pub(crate) fn worker_command() -> WorkerCommand {
    let entry = format!("{}::worker_entry", module_path!().split_once("::").unwrap().1);
    WorkerCommand {
        program: std::env::current_exe().unwrap(),
        arguments: vec![entry.into(), "--exact".into(), WORKER_ARGUMENT.into()],
    }
}

/// No test but the `main` of worker processes; without the argument (in a test run) it does nothing.
#[test]
fn worker_entry() {
    if std::env::args().any(|argument| argument == WORKER_ARGUMENT) {
        worker_main();
    }
}
