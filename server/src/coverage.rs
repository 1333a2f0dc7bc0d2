//! Coverage: how the valid records spread over the topics, and what to add where (domain.md section 5). Pure.
//!
//! Start at [`analyze_coverage`].

use std::collections::BTreeMap;

use crate::format;
use crate::types::TimestampMs;
use crate::types::coverage::{BalanceRating, CoverageReport, TargetDistribution, TopicDistribution, TopicStatus};
use crate::types::topics::TopicHierarchy;

mod advice;
#[cfg(test)]
mod tests;

pub use advice::generate_coverage_recommendations;

/// Shares and points are sums and quotients of floats: nothing is decided by their last digits.
const SLACK: f64 = 1e-9;
/// Targets may miss 100 by this many points, which is what typing thirds as 33.33 costs.
const TARGET_SUM_TOLERANCE: f64 = 0.01 + SLACK;

/// What coverage is computed from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CoverageCounts {
    /// All records.
    pub total_records: i64,
    /// The valid ones.
    pub valid_records: i64,
    /// Valid records per label, as records carry it; a label need not be a leaf of the hierarchy.
    pub by_topic: BTreeMap<String, i64>,
    /// Valid records without a label.
    pub uncategorized: i64,
}

/// How the valid records spread over the leaves of `hierarchy`.
///
/// A label that is not a leaf counts as uncategorized: it is in no topic's share. Without `targets` every leaf should
/// have the same share. Targets that do not fit the leaves (see [`validate_targets`]), as after a change of the
/// hierarchy, are not used, and the first recommendation says so.
pub fn analyze_coverage(
    counts: &CoverageCounts,
    hierarchy: &TopicHierarchy,
    targets: Option<&TargetDistribution>,
    timestamp: TimestampMs,
) -> CoverageReport {
    let leaves: Vec<&str> = hierarchy.leaves().into_iter().map(|leaf| leaf.name.as_str()).collect();
    let unfit = targets.and_then(|targets| validate_targets(targets, &leaves).err());
    let targets = if unfit.is_some() { None } else { targets };
    let count_of = |leaf: &str| counts.by_topic.get(leaf).copied().unwrap_or(0).max(0);
    let categorized: i64 = leaves.iter().map(|leaf| count_of(leaf)).sum();
    let labelled: i64 = counts.by_topic.values().map(|count| (*count).max(0)).sum();
    let even = 100.0 / leaves.len().max(1) as f64;
    let distribution: Vec<TopicDistribution> = leaves
        .iter()
        .map(|leaf| {
            let target = targets.and_then(|targets| targets.get(*leaf)).copied().unwrap_or(even);
            topic_distribution(leaf, count_of(leaf), categorized, target)
        })
        .collect();
    let balance_score = calculate_balance_score(&distribution);
    let mut report = CoverageReport {
        timestamp,
        total_records: counts.total_records,
        valid_records: counts.valid_records,
        balance_score,
        balance_rating: balance_score.map(get_balance_rating),
        effective_topics: effective_topics(&distribution),
        recommendations: Vec::new(),
        uncategorized_count: counts.uncategorized.max(0) + labelled - categorized,
        distribution,
    };
    let advice = generate_coverage_recommendations(&report);
    let notice = unfit.map(|message| format!("The target shares are not used, every topic counts alike: {message}"));
    report.recommendations = notice.into_iter().chain(advice).collect();
    report
}

/// Whether `targets` can be used with these leaves; else what is wrong with them, for the person who typed them.
///
/// Every leaf is named and nothing else; every share is a number from 0 to 100; they add up to 100 within 0.01. A share
/// of 0 is allowed: such a topic has no attainment and stays out of the balance.
pub fn validate_targets(targets: &TargetDistribution, leaves: &[&str]) -> Result<(), String> {
    if let Some(leaf) = leaves.iter().find(|leaf| !targets.contains_key(**leaf)) {
        return Err(format!("Topic “{leaf}” has no target share. Give every topic one; 0 is allowed."));
    }
    if let Some(name) = targets.keys().find(|name| !leaves.contains(&name.as_str())) {
        return Err(format!("“{name}” is not a topic that can carry records. Remove its target share."));
    }
    if let Some((name, share)) = targets.iter().find(|(_, share)| !(0.0..=100.0).contains(*share)) {
        return Err(format!("The target share of “{name}” is {}. It must be a number from 0 to 100.", shown(*share)));
    }
    let sum: f64 = targets.values().sum();
    if (sum - 100.0).abs() > TARGET_SUM_TOLERANCE {
        return Err(format!("The target shares add up to {sum:.2}%. They must add up to 100%."));
    }
    Ok(())
}

/// A number of any size in a sentence: none of 300 digits.
fn shown(share: f64) -> String {
    if share.abs() < 1e6 { share.to_string() } else { format!("{share:e}") }
}

/// The smallest attainment (share / target) over the largest, 0..1. A topic without a record gives 0, one topic alone 1.
/// `None` while no record is categorized. Topics with a target of 0 have no attainment and are left out.
pub fn calculate_balance_score(distribution: &[TopicDistribution]) -> Option<f64> {
    if distribution.iter().all(|topic| topic.count <= 0) {
        return None;
    }
    // The total is in all attainments alike and cancels out: counts are exact where shares are not.
    let attainments = distribution
        .iter()
        .filter(|topic| topic.target_percentage > 0.0)
        .map(|topic| topic.count as f64 / topic.target_percentage);
    let (smallest, largest) = attainments.fold((f64::INFINITY, 0.0f64), |(low, high), a| (low.min(a), high.max(a)));
    // All records in topics that should have none.
    Some(if largest <= 0.0 { 0.0 } else { smallest / largest })
}

/// The balance in a word: from 0.8 excellent, 0.6 good, 0.4 fair, 0.2 poor, below critical.
pub fn get_balance_rating(score: f64) -> BalanceRating {
    match score + SLACK {
        score if score >= 0.8 => BalanceRating::Excellent,
        score if score >= 0.6 => BalanceRating::Good,
        score if score >= 0.4 => BalanceRating::Fair,
        score if score >= 0.2 => BalanceRating::Poor,
        _ => BalanceRating::Critical,
    }
}

/// How many records of a topic to add so that it is no longer under its target, with the total growing along: the
/// smallest `n` for which `(count + n) / (total + n)` reaches `target - tolerance`; 0 if it has enough or too many.
///
/// There is always such a number, since the bound is at most 95%. In a small dataset one record may be worth more than
/// the whole tolerance, so that the topic goes from too few to too many: then no number is within tolerance, and this
/// one ends the shortage. `count` and `total` are valid records, categorized; `target_percentage` is 0..100.
pub fn needed(count: i64, total: i64, target_percentage: f64) -> i64 {
    let under = |added: i64| status(count + added, total + added, target_percentage) == TopicStatus::Under;
    if !under(0) {
        return 0;
    }
    // Solved for n, then put right to the last record: rounding may miss by one.
    let share = (target_percentage - tolerance(target_percentage)) / 100.0;
    #[expect(clippy::cast_possible_truncation, reason = "a share of at most 0.95 keeps it below 20 times the total")]
    let mut added = (((share * total as f64 - count as f64) / (1.0 - share)).ceil() as i64).max(1);
    while under(added) {
        added += 1;
    }
    while added > 1 && !under(added - 1) {
        added -= 1;
    }
    added
}

fn topic_distribution(topic: &str, count: i64, total: i64, target_percentage: f64) -> TopicDistribution {
    let percentage = percentage(count, total);
    TopicDistribution {
        topic: topic.to_owned(),
        count,
        percentage,
        target_percentage,
        gap: target_percentage - percentage,
        tolerance: tolerance(target_percentage),
        status: status(count, total, target_percentage),
        needed: needed(count, total, target_percentage),
    }
}

fn percentage(count: i64, total: i64) -> f64 {
    if total > 0 { count as f64 * 100.0 / total as f64 } else { 0.0 }
}

/// A quarter of the target, at most 5 points: 5 points alone would never flag a topic whose target is below 5.
fn tolerance(target_percentage: f64) -> f64 {
    (target_percentage / 4.0).min(5.0)
}

fn status(count: i64, total: i64, target_percentage: f64) -> TopicStatus {
    let gap = target_percentage - percentage(count, total);
    let tolerance = tolerance(target_percentage) + SLACK;
    if gap > tolerance {
        TopicStatus::Under
    } else if gap < -tolerance {
        TopicStatus::Over
    } else {
        TopicStatus::Ok
    }
}

/// exp of the entropy of the shares (Hill's number of order 1): as many equally large topics would be as varied.
fn effective_topics(distribution: &[TopicDistribution]) -> Option<f64> {
    let total: i64 = distribution.iter().map(|topic| topic.count).sum();
    let entropy: f64 = distribution
        .iter()
        .filter(|topic| topic.count > 0)
        .map(|topic| topic.count as f64 / total as f64)
        .map(|share| -share * share.ln())
        .sum();
    (total > 0).then(|| entropy.exp())
}
