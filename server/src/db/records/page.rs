//! What the records list shows: filters, orders, pages, search.
//!
//! Every filter and order of the list has an index that holds all that is asked of it, so that counting and skipping
//! read no record (docs/benchmarks.md has the times at a million of them). The indices are named because the planner,
//! knowing no counts, would rather sort a million rows than walk the one that has them in order.

use sqlx::{QueryBuilder, Row, Sqlite};

use super::super::{Db, Tx};
use super::{json_list, read_method, read_validation, tallies};
use crate::datasets::search::TextSearch;
use crate::error::ServiceResult;
use crate::types::dataset::{RecordFilter, RecordPage, RecordRow, RecordSort, SEARCH_COUNTED, ScoreRange, TopicGroup};
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
    let total = number(db, matching.count_query()).await?;
    let at_least = matching.search.is_some() && total > SEARCH_COUNTED;
    let ids = matching.ids(db, total, first, page_size).await?;
    let total = if at_least { SEARCH_COUNTED } else { total };
    Ok(RecordPage { rows: read_rows(db, dataset_id, &ids).await?, total, at_least, page, page_size })
}

async fn number(db: &Db, mut query: QueryBuilder<Sqlite>) -> ServiceResult<i64> {
    Ok(query.build().fetch_one(db.read()).await?.try_get("n")?)
}

/// The ids of the first records that match, in record order.
pub async fn ids(db: &Db, dataset_id: &str, filter: &RecordFilter, limit: i64) -> ServiceResult<Vec<i64>> {
    let matching = Matching::resolve(db, dataset_id, filter, RecordSort::Oldest).await?;
    read_ids(db, matching.ids_query(limit, 0)).await
}

/// How many of the records that match carry each topic, in the topics' order.
pub async fn groups(db: &Db, dataset_id: &str, filter: &RecordFilter) -> ServiceResult<Vec<TopicGroup>> {
    let matching = Matching::resolve(db, dataset_id, filter, RecordSort::Oldest).await?;
    let rows = matching.groups_query().build().fetch_all(db.read()).await?;
    rows.iter().map(|row| Ok(TopicGroup { topic: row.try_get("topic")?, records: row.try_get("n")? })).collect()
}

/// Chooses every record that matches for a job. Answers how many.
pub async fn select_for(tx: &mut Tx, job_id: &str, matching: &Matching<'_>) -> ServiceResult<i64> {
    let mut query = QueryBuilder::new("INSERT OR IGNORE INTO record_selections (job_id, record_id) SELECT ");
    query.push_bind(job_id.to_owned()).push(", ").push(matching.id()).push(" FROM ");
    matching.push_matching(&mut query);
    let selected = query.build().execute(&mut **tx).await?.rows_affected();
    Ok(i64::try_from(selected).unwrap_or(i64::MAX))
}

async fn read_ids(db: &Db, mut query: QueryBuilder<Sqlite>) -> ServiceResult<Vec<i64>> {
    query.build().fetch_all(db.read()).await?.iter().map(|row| Ok(row.try_get("id")?)).collect()
}

/// What is listed of these records, in the order of their ids here.
async fn read_rows(db: &Db, dataset_id: &str, ids: &[i64]) -> ServiceResult<Vec<RecordRow>> {
    let stored = sqlx::query(
        "SELECT r.id, r.preview, r.message_count, r.has_output, r.topic, r.topic_confidence, r.topic_method, r.needs_review,
                r.line, r.status, r.errors, r.details, r.duplicate_of, r.is_generated, r.updated_at,
                (SELECT file_name FROM imports WHERE id = r.import_id) AS file_name,
                (SELECT AVG(score) FROM dry_run_samples WHERE record_id = r.id AND dry_run_id =
                   (SELECT id FROM dry_runs WHERE result IS NOT NULL AND dataset_id = ?2
                    ORDER BY created_at DESC, id DESC LIMIT 1)) AS score
         FROM json_each(?1) AS listed CROSS JOIN records r ON r.id = listed.value WHERE r.dataset_id = ?2 ORDER BY listed.key",
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
            file_name: row.try_get("file_name")?,
            is_generated: row.try_get("is_generated")?,
            score: row.try_get("score")?,
            updated_at: row.try_get("updated_at")?,
            validation: read_validation(&row)?,
        });
    }
    Ok(rows)
}

/// Which way the matching records are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walk {
    /// Over an index of the list.
    List,
    /// Over the records that the newest dry run scored: some hundreds.
    Scored,
    /// Over the index of words, looking each record up.
    Words,
    /// Over the index of words, of which the few records that the other filters leave are kept.
    WordsAmong,
    /// Over an index of the list, of which what holds the words is kept.
    ListAmongWords,
}

/// So many records of a filter are gathered for a search among them; of more it is quicker to look each match up.
const FEW: i64 = 100_000;

/// What is asked of the list, with what had to be looked up for it.
pub struct Matching<'a> {
    dataset_id: &'a str,
    filter: &'a RecordFilter,
    sort: RecordSort,
    search: Option<TextSearch>,
    /// The lists of errors, as they are stored, that hold the one that is asked for.
    error_lists: Option<Vec<String>>,
    walk: Walk,
}

impl<'a> Matching<'a> {
    /// Looks up what the queries need.
    pub async fn resolve(
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
        let by_score = filter.score.is_some() || matches!(sort, RecordSort::HighestScore | RecordSort::LowestScore);
        let mut matching = Self { dataset_id, filter, sort, search: None, error_lists, walk: Walk::List };
        if by_score {
            matching.walk = Walk::Scored;
        } else if search.is_some() {
            let is_narrowed = RecordFilter { text: None, ..filter.clone() } != RecordFilter::default();
            let is_few = is_narrowed && number(db, matching.count_query()).await? <= FEW;
            matching.walk = match (is_few, matching.in_record_order()) {
                (true, true) => Walk::WordsAmong,
                (true, false) => Walk::ListAmongWords,
                (false, _) => Walk::Words,
            };
        }
        matching.search = search;
        Ok(matching)
    }

    /// How many match; of a search at most one more than [`SEARCH_COUNTED`].
    pub(in crate::db) fn count_query(&self) -> QueryBuilder<Sqlite> {
        if self.walk == Walk::List && self.filter.error.is_none() && self.filter.pii.is_none() {
            return tallies::total_query(self.dataset_id, self.filter);
        }
        let mut query = QueryBuilder::new("SELECT COUNT(*) AS n FROM (SELECT 1 FROM ");
        self.push_matching(&mut query);
        if self.search.is_some() {
            query.push(" LIMIT ").push(SEARCH_COUNTED + 1);
        }
        query.push(")");
        query
    }

    /// The ids of a page, where so many match (of a search: at least so many).
    async fn ids(mut self, db: &Db, total: i64, first: i64, limit: i64) -> ServiceResult<Vec<i64>> {
        if self.walk == Walk::Words && total > SEARCH_COUNTED && !self.in_record_order() {
            // Rather than sort very many, the records are walked in order until enough of them hold the words.
            self.walk = Walk::ListAmongWords;
        }
        let left = total - first;
        if self.search.is_none() && left > 0 && left < first {
            // From the end it is nearer.
            self.sort = self.sort.reversed();
            let mut ids = read_ids(db, self.ids_query(limit.min(left), (left - limit).max(0))).await?;
            ids.reverse();
            return Ok(ids);
        }
        read_ids(db, self.ids_query(limit, first)).await
    }

    fn in_record_order(&self) -> bool {
        matches!(self.sort, RecordSort::Oldest | RecordSort::Newest)
    }

    /// How many carry each topic. Without another narrow filter the index has them in the topics' order.
    pub(in crate::db) fn groups_query(&self) -> QueryBuilder<Sqlite> {
        let filter = self.filter;
        let mut query = QueryBuilder::new("SELECT r.topic, COUNT(*) AS n FROM ");
        match self.walk {
            Walk::List
                if filter.error.is_none() && !filter.needs_review && !filter.generated && filter.pii.is_none() =>
            {
                query.push("records r INDEXED BY records_by_topic_id WHERE r.dataset_id = ");
                query.push_bind(self.dataset_id.to_owned());
                self.push_conditions(&mut query);
            }
            // Whose topics have to be looked up anyway.
            Walk::WordsAmong => self.push_walk(Walk::Words, &mut query),
            walk => self.push_walk(walk, &mut query),
        }
        query.push(" GROUP BY r.topic");
        query
    }

    /// The ids of a page.
    pub(in crate::db) fn ids_query(&self, limit: i64, offset: i64) -> QueryBuilder<Sqlite> {
        let mut query = QueryBuilder::new("SELECT ");
        query.push(self.id()).push(" AS id FROM ");
        self.push_matching(&mut query);
        query.push(" ORDER BY ").push(self.order());
        query.push(" LIMIT ").push_bind(limit).push(" OFFSET ").push_bind(offset);
        query
    }

    /// The column that has the ids. The index of words has them in its own order: nothing has to be gathered and sorted.
    fn id(&self) -> &'static str {
        if matches!(self.walk, Walk::Words | Walk::WordsAmong) { "f.rowid" } else { "r.id" }
    }

    fn order(&self) -> &'static str {
        let by_words = matches!(self.walk, Walk::Words | Walk::WordsAmong);
        match self.sort {
            RecordSort::Oldest if by_words => "f.rowid",
            RecordSort::Newest if by_words => "f.rowid DESC",
            RecordSort::Oldest => "r.id",
            RecordSort::Newest => "r.id DESC",
            RecordSort::MostMessages => "r.message_count DESC, r.id DESC",
            RecordSort::FewestMessages => "r.message_count, r.id",
            RecordSort::LastChanged => "r.updated_at DESC, r.id DESC",
            RecordSort::FirstChanged => "r.updated_at, r.id",
            RecordSort::HighestScore => "s.score DESC, r.id DESC",
            RecordSort::LowestScore => "s.score, r.id",
        }
    }

    /// What stands behind FROM.
    fn push_matching(&self, query: &mut QueryBuilder<Sqlite>) {
        self.push_walk(self.walk, query);
    }

    fn push_walk(&self, walk: Walk, query: &mut QueryBuilder<Sqlite>) {
        match walk {
            Walk::Scored => self.push_scored(query),
            Walk::List | Walk::ListAmongWords => self.push_list(query),
            Walk::Words => {
                let index = if self.filter.pii.is_some() { "records_by_pii" } else { "records_by_id" };
                query.push("records_fts f CROSS JOIN records r INDEXED BY ").push(index).push(" ON r.dataset_id = ");
                query.push_bind(self.dataset_id.to_owned()).push(" AND r.id = f.rowid WHERE ");
                self.push_words(query);
                self.push_conditions(query);
                return;
            }
            Walk::WordsAmong => {
                query.push("records_fts f WHERE ");
                self.push_words(query);
                // (The sign keeps the planner from asking the index of words once for each of them.)
                query.push(" AND +f.rowid IN (SELECT r.id FROM ");
                self.push_list(query);
                self.push_conditions(query);
                query.push(")");
                return;
            }
        }
        self.push_conditions(query);
        if let (Walk::Scored | Walk::ListAmongWords, Some(search)) = (walk, &self.search) {
            query.push(" AND r.id IN (SELECT rowid FROM records_fts WHERE words MATCH ");
            query.push_bind(search.expression().to_owned()).push(")");
        }
    }

    fn push_list(&self, query: &mut QueryBuilder<Sqlite>) {
        query.push("records r INDEXED BY ").push(self.index()).push(" WHERE r.dataset_id = ");
        query.push_bind(self.dataset_id.to_owned());
    }

    /// The words, of the records of this dataset: ids ascend over all datasets, so that its own lie between its first and its
    /// last.
    fn push_words(&self, query: &mut QueryBuilder<Sqlite>) {
        query.push("f.words MATCH ").push_bind(self.search.as_ref().map(|search| search.expression().to_owned()));
        for end in [" AND f.rowid >= (SELECT MIN(id)", " AND f.rowid <= (SELECT MAX(id)"] {
            query.push(end).push(" FROM records WHERE dataset_id = ").push_bind(self.dataset_id.to_owned()).push(")");
        }
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
    }

    /// The index that has the records in order, or the fewest of them.
    fn index(&self) -> &'static str {
        let filter = self.filter;
        match self.sort {
            // Its column stands behind the texts: read from the index or not at all.
            _ if filter.pii.is_some() => "records_by_pii",
            _ if filter.error.is_some() => "records_by_errors",
            _ if filter.needs_review => "records_to_review",
            _ if filter.generated => "records_generated",
            RecordSort::MostMessages | RecordSort::FewestMessages => "records_by_messages",
            RecordSort::LastChanged | RecordSort::FirstChanged => "records_by_change",
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
        if let Some(pii) = filter.pii {
            super::pii::push_filter(query, pii);
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
