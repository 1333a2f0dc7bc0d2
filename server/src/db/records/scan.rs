//! Walking over many records in bounded memory: always by id, a window at a time.

use sqlx::{QueryBuilder, Row, Sqlite};

use super::super::{Db, Reader};
use super::{RECORD_COLUMNS, json_list, read_record};
use crate::error::ServiceResult;
use crate::types::dataset::DatasetRecord;
use crate::types::validation::RecordStatus;

/// Which records a walk visits.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scan<'a> {
    /// Only these.
    pub status: Option<RecordStatus>,
    /// Only those with a recorded response.
    pub with_output: bool,
    /// Only those that carry none of these topics.
    pub without_topics: Option<&'a [String]>,
    /// Not those that carry one of these topics by hand or from the file.
    pub not_by_hand: Option<&'a [String]>,
}

impl Scan<'_> {
    /// Valid records.
    pub const fn valid() -> Self {
        Self { status: Some(RecordStatus::Valid), with_output: false, without_topics: None, not_by_hand: None }
    }
}

fn push_scan(query: &mut QueryBuilder<Sqlite>, dataset_id: &str, scan: Scan<'_>, after_id: i64, limit: i64) {
    query.push(" WHERE r.dataset_id = ").push_bind(dataset_id.to_owned()).push(" AND r.id > ").push_bind(after_id);
    if let Some(status) = scan.status {
        query.push(" AND r.status = ").push_bind(status.as_str());
    }
    if scan.with_output {
        query.push(" AND r.has_output = 1");
    }
    if let Some(topics) = scan.without_topics {
        query.push(" AND (r.topic IS NULL OR r.topic NOT IN (SELECT value FROM json_each(");
        query.push_bind(json_list(topics)).push(")))");
    }
    if let Some(topics) = scan.not_by_hand {
        query.push(" AND (COALESCE(r.topic_method, '') NOT IN ").push(said_methods!());
        query.push(" OR r.topic NOT IN (SELECT value FROM json_each(");
        query.push_bind(json_list(topics)).push(")))");
    }
    query.push(" ORDER BY r.id LIMIT ").push_bind(limit);
}

/// The next whole records after `after_id`.
pub async fn records(
    db: &Db,
    dataset_id: &str,
    scan: Scan<'_>,
    after_id: i64,
    limit: i64,
) -> ServiceResult<Vec<DatasetRecord>> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT ");
    query.push(RECORD_COLUMNS).push(" FROM records r LEFT JOIN imports i ON i.id = r.import_id");
    push_scan(&mut query, dataset_id, scan, after_id, limit);
    query.build().fetch_all(db.read()).await?.iter().map(read_record).collect()
}

/// Those of these records that the dataset has, whole, in record order.
pub async fn of_ids(db: &Db, dataset_id: &str, ids: &[i64]) -> ServiceResult<Vec<DatasetRecord>> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT ");
    query.push(RECORD_COLUMNS).push(" FROM records r LEFT JOIN imports i ON i.id = r.import_id WHERE r.dataset_id = ");
    query.push_bind(dataset_id.to_owned()).push(" AND r.id IN (SELECT value FROM json_each(");
    query.push_bind(serde_json::to_string(ids)?).push(")) ORDER BY r.id");
    query.build().fetch_all(db.read()).await?.iter().map(read_record).collect()
}

/// A record's id and what sampling and splitting need of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordKey {
    /// The record.
    pub id: i64,
    /// Its label.
    pub topic: Option<String>,
    /// Synthetic?
    pub is_generated: bool,
    /// Whether its prompt ends with a user message.
    pub ends_with_user: bool,
}

/// The next keys after `after_id`.
pub async fn keys(
    db: impl Reader,
    dataset_id: &str,
    scan: Scan<'_>,
    after_id: i64,
    limit: i64,
) -> ServiceResult<Vec<RecordKey>> {
    let mut keys = Vec::new();
    for row in db.rows(keys_query(dataset_id, scan, after_id, limit)).await? {
        keys.push(RecordKey {
            id: row.try_get("id")?,
            topic: row.try_get("topic")?,
            is_generated: row.try_get("is_generated")?,
            ends_with_user: row.try_get("ends_with_user")?,
        });
    }
    Ok(keys)
}

/// The query of [`keys`].
pub(in crate::db) fn keys_query(dataset_id: &str, scan: Scan<'_>, after_id: i64, limit: i64) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("SELECT r.id, r.topic, r.is_generated, r.ends_with_user FROM records r");
    push_scan(&mut query, dataset_id, scan, after_id, limit);
    query
}

/// How many records a walk will visit.
pub async fn count(db: &Db, dataset_id: &str, scan: Scan<'_>) -> ServiceResult<i64> {
    count_up_to(db, dataset_id, scan, i64::MAX).await
}

/// The same, but no further than to a number.
pub async fn count_up_to(db: impl Reader, dataset_id: &str, scan: Scan<'_>, most: i64) -> ServiceResult<i64> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT COUNT(*) AS n FROM (SELECT 1 FROM records r");
    push_scan(&mut query, dataset_id, scan, 0, most);
    query.push(")");
    Ok(db.rows(query).await?.first().map(|row| row.try_get("n")).transpose()?.unwrap_or(0))
}

/// The record at a position (from 0) of a walk.
pub async fn nth(db: &Db, dataset_id: &str, scan: Scan<'_>, index: i64) -> ServiceResult<Option<DatasetRecord>> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT ");
    query.push(RECORD_COLUMNS).push(" FROM records r LEFT JOIN imports i ON i.id = r.import_id");
    push_scan(&mut query, dataset_id, scan, 0, 1);
    query.push(" OFFSET ").push_bind(index);
    query.build().fetch_optional(db.read()).await?.as_ref().map(read_record).transpose()
}
