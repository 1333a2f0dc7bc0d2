//! Undoing an import, and taking that back: its records change places with those it replaced, batch by batch.
//!
//! Each batch is a transaction of its own that leaves the dataset true (duplicates decided anew, the list of hidden records
//! stored before the first of them goes), so that a stop or a cancel in the middle loses nothing: what is still to be moved
//! is whatever is not there yet.

use serde::{Deserialize, Serialize};

use super::{JobContext, Outcome};
use crate::clock::now_ms;
use crate::datasets::deletion::decide_anew;
use crate::datasets::new_id;
use crate::db::imports::{Kept, Undoing};
use crate::db::records::trash::{self, Which};
use crate::db::{self, Tx};
use crate::error::ServiceResult;
use crate::format;

/// Records a transaction.
const BATCH: i64 = 1_000;

/// The job's arguments.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Args {
    /// Which import.
    pub import_id: String,
    /// Whether its undo is to be taken back.
    pub redo: bool,
}

/// Runs it from where it stopped.
pub(super) async fn run(context: &JobContext, args: &str) -> ServiceResult<Outcome> {
    let args: Args = serde_json::from_str(args)?;
    let (away, back) = begin(context, &args).await?;
    let mut moved = 0;
    let dataset = context.dataset_id.clone();
    // First what goes, then what comes: they would be each other's duplicates.
    let away = away.map(|Away { which, to }| (dataset.clone(), to, which));
    let ways: Vec<_> = away.into_iter().chain(back.clone().map(|from| (from, dataset, Which::All))).collect();
    let mut total = 0;
    for (from, _, which) in &ways {
        total += trash::count(&context.state.db, from, which).await?;
    }
    for (from, to, which) in ways {
        loop {
            if context.should_stop() {
                return Ok(context.stopped(words(&args, moved, total)));
            }
            let batch = move_batch(context, &from, &to, &which).await?;
            if batch == 0 {
                break;
            }
            moved += batch;
            context.progress(moved, total, "records", words(&args, moved, total)).await?;
        }
    }
    end(context, &args, back.as_deref()).await?;
    Ok(Outcome::Done(words(&args, moved, total)))
}

fn words(args: &Args, moved: i64, total: i64) -> String {
    let what = if args.redo { "bringing an import back" } else { "undoing an import" };
    format!("{what}: {} of {}", format::count(moved), format::counted(total, "record"))
}

/// What leaves the dataset, and for where.
struct Away {
    which: Which,
    to: String,
}

/// Stores where everything goes to, before the first record does. Answers what goes (nothing where records only come back),
/// and the hidden dataset that gives back.
async fn begin(context: &JobContext, args: &Args) -> ServiceResult<(Option<Away>, Option<String>)> {
    let mut tx = context.begin().await?;
    let Undoing { replaces, replaced, taken_back, .. } = db::imports::undoing(&mut tx, &args.import_id).await?;
    let (away, back) = match (args.redo, replaces) {
        (false, _) => {
            let to = match taken_back {
                Some(to) => to,
                None => keep(context, &mut tx, &args.import_id, Kept::TakenBack).await?,
            };
            (Some(Away { which: Which::Import(args.import_id.clone()), to }), replaced)
        }
        (true, true) => {
            let to = match replaced {
                Some(to) => to,
                None => keep(context, &mut tx, &args.import_id, Kept::Replaced).await?,
            };
            (Some(Away { which: Which::All, to }), taken_back)
        }
        (true, false) => (None, taken_back),
    };
    tx.commit().await?;
    Ok((away, back))
}

/// A new hidden dataset for what goes.
async fn keep(context: &JobContext, tx: &mut Tx, import_id: &str, kept: Kept) -> ServiceResult<String> {
    let to = new_id();
    db::datasets::insert_trash(tx, &to, &context.dataset_id, now_ms()).await?;
    db::imports::set_kept(tx, import_id, kept, &to).await?;
    Ok(to)
}

async fn move_batch(context: &JobContext, from: &str, to: &str, which: &Which) -> ServiceResult<i64> {
    let mut tx = context.begin().await?;
    let ids = trash::next_ids(&mut tx, from, which, BATCH).await?;
    if ids.is_empty() {
        return Ok(0);
    }
    let keys = trash::keys_of(&mut tx, from, &ids).await?;
    let moved = trash::give(&mut tx, from, to, &ids).await?;
    decide_anew(&mut tx, &context.dataset_id, keys).await?;
    tx.commit().await?;
    Ok(moved)
}

/// All are where they belong: the emptied hidden dataset goes, and the import says what it is now. If the rules were changed
/// since the records that came back were validated, all are validated again.
async fn end(context: &JobContext, args: &Args, back: Option<&str>) -> ServiceResult<()> {
    let mut tx = context.begin().await?;
    let now = db::datasets::get_for_job(&mut tx, &context.dataset_id).await?.validation_config;
    let mut rules_changed = false;
    if let Some(back) = back {
        let rules = db::datasets::trash_rules(&mut tx, back, &context.dataset_id, 0).await?;
        rules_changed = rules.is_some_and(|rules| rules != now);
        db::datasets::delete(&mut tx, back).await?;
    }
    db::imports::set_undone(&mut tx, &args.import_id, !args.redo).await?;
    if rules_changed {
        super::validate::enqueue(&mut tx, &context.dataset_id).await?;
    }
    db::datasets::touch_records(&mut tx, &context.dataset_id).await?;
    if !rules_changed {
        super::near_duplicates::enqueue_if_quick(&context.state, &mut tx, &context.dataset_id, None).await?;
    }
    tx.commit().await?;
    context.state.jobs.wake();
    context.state.events.changed(&context.dataset_id);
    Ok(())
}
