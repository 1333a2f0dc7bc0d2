//! Early stopping: whether a run's verdict is settled before all of its plan is done.
//!
//! Whoever looks again and again at a 95% interval will see it mislead far more often than in one of twenty runs. So a
//! verdict is settled only if it stands with wider intervals as well: of 99.3% (`z` 2.7). That keeps the chance that any of
//! some 20 looks misleads below 5% (Pocock 1977, "Group sequential methods", whose constant is 2.56 for 10 looks and 2.67
//! for 20). A CAUTION is never settled while more prompts may still turn it; findings that more prompts will not change
//! (a grader that pays for length, a probe that pays) let it settle once the headroom itself has.
//!
//! The prompts done must be a random part of the plan: work through it in the order of [`order`], not topic by topic.

use super::diagnosis::DiagnosisBounds;
use super::evaluate::{RolloutRun, evaluate_with};
use super::random::{below, stream};
use super::statistics::statistics_at;
use crate::types::dry_run::Verdict;

/// The verdict if it is settled already, so that the run may stop; `None` if it should go on.
///
/// To be asked at most some 20 times a run, at the multiples of [`look_every`] prompts.
pub fn settled(run: &RolloutRun, bounds: &DiagnosisBounds) -> Option<Verdict> {
    let statistics = statistics_at(run.prompts, run.noise, bounds.looking_z, run.seed)?;
    let enough = statistics.prompts() >= bounds.settled_from_prompts;
    if !enough || statistics.headroom.is_none() || statistics.headroom_is_upper_bound {
        return None;
    }
    let evaluation = evaluate_with(run, Some(statistics), bounds);
    let diagnosis = evaluation.diagnosis?;
    let is_open = diagnosis
        .findings
        .iter()
        .any(|finding| finding.verdict_at_best.is_some() && finding.samples_to_settle.is_some());
    if diagnosis.verdict != Verdict::NoGo {
        return (!is_open).then_some(diagnosis.verdict);
    }
    // A NO-GO needs an interval too; what decides for it is no less decided because something else is open.
    let few_learnable = evaluation.signal.and_then(|signal| signal.learnable_ci95);
    let is_decided = few_learnable.is_some_and(|interval| interval.high < bounds.learnable_no_go_below)
        || diagnosis.findings.iter().any(|finding| DECIDED_BY_INTERVAL.contains(&finding.id.as_str()));
    is_decided.then_some(Verdict::NoGo)
}

/// Findings that say NO-GO only with a whole interval, or of a failure that no luck explains.
const DECIDED_BY_INTERVAL: [&str; 2] = ["headroom_low", "failed_most"];

/// Prompts between two looks: a twentieth of the plan, rounded up.
pub fn look_every(planned_prompts: i64) -> i64 {
    (planned_prompts + LOOKS - 1) / LOOKS
}

/// Looks that a run may take; what `looking_z` is made for.
const LOOKS: i64 = 20;

/// The plan's positions `0..count` in the order in which to work through them: every order equally likely, the same for
/// the same seed (Durstenfeld 1964).
pub fn order(count: usize, seed: u64) -> Vec<usize> {
    let mut random = stream(seed, b"order of the plan");
    let mut positions: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        let other = usize::try_from(below(&mut random, last as u64 + 1)).unwrap_or(last);
        positions.swap(last, other);
    }
    positions
}
