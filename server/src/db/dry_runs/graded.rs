//! The samples of a run that have been looked at, as statistics, pages and another grading read them.

use futures_util::TryStreamExt;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

use super::super::{Db, from_json};
use crate::error::ServiceResult;
use crate::grader::RecordedResponse;
use crate::types::TimestampMs;
use crate::types::dry_run::{DryRunSample, SamplePage, SampleSelection};
use crate::types::grader::PartScore;

/// What is stored of a graded sample, without its texts.
#[derive(Debug, Clone)]
pub struct GradedSample {
    /// Position in the plan.
    pub ordinal: i64,
    /// The record.
    pub record_id: i64,
    /// Which of its prompt's responses, from 0.
    pub rollout: i64,
    /// The topic when it was planned.
    pub topic: Option<String>,
    /// The response, where a model was asked for it.
    pub generated: Option<RecordedResponse>,
    /// Unicode scalar values of the response as it is shown.
    pub response_chars: usize,
    /// The score.
    pub score: Option<f64>,
    /// Why there is none.
    pub error: Option<String>,
    /// What the parts said, without their explanations.
    pub parts: Vec<PartScore>,
    /// When.
    pub finished_at: TimestampMs,
}

/// Every sample of a run that has been looked at, in the plan's order. (At most 10,000.)
pub async fn graded(db: &Db, run_id: &str) -> ServiceResult<Vec<GradedSample>> {
    let mut rows = sqlx::query(
        "SELECT ordinal, record_id, rollout, topic, response, generated, score, error, parts, finished_at FROM dry_run_samples
         WHERE dry_run_id = ? AND finished_at IS NOT NULL ORDER BY ordinal",
    )
    .bind(run_id)
    .fetch(db.read());
    let mut samples = Vec::new();
    while let Some(row) = rows.try_next().await? {
        let response: Option<&str> = row.try_get("response")?;
        let mut parts: Vec<PartScore> = from_json("dry_run_samples.parts", row.try_get("parts")?)?;
        for part in &mut parts {
            part.reasoning = None;
        }
        samples.push(GradedSample {
            ordinal: row.try_get("ordinal")?,
            record_id: row.try_get("record_id")?,
            rollout: row.try_get("rollout")?,
            topic: row.try_get("topic")?,
            generated: generated_of(&row)?,
            response_chars: response.map_or(0, |text| text.chars().count()),
            score: row.try_get("score")?,
            error: row.try_get("error")?,
            parts,
            finished_at: row.try_get("finished_at")?,
        });
    }
    Ok(samples)
}

/// The response that a model was asked for.
pub(super) fn generated_of(row: &SqliteRow) -> ServiceResult<Option<RecordedResponse>> {
    let text: Option<&str> = row.try_get("generated")?;
    text.map(|text| from_json("dry_run_samples.generated", text)).transpose()
}

/// The samples at some positions of a run, whole.
pub async fn samples_at(db: &Db, run_id: &str, ordinals: &[i64]) -> ServiceResult<Vec<DryRunSample>> {
    let rows = sqlx::query(
        "SELECT * FROM dry_run_samples WHERE dry_run_id = ? AND ordinal IN (SELECT value FROM json_each(?)) ORDER BY ordinal",
    )
    .bind(run_id)
    .bind(serde_json::to_string(ordinals)?)
    .fetch_all(db.read())
    .await?;
    rows.iter().map(read_sample).collect()
}

/// A rollout as the statistics take it.
#[derive(Debug, Clone)]
pub struct ScoredSample {
    /// The place in the plan of its prompt's first rollout: what a prompt's rollouts have in common.
    pub prompt: i64,
    /// The prompt's record.
    pub record_id: i64,
    /// The topic when it was planned.
    pub topic: Option<String>,
    /// The score; `None` if it failed.
    pub score: Option<f64>,
    /// What a second grading gave.
    pub regrade: Option<f64>,
    /// Unicode scalar values of the response.
    pub response_chars: usize,
}

/// Every rollout of a run that is done, in the plan's order. (At most some 40,000: the largest run allowed.)
pub async fn scores(db: &Db, run_id: &str) -> ServiceResult<Vec<ScoredSample>> {
    let mut rows = sqlx::query(
        "SELECT ordinal - rollout AS prompt, record_id, topic, score, regrade, response FROM dry_run_samples
         WHERE dry_run_id = ? AND finished_at IS NOT NULL ORDER BY ordinal",
    )
    .bind(run_id)
    .fetch(db.read());
    let mut scores = Vec::new();
    while let Some(row) = rows.try_next().await? {
        // Counted here: SQL's LENGTH ends at the first NUL character, and a response may hold one.
        let response: Option<&str> = row.try_get("response")?;
        scores.push(ScoredSample {
            prompt: row.try_get("prompt")?,
            record_id: row.try_get("record_id")?,
            topic: row.try_get("topic")?,
            score: row.try_get("score")?,
            regrade: row.try_get("regrade")?,
            response_chars: response.map_or(0, |response| response.chars().count()),
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

pub(in crate::db) fn read_sample(row: &SqliteRow) -> ServiceResult<DryRunSample> {
    Ok(DryRunSample {
        ordinal: row.try_get("ordinal")?,
        record_id: row.try_get("record_id")?,
        rollout: row.try_get("rollout")?,
        is_generated: row.try_get::<Option<&str>, _>("generated")?.is_some(),
        topic: row.try_get("topic")?,
        prompt_preview: row.try_get("prompt_preview")?,
        response: row.try_get::<Option<String>, _>("response")?.unwrap_or_default(),
        score: row.try_get("score")?,
        regrade: row.try_get("regrade")?,
        reasoning: row.try_get("reasoning")?,
        error: row.try_get("error")?,
        logs: from_json("dry_run_samples.logs", row.try_get("logs")?)?,
        parts: from_json("dry_run_samples.parts", row.try_get("parts")?)?,
    })
}
