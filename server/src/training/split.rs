//! Which valid records train and which validate (domain.md section 9). Pure and seeded: the plan is made from
//! counts alone, and a streaming export in record order asks it for each row.
//!
//! A cluster of near-duplicates is one unit: all of its rows go to one side ([`clusters`] says to which).

mod clusters;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

pub use self::clusters::ClusterRows;
use self::clusters::choose_clusters;
use crate::dry_run::sample::{allocate, choose_indices};
use crate::format::{count, counted};
use crate::types::training::{SplitConfig, SplitPart, SplitTopic};

/// The rows of one topic, in record order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stratum {
    /// The topic; `None` for uncategorized records.
    pub topic: Option<String>,
    /// Records that came from the user and are in no cluster.
    pub recorded: i64,
    /// Synthetic ones in no cluster; without `include_generated_in_valid` they only train.
    pub generated: i64,
}

/// Why no split can be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SplitError {
    /// A ratio that leaves one side empty.
    #[error("The training share is {0}, but it must lie above 0 and below 1. The default is 0.9.")]
    BadRatio(f64),
    /// No row at all.
    #[error(
        "There is no record to train on: none is valid and ends with a user message. View the issues of the records."
    )]
    NoRows,
}

/// Exact counts, what a trainer would refuse, and the rows chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct SplitPlan {
    /// Rows to train on.
    pub train: i64,
    /// Rows to validate on.
    pub valid: i64,
    /// By topic, in the order given.
    pub by_topic: Vec<SplitTopic>,
    /// Clusters of two or more rows, each whole on one side.
    pub kept_together: i64,
    /// Anything a trainer would refuse, in words.
    pub warnings: Vec<String>,
    /// Per topic the rows to validate on: ascending positions among its rows that may validate and are in no cluster.
    chosen: HashMap<Option<String>, Vec<i64>>,
    /// The clusters to validate on.
    chosen_clusters: HashSet<i64>,
    include_generated_in_valid: bool,
}

/// Divides the rows: validation gets `1 - train_ratio` of all, rounded, at least one row if there are two, and
/// never all; as near to that as whole clusters allow. It is spread over the topics by largest remainder of the rows that may validate;
/// without stratification it is a plain random sample of them.
pub fn plan_split(strata: &[Stratum], clusters: &[ClusterRows], config: &SplitConfig) -> Result<SplitPlan, SplitError> {
    if !(config.train_ratio > 0.0 && config.train_ratio < 1.0) {
        return Err(SplitError::BadRatio(config.train_ratio));
    }
    let in_clusters = clusters.iter().map(ClusterRows::total).sum::<i64>();
    let total: i64 = strata.iter().map(|stratum| stratum.recorded + stratum.generated).sum::<i64>() + in_clusters;
    if total == 0 {
        return Err(SplitError::NoRows);
    }
    let with_generated = config.include_generated_in_valid;
    let alone: Vec<(Option<String>, i64)> = strata
        .iter()
        .map(|stratum| {
            let generated = if with_generated { stratum.generated } else { 0 };
            (stratum.topic.clone(), stratum.recorded + generated)
        })
        .collect();
    let validating: Vec<&ClusterRows> =
        clusters.iter().filter(|cluster| with_generated || cluster.generated == 0).collect();
    let may_validate =
        alone.iter().map(|(_, rows)| rows).sum::<i64>() + validating.iter().map(|cluster| cluster.total()).sum::<i64>();
    let wanted = rounded_share(total, 1.0 - config.train_ratio).max(1).min(total - 1).min(may_validate);
    let (choice, chosen) = if config.stratify_by_topic {
        let choice = choose_clusters(&alone, &validating, wanted, total - 1, config.seed);
        let parts = choice.rows_alone.iter().zip(&alone);
        let indices = parts.map(|(part, (topic, rows))| choose_indices(*rows, *part, config.seed, topic.as_deref()));
        let chosen: Vec<Vec<i64>> = indices.collect();
        (choice, chosen)
    } else {
        let as_one = [(None, alone.iter().map(|(_, rows)| rows).sum())];
        let choice = choose_clusters(&as_one, &validating, wanted, total - 1, config.seed);
        let chosen = choose_at_random(&alone, choice.rows_alone.iter().sum(), config.seed);
        (choice, chosen)
    };
    let by_topic = by_topic(strata, clusters, &chosen, &choice.clusters);
    let valid = by_topic.iter().map(|topic| topic.valid).sum();
    Ok(SplitPlan {
        train: total - valid,
        valid,
        kept_together: clusters.iter().filter(|cluster| cluster.total() > 1).count().cast_signed() as i64,
        warnings: warnings(total - valid, valid, may_validate, &by_topic),
        chosen: strata.iter().map(|stratum| stratum.topic.clone()).zip(chosen).collect(),
        chosen_clusters: choice.clusters,
        by_topic,
        include_generated_in_valid: with_generated,
    })
}

fn by_topic(
    strata: &[Stratum],
    clusters: &[ClusterRows],
    chosen: &[Vec<i64>],
    chosen_clusters: &HashSet<i64>,
) -> Vec<SplitTopic> {
    let of_stratum = |(stratum, chosen): (&Stratum, &Vec<i64>)| {
        let valid = chosen.len().cast_signed() as i64;
        SplitTopic { topic: stratum.topic.clone(), train: stratum.recorded + stratum.generated - valid, valid }
    };
    let mut topics: Vec<SplitTopic> = strata.iter().zip(chosen).map(of_stratum).collect();
    for cluster in clusters {
        let validates = chosen_clusters.contains(&cluster.id);
        for (stratum, rows) in &cluster.rows {
            *(if validates { &mut topics[*stratum].valid } else { &mut topics[*stratum].train }) += rows;
        }
    }
    topics
}

/// Says of every row, in record order, where it goes: constant time a row, memory for topics and clusters only.
#[derive(Debug)]
pub struct SplitAssigner {
    /// Per topic: the chosen positions still to come (descending, so that the next is the last), and the
    /// number of rows seen that may validate.
    strata: HashMap<Option<String>, (Vec<i64>, i64)>,
    chosen_clusters: HashSet<i64>,
    include_generated_in_valid: bool,
}

impl SplitAssigner {
    /// For one pass over the rows.
    pub fn new(plan: SplitPlan) -> Self {
        let strata = plan.chosen.into_iter().map(|(topic, mut chosen)| {
            chosen.reverse();
            (topic, (chosen, 0))
        });
        Self {
            strata: strata.collect(),
            chosen_clusters: plan.chosen_clusters,
            include_generated_in_valid: plan.include_generated_in_valid,
        }
    }

    /// The part of the next row, which is in this cluster. Rows must come in the order and number the plan was made for; a row
    /// of an unknown topic or cluster trains.
    pub fn next_part(&mut self, topic: Option<&str>, is_generated: bool, cluster: Option<i64>) -> SplitPart {
        if let Some(cluster) = cluster {
            return if self.chosen_clusters.contains(&cluster) { SplitPart::Valid } else { SplitPart::Train };
        }
        if is_generated && !self.include_generated_in_valid {
            return SplitPart::Train;
        }
        let Some((chosen, seen)) = self.strata.get_mut(&topic.map(str::to_owned)) else { return SplitPart::Train };
        let is_chosen = chosen.pop_if(|position| position == seen).is_some();
        *seen += 1;
        if is_chosen { SplitPart::Valid } else { SplitPart::Train }
    }
}

/// A simple random sample of all eligible rows, laid out topic after topic.
fn choose_at_random(eligible: &[(Option<String>, i64)], wanted: i64, seed: u64) -> Vec<Vec<i64>> {
    let total = eligible.iter().map(|(_, rows)| rows).sum();
    let drawn = choose_indices(total, wanted, seed, None);
    let (mut rest, mut start) = (drawn.as_slice(), 0);
    let mut chosen = Vec::with_capacity(eligible.len());
    for (_, rows) in eligible {
        let (here, after) = rest.split_at(rest.partition_point(|position| *position < start + rows));
        chosen.push(here.iter().map(|position| position - start).collect());
        (rest, start) = (after, start + rows);
    }
    chosen
}

/// `rows * share` to the nearest whole number, halves up: the tiny term makes good that 1 - 0.9 is a hair below 0.1.
#[expect(clippy::cast_possible_truncation, reason = "a share of an i64 count below 2^52 fits")]
fn rounded_share(rows: i64, share: f64) -> i64 {
    (rows as f64 * share + 1e-6).round() as i64
}

/// Bounds of the providers as of their documentation: OpenAI takes 50,000 training and 1,000 validation rows, Amazon
/// Bedrock 100 to 20,000 rows.
fn warnings(train: i64, valid: i64, may_validate: i64, by_topic: &[SplitTopic]) -> Vec<String> {
    let mut warnings = Vec::new();
    if train < 100 {
        warnings.push(format!(
            "Only {} to train on: Amazon Bedrock refuses fewer than 100. Import or add more records.",
            counted(train, "row")
        ));
    }
    if train > 50_000 {
        warnings.push(format!(
            "{} rows to train on: OpenAI takes at most 50,000. Train on a part of the records.",
            count(train)
        ));
    }
    if train + valid > 20_000 {
        warnings.push(format!(
            "{} rows in all: Amazon Bedrock takes at most 20,000. Train on a part of the records there.",
            count(train + valid)
        ));
    }
    if valid > 1_000 {
        warnings.push(format!(
            "{} rows to validate on: OpenAI takes at most 1,000. Raise the training share.",
            count(valid)
        ));
    }
    if valid < 10 {
        let cause = if may_validate == valid { " Generated records do not validate." } else { "" };
        warnings.push(format!(
            "Only {} to validate on: fewer than 10 cannot show whether the training helps.{cause} Import more records or lower the training share.",
            counted(valid, "row")
        ));
    }
    let absent = by_topic.iter().filter(|topic| topic.valid == 0 && topic.train > 0).count().cast_signed() as i64;
    if absent > 0 && valid > 0 {
        warnings.push(format!(
            "{} {} no validation row, so the training's effect there stays unknown. Add records there.",
            counted(absent, "topic"),
            if absent == 1 { "has" } else { "have" }
        ));
    }
    warnings
}
