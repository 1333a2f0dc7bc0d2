//! The duplication job: the records of a dataset into a copy of it, batch by batch, each with how far it got.
//!
//! The other dataset may change meanwhile; nothing of it is locked. If it did, the copy's records are validated again, so
//! that its verdicts and duplicates are right for what it holds; and if some were taken away before they were copied, the
//! job fails and says so.

use serde::{Deserialize, Serialize};

use super::{JobContext, Outcome, validate};
use crate::datasets::{DUPLICATE_PREFIX, large};
use crate::db::records::copy::{self, Copying};
use crate::db::{self, Tx};
use crate::disk;
use crate::error::{ServiceError, ServiceResult};
use crate::format;
use crate::types::error::AppError;
use crate::types::job::JobKind;

/// Records a transaction: conversations can be long.
const BATCH: i64 = 500;

/// The job's arguments.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Args {
    /// The dataset that is copied.
    pub from: String,
    /// Its revision when that began.
    pub revision: i64,
    /// What is added to ids.
    pub offset: i64,
    /// Records up to this one are copied: with those that came later the copy has nothing to do.
    pub up_to_id: i64,
    /// How many there are to be copied.
    pub total: i64,
    /// The last one copied.
    pub after_id: i64,
    /// How many were copied.
    pub copied: i64,
}

/// Goes on where it stopped.
pub(super) async fn run(context: &JobContext, args: &str) -> ServiceResult<Outcome> {
    let mut args: Args = serde_json::from_str(args)?;
    while !context.should_stop() {
        disk::require_room(&context.state.config, 0)?;
        if !copy_some(context, &mut args).await? {
            return finish(context, &args).await;
        }
        context.progress(args.copied, args.total, "records", summary(&args)).await?;
        tokio::time::sleep(large::PAUSE).await;
    }
    if context.interrupted() {
        return Ok(Outcome::Interrupted);
    }
    // What is there stays, with verdicts that are right for it.
    let mut tx = context.begin().await?;
    validate_again(&mut tx, context).await?;
    tx.commit().await?;
    context.state.jobs.wake();
    Ok(Outcome::Cancelled(format!("stopped: only {} were copied", summary(&args))))
}

/// False if that was all.
async fn copy_some(context: &JobContext, args: &mut Args) -> ServiceResult<bool> {
    let copying = Copying {
        from: &args.from.clone(),
        to: &context.dataset_id,
        offset: args.offset,
        kept_prefix: DUPLICATE_PREFIX,
    };
    let mut tx = context.begin().await?;
    let Some(piece) = copy::copy(&mut tx, &copying, args.after_id, args.up_to_id, BATCH).await? else {
        return Ok(false);
    };
    args.after_id = piece.last;
    args.copied += piece.records;
    db::jobs::set_args(&mut tx, &context.job_id, &serde_json::to_string(args)?).await?;
    db::datasets::touch_records(&mut tx, &context.dataset_id).await?;
    tx.commit().await?;
    Ok(true)
}

async fn finish(context: &JobContext, args: &Args) -> ServiceResult<Outcome> {
    let mut tx = context.begin().await?;
    let unchanged = match db::datasets::get_for_job(&mut tx, &args.from).await {
        Ok(source) => source.records_revision == args.revision,
        Err(ServiceError::App(AppError::NotFound { .. })) => false,
        Err(error) => return Err(error),
    };
    if !unchanged {
        validate_again(&mut tx, context).await?;
    }
    tx.commit().await?;
    context.state.jobs.wake();
    if args.copied == args.total {
        return Ok(Outcome::Done(format!("{} copied", format::counted(args.copied, "record"))));
    }
    let message = format!(
        "Only {} were copied: the others were deleted or replaced in the dataset that was copied while that went on. Delete this copy and duplicate the dataset again, or go on with what is here.",
        summary(args)
    );
    Err(AppError::conflict(message).into())
}

/// Unless that was asked for before the server's last stop.
async fn validate_again(tx: &mut Tx, context: &JobContext) -> ServiceResult<()> {
    if !db::jobs::is_active(&mut *tx, &context.dataset_id, JobKind::Validate).await? {
        validate::enqueue(tx, &context.dataset_id).await?;
    }
    Ok(())
}

fn summary(args: &Args) -> String {
    format!("{} of {}", format::count(args.copied), format::counted(args.total, "record"))
}
