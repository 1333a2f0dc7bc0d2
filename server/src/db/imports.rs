//! Table `imports`: what a dataset's imports are, and where the records of a copied dataset came from (`copied_from`).

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row};

use super::{Db, Reader, Tx, unknown_word};
use crate::clock::now_ms;
use crate::datasets::undo_import::import_undo;
use crate::error::ServiceResult;
use crate::types::error::AppError;
use crate::types::import::{Counts, ImportFormat, ImportMode, ImportReport, MAX_FILES, SkipReason};
use crate::types::job::JobState;

/// An import about to be stored.
#[derive(Debug, Clone, Copy)]
pub struct NewImport<'a> {
    /// UUID v7.
    pub id: &'a str,
    /// Its job.
    pub job_id: &'a str,
    /// The file's name as the user knows it.
    pub file_name: &'a str,
    /// Append or replace.
    pub mode: ImportMode,
    /// The replacing import together with which it was asked for.
    pub added_to: Option<&'a str>,
    /// The file's size.
    pub bytes: i64,
}

/// Stores a new import.
pub async fn insert(tx: &mut Tx, dataset_id: &str, import: &NewImport<'_>) -> ServiceResult<()> {
    sqlx::query(
        "INSERT INTO imports (id, dataset_id, job_id, file_name, mode, added_to, bytes, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(import.id)
    .bind(dataset_id)
    .bind(import.job_id)
    .bind(import.file_name)
    .bind(import.mode.as_str())
    .bind(import.added_to)
    .bind(import.bytes)
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

/// What was said of an import and what it has stored.
#[derive(Debug, Clone, Copy)]
pub struct SoFar {
    /// Its file's size.
    pub bytes: i64,
    /// Records stored.
    pub records: i64,
    /// Append or replace.
    pub mode: ImportMode,
}

/// How far an import is, asked within the transaction that stores more of it.
pub async fn so_far(tx: &mut Tx, id: &str) -> ServiceResult<SoFar> {
    let row =
        sqlx::query("SELECT bytes, records, mode FROM imports WHERE id = ?").bind(id).fetch_one(&mut **tx).await?;
    Ok(SoFar { bytes: row.try_get("bytes")?, records: row.try_get("records")?, mode: read_mode(&row)? })
}

fn read_mode(row: &SqliteRow) -> ServiceResult<ImportMode> {
    let mode: String = row.try_get("mode")?;
    ImportMode::parse(&mode).ok_or_else(|| unknown_word("imports.mode", &mode))
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

/// What an import has stored, and what it passed over.
pub async fn came_to(db: &Db, id: &str) -> ServiceResult<(i64, Counts<SkipReason>)> {
    let row =
        sqlx::query("SELECT records, formats, skipped FROM imports WHERE id = ?").bind(id).fetch_one(db.read()).await?;
    Ok((row.try_get("records")?, read_counts(&row)?.1))
}

fn read_counts(row: &SqliteRow) -> ServiceResult<(Counts<ImportFormat>, Counts<SkipReason>)> {
    let (formats, skipped): (&str, &str) = (row.try_get("formats")?, row.try_get("skipped")?);
    Ok((serde_json::from_str(formats)?, serde_json::from_str(skipped)?))
}

/// How many imports a dataset has had.
pub async fn count(db: impl Reader, dataset_id: &str) -> ServiceResult<i64> {
    let mut query = QueryBuilder::new("SELECT COUNT(*) AS n FROM imports WHERE copied_from IS NULL AND dataset_id = ");
    query.push_bind(dataset_id.to_owned());
    db.rows(query).await?.first().map_or(Ok(0), |row| Ok(row.try_get("n")?))
}

/// Imports of a dataset with what became of their records, newest first, at most [`MAX_FILES`].
pub async fn list(db: impl Reader, dataset_id: &str) -> ServiceResult<Vec<ImportReport>> {
    // What was deleted, and waits for an undo, is in another dataset.
    let mut query = QueryBuilder::new(
        "SELECT i.*, j.state, j.error, COALESCE(c.valid, 0) AS valid, COALESCE(c.invalid, 0) AS invalid,
                COALESCE(c.duplicates, 0) AS duplicates, COALESCE(c.there, 0) AS there
         FROM imports i JOIN jobs j ON j.id = i.job_id
         LEFT JOIN (SELECT import_id, SUM(records * (status = 'valid')) AS valid, SUM(records * (status = 'invalid')) AS invalid,
                           SUM(records * (status = 'duplicate')) AS duplicates, SUM(records) AS there FROM record_tallies WHERE dataset_id = ",
    );
    query.push_bind(dataset_id.to_owned()).push(
        " GROUP BY import_id) c ON c.import_id = i.id
         WHERE i.copied_from IS NULL AND i.dataset_id = ",
    );
    query.push_bind(dataset_id.to_owned()).push(" ORDER BY i.created_at DESC, i.id DESC LIMIT ").push(MAX_FILES);
    let rows = db.rows(query).await?;
    let mut reports = Vec::with_capacity(rows.len());
    for row in rows {
        let state: String = row.try_get("state")?;
        let (formats, skipped) = read_counts(&row)?;
        reports.push(ImportReport {
            id: row.try_get("id")?,
            job_id: row.try_get("job_id")?,
            file_name: row.try_get("file_name")?,
            mode: read_mode(&row)?,
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
            undo: import_undo(&read_undoing(&row)?),
            created_at: row.try_get("created_at")?,
        });
    }
    Ok(reports)
}

/// Where an import's records, and those it replaced, are.
#[derive(Debug, Clone)]
pub struct Undoing {
    /// Its dataset.
    pub dataset_id: String,
    /// Whether it is one that replaces.
    pub replaces: bool,
    /// The hidden dataset that keeps what it replaced.
    pub replaced: Option<String>,
    /// The hidden dataset that keeps what its undo took away.
    pub taken_back: Option<String>,
    /// Whether it is undone.
    pub undone: bool,
    /// Whether it has come to its end.
    pub settled: bool,
    /// Records that it brought.
    pub records: i64,
    /// Those of them that are in the dataset now.
    pub there: i64,
}

/// Where its records are; 404 if there is no such import.
pub async fn undoing(tx: &mut Tx, id: &str) -> ServiceResult<Undoing> {
    let row = sqlx::query(
        "SELECT i.*, (SELECT COALESCE(SUM(records), 0) FROM record_tallies
                      WHERE dataset_id = i.dataset_id AND import_id = i.id) AS there FROM imports i WHERE i.id = ?",
    )
    .bind(id)
    .fetch_optional(&mut **tx)
    .await?;
    row.map_or_else(|| Err(AppError::not_found("This import").into()), |row| read_undoing(&row))
}

fn read_undoing(row: &SqliteRow) -> ServiceResult<Undoing> {
    Ok(Undoing {
        dataset_id: row.try_get("dataset_id")?,
        replaces: read_mode(row)? == ImportMode::Replace,
        replaced: row.try_get("replaced")?,
        taken_back: row.try_get("taken_back")?,
        undone: row.try_get::<Option<i64>, _>("undone_at")?.is_some(),
        settled: read_settled(row)?.is_some(),
        records: row.try_get("records")?,
        there: row.try_get("there")?,
    })
}

/// What a hidden dataset keeps for an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// What it replaced.
    Replaced,
    /// What its undo took away.
    TakenBack,
}

/// Notes the hidden dataset that keeps it.
pub async fn set_kept(tx: &mut Tx, id: &str, what: Kept, kept_in: &str) -> ServiceResult<()> {
    let query = match what {
        Kept::Replaced => sqlx::query("UPDATE imports SET replaced = ? WHERE id = ?"),
        Kept::TakenBack => sqlx::query("UPDATE imports SET taken_back = ? WHERE id = ?"),
    };
    query.bind(kept_in).bind(id).execute(&mut **tx).await?;
    Ok(())
}

/// An import is undone with those that were added to it, or it no longer is.
pub async fn set_undone(tx: &mut Tx, id: &str, undone: bool) -> ServiceResult<()> {
    sqlx::query("UPDATE imports SET undone_at = ?1 WHERE id = ?2 OR added_to = ?2")
        .bind(undone.then(now_ms))
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// What imports of a dataset replaced is no longer kept: another one that does not belong to the newest of them has come.
pub async fn forget_replaced(tx: &mut Tx, dataset_id: &str, but: &str) -> ServiceResult<()> {
    // Without its dataset it is nobody's, and goes.
    sqlx::query(
        "UPDATE datasets SET deletion_of = NULL WHERE id IN (SELECT replaced FROM imports WHERE dataset_id = ?1 AND id <> ?2)",
    )
    .bind(dataset_id)
    .bind(but)
    .execute(&mut **tx)
    .await?;
    sqlx::query("UPDATE imports SET replaced = NULL WHERE dataset_id = ?1 AND id <> ?2 AND replaced IS NOT NULL")
        .bind(dataset_id)
        .bind(but)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// What is left of an import whose job has not ended yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// All of it was read.
    Whole,
    /// It was cancelled or failed.
    Early,
}

/// Marks an import as done but for its job's end, in the transaction of its last change.
pub async fn set_settled(tx: &mut Tx, id: &str, settled: Settled) -> ServiceResult<()> {
    let word = match settled {
        Settled::Whole => 1,
        Settled::Early => 2,
    };
    sqlx::query("UPDATE imports SET settled = ? WHERE id = ?").bind(word).bind(id).execute(&mut **tx).await?;
    Ok(())
}

/// An import whose records were deleted again has brought none.
pub async fn take_back(tx: &mut Tx, id: &str) -> ServiceResult<()> {
    sqlx::query("UPDATE imports SET records = 0, formats = '{}' WHERE id = ?").bind(id).execute(&mut **tx).await?;
    Ok(())
}

/// Whether it was marked so.
pub async fn settled(db: &Db, id: &str) -> ServiceResult<Option<Settled>> {
    let row = sqlx::query("SELECT settled FROM imports WHERE id = ?").bind(id).fetch_optional(db.read()).await?;
    row.map_or(Ok(None), |row| read_settled(&row))
}

fn read_settled(row: &SqliteRow) -> ServiceResult<Option<Settled>> {
    let word: i64 = row.try_get("settled")?;
    match word {
        0 => Ok(None),
        1 => Ok(Some(Settled::Whole)),
        2 => Ok(Some(Settled::Early)),
        other => Err(unknown_word("imports.settled", &other.to_string())),
    }
}

/// How an import came to its end, if it did.
#[derive(Debug, Clone)]
pub struct End {
    /// The file's name as the user knows it.
    pub file_name: String,
    /// Its job's state.
    pub state: JobState,
    /// Whether and how its records are settled.
    pub settled: Option<Settled>,
}

/// How an import came to its end.
pub async fn end_of(db: &Db, id: &str) -> ServiceResult<End> {
    let row = sqlx::query(
        "SELECT i.file_name, i.settled, j.state FROM imports i JOIN jobs j ON j.id = i.job_id WHERE i.id = ?",
    )
    .bind(id)
    .fetch_optional(db.read())
    .await?;
    let Some(row) = row else { return Err(AppError::not_found("This import").into()) };
    let state: String = row.try_get("state")?;
    Ok(End {
        file_name: row.try_get("file_name")?,
        state: JobState::parse(&state).ok_or_else(|| unknown_word("jobs.state", &state))?,
        settled: read_settled(&row)?,
    })
}

/// The id after which an import's own records begin: below its first one, or the highest there is now.
pub async fn begins_after(tx: &mut Tx, id: &str) -> ServiceResult<i64> {
    let row = sqlx::query(
        "SELECT COALESCE((SELECT MIN(id) - 1 FROM records WHERE import_id = ?), (SELECT MAX(id) FROM records), 0) AS id",
    )
    .bind(id)
    .fetch_one(&mut **tx)
    .await?;
    Ok(row.try_get("id")?)
}

/// Where the records of a copied dataset came from: the imports of the other, each under an id of its own. They are no
/// imports of the copy, so only its records know of them.
pub async fn copy_origins(tx: &mut Tx, from: &str, to: &str, job_id: &str) -> ServiceResult<()> {
    sqlx::query(
        "INSERT INTO imports (id, dataset_id, job_id, file_name, mode, bytes, last_line, records, duration_ms, settled,
                              formats, skipped, created_at, copied_from)
         SELECT ?2 || '/' || id, ?2, ?3, file_name, mode, bytes, last_line, records, duration_ms, 1, formats, skipped,
                created_at, id
         FROM imports WHERE dataset_id = ?1",
    )
    .bind(from)
    .bind(to)
    .bind(job_id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
