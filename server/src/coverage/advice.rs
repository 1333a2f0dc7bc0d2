//! What a coverage report recommends: how many records of which topic reach which balance.

use super::{SLACK, calculate_balance_score, format, get_balance_rating};
use crate::types::coverage::{CoverageReport, TopicDistribution, TopicStatus};

/// Topics named one by one; the rest is counted. A hierarchy may have hundreds.
const TOPICS_NAMED: usize = 5;
/// A balance from which nothing is asked for: "excellent".
const BEST_BALANCE: f64 = 0.8;
/// The balance that is asked for first: "good".
const GOOD_BALANCE: f64 = 0.6;
/// Uncategorized records above this share are worth a word.
const UNCATEGORIZED_SHARE: f64 = 0.1;

/// Recommendations for a report, most useful first, from its figures alone.
pub fn generate_coverage_recommendations(report: &CoverageReport) -> Vec<String> {
    if report.distribution.is_empty() {
        return vec!["There are no topics yet: define or import some, so that coverage can be computed.".to_owned()];
    }
    let Some(balance) = report.balance_score else {
        return vec![match report.valid_records {
            0 => "There are no valid records yet: import some, or mend the invalid ones.".to_owned(),
            valid => format!(
                "None of the {} carries one of the topics: categorize them first.",
                format::counted(valid, "valid record")
            ),
        }];
    };
    let mut recommendations = Vec::new();
    recommendations.extend(uncategorized(report));
    recommendations.extend(raise_balance(&report.distribution, balance));
    recommendations.extend(shortages(&report.distribution));
    recommendations.extend(surpluses(&report.distribution));
    if recommendations.is_empty() {
        recommendations.push(format!(
            "Nothing needs adding: the balance is {balance:.2}, and every topic is within tolerance of its target."
        ));
    }
    recommendations
}

fn uncategorized(report: &CoverageReport) -> Option<String> {
    let share = report.uncategorized_count as f64 / report.valid_records.max(1) as f64;
    (share > UNCATEGORIZED_SHARE).then(|| {
        format!(
            "{} ({:.0}%) carry none of the topics and are not counted here: give them one, so that coverage speaks for all.",
            format::counted(report.uncategorized_count, "valid record"),
            share * 100.0
        )
    })
}

/// The records that lift the balance to the next worthwhile score, all of them together.
///
/// Exact: the total is in all attainments alike, so a topic needs `score * max(count / target) * its target` records,
/// whatever is added to the others. The largest attainment stays where it is.
fn raise_balance(distribution: &[TopicDistribution], balance: f64) -> Option<String> {
    let aim = if balance + SLACK < GOOD_BALANCE {
        GOOD_BALANCE
    } else if balance + SLACK < BEST_BALANCE {
        BEST_BALANCE
    } else {
        return None;
    };
    let additions = additions_for(distribution, aim);
    // Nothing can be added up to a largest attainment of nothing: all records are where none should be.
    let total: i64 = additions.iter().map(|(_, added)| added).sum();
    if total == 0 {
        return None;
    }
    let named: Vec<String> = additions
        .iter()
        .take(TOPICS_NAMED)
        .map(|(topic, added)| format!("{} of “{topic}”", format::count(*added)))
        .collect();
    let rest: i64 = additions.iter().skip(TOPICS_NAMED).map(|(_, added)| added).sum();
    let rest_text = match additions.len().saturating_sub(TOPICS_NAMED) {
        0 => String::new(),
        topics => format!(
            " and {} of {}",
            format::count(rest),
            format::counted(i64::try_from(topics).unwrap_or(i64::MAX), "other topic")
        ),
    };
    Some(format!(
        "Add {}, {}{rest_text}: that lifts the balance from {balance:.2} ({}) to {aim:.2} ({}).",
        format::counted(total, "record"),
        named.join(", "),
        get_balance_rating(balance).as_str(),
        get_balance_rating(aim).as_str(),
    ))
}

/// The fewest records per topic that make the balance at least `aim` (0..1), most first; topics that need none left out.
pub(super) fn additions_for(distribution: &[TopicDistribution], aim: f64) -> Vec<(&str, i64)> {
    let wanted = || distribution.iter().filter(|topic| topic.target_percentage > 0.0);
    let largest = wanted().map(|topic| topic.count as f64 / topic.target_percentage).fold(0.0f64, f64::max);
    let mut additions: Vec<(&str, i64)> = wanted()
        .filter_map(|topic| {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "no more than the records that there are, over a target's share"
            )]
            let count = (aim * largest * topic.target_percentage - SLACK).ceil() as i64;
            (count > topic.count).then(|| (topic.topic.as_str(), count - topic.count))
        })
        .collect();
    additions.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    additions
}

/// A line per topic that is under its target, the emptiest first.
fn shortages(distribution: &[TopicDistribution]) -> Vec<String> {
    let mut under: Vec<&TopicDistribution> =
        distribution.iter().filter(|topic| topic.status == TopicStatus::Under).collect();
    let attainment = |topic: &TopicDistribution| topic.count as f64 / topic.target_percentage;
    under.sort_by(|a, b| attainment(a).total_cmp(&attainment(b)).then_with(|| a.topic.cmp(&b.topic)));
    let mut lines: Vec<String> = under
        .iter()
        .take(TOPICS_NAMED)
        .map(|topic| {
            let reached = balance_after(distribution, topic);
            format!(
                "“{}” has {} ({:.1}%, target {:.1}%): {} more bring it to its target's tolerance, and the balance to {reached:.2} ({}).",
                topic.topic,
                format::counted(topic.count, "record"),
                topic.percentage,
                topic.target_percentage,
                format::count(topic.needed),
                get_balance_rating(reached).as_str(),
            )
        })
        .collect();
    if under.len() > TOPICS_NAMED {
        let more = under.len() - TOPICS_NAMED;
        lines.push(format!(
            "{more} more {} under their targets; the table has them all.",
            if more == 1 { "topic is" } else { "topics are" }
        ));
    }
    lines
}

/// The balance after one topic alone gets what it needs.
fn balance_after(distribution: &[TopicDistribution], grown: &TopicDistribution) -> f64 {
    let after: Vec<TopicDistribution> = distribution
        .iter()
        .map(|topic| {
            let added = if topic.topic == grown.topic { topic.needed } else { 0 };
            TopicDistribution { count: topic.count + added, ..topic.clone() }
        })
        .collect();
    calculate_balance_score(&after).unwrap_or(0.0)
}

/// One line for the topics that are over their targets: nothing is to be deleted.
fn surpluses(distribution: &[TopicDistribution]) -> Option<String> {
    let mut over: Vec<&TopicDistribution> =
        distribution.iter().filter(|topic| topic.status == TopicStatus::Over).collect();
    over.sort_by(|a, b| a.gap.total_cmp(&b.gap).then_with(|| a.topic.cmp(&b.topic)));
    let largest = over.first()?;
    let others = match over.len() - 1 {
        0 => String::new(),
        others => format!(", and {} too", format::counted(i64::try_from(others).unwrap_or(i64::MAX), "other topic")),
    };
    Some(format!(
        "“{}” has {:.1}% of the records, over its target of {:.1}%{others}: add to the others rather than delete.",
        largest.topic, largest.percentage, largest.target_percentage
    ))
}
