//! Prompts with several scored responses each, and what one prompt tells: its headroom and what of it is judge noise.

use std::cmp::Ordering;

use super::random::{below, stream};

/// One scored response to a prompt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rollout {
    /// What the grader gave, 0..1 and finite.
    pub score: f64,
    /// What an independent second grading of the same response gave; `None` where there was none. A deterministic grader
    /// needs none.
    pub regrade: Option<f64>,
    /// Characters of the response.
    pub response_chars: usize,
}

/// A prompt with those of its rollouts that were scored; failed ones are counted elsewhere and are no zeros here.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptRollouts {
    /// The prompt's record.
    pub record_id: i64,
    /// Its topic when the run was planned.
    pub topic: Option<String>,
    /// Scored rollouts, in any order.
    pub rollouts: Vec<Rollout>,
}

/// The repeat (see `Sample::repeat`) by which a rollout is graded first; the next one is its second grading. Equal responses to
/// one prompt are graded each by itself.
pub fn first_repeat(rollout: i64) -> u32 {
    u32::try_from(rollout).map_or(u32::MAX - 1, |rollout| rollout.saturating_mul(2))
}

/// Whether grading the same response again gives the same score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GraderNoise {
    /// It does: a script, or a grader without a model. Second gradings are not looked at.
    Deterministic,
    /// It may not: a judge. Second gradings tell by how much; [`to_grade_twice`] says of which responses.
    Unknown,
}

/// Which rollouts of a prompt a judge should grade a second time, by their positions: the best one (the first of equals),
/// which is what the headroom needs; and in a random `share` (0..1) of the prompts all, which is what the judge's noise
/// needs. Ask when all rollouts of the prompt are through; where one failed, the others' scores are enough.
///
/// With four rollouts and a share of 0.1 that is a third more gradings. Grading all of three prompts in ten costs about as
/// much and leaves the headroom of a noisy judge less certain (docs/benchmarks.md, "Verdicts").
pub fn to_grade_twice(record_id: i64, scores: &[f64], share: f64, seed: u64) -> Vec<usize> {
    let purpose = [b"graded twice:".as_slice(), &record_id.to_le_bytes()].concat();
    let drawn = below(&mut stream(seed, &purpose), 1 << 53) as f64 / (1u64 << 53) as f64;
    if drawn < share {
        return (0..scores.len()).collect();
    }
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    scores.iter().position(|score| *score >= highest).into_iter().collect()
}

impl PromptRollouts {
    /// The scores in ascending order: nothing below depends on the order in which rollouts came.
    pub(super) fn sorted_scores(&self) -> Vec<f64> {
        let mut scores: Vec<f64> = self.rollouts.iter().map(|rollout| rollout.score).collect();
        scores.sort_by(f64::total_cmp);
        scores
    }

    /// Its rollouts in an order that depends on what they are alone.
    fn sorted(&self) -> Vec<Rollout> {
        let mut rollouts = self.rollouts.clone();
        rollouts.sort_by(|a, b| {
            let regrades = || match (a.regrade, b.regrade) {
                (Some(a), Some(b)) => a.total_cmp(&b),
                (a, b) => a.is_some().cmp(&b.is_some()),
            };
            a.score.total_cmp(&b.score).then_with(regrades).then_with(|| a.response_chars.cmp(&b.response_chars))
        });
        rollouts
    }

    /// The best score less the mean score, judge noise included; `None` for fewer than two rollouts.
    pub(super) fn naive_headroom(&self) -> Option<f64> {
        let scores = self.sorted_scores();
        let (lowest, highest) = (scores.first()?, scores.last()?);
        match scores.len() {
            0 | 1 => None,
            _ if highest <= lowest => Some(0.0),
            n => Some(highest - scores.iter().sum::<f64>() / n as f64),
        }
    }

    /// The same without judge noise: the best by one grading, valued by the other, less the mean of that other. Where all
    /// rollouts were graded twice, either grading picks in turn and the two figures are averaged. Equal bests count
    /// equally. `None` for fewer than two rollouts, or where no best one has a second grading.
    pub(super) fn crossed_headroom(&self) -> Option<f64> {
        let rollouts = self.sorted();
        if rollouts.len() < 2 {
            return None;
        }
        let firsts: Vec<f64> = rollouts.iter().map(|rollout| rollout.score).collect();
        let seconds: Option<Vec<f64>> = rollouts.iter().map(|rollout| rollout.regrade).collect();
        if let Some(seconds) = seconds {
            let forth = value_of_best(&firsts, &seconds) - mean(&seconds);
            let back = value_of_best(&seconds, &firsts) - mean(&firsts);
            return Some(f64::midpoint(forth, back));
        }
        let best = *firsts.last()?;
        let valued: Vec<f64> = rollouts
            .iter()
            .filter(|rollout| rollout.score.total_cmp(&best) == Ordering::Equal)
            .filter_map(|rollout| rollout.regrade)
            .collect();
        (!valued.is_empty()).then(|| mean(&valued) - mean(&firsts))
    }

    /// Half the squared difference of the two gradings, summed over the rollouts that have both, and how many these are:
    /// their quotient is the judge's variance. Prompts of which only a part was graded twice say nothing, since that part
    /// may have been picked by its scores.
    pub(super) fn noise_squares(&self) -> Option<(f64, f64)> {
        let squares: Option<Vec<f64>> = self
            .sorted()
            .iter()
            .map(|rollout| rollout.regrade.map(|regrade| (rollout.score - regrade).powi(2) / 2.0))
            .collect();
        let squares = squares.filter(|squares| !squares.is_empty())?;
        Some((squares.iter().sum(), squares.len() as f64))
    }
}

/// The mean of `values` where `picking` is highest.
fn value_of_best(picking: &[f64], values: &[f64]) -> f64 {
    let best = picking.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let picked: Vec<f64> =
        picking.iter().zip(values).filter(|(pick, _)| **pick >= best).map(|(_, value)| *value).collect();
    mean(&picked)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(rollouts: &[(f64, Option<f64>)]) -> PromptRollouts {
        let rollout =
            |(score, regrade): &(f64, Option<f64>)| Rollout { score: *score, regrade: *regrade, response_chars: 10 };
        PromptRollouts { record_id: 1, topic: None, rollouts: rollouts.iter().map(rollout).collect() }
    }

    fn close(actual: Option<f64>, expected: f64) -> bool {
        actual.is_some_and(|actual| (actual - expected).abs() < 1e-12)
    }

    #[test]
    fn headroom_is_the_best_less_the_mean() {
        // 0.9 - (0.1 + 0.5 + 0.9) / 3 = 0.4.
        assert!(close(prompt(&[(0.5, None), (0.9, None), (0.1, None)]).naive_headroom(), 0.4));
        assert_eq!(prompt(&[(0.1, None); 4]).naive_headroom(), Some(0.0));
        assert_eq!(prompt(&[(0.3, None)]).naive_headroom(), None);
        assert_eq!(prompt(&[]).naive_headroom(), None);
    }

    #[test]
    fn the_best_is_picked_by_one_grading_and_valued_by_the_other() {
        // First picks 0.9, which the second values 0.4: 0.4 - (0.4 + 0.6) / 2 = -0.1. Second picks 0.6, which the first
        // values 0.5: 0.5 - 0.7 = -0.2. Their mean is -0.15: to choose by this judge is worse than not to choose.
        assert!(close(prompt(&[(0.9, Some(0.4)), (0.5, Some(0.6))]).crossed_headroom(), -0.15));
        // Only the best graded again: 0.7 - (0.9 + 0.5) / 2.
        assert!(close(prompt(&[(0.5, None), (0.9, Some(0.7))]).crossed_headroom(), 0.0));
        // Of equal bests one is enough.
        assert!(close(prompt(&[(0.9, Some(0.6)), (0.0, None), (0.9, None)]).crossed_headroom(), 0.0));
        // Equal bests, valued 0.6 and 0.8: 0.7 - (0.9 + 0.9 + 0.0) / 3.
        assert!(close(prompt(&[(0.9, Some(0.6)), (0.0, None), (0.9, Some(0.8))]).crossed_headroom(), 0.1));
        assert_eq!(prompt(&[(0.5, Some(0.5)), (0.9, None)]).crossed_headroom(), None);
        assert_eq!(prompt(&[(0.9, Some(0.4))]).crossed_headroom(), None);
    }

    #[test]
    fn the_best_of_every_prompt_and_all_of_some_are_graded_twice() {
        let scores = [0.2, 0.9, 0.9, 0.1];
        assert_eq!(to_grade_twice(7, &scores, 0.0, 1), [1]);
        assert_eq!(to_grade_twice(7, &scores, 1.0, 1), [0, 1, 2, 3]);
        assert!(to_grade_twice(7, &[], 0.0, 1).is_empty());
        // Binomial(2000, 0.1): mean 200, standard deviation 13.4; five of them on either side.
        let whole = (0..2_000).filter(|record| to_grade_twice(*record, &scores, 0.1, 1).len() == 4).count();
        assert!((133..=267).contains(&whole), "{whole}");
    }

    #[test]
    fn a_judge_without_noise_gives_the_same_headroom_either_way() {
        let twice = prompt(&[(0.2, Some(0.2)), (0.7, Some(0.7)), (0.7, Some(0.7)), (0.4, Some(0.4))]);
        assert!(close(twice.crossed_headroom(), twice.naive_headroom().unwrap()));
    }

    #[test]
    fn noise_is_half_the_squared_difference_of_two_gradings() {
        // (0.2^2 + 0.1^2) / 2 over two rollouts.
        let (squares, count) = prompt(&[(0.5, Some(0.7)), (0.3, Some(0.2))]).noise_squares().unwrap();
        assert!((squares - 0.025).abs() < 1e-12 && (count - 2.0).abs() < 1e-12);
        assert_eq!(prompt(&[(0.5, Some(0.7)), (0.3, None)]).noise_squares(), None);
        assert_eq!(prompt(&[]).noise_squares(), None);
    }
}
