//! Near-duplicates as a service: looking for them, pages of clusters, keeping one of each, setting aside.

use std::collections::HashMap;

use crate::datasets::deletion;
use crate::db;
use crate::db::near_duplicates::{self as store, ClusterRow, MemberRow};
use crate::error::ServiceResult;
use crate::format;
use crate::jobs;
use crate::state::AppState;
use crate::types::dataset::{MAX_SELECTED, RecordDeletion};
use crate::types::error::AppError;
use crate::types::job::{JobKind, JobStatus};
use crate::types::near_duplicates::{
    CLUSTERS_ON_PAGE, DEFAULT_THRESHOLD, LOWEST_THRESHOLD, NearDuplicate, NearDuplicateCluster, NearDuplicatePage,
    RECORDS_OF_CLUSTER, RECORDS_ON_PAGE,
};

/// Queues a look, at the threshold of the last one if none is given. One that is queued or under way is answered as it is.
pub async fn start(state: &AppState, dataset_id: &str, threshold: Option<f64>) -> ServiceResult<JobStatus> {
    if let Some(threshold) = threshold {
        check_threshold(threshold)?;
    }
    let mut tx = state.db.begin().await?;
    db::datasets::get(&mut tx, dataset_id).await?;
    let job_id = if let Some(active) = db::jobs::active(&mut tx, dataset_id, JobKind::NearDuplicates).await? {
        active
    } else {
        let last = store::current(&mut tx, dataset_id).await?.map(|last| last.threshold);
        jobs::near_duplicates::enqueue(&mut tx, dataset_id, threshold.or(last).unwrap_or(DEFAULT_THRESHOLD)).await?
    };
    tx.commit().await?;
    state.jobs.wake();
    state.events.changed(dataset_id);
    db::jobs::get(&state.db, &job_id).await
}

fn check_threshold(threshold: f64) -> Result<(), AppError> {
    if (LOWEST_THRESHOLD..=1.0).contains(&threshold) {
        return Ok(());
    }
    let message = format!(
        "The similarity is {threshold}, but it must lie between {LOWEST_THRESHOLD} and 1: of pairs less alike, most would not be found. The default is {DEFAULT_THRESHOLD}."
    );
    Err(AppError::invalid_field("threshold", message))
}

/// A page of clusters with the first records of each; with `cluster` a page of that one's records. Similarities are those of the
/// texts as they are now.
pub async fn page(
    state: &AppState,
    dataset_id: &str,
    cluster: Option<i64>,
    page: i64,
) -> ServiceResult<NearDuplicatePage> {
    db::datasets::get(&state.db, dataset_id).await?;
    let page = page.max(1);
    let found = store::current(&state.db, dataset_id).await?;
    let mut clusters = Vec::new();
    if let Some(found) = found {
        let before = |on_page: i64| (page - 1).saturating_mul(on_page);
        let (first, of_each) = match cluster {
            Some(_) => (before(RECORDS_ON_PAGE), RECORDS_ON_PAGE),
            None => (0, RECORDS_OF_CLUSTER),
        };
        let skipped = if cluster.is_some() { 0 } else { before(CLUSTERS_ON_PAGE) };
        let rows = store::clusters(&state.db, dataset_id, found.run_id, cluster, skipped, CLUSTERS_ON_PAGE).await?;
        for row in rows {
            let members = store::members(&state.db, dataset_id, found.run_id, row.cluster, first, of_each).await?;
            let deletable = store::count_deletable(&state.db, dataset_id, found.run_id, Some(row.cluster)).await?;
            clusters.push(described(state, dataset_id, row, members, deletable).await?);
        }
    }
    Ok(NearDuplicatePage { found, clusters, page })
}

async fn described(
    state: &AppState,
    dataset_id: &str,
    row: ClusterRow,
    members: Vec<MemberRow>,
    deletable: i64,
) -> ServiceResult<NearDuplicateCluster> {
    let mut ids: Vec<i64> = members.iter().flat_map(|member| [Some(member.id), member.like]).flatten().collect();
    ids.sort_unstable();
    ids.dedup();
    let mut shingles = HashMap::new();
    let (mut after_id, mut complete) = (0, false);
    while !complete {
        let texts;
        (texts, complete) = store::texts(&state.db, dataset_id, &ids, after_id).await?;
        after_id = texts.last().map_or(i64::MAX, |text| text.id);
        let read = tokio::task::spawn_blocking(move || {
            texts.iter().map(|text| Ok((text.id, text.shingles()?))).collect::<ServiceResult<Vec<_>>>()
        });
        shingles.extend(read.await??);
    }
    let record = |member: MemberRow| NearDuplicate {
        similarity: match (member.like, member.like.and_then(|like| shingles.get(&like)), shingles.get(&member.id)) {
            (None, ..) => 1.0,
            (_, Some(kept), Some(own)) => own.jaccard(kept),
            _ => 0.0,
        },
        like: member.like,
        id: member.id,
        preview: member.preview,
        message_count: member.message_count,
        topic: member.topic,
    };
    Ok(NearDuplicateCluster {
        id: row.cluster,
        kept: row.kept,
        total: row.total,
        deletable,
        records: members.into_iter().map(record).collect(),
    })
}

/// Deletes what is nearly the same as a kept record of its cluster, in one or in every one (at most [`MAX_SELECTED`] records at
/// once), and exact copies of what goes. `records` is the number that was confirmed: if it is another one by now, nothing is deleted.
pub async fn keep_one(
    state: &AppState,
    dataset_id: &str,
    cluster: Option<i64>,
    records: i64,
) -> ServiceResult<RecordDeletion> {
    let mut tx = state.db.begin().await?;
    db::datasets::get(&mut tx, dataset_id).await?;
    let Some(found) = store::current(&mut tx, dataset_id).await? else {
        return Err(AppError::conflict("Near-duplicates have not been looked for yet. Look for them first.").into());
    };
    if found.is_stale {
        let message = "The records have changed since near-duplicates were looked for, so nothing was deleted. Look again, then delete.";
        return Err(AppError::conflict(message).into());
    }
    let most = i64::try_from(MAX_SELECTED).unwrap_or(i64::MAX);
    let ids = store::deletable(&mut tx, dataset_id, found.run_id, cluster, most).await?;
    if ids.is_empty() {
        let message =
            "There is nothing to delete: these records were deleted or set aside meanwhile. Look at the list again.";
        return Err(AppError::conflict(message).into());
    }
    let there = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    if there != records {
        let message = format!(
            "{} would be deleted now, not {}: something has changed meanwhile, so nothing was deleted. Look at the list again, then delete.",
            format::counted(there, "record"),
            format::count(records)
        );
        return Err(AppError::conflict(message).into());
    }
    let deletion = deletion::delete_in(state, &mut tx, dataset_id, &ids).await?;
    tx.commit().await?;
    deletion::told(state, dataset_id).await?;
    Ok(deletion)
}

/// Sets a cluster aside as no duplicates, so that it stays away, or brings it back; without one, all that were set aside come
/// back. (The split keeps them together all the same: they say nearly the same.)
pub async fn dismiss(state: &AppState, dataset_id: &str, cluster: Option<i64>, dismissed: bool) -> ServiceResult<()> {
    let mut tx = state.db.begin().await?;
    db::datasets::get(&mut tx, dataset_id).await?;
    let found = store::current(&mut tx, dataset_id).await?;
    let Some(found) = found else { return Err(AppError::not_found("This cluster").into()) };
    match (cluster, dismissed) {
        (Some(cluster), true) => {
            if store::set_aside(&mut tx, found.run_id, cluster).await? == 0 {
                return Err(AppError::not_found("This cluster").into());
            }
        }
        (None, true) => return Err(AppError::invalid("Name the cluster that is to be set aside.").into()),
        (cluster, false) => store::bring_back(&mut tx, found.run_id, cluster).await?,
    }
    tx.commit().await?;
    recount(state, dataset_id).await?;
    state.events.changed(dataset_id);
    Ok(())
}

/// Counts anew what is there of the last look.
pub(crate) async fn recount(state: &AppState, dataset_id: &str) -> ServiceResult<()> {
    let Some(found) = store::current(&state.db, dataset_id).await? else { return Ok(()) };
    let there = store::count(&state.db, dataset_id, found.run_id).await?;
    let mut tx = state.db.begin().await?;
    store::set_counts(&mut tx, found.run_id, there).await?;
    tx.commit().await?;
    Ok(())
}
