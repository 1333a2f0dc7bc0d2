//! Before and after in figures. A failure is never a score: it is counted, and it is in no mean.

use super::super::grading::Grade;
use super::len;
use crate::dry_run::statistics::{mean_and_std, score_buckets};
use crate::types::grader::{ScoreFigures, WhatIfCounts};

/// Sums of the same numbers in another order differ by less.
const SAME: f64 = 1e-9;

/// What becomes of a sample.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    /// It has a score or an error.
    Graded(Grade),
    /// A model would have to be asked.
    NeedsCall,
    /// Its record is another one now.
    Edited,
    /// There was no time for it.
    OutOfTime,
}

impl Outcome {
    /// A part that counts for nothing need not have an answer: with a score nothing has to be asked.
    pub(super) fn of(grade: Grade) -> Self {
        if grade.score.is_none() && grade.needs_call { Self::NeedsCall } else { Self::Graded(grade) }
    }
}

/// Before and after.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Comparison {
    pub(super) counts: WhatIfCounts,
    /// Of the samples that have an answer of the draft, as all that follows.
    pub(super) before: Option<ScoreFigures>,
    pub(super) after: Option<ScoreFigures>,
    /// The places of the samples that change: those that fail now, those that have a score now, then the largest difference.
    pub(super) differing: Vec<usize>,
}

/// Compares scores with what becomes of them.
pub(super) fn compare<'a>(before: &[Option<f64>], after: impl Iterator<Item = &'a Outcome>) -> Comparison {
    let mut counts = WhatIfCounts::default();
    let (mut scores_before, mut scores_after, mut differing) = (Vec::new(), Vec::new(), Vec::new());
    for (place, (before, outcome)) in before.iter().zip(after).enumerate() {
        let grade = match outcome {
            Outcome::Graded(grade) => grade,
            Outcome::NeedsCall => {
                counts.needs_call += 1;
                continue;
            }
            Outcome::Edited => {
                counts.edited += 1;
                continue;
            }
            Outcome::OutOfTime => {
                counts.out_of_time += 1;
                continue;
            }
        };
        scores_before.extend(*before);
        scores_after.extend(grade.score);
        let (count, weight) = match (*before, grade.score) {
            (Some(before), Some(after)) if (after - before).abs() < SAME => (&mut counts.unchanged, None),
            (Some(before), Some(after)) if after > before => (&mut counts.up, Some(after - before)),
            (Some(before), Some(after)) => (&mut counts.down, Some(before - after)),
            (Some(_), None) => (&mut counts.newly_failed, Some(3.0)),
            (None, Some(_)) => (&mut counts.newly_scored, Some(2.0)),
            (None, None) => (&mut counts.still_failed, None),
        };
        *count += 1;
        differing.extend(weight.map(|weight| (weight, place)));
    }
    // Stable: of equal differences the earlier sample goes first, and rounding does not put one before the other.
    differing.sort_by_key(|(weight, _)| std::cmp::Reverse(steps(*weight)));
    Comparison {
        counts,
        before: figures(&scores_before),
        after: figures(&scores_after),
        differing: differing.into_iter().map(|(_, place)| place).collect(),
    }
}

/// A difference in steps of [`SAME`].
fn steps(weight: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "at most 3e9")]
    let steps = (weight / SAME).round() as i64;
    steps
}

fn figures(scores: &[f64]) -> Option<ScoreFigures> {
    let (mean, std) = mean_and_std(scores)?;
    Some(ScoreFigures { count: len(scores.len()), mean, std, distribution: score_buckets(scores) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(score: f64) -> Outcome {
        Outcome::of(Grade { score: Some(score), ..Grade::default() })
    }

    fn failed() -> Outcome {
        Outcome::of(Grade { error: Some("thrown".to_owned()), ..Grade::default() })
    }

    /// Compared are 0.2, 0.4, 0.6, 0.8, a failure, a failure: mean before 0.5, squares .09 + .01 + .01 + .09 = .2, / 3 = .0667,
    /// root .258199. After 0.5, 0.1, 0.6, none, 0.8, none: mean 2 / 4 = 0.5, squares 0 + .16 + .01 + .09 = .26, / 3, root .294392.
    #[test]
    fn before_and_after_by_hand() {
        let before = [Some(0.2), Some(0.4), Some(0.6), Some(0.8), None, None, Some(1.0), Some(0.0), Some(0.3)];
        let after = [
            scored(0.5),
            scored(0.1),
            scored(0.6 + 1e-12),
            failed(),
            scored(0.8),
            failed(),
            Outcome::NeedsCall,
            Outcome::Edited,
            Outcome::OutOfTime,
        ];
        let found = compare(&before, after.iter());
        let counts = WhatIfCounts {
            up: 1,
            down: 1,
            unchanged: 1,
            newly_failed: 1,
            newly_scored: 1,
            still_failed: 1,
            needs_call: 1,
            edited: 1,
            out_of_time: 1,
        };
        assert_eq!(found.counts, counts);
        assert_eq!((counts.compared(), counts.differing()), (6, 4));
        // Both differ by 0.3: the earlier first.
        assert_eq!(found.differing, [3, 4, 0, 1]);
        let (before, after) = (found.before.unwrap(), found.after.unwrap());
        assert_eq!((before.count, after.count), (4, 4));
        assert!((before.mean - 0.5).abs() < 1e-12 && (before.std - 0.258_199).abs() < 1e-6);
        assert!((after.mean - 0.5).abs() < 1e-9 && (after.std - 0.294_392).abs() < 1e-6);
        assert_eq!((before.distribution[8].count, after.distribution[8].count), (1, 1));
        assert_eq!((before.distribution[4].count, after.distribution[4].count), (1, 0));
    }

    #[test]
    fn without_scores_there_are_no_figures() {
        let found = compare(&[None, Some(0.5)], [failed(), Outcome::NeedsCall].iter());
        assert_eq!((found.before, found.after, found.differing), (None, None, Vec::new()));
        assert_eq!((found.counts.compared(), found.counts.still_failed, found.counts.needs_call), (1, 1, 1));
    }

    #[test]
    fn a_part_that_counts_for_nothing_needs_no_call() {
        let grade = Grade { score: Some(0.5), needs_call: true, ..Grade::default() };
        assert!(matches!(Outcome::of(grade), Outcome::Graded(_)));
        let open = Grade { error: Some("a: not kept".to_owned()), needs_call: true, ..Grade::default() };
        assert!(matches!(Outcome::of(open), Outcome::NeedsCall));
    }
}
