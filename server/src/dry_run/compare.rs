//! Two runs side by side: the difference of their means and of their headrooms, with intervals.
//!
//! Prompts that both runs have are drawn together, so how hard they are cancels out; the prompts of one run alone are drawn
//! by themselves. A bootstrap with these three strata (Davison and Hinkley 1997, section 3.2), bias-corrected and
//! accelerated like the intervals of one run.

use std::collections::BTreeMap;

use super::bootstrap::{Cluster, RESAMPLES, Z_975, bca};
use super::random::{below, stream};
use super::rollouts::{GraderNoise, PromptRollouts};
use super::statistics::{Headroom, cluster_of};
use crate::types::dry_run::{Difference, Interval, RunComparison};

/// One run.
#[derive(Debug, Clone, Copy)]
pub struct ComparedRun<'a> {
    /// Its prompts.
    pub prompts: &'a [PromptRollouts],
    /// Whether its grader wavers.
    pub noise: GraderNoise,
}

/// The second run against the first; `None` if either has no score. The headrooms are compared where both are known.
pub fn compare_runs(first: ComparedRun, second: ComparedRun, seed: u64) -> Option<RunComparison> {
    let strata = strata(first, second);
    let total = Pair::total(strata.iter().flatten());
    let has_headroom = Headroom::of(first.prompts, first.noise).is_measured()
        && Headroom::of(second.prompts, second.noise).is_measured();
    let mean = difference(&strata, &total, seed, |pair| pair.both(Cluster::mean))?;
    let headroom =
        if has_headroom { difference(&strata, &total, seed, |pair| pair.both(Cluster::mean_headroom)) } else { None };
    let [shared, only_first, only_second] = strata.map(|stratum| i64::try_from(stratum.len()).unwrap_or(i64::MAX));
    Some(RunComparison { mean, headroom, shared_prompts: shared, only_first, only_second })
}

/// What a prompt adds to either run; nothing to a run that does not have it.
#[derive(Debug, Clone, Copy, Default)]
struct Pair {
    first: Cluster,
    second: Cluster,
}

impl Pair {
    fn add(&mut self, other: &Self, sign: f64) {
        self.first.add(&other.first, sign);
        self.second.add(&other.second, sign);
    }

    fn total<'a>(pairs: impl Iterator<Item = &'a Self>) -> Self {
        pairs.fold(Self::default(), |mut sum, pair| {
            sum.add(pair, 1.0);
            sum
        })
    }

    fn both(&self, figure: fn(&Cluster) -> Option<f64>) -> Option<(f64, f64)> {
        figure(&self.first).zip(figure(&self.second))
    }
}

/// Prompts that both have, that the first alone has, that the second alone has; each in the order of their records.
fn strata(first: ComparedRun, second: ComparedRun) -> [Vec<Pair>; 3] {
    let mut pairs = BTreeMap::<i64, Pair>::new();
    let corrects = |run: &ComparedRun| Headroom::of(run.prompts, run.noise).is_corrected;
    let corrects = (corrects(&first), corrects(&second));
    let is_scored = |prompt: &&PromptRollouts| !prompt.rollouts.is_empty();
    for prompt in first.prompts.iter().filter(is_scored) {
        pairs.entry(prompt.record_id).or_default().first.add(&cluster_of(prompt, 0.0, corrects.0), 1.0);
    }
    for prompt in second.prompts.iter().filter(is_scored) {
        pairs.entry(prompt.record_id).or_default().second.add(&cluster_of(prompt, 0.0, corrects.1), 1.0);
    }
    let mut strata = [const { Vec::new() }; 3];
    for pair in pairs.into_values() {
        let stratum = match (pair.first.scores > 0.0, pair.second.scores > 0.0) {
            (true, true) => 0,
            (true, false) => 1,
            _ => 2,
        };
        strata[stratum].push(pair);
    }
    strata
}

/// Second less first, with its interval.
fn difference(
    strata: &[Vec<Pair>; 3],
    total: &Pair,
    seed: u64,
    figures: impl Fn(&Pair) -> Option<(f64, f64)>,
) -> Option<Difference> {
    let (first, second) = figures(total)?;
    let of = |pair: &Pair| figures(pair).map(|(first, second)| second - first);
    let difference = second - first;
    let mut random = stream(seed, b"bootstrap of a comparison");
    let mut resampled = Vec::with_capacity(RESAMPLES);
    for _ in 0..RESAMPLES {
        let mut drawn = Pair::default();
        for stratum in strata {
            for _ in 0..stratum.len() {
                let index = usize::try_from(below(&mut random, stratum.len() as u64)).unwrap_or(0);
                drawn.add(&stratum[index], 1.0);
            }
        }
        // A resample without a single prompt that has the figure says nothing of it.
        resampled.push(of(&drawn).unwrap_or(difference));
    }
    let ci95 = if strata.iter().map(Vec::len).sum::<usize>() > 2 {
        bca(resampled, difference, acceleration(strata, total, difference, of), 1.0, Z_975)
    } else {
        // One prompt on either side resamples to itself: anything may be.
        Interval { low: -1.0, high: 1.0 }
    };
    Some(Difference { first, second, difference, ci95 })
}

/// The acceleration of several samples (Davison and Hinkley 1997, eq. 5.26), from the jackknife within each stratum.
fn acceleration(strata: &[Vec<Pair>; 3], total: &Pair, whole: f64, of: impl Fn(&Pair) -> Option<f64>) -> f64 {
    let (mut squared, mut cubed) = (0.0, 0.0);
    for stratum in strata.iter().filter(|stratum| stratum.len() > 1) {
        let without: Vec<f64> = stratum
            .iter()
            .map(|pair| {
                let mut rest = *total;
                rest.add(pair, -1.0);
                of(&rest).unwrap_or(whole)
            })
            .collect();
        let n = without.len() as f64;
        let average = without.iter().sum::<f64>() / n;
        for value in without {
            let influence = (n - 1.0) / n * (average - value);
            squared += influence.powi(2);
            cubed += influence.powi(3);
        }
    }
    if squared > 0.0 { cubed / (6.0 * squared.powf(1.5)) } else { 0.0 }
}

#[cfg(test)]
mod tests;
