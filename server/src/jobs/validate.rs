//! The validation job: every record of a dataset again, after its rules changed; or because an earlier version stored them,
//! which did not look for personal data.
//!
//! First it takes the former verdicts off, in batches; from then on a record without a verdict is what is left to do,
//! whoever goes on with it. Then in record order and greedily, so that one pass decides duplicates too: the kept ones
//! are those before the cursor that are valid by the new rules, and everything after it is pending. Imports, edits and
//! further changes of the rules look for this job in the transaction that would store them, and are refused.

use serde::{Deserialize, Serialize};

use super::{JobContext, Outcome};
use crate::datasets::large;
use crate::datasets::new_id;
use crate::datasets::records::{mark_duplicate, verdict_of};
use crate::db::records::bulk;
use crate::db::records::scan::{self, Scan};
use crate::db::records::write;
use crate::db::{self, Tx};
use crate::error::ServiceResult;
use crate::format;
use crate::import::{derive, pii_beside};
use crate::types::dataset::DatasetRecord;
use crate::types::job::JobKind;
use crate::types::pii::PiiKinds;
use crate::types::validation::RecordStatus;

/// Records a transaction.
const BATCH: i64 = 200;

/// The job's arguments.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Args {
    /// Whether every record has lost its former verdict; stored with the last of them.
    marked: bool,
}

/// Queues the job in the caller's transaction.
pub(crate) async fn enqueue(tx: &mut Tx, dataset_id: &str) -> ServiceResult<String> {
    let job_id = new_id();
    db::jobs::insert(tx, &job_id, JobKind::Validate, dataset_id, &serde_json::to_string(&Args::default())?).await?;
    Ok(job_id)
}

/// Marks every record as not validated, then validates what is so.
pub(super) async fn run(context: &JobContext, args: &str) -> ServiceResult<Outcome> {
    let args: Args = serde_json::from_str(args)?;
    if !args.marked && !mark_pending(context).await? {
        return Ok(Outcome::Interrupted);
    }
    validate_pending(context).await
}

/// Takes the verdict off every record. Not to be cancelled: verdicts by rules that no longer hold must not stay. False
/// if the server stops meanwhile; then the next run goes on.
async fn mark_pending(context: &JobContext) -> ServiceResult<bool> {
    let total = scan::count(&context.state.db, &context.dataset_id, Scan::default()).await?;
    while !context.interrupted() {
        let mut tx = context.begin().await?;
        let marked = bulk::set_pending(&mut tx, &context.dataset_id, large::BATCH).await?;
        if marked > 0 {
            db::datasets::touch_records(&mut tx, &context.dataset_id).await?;
        }
        let all = marked < large::BATCH;
        if all {
            db::jobs::set_args(&mut tx, &context.job_id, &serde_json::to_string(&Args { marked: true })?).await?;
        }
        tx.commit().await?;
        if all {
            return Ok(true);
        }
        context.progress(0, total, "records", "taking the former verdicts off").await?;
        tokio::time::sleep(large::PAUSE).await;
    }
    Ok(false)
}

/// Validates what is still pending.
async fn validate_pending(context: &JobContext) -> ServiceResult<Outcome> {
    let state = &context.state;
    let pending = Scan { status: Some(RecordStatus::Pending), ..Scan::default() };
    let total = scan::count(&state.db, &context.dataset_id, pending).await?;
    let mut done = 0;
    let mut after_id = 0;
    loop {
        if context.should_stop() {
            // Half-validated records are of no use to anyone: the job goes on after a restart, and a
            // cancel leaves them pending, which the page says.
            return Ok(context.stopped(format!("stopped after {}", format::counted(done, "record"))));
        }
        let batch = scan::records(&state.db, &context.dataset_id, pending, after_id, BATCH).await?;
        let Some(last) = batch.last() else {
            return Ok(Outcome::Done(format!("{} validated", format::counted(done, "record"))));
        };
        after_id = last.id;
        done += i64::try_from(batch.len()).unwrap_or(i64::MAX);
        validate_batch(context, batch).await?;
        context.progress(done, total, "records", format!("{} validated", format::counted(done, "record"))).await?;
    }
}

/// A record by the new rules; only whether it is a duplicate is still open.
struct Checked {
    id: i64,
    span: Option<String>,
    hash: Option<[u8; 16]>,
    pii: PiiKinds,
    verdict: write::RecordVerdict,
}

/// The rules and the texts cannot change meanwhile: see the module's head.
async fn validate_batch(context: &JobContext, batch: Vec<DatasetRecord>) -> ServiceResult<()> {
    let state = &context.state;
    let config = db::datasets::get_for_job(&state.db, &context.dataset_id).await?.validation_config;
    let tokens = state.tokens.clone();
    let checked = tokio::task::spawn_blocking(move || {
        let check = |record: DatasetRecord| {
            let parse_error = record.raw.is_some().then(|| record.validation.details.clone().unwrap_or_default());
            let derived = derive(&record.data, parse_error.as_deref(), &config, &tokens);
            Checked {
                id: record.id,
                span: record.span_id,
                hash: derived.prompt_hash,
                pii: derived.pii.union(pii_beside(
                    &record.metadata,
                    &record.item,
                    record.evaluation.as_ref(),
                    record.raw.as_deref(),
                )),
                verdict: verdict_of(&derived.findings),
            }
        };
        batch.into_iter().map(check).collect::<Vec<_>>()
    })
    .await?;

    let mut tx = context.begin().await?;
    let hashes: Vec<[u8; 16]> = checked.iter().filter_map(|record| record.hash).collect();
    let spans: Vec<&str> = checked.iter().filter_map(|record| record.span.as_deref()).collect();
    let mut keeper = db::records::query::kept_by_key(&mut tx, &context.dataset_id, 0, &hashes, &spans).await?;
    for Checked { id, span, hash, pii, verdict } in checked {
        let valid = verdict.status == RecordStatus::Valid;
        let verdict = match keeper.decide(id, valid, span.as_deref(), hash) {
            Some(original) => mark_duplicate(verdict, original),
            None => verdict,
        };
        write::set_checked(&mut tx, id, &verdict, pii).await?;
    }
    db::datasets::touch_records(&mut tx, &context.dataset_id).await?;
    tx.commit().await?;
    Ok(())
}
