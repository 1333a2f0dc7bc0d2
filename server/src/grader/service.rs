//! Graders as a service: save, test on samples, versions.

use std::sync::Arc;

use super::GradeError;
use super::input::{RecordedResponse, grade_input, recorded_response};
use super::protocol::Verdict;
use crate::clock::now_ms;
use crate::db;
use crate::db::records::scan::{self, Scan};
use crate::dry_run::sample::choose_indices;
use crate::error::{ServiceError, ServiceResult};
use crate::state::AppState;
use crate::types::dataset::DatasetRecord;
use crate::types::dry_run::DryRunConfig;
use crate::types::error::AppError;
use crate::types::grader::{GraderConfig, GraderTestReport, GraderTestResult, GraderTestStats, GraderVersion};

/// Largest script.
const MAX_SCRIPT_BYTES: usize = 256 << 10;
/// Most samples of one test: it runs while the user waits.
const MAX_TEST_SAMPLES: i64 = 20;
/// Characters of a response that a test shows.
const PREVIEW_CHARS: usize = 600;
/// Tests look at the same records each time, so that two versions can be compared.
const TEST_SEED: u64 = 5;

/// Saves a new version; an unchanged config gives the current one back.
pub async fn save(state: &AppState, dataset_id: &str, config: GraderConfig) -> ServiceResult<GraderVersion> {
    db::datasets::get(&state.db, dataset_id).await?;
    check(state, &config).await?;
    if let Some(current) = db::graders::current(&state.db, dataset_id).await?
        && current.config == config
    {
        return Ok(current);
    }
    let mut tx = state.db.begin().await?;
    let version = db::graders::insert(&mut tx, dataset_id, &config).await?;
    tx.commit().await?;
    state.events.changed(dataset_id);
    Ok(version)
}

async fn check(state: &AppState, config: &GraderConfig) -> ServiceResult<()> {
    let GraderConfig::Script { script } = config else { return Err(not_run_here()) };
    if script.trim().is_empty() {
        return Err(AppError::invalid_field(
            "script",
            "The script is empty. Define function grade(input) { return a number from 0 to 1 }.",
        )
        .into());
    }
    if script.len() > MAX_SCRIPT_BYTES {
        return Err(AppError::invalid_field("script", "The script is larger than 256 KiB. Take data out of it; graders reach the record's fields through input.item.").into());
    }
    match state.scripts.check(&Arc::from(script.as_str())).await {
        Ok(()) => Ok(()),
        Err(error @ GradeError::Unavailable { .. }) => Err(ServiceError::internal("starting a script worker", error)),
        Err(error) => Err(AppError::invalid_field("script", error.to_string()).into()),
    }
}

/// Said of a kind that no engine here runs.
pub(crate) fn not_run_here() -> ServiceError {
    AppError::conflict("Graders of this kind are not run here.").into()
}

/// Grades some recorded responses, of the saved grader (then the report is kept) or of a draft.
pub async fn test_grader_on_sample(
    state: &AppState,
    dataset_id: &str,
    draft: Option<GraderConfig>,
    samples: i64,
) -> ServiceResult<GraderTestReport> {
    if !(1..=MAX_TEST_SAMPLES).contains(&samples) {
        return Err(AppError::invalid_field("samples", "Test on 1 to 20 samples; a dry run takes more.").into());
    }
    db::datasets::get(&state.db, dataset_id).await?;
    let saved = db::graders::current(&state.db, dataset_id).await?;
    let (config, version) = match (draft, saved) {
        (Some(draft), Some(saved)) if saved.config == draft => (draft, Some(saved.version)),
        (Some(draft), _) => {
            check(state, &draft).await?;
            (draft, None)
        }
        (None, Some(saved)) => (saved.config, Some(saved.version)),
        (None, None) => {
            return Err(AppError::conflict(
                "There is no grader to test. Write one, or take the starter script, then test.",
            )
            .into());
        }
    };
    let records = test_records(state, dataset_id, samples).await?;
    let GraderConfig::Script { script } = &config else { return Err(not_run_here()) };
    let script: Arc<str> = Arc::from(script.as_str());
    let mut results = Vec::with_capacity(records.len());
    for record in &records {
        results.push(test_one(state, &script, record).await);
    }
    let report = GraderTestReport {
        timestamp: now_ms(),
        grader_version: version,
        stats: stats(&results),
        results,
        grader_config: config,
    };
    if let Some(version) = version {
        let mut tx = state.db.begin().await?;
        db::graders::insert_test(&mut tx, dataset_id, version, &report).await?;
        tx.commit().await?;
        state.events.changed(dataset_id);
    }
    Ok(report)
}

/// The records a test looks at: spread over the valid ones with a response.
async fn test_records(state: &AppState, dataset_id: &str, samples: i64) -> ServiceResult<Vec<DatasetRecord>> {
    let scan = Scan { with_output: true, ..Scan::valid() };
    let count = scan::count(&state.db, dataset_id, scan).await?;
    if count == 0 {
        return Err(AppError::conflict("No valid record carries a recorded response, so there is nothing to test on. Import traces together with the model's answers.").into());
    }
    let mut records = Vec::new();
    for index in choose_indices(count, samples.min(count), TEST_SEED, Some("grader test")) {
        records.extend(scan::nth(&state.db, dataset_id, scan, index).await?);
    }
    Ok(records)
}

impl RecordedResponse {
    /// What people are shown of it: the text, then the tool calls as JSON, a line each.
    pub fn as_shown(&self) -> String {
        let calls = self.tool_calls.iter().map(|call| call.get("function").unwrap_or(call).to_string());
        let parts = Some(self.text.clone()).filter(|text| !text.is_empty()).into_iter().chain(calls);
        parts.collect::<Vec<_>>().join("\n")
    }
}

async fn test_one(state: &AppState, script: &Arc<str>, record: &DatasetRecord) -> GraderTestResult {
    let preview = |text: &str| text.chars().take(PREVIEW_CHARS).collect::<String>();
    let user_messages = record.data.pointer("/input/messages").and_then(serde_json::Value::as_array);
    let prompt = user_messages
        .into_iter()
        .flatten()
        .rev()
        .find(|message| message.get("role").and_then(serde_json::Value::as_str) == Some("user"));
    let prompt_preview =
        prompt.and_then(|message| message.get("content")).map(crate::types::dataset::content_text).unwrap_or_default();
    let empty = GraderTestResult {
        record_id: record.id,
        prompt_preview: preview(&prompt_preview),
        score: None,
        reasoning: None,
        parts: Vec::new(),
        error: None,
        response_preview: String::new(),
        logs: Vec::new(),
    };
    let Some(response) = recorded_response(record) else {
        return GraderTestResult { error: Some("The record has no recorded response any more.".to_owned()), ..empty };
    };
    let response_preview = preview(&response.as_shown());
    let seed = sample_seed(DryRunConfig::default().seed, record.id);
    let (graded, logs) = state.scripts.grade_with_logs(script, &grade_input(record, &response), seed).await;
    match graded {
        Ok(Verdict { score, reasoning }) => {
            GraderTestResult { score: Some(score), reasoning, logs, response_preview, ..empty }
        }
        Err(error) => GraderTestResult { error: Some(error.to_string()), logs, response_preview, ..empty },
    }
}

/// The seed of a sample's `Math.random`: its own, so that it scores the same in a test, a run and a resumed run.
pub fn sample_seed(seed: u64, record_id: i64) -> u64 {
    seed ^ record_id.unsigned_abs()
}

fn stats(results: &[GraderTestResult]) -> Option<GraderTestStats> {
    let scores: Vec<f64> = results.iter().filter_map(|result| result.score).collect();
    let statistics = crate::dry_run::statistics::compute_dry_run_statistics(&scores, TEST_SEED)?;
    Some(GraderTestStats { mean: statistics.mean, std: statistics.std, min: statistics.min, max: statistics.max })
}
