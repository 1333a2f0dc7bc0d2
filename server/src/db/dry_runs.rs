//! Tables `dry_runs` and `dry_run_samples`.

mod graded;
mod samples;

use std::collections::HashMap;

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

use super::{Of, Reader, Tx, from_json};
use crate::clock::now_ms;
use crate::error::ServiceResult;
use crate::types::dry_run::{ComputedFrom, DryRunConfig, DryRunReport, DryRunSummary};
use crate::types::error::AppError;

pub(super) use graded::read_sample;
pub use graded::{GradedSample, SAMPLES_PER_PAGE, ScoredSample, graded, samples, samples_after, samples_at, scores};
pub use samples::{
    DryRunPlan, PlannedPrompt, PlannedSample, SampleCounts, SampleResult, cost, counts, delete_samples, insert_plan,
    reopen_failed, set_result, unfinished,
};

/// A run with what its job needs beside the summary.
#[derive(Debug, Clone)]
pub struct DryRunRow {
    /// What lists show.
    pub summary: DryRunSummary,
    /// The dataset.
    pub dataset_id: String,
    /// The balance when it was planned.
    pub balance_score: Option<f64>,
    /// The population when it was planned.
    pub eligible_records: i64,
    /// Whether every sample's row exists.
    pub planned: bool,
    /// Milliseconds it has run, over all its stretches.
    pub duration_ms: i64,
}

/// Everything but the report, which may be large.
const COLUMNS: &str =
    "id, dataset_id, job_id, config, grader_version, records_revision, topics_revision, balance_score,
    eligible_records, planned, duration_ms, result, created_at";

fn read_row(row: &SqliteRow) -> ServiceResult<DryRunRow> {
    let result: Option<String> = row.try_get("result")?;
    let summary = DryRunSummary {
        id: row.try_get("id")?,
        job_id: row.try_get("job_id")?,
        config: from_json("dry_runs.config", row.try_get("config")?)?,
        computed_from: ComputedFrom {
            records_revision: row.try_get("records_revision")?,
            topics_revision: row.try_get("topics_revision")?,
            grader_version: row.try_get("grader_version")?,
        },
        created_at: row.try_get("created_at")?,
        result: result.map(|text| from_json("dry_runs.result", &text)).transpose()?,
    };
    Ok(DryRunRow {
        summary,
        dataset_id: row.try_get("dataset_id")?,
        balance_score: row.try_get("balance_score")?,
        eligible_records: row.try_get("eligible_records")?,
        planned: row.try_get("planned")?,
        duration_ms: row.try_get("duration_ms")?,
    })
}

/// Stores a run that is to be planned by its job.
pub async fn insert(
    tx: &mut Tx,
    id: &str,
    dataset_id: &str,
    job_id: &str,
    config: &DryRunConfig,
    from: ComputedFrom,
) -> ServiceResult<()> {
    sqlx::query(
        "INSERT INTO dry_runs (id, dataset_id, job_id, config, grader_version, records_revision, topics_revision, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id)
    .bind(dataset_id)
    .bind(job_id)
    .bind(serde_json::to_string(config)?)
    .bind(from.grader_version)
    .bind(from.records_revision)
    .bind(from.topics_revision)
    .bind(now_ms())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// One run; 404 if there is none.
pub async fn get(db: impl Reader, id: &str) -> ServiceResult<DryRunRow> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT ");
    query.push(COLUMNS).push(" FROM dry_runs WHERE id = ").push_bind(id.to_owned());
    let row = db.rows(query).await?.pop();
    row.map_or_else(|| Err(AppError::not_found("This dry run").into()), |row| read_row(&row))
}

/// A run's report, if it has one by now.
pub async fn report(db: impl Reader, id: &str) -> ServiceResult<Option<DryRunReport>> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT report FROM dry_runs WHERE id = ");
    query.push_bind(id.to_owned());
    let Some(row) = db.rows(query).await?.pop() else { return Err(AppError::not_found("This dry run").into()) };
    let report: Option<String> = row.try_get("report")?;
    report.map(|text| from_json("dry_runs.report", &text)).transpose()
}

/// Runs of a dataset, newest first, at most 50.
pub async fn list(db: impl Reader, dataset_id: &str) -> ServiceResult<Vec<DryRunSummary>> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT ");
    query.push(COLUMNS).push(" FROM dry_runs WHERE dataset_id = ").push_bind(dataset_id.to_owned());
    query.push(" ORDER BY created_at DESC, id DESC LIMIT 50");
    let rows = db.rows(query).await?;
    rows.iter().map(|row| Ok(read_row(row)?.summary)).collect()
}

/// The newest run that has a report, by dataset.
pub async fn newest_finished(db: impl Reader, of: Of<'_>) -> ServiceResult<HashMap<String, DryRunSummary>> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT ");
    query.push(COLUMNS).push(" FROM dry_runs d WHERE ");
    of.push(&mut query, "dataset_id");
    query.push(
        " AND id = (SELECT id FROM dry_runs WHERE dataset_id = d.dataset_id AND result IS NOT NULL
                    ORDER BY created_at DESC, id DESC LIMIT 1)",
    );
    let rows = db.rows(query).await?;
    rows.iter().map(read_row).map(|row| row.map(|row| (row.dataset_id, row.summary))).collect()
}

/// Changes what a run was asked to do.
pub async fn set_config(tx: &mut Tx, run_id: &str, config: &DryRunConfig) -> ServiceResult<()> {
    sqlx::query("UPDATE dry_runs SET config = ? WHERE id = ?")
        .bind(serde_json::to_string(config)?)
        .bind(run_id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Adds to the time a run has taken.
pub async fn add_duration(tx: &mut Tx, run_id: &str, duration_ms: i64) -> ServiceResult<()> {
    sqlx::query("UPDATE dry_runs SET duration_ms = duration_ms + ? WHERE id = ?")
        .bind(duration_ms)
        .bind(run_id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Stores the report, and what lists show of it.
pub async fn set_report(tx: &mut Tx, run_id: &str, report: &DryRunReport) -> ServiceResult<()> {
    sqlx::query("UPDATE dry_runs SET report = ?, result = ? WHERE id = ?")
        .bind(serde_json::to_string(report)?)
        .bind(serde_json::to_string(&report.result())?)
        .bind(run_id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Deletes every dry run, with its samples.
pub async fn delete_all(tx: &mut Tx, dataset_id: &str) -> ServiceResult<()> {
    sqlx::query("DELETE FROM dry_runs WHERE dataset_id = ?").bind(dataset_id).execute(&mut **tx).await?;
    Ok(())
}
