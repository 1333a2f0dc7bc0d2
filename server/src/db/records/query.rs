//! One record, counts, and what duplicates what.

use std::collections::HashMap;

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};

use super::super::{Db, Of, Reader, Tx, unknown_word};
use super::write::RecordVerdict;
use super::{RECORD_COLUMNS, json_list, read_record, read_validation};
use crate::error::{ServiceError, ServiceResult};
use crate::types::dataset::DatasetRecord;
use crate::types::error::AppError;
use crate::types::topics::TopicCount;
use crate::types::validation::{RecordStatus, RecordValidationStatus, ValidationError};
use crate::validation::DuplicateKeeper;
use crate::validation::report::HygieneGroup;

/// One record of a dataset; 404 if there is none.
pub async fn get(db: &Db, dataset_id: &str, record_id: i64) -> ServiceResult<DatasetRecord> {
    let row = one(dataset_id, record_id).build().fetch_optional(db.read()).await?;
    found(record_id, row)
}

/// The same, seen from within a write.
pub async fn get_in(tx: &mut Tx, dataset_id: &str, record_id: i64) -> ServiceResult<DatasetRecord> {
    let row = one(dataset_id, record_id).build().fetch_optional(&mut **tx).await?;
    found(record_id, row)
}

fn one(dataset_id: &str, record_id: i64) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT ");
    query.push(RECORD_COLUMNS).push(" FROM records r LEFT JOIN imports i ON i.id = r.import_id WHERE r.id = ");
    query.push_bind(record_id).push(" AND r.dataset_id = ").push_bind(dataset_id.to_owned());
    query
}

fn found(record_id: i64, row: Option<SqliteRow>) -> ServiceResult<DatasetRecord> {
    row.map_or_else(|| Err(AppError::not_found(format!("Record {record_id}")).into()), |row| read_record(&row))
}

/// Records per status and first error, by dataset.
pub async fn status_counts(db: impl Reader, of: Of<'_>) -> ServiceResult<HashMap<String, Vec<HygieneGroup>>> {
    let mut counts = HashMap::<String, Vec<HygieneGroup>>::new();
    for row in db.rows(status_counts_query(of)).await? {
        let status: String = row.try_get("status")?;
        let error: Option<String> = row.try_get("first_error")?;
        let error = match error {
            Some(word) => {
                Some(ValidationError::parse(&word).ok_or_else(|| unknown_word("records.first_error", &word))?)
            }
            None => None,
        };
        let status = RecordStatus::parse(&status).ok_or_else(|| unknown_word("records.status", &status))?;
        let group = HygieneGroup { status, first_error: error, count: row.try_get("n")? };
        counts.entry(row.try_get("dataset_id")?).or_default().push(group);
    }
    Ok(counts)
}

/// The query of [`status_counts`].
pub(in crate::db) fn status_counts_query(of: Of<'_>) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("SELECT dataset_id, status, first_error, COUNT(*) AS n FROM records WHERE ");
    of.push(&mut query, "dataset_id");
    query.push(" GROUP BY dataset_id, status, first_error");
    query
}

/// Valid records per label.
#[derive(Debug, Clone, Default)]
pub struct LabelCounts {
    /// As records carry it, whether or not the hierarchy has it.
    pub by_topic: Vec<TopicCount>,
    /// Those without a label.
    pub without: i64,
}

/// Valid records per label, by dataset.
pub async fn topic_counts(db: impl Reader, of: Of<'_>) -> ServiceResult<HashMap<String, LabelCounts>> {
    let mut counts = HashMap::<String, LabelCounts>::new();
    for row in db.rows(topic_counts_query(of)).await? {
        let counts = counts.entry(row.try_get("dataset_id")?).or_default();
        let valid: i64 = row.try_get("n")?;
        match row.try_get("topic")? {
            Some(topic) => counts.by_topic.push(TopicCount { topic, valid, needs_review: row.try_get("review")? }),
            None => counts.without = valid,
        }
    }
    Ok(counts)
}

/// The query of [`topic_counts`].
pub(in crate::db) fn topic_counts_query(of: Of<'_>) -> QueryBuilder<Sqlite> {
    let mut query =
        QueryBuilder::new("SELECT dataset_id, topic, COUNT(*) AS n, SUM(needs_review) AS review FROM records WHERE ");
    of.push(&mut query, "dataset_id");
    // A range, and not `=`, because the planner drops a constant from the grouping and then no longer sees that the
    // index gives the groups in order: all datasets at once would be sorted.
    query.push(" AND status BETWEEN 'valid' AND 'valid' GROUP BY dataset_id, status, topic");
    query
}

/// Every label that records of a dataset carry, those among them that were deleted and may come back.
pub async fn labels(tx: &mut Tx, dataset_id: &str) -> ServiceResult<Vec<String>> {
    let rows = sqlx::query(
        "SELECT DISTINCT topic FROM records WHERE topic IS NOT NULL AND status IN ('pending', 'valid', 'invalid', 'duplicate')
           AND (dataset_id = ?1 OR dataset_id IN (SELECT id FROM datasets WHERE deletion_of = ?1))",
    )
    .bind(dataset_id)
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(|row| Ok(row.try_get("topic")?)).collect()
}

/// How many records carry any of these topics, whatever their validity.
pub async fn count_with_topics(tx: &mut Tx, dataset_id: &str, topics: &[String]) -> ServiceResult<i64> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS n FROM records WHERE dataset_id = ? AND topic IN (SELECT value FROM json_each(?))",
    )
    .bind(dataset_id)
    .bind(json_list(topics))
    .fetch_one(&mut **tx)
    .await?;
    Ok(row.try_get("n")?)
}

/// How many of these ids are records of the dataset.
pub async fn count_of(tx: &mut Tx, dataset_id: &str, ids: &[i64]) -> ServiceResult<u64> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS n FROM records WHERE dataset_id = ? AND id IN (SELECT value FROM json_each(?))",
    )
    .bind(dataset_id)
    .bind(serde_json::to_string(ids)?)
    .fetch_one(&mut **tx)
    .await?;
    Ok(row.try_get::<i64, _>("n")?.unsigned_abs())
}

/// Valid records whose response is recorded, by dataset; a dataset that has none is left out.
pub async fn recorded_responses(db: impl Reader, of: Of<'_>) -> ServiceResult<HashMap<String, i64>> {
    let rows = db.rows(recorded_responses_query(of)).await?;
    rows.iter().map(|row| Ok((row.try_get("dataset_id")?, row.try_get("n")?))).collect()
}

/// The query of [`recorded_responses`].
pub(in crate::db) fn recorded_responses_query(of: Of<'_>) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("SELECT dataset_id, COUNT(*) AS n FROM records WHERE ");
    of.push(&mut query, "dataset_id");
    query.push(" AND status = 'valid' AND has_output = 1 GROUP BY dataset_id");
    query
}

/// The valid records after `after_id` that already hold any of these keys, seen from within a write.
///
/// The indices are named because the planner, knowing no better, would walk every valid record of the dataset
/// for each batch of an import.
pub async fn kept_by_key(
    tx: &mut Tx,
    dataset_id: &str,
    after_id: i64,
    hashes: &[[u8; 16]],
    spans: &[&str],
) -> ServiceResult<DuplicateKeeper> {
    let mut by_prompt = HashMap::new();
    if !hashes.is_empty() {
        let rows = sqlx::query(
            "SELECT prompt_hash, MIN(id) AS id FROM records INDEXED BY records_by_prompt
             WHERE dataset_id = ? AND prompt_hash IN (SELECT unhex(value) FROM json_each(?)) AND status = 'valid' AND id > ?
             GROUP BY prompt_hash",
        )
        .bind(dataset_id)
        .bind(hex_list(hashes)?)
        .bind(after_id)
        .fetch_all(&mut **tx)
        .await?;
        for row in rows {
            by_prompt.insert(read_hash(&row)?, row.try_get("id")?);
        }
    }
    let mut by_span = HashMap::new();
    if !spans.is_empty() {
        let rows = sqlx::query(
            "SELECT span_id, MIN(id) AS id FROM records INDEXED BY records_by_span
             WHERE dataset_id = ? AND span_id IN (SELECT value FROM json_each(?)) AND status = 'valid' AND id > ?
             GROUP BY span_id",
        )
        .bind(dataset_id)
        .bind(serde_json::to_string(spans)?)
        .bind(after_id)
        .fetch_all(&mut **tx)
        .await?;
        for row in rows {
            by_span.insert(row.try_get("span_id")?, row.try_get("id")?);
        }
    }
    Ok(DuplicateKeeper::with_kept(by_span, by_prompt))
}

/// Hashes as a JSON list of hexadecimal texts: one bound value however many they are.
fn hex_list(hashes: &[[u8; 16]]) -> ServiceResult<String> {
    let list: Vec<String> = hashes.iter().map(|hash| format!("{:032x}", u128::from_be_bytes(*hash))).collect();
    Ok(serde_json::to_string(&list)?)
}

pub(super) fn read_hash(row: &SqliteRow) -> ServiceResult<[u8; 16]> {
    let bytes: Vec<u8> = row.try_get("prompt_hash")?;
    <[u8; 16]>::try_from(bytes).map_err(|bytes| {
        ServiceError::internal("reading column records.prompt_hash", format!("{} bytes, not 16", bytes.len()))
    })
}

/// A record as the duplicate rule sees it.
#[derive(Debug, Clone)]
pub struct KeyedRecord {
    /// The record.
    pub id: i64,
    /// Its span.
    pub span_id: Option<String>,
    /// Its prompt.
    pub prompt_hash: Option<[u8; 16]>,
    /// Its verdict now.
    pub verdict: RecordVerdict,
}

/// Every record that shares a span or prompt with the given keys, in record order.
pub async fn sharing_keys(
    connection: &mut SqliteConnection,
    dataset_id: &str,
    hashes: &[[u8; 16]],
    spans: &[String],
) -> ServiceResult<Vec<KeyedRecord>> {
    let rows = sqlx::query(
        "SELECT id, span_id, prompt_hash, status, errors, details, duplicate_of FROM records WHERE id IN (
             SELECT id FROM records INDEXED BY records_by_span
             WHERE dataset_id = ?1 AND span_id IN (SELECT value FROM json_each(?2))
             UNION SELECT id FROM records INDEXED BY records_by_prompt
             WHERE dataset_id = ?1 AND prompt_hash IN (SELECT unhex(value) FROM json_each(?3)))
         ORDER BY id",
    )
    .bind(dataset_id)
    .bind(serde_json::to_string(spans)?)
    .bind(hex_list(hashes)?)
    .fetch_all(connection)
    .await?;
    rows.iter().map(read_keyed).collect()
}

/// Every record that is marked as the duplicate of one that its dataset does not have (any more).
pub async fn orphaned_duplicates(
    connection: &mut SqliteConnection,
    dataset_id: &str,
) -> ServiceResult<Vec<KeyedRecord>> {
    let rows = sqlx::query(
        "SELECT id, span_id, prompt_hash, status, errors, details, duplicate_of FROM records AS r
         WHERE dataset_id = ? AND status IN ('duplicate', 'invalid') AND duplicate_of IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM records WHERE id = r.duplicate_of AND dataset_id = r.dataset_id) ORDER BY id",
    )
    .bind(dataset_id)
    .fetch_all(connection)
    .await?;
    rows.iter().map(read_keyed).collect()
}

fn read_keyed(row: &SqliteRow) -> ServiceResult<KeyedRecord> {
    let hash: Option<&[u8]> = row.try_get("prompt_hash")?;
    let RecordValidationStatus { status, errors, details, duplicate_of, .. } = read_validation(row)?;
    Ok(KeyedRecord {
        id: row.try_get("id")?,
        span_id: row.try_get("span_id")?,
        prompt_hash: if hash.is_some() { Some(read_hash(row)?) } else { None },
        verdict: RecordVerdict { status, errors, details, duplicate_of },
    })
}
