//! Topics as a service: import, edit, assign, categorize, targets.

use super::carry;
use super::hierarchy::{EditOutcome, apply_edit, parse_hierarchy, replace_outcome};
use crate::coverage::validate_targets;
use crate::datasets::new_id;
use crate::db;
use crate::db::topics::TopicChange;
use crate::error::ServiceResult;
use crate::format;
use crate::jobs::categorize::Args;
use crate::state::AppState;
use crate::types::coverage::TargetDistribution;
use crate::types::dataset::Dataset;
use crate::types::error::AppError;
use crate::types::job::{JobKind, JobStatus};
use crate::types::topics::{CategorizationMetadata, CategorizationMethod, CategorizeMode, TopicEdit, TopicHierarchy};

/// Most records one call may label by hand.
const MAX_ASSIGN: usize = 10_000;

/// Replaces the hierarchy by this JSON text.
pub async fn import(state: &AppState, dataset_id: &str, json: &str, confirm: bool) -> ServiceResult<TopicHierarchy> {
    let hierarchy = parse_hierarchy(json).map_err(|error| AppError::invalid_field("json", error.to_string()))?;
    store(state, dataset_id, confirm, |old| {
        let unlabelled = replace_outcome(old, &hierarchy);
        Ok(EditOutcome { hierarchy, renamed: None, unlabelled })
    })
    .await
}

/// One change by hand.
pub async fn edit(state: &AppState, dataset_id: &str, edit: TopicEdit, confirm: bool) -> ServiceResult<TopicHierarchy> {
    store(state, dataset_id, confirm, |old| {
        apply_edit(old, &edit).map_err(|error| AppError::invalid_field("name", error.to_string()))
    })
    .await
}

/// Changes the hierarchy as it is, and with it labels and targets: all in one transaction, so that changes that come
/// at once come one after the other. (Where very many records carry the labels, they follow: see [`carry`].)
async fn store(
    state: &AppState,
    id: &str,
    confirm: bool,
    change: impl FnOnce(&TopicHierarchy) -> Result<EditOutcome, AppError> + Send,
) -> ServiceResult<TopicHierarchy> {
    let mut tx = state.db.begin().await?;
    let dataset = db::datasets::get(&mut tx, id).await?;
    carry::refuse_while_carrying(state, &mut tx, id).await?;
    let old = db::topics::current(&mut tx, id).await?.unwrap_or_default();
    let EditOutcome { mut hierarchy, renamed, unlabelled } = change(&old)?;
    if !confirm {
        let affected = db::records::query::count_with_topics(&mut tx, id, &unlabelled).await?;
        ask_before_unlabelling(affected, &unlabelled)?;
    }
    hierarchy.version = db::topics::last_version(&mut tx, id).await? + 1;
    db::topics::insert(&mut tx, id, &hierarchy).await?;
    carry_targets(&mut tx, &dataset, &hierarchy, renamed.as_ref()).await?;
    let renamed = renamed.map(|(from, to)| TopicChange { from, to: Some(to) });
    let unlabelled = unlabelled.into_iter().map(|from| TopicChange { from, to: None });
    let changes: Vec<TopicChange> = renamed.into_iter().chain(unlabelled).collect();
    carry::records_along(&mut tx, id, &changes).await?;
    db::datasets::touch_topics(&mut tx, id).await?;
    tx.commit().await?;
    carry::go_on(state, id);
    state.events.changed(id);
    Ok(hierarchy)
}

/// The question before records lose their topic.
fn ask_before_unlabelling(affected: i64, unlabelled: &[String]) -> Result<(), AppError> {
    if affected == 0 {
        return Ok(());
    }
    Err(AppError::invalid_field(
        TopicEdit::CONFIRM,
        format!(
            "{} would lose their topic, because {} no longer a topic that labels records. Confirm to go on; categorizing again can label them anew.",
            format::counted(affected, "record"),
            match unlabelled {
                [one] => format!("“{one}” is"),
                many => format!("{} topics are", many.len()),
            }
        ),
    ))
}

/// Targets name every leaf. A rename is carried along; if leaves came or went, the targets no longer mean
/// anything and coverage goes back to uniform.
async fn carry_targets(
    tx: &mut db::Tx,
    dataset: &Dataset,
    hierarchy: &TopicHierarchy,
    renamed: Option<&(String, String)>,
) -> ServiceResult<()> {
    let Some(mut targets) = dataset.target_distribution.clone() else { return Ok(()) };
    if let Some((from, to)) = renamed
        && let Some(share) = targets.remove(from)
    {
        targets.insert(to.clone(), share);
    }
    let leaves: Vec<&str> = hierarchy.leaves().iter().map(|leaf| leaf.name.as_str()).collect();
    let still_fit = validate_targets(&targets, &leaves).is_ok();
    db::datasets::set_targets(tx, &dataset.id, still_fit.then_some(&targets)).await
}

/// Gives records a topic by hand; `None` clears it. Answers how many changed.
pub async fn assign(state: &AppState, dataset_id: &str, record_ids: &[i64], topic: Option<&str>) -> ServiceResult<i64> {
    if record_ids.len() > MAX_ASSIGN {
        return Err(
            AppError::invalid(format!("At most {} records can be labelled at once.", format::count(10_000))).into()
        );
    }
    let mut tx = state.db.begin().await?;
    db::datasets::get(&mut tx, dataset_id).await?;
    if let Some(topic) = topic {
        check_leaf(&mut tx, dataset_id, topic).await?;
    }
    // A record of another dataset must not be reached through this one.
    let distinct: std::collections::HashSet<i64> = record_ids.iter().copied().collect();
    if db::records::query::count_of(&mut tx, dataset_id, record_ids).await? != distinct.len() as u64 {
        return Err(AppError::not_found("One of these records").into());
    }
    db::records::changes::keep_topics(&mut tx, record_ids, topic).await?;
    let mut changed = 0;
    for id in record_ids {
        match topic {
            Some(topic) => {
                let label = CategorizationMetadata {
                    topic: topic.to_owned(),
                    confidence: 1.0,
                    method: CategorizationMethod::Manual,
                    needs_review: false,
                    secondary_topics: Vec::new(),
                };
                db::records::write::set_topic(&mut tx, *id, &label, &[]).await?;
            }
            None => db::records::write::clear_topic(&mut tx, *id).await?,
        }
        changed += 1;
    }
    db::datasets::touch_labels(&mut tx, dataset_id).await?;
    tx.commit().await?;
    state.events.changed(dataset_id);
    Ok(changed)
}

/// Refuses a topic that can label no record.
pub(crate) async fn check_leaf(tx: &mut db::Tx, dataset_id: &str, topic: &str) -> ServiceResult<()> {
    let hierarchy = db::topics::current(&mut *tx, dataset_id).await?.unwrap_or_default();
    if hierarchy.leaves().iter().any(|leaf| leaf.name == topic) {
        return Ok(());
    }
    let message =
        format!("“{topic}” is no topic that can label records. Choose one of the lowest level, or add it first.");
    Err(AppError::invalid_field("topic", message).into())
}

/// Queues labelling by keyword.
pub async fn start_categorize(
    state: &AppState,
    dataset_id: &str,
    mode: CategorizeMode,
    include_manual: bool,
) -> ServiceResult<JobStatus> {
    db::datasets::get(&state.db, dataset_id).await?;
    if db::topics::current(&state.db, dataset_id).await?.is_none() {
        return Err(AppError::conflict(
            "There are no topics yet. Add or import some first; their keywords are what records are labelled by.",
        )
        .into());
    }
    if db::jobs::is_active(&state.db, dataset_id, JobKind::Categorize).await? {
        return Err(
            AppError::conflict("Records are being categorized already. Wait for it, or cancel it first.").into()
        );
    }
    let job_id = new_id();
    let args = Args { mode, include_manual: include_manual && mode == CategorizeMode::RecategorizeAll };
    let mut tx = state.db.begin().await?;
    db::jobs::insert(&mut tx, &job_id, JobKind::Categorize, dataset_id, &serde_json::to_string(&args)?).await?;
    tx.commit().await?;
    state.jobs.wake();
    state.events.changed(dataset_id);
    db::jobs::get(&state.db, &job_id).await
}

/// Sets the target shares; `None`: uniform.
pub async fn set_targets(state: &AppState, dataset_id: &str, targets: Option<TargetDistribution>) -> ServiceResult<()> {
    let mut tx = state.db.begin().await?;
    db::datasets::get(&mut tx, dataset_id).await?;
    if let Some(targets) = &targets {
        let hierarchy = db::topics::current(&mut tx, dataset_id).await?.unwrap_or_default();
        let leaves: Vec<&str> = hierarchy.leaves().iter().map(|leaf| leaf.name.as_str()).collect();
        validate_targets(targets, &leaves).map_err(|message| AppError::invalid_field("targets", message))?;
    }
    db::datasets::set_targets(&mut tx, dataset_id, targets.as_ref()).await?;
    tx.commit().await?;
    state.events.changed(dataset_id);
    Ok(())
}
