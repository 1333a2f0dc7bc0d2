//! The overview: counts and reports gathered for one page, all of one moment.

use super::deletion::kept_since;
use super::facts::facts_of;
use crate::clock::now_ms;
use crate::db::datasets::Trash;
use crate::db::{self, Of};
use crate::dry_run;
use crate::error::ServiceResult;
use crate::state::AppState;
use crate::types::coverage::CoverageReport;
use crate::types::overview::DatasetOverview;
use crate::types::validation::HygieneReport;
use crate::validation::report::{HygieneCounts, hygiene_report};

/// Everything the canvas page shows of one dataset.
pub async fn overview(state: &AppState, id: &str) -> ServiceResult<DatasetOverview> {
    let mut snapshot = state.db.snapshot().await?;
    let dataset = db::datasets::get(&mut snapshot, id).await?;
    let facts = facts_of(&mut snapshot, &dataset).await?;
    let pipeline_inputs = facts.pipeline_inputs(&dataset);
    let dry_run = match facts.dry_run {
        Some(summary) => Some(dry_run::whole(&mut snapshot, summary).await?),
        None => None,
    };
    Ok(DatasetOverview {
        hygiene: facts.hygiene,
        hierarchy: facts.hierarchy,
        topic_counts: facts.topic_counts,
        coverage: facts.coverage,
        grader: facts.grader,
        grader_test: facts.grader_test,
        dry_run,
        dry_run_history: db::dry_runs::list(&mut snapshot, id).await?,
        imports: db::imports::list(&mut snapshot, id).await?,
        imports_total: db::imports::count(&mut snapshot, id).await?,
        last_deletion: db::datasets::trash_of(&mut snapshot, id, Trash::Deletions, kept_since())
            .await?
            .into_iter()
            .next(),
        near_duplicates: db::near_duplicates::current(&mut snapshot, id).await?,
        hand_scores: db::hand_scores::tally(&mut snapshot, id).await?,
        jobs: facts.jobs,
        recorded_responses: facts.recorded_responses,
        pipeline_inputs,
        now: now_ms(),
        dataset,
    })
}

/// The state of a dataset's records.
pub async fn hygiene(state: &AppState, id: &str) -> ServiceResult<HygieneReport> {
    let mut snapshot = state.db.snapshot().await?;
    let groups = db::records::tallies::status_counts(&mut snapshot, Of::One(id)).await?.remove(id).unwrap_or_default();
    let pii = db::records::pii::counts(&mut snapshot, Of::One(id)).await?.remove(id).unwrap_or_default();
    Ok(hygiene_report(&HygieneCounts { groups, pii }, now_ms()))
}

/// How a dataset's records spread over its topics; `None` without topics.
pub async fn coverage(state: &AppState, id: &str) -> ServiceResult<Option<CoverageReport>> {
    let mut snapshot = state.db.snapshot().await?;
    let dataset = db::datasets::get(&mut snapshot, id).await?;
    Ok(facts_of(&mut snapshot, &dataset).await?.coverage)
}
