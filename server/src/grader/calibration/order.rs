//! Which samples are to be scored by hand, and in which order. Pure.

use crate::dry_run::random::{below, stream};

/// Parts of the range of scores that take turns.
const PARTS: usize = 5;

/// The records in an order in which every few are spread over the range of their scores, so that not only easy ones
/// come: the fifths of the range from lowest to highest score take turns, and whose turn it is does not tell the score.
pub fn spread(scored: &[(i64, f64)], seed: u64) -> Vec<i64> {
    let scores = || scored.iter().map(|(_, score)| *score);
    let (low, high) = (scores().fold(f64::MAX, f64::min), scores().fold(f64::MIN, f64::max));
    let width = (high - low).max(f64::MIN_POSITIVE);
    let mut parts: [Vec<i64>; PARTS] = Default::default();
    for (record_id, score) in scored {
        let place = (score - low) / width;
        let part = (1..PARTS).filter(|edge| place * PARTS as f64 + 1e-9 >= *edge as f64).count();
        parts[part].push(*record_id);
    }
    let mut random = stream(seed, b"calibration samples");
    for part in &mut parts {
        part.sort_unstable();
        part.dedup();
        shuffle(part, &mut random);
    }
    let mut order = Vec::with_capacity(scored.len());
    while parts.iter().any(|part| !part.is_empty()) {
        let mut turn: Vec<i64> = parts.iter_mut().filter_map(Vec::pop).collect();
        shuffle(&mut turn, &mut random);
        order.extend(turn);
    }
    order
}

/// Some places of a range of ids, each as likely.
pub fn places(low: i64, high: i64, count: usize, seed: u64) -> Vec<i64> {
    let mut random = stream(seed, b"calibration places");
    let width = high.abs_diff(low).saturating_add(1);
    (0..count).map(|_| low.saturating_add_unsigned(below(&mut random, width))).collect()
}

/// Fisher and Yates.
fn shuffle(items: &mut [i64], random: &mut rand_chacha::ChaCha8Rng) {
    for last in (1..items.len()).rev() {
        let chosen = usize::try_from(below(random, last as u64 + 1)).unwrap_or(last);
        items.swap(last, chosen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_five_are_spread_over_the_range() {
        let scored: Vec<(i64, f64)> = (0..50).map(|n| (n, 0.5 + n as f64 / 100.0)).collect();
        let order = spread(&scored, 1);
        for five in order.chunks(5) {
            let mut parts: Vec<i64> = five.iter().map(|id| id / 10).collect();
            parts.sort_unstable();
            assert_eq!(parts, [0, 1, 2, 3, 4], "{order:?}");
        }
        let tells = order.chunks(5).filter(|five| five.is_sorted()).count();
        assert!(tells < 3, "the place does not tell the score: {order:?}");
        assert_eq!(order, spread(&scored, 1));
        assert_ne!(order, spread(&scored, 2));
    }

    #[test]
    fn few_or_equal_scores_are_all_there() {
        assert!(spread(&[], 1).is_empty());
        let mut order = spread(&[(3, 0.5), (1, 0.5), (2, 0.5), (1, 0.5)], 1);
        order.sort_unstable();
        assert_eq!(order, [1, 2, 3]);
        // Most are easy: the few that are not come first all the same.
        let scored: Vec<(i64, f64)> = (0..100).map(|n| (n, if n < 97 { 1.0 } else { 0.0 })).collect();
        assert!(spread(&scored, 4)[..2].iter().any(|id| *id >= 97));
    }

    #[test]
    fn places_stay_within_the_range() {
        assert!(places(10, 12, 100, 1).iter().all(|place| (10..=12).contains(place)));
        assert_eq!(places(7, 7, 2, 1), [7, 7]);
        assert_eq!(places(i64::MIN, i64::MAX, 1, 1).len(), 1);
    }
}
