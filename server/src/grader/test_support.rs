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

/// A record of an imported line's `data`, with the given item fields.
pub(crate) fn record(data: serde_json::Value, item: serde_json::Value) -> crate::types::dataset::DatasetRecord {
    use crate::types::validation::{RecordStatus, RecordValidationStatus};
    crate::types::dataset::DatasetRecord {
        id: 1,
        dataset_id: "d".to_owned(),
        data,
        metadata: serde_json::Map::new(),
        item: item.as_object().cloned().unwrap_or_default(),
        raw: None,
        span_id: None,
        topic: None,
        categorization: None,
        is_generated: false,
        source_record_id: None,
        evaluation: None,
        source: None,
        validation: RecordValidationStatus {
            record_id: 1,
            status: RecordStatus::Valid,
            errors: Vec::new(),
            details: None,
            duplicate_of: None,
        },
        created_at: 0,
        updated_at: 0,
    }
}

/// The input of a short conversation answered by `response`.
pub(crate) fn input(response: &str) -> super::GradeInput {
    let data = serde_json::json!({ "input": { "messages": [
        { "role": "system", "content": "Be brief." },
        { "role": "user", "content": "Where is my order 77?" },
    ] } });
    let response = super::RecordedResponse { text: response.to_owned(), tool_calls: Vec::new() };
    super::grade_input(&record(data, serde_json::json!({ "reference_answer": "It arrives on Monday." })), &response)
}
