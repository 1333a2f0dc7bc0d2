//! 95% intervals by resampling: the bias-corrected and accelerated (BCa) bootstrap of Efron (1987), seeded.
//!
//! Why not plain percentiles: the deviation of a resample is on average too small, so plain percentiles lie too low and
//! would call a spread settled that is not. BCa corrects for that and for skewness.
//!
//! **Work is capped.** Of `n` scores, resamples draw `m = min(n, 1,000)`, 2,000 times, and their distances from the
//! estimate are shrunk by `sqrt(m / n)` (the m-out-of-n bootstrap with rescaling: Politis, Romano and Wolf 1999,
//! "Subsampling", section 2; Bickel, Götze and van Zwet 1997). So 10,000 scores cost as much as 1,000, two million
//! draws, and 2,000 resamples are always enough for stable ends.

use super::random::{below, stream};
use crate::types::dry_run::Interval;

/// Resamples drawn.
const RESAMPLES: usize = 2_000;
/// Scores drawn per resample at most.
const DRAWS_AT_MOST: usize = 1_000;
/// The normal deviate of a two-sided 95% interval.
const Z_975: f64 = 1.959_963_984_540_054;

/// The intervals of mean and sample standard deviation.
#[derive(Debug, Clone, Copy)]
pub(super) struct MeanAndStdIntervals {
    pub(super) mean: Interval,
    pub(super) std: Interval,
}

/// Resamples `scores`, of which there are two or more and not all equal, around their `mean` and `std`.
pub(super) fn mean_and_std_intervals(scores: &[f64], mean: f64, std: f64, seed: u64) -> MeanAndStdIntervals {
    let draws = scores.len().min(DRAWS_AT_MOST);
    let shrink = (draws as f64 / scores.len() as f64).sqrt();
    let mut random = stream(seed, b"bootstrap of mean and std");
    let mut means = Vec::with_capacity(RESAMPLES);
    let mut stds = Vec::with_capacity(RESAMPLES);
    for _ in 0..RESAMPLES {
        // Deviations from the mean of all, so that the one-pass variance loses no digits.
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..draws {
            let index = usize::try_from(below(&mut random, scores.len() as u64)).unwrap_or(0);
            let deviation = scores[index] - mean;
            sum += deviation;
            squares += deviation * deviation;
        }
        let offset = sum / draws as f64;
        let variance = ((squares - sum * offset) / (draws - 1) as f64).max(0.0);
        means.push(mean + shrink * offset);
        stds.push(std + shrink * (variance.sqrt() - std));
    }
    let (mean_acceleration, std_acceleration) = accelerations(scores, mean);
    MeanAndStdIntervals {
        mean: bca(means, mean, mean_acceleration, shrink),
        std: bca(stds, std, std_acceleration, shrink),
    }
}

/// The BCa interval from the (rescaled) resampled estimates.
fn bca(mut resampled: Vec<f64>, estimate: f64, acceleration: f64, shrink: f64) -> Interval {
    resampled.sort_by(f64::total_cmp);
    let count = resampled.len() as f64;
    // Half of the ties, as scipy does; kept off 0 and 1, where the correction would be infinite.
    let less = resampled.partition_point(|value| *value < estimate) as f64;
    let not_more = resampled.partition_point(|value| *value <= estimate) as f64;
    let share_below = (f64::midpoint(less, not_more) / count).clamp(1.0 / (count + 1.0), count / (count + 1.0));
    // The bias falls with the root of the sample's size, so what m draws show is shrunk to what n have.
    let bias = normal_quantile(share_below) * shrink;
    let end = |z: f64| {
        let shifted = bias + z;
        let rank = normal_cdf(bias + shifted / (1.0 - acceleration * shifted));
        super::statistics::quantile_of_sorted(&resampled, rank)
    };
    Interval { low: end(-Z_975), high: end(Z_975) }
}

/// Accelerations of mean and deviation from the jackknife, in closed form: what each is without one score follows from
/// the sums over all.
fn accelerations(scores: &[f64], mean: f64) -> (f64, f64) {
    let n = scores.len() as f64;
    let squares: f64 = scores.iter().map(|score| (score - mean).powi(2)).sum();
    let without = |score: f64| {
        let deviation = score - mean;
        // Without one: the sum of squares falls by d^2 n/(n-1), and n-2 degrees of freedom are left.
        let variance =
            if n > 2.0 { ((squares - deviation * deviation * n / (n - 1.0)) / (n - 2.0)).max(0.0) } else { 0.0 };
        (mean - deviation / (n - 1.0), variance.sqrt())
    };
    let of = |pick: fn((f64, f64)) -> f64| {
        let average = scores.iter().map(|score| pick(without(*score))).sum::<f64>() / n;
        let (mut squared, mut cubed) = (0.0, 0.0);
        for score in scores {
            let difference = average - pick(without(*score));
            squared += difference.powi(2);
            cubed += difference.powi(3);
        }
        if squared > 0.0 { cubed / (6.0 * squared.powf(1.5)) } else { 0.0 }
    };
    (of(|(mean, _)| mean), of(|(_, std)| std))
}

/// The standard normal distribution function, to 7e-8 or better: Abramowitz and Stegun 26.2.17.
fn normal_cdf(z: f64) -> f64 {
    if z.is_nan() {
        return 0.5;
    }
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let polynomial = [1.330_274_429, -1.821_255_978, 1.781_477_937, -0.356_563_782, 0.319_381_53]
        .into_iter()
        .fold(0.0, |sum, coefficient| (sum + coefficient) * t);
    let upper_tail = (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt() * polynomial;
    if z >= 0.0 { 1.0 - upper_tail } else { upper_tail }
}

/// Its inverse for `0 < p < 1`, by halving: 60 steps between -9 and 9 are as exact as the function itself.
fn normal_quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-9.0f64, 9.0f64);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if normal_cdf(middle) < p { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_distribution_agrees_with_scipy() {
        // scipy.stats.norm.cdf and ppf.
        for (z, p) in
            [(0.0, 0.5), (1.0, 0.841_344_746), (-1.959_963_985, 0.025), (2.5, 0.993_790_335), (-4.0, 3.167e-5)]
        {
            assert!((normal_cdf(z) - p).abs() < 1e-7, "cdf({z}) = {}", normal_cdf(z));
            assert!((normal_quantile(p) - z).abs() < 1e-3, "ppf({p}) = {}", normal_quantile(p));
        }
    }

    #[test]
    fn the_accelerations_are_those_of_a_jackknife_done_one_by_one() {
        let scores = [0.1, 0.4, 0.4, 0.9, 0.05, 0.7];
        let estimate = |values: &[f64]| {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64;
            (mean, variance.sqrt())
        };
        let left_out: Vec<(f64, f64)> = (0..scores.len())
            .map(|index| {
                let rest: Vec<f64> = scores.iter().enumerate().filter(|(i, _)| *i != index).map(|(_, s)| *s).collect();
                estimate(&rest)
            })
            .collect();
        let acceleration = |values: Vec<f64>| {
            let average = values.iter().sum::<f64>() / values.len() as f64;
            let cubed: f64 = values.iter().map(|value| (average - value).powi(3)).sum();
            let squared: f64 = values.iter().map(|value| (average - value).powi(2)).sum();
            cubed / (6.0 * squared.powf(1.5))
        };
        let (mean, _) = estimate(&scores);
        let (of_mean, of_std) = accelerations(&scores, mean);
        assert!((of_mean - acceleration(left_out.iter().map(|pair| pair.0).collect())).abs() < 1e-12);
        assert!((of_std - acceleration(left_out.iter().map(|pair| pair.1).collect())).abs() < 1e-12);
    }
}
