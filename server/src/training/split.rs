//! Which valid records train and which validate (domain.md section 9). Pure and seeded: the plan is made from
//! counts alone, and a streaming export in record order asks it for each row.
//!
//! Near-duplicates are not looked for here: two records that say nearly the same may stand on both sides.

use std::collections::HashMap;

use crate::dry_run::sample::{allocate, choose_indices};
use crate::format::{count, counted};
use crate::types::training::{SplitConfig, SplitPart, SplitTopic};

/// The rows of one topic, in record order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stratum {
    /// The topic; `None` for uncategorized records.
    pub topic: Option<String>,
    /// Records that came from the user.
    pub recorded: i64,
    /// Synthetic ones; without `include_generated_in_valid` they only train.
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
    /// Anything a trainer would refuse, in words.
    pub warnings: Vec<String>,
    /// Per topic the rows to validate on: ascending positions among its rows that may validate.
    chosen: HashMap<Option<String>, Vec<i64>>,
    include_generated_in_valid: bool,
}

/// Divides the rows: validation gets `1 - train_ratio` of all, rounded, at least one row if there are two, and
/// never all. It is spread over the topics by largest remainder of the rows that may validate; without
/// stratification it is a plain random sample of them.
pub fn plan_split(strata: &[Stratum], config: &SplitConfig) -> Result<SplitPlan, SplitError> {
    if !(config.train_ratio > 0.0 && config.train_ratio < 1.0) {
        return Err(SplitError::BadRatio(config.train_ratio));
    }
    let total: i64 = strata.iter().map(|stratum| stratum.recorded + stratum.generated).sum();
    if total == 0 {
        return Err(SplitError::NoRows);
    }
    let eligible: Vec<(Option<String>, i64)> = strata
        .iter()
        .map(|stratum| {
            let generated = if config.include_generated_in_valid { stratum.generated } else { 0 };
            (stratum.topic.clone(), stratum.recorded + generated)
        })
        .collect();
    let may_validate: i64 = eligible.iter().map(|(_, rows)| rows).sum();
    let wanted = rounded_share(total, 1.0 - config.train_ratio).max(1).min(total - 1).min(may_validate);
    let chosen = if config.stratify_by_topic {
        choose_by_topic(&eligible, wanted, config.seed)
    } else {
        choose_at_random(&eligible, wanted, config.seed)
    };
    let by_topic: Vec<SplitTopic> = strata
        .iter()
        .zip(&chosen)
        .map(|(stratum, chosen)| {
            let valid = chosen.len().cast_signed() as i64;
            SplitTopic { topic: stratum.topic.clone(), train: stratum.recorded + stratum.generated - valid, valid }
        })
        .collect();
    Ok(SplitPlan {
        train: total - wanted,
        valid: wanted,
        warnings: warnings(total - wanted, wanted, may_validate, &by_topic),
        chosen: strata.iter().map(|stratum| stratum.topic.clone()).zip(chosen).collect(),
        by_topic,
        include_generated_in_valid: config.include_generated_in_valid,
    })
}

/// Says of every row, in record order, where it goes: constant time a row, memory for the topics only.
#[derive(Debug)]
pub struct SplitAssigner {
    /// Per topic: the chosen positions still to come (descending, so that the next is the last), and the
    /// number of rows seen that may validate.
    strata: HashMap<Option<String>, (Vec<i64>, i64)>,
    include_generated_in_valid: bool,
}

impl SplitAssigner {
    /// For one pass over the rows.
    pub fn new(plan: SplitPlan) -> Self {
        let strata = plan.chosen.into_iter().map(|(topic, mut chosen)| {
            chosen.reverse();
            (topic, (chosen, 0))
        });
        Self { strata: strata.collect(), include_generated_in_valid: plan.include_generated_in_valid }
    }

    /// The part of the next row. Rows must come in the order and number the plan was made for; a row of an
    /// unknown topic trains.
    pub fn next_part(&mut self, topic: Option<&str>, is_generated: bool) -> SplitPart {
        if is_generated && !self.include_generated_in_valid {
            return SplitPart::Train;
        }
        let Some((chosen, seen)) = self.strata.get_mut(&topic.map(str::to_owned)) else { return SplitPart::Train };
        let is_chosen = chosen.pop_if(|position| position == seen).is_some();
        *seen += 1;
        if is_chosen { SplitPart::Valid } else { SplitPart::Train }
    }
}

fn choose_by_topic(eligible: &[(Option<String>, i64)], wanted: i64, seed: u64) -> Vec<Vec<i64>> {
    allocate(eligible, wanted)
        .into_iter()
        .zip(eligible)
        .map(|(part, (topic, rows))| choose_indices(*rows, part, seed, topic.as_deref()))
        .collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn strata(parts: &[(&str, i64, i64)]) -> Vec<Stratum> {
        let topic = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        parts
            .iter()
            .map(|(name, recorded, generated)| Stratum {
                topic: topic(name),
                recorded: *recorded,
                generated: *generated,
            })
            .collect()
    }

    fn plan(parts: &[(&str, i64, i64)], change: fn(&mut SplitConfig)) -> SplitPlan {
        let mut config = SplitConfig::default();
        change(&mut config);
        plan_split(&strata(parts), &config).unwrap()
    }

    fn valid_by_topic(plan: &SplitPlan) -> Vec<i64> {
        plan.by_topic.iter().map(|topic| topic.valid).collect()
    }

    #[test]
    fn every_topic_is_divided_by_largest_remainder() {
        // 10% of 255 is 25.5, rounded 26; by hand: 26 * (123, 77, 55) / 255 = 12.54, 7.85, 5.61:
        // whole parts 12, 7, 5, and the two left over go to .85 and .61.
        let plan = plan(&[("a", 123, 0), ("b", 77, 0), ("", 55, 0)], |_| ());
        assert_eq!((plan.train, plan.valid), (229, 26));
        assert_eq!(valid_by_topic(&plan), [12, 8, 6]);
        assert_eq!(plan.by_topic[2], SplitTopic { topic: None, train: 49, valid: 6 });
        assert_eq!(plan.warnings, Vec::<String>::new());
    }

    #[test]
    fn small_numbers_leave_something_on_both_sides() {
        for (rows, expected) in [(1, (1, 0)), (2, (1, 1)), (3, (2, 1)), (15, (13, 2))] {
            let plan = plan(&[("a", rows, 0)], |_| ());
            assert_eq!((plan.train, plan.valid), expected, "{rows} rows");
        }
        let greedy = plan(&[("a", 4, 0)], |config| config.train_ratio = 0.01);
        assert_eq!((greedy.train, greedy.valid), (1, 3), "one row must train");
    }

    #[test]
    fn generated_records_validate_only_if_asked_for() {
        let parts: &[(&str, i64, i64)] = &[("a", 50, 50), ("b", 0, 100)];
        let without = plan(parts, |_| ());
        assert_eq!(valid_by_topic(&without), [20, 0]);
        assert_eq!(valid_by_topic(&plan(parts, |config| config.include_generated_in_valid = true)), [10, 10]);
        assert!(without.warnings.iter().any(|warning| warning.starts_with("1 topic has no validation row")));
        let all = plan(&[("a", 0, 300)], |_| ());
        assert_eq!((all.train, all.valid), (300, 0));
        assert!(all.warnings[0].contains("Generated records do not validate"), "{:?}", all.warnings);
    }

    #[test]
    fn the_export_gives_exactly_the_planned_rows() {
        for stratify in [true, false] {
            let mut config = SplitConfig { stratify_by_topic: stratify, train_ratio: 0.8, ..SplitConfig::default() };
            let plan = plan_split(&strata(&[("a", 300, 40), ("b", 90, 0), ("", 10, 0)]), &config).unwrap();
            let pass = |plan: &SplitPlan| {
                let mut assigner = SplitAssigner::new(plan.clone());
                // 44 rows ten times over: 30 of a, 4 generated of a, 9 of b, 1 without a topic.
                (0..440)
                    .map(|row| match row % 44 {
                        0..30 => assigner.next_part(Some("a"), false),
                        30..34 => assigner.next_part(Some("a"), true),
                        34..43 => assigner.next_part(Some("b"), false),
                        _ => assigner.next_part(None, false),
                    })
                    .collect::<Vec<_>>()
            };
            let parts = pass(&plan);
            let valid = |range: std::ops::Range<usize>| {
                let chosen = parts.iter().enumerate();
                let chosen = chosen.filter(|(row, part)| range.contains(&(row % 44)) && **part == SplitPart::Valid);
                chosen.count().cast_signed() as i64
            };
            assert_eq!(valid_by_topic(&plan), [valid(0..30), valid(34..43), valid(43..44)]);
            assert_eq!((valid(30..34), plan.valid), (0, 88), "20% of 440");
            assert_eq!(parts, pass(&plan), "repeatable");
            config.seed += 1;
            let other = plan_split(&strata(&[("a", 300, 40), ("b", 90, 0), ("", 10, 0)]), &config).unwrap();
            assert_ne!(parts, pass(&other), "another seed, another choice");
            assert_eq!(SplitAssigner::new(plan.clone()).next_part(Some("unknown"), false), SplitPart::Train);
        }
    }

    #[test]
    fn providers_bounds_are_named() {
        let warned = |rows, ratio: f64, words: &str| {
            let config = SplitConfig { train_ratio: ratio, ..SplitConfig::default() };
            let plan = plan_split(&strata(&[("a", rows, 0)]), &config).unwrap();
            plan.warnings.iter().any(|warning| warning.contains(words))
        };
        assert!(warned(110, 0.9, "refuses fewer than 100") && !warned(112, 0.9, "refuses fewer than 100"));
        assert!(warned(50_002, 0.999_99, "at most 50,000") && !warned(50_001, 0.999_99, "at most 50,000"));
        assert!(warned(20_001, 0.9, "at most 20,000") && !warned(20_000, 0.9, "at most 20,000"));
        assert!(warned(10_010, 0.9, "at most 1,000") && !warned(10_000, 0.9, "at most 1,000"));
        assert!(warned(94, 0.9, "cannot show") && !warned(95, 0.9, "cannot show"));
    }

    #[test]
    fn nonsense_is_refused() {
        for ratio in [0.0, 1.0, -0.1, 1.5, f64::NAN, f64::INFINITY] {
            let config = SplitConfig { train_ratio: ratio, ..SplitConfig::default() };
            assert!(matches!(plan_split(&strata(&[("a", 9, 0)]), &config), Err(SplitError::BadRatio(_))), "{ratio}");
        }
        assert_eq!(plan_split(&[], &SplitConfig::default()), Err(SplitError::NoRows));
        assert_eq!(plan_split(&strata(&[("a", 0, 0)]), &SplitConfig::default()), Err(SplitError::NoRows));
    }
}
