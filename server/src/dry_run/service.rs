//! Dry runs as a service: start, resume, view, samples.

use super::chart::score_histogram_svg;
use crate::datasets::new_id;
use crate::db::{self, Of, Reader};
use crate::error::ServiceResult;
use crate::state::AppState;
use crate::types::dry_run::{
    ComputedFrom, DryRunConfig, DryRunSummary, DryRunView, ResponseSource, SamplePage, SampleSelection,
};
use crate::types::error::AppError;
use crate::types::job::JobKind;

/// Most prompts of one run.
const MAX_SAMPLE: i64 = 10_000;
/// Most samples graded at once.
const MAX_CONCURRENCY: i64 = 64;

/// Starts a dry run with the saved grader.
pub async fn start(state: &AppState, dataset_id: &str, config: DryRunConfig) -> ServiceResult<DryRunSummary> {
    let config = check_config(config)?;
    let dataset = db::datasets::get(&state.db, dataset_id).await?;
    let Some(grader) = db::graders::current(&state.db, dataset_id).await? else {
        return Err(AppError::conflict(
            "There is no grader yet, so nothing can be scored. Set one in the Grader step, then run again.",
        )
        .into());
    };
    require_responses(state, dataset_id).await?;
    if db::jobs::is_active(&state.db, dataset_id, JobKind::DryRun).await? {
        return Err(AppError::conflict("A dry run is going on already. Wait for it, or cancel it first.").into());
    }
    // The job takes them anew when it draws the sample: by then they may have changed.
    let from = ComputedFrom {
        records_revision: dataset.records_revision,
        topics_revision: dataset.topics_revision,
        grader_version: grader.version,
    };
    let (run_id, job_id) = (new_id(), new_id());
    let mut tx = state.db.begin().await?;
    db::jobs::insert(&mut tx, &job_id, JobKind::DryRun, dataset_id, &serde_json::to_string(&run_id)?).await?;
    db::dry_runs::insert(&mut tx, &run_id, dataset_id, &job_id, &config, from).await?;
    tx.commit().await?;
    state.jobs.wake();
    state.events.changed(dataset_id);
    Ok(db::dry_runs::get(&state.db, &run_id).await?.summary)
}

/// Refuses a dataset that has nothing to grade.
pub async fn require_responses(state: &AppState, dataset_id: &str) -> ServiceResult<()> {
    let recorded = db::records::tallies::recorded_responses(&state.db, Of::One(dataset_id)).await?;
    if recorded.is_empty() {
        return Err(AppError::conflict("No valid record carries a recorded response, so there is nothing to grade. Import traces together with the model's answers.").into());
    }
    Ok(())
}

/// Goes on with a cancelled or failed run where it stopped; failed samples are tried again.
pub async fn resume(state: &AppState, run_id: &str) -> ServiceResult<DryRunSummary> {
    let run = db::dry_runs::get(&state.db, run_id).await?;
    if db::jobs::is_active(&state.db, &run.dataset_id, JobKind::DryRun).await? {
        return Err(AppError::conflict("A dry run is going on already. Wait for it, or cancel it first.").into());
    }
    let mut tx = state.db.begin().await?;
    db::jobs::requeue(&mut tx, &run.summary.job_id).await?;
    db::dry_runs::reopen_failed(&mut tx, run_id).await?;
    tx.commit().await?;
    state.jobs.wake();
    state.events.changed(&run.dataset_id);
    Ok(db::dry_runs::get(&state.db, run_id).await?.summary)
}

/// One run, whole.
pub async fn view(state: &AppState, run_id: &str) -> ServiceResult<DryRunView> {
    let summary = db::dry_runs::get(&state.db, run_id).await?.summary;
    whole(&state.db, summary).await
}

/// A run with its report and its histogram.
pub(crate) async fn whole(db: impl Reader, summary: DryRunSummary) -> ServiceResult<DryRunView> {
    let report = db::dry_runs::report(db, &summary.id).await?;
    let histogram = report.as_ref().and_then(|report| {
        let statistics = report.statistics.as_ref()?;
        Some(score_histogram_svg(&format!("histogram-{}", summary.id), &report.distribution, statistics.mean))
    });
    Ok(DryRunView { summary, report, histogram })
}

/// A page of a run's samples.
pub async fn samples(
    state: &AppState,
    run_id: &str,
    selection: &SampleSelection,
    page: i64,
) -> ServiceResult<SamplePage> {
    db::dry_runs::get(&state.db, run_id).await?;
    db::dry_runs::samples(&state.db, run_id, selection, page).await
}

fn check_config(mut config: DryRunConfig) -> Result<DryRunConfig, AppError> {
    if !(1..=MAX_SAMPLE).contains(&config.sample_size) {
        return Err(AppError::invalid_field(
            "sample_size",
            "Sample between 1 and 10,000 prompts; 300 is a good start.",
        ));
    }
    if config.rollouts_per_prompt != 1 {
        return Err(AppError::invalid_field(
            "rollouts_per_prompt",
            "A recorded response exists once per prompt, so there is exactly one rollout.",
        ));
    }
    if !(0..=MAX_CONCURRENCY).contains(&config.concurrency) {
        return Err(AppError::invalid_field(
            "concurrency",
            "Grade between 1 and 64 samples at once, or 0 for as many as the endpoints of judges take, else one per core.",
        ));
    }
    // A report must not name a model that was never asked.
    match config.response_source {
        ResponseSource::Recorded => config.base_model = None,
    }
    Ok(config)
}
