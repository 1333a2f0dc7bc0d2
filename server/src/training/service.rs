//! The split as a service: the preview, and the rows of each file as a stream.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::Stream;

use super::split::{SplitAssigner, SplitPlan, Stratum, plan_split};
use crate::db;
use crate::db::records::scan::{self, RecordKey, Scan};
use crate::error::ServiceResult;
use crate::export::stream::lines;
use crate::export::training_row;
use crate::state::AppState;
use crate::types::error::AppError;
use crate::types::training::{SplitConfig, SplitPart, SplitPreview};

/// Keys read at once.
const KEYS: i64 = 10_000;

/// What the split would give.
pub async fn preview(state: &AppState, dataset_id: &str, config: SplitConfig) -> ServiceResult<SplitPreview> {
    db::datasets::get(&state.db, dataset_id).await?;
    let (strata, left_out) = strata(state, dataset_id).await?;
    let plan = plan(&strata, &config)?;
    let mut warnings = plan.warnings;
    warnings.push(
        "Exact duplicates are left out, but near-duplicates are not looked for yet: two records that say nearly the \
         same may stand in both files."
            .to_owned(),
    );
    Ok(SplitPreview { config, train: plan.train, valid: plan.valid, by_topic: plan.by_topic, left_out, warnings })
}

/// The rows of one file, exactly as a provider is sent them, in record order.
pub async fn rows(
    state: &AppState,
    dataset_id: &str,
    config: SplitConfig,
    part: SplitPart,
) -> ServiceResult<impl Stream<Item = ServiceResult<Bytes>> + Send + 'static + use<>> {
    let (strata, _) = strata(state, dataset_id).await?;
    let mut assigner = SplitAssigner::new(plan(&strata, &config)?);
    Ok(lines(state.db.clone(), dataset_id.to_owned(), Scan::valid(), move |record| {
        let row = training_row(record)?;
        (assigner.next_part(record.topic.as_deref(), record.is_generated) == part).then_some(row)
    }))
}

fn plan(strata: &[Stratum], config: &SplitConfig) -> Result<SplitPlan, AppError> {
    plan_split(strata, config).map_err(|error| AppError::invalid_field("train_ratio", error.to_string()))
}

/// Valid records that trainers take, by topic; and how many they would not.
async fn strata(state: &AppState, dataset_id: &str) -> ServiceResult<(Vec<Stratum>, i64)> {
    let mut by_topic = BTreeMap::<Option<String>, (i64, i64)>::new();
    let mut left_out = 0;
    let mut cursor = 0;
    loop {
        let keys = scan::keys(&state.db, dataset_id, Scan::valid(), cursor, KEYS).await?;
        let Some(last) = keys.last() else { break };
        cursor = last.id;
        for key in keys {
            let RecordKey { topic, is_generated, ends_with_user, .. } = key;
            if ends_with_user {
                let (recorded, generated) = by_topic.entry(topic).or_default();
                *(if is_generated { generated } else { recorded }) += 1;
            } else {
                left_out += 1;
            }
        }
    }
    let strata =
        by_topic.into_iter().map(|(topic, (recorded, generated))| Stratum { topic, recorded, generated }).collect();
    Ok((strata, left_out))
}
