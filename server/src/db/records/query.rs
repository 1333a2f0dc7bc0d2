//! Pages, counts, and what duplicates what.

use std::collections::HashMap;

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};

use super::super::{Db, Tx, unknown_word};
use super::{RECORD_COLUMNS, read_method, read_record, read_validation};
use crate::error::ServiceResult;
use crate::types::dataset::{DatasetRecord, RecordFilter, RecordPage, RecordRow};
use crate::types::error::AppError;
use crate::types::topics::TopicCount;
use crate::types::validation::{RecordStatus, ValidationError};
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

/// A page of rows that match, and how many match in all.
pub async fn page(
    db: &Db,
    dataset_id: &str,
    filter: &RecordFilter,
    page: i64,
    page_size: i64,
) -> ServiceResult<RecordPage> {
    let mut counting = QueryBuilder::<Sqlite>::new("SELECT COUNT(*) AS n FROM records r");
    push_filter(&mut counting, dataset_id, filter);
    let total: i64 = counting.build().fetch_one(db.read()).await?.try_get("n")?;

    let mut query = QueryBuilder::<Sqlite>::new(
        "SELECT id, preview, raw, message_count, has_output, topic, topic_confidence, topic_method, needs_review, line,
                status, errors, details, duplicate_of FROM records r",
    );
    push_filter(&mut query, dataset_id, filter);
    query
        .push(" ORDER BY r.id LIMIT ")
        .push_bind(page_size)
        .push(" OFFSET ")
        .push_bind((page - 1).saturating_mul(page_size));
    let mut rows = Vec::new();
    for row in query.build().fetch_all(db.read()).await? {
        let preview: String = row.try_get("preview")?;
        let raw: Option<String> = row.try_get("raw")?;
        let method: Option<String> = row.try_get("topic_method")?;
        rows.push(RecordRow {
            id: row.try_get("id")?,
            preview: if preview.is_empty() { raw.unwrap_or_default().chars().take(240).collect() } else { preview },
            message_count: row.try_get("message_count")?,
            has_output: row.try_get("has_output")?,
            topic: row.try_get("topic")?,
            topic_confidence: row.try_get("topic_confidence")?,
            topic_method: method.map(|word| read_method(&word)).transpose()?,
            needs_review: row.try_get("needs_review")?,
            line: row.try_get("line")?,
            validation: read_validation(&row)?,
        });
    }
    Ok(RecordPage { rows, total, page, page_size })
}

fn push_filter(query: &mut QueryBuilder<Sqlite>, dataset_id: &str, filter: &RecordFilter) {
    query.push(" WHERE r.dataset_id = ").push_bind(dataset_id.to_owned());
    if let Some(status) = filter.status {
        query.push(" AND r.status = ").push_bind(status.as_str());
    }
    if let Some(error) = filter.error {
        query.push(" AND EXISTS (SELECT 1 FROM json_each(r.errors) WHERE value = ").push_bind(error.as_str()).push(")");
    }
    match filter.topic.as_deref() {
        Some("") => {
            query.push(" AND r.topic IS NULL");
        }
        Some(topic) => {
            query.push(" AND r.topic = ").push_bind(topic.to_owned());
        }
        None => {}
    }
    if filter.needs_review {
        query.push(" AND r.needs_review = 1");
    }
    if let Some(text) = filter.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        let pattern = format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        query.push(" AND (r.data LIKE ").push_bind(pattern.clone()).push(" ESCAPE '\\' OR r.raw LIKE ");
        query.push_bind(pattern).push(" ESCAPE '\\')");
    }
}

/// Records per status and first error.
pub async fn status_counts(db: &Db, dataset_id: &str) -> ServiceResult<Vec<HygieneGroup>> {
    let rows = sqlx::query(
        "SELECT status, first_error, COUNT(*) AS n FROM records WHERE dataset_id = ? GROUP BY status, first_error",
    )
    .bind(dataset_id)
    .fetch_all(db.read())
    .await?;
    let mut counts = Vec::with_capacity(rows.len());
    for row in rows {
        let status: String = row.try_get("status")?;
        let error: Option<String> = row.try_get("first_error")?;
        let error = match error {
            Some(word) => {
                Some(ValidationError::parse(&word).ok_or_else(|| unknown_word("records.first_error", &word))?)
            }
            None => None,
        };
        let status = RecordStatus::parse(&status).ok_or_else(|| unknown_word("records.status", &status))?;
        counts.push(HygieneGroup { status, first_error: error, count: row.try_get("n")? });
    }
    Ok(counts)
}

/// Valid records per label as they carry it (whether or not the hierarchy has it), and those without.
pub async fn topic_counts(db: &Db, dataset_id: &str) -> ServiceResult<(Vec<TopicCount>, i64)> {
    let rows = sqlx::query(
        "SELECT topic, COUNT(*) AS n, SUM(needs_review) AS review FROM records WHERE dataset_id = ? AND status = 'valid' GROUP BY topic",
    )
    .bind(dataset_id)
    .fetch_all(db.read())
    .await?;
    let mut counts = Vec::new();
    let mut without = 0;
    for row in rows {
        let topic: Option<String> = row.try_get("topic")?;
        let valid: i64 = row.try_get("n")?;
        match topic {
            Some(topic) => counts.push(TopicCount { topic, valid, needs_review: row.try_get("review")? }),
            None => without = valid,
        }
    }
    Ok((counts, without))
}

/// How many records carry any of these topics, whatever their validity.
pub async fn count_with_topics(db: &Db, dataset_id: &str, topics: &[String]) -> ServiceResult<i64> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS n FROM records WHERE dataset_id = ? AND topic IN (SELECT value FROM json_each(?))",
    )
    .bind(dataset_id)
    .bind(serde_json::to_string(topics)?)
    .fetch_one(db.read())
    .await?;
    Ok(row.try_get("n")?)
}

/// How many of these ids are records of the dataset.
pub async fn count_of(db: &Db, dataset_id: &str, ids: &[i64]) -> ServiceResult<u64> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS n FROM records WHERE dataset_id = ? AND id IN (SELECT value FROM json_each(?))",
    )
    .bind(dataset_id)
    .bind(serde_json::to_string(ids)?)
    .fetch_one(db.read())
    .await?;
    Ok(row.try_get::<i64, _>("n")?.unsigned_abs())
}

/// Valid records whose response is recorded.
pub async fn recorded_responses(db: &Db, dataset_id: &str) -> ServiceResult<i64> {
    let row =
        sqlx::query("SELECT COUNT(*) AS n FROM records WHERE dataset_id = ? AND status = 'valid' AND has_output = 1")
            .bind(dataset_id)
            .fetch_one(db.read())
            .await?;
    Ok(row.try_get("n")?)
}

/// The valid records that already hold any of these keys, seen from within a write.
pub async fn kept_by_key(
    tx: &mut Tx,
    dataset_id: &str,
    after_id: i64,
    hashes: &[[u8; 16]],
    spans: &[&str],
) -> ServiceResult<KeptByKey> {
    let mut kept = KeptByKey::default();
    if !hashes.is_empty() {
        let mut query =
            QueryBuilder::<Sqlite>::new("SELECT prompt_hash, MIN(id) AS id FROM records WHERE dataset_id = ");
        query
            .push_bind(dataset_id)
            .push(" AND status = 'valid' AND id > ")
            .push_bind(after_id)
            .push(" AND prompt_hash IN (");
        let mut list = query.separated(", ");
        for hash in hashes {
            list.push_bind(hash.to_vec());
        }
        query.push(") GROUP BY prompt_hash");
        for row in query.build().fetch_all(&mut **tx).await? {
            let hash: Vec<u8> = row.try_get("prompt_hash")?;
            if let Ok(hash) = <[u8; 16]>::try_from(hash) {
                kept.by_hash.insert(hash, row.try_get("id")?);
            }
        }
    }
    if !spans.is_empty() {
        let rows = sqlx::query(
            "SELECT span_id, MIN(id) AS id FROM records WHERE dataset_id = ? AND status = 'valid' AND id > ?
               AND span_id IN (SELECT value FROM json_each(?)) GROUP BY span_id",
        )
        .bind(dataset_id)
        .bind(after_id)
        .bind(serde_json::to_string(spans)?)
        .fetch_all(&mut **tx)
        .await?;
        for row in rows {
            kept.by_span.insert(row.try_get("span_id")?, row.try_get("id")?);
        }
    }
    Ok(kept)
}

/// The earliest kept record per key.
#[derive(Debug, Default)]
pub struct KeptByKey {
    /// Per canonical prompt.
    pub by_hash: HashMap<[u8; 16], i64>,
    /// Per span.
    pub by_span: HashMap<String, i64>,
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
    /// Its status now.
    pub status: RecordStatus,
    /// Its errors now.
    pub errors: Vec<ValidationError>,
    /// Its details now.
    pub details: Option<String>,
}

/// Every record that shares a span or prompt with the given keys, in record order.
pub async fn sharing_keys(
    connection: &mut SqliteConnection,
    dataset_id: &str,
    hashes: &[[u8; 16]],
    spans: &[String],
) -> ServiceResult<Vec<KeyedRecord>> {
    let mut query = QueryBuilder::<Sqlite>::new(
        "SELECT id, span_id, prompt_hash, status, errors, details, duplicate_of FROM records WHERE dataset_id = ",
    );
    query.push_bind(dataset_id).push(" AND id IN (SELECT id FROM records WHERE dataset_id = ").push_bind(dataset_id);
    query.push(" AND span_id IN (SELECT value FROM json_each(").push_bind(serde_json::to_string(spans)?).push("))");
    if !hashes.is_empty() {
        query
            .push(" UNION SELECT id FROM records WHERE dataset_id = ")
            .push_bind(dataset_id)
            .push(" AND prompt_hash IN (");
        let mut list = query.separated(", ");
        for hash in hashes {
            list.push_bind(hash.to_vec());
        }
        query.push(")");
    }
    query.push(") ORDER BY id");
    let mut records = Vec::new();
    for row in query.build().fetch_all(connection).await? {
        let hash: Option<Vec<u8>> = row.try_get("prompt_hash")?;
        let status = read_validation(&row)?;
        records.push(KeyedRecord {
            id: row.try_get("id")?,
            span_id: row.try_get("span_id")?,
            prompt_hash: hash.and_then(|hash| hash.try_into().ok()),
            status: status.status,
            errors: status.errors,
            details: status.details,
        });
    }
    Ok(records)
}
