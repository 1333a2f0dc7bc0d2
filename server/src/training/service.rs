//! The split as a service: the preview, and the rows of each file as a stream.
//!
//! A split is made anew for each file, which is right as long as the data is the same; [`SplitBasis`] tells whether it is.

use std::collections::{BTreeMap, HashMap, HashSet};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};

use super::split::{ClusterRows, SplitAssigner, SplitPlan, Stratum, plan_split};
use crate::db::records::scan::{self, RecordKey, Scan};
use crate::db::{self, Db};
use crate::error::ServiceResult;
use crate::export::mask::masked;
use crate::export::stream::lines;
use crate::export::training_row;
use crate::state::AppState;
use crate::types::dataset::Dataset;
use crate::types::error::AppError;
use crate::types::near_duplicates::NearDuplicates;
use crate::types::pii::MaskStyle;
use crate::types::topics::TopicHierarchy;
use crate::types::training::{NearDuplicatesKnown, SplitBasis, SplitConfig, SplitPart, SplitPreview};

/// Keys read at once.
const KEYS: i64 = 10_000;

/// What the split would give.
pub async fn preview(state: &AppState, dataset_id: &str, config: SplitConfig) -> ServiceResult<SplitPreview> {
    let Population { basis, strata, clusters, near_duplicates, left_out, .. } =
        Box::pin(population(state, dataset_id)).await?;
    let plan = plan(&strata, &clusters, &config)?;
    Ok(SplitPreview {
        config,
        basis,
        train: plan.train,
        valid: plan.valid,
        by_topic: plan.by_topic,
        left_out,
        kept_together: plan.kept_together,
        near_duplicates,
        warnings: plan.warnings,
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
    let Population { basis, leaves, strata, clusters, cluster_of, .. } =
        Box::pin(population(state, dataset_id)).await?;
    if expected.is_some_and(|expected| expected != basis) {
        return Err(changed().into());
    }
    let mut assigner = SplitAssigner::new(plan(&strata, &clusters, &config)?);
    let rows = lines(state.db.clone(), dataset_id.to_owned(), Scan::valid(), move |record| {
        let row = match mask {
            Some(style) => training_row(&masked(record, style))?,
            None => training_row(record)?,
        };
        let topic = record.topic.as_deref().filter(|topic| leaves.contains(*topic));
        let cluster = cluster_of.get(&record.id).copied();
        (assigner.next_part(topic, record.is_generated, cluster) == part).then_some(row)
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
    let now = basis_of(&db::datasets::get(db, dataset_id).await?, db::near_duplicates::current(db, dataset_id).await?);
    if now == basis { Ok(()) } else { Err(changed().into()) }
}

fn changed() -> AppError {
    AppError::conflict(
        "The records or topics have changed since this split was made, or near-duplicates were looked for, so the two files would \
         not fit together. Look at the split again, then download both files.",
    )
}

fn plan(strata: &[Stratum], clusters: &[ClusterRows], config: &SplitConfig) -> Result<SplitPlan, AppError> {
    plan_split(strata, clusters, config).map_err(|error| AppError::invalid_field("train_ratio", error.to_string()))
}

fn basis_of(dataset: &Dataset, found: Option<NearDuplicates>) -> SplitBasis {
    SplitBasis {
        records_revision: dataset.records_revision,
        topics_revision: dataset.topics_revision,
        near_duplicates: found.map_or(0, |found| found.run_id),
    }
}

/// What is divided, all of one moment.
struct Population {
    basis: SplitBasis,
    /// The names of the leaf topics; any other label counts as none.
    leaves: HashSet<String>,
    /// Valid records that trainers take and that are in no cluster, by leaf topic.
    strata: Vec<Stratum>,
    /// Those in clusters of near-duplicates.
    clusters: Vec<ClusterRows>,
    /// The cluster of every record that is in one.
    cluster_of: HashMap<i64, i64>,
    near_duplicates: NearDuplicatesKnown,
    /// Valid records that they would not take.
    left_out: i64,
}

/// The rows as they are gathered.
#[derive(Default)]
struct Rows {
    /// In no cluster: from the user, and synthetic.
    alone: (i64, i64),
    /// By cluster.
    in_clusters: BTreeMap<i64, (i64, i64)>,
}

impl Rows {
    fn add(&mut self, is_generated: bool, cluster: Option<i64>) {
        let rows = cluster.map_or(&mut self.alone, |cluster| self.in_clusters.entry(cluster).or_default());
        *(if is_generated { &mut rows.1 } else { &mut rows.0 }) += 1;
    }
}

async fn population(state: &AppState, dataset_id: &str) -> ServiceResult<Population> {
    let mut snapshot = state.db.snapshot().await?;
    let dataset = db::datasets::get(&mut snapshot, dataset_id).await?;
    let found = db::near_duplicates::current(&mut snapshot, dataset_id).await?;
    let hierarchy = db::topics::current(&mut snapshot, dataset_id).await?;
    let leaves = hierarchy.as_ref().map(TopicHierarchy::leaf_names).unwrap_or_default();
    let cluster_of: HashMap<i64, i64> = match found {
        Some(found) => db::near_duplicates::all_members(&mut snapshot, found.run_id).await?.into_iter().collect(),
        None => HashMap::new(),
    };
    let mut by_topic = BTreeMap::<Option<String>, Rows>::new();
    let mut left_out = 0;
    let mut cursor = 0;
    loop {
        let keys = scan::keys(&mut snapshot, dataset_id, Scan::valid(), cursor, KEYS).await?;
        let Some(last) = keys.last() else { break };
        cursor = last.id;
        for RecordKey { id, topic, is_generated, ends_with_user } in keys {
            if ends_with_user {
                let topic = topic.filter(|topic| leaves.contains(topic.as_str()));
                by_topic.entry(topic).or_default().add(is_generated, cluster_of.get(&id).copied());
            } else {
                left_out += 1;
            }
        }
    }
    let (strata, clusters) = divided(by_topic);
    let near_duplicates = match found {
        None => NearDuplicatesKnown::Never,
        Some(found) if found.is_stale => NearDuplicatesKnown::Stale,
        Some(_) => NearDuplicatesKnown::Current,
    };
    let leaves = leaves.into_iter().map(str::to_owned).collect();
    Ok(Population { basis: basis_of(&dataset, found), leaves, strata, clusters, cluster_of, near_duplicates, left_out })
}

/// Rows in no cluster by topic, and clusters, which may be of several.
fn divided(by_topic: BTreeMap<Option<String>, Rows>) -> (Vec<Stratum>, Vec<ClusterRows>) {
    let mut strata = Vec::with_capacity(by_topic.len());
    let mut clusters = BTreeMap::<i64, ClusterRows>::new();
    for (stratum, (topic, rows)) in by_topic.into_iter().enumerate() {
        strata.push(Stratum { topic, recorded: rows.alone.0, generated: rows.alone.1 });
        for (id, (recorded, generated)) in rows.in_clusters {
            let cluster = clusters.entry(id).or_insert(ClusterRows { id, rows: Vec::new(), generated: 0 });
            cluster.rows.push((stratum, recorded + generated));
            cluster.generated += generated;
        }
    }
    (strata, clusters.into_values().collect())
}
