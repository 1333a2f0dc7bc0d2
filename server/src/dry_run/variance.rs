//! Where the variance of a score comes from: between prompts, within prompts, or the judge's own wavering.

use super::rollouts::{GraderNoise, PromptRollouts};
use crate::types::dry_run::VarianceParts;

/// The parts, by a one-way random-effects analysis of variance with groups of unequal size (Searle, Casella and McCulloch
/// 1992, "Variance Components", section 3.6): mean squares, with `n0` rollouts in a typical prompt. The judge's noise, half
/// the mean squared difference of two gradings of the same response, is taken from what differs within prompts; it is
/// known only from `twice_graded_at_least` prompts on. `None` unless two prompts have a score and one has two.
pub(super) fn variance_parts(
    prompts: &[PromptRollouts],
    noise: GraderNoise,
    twice_graded_at_least: usize,
) -> Option<VarianceParts> {
    let mut groups: Vec<Vec<f64>> =
        prompts.iter().map(PromptRollouts::sorted_scores).filter(|scores| !scores.is_empty()).collect();
    // Sums of floats depend on the order; the answer must not.
    groups.sort_by(|a, b| {
        a.iter().zip(b).map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne()).unwrap_or(a.len().cmp(&b.len()))
    });
    let all = groups.iter().map(Vec::len).sum::<usize>() as f64;
    let count = groups.len() as f64;
    if groups.len() < 2 || all <= count {
        return None;
    }
    let grand = groups.iter().flatten().sum::<f64>() / all;
    let (mut within, mut between, mut sizes_squared) = (0.0, 0.0, 0.0);
    for group in &groups {
        let size = group.len() as f64;
        let mean = group.iter().sum::<f64>() / size;
        within += group.iter().map(|score| (score - mean).powi(2)).sum::<f64>();
        between += size * (mean - grand).powi(2);
        sizes_squared += size * size;
    }
    let typical = (all - sizes_squared / all) / (count - 1.0);
    let mean_within = within / (all - count);
    let mean_between = between / (count - 1.0);
    let judge_noise = match noise {
        GraderNoise::Deterministic => Some(0.0),
        GraderNoise::Unknown => judge_noise(prompts, twice_graded_at_least),
    };
    Some(VarianceParts {
        between_prompts: ((mean_between - mean_within) / typical).max(0.0),
        within_prompts: (mean_within - judge_noise.unwrap_or(0.0)).max(0.0),
        judge_noise,
    })
}

fn judge_noise(prompts: &[PromptRollouts], twice_graded_at_least: usize) -> Option<f64> {
    let mut squares: Vec<(f64, f64)> = prompts.iter().filter_map(PromptRollouts::noise_squares).collect();
    if squares.len() < twice_graded_at_least {
        return None;
    }
    squares.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let (sum, count) = squares.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    Some(sum / count)
}

#[cfg(test)]
mod tests {
    use super::super::rollouts::Rollout;
    use super::*;

    fn prompts(groups: &[&[f64]], regrade: impl Fn(f64) -> Option<f64>) -> Vec<PromptRollouts> {
        let rollout = |score: &f64| Rollout { score: *score, regrade: regrade(*score), response_chars: 1 };
        groups
            .iter()
            .zip(1..)
            .map(|(scores, record_id)| PromptRollouts {
                record_id,
                topic: None,
                rollouts: scores.iter().map(rollout).collect(),
            })
            .collect()
    }

    #[test]
    fn hand_worked_parts() {
        // Means 0.2, 0.6, 0.7; within squares 0.02 + 0.02 + 0.02 = 0.06 over 3 degrees: 0.02. Grand mean 0.5; between
        // 2 (0.09 + 0.01 + 0.04) = 0.28 over 2: 0.14. (0.14 - 0.02) / 2 = 0.06.
        let parts =
            variance_parts(&prompts(&[&[0.1, 0.3], &[0.5, 0.7], &[0.6, 0.8]], |_| None), GraderNoise::Deterministic, 1)
                .unwrap();
        assert!((parts.within_prompts - 0.02).abs() < 1e-12 && (parts.between_prompts - 0.06).abs() < 1e-12);
        assert_eq!((parts.judge_noise, parts.noise_share()), (Some(0.0), Some(0.0)));
    }

    #[test]
    fn unequal_groups_agree_with_numpy() {
        // numpy: n0 = (9 - 29/9) / 2 = 2.888889, MSW = 0.0328125, (MSB - MSW) / n0 = 0.0478365384615.
        let groups: &[&[f64]] = &[&[0.1, 0.3], &[0.5, 0.7, 0.9], &[0.2, 0.25, 0.4, 0.6]];
        let parts = variance_parts(&prompts(groups, |_| None), GraderNoise::Deterministic, 1).unwrap();
        assert!((parts.within_prompts - 0.032_812_5).abs() < 1e-9, "{parts:?}");
        assert!((parts.between_prompts - 0.047_836_538_461_5).abs() < 1e-9, "{parts:?}");
    }

    #[test]
    fn the_judges_noise_is_taken_from_what_differs_within_prompts() {
        // Every second grading 0.1 off: noise 0.1^2 / 2 = 0.005, within 0.02 - 0.005, and a quarter of it is noise.
        let groups: &[&[f64]] = &[&[0.1, 0.3], &[0.5, 0.7], &[0.6, 0.8]];
        let twice = prompts(groups, |score| Some(score + 0.1));
        let parts = variance_parts(&twice, GraderNoise::Unknown, 3).unwrap();
        assert!((parts.judge_noise.unwrap() - 0.005).abs() < 1e-12 && (parts.within_prompts - 0.015).abs() < 1e-12);
        assert!((parts.noise_share().unwrap() - 0.25).abs() < 1e-12);
        // Too few graded twice: not known, and not 0.
        let parts = variance_parts(&twice, GraderNoise::Unknown, 4).unwrap();
        assert_eq!((parts.judge_noise, parts.noise_share()), (None, None));
        assert!((parts.within_prompts - 0.02).abs() < 1e-12);
        // A deterministic grader's second gradings are not looked at.
        assert_eq!(variance_parts(&twice, GraderNoise::Deterministic, 3).unwrap().judge_noise, Some(0.0));
    }

    #[test]
    fn what_has_no_second_rollout_or_no_second_prompt_has_no_parts() {
        for groups in [&[&[0.1][..], &[0.9]][..], &[&[0.1, 0.9]], &[]] {
            assert_eq!(variance_parts(&prompts(groups, |_| None), GraderNoise::Deterministic, 1), None);
        }
    }

    #[test]
    fn parts_are_never_negative_and_equal_scores_have_none() {
        // Prompts exactly alike in mean, with spread: the between part would come out below 0.
        let parts =
            variance_parts(&prompts(&[&[0.0, 1.0], &[1.0, 0.0]], |_| None), GraderNoise::Deterministic, 1).unwrap();
        assert_eq!((parts.between_prompts, parts.within_prompts), (0.0, 0.5));
        let equal = variance_parts(&prompts(&[&[0.5; 3], &[0.5; 3]], |_| None), GraderNoise::Deterministic, 1).unwrap();
        assert_eq!((equal.between_prompts, equal.within_prompts, equal.noise_share()), (0.0, 0.0, None));
    }
}
