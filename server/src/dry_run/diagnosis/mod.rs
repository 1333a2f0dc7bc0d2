//! From a dry run's figures to a verdict with reasons, for one response per prompt (domain.md section 8).
//!
//! With one response per prompt the headroom is unknown, so the whole table of section 8 decides. A 95% interval that
//! straddles a NO-GO bound makes CAUTION, on whichever side the estimate lies. Read [`diagnose_dry_run`] first;
//! [`diagnose_unscored`] is its counterpart for a run in which every sample failed;
//! `scores` and `surroundings` are the table's lines, `settle` the intervals, `shape` the two tests of shape.

mod outcome;
mod scores;
mod settle;
mod shape;
mod surroundings;
#[cfg(test)]
mod tests;

pub use settle::MOST_FURTHER_SAMPLES;
pub use shape::length_correlation;

use outcome::Outcome;

use crate::format;
use crate::types::dry_run::{Confidence, DryRunDiagnosis, DryRunStatistics, Quality, TopicScore, Verdict};

/// What a diagnosis rests on.
#[derive(Debug, Clone, Copy)]
pub struct DiagnosisInput<'a> {
    /// Of `scores`.
    pub statistics: &'a DryRunStatistics,
    /// One per prompt, 0..1.
    pub scores: &'a [f64],
    /// The same scores by topic.
    pub by_topic: &'a [TopicScore],
    /// The dataset's coverage; `None` while nothing is categorized: then it is not judged.
    pub balance_score: Option<f64>,
    /// Prompts in the plan; more than scored and failed together if the run was cancelled.
    pub planned: i64,
    /// Prompts whose grading failed.
    pub failed: i64,
    /// [`length_correlation`] of score and response length; `None` where there is none: then it is not judged.
    pub length_correlation: Option<f64>,
    /// Responses per prompt. One; more will ask for headroom, which is not measured here.
    pub rollouts_per_prompt: i64,
}

/// Every bound of the table in domain.md section 8; the defaults are its numbers. Scores and shares are 0..1. "Below"
/// and "above" are strict: a value on its bound is fine.
#[derive(Debug, Clone, PartialEq)]
pub struct DiagnosisBounds {
    /// A mean below this is a NO-GO.
    pub mean_no_go_below: f64,
    /// A mean below this is a CAUTION.
    pub mean_caution_below: f64,
    /// A mean above this is a CAUTION.
    pub mean_caution_above: f64,
    /// A mean above this is a NO-GO.
    pub mean_no_go_above: f64,
    /// A standard deviation below this is a NO-GO.
    pub std_no_go_below: f64,
    /// A standard deviation below this is a CAUTION.
    pub std_caution_below: f64,
    /// A share of scores above 0 that is below this is a NO-GO.
    pub nonzero_no_go_below: f64,
    /// A share of scores at exactly 1 above this is a CAUTION.
    pub ones_caution_above: f64,
    /// A score this near to 0 or 1 counts as one of a binary grader.
    pub binary_within: f64,
    /// A share of such scores above this is a warning.
    pub binary_share_above: f64,
    /// A topic's mean below this is a CAUTION,
    pub topic_mean_below: f64,
    /// if it has so many samples.
    pub topic_min_samples: i64,
    /// A balance score below this is a CAUTION.
    pub balance_below: f64,
    /// A correlation with length whose absolute value is above this is a CAUTION.
    pub length_correlation_above: f64,
    /// A share of failed samples above this is a CAUTION.
    pub failed_caution_above: f64,
    /// A share of failed samples above this is a NO-GO.
    pub failed_no_go_above: f64,
    /// Fewer graded prompts than this are a CAUTION.
    pub min_prompts: i64,
    /// Responses per prompt of the run that would measure the headroom.
    pub rollouts_that_would_know: i64,
}

impl Default for DiagnosisBounds {
    fn default() -> Self {
        Self {
            mean_no_go_below: 0.10,
            mean_caution_below: 0.20,
            mean_caution_above: 0.60,
            mean_no_go_above: 0.90,
            std_no_go_below: 0.10,
            std_caution_below: 0.15,
            nonzero_no_go_below: 0.10,
            ones_caution_above: 0.50,
            binary_within: 0.01,
            binary_share_above: 0.60,
            topic_mean_below: 0.10,
            topic_min_samples: 5,
            balance_below: 0.50,
            length_correlation_above: 0.35,
            failed_caution_above: 0.10,
            failed_no_go_above: 0.50,
            min_prompts: 30,
            rollouts_that_would_know: 4,
        }
    }
}

/// The verdict, its reasons, and what was checked and is fine.
pub fn diagnose_dry_run(input: &DiagnosisInput, bounds: &DiagnosisBounds) -> DryRunDiagnosis {
    let mut outcome = Outcome::default();
    scores::check(input, bounds, &mut outcome);
    surroundings::check(input, bounds, &mut outcome);
    let reason = confidence_reason(input, bounds);
    // A check that finds nothing says that this is fine.
    conclude(outcome, Some(Quality::Good), reason)
}

/// The verdict on a run of which not one sample could be scored; `None` if none was tried. Only what needs no score is
/// judged: how many samples failed, and the balance. That too few prompts were graded is no finding beside it: more of
/// them would fail as well.
pub fn diagnose_unscored(failed: i64, balance_score: Option<f64>, bounds: &DiagnosisBounds) -> Option<DryRunDiagnosis> {
    if failed <= 0 {
        return None;
    }
    let mut outcome = Outcome::default();
    surroundings::check_without_scores(failed, balance_score, bounds, &mut outcome);
    let reason = "Low: no response was scored, so nothing is known of the prompts, nor whether the grader tells good \
                  from bad. Once grading works, a run will say."
        .to_owned();
    Some(conclude(outcome, None, reason))
}

/// The gravest finding decides. `unless_found` is the quality of what no finding speaks of.
fn conclude(mut outcome: Outcome, unless_found: Option<Quality>, confidence_reason: String) -> DryRunDiagnosis {
    outcome.sort();
    let verdict = outcome.findings().filter_map(|finding| finding.verdict_at_best).max().unwrap_or(Verdict::Go);
    let dataset_quality = outcome.findings().filter_map(|finding| finding.dataset).max().or(unless_found);
    let grader_quality = outcome.findings().filter_map(|finding| finding.grader).max().or(unless_found);
    let summary = summary(verdict, &outcome);
    let (findings, passed) = outcome.into_parts();
    DryRunDiagnosis {
        dataset_quality,
        grader_quality,
        verdict,
        confidence: Confidence::Low,
        confidence_reason,
        summary,
        findings,
        passed,
    }
}

/// One sentence for somebody who will not read the numbers. A GO promises no gain: with one response per prompt only 55%
/// of the GOs were right in the trial that domain.md reports.
fn summary(verdict: Verdict, outcome: &Outcome) -> String {
    let in_short = outcome.gravest_in_short().unwrap_or_default();
    match verdict {
        Verdict::Go => {
            "Nothing found here speaks against training; how much it would gain is not measured yet.".to_owned()
        }
        Verdict::NoGo => format!("Training now would probably waste its budget: {in_short}."),
        Verdict::Caution => {
            let open = outcome.findings().filter(|finding| finding.verdict_at_best == Some(Verdict::Caution)).count();
            match open {
                1 => format!("Training may help, with one thing to settle first: {in_short}."),
                _ => {
                    format!("Training may help, with {} things to settle first, above all: {in_short}.", in_words(open))
                }
            }
        }
    }
}

fn in_words(number: usize) -> String {
    const WORDS: [&str; 6] = ["no", "one", "two", "three", "four", "five"];
    WORDS.get(number).map_or_else(|| number.to_string(), |word| (*word).to_owned())
}

fn confidence_reason(input: &DiagnosisInput, bounds: &DiagnosisBounds) -> String {
    let tried = input.statistics.count + input.failed;
    let stopped = if input.planned > tried {
        format!(
            " Besides, the run was stopped after {} of {}.",
            format::count(tried),
            format::counted(input.planned, "prompt")
        )
    } else {
        String::new()
    };
    let responses = if input.rollouts_per_prompt == 1 {
        "one response".to_owned()
    } else {
        format::counted(input.rollouts_per_prompt, "response")
    };
    format!(
        "Low: with {responses} per prompt, a run sees how scores differ between prompts, not how much better the same \
         prompt could be answered, and that is what training learns from.{stopped} A run with {} responses per prompt \
         from a model endpoint would measure it.",
        bounds.rollouts_that_would_know
    )
}
