//! Drawing records of one kind (a status and first error), evenly over their ids, by reading the index alone.

use sqlx::Row;

use super::super::Db;
use crate::error::ServiceResult;
use crate::types::validation::{RecordStatus, ValidationError};

/// Knuth's multiplier: consecutive ids lie far apart, and any share of the range holds that share of them.
const MULTIPLIER: i64 = 2_654_435_761;

/// Where an id lies in 0..2^32; the same for the same seed.
pub fn mixed(id: i64, seed: u32) -> i64 {
    ((id & 0x7fff_ffff) * MULTIPLIER + i64::from(seed)) & 0xffff_ffff
}

/// The ids of about a share (of 2^32) of the records.
pub async fn sample(
    db: &Db,
    dataset_id: &str,
    status: RecordStatus,
    first_error: Option<ValidationError>,
    share: u32,
    seed: u32,
) -> ServiceResult<Vec<i64>> {
    let rows = sqlx::query(SAMPLE)
        .bind(dataset_id)
        .bind(status.as_str())
        .bind(first_error.map(ValidationError::as_str))
        .bind(MULTIPLIER)
        .bind(seed)
        .bind(share)
        .fetch_all(db.read())
        .await?;
    rows.iter().map(|row| Ok(row.try_get("id")?)).collect()
}

/// The query of [`sample`]; the arithmetic is that of [`mixed`].
pub(in crate::db) const SAMPLE: &str =
    "SELECT id FROM records WHERE dataset_id = ?1 AND status = ?2 AND first_error IS ?3
    AND (((id & 2147483647) * ?4 + ?5) & 4294967295) <= ?6";
