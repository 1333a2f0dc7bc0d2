//! Records that were deleted and may be wanted back: they keep their row and change their dataset for a hidden one
//! (`db::datasets::insert_trash`), so that nothing that reads a dataset sees them.

use sqlx::{QueryBuilder, Row, Sqlite};

use super::super::{Reader, Tx};
use super::query::read_hash;
use crate::error::ServiceResult;

/// What makes other records duplicates of some.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    /// Their prompts.
    pub hashes: Vec<[u8; 16]>,
    /// Their spans.
    pub spans: Vec<String>,
}

/// The keys of every record of a dataset among these ids.
pub async fn keys_of(tx: &mut Tx, dataset_id: &str, ids: &[i64]) -> ServiceResult<Keys> {
    let rows = sqlx::query(
        "SELECT span_id, prompt_hash FROM records WHERE dataset_id = ? AND id IN (SELECT value FROM json_each(?))",
    )
    .bind(dataset_id)
    .bind(serde_json::to_string(ids)?)
    .fetch_all(&mut **tx)
    .await?;
    let mut keys = Keys::default();
    for row in &rows {
        keys.spans.extend(row.try_get::<Option<String>, _>("span_id")?);
        if row.try_get::<Option<&[u8]>, _>("prompt_hash")?.is_some() {
            keys.hashes.push(read_hash(row)?);
        }
    }
    Ok(keys)
}

/// The ids of all records of a (hidden) dataset, in record order.
pub async fn ids_of(tx: &mut Tx, dataset_id: &str) -> ServiceResult<Vec<i64>> {
    let rows = sqlx::query("SELECT id FROM records WHERE dataset_id = ? ORDER BY id")
        .bind(dataset_id)
        .fetch_all(&mut **tx)
        .await?;
    rows.iter().map(|row| Ok(row.try_get("id")?)).collect()
}

/// Some of a dataset's records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Those that an import brought, and those that were added to it.
    Import(String),
    /// All of them.
    All,
}

impl Which {
    /// The condition, behind `dataset_id = ?`.
    fn push(&self, query: &mut QueryBuilder<Sqlite>) {
        match self {
            Self::All => {}
            Self::Import(id) => {
                query.push(" AND import_id IN (SELECT id FROM imports WHERE id = ").push_bind(id.clone());
                query.push(" OR added_to = ").push_bind(id.clone()).push(")");
            }
        }
    }
}

/// How many there are.
pub async fn count(db: impl Reader, dataset_id: &str, which: &Which) -> ServiceResult<i64> {
    let mut query = QueryBuilder::new("SELECT COUNT(*) AS n FROM records WHERE dataset_id = ");
    query.push_bind(dataset_id.to_owned());
    which.push(&mut query);
    db.rows(query).await?.first().map_or(Ok(0), |row| Ok(row.try_get("n")?))
}

/// The ids of some of them, as many as a transaction takes.
pub async fn next_ids(tx: &mut Tx, dataset_id: &str, which: &Which, limit: i64) -> ServiceResult<Vec<i64>> {
    let mut query = QueryBuilder::new("SELECT id FROM records WHERE dataset_id = ");
    query.push_bind(dataset_id);
    which.push(&mut query);
    query.push(" LIMIT ").push_bind(limit);
    query.build().fetch_all(&mut **tx).await?.iter().map(|row| Ok(row.try_get("id")?)).collect()
}

/// Gives all records of a dataset up to and including `last_id` to another (a replacing import has been read whole).
pub async fn give_up_to(tx: &mut Tx, from: &str, to: &str, last_id: i64) -> ServiceResult<()> {
    sqlx::query("UPDATE records SET dataset_id = ? WHERE dataset_id = ? AND id <= ?")
        .bind(to)
        .bind(from)
        .bind(last_id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Gives those of these records that are in one dataset to another. Answers how many.
pub async fn give(tx: &mut Tx, from: &str, to: &str, ids: &[i64]) -> ServiceResult<i64> {
    let given = sqlx::query(
        "UPDATE records SET dataset_id = ?1 WHERE dataset_id = ?2 AND id IN (SELECT value FROM json_each(?3))",
    )
    .bind(to)
    .bind(from)
    .bind(serde_json::to_string(ids)?)
    .execute(&mut **tx)
    .await?
    .rows_affected();
    Ok(i64::try_from(given).unwrap_or(i64::MAX))
}
