//! 95% intervals by resampling: the bias-corrected and accelerated (BCa) bootstrap of Efron (1987), seeded.
//!
//! **The prompt is the unit**: what is drawn is a prompt with all its scores (Davison and Hinkley 1997, section 3.8), since
//! the rollouts of one prompt are alike.
//!
//! Why not plain percentiles: the deviation of a resample is on average too small, so plain percentiles lie too low and
//! would call a spread settled that is not. BCa corrects for that and for skewness.
//!
//! **Work is capped.** Of `n` prompts, resamples draw `m = min(n, 1,000)`, 2,000 times, and their distances from the
//! estimate are shrunk by `sqrt(m / n)` (the m-out-of-n bootstrap with rescaling: Politis, Romano and Wolf 1999,
//! "Subsampling", section 2; Bickel, Götze and van Zwet 1997). So 10,000 prompts cost as much as 1,000, two million
//! draws, and 2,000 resamples are always enough for stable ends.

use super::random::{below, stream};
use crate::types::dry_run::Interval;

/// Resamples drawn.
pub(super) const RESAMPLES: usize = 2_000;
/// Prompts drawn per resample at most.
const DRAWS_AT_MOST: usize = 1_000;
/// The normal deviate of a two-sided 95% interval.
pub(super) const Z_975: f64 = 1.959_963_984_540_054;

/// What one prompt adds to every figure. All figures are functions of such sums, so a resample is a sum of prompts and
/// the jackknife takes one prompt away.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Cluster {
    /// Its scores.
    pub(super) scores: f64,
    /// Their deviations from the mean of all, summed: so that the one-pass variance loses no digits.
    pub(super) deviations: f64,
    /// The same squared.
    pub(super) squares: f64,
    /// Its headroom, judge noise included,
    pub(super) headroom: f64,
    /// if it has one: 1 or 0.
    pub(super) headrooms: f64,
    /// How much of the headroom is judge noise,
    pub(super) noise: f64,
    /// if its best rollouts were graded twice: 1 or 0.
    pub(super) noises: f64,
}

impl Cluster {
    /// Adds a prompt (`sign` 1) or takes it away (-1).
    pub(super) fn add(&mut self, other: &Self, sign: f64) {
        self.scores += sign * other.scores;
        self.deviations += sign * other.deviations;
        self.squares += sign * other.squares;
        self.headroom += sign * other.headroom;
        self.headrooms += sign * other.headrooms;
        self.noise += sign * other.noise;
        self.noises += sign * other.noises;
    }

    /// The sum of all.
    pub(super) fn total<'a>(clusters: impl IntoIterator<Item = &'a Self>) -> Self {
        clusters.into_iter().fold(Self::default(), |mut sum, cluster| {
            sum.add(cluster, 1.0);
            sum
        })
    }

    /// The mean score, if `deviations` are from 0; `None` without scores.
    pub(super) fn mean(&self) -> Option<f64> {
        (self.scores > 0.0).then(|| self.deviations / self.scores)
    }

    /// The mean headroom less the mean judge noise; `None` without any headroom.
    pub(super) fn mean_headroom(&self) -> Option<f64> {
        let noise = if self.noises > 0.0 { self.noise / self.noises } else { 0.0 };
        (self.headrooms > 0.0).then(|| self.headroom / self.headrooms - noise)
    }

    /// Mean deviation, standard deviation and headroom of a sum of prompts. `otherwise` speaks where nothing was drawn
    /// that could.
    fn estimates(&self, otherwise: &Estimates) -> Estimates {
        let offset = self.deviations / self.scores;
        let freedom = self.scores - 1.0;
        let variance = if freedom > 0.0 { ((self.squares - self.deviations * offset) / freedom).max(0.0) } else { 0.0 };
        let headroom = if self.headrooms > 0.0 { self.headroom / self.headrooms } else { otherwise.naive_headroom };
        let noise = if self.noises > 0.0 { self.noise / self.noises } else { otherwise.noise };
        Estimates { offset, std: variance.sqrt(), naive_headroom: headroom, noise }
    }
}

/// The figures of a sum of prompts.
#[derive(Debug, Clone, Copy, Default)]
struct Estimates {
    offset: f64,
    std: f64,
    naive_headroom: f64,
    noise: f64,
}

impl Estimates {
    fn headroom(&self) -> f64 {
        self.naive_headroom - self.noise
    }
}

/// The three intervals.
#[derive(Debug, Clone, Copy)]
pub(super) struct Intervals {
    pub(super) mean: Interval,
    pub(super) std: Interval,
    pub(super) headroom: Interval,
}

/// Resamples prompts, of which there are two or more and whose scores around `mean` are not all equal. `z` is the normal
/// deviate of the intervals' level: [`Z_975`] for 95%.
pub(super) fn intervals(clusters: &[Cluster], mean: f64, z: f64, seed: u64) -> Intervals {
    let draws = clusters.len().min(DRAWS_AT_MOST);
    let shrink = (draws as f64 / clusters.len() as f64).sqrt();
    let total = Cluster::total(clusters);
    let whole = total.estimates(&Estimates::default());
    let mut random = stream(seed, b"bootstrap of mean and std");
    let mut resampled = [const { Vec::new() }; 3];
    for _ in 0..RESAMPLES {
        let mut drawn = Cluster::default();
        for _ in 0..draws {
            let index = usize::try_from(below(&mut random, clusters.len() as u64)).unwrap_or(0);
            drawn.add(&clusters[index], 1.0);
        }
        let estimates = drawn.estimates(&whole);
        resampled[0].push(mean + shrink * estimates.offset);
        resampled[1].push(whole.std + shrink * (estimates.std - whole.std));
        resampled[2].push(whole.headroom() + shrink * (estimates.headroom() - whole.headroom()));
    }
    let without: Vec<Estimates> = clusters
        .iter()
        .map(|cluster| {
            let mut rest = total;
            rest.add(cluster, -1.0);
            rest.estimates(&whole)
        })
        .collect();
    let acceleration = |pick: fn(&Estimates) -> f64| acceleration(without.iter().map(pick));
    let [means, stds, headrooms] = resampled;
    Intervals {
        mean: bca(means, mean, acceleration(|estimates| estimates.offset), shrink, z),
        std: bca(stds, whole.std, acceleration(|estimates| estimates.std), shrink, z),
        headroom: bca(headrooms, whole.headroom(), acceleration(Estimates::headroom), shrink, z),
    }
}

/// The BCa interval from the (rescaled) resampled estimates.
pub(super) fn bca(mut resampled: Vec<f64>, estimate: f64, acceleration: f64, shrink: f64, z: f64) -> Interval {
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
    Interval { low: end(-z), high: end(z) }
}

/// The acceleration of a figure from the jackknife: what it is without each of the prompts.
pub(super) fn acceleration(without: impl Iterator<Item = f64> + Clone) -> f64 {
    let average = without.clone().sum::<f64>() / without.clone().count().max(1) as f64;
    let (mut squared, mut cubed) = (0.0, 0.0);
    for value in without {
        squared += (average - value).powi(2);
        cubed += (average - value).powi(3);
    }
    if squared > 0.0 { cubed / (6.0 * squared.powf(1.5)) } else { 0.0 }
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
    fn the_acceleration_agrees_with_scipy() {
        // scipy.stats.skew(mean(x) - jackknife means) / (6 sqrt(n)), which is the same number; x below, numpy.
        let x = [0.1, 0.4, 0.4, 0.9, 0.05, 0.7];
        let without = x.iter().map(|left_out| (x.iter().sum::<f64>() - left_out) / 5.0);
        assert!((acceleration(without) - 0.016_758_869_355_318_5).abs() < 1e-12);
    }

    #[test]
    fn what_is_taken_away_is_as_if_it_had_never_been_there() {
        let cluster = |k: f64| Cluster {
            scores: k,
            deviations: 0.1 * k,
            squares: 0.3 * k,
            headroom: 0.2,
            headrooms: 1.0,
            ..Cluster::default()
        };
        let mut sum = Cluster::total(&[cluster(1.0), cluster(4.0), cluster(2.0)]);
        sum.add(&cluster(4.0), -1.0);
        let rest = Cluster::total(&[cluster(1.0), cluster(2.0)]);
        assert!((sum.deviations - rest.deviations).abs() < 1e-12 && (sum.headroom - rest.headroom).abs() < 1e-12);
        assert_eq!((sum.scores, sum.headrooms), (3.0, 2.0));
    }
}
