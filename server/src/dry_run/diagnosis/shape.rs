//! The shape of the scores: two heaps, and whether they follow the response's length.

use super::super::rollouts::PromptRollouts;

/// The bimodality coefficient of a uniform distribution; above it, two heaps are likelier than one.
const UNIFORM_COEFFICIENT: f64 = 5.0 / 9.0;
/// Two modes are apart if the density between them falls below this share of the lower one.
const VALLEY_BELOW: f64 = 0.5;
/// Each heap must hold this share of the scores, so that a few outliers are none.
const HEAP_AT_LEAST: f64 = 0.15;
/// Steps of the grid on which the density is drawn, from 0 to 1.
const GRID: usize = 200;

/// Whether the scores fall into exactly two heaps, by two tests that must agree.
///
/// 1. The bimodality coefficient, (skewness² + 1) / kurtosis with small-sample corrections, exceeds 5/9 (Pfister,
///    Schwarz, Janczyk, Dale and Freeman 2013, "Good things peak in pairs", Frontiers in Psychology 4:700). Alone it
///    also fires at lopsided single heaps.
/// 2. A Gaussian kernel density with Silverman's bandwidth (1986, eq. 3.31) has exactly two modes with a valley below
///    half of the lower one between them, each side with 15% of the scores. So a grader that gives three or more fixed
///    marks is not bimodal, though its histogram has gaps.
///
/// `scores` lie in 0..1; fewer than 4 have no kurtosis and are never bimodal.
pub(super) fn is_bimodal(scores: &[f64]) -> bool {
    bimodality_coefficient(scores).is_some_and(|coefficient| coefficient > UNIFORM_COEFFICIENT) && has_two_heaps(scores)
}

/// Pearson's correlation of scores with the lengths of their responses, pair by pair: over prompts, since each has one
/// response. `None` for fewer than 3 pairs or where one side does not vary: then there is nothing to follow.
pub fn length_correlation(scores: &[f64], lengths: &[f64]) -> Option<f64> {
    let count = scores.len().min(lengths.len());
    let (scores, lengths) = (&scores[..count], &lengths[..count]);
    let mut sums = PairSums::default();
    sums.add(scores, lengths);
    (count >= 3).then(|| sums.correlation()).flatten()
}

/// The same within prompts: of the deviations from each prompt's own means, so that a hard prompt which asks for long
/// answers is no sign of a grader that pays for length. `None` where fewer than 3 prompts have two rollouts or more.
pub fn length_correlation_within(prompts: &[PromptRollouts]) -> Option<f64> {
    let mut several: Vec<&PromptRollouts> = prompts.iter().filter(|prompt| prompt.rollouts.len() > 1).collect();
    if several.len() < 3 {
        return None;
    }
    several.sort_by_key(|prompt| prompt.record_id);
    let mut sums = PairSums::default();
    for prompt in several {
        let mut pairs: Vec<(f64, f64)> =
            prompt.rollouts.iter().map(|rollout| (rollout.score, rollout.response_chars as f64)).collect();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let (scores, lengths): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        sums.add(&scores, &lengths);
    }
    sums.correlation()
}

/// Sums of squares and products of deviations from the means of groups.
#[derive(Default)]
struct PairSums {
    both: f64,
    scores: f64,
    lengths: f64,
    /// What rounding alone may leave of equal values.
    least_scores: f64,
    least_lengths: f64,
}

impl PairSums {
    fn add(&mut self, scores: &[f64], lengths: &[f64]) {
        let count = scores.len() as f64;
        let (score_mean, length_mean) = (mean(scores), mean(lengths));
        for (score, length) in scores.iter().zip(lengths) {
            let (score, length) = (score - score_mean, length - length_mean);
            self.both += score * length;
            self.scores += score * score;
            self.lengths += length * length;
        }
        self.least_scores += count * (score_mean.abs() * 1e-12).powi(2);
        self.least_lengths += count * (length_mean.abs() * 1e-12).powi(2);
    }

    fn correlation(&self) -> Option<f64> {
        // Equal values may miss their mean by their last digits; such a "spread" is none.
        (self.scores > self.least_scores && self.lengths > self.least_lengths)
            .then(|| (self.both / (self.scores.sqrt() * self.lengths.sqrt())).clamp(-1.0, 1.0))
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// With the corrected skewness and kurtosis of SAS, as Pfister et al. give it.
fn bimodality_coefficient(scores: &[f64]) -> Option<f64> {
    let n = scores.len() as f64;
    if scores.len() < 4 {
        return None;
    }
    let mean = mean(scores);
    let moment = |power: i32| scores.iter().map(|score| (score - mean).powi(power)).sum::<f64>() / n;
    let variance = moment(2);
    if variance < 1e-18 {
        return None;
    }
    let skewness = moment(3) / variance.powf(1.5) * (n * (n - 1.0)).sqrt() / (n - 2.0);
    let plain_excess = moment(4) / (variance * variance) - 3.0;
    let excess = (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * plain_excess + 6.0);
    Some((skewness * skewness + 1.0) / (excess + 3.0 * (n - 1.0).powi(2) / ((n - 2.0) * (n - 3.0))))
}

fn has_two_heaps(scores: &[f64]) -> bool {
    let counts = grid_counts(scores);
    let Some(density) = density(scores, &counts) else { return false };
    let modes = separated_modes(&density);
    let [left, right] = modes[..] else { return false };
    let valley = (left..=right).min_by(|a, b| density[*a].total_cmp(&density[*b])).unwrap_or(left);
    let in_left = counts[..=valley].iter().sum::<f64>() / scores.len() as f64;
    in_left.min(1.0 - in_left) >= HEAP_AT_LEAST
}

/// Scores per grid point: what makes the density's work independent of the number of scores.
fn grid_counts(scores: &[f64]) -> Vec<f64> {
    let mut counts = vec![0.0; GRID + 1];
    for score in scores {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..=GRID after the clamp")]
        let index = (score.clamp(0.0, 1.0) * GRID as f64).round() as usize;
        counts[index] += 1.0;
    }
    counts
}

/// The kernel density on the grid, unscaled: only its shape is looked at. `None` if the scores do not vary.
fn density(scores: &[f64], counts: &[f64]) -> Option<Vec<f64>> {
    let mut sorted = scores.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mean = mean(&sorted);
    let std = (sorted.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / (sorted.len() - 1) as f64).sqrt();
    let quartile = |p| super::super::statistics::quantile_of_sorted(&sorted, p);
    let quartile_spread = (quartile(0.75) - quartile(0.25)) / 1.34;
    // A quartile spread of 0 (over half of the scores equal) says nothing of the scale; the deviation does.
    let spread = if quartile_spread > 0.0 { std.min(quartile_spread) } else { std };
    let bandwidth = (0.9 * spread * (sorted.len() as f64).powf(-0.2) * GRID as f64).max(1.0);
    if std <= 1e-9 {
        return None;
    }
    let kernel: Vec<f64> = (0..=GRID).map(|steps| (-0.5 * (steps as f64 / bandwidth).powi(2)).exp()).collect();
    Some(
        (0..=GRID)
            .map(|at| {
                counts
                    .iter()
                    .enumerate()
                    .filter(|(_, count)| **count > 0.0)
                    .map(|(from, count)| count * kernel[at.abs_diff(from)])
                    .sum()
            })
            .collect(),
    )
}

/// The grid points of the modes that a valley below half of the lower one parts from the next.
fn separated_modes(density: &[f64]) -> Vec<usize> {
    let mut modes: Vec<usize> = Vec::new();
    let mut valley = f64::INFINITY;
    for at in 0..density.len() {
        let rises_to = at == 0 || density[at] > density[at - 1];
        let falls_from = at + 1 == density.len() || density[at] >= density[at + 1];
        if rises_to && falls_from {
            match modes.last_mut() {
                Some(last) if valley >= VALLEY_BELOW * density[at].min(density[*last]) => {
                    // The same heap: its higher top stands for it.
                    if density[at] > density[*last] {
                        *last = at;
                        valley = f64::INFINITY;
                    }
                }
                _ => {
                    modes.push(at);
                    valley = f64::INFINITY;
                }
            }
        }
        valley = valley.min(density[at]);
    }
    modes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dry_run::random::{below, stream};

    /// `count` numbers around `center`: the mean of three uniform ones, within `reach`.
    fn heap(center: f64, reach: f64, count: usize, seed: u64) -> Vec<f64> {
        let mut random = stream(seed, b"test heap");
        let mut uniform = || below(&mut random, 2_000_001) as f64 / 1_000_000.0 - 1.0;
        (0..count).map(|_| (center + reach * (uniform() + uniform() + uniform()) / 3.0).clamp(0.0, 1.0)).collect()
    }

    fn repeated(values: &[(f64, usize)]) -> Vec<f64> {
        values.iter().flat_map(|(value, count)| std::iter::repeat_n(*value, *count)).collect()
    }

    #[test]
    fn two_heaps_are_told_from_one_many_and_none() {
        let uniform: Vec<f64> = (0..300).map(|i| f64::from(i) / 299.0).collect();
        let skewed: Vec<f64> = (0..300).map(|i| (f64::from(i) / 299.0).powi(4)).collect();
        let table = [
            ("one heap", heap(0.5, 0.4, 300, 1), false),
            ("uniform", uniform, false),
            ("one lopsided heap", skewed, false),
            ("two heaps", [heap(0.2, 0.15, 150, 2), heap(0.8, 0.15, 150, 3)].concat(), true),
            ("two uneven heaps", [heap(0.25, 0.15, 240, 4), heap(0.85, 0.1, 60, 5)].concat(), true),
            ("a heap and a few outliers", [heap(0.3, 0.15, 280, 6), heap(0.9, 0.05, 20, 7)].concat(), false),
            ("two heaps that touch", [heap(0.42, 0.3, 150, 8), heap(0.58, 0.3, 150, 9)].concat(), false),
            (
                "three heaps",
                [heap(0.1, 0.1, 100, 10), heap(0.5, 0.1, 100, 11), heap(0.9, 0.1, 100, 12)].concat(),
                false,
            ),
            ("two marks", repeated(&[(0.3, 150), (0.7, 150)]), true),
            ("three marks", repeated(&[(0.25, 90), (0.5, 120), (0.75, 90)]), false),
            ("four marks", repeated(&[(0.0, 75), (0.333, 75), (0.667, 75), (1.0, 75)]), false),
            ("one mark", repeated(&[(0.5, 300)]), false),
            ("too few", vec![0.1, 0.9, 0.9], false),
            ("none", Vec::new(), false),
        ];
        for (name, scores, expected) in table {
            assert_eq!(is_bimodal(&scores), expected, "{name}: {:?}", bimodality_coefficient(&scores));
        }
    }

    #[test]
    fn random_scores_of_one_heap_are_hardly_ever_called_bimodal() {
        let one_heap = (0..200).filter(|seed| is_bimodal(&heap(0.5, 0.5, 60, *seed))).count();
        let uniform = (0..200u64)
            .filter(|seed| {
                let mut random = stream(*seed, b"uniform scores");
                is_bimodal(&(0..60).map(|_| below(&mut random, 1_001) as f64 / 1_000.0).collect::<Vec<_>>())
            })
            .count();
        assert!(one_heap <= 2 && uniform <= 10, "{one_heap} and {uniform} of 200");
    }

    #[test]
    fn the_coefficient_agrees_with_scipy() {
        // (skew(x, bias=False)**2 + 1) / (kurtosis(x, bias=False) + 3 * (n-1)**2 / ((n-2) * (n-3))).
        let coefficient = bimodality_coefficient(&[0.1, 0.2, 0.2, 0.3, 0.8, 0.9, 1.0]).unwrap();
        assert!((coefficient - 0.376_349_712_8).abs() < 1e-9, "{coefficient}");
    }

    #[test]
    fn within_prompts_the_correlation_is_of_deviations() {
        use super::super::super::example::prompts;
        // scipy.stats.pearsonr of scores and lengths, each less its prompt's mean.
        let correlation = length_correlation_within(&prompts()).unwrap();
        assert!((correlation - 0.059_217_113_694).abs() < 1e-9, "{correlation}");
        assert_eq!(length_correlation_within(&prompts()[..2]), None);
        // Long answers to easy prompts, but within a prompt length changes nothing: over all it would be 0.87.
        let mut between = prompts();
        for (i, prompt) in between.iter_mut().enumerate() {
            for (j, rollout) in prompt.rollouts.iter_mut().enumerate() {
                rollout.score = 0.01 * i as f64 + 0.05 * (j % 2) as f64;
                rollout.response_chars = 100 + 10 * i + j / 2;
            }
        }
        assert!(length_correlation_within(&between).unwrap().abs() < 1e-9);
    }

    #[test]
    fn length_correlation_agrees_with_scipy() {
        // scipy.stats.pearsonr.
        let correlation = length_correlation(&[0.2, 0.4, 0.9, 0.7, 0.1], &[100.0, 250.0, 300.0, 500.0, 20.0]).unwrap();
        assert!((correlation - 0.812_718_559_9).abs() < 1e-9);
        assert!((length_correlation(&[0.0, 0.5, 1.0], &[30.0, 20.0, 10.0]).unwrap() + 1.0).abs() < 1e-12);
        for (scores, lengths) in [([0.1; 3], [1.0, 2.0, 3.0]), ([0.1, 0.2, 0.3], [700.0; 3])] {
            assert_eq!(length_correlation(&scores, &lengths), None);
        }
        assert_eq!(length_correlation(&[0.1, 0.2], &[1.0, 2.0]), None);
    }
}
