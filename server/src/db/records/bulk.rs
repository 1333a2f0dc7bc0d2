//! Changing very many records: a bounded number of them a transaction, so that other writers get through.

use sqlx::Row;

use super::super::Tx;
use super::super::topics::TopicChange;
use super::method_word;
use crate::error::ServiceResult;
use crate::types::topics::CategorizationMethod;

macro_rules! carrying {
    () => {
        "(SELECT id FROM records WHERE dataset_id = ?1 AND topic = ?2 AND id <= ?5 LIMIT ?3)"
    };
}

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

/// The next records that were chosen for a job, after an id.
pub async fn selected(tx: &mut Tx, job_id: &str, after_id: i64, limit: i64) -> ServiceResult<Vec<i64>> {
    let rows = sqlx::query(
        "SELECT record_id FROM record_selections WHERE job_id = ? AND record_id > ? ORDER BY record_id LIMIT ?",
    )
    .bind(job_id)
    .bind(after_id)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(|row| Ok(row.try_get("record_id")?)).collect()
}

/// Chooses every record of a (hidden) dataset for a job. Answers how many.
pub async fn select_all(tx: &mut Tx, job_id: &str, dataset_id: &str) -> ServiceResult<i64> {
    let selected =
        sqlx::query("INSERT INTO record_selections (job_id, record_id) SELECT ?, id FROM records WHERE dataset_id = ?")
            .bind(job_id)
            .bind(dataset_id)
            .execute(&mut **tx)
            .await?;
    Ok(i64::try_from(selected.rows_affected()).unwrap_or(i64::MAX))
}

/// Forgets what was chosen for a job, which has done it.
pub async fn forget_selection(tx: &mut Tx, job_id: &str) -> ServiceResult<()> {
    sqlx::query("DELETE FROM record_selections WHERE job_id = ?").bind(job_id).execute(&mut **tx).await?;
    Ok(())
}

/// Gives those of these records that a dataset has a topic by hand; `None` takes theirs away. Answers how many.
pub async fn set_topics(tx: &mut Tx, dataset_id: &str, ids: &[i64], topic: Option<&str>) -> ServiceResult<i64> {
    let changed = sqlx::query(
        "UPDATE records SET previous_topic = CASE WHEN topic IS NOT ?1 THEN topic ELSE previous_topic END, topic = ?1,
                topic_confidence = CASE WHEN ?1 IS NULL THEN NULL ELSE 1.0 END,
                topic_method = CASE WHEN ?1 IS NULL THEN NULL ELSE ?2 END, needs_review = 0, secondary_topics = '[]'
         WHERE dataset_id = ?3 AND id IN (SELECT value FROM json_each(?4))",
    )
    .bind(topic)
    .bind(method_word(CategorizationMethod::Manual))
    .bind(dataset_id)
    .bind(serde_json::to_string(ids)?)
    .execute(&mut **tx)
    .await?;
    Ok(i64::try_from(changed.rows_affected()).unwrap_or(i64::MAX))
}

/// Gives at most `limit` of the records up to an id that carry a label the one that takes its place, whatever their
/// validity. Answers how many; fewer than `limit`: that was all.
pub async fn carry_topic(
    tx: &mut Tx,
    dataset_id: &str,
    change: &TopicChange,
    up_to_id: i64,
    limit: i64,
) -> ServiceResult<i64> {
    let sql = match change.to {
        Some(_) => concat!("UPDATE records SET topic = ?4 WHERE id IN ", carrying!()),
        None => concat!(
            "UPDATE records SET previous_topic = topic, topic = ?4, topic_confidence = NULL, topic_method = NULL,
                                needs_review = 0, secondary_topics = '[]' WHERE id IN ",
            carrying!()
        ),
    };
    let changed = sqlx::query(sql)
        .bind(dataset_id)
        .bind(&change.from)
        .bind(limit)
        .bind(&change.to)
        .bind(up_to_id)
        .execute(&mut **tx)
        .await?
        .rows_affected();
    Ok(i64::try_from(changed).unwrap_or(i64::MAX))
}
