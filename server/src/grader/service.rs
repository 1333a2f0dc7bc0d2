//! Graders as a service: save, test on samples, versions.

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesOrdered;
use futures_util::{FutureExt, StreamExt};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::grading::{Grade, GradingContext, Sample};
use super::input::{RecordedResponse, grade_input, recorded_response};
use super::prepare::{Grader, check, check_models, prepare, with_models};
use crate::clock::now_ms;
use crate::datasets::new_id;
use crate::db::records::scan::{self, Scan};
use crate::db::{self, Tx};
use crate::dry_run::sample::choose_indices;
use crate::error::ServiceResult;
use crate::llm::CacheUse;
use crate::state::AppState;
use crate::types::dataset::DatasetRecord;
use crate::types::dry_run::DryRunConfig;
use crate::types::error::AppError;
use crate::types::grader::{GraderConfig, GraderTestReport, GraderTestResult, GraderTestStats, GraderVersion};
use crate::types::job::{JobKind, JobStatus};

/// Most samples of one test: it runs while the user waits.
const MAX_TEST_SAMPLES: i64 = 20;
/// Characters of a response that a test shows.
pub(super) const PREVIEW_CHARS: usize = 600;
/// Of the first draw of a test's records.
const TEST_SEED: u64 = 5;

/// Saves a new version; an unchanged config gives the current one back. A judge without a model gets the default one.
pub async fn save(state: &AppState, dataset_id: &str, config: GraderConfig) -> ServiceResult<GraderVersion> {
    db::datasets::get(&state.db, dataset_id).await?;
    let typed = config.clone();
    let config = with_models(state, config).await?;
    check(state, &config).await?;
    check_models(state, &config).await?;
    if let Some(current) = db::graders::current(&state.db, dataset_id).await?
        && current.config == config
    {
        return Ok(current);
    }
    let mut tx = state.db.begin().await?;
    let version = db::graders::insert(&mut tx, dataset_id, &config).await?;
    db::graders::adopt_draft_test(&mut tx, dataset_id, version.version, [&typed, &config]).await?;
    tx.commit().await?;
    state.events.changed(dataset_id);
    Ok(version)
}

/// What a test grades with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestPlan {
    /// The grader.
    pub config: GraderConfig,
    /// Its saved version; `None`: a draft.
    pub version: Option<i64>,
    /// How many records, 1 to 20.
    pub samples: i64,
    /// Which: tests of the same draw look at the same records, so that two graders can be compared.
    #[serde(default)]
    pub draw: u32,
}

/// What is tested: the draft, or without one the saved grader. Everything that cannot work is refused here.
pub async fn test_plan(
    state: &AppState,
    dataset_id: &str,
    draft: Option<GraderConfig>,
    samples: i64,
    draw: u32,
) -> ServiceResult<TestPlan> {
    if !(1..=MAX_TEST_SAMPLES).contains(&samples) {
        return Err(AppError::invalid_field("samples", "Test on 1 to 20 samples; a dry run takes more.").into());
    }
    db::datasets::get(&state.db, dataset_id).await?;
    let saved = db::graders::current(&state.db, dataset_id).await?;
    let (config, version) = match (draft, saved) {
        (Some(draft), Some(saved)) if saved.config == draft => (draft, Some(saved.version)),
        (Some(draft), _) => (draft, None),
        (None, Some(saved)) => (saved.config, Some(saved.version)),
        (None, None) => {
            return Err(AppError::conflict(
                "There is no grader to test. Write one, or take the starter script, then test.",
            )
            .into());
        }
    };
    prepare(state, &config).await?;
    if scan::count(&state.db, dataset_id, with_response()).await? == 0 {
        return Err(AppError::conflict("No valid record carries a recorded response, so there is nothing to test on. Import traces together with the model's answers.").into());
    }
    Ok(TestPlan { config, version, samples, draw })
}

/// Queues a test of the draft, or of the saved grader.
pub async fn start_test(
    state: &AppState,
    dataset_id: &str,
    draft: Option<GraderConfig>,
    samples: i64,
    draw: u32,
) -> ServiceResult<JobStatus> {
    let plan = test_plan(state, dataset_id, draft, samples, draw).await?;
    let mut tx = state.db.begin().await?;
    db::datasets::get(&mut tx, dataset_id).await?;
    if db::jobs::is_active(&mut tx, dataset_id, JobKind::GraderTest).await? {
        return Err(AppError::conflict("A test of this dataset's grader is running. Wait for it, or cancel it.").into());
    }
    let job_id = new_id();
    db::jobs::insert(&mut tx, &job_id, JobKind::GraderTest, dataset_id, &serde_json::to_string(&plan)?).await?;
    tx.commit().await?;
    state.jobs.wake();
    state.events.changed(dataset_id);
    db::jobs::get(&state.db, &job_id).await
}

/// What a test found; `None` while it runs, and if it ended without a result.
pub async fn test_result(state: &AppState, dataset_id: &str, job_id: &str) -> ServiceResult<Option<GraderTestReport>> {
    db::graders::test_of_job(&state.db, dataset_id, job_id).await
}

/// Grades some recorded responses. `on_progress` is told how many are done; a test that is cancelled has no report.
pub async fn test_grader_on_sample(
    state: &AppState,
    dataset_id: &str,
    plan: TestPlan,
    cancel: &CancellationToken,
    on_progress: &(dyn Fn(i64, i64) -> BoxFuture<'static, ServiceResult<()>> + Sync),
) -> ServiceResult<Option<GraderTestReport>> {
    let grader = prepare(state, &plan.config).await?;
    let records = test_records(state, dataset_id, &plan).await?;
    let total = i64::try_from(records.len()).unwrap_or(i64::MAX);
    let context = GradingContext { state, dataset_id, cache: CacheUse::AsSet, cancel };
    // At most twenty: an endpoint's gate lets through as many as it takes.
    let asked: Vec<BoxFuture<'_, _>> =
        records.into_iter().map(|record| test_one(&grader, context, record).boxed()).collect();
    let mut graded: FuturesOrdered<_> = asked.into_iter().collect();
    let (mut results, mut cost, mut calls) = (Vec::new(), Some(0.0), 0);
    // Side by side: a call that waits for the store's one writer must go on while progress is stored, or both wait for ever.
    let (tell, mut told_of) = tokio::sync::mpsc::unbounded_channel();
    let grading = async {
        while let Some(one) = graded.next().await {
            let _ = tell.send(one);
        }
        drop(tell);
    };
    let telling = async {
        while let Some(one) = told_of.recv().await {
            let (result, grade) = one?;
            cost = cost.zip(grade.cost).map(|(sum, cost)| sum + cost);
            calls += i64::from(grade.calls);
            results.push(result);
            if !cancel.is_cancelled() {
                on_progress(i64::try_from(results.len()).unwrap_or(i64::MAX), total).await?;
            }
        }
        ServiceResult::Ok(())
    };
    let ((), told) = tokio::join!(grading, telling);
    told?;
    if cancel.is_cancelled() {
        return Ok(None);
    }
    Ok(Some(GraderTestReport {
        timestamp: now_ms(),
        grader_version: plan.version,
        draw: plan.draw,
        stats: stats(&results),
        results,
        grader_config: plan.config,
        cost,
        calls,
    }))
}

/// Keeps what a test found.
pub async fn keep_test(
    tx: &mut Tx,
    dataset_id: &str,
    job_id: Option<&str>,
    report: &GraderTestReport,
) -> ServiceResult<()> {
    db::graders::insert_test(tx, dataset_id, report.grader_version, job_id, report).await
}

const fn with_response() -> Scan<'static> {
    Scan { with_output: true, ..Scan::valid() }
}

/// The records a test looks at: spread over the valid ones with a response.
async fn test_records(state: &AppState, dataset_id: &str, plan: &TestPlan) -> ServiceResult<Vec<DatasetRecord>> {
    let scan = with_response();
    let count = scan::count(&state.db, dataset_id, scan).await?;
    let mut records = Vec::new();
    let seed = TEST_SEED + u64::from(plan.draw);
    for index in choose_indices(count, plan.samples.min(count), seed, Some("grader test")) {
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

async fn test_one(
    grader: &Grader,
    context: GradingContext<'_>,
    record: DatasetRecord,
) -> ServiceResult<(GraderTestResult, Grade)> {
    let preview = |text: &str| text.chars().take(PREVIEW_CHARS).collect::<String>();
    let empty = GraderTestResult {
        record_id: record.id,
        prompt_preview: String::new(),
        score: None,
        reasoning: None,
        parts: Vec::new(),
        error: None,
        response_preview: String::new(),
        logs: Vec::new(),
    };
    let Some(response) = recorded_response(&record) else {
        let error = Some("The record has no recorded response any more.".to_owned());
        return Ok((GraderTestResult { error, ..empty }, Grade::default()));
    };
    let seed = sample_seed(DryRunConfig::default().seed, record.id);
    let input = grade_input(&record, &response);
    let sample = Sample { record_id: Some(record.id), seed, input, repeat: 0 };
    let prompt_preview = preview(&sample.input.last_user_message);
    let grade = grader.grade(context, &[sample]).await?.pop().unwrap_or_default();
    let shown = grade.clone();
    let result = GraderTestResult {
        score: shown.score,
        reasoning: shown.reasoning,
        parts: shown.parts,
        error: shown.error,
        logs: shown.logs,
        prompt_preview,
        response_preview: preview(&response.as_shown()),
        ..empty
    };
    Ok((result, grade))
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
