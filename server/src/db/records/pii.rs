//! Which records hold personal data: how many, and narrowing a list to them.

use std::collections::HashMap;

use sqlx::{QueryBuilder, Row, Sqlite};

use super::super::{Of, Reader};
use crate::error::ServiceResult;
use crate::types::pii::{PiiCounts, PiiFilter, PiiKinds};

/// Records with personal data, by dataset; one that has none, and none that was not looked at, is left out.
pub async fn counts(db: impl Reader, of: Of<'_>) -> ServiceResult<HashMap<String, PiiCounts>> {
    let mut counts = HashMap::<String, PiiCounts>::new();
    for row in db.rows(counts_query(of)).await? {
        let records: i64 = row.try_get("records")?;
        let of_dataset = counts.entry(row.try_get("dataset_id")?).or_default();
        match row.try_get::<Option<u8>, _>("pii")? {
            None => of_dataset.not_looked_at = records,
            Some(bits) => {
                of_dataset.records += records;
                for kind in PiiKinds::from_bits(bits).iter() {
                    *of_dataset.by_kind.entry(kind).or_insert(0) += records;
                }
            }
        }
    }
    Ok(counts)
}

/// The query of [`counts`].
pub(in crate::db) fn counts_query(of: Of<'_>) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("SELECT dataset_id, pii, records FROM pii_counts WHERE records > 0 AND ");
    of.push(&mut query, "dataset_id");
    query.push(" UNION ALL SELECT dataset_id, NULL, COUNT(*) FROM records WHERE pii IS NULL AND ");
    of.push(&mut query, "dataset_id");
    query.push(" GROUP BY dataset_id");
    query
}

/// The condition on the records `r`. The first half is what names the index.
pub(super) fn push_filter(query: &mut QueryBuilder<Sqlite>, filter: PiiFilter) {
    query.push(" AND r.pii > 0");
    if filter != PiiFilter::Any {
        query.push(" AND (r.pii & ").push_bind(i64::from(filter.kinds().bits())).push(") <> 0");
    }
}
