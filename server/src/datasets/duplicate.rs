//! Duplicating a dataset: everything that a person set up at once, the records by a job (`jobs::duplicate`).

use super::{DUPLICATE_PREFIX, MAX_NAME, new_id};
use crate::db::records::copy::{self, Copying};
use crate::db::{self, Tx};
use crate::disk;
use crate::error::ServiceResult;
use crate::jobs::duplicate::Args;
use crate::jobs::import::refuse_while_validating;
use crate::state::AppState;
use crate::topics::refuse_while_carrying;
use crate::types::error::AppError;
use crate::types::job::JobKind;

/// Makes a copy of a dataset under a name of its own: its objective, rules, topics, targets and grader versions; its records,
/// with their hand scores, follow. What was made of them (imports, grader tests, dry runs) stays with the original. Answers the copy's id.
pub async fn duplicate(state: &AppState, id: &str) -> ServiceResult<String> {
    disk::require_room(&state.config, 0)?;
    let mut tx = state.db.begin().await?;
    let source = db::datasets::get(&mut tx, id).await?;
    if db::jobs::is_active(&mut tx, id, JobKind::Import).await? {
        let message =
            "An import into this dataset is running. Wait for its end (or cancel it), then duplicate the dataset.";
        return Err(AppError::conflict(message).into());
    }
    refuse_while_validating(&mut tx, id).await?;
    refuse_while_carrying(state, &mut tx, id).await?;
    let (copy_id, job_id) = (new_id(), new_id());
    let name = free_name(&mut tx, &source.name).await?;
    db::datasets::insert_copy(&mut tx, &copy_id, &name, id).await?;
    db::topics::copy_all(&mut tx, id, &copy_id).await?;
    db::graders::copy_all(&mut tx, id, &copy_id).await?;
    let extent = copy::extent(&mut tx, id).await?;
    if let Some(extent) = extent {
        let offset = db::records::write::last_id(&mut tx).await? + 1 - extent.first;
        let args = Args {
            from: id.to_owned(),
            revision: source.records_revision,
            offset,
            up_to_id: extent.last - 1,
            total: extent.records,
            after_id: 0,
            copied: 1,
        };
        let words = serde_json::to_string(&args)?;
        db::jobs::insert(&mut tx, &job_id, JobKind::Duplicate, &copy_id, &words).await?;
        db::imports::copy_origins(&mut tx, id, &copy_id, &job_id).await?;
        // The last record first: with it the copy's ids are taken, and whatever is imported elsewhere gets higher ones.
        let copying = Copying { from: id, to: &copy_id, offset, kept_prefix: DUPLICATE_PREFIX };
        copy::copy(&mut tx, &copying, extent.last - 1, extent.last, 1).await?;
    }
    tx.commit().await?;
    state.jobs.wake();
    state.events.changed(&copy_id);
    Ok(copy_id)
}

/// "X (copy)", or "X (copy 2)" where there is one; cut where it would be too long.
async fn free_name(tx: &mut Tx, name: &str) -> ServiceResult<String> {
    let mut number = 1;
    loop {
        let candidate = copy_name(name, number);
        if !db::datasets::has_name(tx, &candidate).await? {
            return Ok(candidate);
        }
        number += 1;
    }
}

fn copy_name(name: &str, number: usize) -> String {
    let suffix = if number == 1 { " (copy)".to_owned() } else { format!(" (copy {number})") };
    let room = MAX_NAME - suffix.chars().count();
    let kept: String = name.chars().take(room).collect();
    format!("{}{suffix}", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_named_after_its_original_and_fits() {
        assert_eq!(copy_name("traces", 1), "traces (copy)");
        assert_eq!(copy_name("traces", 12), "traces (copy 12)");
        let long = copy_name(&"ä".repeat(MAX_NAME), 1);
        assert_eq!(long.chars().count(), MAX_NAME);
        assert!(long.ends_with("ä (copy)"), "{long}");
    }
}
