//! The samples of a run as another grading needs them.

use futures_util::TryStreamExt;
use sqlx::Row;

use super::super::{Db, from_json};
use super::read_sample;
use crate::error::ServiceResult;
use crate::types::TimestampMs;
use crate::types::dry_run::DryRunSample;
use crate::types::grader::PartScore;

/// What is stored of a graded sample, without its texts.
#[derive(Debug, Clone)]
pub struct GradedSample {
    /// Position in the plan.
    pub ordinal: i64,
    /// The record.
    pub record_id: i64,
    /// The topic when it was planned.
    pub topic: Option<String>,
    /// Unicode scalar values of the response.
    pub response_chars: i64,
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
        "SELECT ordinal, record_id, topic, response, score, error, parts, finished_at FROM dry_run_samples
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
            topic: row.try_get("topic")?,
            response_chars: i64::try_from(response.map_or(0, |text| text.chars().count())).unwrap_or(i64::MAX),
            score: row.try_get("score")?,
            error: row.try_get("error")?,
            parts,
            finished_at: row.try_get("finished_at")?,
        });
    }
    Ok(samples)
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
