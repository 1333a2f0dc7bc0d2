//! What the records list shows: filters, orders, pages, search.
//!
//! Every filter and order of the list has an index that holds all that is asked of it, so that counting and skipping
//! read no record (docs/benchmarks.md has the times at a million of them). The indices are named because the planner,
//! knowing no counts, would rather sort a million rows than walk the one that has them in order.

use sqlx::{QueryBuilder, Row, Sqlite};

use super::super::Db;
use super::{json_list, read_method, read_validation};
use crate::datasets::search::TextSearch;
use crate::error::ServiceResult;
use crate::types::dataset::{RecordFilter, RecordPage, RecordRow, RecordSort, SEARCH_COUNTED, ScoreRange};
use crate::types::validation::ValidationError;

/// A page of rows that match, and how many match in all.
pub async fn page(
    db: &Db,
    dataset_id: &str,
    filter: &RecordFilter,
    sort: RecordSort,
    page: i64,
    page_size: i64,
) -> ServiceResult<RecordPage> {
    let matching = Matching::resolve(db, dataset_id, filter, sort).await?;
    let first = (page - 1).saturating_mul(page_size);
    let ids = read_ids(db, matching.ids_query(page_size, first)).await?;
    let total: i64 = matching.count_query().build().fetch_one(db.read()).await?.try_get("n")?;
    let at_least = matching.search.is_some() && total > SEARCH_COUNTED;
    let total = if at_least { SEARCH_COUNTED } else { total };
    Ok(RecordPage { rows: read_rows(db, dataset_id, &ids).await?, total, at_least, page, page_size })
}

/// The ids of the first records that match, in record order.
pub async fn ids(db: &Db, dataset_id: &str, filter: &RecordFilter, limit: i64) -> ServiceResult<Vec<i64>> {
    let matching = Matching::resolve(db, dataset_id, filter, RecordSort::Oldest).await?;
    read_ids(db, matching.ids_query(limit, 0)).await
}

async fn read_ids(db: &Db, mut query: QueryBuilder<Sqlite>) -> ServiceResult<Vec<i64>> {
    query.build().fetch_all(db.read()).await?.iter().map(|row| Ok(row.try_get("id")?)).collect()
}

/// What is listed of these records, in the order of their ids here.
async fn read_rows(db: &Db, dataset_id: &str, ids: &[i64]) -> ServiceResult<Vec<RecordRow>> {
    let stored = sqlx::query(
        "SELECT r.id, r.preview, r.message_count, r.has_output, r.topic, r.topic_confidence, r.topic_method, r.needs_review,
                r.line, r.status, r.errors, r.details, r.duplicate_of
         FROM json_each(?) AS listed CROSS JOIN records r ON r.id = listed.value WHERE r.dataset_id = ? ORDER BY listed.key",
    )
    .bind(serde_json::to_string(ids)?)
    .bind(dataset_id)
    .fetch_all(db.read())
    .await?;
    let mut rows = Vec::with_capacity(stored.len());
    for row in stored {
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

/// What is asked of the list, with what had to be looked up for it.
pub(in crate::db) struct Matching<'a> {
    dataset_id: &'a str,
    filter: &'a RecordFilter,
    sort: RecordSort,
    search: Option<TextSearch>,
    /// The lists of errors, as they are stored, that hold the one that is asked for.
    error_lists: Option<Vec<String>>,
}

impl<'a> Matching<'a> {
    /// Looks up what the queries need.
    pub(in crate::db) async fn resolve(
        db: &Db,
        dataset_id: &'a str,
        filter: &'a RecordFilter,
        sort: RecordSort,
    ) -> ServiceResult<Self> {
        let search = filter.text.as_deref().and_then(TextSearch::new);
        let error_lists = match filter.error {
            Some(error) => Some(error_lists(db, dataset_id, error).await?),
            None => None,
        };
        Ok(Self { dataset_id, filter, sort, search, error_lists })
    }

    /// How many match; of a search at most one more than [`SEARCH_COUNTED`].
    pub(in crate::db) fn count_query(&self) -> QueryBuilder<Sqlite> {
        let mut query = QueryBuilder::new("SELECT COUNT(*) AS n FROM (SELECT 1 FROM ");
        self.push_matching(&mut query);
        if self.search.is_some() {
            query.push(" LIMIT ").push(SEARCH_COUNTED + 1);
        }
        query.push(")");
        query
    }

    /// The ids of a page.
    pub(in crate::db) fn ids_query(&self, limit: i64, offset: i64) -> QueryBuilder<Sqlite> {
        let mut query = QueryBuilder::new("SELECT r.id AS id FROM ");
        self.push_matching(&mut query);
        let order = match self.sort {
            // The index of words is in the order of the ids: nothing has to be gathered and sorted.
            RecordSort::Oldest if self.by_words() => "f.rowid",
            RecordSort::Newest if self.by_words() => "f.rowid DESC",
            RecordSort::Oldest => "r.id",
            RecordSort::Newest => "r.id DESC",
            RecordSort::MostMessages => "r.message_count DESC, r.id DESC",
            RecordSort::FewestMessages => "r.message_count, r.id",
            RecordSort::LastChanged => "r.updated_at DESC, r.id DESC",
            RecordSort::HighestScore => "s.score DESC, r.id DESC",
            RecordSort::LowestScore => "s.score, r.id",
        };
        query.push(" ORDER BY ").push(order);
        query.push(" LIMIT ").push_bind(limit).push(" OFFSET ").push_bind(offset);
        query
    }

    /// Whether only records that were scored can match: some hundreds, of which it is best to start.
    fn by_score(&self) -> bool {
        self.filter.score.is_some() || matches!(self.sort, RecordSort::HighestScore | RecordSort::LowestScore)
    }

    /// Whether the walk goes over the records that hold the words.
    fn by_words(&self) -> bool {
        self.search.is_some() && !self.by_score()
    }

    fn push_matching(&self, query: &mut QueryBuilder<Sqlite>) {
        if self.by_score() {
            self.push_scored(query);
        } else if let Some(search) = &self.search {
            query.push("records_fts f CROSS JOIN records r INDEXED BY records_by_id ON r.dataset_id = ");
            query.push_bind(self.dataset_id.to_owned()).push(" AND r.id = f.rowid WHERE f.words MATCH ");
            query.push_bind(search.expression().to_owned());
            // Ids ascend over all datasets: those of this one lie between its first and its last.
            for end in [" AND f.rowid >= (SELECT MIN(id)", " AND f.rowid <= (SELECT MAX(id)"] {
                query
                    .push(end)
                    .push(" FROM records WHERE dataset_id = ")
                    .push_bind(self.dataset_id.to_owned())
                    .push(")");
            }
        } else {
            query.push("records r INDEXED BY ").push(self.index()).push(" WHERE r.dataset_id = ");
            query.push_bind(self.dataset_id.to_owned());
        }
        self.push_conditions(query);
    }

    /// The records that the newest finished dry run scored.
    fn push_scored(&self, query: &mut QueryBuilder<Sqlite>) {
        query.push(
            "(SELECT record_id, AVG(score) AS score FROM dry_run_samples WHERE score IS NOT NULL AND dry_run_id =
                (SELECT id FROM dry_runs WHERE result IS NOT NULL AND dataset_id = ",
        );
        query.push_bind(self.dataset_id.to_owned());
        query.push(" ORDER BY created_at DESC, id DESC LIMIT 1) GROUP BY record_id) s CROSS JOIN records r ON r.id = s.record_id WHERE r.dataset_id = ");
        query.push_bind(self.dataset_id.to_owned());
        if let Some(ScoreRange { from, to }) = self.filter.score {
            query.push(" AND s.score >= ").push_bind(f64::from(from) / 100.0);
            query.push(if to == 100 { " AND s.score <= " } else { " AND s.score < " });
            query.push_bind(f64::from(to) / 100.0);
        }
        if let Some(search) = &self.search {
            query.push(" AND r.id IN (SELECT rowid FROM records_fts WHERE words MATCH ");
            query.push_bind(search.expression().to_owned()).push(")");
        }
    }

    /// The index that has the records in order, or the fewest of them.
    fn index(&self) -> &'static str {
        let filter = self.filter;
        match self.sort {
            _ if filter.error.is_some() => "records_by_errors",
            _ if filter.needs_review => "records_to_review",
            _ if filter.generated => "records_generated",
            RecordSort::MostMessages | RecordSort::FewestMessages => "records_by_messages",
            RecordSort::LastChanged => "records_by_change",
            _ if filter.topic.is_some() => "records_by_topic_id",
            _ if filter.status.is_some() => "records_by_status_id",
            _ => "records_by_id",
        }
    }

    /// What every walk asks alike. The conditions of partial indices stand here word for word.
    fn push_conditions(&self, query: &mut QueryBuilder<Sqlite>) {
        let filter = self.filter;
        if let Some(status) = filter.status {
            query.push(" AND r.status = ").push_bind(status.as_str());
        }
        if let Some(lists) = &self.error_lists {
            query.push(" AND r.errors <> '[]' AND r.errors IN (SELECT value FROM json_each(");
            query.push_bind(json_list(lists)).push("))");
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
        if filter.generated {
            query.push(" AND r.is_generated = 1");
        }
    }
}

/// The distinct lists of errors with this one in it: some dozens at most, found by jumping from one to the next.
async fn error_lists(db: &Db, dataset_id: &str, error: ValidationError) -> ServiceResult<Vec<String>> {
    let rows = sqlx::query(
        "WITH RECURSIVE lists (errors) AS (
             SELECT MIN(errors) FROM records INDEXED BY records_by_errors WHERE dataset_id = ?1 AND errors <> '[]'
             UNION ALL
             SELECT (SELECT MIN(errors) FROM records INDEXED BY records_by_errors
                     WHERE dataset_id = ?1 AND errors <> '[]' AND errors > lists.errors)
             FROM lists WHERE lists.errors IS NOT NULL)
         SELECT errors FROM lists WHERE EXISTS (SELECT 1 FROM json_each(lists.errors) WHERE value = ?2)",
    )
    .bind(dataset_id)
    .bind(error.as_str())
    .fetch_all(db.read())
    .await?;
    rows.iter().map(|row| Ok(row.try_get("errors")?)).collect()
}
