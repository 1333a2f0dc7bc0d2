//! Table `record_tallies`: how many records there are of each kind. Triggers keep it with every row that comes, changes or
//! goes, so that no page counts a million of them. A kind that has become empty may keep a row of zero.

use std::collections::HashMap;

use sqlx::{QueryBuilder, Row, Sqlite};

use super::super::{Of, Reader, unknown_word};
use crate::error::ServiceResult;
use crate::types::dataset::RecordFilter;
use crate::types::topics::TopicCount;
use crate::types::validation::{RecordStatus, ValidationError};
use crate::validation::report::HygieneGroup;

/// Records per status and first error, by dataset.
pub async fn status_counts(db: impl Reader, of: Of<'_>) -> ServiceResult<HashMap<String, Vec<HygieneGroup>>> {
    let mut query = QueryBuilder::new(
        "SELECT dataset_id, status, NULLIF(first_error, '') AS first_error, SUM(records) AS n FROM record_tallies
         WHERE records > 0 AND ",
    );
    of.push(&mut query, "dataset_id");
    query.push(" GROUP BY dataset_id, status, first_error");
    let mut counts = HashMap::<String, Vec<HygieneGroup>>::new();
    for row in db.rows(query).await? {
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
    let mut query = QueryBuilder::new(
        "SELECT dataset_id, NULLIF(topic, '') AS topic, SUM(records) AS n, SUM(needs_review * records) AS review
         FROM record_tallies WHERE status = 'valid' AND records > 0 AND ",
    );
    of.push(&mut query, "dataset_id");
    query.push(" GROUP BY dataset_id, topic ORDER BY dataset_id, topic");
    let mut counts = HashMap::<String, LabelCounts>::new();
    for row in db.rows(query).await? {
        let counts = counts.entry(row.try_get("dataset_id")?).or_default();
        let valid: i64 = row.try_get("n")?;
        match row.try_get("topic")? {
            Some(topic) => counts.by_topic.push(TopicCount { topic, valid, needs_review: row.try_get("review")? }),
            None => counts.without = valid,
        }
    }
    Ok(counts)
}

/// Valid records whose response is recorded, by dataset; a dataset that has none is left out.
pub async fn recorded_responses(db: impl Reader, of: Of<'_>) -> ServiceResult<HashMap<String, i64>> {
    let mut query = QueryBuilder::new(
        "SELECT dataset_id, SUM(records) AS n FROM record_tallies WHERE status = 'valid' AND has_output = 1 AND records > 0 AND ",
    );
    of.push(&mut query, "dataset_id");
    query.push(" GROUP BY dataset_id");
    let rows = db.rows(query).await?;
    rows.iter().map(|row| Ok((row.try_get("dataset_id")?, row.try_get("n")?))).collect()
}

/// The query of how many records match a filter, where the tallies know: where it asks for nothing but what they count by.
pub(super) fn total_query(dataset_id: &str, filter: &RecordFilter) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("SELECT COALESCE(SUM(records), 0) AS n FROM record_tallies WHERE dataset_id = ");
    query.push_bind(dataset_id.to_owned());
    if let Some(status) = filter.status {
        query.push(" AND status = ").push_bind(status.as_str());
    }
    if let Some(topic) = &filter.topic {
        query.push(" AND topic = ").push_bind(topic.clone());
    }
    if filter.needs_review {
        query.push(" AND needs_review = 1");
    }
    if filter.generated {
        query.push(" AND is_generated = 1");
    }
    query
}

#[cfg(test)]
mod tests {
    use crate::db::Db;

    /// The tallies, and what they should be, as text.
    async fn both(db: &Db) -> [Vec<String>; 2] {
        let read = async |sql: &'static str| sqlx::query_scalar::<_, String>(sql).fetch_all(db.read()).await.unwrap();
        [
            read("SELECT concat_ws('|', dataset_id, status, first_error, topic, needs_review, has_output, is_generated, import_id, records)
                  FROM record_tallies WHERE records <> 0 ORDER BY 1").await,
            read("SELECT concat_ws('|', dataset_id, status, COALESCE(first_error, ''), COALESCE(topic, ''), needs_review, has_output,
                                   is_generated, COALESCE(import_id, ''), COUNT(*))
                  FROM records GROUP BY dataset_id, status, first_error, topic, needs_review, has_output, is_generated, import_id
                  ORDER BY 1").await,
        ]
    }

    #[tokio::test]
    async fn every_change_of_a_record_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("test.sqlite")).await.unwrap();
        for statement in [
            "INSERT INTO datasets (id, name, validation_config, created_at, updated_at) VALUES ('d', 'd', '{}', 1, 1), ('e', 'e', '{}', 1, 1)",
            "INSERT INTO jobs (id, kind, dataset_id, args, state, created_at) VALUES ('j', 'import', 'd', '', 'succeeded', 1)",
            "INSERT INTO imports (id, dataset_id, job_id, file_name, mode, created_at) VALUES ('i', 'd', 'j', 'a', 'append', 1)",
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 60)
             INSERT INTO records (id, dataset_id, status, first_error, topic, needs_review, has_output, is_generated, import_id, line,
                                  data, created_at, updated_at)
             SELECT n, CASE WHEN n % 7 THEN 'd' ELSE 'e' END, CASE WHEN n % 3 THEN 'valid' ELSE 'invalid' END,
                    CASE WHEN n % 3 = 0 THEN 'invalid_role' END, CASE WHEN n % 4 THEN 't' || n % 2 END, n % 5 = 0, n % 2, n % 11 = 0,
                    CASE WHEN n % 6 THEN 'i' END, n, '{}', 1, 1 FROM n",
            "UPDATE records SET status = 'duplicate', first_error = 'duplicate' WHERE id % 5 = 1",
            "UPDATE records SET topic = NULL, needs_review = 0 WHERE id % 4 = 1",
            "UPDATE records SET topic = 'x' WHERE topic IS NULL AND id < 30",
            "UPDATE records SET dataset_id = 'e' WHERE id BETWEEN 10 AND 20",
            "UPDATE records SET data = '{\"x\": 1}', has_output = 0, is_generated = 1 WHERE id % 9 = 2",
            "DELETE FROM records WHERE id % 8 = 3",
            "DELETE FROM imports",
            "DELETE FROM datasets WHERE id = 'e'",
        ] {
            let mut tx = db.begin().await.unwrap();
            sqlx::raw_sql(statement).execute(&mut *tx).await.unwrap();
            tx.commit().await.unwrap();
            let [tallies, counted] = both(&db).await;
            assert_eq!(tallies, counted, "after {statement}");
        }
        assert!(both(&db).await[0].len() > 4);
    }
}
