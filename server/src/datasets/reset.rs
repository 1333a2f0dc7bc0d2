//! Resetting a dataset's pipeline: everything that was made of its records goes, the records and the rules stay.

use crate::db::topics::TopicChange;
use crate::db::{self};
use crate::error::ServiceResult;
use crate::state::AppState;
use crate::topics;
use crate::types::error::AppError;
use crate::types::job::JobKind;

/// Removes topics, labels, targets, graders and dry runs. Refused while a job of the dataset is at work: it would go on
/// with what is gone. (Where very many records carry labels, they lose them in batches: `topics::carry`.)
pub async fn reset_pipeline(state: &AppState, id: &str, confirm: bool) -> ServiceResult<()> {
    let mut tx = state.db.begin().await?;
    db::datasets::get(&mut tx, id).await?;
    if !confirm {
        return Err(
            AppError::invalid_field("confirm", "Tick the box to confirm what goes. Nothing was changed.").into()
        );
    }
    // What is nearly the same does not depend on anything that goes.
    for kind in JobKind::ALL.into_iter().filter(|kind| *kind != JobKind::NearDuplicates) {
        if db::jobs::is_active(&mut tx, id, kind).await? {
            let message = "A job of this dataset is running or waiting, so nothing was reset. Wait for its end, or cancel it on the dataset's page, then try again.";
            return Err(AppError::conflict(message).into());
        }
    }
    topics::refuse_while_carrying(state, &mut tx, id).await?;
    let labels = db::records::query::labels(&mut tx, id).await?;
    let changes: Vec<TopicChange> = labels.into_iter().map(|from| TopicChange { from, to: None }).collect();
    topics::records_along(&mut tx, id, &changes).await?;
    db::topics::delete_all(&mut tx, id).await?;
    db::graders::delete_all(&mut tx, id).await?;
    db::dry_runs::delete_all(&mut tx, id).await?;
    db::jobs::forget(&mut tx, id, &[JobKind::Categorize, JobKind::DryRun, JobKind::GraderTest]).await?;
    db::datasets::set_targets(&mut tx, id, None).await?;
    db::datasets::touch_labels(&mut tx, id).await?;
    db::datasets::touch_topics(&mut tx, id).await?;
    tx.commit().await?;
    topics::go_on(state, id);
    state.events.changed(id);
    Ok(())
}
