//! Agreement of two lists of scores: correlation, kappa, differences, each with a bootstrap interval. Pure.
//!
//! A number that the data does not define is `None` with its reason, never NaN and never 0.

use crate::dry_run::random::{below, stream};
use crate::dry_run::statistics::quantile_of_sorted;
use crate::types::calibration::{
    Agreement, AgreementFigures, AgreementLevel, AgreementRemark, Estimate, LEAST_SAMPLES, RANKS_ALIKE,
};
use crate::types::dry_run::Interval;

/// Resamples of the bootstrap.
const RESAMPLES: usize = 2_000;
/// An interval needs this share of the resamples to define its number.
const LEAST_DEFINED: f64 = 0.95;
/// Scores that differ by no more are the same: sums of weights miss each other by their rounding.
const SAME: f64 = 1e-9;
/// Bins of the kappa.
const FIFTHS: usize = 5;

/// A number of some pairs; `None` where they do not define it.
type Figure = fn(&[Pair]) -> Option<f64>;

/// One response's two scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// By a person, 0..1.
    pub hand: f64,
    /// By the grader, 0..1.
    pub grader: f64,
}

/// How far the two agree; `None` below [`LEAST_SAMPLES`]. The seed makes the intervals repeatable.
pub fn agreement(pairs: &[Pair], seed: u64) -> Option<Agreement> {
    if i64::try_from(pairs.len()).ok()? < LEAST_SAMPLES {
        return None;
    }
    let why = undefined_because(pairs, |score| score);
    let why_in_fifths = undefined_because(pairs, |score| fifth_of(score) as f64);
    let draws: [Figure; 5] = [pearson, spearman, weighted_kappa, mean_difference, mean_absolute_difference];
    let mut resampled = resample(pairs, seed, &draws).into_iter();
    let mut estimate = |value: Option<f64>, why: Option<&str>| {
        let ends = interval(resampled.next().unwrap_or_default());
        let few = "Too many samples have the same scores for an interval. Score more that differ.";
        let why = match value {
            None => why,
            Some(_) if ends.is_none() => Some(few),
            Some(_) => None,
        };
        Estimate { value, ci95: ends.filter(|_| value.is_some()), why: why.map(str::to_owned) }
    };
    let figures = AgreementFigures {
        pearson: estimate(pearson(pairs), why),
        spearman: estimate(spearman(pairs), why),
        kappa: estimate(weighted_kappa(pairs), why_in_fifths),
        mean_difference: estimate(mean_difference(pairs), None),
        mean_absolute_difference: estimate(mean_absolute_difference(pairs), None),
    };
    let level = figures.kappa.value.map(AgreementLevel::of);
    Some(Agreement { level, remarks: remarks(&figures, level), figures })
}

fn remarks(figures: &AgreementFigures, level: Option<AgreementLevel>) -> Vec<AgreementRemark> {
    let mut remarks = Vec::new();
    if let Some(ends) = figures.mean_difference.ci95 {
        if ends.low > SAME {
            remarks.push(AgreementRemark::TooLenient);
        } else if ends.high < -SAME {
            remarks.push(AgreementRemark::TooStrict);
        }
    }
    let ranks_alike = figures.spearman.value.is_some_and(|ranks| ranks >= RANKS_ALIKE);
    if ranks_alike && level.is_some_and(|level| level != AgreementLevel::Well) {
        remarks.push(AgreementRemark::OtherScale);
    }
    let spans = |ends: Interval| AgreementLevel::of(ends.low) != AgreementLevel::of(ends.high);
    if level.is_some() && figures.kappa.ci95.is_none_or(spans) {
        remarks.push(AgreementRemark::NotSettled);
    }
    remarks
}

/// The fifth that a score is in: [0, 0.2) is 0, [0.2, 0.4) is 1, ... [0.8, 1] is 4.
pub fn fifth_of(score: f64) -> usize {
    let edges = [0.2, 0.4, 0.6, 0.8];
    edges.iter().filter(|edge| score + SAME >= **edge).count()
}

fn undefined_because(pairs: &[Pair], seen: fn(f64) -> f64) -> Option<&'static str> {
    let hand = is_constant(pairs.iter().map(|pair| seen(pair.hand)));
    let grader = is_constant(pairs.iter().map(|pair| seen(pair.grader)));
    match (hand, grader) {
        (false, false) => None,
        (true, false) => Some("All hand scores are alike, so there is nothing to compare the grader's with."),
        (false, true) => Some("All of the grader's scores are alike, so they tell no response from another."),
        (true, true) => Some("All hand scores are alike, and so are the grader's."),
    }
}

fn is_constant(values: impl Iterator<Item = f64>) -> bool {
    let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
    high - low <= SAME
}

/// Pearson's correlation; `None` where a side does not vary.
pub fn pearson(pairs: &[Pair]) -> Option<f64> {
    let points: Vec<(f64, f64)> = pairs.iter().map(|pair| (pair.hand, pair.grader)).collect();
    correlation(&points)
}

/// Spearman's: Pearson's of the ranks, where equal scores share their mean rank.
pub fn spearman(pairs: &[Pair]) -> Option<f64> {
    let hand = ranks(&pairs.iter().map(|pair| pair.hand).collect::<Vec<_>>());
    let grader = ranks(&pairs.iter().map(|pair| pair.grader).collect::<Vec<_>>());
    correlation(&hand.into_iter().zip(grader).collect::<Vec<_>>())
}

fn correlation(points: &[(f64, f64)]) -> Option<f64> {
    if is_constant(points.iter().map(|point| point.0)) || is_constant(points.iter().map(|point| point.1)) {
        return None;
    }
    let n = points.len() as f64;
    let (x_mean, y_mean) =
        (points.iter().map(|point| point.0).sum::<f64>() / n, points.iter().map(|point| point.1).sum::<f64>() / n);
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in points {
        xy += (x - x_mean) * (y - y_mean);
        xx += (x - x_mean).powi(2);
        yy += (y - y_mean).powi(2);
    }
    Some((xy / (xx * yy).sqrt()).clamp(-1.0, 1.0))
}

/// Ranks from 1; equal values share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let first = values[order[start]];
        let end = start + order[start..].iter().take_while(|index| values[**index] - first <= SAME).count();
        let mean = (start + 1 + end) as f64 / 2.0;
        for index in &order[start..end] {
            ranks[*index] = mean;
        }
        start = end;
    }
    ranks
}

/// Cohen's kappa with quadratic weights on fifths; `None` where a side is in one fifth throughout.
pub fn weighted_kappa(pairs: &[Pair]) -> Option<f64> {
    let (mut by_hand, mut by_grader, mut observed) = ([0.0; FIFTHS], [0.0; FIFTHS], 0.0);
    let distance = |a: usize, b: usize| (a.abs_diff(b) as f64).powi(2);
    for pair in pairs {
        let (hand, grader) = (fifth_of(pair.hand), fifth_of(pair.grader));
        by_hand[hand] += 1.0;
        by_grader[grader] += 1.0;
        observed += distance(hand, grader);
    }
    let in_one = |counts: &[f64]| counts.iter().filter(|count| **count > 0.0).count() < 2;
    if in_one(&by_hand) || in_one(&by_grader) {
        return None;
    }
    let n = pairs.len() as f64;
    let mut expected = 0.0;
    for (hand, hands) in by_hand.iter().enumerate() {
        for (grader, graders) in by_grader.iter().enumerate() {
            expected += distance(hand, grader) * hands * graders / n;
        }
    }
    Some(1.0 - observed / expected)
}

fn mean_difference(pairs: &[Pair]) -> Option<f64> {
    mean_of(pairs, |pair| pair.grader - pair.hand)
}

fn mean_absolute_difference(pairs: &[Pair]) -> Option<f64> {
    mean_of(pairs, |pair| (pair.grader - pair.hand).abs())
}

fn mean_of(pairs: &[Pair], value: fn(&Pair) -> f64) -> Option<f64> {
    (!pairs.is_empty()).then(|| pairs.iter().map(value).sum::<f64>() / pairs.len() as f64)
}

/// What each number is in each resample.
fn resample(pairs: &[Pair], seed: u64, draws: &[Figure]) -> Vec<Vec<Option<f64>>> {
    let mut random = stream(seed, b"bootstrap of agreement");
    let mut drawn = Vec::with_capacity(pairs.len());
    let mut values = vec![Vec::with_capacity(RESAMPLES); draws.len()];
    for _ in 0..RESAMPLES {
        drawn.clear();
        for _ in pairs {
            drawn.push(pairs[usize::try_from(below(&mut random, pairs.len() as u64)).unwrap_or(0)]);
        }
        for (values, draw) in values.iter_mut().zip(draws) {
            values.push(draw(&drawn));
        }
    }
    values
}

/// The 2.5th and 97.5th percentile of the resamples that define the number; `None` if too few do.
fn interval(values: Vec<Option<f64>>) -> Option<Interval> {
    let all = values.len() as f64;
    let mut defined: Vec<f64> = values.into_iter().flatten().collect();
    if defined.is_empty() || (defined.len() as f64) < LEAST_DEFINED * all {
        return None;
    }
    defined.sort_by(f64::total_cmp);
    Some(Interval { low: quantile_of_sorted(&defined, 0.025), high: quantile_of_sorted(&defined, 0.975) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(hand: &[f64], grader: &[f64]) -> Vec<Pair> {
        hand.iter().zip(grader).map(|(hand, grader)| Pair { hand: *hand, grader: *grader }).collect()
    }

    fn close(value: Option<f64>, expected: f64) -> bool {
        value.is_some_and(|value| (value - expected).abs() < 1e-12)
    }

    /// scipy 1.17.1 (`pearsonr`, `spearmanr`) and scikit-learn 1.9.1 (`cohen_kappa_score`, quadratic, on the fifths).
    #[test]
    fn the_figures_are_those_of_scipy_and_scikit_learn() {
        let alike = pairs(
            &[0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 0.5, 0.25, 0.0, 0.75],
            &[0.1, 0.2, 0.55, 0.6, 0.95, 0.8, 0.7, 0.25, 0.05, 0.5],
        );
        assert!(close(pearson(&alike), 0.933_213_368_710_160_3));
        assert!(close(spearman(&alike), 0.910_877_033_247_062_2));
        assert!(close(weighted_kappa(&alike), 0.95));
        assert!(close(mean_difference(&alike), -0.03) && close(mean_absolute_difference(&alike), 0.11));
        let unlike = pairs(&[0.0, 0.0, 0.5, 0.5, 1.0, 1.0, 0.25], &[0.9, 0.4, 0.4, 0.4, 0.1, 0.6, 0.6]);
        assert!(close(pearson(&unlike), -0.527_274_745_466_416_8));
        assert!(close(spearman(&unlike), -0.432_772_339_563_461_45));
        assert!(close(weighted_kappa(&unlike), -0.487_046_632_124_352_73));
    }

    /// By hand: the fifths are 0,4 against 0,3; observed 0 + 1 = 1; expected (0 + 9 + 16 + 1) / 2 = 13; 1 - 1/13.
    #[test]
    fn a_kappa_worked_out_by_hand() {
        let kappa = weighted_kappa(&pairs(&[0.0, 1.0], &[0.0, 0.6])).unwrap();
        assert!((kappa - 12.0 / 13.0).abs() < 1e-12, "{kappa}");
    }

    #[test]
    fn fifths_begin_with_their_lower_edge() {
        let fifths = [0.0, 0.199, 0.2, 0.399, 0.4, 0.6, 0.1 + 0.7, 0.8, 1.0].map(fifth_of);
        assert_eq!(fifths, [0, 0, 1, 1, 2, 3, 4, 4, 4]);
        assert_eq!(crate::types::calibration::HAND_LEVELS.map(fifth_of), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn ties_share_their_mean_rank() {
        assert_eq!(ranks(&[0.5, 0.1, 0.5, 0.9, 0.1, 0.5]), [4.0, 1.5, 4.0, 6.0, 1.5, 4.0]);
    }

    #[test]
    fn what_is_not_defined_has_its_reason() {
        let constant = pairs(&[0.5; 6], &[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
        let found = agreement(&constant, 1).unwrap();
        for missing in [&found.figures.pearson, &found.figures.spearman, &found.figures.kappa] {
            assert_eq!((missing.value, missing.ci95), (None, None));
            assert!(missing.why.as_deref().unwrap().starts_with("All hand scores are alike, so"));
        }
        assert_eq!(found.level, None);
        assert!(close(found.figures.mean_difference.value, -0.15), "the differences are defined all the same");
        let both = agreement(&pairs(&[1.0; 5], &[1.0; 5]), 1).unwrap();
        assert_eq!(both.figures.pearson.why.unwrap(), "All hand scores are alike, and so are the grader's.");
        // Different scores within one fifth: a correlation, but no kappa.
        let near = agreement(&pairs(&[0.0, 0.25, 0.5, 0.75, 1.0], &[0.81, 0.85, 0.9, 0.95, 1.0]), 1).unwrap();
        assert!(near.figures.pearson.value.is_some() && near.figures.kappa.value.is_none());
        assert!(near.figures.kappa.why.unwrap().contains("All of the grader's scores are alike"));
        assert_eq!(agreement(&pairs(&[0.0, 1.0, 0.5, 0.25], &[0.0, 1.0, 0.5, 0.25]), 1), None, "four are not enough");
    }

    #[test]
    fn one_that_differs_is_not_enough_for_an_interval() {
        // A resample misses the only different hand score with (5/6)^6 = 33%.
        let found = agreement(&pairs(&[1.0, 1.0, 1.0, 1.0, 1.0, 0.0], &[0.9, 0.8, 0.9, 0.6, 0.9, 0.1]), 7).unwrap();
        assert!(found.figures.pearson.value.is_some() && found.figures.pearson.ci95.is_none());
        assert!(found.figures.pearson.why.unwrap().starts_with("Too many samples have the same"));
        assert!(found.remarks.contains(&AgreementRemark::NotSettled));
    }

    #[test]
    fn words_follow_from_the_figures() {
        let levels: Vec<f64> = (0..60).map(|n| f64::from(n % 5) / 4.0).collect();
        let found = agreement(&pairs(&levels, &levels), 3).unwrap();
        assert_eq!((found.level, found.remarks), (Some(AgreementLevel::Well), vec![]));
        assert_eq!(found.figures.kappa.ci95, Some(Interval { low: 1.0, high: 1.0 }));
        // The same order, 0.7 to 1: too lenient, on another scale.
        let lenient: Vec<f64> = levels.iter().map(|level| 0.7 + 0.3 * level).collect();
        let found = agreement(&pairs(&levels, &lenient), 3).unwrap();
        assert_eq!(found.level, Some(AgreementLevel::Poorly));
        assert_eq!(found.remarks, [AgreementRemark::TooLenient, AgreementRemark::OtherScale]);
        let strict: Vec<f64> = levels.iter().map(|level| 0.6 * level).collect();
        assert!(agreement(&pairs(&levels, &strict), 3).unwrap().remarks.contains(&AgreementRemark::TooStrict));
        assert_eq!(agreement(&pairs(&levels, &strict), 3), agreement(&pairs(&levels, &strict), 3), "repeatable");
    }
}
