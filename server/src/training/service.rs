//! The split as a service: the preview, and the rows of each file as a stream.
//!
//! A split is made anew for each file, which is right as long as the data is the same; [`SplitBasis`] tells whether it is.

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};

use super::split::{SplitAssigner, SplitPlan, Stratum, plan_split};
use crate::db::records::scan::{self, RecordKey, Scan};
use crate::db::{self, Db};
use crate::error::ServiceResult;
use crate::export::mask::masked;
use crate::export::stream::lines;
use crate::export::training_row;
use crate::state::AppState;
use crate::types::dataset::Dataset;
use crate::types::error::AppError;
use crate::types::pii::MaskStyle;
use crate::types::topics::TopicHierarchy;
use crate::types::training::{SplitBasis, SplitConfig, SplitPart, SplitPreview};

/// Keys read at once.
const KEYS: i64 = 10_000;

/// What the split would give.
pub async fn preview(state: &AppState, dataset_id: &str, config: SplitConfig) -> ServiceResult<SplitPreview> {
    let Population { basis, strata, left_out, .. } = population(state, dataset_id).await?;
    let plan = plan(&strata, &config)?;
    let mut warnings = plan.warnings;
    warnings.push(
        "Exact duplicates are left out, but near-duplicates are not looked for yet: two records that say nearly the \
         same may stand in both files."
            .to_owned(),
    );
    Ok(SplitPreview {
        config,
        basis,
        train: plan.train,
        valid: plan.valid,
        by_topic: plan.by_topic,
        left_out,
        warnings,
    })
}

/// The rows of one file, exactly as a provider is sent them (or masked), in record order. Refused if `expected` is given and is no
/// longer the state of the data; broken off if the data changes while it is read.
pub async fn rows(
    state: &AppState,
    dataset_id: &str,
    config: SplitConfig,
    part: SplitPart,
    expected: Option<SplitBasis>,
    mask: Option<MaskStyle>,
) -> ServiceResult<impl Stream<Item = ServiceResult<Bytes>> + Send + 'static + use<>> {
    let Population { basis, leaves, strata, .. } = population(state, dataset_id).await?;
    if expected.is_some_and(|expected| expected != basis) {
        return Err(changed().into());
    }
    let mut assigner = SplitAssigner::new(plan(&strata, &config)?);
    let rows = lines(state.db.clone(), dataset_id.to_owned(), Scan::valid(), move |record| {
        let row = match mask {
            Some(style) => training_row(&masked(record, style))?,
            None => training_row(record)?,
        };
        let topic = record.topic.as_deref().filter(|topic| leaves.contains(*topic));
        (assigner.next_part(topic, record.is_generated) == part).then_some(row)
    });
    let (db, dataset_id) = (state.db.clone(), dataset_id.to_owned());
    // Looked at after each window, so that a window of other data is never the last one sent; and at the end, which
    // other data may have brought about too early.
    let end = stream::once({
        let (db, dataset_id) = (db.clone(), dataset_id.clone());
        async move { unchanged(&db, &dataset_id, basis).await }
    });
    let rows = rows.then(move |window| {
        let (db, dataset_id) = (db.clone(), dataset_id.clone());
        async move { unchanged(&db, &dataset_id, basis).await.and(window) }
    });
    Ok(rows.chain(end.filter_map(|unchanged| std::future::ready(unchanged.err().map(Err)))))
}

async fn unchanged(db: &Db, dataset_id: &str, basis: SplitBasis) -> ServiceResult<()> {
    if basis_of(&db::datasets::get(db, dataset_id).await?) == basis { Ok(()) } else { Err(changed().into()) }
}

fn changed() -> AppError {
    AppError::conflict(
        "The records or topics have changed since this split was made, so the two files would not fit together. Look at \
         the split again, then download both files.",
    )
}

fn plan(strata: &[Stratum], config: &SplitConfig) -> Result<SplitPlan, AppError> {
    plan_split(strata, config).map_err(|error| AppError::invalid_field("train_ratio", error.to_string()))
}

const fn basis_of(dataset: &Dataset) -> SplitBasis {
    SplitBasis { records_revision: dataset.records_revision, topics_revision: dataset.topics_revision }
}

/// What is divided, all of one moment.
struct Population {
    basis: SplitBasis,
    /// The names of the leaf topics; any other label counts as none.
    leaves: HashSet<String>,
    /// Valid records that trainers take, by leaf topic.
    strata: Vec<Stratum>,
    /// Valid records that they would not take.
    left_out: i64,
}

async fn population(state: &AppState, dataset_id: &str) -> ServiceResult<Population> {
    let mut snapshot = state.db.snapshot().await?;
    let basis = basis_of(&db::datasets::get(&mut snapshot, dataset_id).await?);
    let hierarchy = db::topics::current(&mut snapshot, dataset_id).await?;
    let leaves = hierarchy.as_ref().map(TopicHierarchy::leaf_names).unwrap_or_default();
    let mut by_topic = BTreeMap::<Option<String>, (i64, i64)>::new();
    let mut left_out = 0;
    let mut cursor = 0;
    loop {
        let keys = scan::keys(&mut snapshot, dataset_id, Scan::valid(), cursor, KEYS).await?;
        let Some(last) = keys.last() else { break };
        cursor = last.id;
        for key in keys {
            let RecordKey { topic, is_generated, ends_with_user, .. } = key;
            if ends_with_user {
                let topic = topic.filter(|topic| leaves.contains(topic.as_str()));
                let (recorded, generated) = by_topic.entry(topic).or_default();
                *(if is_generated { generated } else { recorded }) += 1;
            } else {
                left_out += 1;
            }
        }
    }
    let strata =
        by_topic.into_iter().map(|(topic, (recorded, generated))| Stratum { topic, recorded, generated }).collect();
    let leaves = leaves.into_iter().map(str::to_owned).collect();
    Ok(Population { basis, leaves, strata, left_out })
}
