//! The categorization job: labels by keyword.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{JobContext, Outcome};
use crate::db;
use crate::db::records::scan::{self, Scan};
use crate::db::topics::StoredChange;
use crate::error::ServiceResult;
use crate::format;
use crate::topics::keywords::KeywordIndex;
use crate::types::dataset::{DatasetRecord, content_text};
use crate::types::error::AppError;
use crate::types::topics::{CategorizationMetadata, CategorizeMode, TopicHierarchy};

/// Records a transaction.
const BATCH: i64 = 100;

/// The job's arguments.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Args {
    /// Which records.
    pub mode: CategorizeMode,
    /// Whether labels set by hand may be overwritten.
    pub include_manual: bool,
}

/// Labels the records of its mode. Starting again from the first record after a crash gives the same
/// labels: a label depends on the record and the hierarchy alone.
pub(super) async fn run(context: &JobContext, args: &str) -> ServiceResult<Outcome> {
    let args: Args = serde_json::from_str(args)?;
    let db = &context.state.db;
    // The topics first: whatever is to be carried along since they were stored is known then.
    let hierarchy = db::topics::current(db, &context.dataset_id).await?;
    let mut topics = Topics::of(hierarchy.as_ref(), db::topics::changes(db, &context.dataset_id).await?)?;
    let total = scan::count(db, &context.dataset_id, topics.scan(&args)).await?;
    let (mut seen, mut labelled, mut cursor) = (0, 0, 0);
    let mut compared_with = topics.version;
    loop {
        if context.should_stop() {
            return Ok(context.stopped(summary(labelled, seen)));
        }
        let batch = scan::records(db, &context.dataset_id, topics.scan(&args), cursor, BATCH).await?;
        let Some(last) = batch.last() else {
            if topics.version == compared_with {
                return Ok(Outcome::Done(summary(labelled, seen)));
            }
            // The topics changed on the way: the first records were compared with others than the last ones.
            // What a walk over the unlabelled has labelled, the next one does not meet again.
            labelled = if args.mode == CategorizeMode::UnlabelledOnly { labelled } else { 0 };
            (seen, cursor, compared_with) = (labelled, 0, topics.version);
            continue;
        };
        cursor = last.id;
        seen += i64::try_from(batch.len()).unwrap_or(i64::MAX);
        labelled += store_labels(context, &mut topics, Arc::new(batch), args.include_manual).await?;
        context.progress(seen, total, "records", summary(labelled, seen)).await?;
    }
}

/// One version of the topics, as labelling needs it.
struct Topics {
    version: i64,
    /// The topics that label records, and the labels that are still to be renamed to one; any other counts as none.
    leaves: Vec<String>,
    index: Arc<KeywordIndex>,
}

impl Topics {
    fn of(hierarchy: Option<&TopicHierarchy>, changes: Vec<StoredChange>) -> Result<Self, AppError> {
        let Some(hierarchy) = hierarchy else {
            return Err(AppError::conflict(
                "There are no topics any more to label records with. Add topics, then categorize again.",
            ));
        };
        let renamed = changes.into_iter().map(|stored| stored.change).filter(|change| change.to.is_some());
        let renamed = renamed.map(|change| change.from);
        let leaves = hierarchy.leaves().iter().map(|leaf| leaf.name.clone()).chain(renamed).collect();
        Ok(Self { version: hierarchy.version, leaves, index: Arc::new(KeywordIndex::new(hierarchy)) })
    }

    fn scan(&self, args: &Args) -> Scan<'_> {
        let unlabelled_only = args.mode == CategorizeMode::UnlabelledOnly;
        Scan {
            without_topics: unlabelled_only.then_some(self.leaves.as_slice()),
            not_by_hand: (!args.include_manual).then_some(self.leaves.as_slice()),
            ..Scan::valid()
        }
    }
}

/// Labels are computed before the write lock is taken. What a person labelled in between stays; if the topics changed
/// in between, the labels are computed anew by those that hold.
async fn store_labels(
    context: &JobContext,
    topics: &mut Topics,
    batch: Arc<Vec<DatasetRecord>>,
    include_manual: bool,
) -> ServiceResult<i64> {
    loop {
        let (index, records) = (topics.index.clone(), batch.clone());
        let labels = tokio::task::spawn_blocking(move || {
            records.iter().filter_map(|record| Some((record.id, label(&index, record)?))).collect::<Vec<_>>()
        })
        .await?;
        let mut tx = context.begin().await?;
        let now = db::topics::current(&mut tx, &context.dataset_id).await?;
        if now.as_ref().is_none_or(|now| now.version != topics.version) {
            *topics = Topics::of(now.as_ref(), db::topics::changes(&mut tx, &context.dataset_id).await?)?;
            continue;
        }
        let kept = if include_manual { &[] } else { topics.leaves.as_slice() };
        let mut labelled = 0;
        for (id, label) in &labels {
            labelled += i64::from(db::records::write::set_topic(&mut tx, *id, label, kept).await?);
        }
        if labelled > 0 {
            db::datasets::touch_labels(&mut tx, &context.dataset_id).await?;
        }
        tx.commit().await?;
        return Ok(labelled);
    }
}

/// By the last user message; where that says nothing ("yes please"), by the first one, which names the matter.
fn label(index: &KeywordIndex, record: &DatasetRecord) -> Option<CategorizationMetadata> {
    let messages = record.data.pointer("/input/messages")?.as_array()?;
    let mut texts = messages
        .iter()
        .filter(|message| message.get("role").and_then(serde_json::Value::as_str) == Some("user"))
        .map(|message| content_text(message.get("content").unwrap_or(&serde_json::Value::Null)));
    let first = texts.next()?;
    let last = texts.next_back();
    last.and_then(|text| index.categorize(&text)).or_else(|| index.categorize(&first))
}

fn summary(labelled: i64, seen: i64) -> String {
    format!("{} of {} labelled", format::count(labelled), format::counted(seen, "record"))
}
