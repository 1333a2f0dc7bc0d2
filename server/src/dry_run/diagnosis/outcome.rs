//! What the checks write down, and how they write numbers.

use std::cmp::Reverse;

use crate::format;
use crate::types::dry_run::{Finding, FindingAction, Interval, PassedCheck, Quality, Verdict};

/// What a finding means for the two qualities and the verdict.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Effect {
    pub(super) dataset: Option<Quality>,
    pub(super) grader: Option<Quality>,
    pub(super) verdict_at_best: Option<Verdict>,
}

/// A finding, and the half sentence by which the summary names it.
struct Noted {
    finding: Finding,
    in_short: String,
}

/// Findings and passed checks, as they come.
#[derive(Default)]
pub(super) struct Outcome {
    noted: Vec<Noted>,
    passed: Vec<PassedCheck>,
}

impl Outcome {
    pub(super) fn pass(&mut self, message: String) {
        self.passed.push(PassedCheck { message });
    }

    pub(super) fn find(&mut self, in_short: impl Into<String>, finding: Finding) {
        self.noted.push(Noted { finding, in_short: in_short.into() });
    }

    /// Takes the verdict out of all that was found so far: it stays worth knowing, and decides nothing.
    pub(super) fn decide_nothing(&mut self) {
        for noted in &mut self.noted {
            noted.finding.verdict_at_best = None;
        }
    }

    /// Gravest first: by verdict, then by quality, then in the order of domain.md's table.
    pub(super) fn sort(&mut self) {
        self.noted.sort_by_key(|noted| {
            let finding = &noted.finding;
            Reverse((finding.verdict_at_best, finding.dataset.max(finding.grader)))
        });
    }

    pub(super) fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.noted.iter().map(|noted| &noted.finding)
    }

    /// The half sentence of the gravest finding; call after [`Self::sort`].
    pub(super) fn gravest_in_short(&self) -> Option<&str> {
        self.noted.first().map(|noted| noted.in_short.as_str())
    }

    pub(super) fn into_parts(self) -> (Vec<Finding>, Vec<PassedCheck>) {
        (self.noted.into_iter().map(|noted| noted.finding).collect(), self.passed)
    }
}

/// The texts of a finding.
pub(super) struct Words {
    /// The number and its bound.
    pub(super) message: String,
    /// Likeliest causes, data or grader.
    pub(super) causes: &'static str,
    /// One thing to do.
    pub(super) action_text: String,
}

/// A finding without topic and without a number of samples that would settle it.
pub(super) fn finding(id: &str, words: Words, action: FindingAction, effect: Effect) -> Finding {
    Finding {
        id: id.to_owned(),
        message: words.message,
        causes: words.causes.to_owned(),
        action_text: words.action_text,
        action,
        topic: None,
        dataset: effect.dataset,
        grader: effect.grader,
        verdict_at_best: effect.verdict_at_best,
        samples_to_settle: None,
    }
}

/// A number with two decimals, or as many more as it takes to look different from the bound beside which it stands:
/// "0.0999 is below 0.10", never "0.10 is below 0.10".
pub(super) fn figure(value: f64, bound: f64) -> String {
    distinct(value, bound, 2)
}

/// A share (0..1) in percent, by the same rule: "9.8% is less than 10%".
pub(super) fn percent(share: f64, bound: f64) -> String {
    format!("{}%", distinct(share * 100.0, bound * 100.0, 0))
}

/// "45 of 300 scores (15%)": a share with what it is a share of. Counts of one run add up where rounded shares do not.
pub(super) fn of_scores(part: i64, all: i64, bound: f64) -> String {
    let share = part as f64 / all.max(1) as f64;
    format!("{} of {} ({})", format::count(part), format::counted(all, "score"), percent(share, bound))
}

/// "[0.07, 0.12]".
pub(super) fn interval_text(interval: Interval) -> String {
    format!("[{:.2}, {:.2}]", interval.low, interval.high)
}

fn distinct(value: f64, bound: f64, decimals: usize) -> String {
    let same = (value - bound).abs() <= super::settle::SLACK;
    let text = |decimals: usize| format!("{value:.decimals$}");
    (decimals..=decimals + 5)
        .map(|more| (text(more), format!("{bound:.more$}")))
        .find(|(value, bound)| same || value != bound)
        .map_or_else(|| text(decimals + 6), |(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_never_look_like_the_bound_they_miss() {
        assert_eq!(figure(0.45, 0.10), "0.45");
        assert_eq!(figure(0.0999, 0.10), "0.0999");
        assert_eq!(figure(0.099_999_99, 0.10), "0.09999999");
        assert_eq!(figure(0.10, 0.10), "0.10");
        assert_eq!(percent(0.098, 0.10), "9.8%");
        assert_eq!(percent(0.86, 0.10), "86%");
        assert_eq!(of_scores(1_230, 3_000, 0.5), "1,230 of 3,000 scores (41%)");
        assert_eq!(of_scores(1, 1, 0.5), "1 of 1 score (100%)");
    }
}
