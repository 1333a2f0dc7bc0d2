//! Labels follow a change of the topics: at once where few records carry them, else in batches. The change is stored with
//! what is still to be carried along; until that is done, a label counts as its successor, or as none where the topic is
//! gone (`datasets::facts`), and a start finishes what a stop cut off.

use std::time::{Duration, Instant};

use crate::datasets::large::{BATCH, PAUSE};
use crate::db::datasets::Trash;
use crate::db::records::{bulk, query};
use crate::db::topics::{StoredChange, TopicChange};
use crate::db::{self, Of, Tx};
use crate::error::ServiceResult;
use crate::state::AppState;
use crate::types::error::AppError;
use crate::types::job::JobKind;

/// So many records are carried along in the transaction of the change itself: some tenths of a second.
const AT_ONCE: i64 = 10_000;

/// Pages hear of a long walk so often.
const TELL: Duration = Duration::from_secs(1);

/// Two changes of one label at once would not know which comes first.
pub(crate) async fn refuse_while_carrying(state: &AppState, tx: &mut Tx, dataset_id: &str) -> ServiceResult<()> {
    if db::jobs::is_active(&mut *tx, dataset_id, JobKind::Duplicate).await? {
        // Records that are still to come carry the labels of the dataset that is copied.
        let message = "The records are still being copied into this dataset. Wait until that is done, then try again.";
        return Err(AppError::conflict(message).into());
    }
    if db::jobs::is_active(&mut *tx, dataset_id, JobKind::Bulk).await? {
        let message = "Very many records are being changed at once. Wait until that is done (or cancel it in the list of records), then try again.";
        return Err(AppError::conflict(message).into());
    }
    if db::topics::changes(tx, dataset_id).await?.is_empty() {
        return Ok(());
    }
    // Perhaps a full disk ended the walk: this is the time to try again.
    go_on(state, dataset_id);
    let message = "The records are still being carried along with the last change of the topics. Wait some seconds, then try again.";
    Err(AppError::conflict(message).into())
}

/// Carries the records of one change of the topics along, or stores what is to be carried along. Call [`go_on`] after
/// the commit.
pub(crate) async fn records_along(tx: &mut Tx, dataset_id: &str, changes: &[TopicChange]) -> ServiceResult<()> {
    // Deleted records may come back.
    for deletion in db::datasets::trash_of(&mut *tx, dataset_id, Trash::All, 0).await? {
        for change in changes {
            bulk::carry_topic(tx, &deletion.id, change, i64::MAX, i64::MAX).await?;
        }
    }
    let labels: Vec<String> = changes.iter().map(|change| change.from.clone()).collect();
    let carrying = query::count_with_topics(tx, dataset_id, &labels).await?;
    if carrying == 0 {
        return Ok(());
    }
    for change in changes {
        if carrying <= AT_ONCE {
            bulk::carry_topic(tx, dataset_id, change, i64::MAX, i64::MAX).await?;
        } else {
            db::topics::insert_change(tx, dataset_id, change).await?;
        }
    }
    db::datasets::touch_labels(tx, dataset_id).await
}

/// Carries on in the background, if there is anything to carry along.
pub(crate) fn go_on(state: &AppState, dataset_id: &str) {
    let (state_, dataset_id) = (state.clone(), dataset_id.to_owned());
    state.background.spawn(async move {
        if let Err(error) = finish(&state_, &dataset_id).await {
            tracing::warn!(%error, "labels are left to be carried along; the next change of the topics or start tries again");
        }
    });
}

/// Finishes what a stop cut off. Called at start.
pub async fn finish_all(state: &AppState) -> ServiceResult<()> {
    for dataset_id in db::topics::changes_of(&state.db, Of::All).await?.into_keys() {
        finish(state, &dataset_id).await?;
    }
    Ok(())
}

/// Two may be at it at once: each batch asks first whether its change is still to be carried along.
async fn finish(state: &AppState, dataset_id: &str) -> ServiceResult<()> {
    let changes = db::topics::changes(&state.db, dataset_id).await?;
    let mut told = Instant::now();
    for change in &changes {
        while carry_some(state, dataset_id, change).await? {
            if state.shutdown.is_cancelled() {
                return Ok(());
            }
            if told.elapsed() >= TELL {
                told = Instant::now();
                state.events.changed(dataset_id);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    if !changes.is_empty() {
        state.events.changed(dataset_id);
    }
    Ok(())
}

/// Whether more may be left. Each batch is a new revision, so that what was computed in between is known to be outdated.
async fn carry_some(state: &AppState, dataset_id: &str, stored: &StoredChange) -> ServiceResult<bool> {
    let mut tx = state.db.begin().await?;
    if !db::topics::has_change(&mut tx, stored.id).await? {
        return Ok(false);
    }
    let carried = bulk::carry_topic(&mut tx, dataset_id, &stored.change, stored.up_to_id, BATCH).await?;
    if carried < BATCH {
        db::topics::delete_change(&mut tx, stored.id).await?;
    }
    if carried > 0 {
        db::datasets::touch_labels(&mut tx, dataset_id).await?;
    }
    tx.commit().await?;
    Ok(carried == BATCH)
}
