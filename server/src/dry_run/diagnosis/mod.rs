//! From a dry run's figures to a verdict with reasons (domain.md section 8).
//!
//! With one response per prompt the headroom is unknown, so the whole table of section 8 decides. A 95% interval that
//! straddles a NO-GO bound makes CAUTION, on whichever side the estimate lies. With several, the headroom decides
//! (`headroom`, `rollouts`), and of the table only the lines that section 8 marks. Read [`diagnose_dry_run`] first;
//! [`diagnose_unscored`] is its counterpart for a run in which every sample failed;
//! `scores` and `surroundings` are the table's lines, `settle` the intervals, `shape` the two tests of shape.
//!
//! The rules for several rollouts, a sentence each. What must be gained is 0.03, or a tenth of the mean where that is more.
//! GO: the expected gain surely reaches it (its whole interval), and is 1.4 times that. NO-GO: it surely does not; or
//! hardly a prompt is learnable; or what differs within prompts is the judge's noise. CAUTION: anything else, or something
//! that a gain in reward would hide, as a grader that pays for length.

mod bounds;
mod headroom;
mod outcome;
#[cfg(test)]
mod rollout_tests;
mod rollouts;
mod scores;
mod settle;
mod shape;
mod surroundings;
#[cfg(test)]
mod tests;

pub use settle::MOST_FURTHER_SAMPLES;
pub(super) use settle::share_interval;
pub use shape::{length_correlation, length_correlation_within};

pub use bounds::DiagnosisBounds;
use outcome::Outcome;

use crate::format;
use crate::types::dry_run::{
    Confidence, DryRunDiagnosis, DryRunStatistics, LearningSignal, ProbeResult, Quality, TopicScore, Verdict,
};

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
    /// Responses per prompt. With two or more the headroom decides.
    pub rollouts_per_prompt: i64,
    /// The learning-signal map; `None` with one response per prompt.
    pub signal: Option<&'a LearningSignal>,
    /// What the grader paid for reward-hack probes; empty where none were tried.
    pub probes: &'a [ProbeResult],
}

/// The verdict, its reasons, and what was checked and is fine.
pub fn diagnose_dry_run(input: &DiagnosisInput, bounds: &DiagnosisBounds) -> DryRunDiagnosis {
    if let Some(measured) = rollouts::Measured::of(input) {
        return rollouts::diagnose(input, &measured, bounds);
    }
    let mut outcome = Outcome::default();
    scores::check(input, bounds, &mut outcome);
    surroundings::check(input, bounds, &mut outcome);
    let reason = confidence_reason(input, bounds);
    // A check that finds nothing says that this is fine.
    conclude(outcome, Some(Quality::Good), (Confidence::Low, reason), summary)
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
    Some(conclude(outcome, None, (Confidence::Low, reason), summary))
}

/// The gravest finding decides. `unless_found` is the quality of what no finding speaks of.
fn conclude(
    mut outcome: Outcome,
    unless_found: Option<Quality>,
    (confidence, confidence_reason): (Confidence, String),
    summary: impl Fn(Verdict, &Outcome) -> String,
) -> DryRunDiagnosis {
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
        confidence,
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

/// A sentence on what was left out of the plan; nothing if it was done.
fn stopped(planned: i64, tried: i64) -> String {
    if planned <= tried {
        return String::new();
    }
    format!(" Besides, the run was stopped after {} of {}.", format::count(tried), format::counted(planned, "prompt"))
}

fn confidence_reason(input: &DiagnosisInput, bounds: &DiagnosisBounds) -> String {
    let stopped = stopped(input.planned, input.statistics.count + input.failed);
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
