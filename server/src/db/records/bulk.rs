//! Changing very many records: a bounded number of them a transaction, so that other writers get through.

use super::super::Tx;
use crate::error::ServiceResult;

/// Marks at most `limit` records of a dataset as not validated. Answers how many; fewer than `limit`: that was all.
pub async fn set_pending(tx: &mut Tx, dataset_id: &str, limit: i64) -> ServiceResult<i64> {
    let changed = sqlx::query(
        "UPDATE records SET status = 'pending' WHERE id IN (SELECT id FROM records
           WHERE dataset_id = ? AND status IN ('valid', 'invalid', 'duplicate') LIMIT ?)",
    )
    .bind(dataset_id)
    .bind(limit)
    .execute(&mut **tx)
    .await?
    .rows_affected();
    Ok(i64::try_from(changed).unwrap_or(i64::MAX))
}

/// Deletes at most `limit` records of a dataset. Answers how many; fewer than `limit`: that was all.
pub async fn delete(tx: &mut Tx, dataset_id: &str, limit: i64) -> ServiceResult<i64> {
    let deleted = sqlx::query("DELETE FROM records WHERE id IN (SELECT id FROM records WHERE dataset_id = ? LIMIT ?)")
        .bind(dataset_id)
        .bind(limit)
        .execute(&mut **tx)
        .await?
        .rows_affected();
    Ok(i64::try_from(deleted).unwrap_or(i64::MAX))
}
