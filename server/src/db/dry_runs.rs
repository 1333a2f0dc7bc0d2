//! Tables `dry_runs` and `dry_run_samples`.

mod graded;

use std::collections::HashMap;

use futures_util::TryStreamExt;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

use super::{Db, Of, Reader, Tx, from_json};
use crate::clock::now_ms;
use crate::error::ServiceResult;
use crate::types::dry_run::{
    ComputedFrom, DryRunConfig, DryRunCost, DryRunReport, DryRunSample, DryRunSummary, SamplePage, SampleSelection,
};
use crate::types::error::AppError;
use crate::types::grader::PartScore;

pub use graded::{GradedSample, graded, samples_at};

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

/// A sample to be graded.
#[derive(Debug, Clone)]
pub struct PlannedSample {
    /// Position in the plan.
    pub ordinal: i64,
    /// The record.
    pub record_id: i64,
    /// Its topic.
    pub topic: Option<String>,
}

/// What a run is planned on, all of one moment, and the samples drawn.
#[derive(Debug, Clone)]
pub struct DryRunPlan {
    /// The dataset's records then.
    pub records_revision: i64,
    /// Its topics then.
    pub topics_revision: i64,
    /// Its balance then.
    pub balance_score: Option<f64>,
    /// The population.
    pub eligible_records: i64,
    /// The sample.
    pub samples: Vec<PlannedSample>,
}

/// Stores the whole plan at once: a run has all its samples or none.
pub async fn insert_plan(tx: &mut Tx, run_id: &str, plan: &DryRunPlan) -> ServiceResult<()> {
    for chunk in plan.samples.chunks(100) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "INSERT INTO dry_run_samples (dry_run_id, ordinal, record_id, topic, prompt_preview) ",
        );
        query.push("SELECT v.run_id, v.ordinal, v.record_id, v.topic, COALESCE(r.preview, '') FROM (SELECT column1 AS run_id, column2 AS ordinal, column3 AS record_id, column4 AS topic FROM (");
        query.push_values(chunk, |mut row, sample| {
            row.push_bind(run_id).push_bind(sample.ordinal).push_bind(sample.record_id).push_bind(&sample.topic);
        });
        query.push(")) v LEFT JOIN records r ON r.id = v.record_id");
        query.build().execute(&mut **tx).await?;
    }
    sqlx::query(
        "UPDATE dry_runs SET planned = 1, records_revision = ?, topics_revision = ?, balance_score = ?, eligible_records = ?
         WHERE id = ?",
    )
    .bind(plan.records_revision)
    .bind(plan.topics_revision)
    .bind(plan.balance_score)
    .bind(plan.eligible_records)
    .bind(run_id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Samples still to be graded, in order.
pub async fn unfinished(db: &Db, run_id: &str) -> ServiceResult<Vec<PlannedSample>> {
    let rows = sqlx::query(
        "SELECT ordinal, record_id, topic FROM dry_run_samples WHERE dry_run_id = ? AND finished_at IS NULL ORDER BY ordinal",
    )
    .bind(run_id)
    .fetch_all(db.read())
    .await?;
    rows.iter()
        .map(|row| {
            Ok(PlannedSample {
                ordinal: row.try_get("ordinal")?,
                record_id: row.try_get("record_id")?,
                topic: row.try_get("topic")?,
            })
        })
        .collect()
}

/// How far a run is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SampleCounts {
    /// In the plan.
    pub planned: i64,
    /// With a score or an error.
    pub finished: i64,
    /// With an error.
    pub failed: i64,
}

/// How far a run is.
pub async fn counts(db: &Db, run_id: &str) -> ServiceResult<SampleCounts> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS planned, COUNT(finished_at) AS finished, COUNT(error) AS failed FROM dry_run_samples WHERE dry_run_id = ?",
    )
    .bind(run_id)
    .fetch_one(db.read())
    .await?;
    Ok(SampleCounts {
        planned: row.try_get("planned")?,
        finished: row.try_get("finished")?,
        failed: row.try_get("failed")?,
    })
}

/// What grading has cost so far.
pub async fn cost(db: &Db, run_id: &str) -> ServiceResult<DryRunCost> {
    let row = sqlx::query(
        "SELECT COALESCE(SUM(cost), 0.0) AS amount, COALESCE(SUM(calls), 0) AS calls,
                COUNT(*) FILTER (WHERE cost IS NULL) AS unknown FROM dry_run_samples WHERE dry_run_id = ?",
    )
    .bind(run_id)
    .fetch_one(db.read())
    .await?;
    Ok(DryRunCost {
        amount: row.try_get("amount")?,
        calls: row.try_get("calls")?,
        unknown: row.try_get("unknown")?,
        ..DryRunCost::default()
    })
}

/// What grading a sample gave.
#[derive(Debug, Clone)]
pub struct SampleResult {
    /// Position in the plan.
    pub ordinal: i64,
    /// The response graded, if the record still had one.
    pub response: String,
    /// The score.
    pub score: Option<f64>,
    /// The grader's explanation.
    pub reasoning: Option<String>,
    /// Why there is no score.
    pub error: Option<String>,
    /// What the script logged.
    pub logs: Vec<String>,
    /// What the parts of a combination said.
    pub parts: Vec<PartScore>,
    /// Models that were asked.
    pub calls: u32,
    /// US dollars paid; `None` if that is not known.
    pub cost: Option<f64>,
}

impl SampleResult {
    /// Of a sample without a response.
    pub fn failed(ordinal: i64, error: impl Into<String>) -> Self {
        Self {
            ordinal,
            response: String::new(),
            score: None,
            reasoning: None,
            error: Some(error.into()),
            logs: Vec::new(),
            parts: Vec::new(),
            calls: 0,
            cost: Some(0.0),
        }
    }
}

/// Commits one sample. Doing it again changes nothing; what a former try of a failed one cost stays counted.
pub async fn set_result(tx: &mut Tx, run_id: &str, result: &SampleResult) -> ServiceResult<()> {
    sqlx::query(
        "UPDATE dry_run_samples SET response = ?, score = ?, reasoning = ?, error = ?, logs = ?, parts = ?,
             calls = calls + ?, cost = cost + ?, finished_at = ?
         WHERE dry_run_id = ? AND ordinal = ? AND finished_at IS NULL",
    )
    .bind(&result.response)
    .bind(result.score)
    .bind(&result.reasoning)
    .bind(&result.error)
    .bind(serde_json::to_string(&result.logs)?)
    .bind(serde_json::to_string(&result.parts)?)
    .bind(result.calls)
    .bind(result.cost)
    .bind(now_ms())
    .bind(run_id)
    .bind(result.ordinal)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Makes failed samples unfinished again, so that a resumed run tries them once more.
pub async fn reopen_failed(tx: &mut Tx, run_id: &str) -> ServiceResult<()> {
    sqlx::query(
        "UPDATE dry_run_samples SET finished_at = NULL, error = NULL WHERE dry_run_id = ? AND error IS NOT NULL",
    )
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

/// Deletes at most `limit` samples of a dataset's runs. Answers how many; fewer than `limit`: that was all.
pub async fn delete_samples(tx: &mut Tx, dataset_id: &str, limit: i64) -> ServiceResult<i64> {
    let deleted = sqlx::query(
        "DELETE FROM dry_run_samples WHERE (dry_run_id, ordinal) IN (SELECT s.dry_run_id, s.ordinal
           FROM dry_runs d JOIN dry_run_samples s ON s.dry_run_id = d.id WHERE d.dataset_id = ? LIMIT ?)",
    )
    .bind(dataset_id)
    .bind(limit)
    .execute(&mut **tx)
    .await?
    .rows_affected();
    Ok(i64::try_from(deleted).unwrap_or(i64::MAX))
}

/// Deletes every dry run, with its samples.
pub async fn delete_all(tx: &mut Tx, dataset_id: &str) -> ServiceResult<()> {
    sqlx::query("DELETE FROM dry_runs WHERE dataset_id = ?").bind(dataset_id).execute(&mut **tx).await?;
    Ok(())
}

/// A score as the statistics take it, in the plan's order.
#[derive(Debug, Clone)]
pub struct ScoredSample {
    /// The topic when it was planned.
    pub topic: Option<String>,
    /// The score.
    pub score: f64,
    /// Unicode scalar values of the response.
    pub response_chars: i64,
}

/// Every score of a run, in the plan's order. (At most 10,000: the largest sample allowed.)
pub async fn scores(db: &Db, run_id: &str) -> ServiceResult<Vec<ScoredSample>> {
    let mut rows = sqlx::query(
        "SELECT topic, score, response FROM dry_run_samples WHERE dry_run_id = ? AND score IS NOT NULL ORDER BY ordinal",
    )
    .bind(run_id)
    .fetch(db.read());
    let mut scores = Vec::new();
    while let Some(row) = rows.try_next().await? {
        // Counted here: SQL's LENGTH ends at the first NUL character, and a response may hold one.
        let response: &str = row.try_get("response")?;
        scores.push(ScoredSample {
            topic: row.try_get("topic")?,
            score: row.try_get("score")?,
            response_chars: i64::try_from(response.chars().count()).unwrap_or(i64::MAX),
        });
    }
    Ok(scores)
}

/// Samples shown at once by `All` and other unbounded selections.
pub const SAMPLES_PER_PAGE: i64 = 50;

/// How many samples "highest", "lowest" and "nearest the mean" have.
const FEW: i64 = 5;

/// A page (from 1) of a selection. A page past the last one has no samples, but tells how many there are.
pub async fn samples(db: &Db, run_id: &str, selection: &SampleSelection, page: i64) -> ServiceResult<SamplePage> {
    let mut counting = QueryBuilder::<Sqlite>::new("SELECT COUNT(*) AS n FROM dry_run_samples");
    push_selection(&mut counting, run_id, selection);
    let count: i64 = counting.build().fetch_one(db.read()).await?.try_get("n")?;
    let few = matches!(selection, SampleSelection::Highest | SampleSelection::Lowest | SampleSelection::NearestMean);
    let total = if few { count.min(FEW) } else { count };
    let offset = (page - 1).max(0).saturating_mul(SAMPLES_PER_PAGE);

    let mut query = QueryBuilder::<Sqlite>::new("SELECT * FROM dry_run_samples");
    push_selection(&mut query, run_id, selection);
    match selection {
        SampleSelection::Highest => query.push(" ORDER BY score DESC, ordinal"),
        SampleSelection::Lowest | SampleSelection::Topic { .. } => query.push(" ORDER BY score, ordinal"),
        SampleSelection::NearestMean => query
            .push(" ORDER BY ABS(score - (SELECT AVG(score) FROM dry_run_samples WHERE dry_run_id = ")
            .push_bind(run_id)
            .push(")), ordinal"),
        SampleSelection::AroundHalf | SampleSelection::Failed | SampleSelection::All => query.push(" ORDER BY ordinal"),
    };
    query.push(" LIMIT ").push_bind((total - offset).clamp(0, SAMPLES_PER_PAGE)).push(" OFFSET ").push_bind(offset);
    let rows = query.build().fetch_all(db.read()).await?;
    Ok(SamplePage { samples: rows.iter().map(read_sample).collect::<ServiceResult<_>>()?, total })
}

/// The next samples that have been looked at, in the plan's order.
pub async fn samples_after(db: &Db, run_id: &str, after: i64, limit: i64) -> ServiceResult<Vec<DryRunSample>> {
    let rows = sqlx::query(
        "SELECT * FROM dry_run_samples WHERE dry_run_id = ? AND finished_at IS NOT NULL AND ordinal > ? ORDER BY ordinal LIMIT ?",
    )
    .bind(run_id)
    .bind(after)
    .bind(limit)
    .fetch_all(db.read())
    .await?;
    rows.iter().map(read_sample).collect()
}

fn push_selection(query: &mut QueryBuilder<Sqlite>, run_id: &str, selection: &SampleSelection) {
    query.push(" WHERE dry_run_id = ").push_bind(run_id.to_owned()).push(" AND finished_at IS NOT NULL");
    match selection {
        SampleSelection::Highest | SampleSelection::Lowest | SampleSelection::NearestMean => {
            query.push(" AND score IS NOT NULL")
        }
        // 0.45 and 0.55 belong to it although neither is exact in binary.
        SampleSelection::AroundHalf => query.push(" AND ABS(score - 0.5) <= 0.0500000001"),
        SampleSelection::Failed => query.push(" AND error IS NOT NULL"),
        SampleSelection::Topic { topic } => query.push(" AND topic IS ").push_bind(topic.clone()),
        SampleSelection::All => query,
    };
}

pub(super) fn read_sample(row: &SqliteRow) -> ServiceResult<DryRunSample> {
    Ok(DryRunSample {
        ordinal: row.try_get("ordinal")?,
        record_id: row.try_get("record_id")?,
        topic: row.try_get("topic")?,
        prompt_preview: row.try_get("prompt_preview")?,
        response: row.try_get::<Option<String>, _>("response")?.unwrap_or_default(),
        score: row.try_get("score")?,
        reasoning: row.try_get("reasoning")?,
        error: row.try_get("error")?,
        logs: from_json("dry_run_samples.logs", row.try_get("logs")?)?,
        parts: from_json("dry_run_samples.parts", row.try_get("parts")?)?,
    })
}
