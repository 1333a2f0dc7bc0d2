//! Table `grader_keys`.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Db, Tx};
use crate::error::ServiceResult;
use crate::types::TimestampMs;
use crate::types::error::AppError;
use crate::types::grader::GraderKey;

/// A key that was found by its hash.
#[derive(Debug, Clone)]
pub struct FoundKey {
    /// Whose grader it opens.
    pub dataset_id: String,
    /// SHA-256 of the key.
    pub hash: Vec<u8>,
    /// As it is listed.
    pub key: GraderKey,
}

fn read_row(row: &SqliteRow) -> ServiceResult<GraderKey> {
    Ok(GraderKey {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        hint: row.try_get("hint")?,
        created_at: row.try_get("created_at")?,
        last_used_at: row.try_get("last_used_at")?,
    })
}

/// Stores a new one.
pub async fn insert(tx: &mut Tx, dataset_id: &str, key: &GraderKey, hash: &[u8]) -> ServiceResult<()> {
    sqlx::query("INSERT INTO grader_keys (id, dataset_id, name, hash, hint, created_at) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(&key.id)
        .bind(dataset_id)
        .bind(&key.name)
        .bind(hash)
        .bind(&key.hint)
        .bind(key.created_at)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Those of a dataset, newest first.
pub async fn list(db: &Db, dataset_id: &str) -> ServiceResult<Vec<GraderKey>> {
    let rows = sqlx::query("SELECT * FROM grader_keys WHERE dataset_id = ? ORDER BY created_at DESC, id DESC")
        .bind(dataset_id)
        .fetch_all(db.read())
        .await?;
    rows.iter().map(read_row).collect()
}

/// The one with this hash, if its dataset is not deleted.
pub async fn by_hash(db: &Db, hash: &[u8]) -> ServiceResult<Option<FoundKey>> {
    let row = sqlx::query(
        "SELECT k.* FROM grader_keys k JOIN datasets d ON d.id = k.dataset_id WHERE k.hash = ? AND d.deleted_at IS NULL",
    )
    .bind(hash)
    .fetch_optional(db.read())
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(FoundKey { dataset_id: row.try_get("dataset_id")?, hash: row.try_get("hash")?, key: read_row(&row)? }))
}

/// Notes that it was used.
pub async fn used(tx: &mut Tx, id: &str, at: TimestampMs) -> ServiceResult<()> {
    sqlx::query("UPDATE grader_keys SET last_used_at = ? WHERE id = ?").bind(at).bind(id).execute(&mut **tx).await?;
    Ok(())
}

/// Deletes one; 404 if there is none.
pub async fn delete(tx: &mut Tx, dataset_id: &str, id: &str) -> ServiceResult<()> {
    let done = sqlx::query("DELETE FROM grader_keys WHERE dataset_id = ? AND id = ?")
        .bind(dataset_id)
        .bind(id)
        .execute(&mut **tx)
        .await?;
    if done.rows_affected() == 0 {
        return Err(AppError::not_found("This key").into());
    }
    Ok(())
}
