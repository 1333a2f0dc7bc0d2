//! Table `hand_scores`: what people say that responses are worth. Scores of records that were deleted (which then are
//! in a hidden dataset) are not seen, and are there again when the record is.

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

use super::dry_runs::read_sample;
use super::{Db, Reader, Tx};
use crate::clock::now_ms;
use crate::error::ServiceResult;
use crate::types::calibration::{HandScore, HandScoreTally};
use crate::types::dry_run::DryRunSample;

/// SHA-256 of a response as it is shown.
pub type ResponseHash = [u8; 32];

/// A hand score and what it is of.
#[derive(Debug, Clone, PartialEq)]
pub struct HandScoreRow {
    /// The record.
    pub record_id: i64,
    /// The response.
    pub response_hash: Vec<u8>,
    /// What was said.
    pub hand: HandScore,
}

fn read_row(row: &SqliteRow) -> ServiceResult<HandScoreRow> {
    Ok(HandScoreRow {
        record_id: row.try_get("record_id")?,
        response_hash: row.try_get("response_hash")?,
        hand: HandScore {
            score: row.try_get("score")?,
            note: row.try_get("note")?,
            created_at: row.try_get("created_at")?,
        },
    })
}

/// Stores what is said of a response, in place of what was said of it before.
pub async fn set(
    tx: &mut Tx,
    dataset_id: &str,
    record_id: i64,
    hash: &ResponseHash,
    score: f64,
    note: &str,
) -> ServiceResult<()> {
    sqlx::query(
        "INSERT INTO hand_scores (dataset_id, record_id, response_hash, score, note, created_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET score = excluded.score, note = excluded.note, created_at = excluded.created_at",
    )
    .bind(dataset_id)
    .bind(record_id)
    .bind(&hash[..])
    .bind(score)
    .bind(note)
    .bind(now_ms())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes a score away; whether there was one.
pub async fn delete(tx: &mut Tx, dataset_id: &str, record_id: i64, hash: &ResponseHash) -> ServiceResult<bool> {
    let done = sqlx::query("DELETE FROM hand_scores WHERE dataset_id = ? AND record_id = ? AND response_hash = ?")
        .bind(dataset_id)
        .bind(record_id)
        .bind(&hash[..])
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// What was said of this response, if anything.
pub async fn get(db: &Db, dataset_id: &str, record_id: i64, hash: &ResponseHash) -> ServiceResult<Option<HandScore>> {
    let row = sqlx::query("SELECT * FROM hand_scores WHERE dataset_id = ? AND record_id = ? AND response_hash = ?")
        .bind(dataset_id)
        .bind(record_id)
        .bind(&hash[..])
        .fetch_optional(db.read())
        .await?;
    row.map(|row| Ok(read_row(&row)?.hand)).transpose()
}

/// The newest hand scores of a dataset's records, newest first.
pub async fn newest(db: &Db, dataset_id: &str, limit: i64) -> ServiceResult<Vec<HandScoreRow>> {
    let rows = sqlx::query(
        "SELECT h.* FROM hand_scores h JOIN records r ON r.id = h.record_id AND r.dataset_id = h.dataset_id
         WHERE h.dataset_id = ? ORDER BY h.created_at DESC, h.record_id DESC LIMIT ?",
    )
    .bind(dataset_id)
    .bind(limit)
    .fetch_all(db.read())
    .await?;
    rows.iter().map(read_row).collect()
}

/// Those of some records, whatever response they are of.
pub async fn of_records(db: &Db, dataset_id: &str, ids: &[i64]) -> ServiceResult<Vec<HandScoreRow>> {
    let rows =
        sqlx::query("SELECT * FROM hand_scores WHERE dataset_id = ? AND record_id IN (SELECT value FROM json_each(?))")
            .bind(dataset_id)
            .bind(serde_json::to_string(ids)?)
            .fetch_all(db.read())
            .await?;
    rows.iter().map(read_row).collect()
}

/// How many there are, and the newest one's time.
pub async fn tally(db: impl Reader, dataset_id: &str) -> ServiceResult<HandScoreTally> {
    let mut query = QueryBuilder::<Sqlite>::new(
        "SELECT COUNT(*) AS n, MAX(h.created_at) AS newest FROM hand_scores h
         JOIN records r ON r.id = h.record_id AND r.dataset_id = h.dataset_id WHERE h.dataset_id = ",
    );
    query.push_bind(dataset_id.to_owned());
    let rows = db.rows(query).await?;
    let Some(row) = rows.first() else { return Ok(HandScoreTally::default()) };
    Ok(HandScoreTally { count: row.try_get("n")?, newest: row.try_get("newest")? })
}

/// Records of a run that were scored and can still be graded, with their scores, in the plan's order.
pub async fn scored_in_run(db: &Db, dataset_id: &str, run_id: &str) -> ServiceResult<Vec<(i64, f64)>> {
    let rows = sqlx::query(
        "SELECT s.record_id, s.score FROM dry_run_samples s JOIN records r ON r.id = s.record_id
         WHERE s.dry_run_id = ? AND s.score IS NOT NULL AND r.dataset_id = ? AND r.status = 'valid' AND r.has_output = 1
         ORDER BY s.ordinal",
    )
    .bind(run_id)
    .bind(dataset_id)
    .fetch_all(db.read())
    .await?;
    rows.iter().map(|row| Ok((row.try_get("record_id")?, row.try_get("score")?))).collect()
}

/// What the newest run of a grader's version says of some records, as far as it has a score for them.
pub async fn graded_in_run(db: &Db, dataset_id: &str, version: i64, ids: &[i64]) -> ServiceResult<Vec<DryRunSample>> {
    let rows = sqlx::query(
        "SELECT s.* FROM dry_run_samples s JOIN records r ON r.id = s.record_id AND r.updated_at <= s.finished_at
         WHERE s.dry_run_id = (SELECT id FROM dry_runs WHERE dataset_id = ? AND grader_version = ? ORDER BY created_at DESC, id DESC LIMIT 1)
           AND s.score IS NOT NULL AND s.record_id IN (SELECT value FROM json_each(?))",
    )
    .bind(dataset_id)
    .bind(version)
    .bind(serde_json::to_string(ids)?)
    .fetch_all(db.read())
    .await?;
    rows.iter().map(read_sample).collect()
}

/// The lowest and the highest id of a dataset's records.
pub async fn range_of_ids(db: &Db, dataset_id: &str) -> ServiceResult<Option<(i64, i64)>> {
    let row = sqlx::query(
        "SELECT (SELECT MIN(id) FROM records WHERE dataset_id = ?1) AS low, (SELECT MAX(id) FROM records WHERE dataset_id = ?1) AS high",
    )
    .bind(dataset_id)
    .fetch_one(db.read())
    .await?;
    Ok(row.try_get::<Option<i64>, _>("low")?.zip(row.try_get("high")?))
}
