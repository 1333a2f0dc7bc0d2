//! A dry run's scores in figures. The prompt is the unit: each score counts once, but intervals know which belong together.

use super::bootstrap::{Cluster, Z_975, intervals};
use super::rollouts::{GraderNoise, PromptRollouts, Rollout};
use super::variance::variance_parts;
use crate::types::dry_run::{DryRunStatistics, Interval, Percentiles, ScoreBucket, ScoreFractions};

/// Below this number of scores, equal ones get an interval by the rule of three rather than one of width 0.
const FEW_SCORES: usize = 30;
/// Bars of the histogram.
const BUCKETS: u8 = 10;
/// Prompts graded twice that it takes to know the judge's noise: a standard error of some 16% of it, with four rollouts.
const TWICE_GRADED_AT_LEAST: usize = 20;

/// The statistics of `scores` (finite, 0..1: the grader's contract turns others away before), one per prompt; `None`
/// without any. See [`compute_rollout_statistics`].
pub fn compute_dry_run_statistics(scores: &[f64], seed: u64) -> Option<DryRunStatistics> {
    let prompt = |score: &f64| PromptRollouts {
        record_id: 0,
        topic: None,
        rollouts: vec![Rollout { score: *score, regrade: None, response_chars: 0 }],
    };
    compute_rollout_statistics(&scores.iter().map(prompt).collect::<Vec<_>>(), GraderNoise::Deterministic, seed)
}

/// The statistics of prompts with any number of scored rollouts each; `None` without a score. Prompts without one count
/// for nothing.
///
/// The seed makes the bootstrap repeatable. The result does not depend on the order of prompts or of their rollouts.
/// Percentiles are interpolated linearly (Hyndman and Fan's type 7, numpy's default). The headroom is the mean of the
/// prompts' (those with two rollouts or more), less the mean judge noise in those that were graded twice: the difference
/// estimator of two-phase sampling (Cochran 1977, section 12.9), so that grading a part twice corrects the whole.
pub fn compute_rollout_statistics(
    prompts: &[PromptRollouts],
    noise: GraderNoise,
    seed: u64,
) -> Option<DryRunStatistics> {
    statistics_at(prompts, noise, Z_975, seed)
}

/// The same with intervals of another level, by its normal deviate `z`; what repeated looking needs.
pub(super) fn statistics_at(
    prompts: &[PromptRollouts],
    noise: GraderNoise,
    z: f64,
    seed: u64,
) -> Option<DryRunStatistics> {
    let mut sorted: Vec<f64> = prompts.iter().flat_map(|prompt| prompt.rollouts.iter().map(|one| one.score)).collect();
    sorted.sort_by(f64::total_cmp);
    let (min, max) = (*sorted.first()?, *sorted.last()?);
    let n = sorted.len() as f64;
    let (mean, std) = mean_and_std_of_sorted(&sorted)?;
    let headroom = Headroom::of(prompts, noise);
    let clusters = clusters(prompts, mean, headroom.is_corrected);
    // One prompt resamples to itself: nothing is learnt from that.
    let resampled = (clusters.len() > 1).then(|| intervals(&clusters, mean, z, seed));
    let (mean_ci95, std_ci95) = match resampled {
        Some(intervals) if max > min => (intervals.mean, intervals.std),
        _ => equal_scores_intervals(mean, std, clusters.len()),
    };
    let share_where = |wanted: fn(f64) -> bool| sorted.iter().filter(|score| wanted(**score)).count() as f64 / n;
    Some(DryRunStatistics {
        count: number(sorted.len()),
        mean,
        std,
        median: quantile_of_sorted(&sorted, 0.5),
        min,
        max,
        percentiles: Percentiles {
            p10: quantile_of_sorted(&sorted, 0.10),
            p25: quantile_of_sorted(&sorted, 0.25),
            p75: quantile_of_sorted(&sorted, 0.75),
            p90: quantile_of_sorted(&sorted, 0.90),
        },
        score_fractions: ScoreFractions {
            gt0: share_where(|score| score > 0.0),
            eq1: share_where(|score| score >= 1.0),
        },
        standard_error: standard_error(&clusters, std),
        mean_ci95,
        std_ci95,
        headroom: Headroom::value(&clusters),
        headroom_ci95: headroom.interval(&clusters, resampled.map(|intervals| intervals.headroom)),
        headroom_is_upper_bound: headroom.prompts > 0 && !headroom.is_known,
        variance: variance_parts(prompts, noise, TWICE_GRADED_AT_LEAST),
        prompt_count: Some(number(clusters.len())),
    })
}

/// How the headroom is to be had.
pub(super) struct Headroom {
    /// Prompts with two rollouts or more.
    prompts: usize,
    /// Most rollouts of a prompt.
    rollouts: usize,
    /// Whether judge noise is taken out: enough prompts were graded twice.
    pub(super) is_corrected: bool,
    /// Whether no judge noise is left in it.
    is_known: bool,
}

impl Headroom {
    pub(super) fn of(prompts: &[PromptRollouts], noise: GraderNoise) -> Self {
        let twice_graded = prompts.iter().filter(|prompt| prompt.crossed_headroom().is_some()).count();
        let is_corrected = noise == GraderNoise::Unknown && twice_graded >= TWICE_GRADED_AT_LEAST;
        Self {
            prompts: prompts.iter().filter(|prompt| prompt.rollouts.len() > 1).count(),
            rollouts: prompts.iter().map(|prompt| prompt.rollouts.len()).max().unwrap_or(0),
            is_corrected,
            is_known: is_corrected || noise == GraderNoise::Deterministic,
        }
    }

    /// Whether there is one, without judge noise.
    pub(super) fn is_measured(&self) -> bool {
        self.prompts > 0 && self.is_known
    }

    fn value(clusters: &[Cluster]) -> Option<f64> {
        Cluster::total(clusters).mean_headroom()
    }

    /// The bootstrap's, unless no prompt differs from another: then the rule of three says what was not seen yet. A
    /// prompt's headroom is at most `1 - 1/k`.
    fn interval(&self, clusters: &[Cluster], resampled: Option<Interval>) -> Option<Interval> {
        let value = Self::value(clusters)?;
        let mut with = clusters.iter().filter(|cluster| cluster.headrooms > 0.0);
        let first = with.next()?;
        let alike = |cluster: &Cluster| (cluster.headroom - first.headroom).abs() <= 1e-12 && cluster.noise == 0.0;
        if alike(first) && with.all(alike) {
            let p = share_unseen(self.prompts);
            let most = 1.0 - 1.0 / self.rollouts as f64;
            let low = value * (1.0 - p);
            return Some(Interval { low, high: value + p * (most - value).max(0.0) });
        }
        resampled
    }
}

/// One sum per prompt with a score, sorted: the bootstrap draws by position.
fn clusters(prompts: &[PromptRollouts], mean: f64, corrects_noise: bool) -> Vec<Cluster> {
    let mut sorted: Vec<(Vec<f64>, Cluster)> = prompts
        .iter()
        .filter(|prompt| !prompt.rollouts.is_empty())
        .map(|prompt| (prompt.sorted_scores(), cluster_of(prompt, mean, corrects_noise)))
        .collect();
    sorted.sort_by(|(a, of_a), (b, of_b)| {
        let by_scores = a.iter().zip(b).map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne());
        let then =
            || a.len().cmp(&b.len()).then(of_a.noises.total_cmp(&of_b.noises)).then(of_a.noise.total_cmp(&of_b.noise));
        by_scores.unwrap_or_else(then)
    });
    sorted.into_iter().map(|(_, cluster)| cluster).collect()
}

/// What a prompt adds to the figures; its deviations are from `mean`.
pub(super) fn cluster_of(prompt: &PromptRollouts, mean: f64, corrects_noise: bool) -> Cluster {
    let scores = prompt.sorted_scores();
    let naive = prompt.naive_headroom();
    let crossed = prompt.crossed_headroom().filter(|_| corrects_noise);
    let noise = naive.zip(crossed).map(|(naive, crossed)| naive - crossed);
    Cluster {
        scores: scores.len() as f64,
        deviations: scores.iter().map(|score| score - mean).sum(),
        squares: scores.iter().map(|score| (score - mean).powi(2)).sum(),
        headroom: naive.unwrap_or(0.0),
        headrooms: f64::from(u8::from(naive.is_some())),
        noise: noise.unwrap_or(0.0),
        noises: f64::from(u8::from(noise.is_some())),
    }
}

/// Of the mean: a ratio of two sums over prompts, linearised (Cochran 1977, eq. 2.46). With one score a prompt it is
/// `std / sqrt(n)`, which is also what one prompt alone must do with.
fn standard_error(clusters: &[Cluster], std: f64) -> f64 {
    let (prompts, scores) = (clusters.len() as f64, Cluster::total(clusters).scores);
    if clusters.len() == 1 || scores <= prompts {
        return std / scores.sqrt();
    }
    let squares: f64 = clusters.iter().map(|cluster| cluster.deviations.powi(2)).sum();
    (prompts / (prompts - 1.0) * squares).sqrt() / scores
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Arithmetic mean and sample standard deviation (0 for one score), without their intervals; `None` without scores.
pub fn mean_and_std(scores: &[f64]) -> Option<(f64, f64)> {
    let mut sorted = scores.to_vec();
    sorted.sort_by(f64::total_cmp);
    mean_and_std_of_sorted(&sorted)
}

fn mean_and_std_of_sorted(sorted: &[f64]) -> Option<(f64, f64)> {
    let (min, max) = (*sorted.first()?, *sorted.last()?);
    // Equal scores are set apart: the sum of many 0.1 is not ten times 0.1 in floats, and would show a spread.
    if sorted.len() == 1 || max <= min {
        return Some((min, 0.0));
    }
    let mean = (sorted.iter().sum::<f64>() / sorted.len() as f64).clamp(min, max);
    Some((mean, sample_std(sorted, mean)))
}

/// The histogram: ten buckets, `[0.0, 0.1)` to `[0.9, 1.0]`. Without scores all shares are 0.
pub fn score_buckets(scores: &[f64]) -> Vec<ScoreBucket> {
    let mut counts = [0i64; BUCKETS as usize];
    for score in scores {
        counts[bucket_of(*score)] += 1;
    }
    let total = scores.len().max(1) as f64;
    (0u8..)
        .zip(counts)
        .map(|(index, count)| ScoreBucket {
            low: edge(index),
            high: edge(index + 1),
            count,
            share: count as f64 / total,
        })
        .collect()
}

/// The value below which a share `p` (0..1) of the ascending, non-empty `sorted` lies, interpolated linearly.
pub(crate) fn quantile_of_sorted(sorted: &[f64], p: f64) -> f64 {
    let last = sorted.len() - 1;
    let position = p.clamp(0.0, 1.0) * last as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..=last, the floor is wanted")]
    let below = (position as usize).min(last);
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (position - below as f64)
}

/// The bucket whose lower edge is the greatest not above the score. Edges are compared, not multiplied: `0.7 * 10.0` and
/// its like fall on either side by chance. Sums of weights such as 0.7999999999999999 belong to the 0.8 they mean.
fn bucket_of(score: f64) -> usize {
    let slack = 1e-9;
    (1..BUCKETS).filter(|index| score + slack >= edge(*index)).count()
}

/// As a quotient, which is the float nearest to the decimal number: 3 * 0.1 is not 0.3, 3 / 10 is.
fn edge(index: u8) -> f64 {
    f64::from(index) / f64::from(BUCKETS)
}

fn sample_std(scores: &[f64], mean: f64) -> f64 {
    let squares: f64 = scores.iter().map(|score| (score - mean).powi(2)).sum();
    (squares / (scores.len() - 1) as f64).sqrt()
}

/// Intervals of mean and deviation when resampling prompts shows no spread: all scores of the `n` prompts are equal, or
/// there is one prompt.
///
/// However few there are, equal ones resample to themselves. So below 30 the rule of three speaks (Hanley and
/// Lippman-Hand 1983): with 95% confidence a share of at most `p = 1 - 0.05^(1/n)` of all prompts would score
/// otherwise, at worst 0 or 1. From 30 on the bootstrap's own answer holds: width 0.
fn equal_scores_intervals(score: f64, std: f64, n: usize) -> (Interval, Interval) {
    if n >= FEW_SCORES {
        return (Interval { low: score, high: score }, Interval { low: 0.0, high: 0.0 });
    }
    let p = share_unseen(n);
    let farthest = score.max(1.0 - score);
    let widest = if p < 0.5 { (p * (1.0 - p)).sqrt() } else { 0.5 };
    (
        Interval { low: score * (1.0 - p), high: score + p * (1.0 - score) },
        Interval { low: 0.0, high: (farthest * widest).max(std) },
    )
}

/// The largest share of all prompts, with 95% confidence, of which `n` drawn ones show none.
fn share_unseen(n: usize) -> f64 {
    1.0 - 0.05f64.powf(1.0 / n as f64)
}

#[cfg(test)]
mod rollout_tests;

#[cfg(test)]
mod tests {
    use super::super::random::{below, stream};
    use super::*;

    fn close(actual: f64, expected: f64, tolerance: f64) -> bool {
        (actual - expected).abs() <= tolerance
    }

    /// The data of the comparison with numpy and scipy below: 60 values of a small linear congruence.
    fn example() -> Vec<f64> {
        (0u32..60).map(|i| f64::from((i * i * 7 + i * 13 + 5) % 101) / 100.0 * f64::from(i % 3 + 1) / 3.0).collect()
    }

    #[test]
    fn figures_agree_with_numpy_and_scipy() {
        let statistics = compute_dry_run_statistics(&example(), 42).unwrap();
        // numpy: mean, std(ddof=1), percentile(..., [10, 25, 50, 75, 90]).
        assert!(
            close(statistics.mean, 0.338_777_777_777_777_7, 1e-12)
                && close(statistics.std, 0.238_984_800_962_369_2, 1e-12)
        );
        assert!(close(statistics.median, 0.29, 1e-12) && close(statistics.standard_error, 0.030_852_805_137, 1e-11));
        assert!(close(statistics.min, 0.016_666_667, 1e-8) && close(statistics.max, 0.91, 1e-12));
        let percentiles = statistics.percentiles;
        assert!(close(percentiles.p10, 0.057_333_33, 1e-8) && close(percentiles.p25, 0.165_833_33, 1e-8));
        assert!(close(percentiles.p75, 0.473_333_33, 1e-8) && close(percentiles.p90, 0.668, 1e-12));
        assert_eq!((statistics.score_fractions.gt0, statistics.score_fractions.eq1), (1.0, 0.0));
        // scipy.stats.bootstrap(method="BCa", n_resamples=99999); the tolerance is the noise of 2,000 resamples at an end.
        assert!(close(statistics.mean_ci95.low, 0.282_33, 0.006) && close(statistics.mean_ci95.high, 0.402_17, 0.006));
        assert!(close(statistics.std_ci95.low, 0.203_61, 0.005) && close(statistics.std_ci95.high, 0.284_41, 0.005));
    }

    #[test]
    fn skewed_scores_get_the_skewed_intervals_of_scipy() {
        // scipy.stats.bootstrap as above. Plain percentiles would give [0.060, 0.200] and [0.176, 0.354].
        let scores = [[0.0; 40].as_slice(), &[0.05; 10], &[0.5; 6], &[1.0; 4]].concat();
        let statistics = compute_dry_run_statistics(&scores, 42).unwrap();
        assert!(close(statistics.mean, 0.125, 1e-12) && close(statistics.std, 0.278_844_468, 1e-8));
        assert!(close(statistics.mean_ci95.low, 0.067_5, 0.005) && close(statistics.mean_ci95.high, 0.214_2, 0.008));
        assert!(close(statistics.std_ci95.low, 0.197_7, 0.008) && close(statistics.std_ci95.high, 0.369_4, 0.008));
    }

    #[test]
    fn hand_worked_figures() {
        // Sorted 0, 0.25, 0.5, 1: mean 0.4375; squared deviations .19140625 + .03515625 + .00390625 + .31640625 = .546875;
        // / 3 = .18229167, root .42695629; p10 at position 0.3: 0.075; p90 at 2.7: 0.85.
        let statistics = compute_dry_run_statistics(&[1.0, 0.0, 0.5, 0.25], 1).unwrap();
        assert_eq!((statistics.count, statistics.mean, statistics.median), (4, 0.4375, 0.375));
        assert!(close(statistics.std, 0.426_956_28, 1e-8) && close(statistics.standard_error, 0.213_478_14, 1e-8));
        assert!(close(statistics.percentiles.p10, 0.075, 1e-12) && close(statistics.percentiles.p90, 0.85, 1e-12));
        assert_eq!((statistics.score_fractions.gt0, statistics.score_fractions.eq1), (0.75, 0.25));
        assert_eq!((statistics.headroom, statistics.headroom_ci95), (None, None));
    }

    #[test]
    fn no_score_no_statistics() {
        assert_eq!(compute_dry_run_statistics(&[], 42), None);
    }

    #[test]
    fn one_score_and_few_equal_ones_do_not_pretend_to_certainty() {
        // By hand for n = 1: p = 0.95; mean 0.4 * 0.05 = 0.02 to 0.4 + 0.95 * 0.6 = 0.97; std up to 0.6 * 0.5.
        let one = compute_dry_run_statistics(&[0.4], 42).unwrap();
        assert_eq!(
            (one.mean, one.std, one.median, one.min, one.max, one.standard_error),
            (0.4, 0.0, 0.4, 0.4, 0.4, 0.0)
        );
        assert!(close(one.mean_ci95.low, 0.02, 1e-12) && close(one.mean_ci95.high, 0.97, 1e-12));
        assert!(close(one.std_ci95.low, 0.0, 0.0) && close(one.std_ci95.high, 0.3, 1e-12));
        // n = 10: p = 1 - 0.05^0.1 = 0.2588656 (numpy); std 0.5 * sqrt(p (1 - p)) = 0.2190049.
        let ten = compute_dry_run_statistics(&[0.5; 10], 42).unwrap();
        assert!(close(ten.mean_ci95.low, 0.370_567, 1e-6) && close(ten.mean_ci95.high, 0.629_433, 1e-6));
        assert!(close(ten.std_ci95.high, 0.219_005, 1e-6));
        let thirty = compute_dry_run_statistics(&[0.1; 30], 42).unwrap();
        assert_eq!((thirty.mean, thirty.std), (0.1, 0.0));
        assert_eq!(thirty.mean_ci95, Interval { low: 0.1, high: 0.1 });
        assert_eq!(thirty.std_ci95, Interval { low: 0.0, high: 0.0 });
    }

    #[test]
    fn the_interval_repeats_and_ignores_the_order() {
        let mut scores = example();
        let first = compute_dry_run_statistics(&scores, 42);
        scores.reverse();
        assert_eq!(compute_dry_run_statistics(&scores, 42), first);
        assert_ne!(compute_dry_run_statistics(&scores, 43), first);
    }

    #[test]
    fn two_scores_give_an_interval_within_the_range() {
        let two = compute_dry_run_statistics(&[0.0, 1.0], 42).unwrap();
        assert!(two.mean_ci95.low >= 0.0 && two.mean_ci95.high <= 1.0 && two.mean_ci95.low < two.mean_ci95.high);
        assert!(two.std_ci95.low >= 0.0 && two.std_ci95.high.is_finite());
    }

    #[test]
    fn ten_thousand_scores_have_the_width_that_theory_asks() {
        // Uniform scores: the mean's half-width is 1.96 * 0.288675 / 100 = 0.005658; the deviation's, with kurtosis 1.8,
        // 1.96 * 0.288675 * sqrt((1.8 - 1) / 4 / 10000) = 0.002530. Ten percent off is the resampling's own noise.
        let scores: Vec<f64> = (0..10_000).map(|i| f64::from(i) / 9_999.0).collect();
        let statistics = compute_dry_run_statistics(&scores, 42).unwrap();
        let half = |interval: Interval| (interval.high - interval.low) / 2.0;
        assert!(close(half(statistics.mean_ci95) / 0.005_658, 1.0, 0.1), "{:?}", statistics.mean_ci95);
        assert!(close(half(statistics.std_ci95) / 0.002_530, 1.0, 0.1), "{:?}", statistics.std_ci95);
    }

    #[test]
    fn intervals_cover_the_truth_about_as_often_as_they_say() {
        // 80 samples of 40 scores, the mean of two uniform numbers: mean 0.5, variance 1/24. Nominal coverage 95%; three
        // standard errors of 80 trials are 7.3 points, and the deviation's interval is known to fall a little short.
        let (mut mean_hits, mut std_hits) = (0, 0);
        for trial in 0..80 {
            let mut random = stream(trial, b"coverage of the intervals");
            let mut uniform = || below(&mut random, 1_000_001) as f64 / 1_000_000.0;
            let scores: Vec<f64> = (0..40).map(|_| f64::midpoint(uniform(), uniform())).collect();
            let statistics = compute_dry_run_statistics(&scores, trial).unwrap();
            let holds = |interval: Interval, truth: f64| i32::from(interval.low <= truth && truth <= interval.high);
            mean_hits += holds(statistics.mean_ci95, 0.5);
            std_hits += holds(statistics.std_ci95, (1.0f64 / 24.0).sqrt());
        }
        assert!((70..=80).contains(&mean_hits), "{mean_hits} of 80");
        assert!((68..=80).contains(&std_hits), "{std_hits} of 80");
    }

    #[test]
    fn buckets_begin_at_their_lower_edge() {
        let table = [
            (0.0, 0),
            (0.1, 1),
            (0.2, 2),
            (0.3, 3),
            (0.4, 4),
            (0.5, 5),
            (0.6, 6),
            (0.7, 7),
            (0.8, 8),
            (0.9, 9),
            (1.0, 9),
            (0.299_999, 2),
            (0.699_999, 6),
            (0.999_999, 9),
            (0.1 + 0.2, 3),
            (0.1 * 7.0, 7),
            // A weighted sum that means 0.8.
            (0.3 + 0.4 + 0.1, 8),
            (0.799_999_999_999_999_9, 8),
        ];
        for (score, bucket) in table {
            assert_eq!(bucket_of(score), bucket, "{score}");
        }
        let buckets = score_buckets(&[0.3, 0.35, 1.0, 0.0]);
        assert_eq!(buckets.len(), 10);
        assert_eq!((buckets[3].low, buckets[3].high, buckets[3].count, buckets[3].share), (0.3, 0.4, 2, 0.5));
        assert_eq!((buckets[9].low, buckets[9].high, buckets[9].count), (0.9, 1.0, 1));
        assert!(score_buckets(&[]).iter().all(|bucket| bucket.count == 0 && bucket.share == 0.0));
    }
}
