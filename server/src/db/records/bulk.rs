//! Changing very many records: a bounded number of them a transaction, so that other writers get through.

use super::super::Tx;
use super::super::topics::TopicChange;
use crate::error::ServiceResult;

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
