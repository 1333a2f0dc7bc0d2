//! Drawing the sample.

use std::collections::BTreeMap;

use crate::datasets::facts_of;
use crate::db::dry_runs::{DryRunPlan, DryRunRow, PlannedPrompt};
use crate::db::records::scan::{self, RecordKey, Scan};
use crate::db::{self, Snapshot};
use crate::dry_run::sample::{allocate, choose_indices};
use crate::dry_run::settled::order;
use crate::error::ServiceResult;
use crate::jobs::JobContext;
use crate::types::dry_run::ResponseSource;
use crate::types::error::AppError;
use crate::types::topics::TopicHierarchy;

/// Keys fetched at once.
const KEYS: i64 = 10_000;

/// Draws the sample: a stratum per leaf topic (one for all the rest), largest remainder, seeded. Two passes over one
/// snapshot, which the revisions and the balance are of as well: what the report says it is computed from, it is.
pub(super) async fn plan(context: &JobContext, row: &DryRunRow) -> ServiceResult<()> {
    let state = &context.state;
    let config = &row.summary.config;
    let mut snapshot = state.db.snapshot().await?;
    let dataset = db::datasets::get_for_job(&mut snapshot, &row.dataset_id).await?;
    let facts = facts_of(&mut snapshot, &dataset).await?;
    let leaves = facts.hierarchy.as_ref().map(TopicHierarchy::leaf_names).unwrap_or_default();
    let topic_of = |key: &RecordKey| key.topic.clone().filter(|topic| leaves.contains(topic.as_str()));
    let stratum_of = |key: &RecordKey| topic_of(key).filter(|_| config.stratify_by_topic);

    let mut counts = BTreeMap::<Option<String>, i64>::new();
    visit_eligible(&mut snapshot, row, |key| *counts.entry(stratum_of(key)).or_default() += 1).await?;
    let eligible_records = counts.values().sum();
    let strata: Vec<(Option<String>, i64)> = counts.into_iter().collect();
    let sizes = allocate(&strata, config.sample_size);
    let mut chosen = BTreeMap::new();
    for ((topic, count), size) in strata.into_iter().zip(sizes) {
        let indices = choose_indices(count, size, config.seed, topic.as_deref());
        chosen.insert(topic, (0_i64, indices.into_iter().peekable()));
    }

    let mut prompts = Vec::new();
    visit_eligible(&mut snapshot, row, |key| {
        if let Some((position, indices)) = chosen.get_mut(&stratum_of(key)) {
            if indices.next_if_eq(position).is_some() {
                prompts.push(PlannedPrompt { record_id: key.id, topic: topic_of(key) });
            }
            *position += 1;
        }
    })
    .await?;
    drop(snapshot);
    if prompts.is_empty() {
        return Err(nothing_left(config.response_source).into());
    }
    if config.response_source == ResponseSource::Generated {
        // Whatever part of the run is done is then a fair sample: it may be stopped early, or pause.
        prompts = order(prompts.len(), config.seed).into_iter().map(|place| prompts[place].clone()).collect();
    }
    let plan = DryRunPlan {
        records_revision: dataset.records_revision,
        topics_revision: dataset.topics_revision,
        balance_score: facts.balance_score(),
        eligible_records,
        prompts,
        rollouts_per_prompt: config.rollouts_per_prompt,
    };
    let mut tx = context.begin().await?;
    db::dry_runs::insert_plan(&mut tx, &row.summary.id, &plan).await?;
    tx.commit().await?;
    Ok(())
}

fn nothing_left(source: ResponseSource) -> AppError {
    let what = match source {
        ResponseSource::Recorded => "No valid record with a recorded response",
        ResponseSource::Generated => "No valid record",
    };
    AppError::conflict(format!(
        "{what} was left when the sample was drawn: since the start they were changed, replaced or set to be validated again. See what the Extract step says of the records, then resume the run."
    ))
}

async fn visit_eligible(
    snapshot: &mut Snapshot,
    row: &DryRunRow,
    mut visit: impl FnMut(&RecordKey),
) -> ServiceResult<()> {
    let with_output = row.summary.config.response_source == ResponseSource::Recorded;
    let scan = Scan { with_output, ..Scan::valid() };
    let mut cursor = 0;
    loop {
        let keys = scan::keys(&mut *snapshot, &row.dataset_id, scan, cursor, KEYS).await?;
        let Some(last) = keys.last() else { return Ok(()) };
        cursor = last.id;
        keys.iter().for_each(&mut visit);
    }
}
