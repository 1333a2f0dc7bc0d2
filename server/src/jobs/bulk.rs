//! The bulk job: one thing done with very many records, which were chosen when it was asked for (`record_selections`), a batch
//! a transaction. What a cancel leaves is true: the records up to there are done, the others are as they were.

use serde::{Deserialize, Serialize};

use super::{JobContext, Outcome};
use crate::datasets::deletion::decide_anew;
use crate::datasets::large;
use crate::db;
use crate::db::records::{bulk, changes, trash};
use crate::error::ServiceResult;
use crate::format;

/// Records a transaction: what shares keys with them is looked at, too.
const BATCH: i64 = 500;

/// The job's arguments.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Args {
    /// What is done.
    pub what: BulkWork,
    /// With how many.
    pub total: i64,
    /// The last record done.
    pub after_id: i64,
    /// How many are done.
    pub done: i64,
}

/// What is done with each record.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(crate) enum BulkWork {
    /// It gets a topic by hand, or loses its own.
    Assign {
        /// The topic.
        topic: Option<String>,
    },
    /// It goes where it waits for an undo.
    Delete {
        /// The hidden dataset.
        deletion: String,
    },
    /// It comes back from there.
    Restore {
        /// The hidden dataset.
        deletion: String,
        /// Whether the rules were changed since, so that every record is to be validated again.
        validate: bool,
    },
}

impl BulkWork {
    fn done_word(&self) -> &'static str {
        match self {
            Self::Assign { topic: Some(_) } => "labelled",
            Self::Assign { topic: None } => "cleared of their topic",
            Self::Delete { .. } => "deleted",
            Self::Restore { .. } => "brought back",
        }
    }
}

/// Goes on where it stopped.
pub(super) async fn run(context: &JobContext, args: &str) -> ServiceResult<Outcome> {
    let mut args: Args = serde_json::from_str(args)?;
    let words = |args: &Args| {
        format!("{} of {} {}", format::count(args.done), format::counted(args.total, "record"), args.what.done_word())
    };
    while !context.should_stop() {
        if !do_some(context, &mut args).await? {
            return Ok(Outcome::Done(words(&args)));
        }
        context.progress(args.done, args.total, "records", words(&args)).await?;
        tokio::time::sleep(large::PAUSE).await;
    }
    Ok(context.stopped(words(&args)))
}

/// False if that was all.
async fn do_some(context: &JobContext, args: &mut Args) -> ServiceResult<bool> {
    let mut tx = context.begin().await?;
    let ids = bulk::selected(&mut tx, &context.job_id, args.after_id, BATCH).await?;
    let Some(last) = ids.last() else {
        end(&mut tx, context, &args.what).await?;
        tx.commit().await?;
        context.state.jobs.wake();
        return Ok(false);
    };
    let id = context.dataset_id.as_str();
    match &args.what {
        BulkWork::Assign { topic } => {
            changes::keep_topics(&mut tx, &ids, topic.as_deref()).await?;
            bulk::set_topics(&mut tx, id, &ids, topic.as_deref()).await?;
            db::datasets::touch_records(&mut tx, id).await?;
        }
        BulkWork::Delete { deletion } => {
            let keys = trash::keys_of(&mut tx, id, &ids).await?;
            trash::give(&mut tx, id, deletion, &ids).await?;
            decide_anew(&mut tx, id, keys).await?;
        }
        BulkWork::Restore { deletion, .. } => {
            let keys = trash::keys_of(&mut tx, deletion, &ids).await?;
            trash::give(&mut tx, deletion, id, &ids).await?;
            decide_anew(&mut tx, id, keys).await?;
        }
    }
    args.after_id = *last;
    args.done += i64::try_from(ids.len()).unwrap_or(i64::MAX);
    db::jobs::set_args(&mut tx, &context.job_id, &serde_json::to_string(args)?).await?;
    tx.commit().await?;
    Ok(true)
}

async fn end(tx: &mut db::Tx, context: &JobContext, what: &BulkWork) -> ServiceResult<()> {
    if let BulkWork::Restore { deletion, validate } = what {
        db::datasets::delete(tx, deletion).await?;
        if *validate {
            super::validate::enqueue(tx, &context.dataset_id).await?;
        }
    }
    bulk::forget_selection(tx, &context.job_id).await
}
