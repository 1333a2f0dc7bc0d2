//! The samples of a run as its job plans, grades and stores them.

use sqlx::{QueryBuilder, Row, Sqlite};

use super::super::{Db, Tx};
use super::graded::generated_of;
use crate::clock::now_ms;
use crate::error::ServiceResult;
use crate::grader::RecordedResponse;
use crate::types::dry_run::DryRunCost;
use crate::types::grader::PartScore;

/// A prompt to be answered, once or several times.
#[derive(Debug, Clone)]
pub struct PlannedPrompt {
    /// The record.
    pub record_id: i64,
    /// Its topic.
    pub topic: Option<String>,
}

/// A rollout to be graded.
#[derive(Debug, Clone)]
pub struct PlannedSample {
    /// Position in the plan: a prompt's rollouts follow one another.
    pub ordinal: i64,
    /// The record.
    pub record_id: i64,
    /// Which of its prompt's responses, from 0.
    pub rollout: i64,
    /// What a former try generated.
    pub generated: Option<RecordedResponse>,
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
    /// The sample, in the plan's order.
    pub prompts: Vec<PlannedPrompt>,
    /// Responses to each.
    pub rollouts_per_prompt: i64,
}

/// Stores the whole plan at once: a run has all its samples or none.
pub async fn insert_plan(tx: &mut Tx, run_id: &str, plan: &DryRunPlan) -> ServiceResult<()> {
    let mut first = 0;
    for chunk in plan.prompts.chunks(100) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "INSERT INTO dry_run_samples (dry_run_id, ordinal, rollout, record_id, topic, prompt_preview)
             WITH RECURSIVE rollouts (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM rollouts WHERE n + 1 < ",
        );
        query.push_bind(plan.rollouts_per_prompt).push(") SELECT ").push_bind(run_id);
        query.push(", v.first + t.n, t.n, v.record_id, v.topic, COALESCE(r.preview, '') FROM (SELECT column1 AS first, column2 AS record_id, column3 AS topic FROM (");
        query.push_values(chunk, |mut row, prompt| {
            row.push_bind(first).push_bind(prompt.record_id).push_bind(&prompt.topic);
            first += plan.rollouts_per_prompt;
        });
        query.push(")) v CROSS JOIN rollouts t LEFT JOIN records r ON r.id = v.record_id");
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

/// Rollouts still to be graded, in order.
pub async fn unfinished(db: &Db, run_id: &str) -> ServiceResult<Vec<PlannedSample>> {
    let rows = sqlx::query(
        "SELECT ordinal, record_id, rollout, generated FROM dry_run_samples
         WHERE dry_run_id = ? AND finished_at IS NULL ORDER BY ordinal",
    )
    .bind(run_id)
    .fetch_all(db.read())
    .await?;
    rows.iter()
        .map(|row| {
            Ok(PlannedSample {
                ordinal: row.try_get("ordinal")?,
                record_id: row.try_get("record_id")?,
                rollout: row.try_get("rollout")?,
                generated: generated_of(row)?,
            })
        })
        .collect()
}

/// How far a run is, in rollouts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SampleCounts {
    /// In the plan.
    pub planned: i64,
    /// With a score or an error.
    pub finished: i64,
    /// With an error.
    pub failed: i64,
    /// Prompts in the plan.
    pub prompts: i64,
}

/// How far a run is.
pub async fn counts(db: &Db, run_id: &str) -> ServiceResult<SampleCounts> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS planned, COUNT(finished_at) AS finished, COUNT(error) AS failed,
                COUNT(*) FILTER (WHERE rollout = 0) AS prompts FROM dry_run_samples WHERE dry_run_id = ?",
    )
    .bind(run_id)
    .fetch_one(db.read())
    .await?;
    Ok(SampleCounts {
        planned: row.try_get("planned")?,
        finished: row.try_get("finished")?,
        failed: row.try_get("failed")?,
        prompts: row.try_get("prompts")?,
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
    /// The response graded as it is shown, if there was one.
    pub response: String,
    /// The same as graders see it, where a model was asked for it.
    pub generated: Option<RecordedResponse>,
    /// The score.
    pub score: Option<f64>,
    /// What a second, independent grading of the same response gave.
    pub regrade: Option<f64>,
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
            generated: None,
            score: None,
            regrade: None,
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
        "UPDATE dry_run_samples SET response = ?, generated = COALESCE(?, generated), score = ?, regrade = ?, reasoning = ?, error = ?, logs = ?, parts = ?,
             calls = calls + ?, cost = cost + ?, finished_at = ?
         WHERE dry_run_id = ? AND ordinal = ? AND finished_at IS NULL",
    )
    .bind(&result.response)
    .bind(result.generated.as_ref().map(serde_json::to_string).transpose()?)
    .bind(result.score)
    .bind(result.regrade)
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
