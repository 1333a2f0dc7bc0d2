//! Dry runs as a service: start, resume, view, samples.

use super::chart::score_histogram_svg;
use super::responses::Responder;
use crate::datasets::new_id;
use crate::db::records::scan::{self, Scan};
use crate::db::{self, Of, Reader};
use crate::error::ServiceResult;
use crate::grader::{Grader, prepare};
use crate::state::AppState;
use crate::types::dry_run::{
    ComputedFrom, DryRunConfig, DryRunSummary, DryRunView, MAX_ROLLOUTS, ResponseSource, SamplePage, SampleSelection,
};
use crate::types::error::AppError;
use crate::types::job::JobKind;

/// Most prompts of one run.
const MAX_SAMPLE: i64 = 10_000;
/// Most responses of one run: its statistics are computed from all of them at once.
const MAX_ROLLOUTS_IN_ALL: i64 = 40_000;
/// Most tokens of a response that can be asked for.
const MAX_RESPONSE_TOKENS: u32 = 1_000_000;
/// Most samples graded at once.
const MAX_CONCURRENCY: i64 = 64;

/// Starts a dry run with the saved grader.
pub async fn start(state: &AppState, dataset_id: &str, config: DryRunConfig) -> ServiceResult<DryRunSummary> {
    let Checked { config, version, .. } = checked(state, dataset_id, config).await?;
    let dataset = db::datasets::get(&state.db, dataset_id).await?;
    if db::jobs::is_active(&state.db, dataset_id, JobKind::DryRun).await? {
        return Err(AppError::conflict("A dry run is going on already. Wait for it, or cancel it first.").into());
    }
    // The job takes them anew when it draws the sample: by then they may have changed.
    let from = ComputedFrom {
        records_revision: dataset.records_revision,
        topics_revision: dataset.topics_revision,
        grader_version: version,
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

/// A configuration that can be run, with what grades.
pub(super) struct Checked {
    pub(super) config: DryRunConfig,
    pub(super) grader: Grader,
    version: i64,
}

/// Refuses what cannot be run.
pub(super) async fn checked(state: &AppState, dataset_id: &str, config: DryRunConfig) -> ServiceResult<Checked> {
    db::datasets::get(&state.db, dataset_id).await?;
    let Some(saved) = db::graders::current(&state.db, dataset_id).await? else {
        return Err(AppError::conflict(
            "There is no grader yet, so nothing can be scored. Set one in the Grader step, then run again.",
        )
        .into());
    };
    let config = check_config(config)?;
    let grader = prepare(state, &saved.config).await?;
    let config = check_models(state, config, &grader).await?;
    match config.response_source {
        ResponseSource::Recorded => require_responses(state, dataset_id).await?,
        ResponseSource::Generated => require_prompts(state, dataset_id).await?,
    }
    Ok(Checked { config, grader, version: saved.version })
}

/// Refuses a dataset that has nothing to grade.
pub async fn require_responses(state: &AppState, dataset_id: &str) -> ServiceResult<()> {
    let recorded = db::records::tallies::recorded_responses(&state.db, Of::One(dataset_id)).await?;
    if recorded.is_empty() {
        return Err(AppError::conflict("No valid record carries a recorded response, so there is nothing to grade. Import traces together with the model's answers.").into());
    }
    Ok(())
}

/// Refuses a dataset that has nothing to ask a model.
async fn require_prompts(state: &AppState, dataset_id: &str) -> ServiceResult<()> {
    if scan::count(&state.db, dataset_id, Scan::valid()).await? == 0 {
        return Err(AppError::conflict(
            "No record is valid, so there is no prompt to ask the model. See what the Extract step says of the records.",
        )
        .into());
    }
    Ok(())
}

/// Goes on with a stopped or failed run where it stopped, or tries the failed samples of a finished one again. A new `max_cost` takes the place of
/// its limit, which is of the whole run.
pub async fn resume(state: &AppState, run_id: &str, max_cost: Option<f64>) -> ServiceResult<DryRunSummary> {
    let run = db::dry_runs::get(&state.db, run_id).await?;
    if max_cost.is_some_and(|limit| !(limit.is_finite() && limit > 0.0)) {
        return wrong("max_cost", "The limit must be more than 0 US dollars.");
    }
    if db::jobs::is_active(&state.db, &run.dataset_id, JobKind::DryRun).await? {
        return Err(AppError::conflict("A dry run is going on already. Wait for it, or cancel it first.").into());
    }
    let mut tx = state.db.begin().await?;
    // One that came to its end goes on only for what failed.
    let has_failures = db::dry_runs::counts(&state.db, run_id).await?.failed > 0;
    db::jobs::requeue(&mut tx, &run.summary.job_id, has_failures).await?;
    db::dry_runs::reopen_failed(&mut tx, run_id).await?;
    if let Some(limit) = max_cost {
        let config = DryRunConfig { max_cost: Some(limit), ..run.summary.config };
        db::dry_runs::set_config(&mut tx, run_id, &config).await?;
    }
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

fn check_config(mut config: DryRunConfig) -> ServiceResult<DryRunConfig> {
    if !(1..=MAX_SAMPLE).contains(&config.sample_size) {
        return wrong("sample_size", "Sample between 1 and 10,000 prompts; 300 is a good start.");
    }
    if !(0..=MAX_CONCURRENCY).contains(&config.concurrency) {
        return wrong(
            "concurrency",
            "Grade between 1 and 64 samples at once, or 0 for as many as the endpoints take, else one per core.",
        );
    }
    match config.response_source {
        ResponseSource::Recorded => {
            if config.rollouts_per_prompt != 1 {
                return wrong(
                    "rollouts_per_prompt",
                    "A recorded response exists once per prompt, so there is exactly one rollout.",
                );
            }
            // A report must not name a model that was never asked.
            config = DryRunConfig {
                base_model: None,
                base_endpoint: None,
                temperature: None,
                max_response_tokens: None,
                regraded_share: 0.0,
                stop_when_settled: false,
                ..config
            };
        }
        ResponseSource::Generated => check_generated(&config)?,
    }
    Ok(config)
}

fn check_generated(config: &DryRunConfig) -> ServiceResult<()> {
    if !(1..=MAX_ROLLOUTS).contains(&config.rollouts_per_prompt) {
        return wrong("rollouts_per_prompt", "Ask for 1 to 64 responses per prompt; 4 measure the headroom well.");
    }
    if config.sample_size.saturating_mul(config.rollouts_per_prompt) > MAX_ROLLOUTS_IN_ALL {
        return wrong(
            "sample_size",
            "Prompts times responses per prompt may be at most 40,000. Ask for fewer of either.",
        );
    }
    if config.temperature.is_some_and(|temperature| !(0.0..=2.0).contains(&temperature)) {
        return wrong("temperature", "The temperature must be a number from 0 to 2, or empty for the endpoint's own.");
    }
    if config.max_response_tokens.is_some_and(|tokens| !(1..=MAX_RESPONSE_TOKENS).contains(&tokens)) {
        return wrong(
            "max_response_tokens",
            "Allow 1 to 1,000,000 tokens, or leave it empty for the endpoint's own limit.",
        );
    }
    if !(0.0..=1.0).contains(&config.regraded_share) {
        return wrong("regraded_share", "The share of prompts that are graded twice must be from 0 to 1.");
    }
    Ok(())
}

/// Fills in which model answers (the report names it); a limit of costs that nobody can keep is refused.
async fn check_models(state: &AppState, mut config: DryRunConfig, grader: &Grader) -> ServiceResult<DryRunConfig> {
    let mut has_prices = grader.has_prices();
    if config.response_source == ResponseSource::Generated {
        let responder = Responder::of(state, &config, 0).await?;
        has_prices &= responder.has_price();
        (config.base_endpoint, config.base_model) = responder.names();
    }
    match config.max_cost {
        Some(limit) if !(limit.is_finite() && limit > 0.0) => {
            wrong("max_cost", "The limit must be more than 0 US dollars; leave it empty for none.")
        }
        Some(_) if !has_prices => wrong(
            "max_cost",
            "A limit cannot be kept: what one of the models costs is not known. Enter its prices at its endpoint in the settings, or leave the limit empty.",
        ),
        _ => Ok(config),
    }
}

fn wrong<T>(field: &str, message: &str) -> ServiceResult<T> {
    Err(AppError::invalid_field(field, message).into())
}
