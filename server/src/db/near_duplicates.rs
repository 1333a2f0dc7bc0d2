//! Tables `near_duplicate_*`: signatures, and the clusters of the last look at a dataset.
//!
//! A look stores its members in batches under a row that does not count before `found_at` is set. Records that were deleted
//! (their dataset is another one then) or are no longer valid are passed over by every query, and so is a cluster that
//! has fewer than two left.

mod there;

use futures_util::TryStreamExt;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

use super::{Db, Reader, Tx, from_json};
use crate::clock::now_ms;
use crate::error::{ServiceError, ServiceResult};
use crate::near_duplicates::minhash::{Bands, VERSION};
use crate::near_duplicates::shingles::Shingles;
use crate::types::near_duplicates::NearDuplicates;

pub use self::there::*;

/// Bytes of data that one read hands out; the last record may go beyond.
const READ_BYTES: usize = 8 << 20;

/// A prompt that is to be compared.
#[derive(Debug, Clone)]
pub struct Text {
    /// The record.
    pub id: i64,
    /// Its version.
    pub updated_at: i64,
    /// Its data as JSON.
    pub data: String,
}

impl Text {
    /// What is compared of it.
    pub fn shingles(&self) -> ServiceResult<Shingles> {
        Ok(Shingles::of(&from_json("records.data", &self.data)?))
    }
}

/// Reads texts until they are many bytes. Answers them, and whether that was all.
async fn read_texts(db: &Db, mut query: QueryBuilder<Sqlite>) -> ServiceResult<(Vec<Text>, bool)> {
    let (mut texts, mut bytes) = (Vec::new(), 0);
    let mut rows = query.build().fetch(db.read());
    while let Some(row) = rows.try_next().await? {
        let data: String = row.try_get("data")?;
        bytes += data.len();
        texts.push(Text { id: row.try_get("id")?, updated_at: row.try_get("updated_at")?, data });
        if bytes >= READ_BYTES {
            return Ok((texts, false));
        }
    }
    Ok((texts, true))
}

/// The next valid records that have no signature of their present text; at most `limit`.
pub async fn unsigned(db: &Db, dataset_id: &str, after_id: i64, limit: i64) -> ServiceResult<Vec<Text>> {
    let mut query = QueryBuilder::new(
        "SELECT r.id, r.updated_at, r.data FROM records r INDEXED BY records_by_status_id
           LEFT JOIN near_duplicate_signatures s ON s.record_id = r.id
         WHERE r.dataset_id = ",
    );
    query.push_bind(dataset_id.to_owned()).push(" AND r.status = 'valid' AND r.id > ").push_bind(after_id);
    query.push(" AND (s.record_id IS NULL OR s.updated_at <> r.updated_at OR s.version <> ").push_bind(VERSION);
    query.push(") ORDER BY r.id LIMIT ").push_bind(limit);
    Ok(read_texts(db, query).await?.0)
}

/// Those of these records (ascending) that are valid and come after an id; and whether these are all.
pub async fn texts(db: &Db, dataset_id: &str, ids: &[i64], after_id: i64) -> ServiceResult<(Vec<Text>, bool)> {
    let mut query = QueryBuilder::new("SELECT r.id, r.updated_at, r.data FROM json_each(");
    query.push_bind(serde_json::to_string(ids)?).push(") CROSS JOIN records r ON r.id = value WHERE r.dataset_id = ");
    query.push_bind(dataset_id.to_owned()).push(" AND r.status = 'valid' AND value > ").push_bind(after_id);
    query.push(" ORDER BY json_each.id");
    read_texts(db, query).await
}

/// Stores signatures; of records that are gone none.
pub async fn sign(tx: &mut Tx, signatures: &[(i64, i64, Bands)]) -> ServiceResult<()> {
    for (id, updated_at, bands) in signatures {
        sqlx::query(
            "INSERT OR REPLACE INTO near_duplicate_signatures (record_id, version, updated_at, bands)
             SELECT id, ?, ?, ? FROM records WHERE id = ?",
        )
        .bind(VERSION)
        .bind(updated_at)
        .bind(bands.to_bytes())
        .bind(id)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// The next signatures of valid records, in record order.
pub async fn signatures(db: &Db, dataset_id: &str, after_id: i64, limit: i64) -> ServiceResult<Vec<(i64, Bands)>> {
    let rows = sqlx::query(
        "SELECT r.id, s.bands FROM records r INDEXED BY records_by_status_id
           CROSS JOIN near_duplicate_signatures s ON s.record_id = r.id
         WHERE r.dataset_id = ? AND r.status = 'valid' AND r.id > ? AND s.updated_at = r.updated_at AND s.version = ?
         ORDER BY r.id LIMIT ?",
    )
    .bind(dataset_id)
    .bind(after_id)
    .bind(VERSION)
    .bind(limit)
    .fetch_all(db.read())
    .await?;
    let read = |row: &SqliteRow| {
        let bytes: &[u8] = row.try_get("bands")?;
        let bands = Bands::from_bytes(bytes).ok_or_else(|| {
            ServiceError::internal("reading column near_duplicate_signatures.bands", format!("{} bytes", bytes.len()))
        })?;
        Ok((row.try_get("id")?, bands))
    };
    rows.iter().map(read).collect()
}

/// Begins a look at the dataset as it is now. Answers its id.
pub async fn begin(tx: &mut Tx, dataset_id: &str, threshold: f64) -> ServiceResult<i64> {
    let row = sqlx::query(
        "INSERT INTO near_duplicate_runs (dataset_id, threshold, records_revision)
         SELECT id, ?, records_revision FROM datasets WHERE id = ? RETURNING id",
    )
    .bind(threshold)
    .bind(dataset_id)
    .fetch_one(&mut **tx)
    .await?;
    Ok(row.try_get("id")?)
}

/// Adds records to a cluster, each with the kept one that it is nearly the same as; those that are no longer there are passed
/// over.
pub async fn add(
    tx: &mut Tx,
    dataset_id: &str,
    run_id: i64,
    cluster: i64,
    members: &[(i64, Option<i64>)],
) -> ServiceResult<()> {
    sqlx::query(
        "INSERT INTO near_duplicate_members (run_id, cluster, record_id, like_id)
         SELECT ?1, ?2, r.id, value ->> 1 FROM json_each(?3) CROSS JOIN records r ON r.id = value ->> 0
         WHERE r.dataset_id = ?4 AND r.status = 'valid'",
    )
    .bind(run_id)
    .bind(cluster)
    .bind(serde_json::to_string(members)?)
    .bind(dataset_id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whether the records have changed since the look began.
pub async fn is_stale(tx: &mut Tx, run_id: i64) -> ServiceResult<bool> {
    let row = sqlx::query(
        "SELECT n.records_revision <> d.records_revision AS stale
         FROM near_duplicate_runs n JOIN datasets d ON d.id = n.dataset_id WHERE n.id = ?",
    )
    .bind(run_id)
    .fetch_one(&mut **tx)
    .await?;
    Ok(row.try_get("stale")?)
}

/// From now on this look is the dataset's.
pub async fn finish(tx: &mut Tx, run_id: i64, records: i64) -> ServiceResult<()> {
    sqlx::query("UPDATE near_duplicate_runs SET found_at = ?, records = ? WHERE id = ?")
        .bind(now_ms())
        .bind(records)
        .bind(run_id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Deletes at most `limit` members of the looks that no longer count, or never did; with the last of a look the look itself.
/// Answers whether more may be left.
pub async fn delete_old(tx: &mut Tx, dataset_id: &str, limit: i64) -> ServiceResult<bool> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT id FROM near_duplicate_runs WHERE dataset_id = ");
    query
        .push_bind(dataset_id.to_owned())
        .push(" AND id IS NOT (SELECT MAX(id) FROM near_duplicate_runs WHERE dataset_id = ");
    query.push_bind(dataset_id.to_owned()).push(" AND found_at IS NOT NULL)");
    for row in (&mut *tx).rows(query).await? {
        let run_id: i64 = row.try_get("id")?;
        let deleted = sqlx::query(
            "DELETE FROM near_duplicate_members WHERE run_id = ?1 AND record_id IN
               (SELECT record_id FROM near_duplicate_members WHERE run_id = ?1 LIMIT ?2)",
        )
        .bind(run_id)
        .bind(limit)
        .execute(&mut **tx)
        .await?
        .rows_affected();
        if i64::try_from(deleted).unwrap_or(i64::MAX) >= limit {
            return Ok(true);
        }
        sqlx::query("DELETE FROM near_duplicate_runs WHERE id = ?").bind(run_id).execute(&mut **tx).await?;
    }
    Ok(false)
}

/// What the last look found; `None` before the first one.
pub async fn current(db: impl Reader, dataset_id: &str) -> ServiceResult<Option<NearDuplicates>> {
    let mut query = QueryBuilder::new(
        "SELECT n.*, n.records_revision <> d.records_revision AS is_stale
         FROM near_duplicate_runs n JOIN datasets d ON d.id = n.dataset_id
         WHERE n.found_at IS NOT NULL AND n.dataset_id = ",
    );
    query.push_bind(dataset_id.to_owned()).push(" ORDER BY n.id DESC LIMIT 1");
    let read = |row: &SqliteRow| {
        Ok(NearDuplicates {
            run_id: row.try_get("id")?,
            threshold: row.try_get("threshold")?,
            records: row.try_get("records")?,
            found_at: row.try_get("found_at")?,
            clusters: row.try_get("clusters")?,
            members: row.try_get("members")?,
            deletable: row.try_get("deletable")?,
            set_aside: row.try_get("set_aside")?,
            is_stale: row.try_get("is_stale")?,
        })
    };
    db.rows(query).await?.first().map(read).transpose()
}

/// What changes now makes no other pairs: the looks (also one under way) hold for the next revision, if they do for this one. To
/// be called before `touch_records`.
pub async fn hold_on(tx: &mut Tx, dataset_id: &str) -> ServiceResult<()> {
    sqlx::query(
        "UPDATE near_duplicate_runs SET records_revision = records_revision + 1
         WHERE dataset_id = ?1 AND records_revision = (SELECT records_revision FROM datasets WHERE id = ?1)",
    )
    .bind(dataset_id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
