//! Table `imports`.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Db, Tx, unknown_word};
use crate::clock::now_ms;
use crate::error::ServiceResult;
use crate::types::error::AppError;
use crate::types::import::{Counts, ImportFormat, ImportMode, ImportReport, SkipReason};
use crate::types::job::JobState;

/// Stores a new import.
pub async fn insert(
    tx: &mut Tx,
    id: &str,
    dataset_id: &str,
    job_id: &str,
    file_name: &str,
    mode: ImportMode,
    bytes: i64,
) -> ServiceResult<()> {
    sqlx::query(
        "INSERT INTO imports (id, dataset_id, job_id, file_name, mode, bytes, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id)
    .bind(dataset_id)
    .bind(job_id)
    .bind(file_name)
    .bind(mode.as_str())
    .bind(bytes)
    .bind(now_ms())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Where a resumed import goes on: the last line stored.
pub async fn last_line(db: &Db, id: &str) -> ServiceResult<i64> {
    let row = sqlx::query("SELECT last_line FROM imports WHERE id = ?").bind(id).fetch_optional(db.read()).await?;
    match row {
        Some(row) => Ok(row.try_get("last_line")?),
        None => Err(AppError::not_found("This import").into()),
    }
}

/// What one stored batch adds to an import.
#[derive(Debug, Clone, Default)]
pub struct BatchCounts {
    /// The last line read.
    pub last_line: i64,
    /// Records stored.
    pub records: i64,
    /// Of them, by format.
    pub formats: Counts<ImportFormat>,
    /// What was passed over, by reason.
    pub skipped: Counts<SkipReason>,
    /// Time spent.
    pub duration_ms: i64,
}

/// Adds a stored batch, in the transaction that stores its records.
pub async fn add_batch(tx: &mut Tx, id: &str, counts: &BatchCounts) -> ServiceResult<()> {
    let row = sqlx::query("SELECT formats, skipped FROM imports WHERE id = ?").bind(id).fetch_one(&mut **tx).await?;
    let (mut formats, mut skipped) = read_counts(&row)?;
    formats.add_all(&counts.formats);
    skipped.add_all(&counts.skipped);
    sqlx::query(
        "UPDATE imports SET last_line = ?, records = records + ?, formats = ?, skipped = ?, duration_ms = duration_ms + ?
         WHERE id = ?",
    )
    .bind(counts.last_line)
    .bind(counts.records)
    .bind(serde_json::to_string(&formats)?)
    .bind(serde_json::to_string(&skipped)?)
    .bind(counts.duration_ms)
    .bind(id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn read_counts(row: &SqliteRow) -> ServiceResult<(Counts<ImportFormat>, Counts<SkipReason>)> {
    let (formats, skipped): (&str, &str) = (row.try_get("formats")?, row.try_get("skipped")?);
    Ok((serde_json::from_str(formats)?, serde_json::from_str(skipped)?))
}

/// Imports of a dataset with what became of their records, newest first, at most 50.
pub async fn list(db: &Db, dataset_id: &str) -> ServiceResult<Vec<ImportReport>> {
    let rows = sqlx::query(
        "SELECT i.*, j.state, j.error,
                (SELECT COUNT(*) FROM records r WHERE r.import_id = i.id AND r.status = 'valid') AS valid,
                (SELECT COUNT(*) FROM records r WHERE r.import_id = i.id AND r.status = 'invalid') AS invalid,
                (SELECT COUNT(*) FROM records r WHERE r.import_id = i.id AND r.status = 'duplicate') AS duplicates
         FROM imports i JOIN jobs j ON j.id = i.job_id WHERE i.dataset_id = ? ORDER BY i.created_at DESC, i.id DESC LIMIT 50",
    )
    .bind(dataset_id)
    .fetch_all(db.read())
    .await?;
    let mut reports = Vec::with_capacity(rows.len());
    for row in rows {
        let state: String = row.try_get("state")?;
        let mode: String = row.try_get("mode")?;
        let (formats, skipped) = read_counts(&row)?;
        reports.push(ImportReport {
            id: row.try_get("id")?,
            file_name: row.try_get("file_name")?,
            mode: ImportMode::parse(&mode).ok_or_else(|| unknown_word("imports.mode", &mode))?,
            state: JobState::parse(&state).ok_or_else(|| unknown_word("jobs.state", &state))?,
            records: row.try_get("records")?,
            valid: row.try_get("valid")?,
            invalid: row.try_get("invalid")?,
            duplicates: row.try_get("duplicates")?,
            formats,
            skipped,
            bytes: row.try_get("bytes")?,
            duration_ms: row.try_get("duration_ms")?,
            error: row.try_get("error")?,
            created_at: row.try_get("created_at")?,
        });
    }
    Ok(reports)
}

/// Marks an import as done but for its job's end, in the transaction of its last change.
pub async fn set_settled(tx: &mut Tx, id: &str) -> ServiceResult<()> {
    sqlx::query("UPDATE imports SET settled = 1 WHERE id = ?").bind(id).execute(&mut **tx).await?;
    Ok(())
}

/// Whether it was marked so.
pub async fn is_settled(db: &Db, id: &str) -> ServiceResult<bool> {
    Ok(sqlx::query("SELECT 1 FROM imports WHERE id = ? AND settled = 1")
        .bind(id)
        .fetch_optional(db.read())
        .await?
        .is_some())
}
