//! The diagnosis of a run with two rollouts per prompt or more: the headroom decides, a few findings cap.

use super::outcome::{Outcome, interval_text};
use super::{DiagnosisBounds, DiagnosisInput, conclude, headroom, in_words, scores, stopped, surroundings};
use crate::types::dry_run::{Confidence, DryRunDiagnosis, Interval, LearningSignal, Quality, Verdict};

/// What only several rollouts per prompt can tell.
pub(super) struct Measured<'a> {
    pub(super) headroom: f64,
    pub(super) interval: Interval,
    pub(super) signal: &'a LearningSignal,
}

impl<'a> Measured<'a> {
    /// `None` with one rollout per prompt, or where no prompt has two that were scored.
    pub(super) fn of(input: &DiagnosisInput<'a>) -> Option<Self> {
        let headroom = input.statistics.headroom.filter(|_| input.rollouts_per_prompt > 1)?;
        Some(Self { headroom, interval: input.statistics.headroom_ci95?, signal: input.signal? })
    }
}

/// Of the scores' own table, level, spread and shape decide nothing here: a low mean with headroom trains well.
pub(super) fn diagnose(input: &DiagnosisInput, measured: &Measured, bounds: &DiagnosisBounds) -> DryRunDiagnosis {
    let mut outcome = Outcome::default();
    scores::check(input, bounds, &mut outcome);
    outcome.decide_nothing();
    headroom::check(input, measured, bounds, &mut outcome);
    surroundings::check(input, bounds, &mut outcome);
    let confidence = confidence(input, measured, bounds);
    conclude(outcome, Some(Quality::Good), confidence, |verdict, outcome| summary(verdict, outcome, measured))
}

fn summary(verdict: Verdict, outcome: &Outcome, measured: &Measured) -> String {
    let in_short = outcome.gravest_in_short().unwrap_or_default();
    match verdict {
        Verdict::Go => format!(
            "Training should pay: the same prompts are answered better and worse, which promises a gain of about {:.2}.",
            measured.headroom
        ),
        Verdict::NoGo => format!("Training now would probably waste its budget: {in_short}."),
        Verdict::Caution => {
            let open = outcome.findings().filter(|finding| finding.verdict_at_best == Some(Verdict::Caution)).count();
            match open {
                1 => format!("Training may pay, with one thing to settle first: {in_short}."),
                _ => {
                    format!("Training may pay, with {} things to settle first, above all: {in_short}.", in_words(open))
                }
            }
        }
    }
}

/// By half of the headroom's interval: that is what the verdict rests on.
fn confidence(input: &DiagnosisInput, measured: &Measured, bounds: &DiagnosisBounds) -> (Confidence, String) {
    let interval = interval_text(measured.interval);
    let half = (measured.interval.high - measured.interval.low) / 2.0;
    let (confidence, word) = if input.statistics.headroom_is_upper_bound {
        (Confidence::Low, "Low")
    } else if half <= bounds.confidence_high_up_to {
        (Confidence::High, "High")
    } else if half <= bounds.confidence_medium_up_to {
        (Confidence::Medium, "Medium")
    } else {
        (Confidence::Low, "Low")
    };
    let noise = if input.statistics.headroom_is_upper_bound {
        " How far the judge wavers was not measured, so the gain may be less."
    } else {
        ""
    };
    let reason = format!(
        "{word}: the expected gain is known to within {half:.3} either way, {interval}, from {} with {} each.{noise}{}",
        crate::format::counted(input.statistics.prompts(), "prompt"),
        crate::format::counted(input.rollouts_per_prompt, "response"),
        stopped(input.planned, input.statistics.prompts()),
    );
    (confidence, reason)
}
