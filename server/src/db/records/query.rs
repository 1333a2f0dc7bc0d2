//! Pages, counts, and what duplicates what.

use std::collections::HashMap;

use futures_util::TryStreamExt;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};

use super::super::{Db, Of, Reader, Tx, unknown_word};
use super::write::RecordVerdict;
use super::{RECORD_COLUMNS, json_list, read_method, read_record, read_validation};
use crate::datasets::search::{StoredTexts, TextSearch};
use crate::error::{ServiceError, ServiceResult};
use crate::types::dataset::{DatasetRecord, RecordFilter, RecordPage, RecordRow, ScoreRange};
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

/// A page of rows that match, and how many match in all.
pub async fn page(
    db: &Db,
    dataset_id: &str,
    filter: &RecordFilter,
    page: i64,
    page_size: i64,
) -> ServiceResult<RecordPage> {
    let first = (page - 1).saturating_mul(page_size);
    if let Some(search) = filter.text.as_deref().and_then(TextSearch::new) {
        let (ids, total) = found_ids(db, dataset_id, filter, &search, first, page_size).await?;
        let mut query = rows_query();
        query.push(" WHERE r.dataset_id = ").push_bind(dataset_id.to_owned());
        query.push(" AND r.id IN (SELECT value FROM json_each(").push_bind(serde_json::to_string(&ids)?);
        query.push(")) ORDER BY r.id");
        return Ok(RecordPage { rows: read_rows(db, query).await?, total, page, page_size });
    }
    let mut counting = QueryBuilder::<Sqlite>::new("SELECT COUNT(*) AS n FROM records r");
    push_filter(&mut counting, dataset_id, filter);
    let total: i64 = counting.build().fetch_one(db.read()).await?.try_get("n")?;
    let mut query = rows_query();
    push_filter(&mut query, dataset_id, filter);
    query.push(" ORDER BY r.id LIMIT ").push_bind(page_size).push(" OFFSET ").push_bind(first);
    Ok(RecordPage { rows: read_rows(db, query).await?, total, page, page_size })
}

fn rows_query() -> QueryBuilder<Sqlite> {
    QueryBuilder::new(
        "SELECT id, preview, message_count, has_output, topic, topic_confidence, topic_method, needs_review, line,
                status, errors, details, duplicate_of FROM records r",
    )
}

async fn read_rows(db: &Db, mut query: QueryBuilder<Sqlite>) -> ServiceResult<Vec<RecordRow>> {
    let mut rows = Vec::new();
    for row in query.build().fetch_all(db.read()).await? {
        let method: Option<String> = row.try_get("topic_method")?;
        rows.push(RecordRow {
            id: row.try_get("id")?,
            preview: row.try_get("preview")?,
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
    Ok(rows)
}

/// The ids of the first records that match, in record order.
pub async fn ids(db: &Db, dataset_id: &str, filter: &RecordFilter, limit: i64) -> ServiceResult<Vec<i64>> {
    if let Some(search) = filter.text.as_deref().and_then(TextSearch::new) {
        return Ok(found_ids(db, dataset_id, filter, &search, 0, limit).await?.0);
    }
    let mut query = QueryBuilder::<Sqlite>::new("SELECT id FROM records r");
    push_filter(&mut query, dataset_id, filter);
    query.push(" ORDER BY r.id LIMIT ").push_bind(limit);
    query.build().fetch_all(db.read()).await?.iter().map(|row| Ok(row.try_get("id")?)).collect()
}

/// Records of a walk that hold the WAL at once.
const SEARCH_WINDOW: usize = 2_000;

/// Those of the filtered records that say what is searched for: the ids of one page, and how many there are in all.
async fn found_ids(
    db: &Db,
    dataset_id: &str,
    filter: &RecordFilter,
    search: &TextSearch,
    first: i64,
    page_size: i64,
) -> ServiceResult<(Vec<i64>, i64)> {
    let (mut ids, mut total, mut after_id) = (Vec::new(), 0, 0_i64);
    loop {
        let mut query = search_query(dataset_id, filter, after_id);
        let mut rows = query.build().fetch(db.read());
        let mut seen = 0;
        while let Some(row) = rows.try_next().await? {
            (seen, after_id) = (seen + 1, row.try_get("id")?);
            let (data, item, metadata) = (row.try_get("data")?, row.try_get("item")?, row.try_get("metadata")?);
            if search.finds(StoredTexts { data, item, metadata, raw: row.try_get("raw")? }) {
                if total >= first && total - first < page_size {
                    ids.push(after_id);
                }
                total += 1;
            }
        }
        if seen < SEARCH_WINDOW {
            return Ok((ids, total));
        }
    }
}

/// The next window of the walk. The index is named because the planner would sort each window anew.
pub(in crate::db) fn search_query(dataset_id: &str, filter: &RecordFilter, after_id: i64) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("SELECT id, data, item, metadata, raw FROM records r INDEXED BY ");
    query.push(match filter {
        RecordFilter { pii: Some(_), .. } => "records_by_pii",
        RecordFilter { status: Some(_), .. } => "records_by_status_id",
        _ => "records_by_id",
    });
    push_filter(&mut query, dataset_id, filter);
    query.push(" AND r.id > ").push_bind(after_id).push(" ORDER BY r.id LIMIT ").push(SEARCH_WINDOW);
    query
}

/// Every condition but the text's.
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
    if let Some(pii) = filter.pii {
        super::pii::push_filter(query, pii);
    }
    if filter.needs_review {
        query.push(" AND r.needs_review = 1");
    }
    if let Some(ScoreRange { from, to }) = filter.score {
        query.push(
            " AND r.id IN (SELECT record_id FROM dry_run_samples WHERE dry_run_id =
                (SELECT id FROM dry_runs WHERE result IS NOT NULL AND dataset_id = ",
        );
        query.push_bind(dataset_id.to_owned()).push(" ORDER BY created_at DESC, id DESC LIMIT 1) AND score >= ");
        query.push_bind(f64::from(from) / 100.0).push(if to == 100 { " AND score <= " } else { " AND score < " });
        query.push_bind(f64::from(to) / 100.0).push(")");
    }
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

/// Every record that is marked as the duplicate of one that does not exist (any more).
pub async fn orphaned_duplicates(
    connection: &mut SqliteConnection,
    dataset_id: &str,
) -> ServiceResult<Vec<KeyedRecord>> {
    let rows = sqlx::query(
        "SELECT id, span_id, prompt_hash, status, errors, details, duplicate_of FROM records AS r
         WHERE dataset_id = ? AND status IN ('duplicate', 'invalid') AND duplicate_of IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM records WHERE id = r.duplicate_of) ORDER BY id",
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
