//! Which records a dry run looks at: stratified by largest remainder, without replacement, seeded (domain.md section 8).
//!
//! A stratum is a topic; records without a topic are one too. Records are named by their position within the stratum,
//! so that nothing here needs to hold them.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::random::{below, stream};

/// How many records to take of each stratum, in the order of `strata` (label and number of records).
///
/// Largest remainder (Hamilton): each stratum gets the whole part of its exact share, and the records left over go to
/// the largest fractions, ties to the label that sorts first, records without a topic last. The parts sum up to
/// `min(sample_size, all records)`, and no part is more than its stratum has. A negative number counts as 0.
pub fn allocate(strata: &[(Option<String>, i64)], sample_size: i64) -> Vec<i64> {
    let counts: Vec<i128> = strata.iter().map(|(_, count)| i128::from((*count).max(0))).collect();
    let total: i128 = counts.iter().sum();
    let wanted = i128::from(sample_size.max(0)).min(total);
    if wanted == 0 {
        return vec![0; strata.len()];
    }
    // In whole numbers, so that no share depends on rounding.
    let mut parts: Vec<i128> = counts.iter().map(|count| count * wanted / total).collect();
    let left_over = wanted - parts.iter().sum::<i128>();
    let mut by_remainder: Vec<usize> = (0..strata.len()).collect();
    by_remainder.sort_by_key(|&index| {
        let label = strata[index].0.as_deref();
        (Reverse(counts[index] * wanted % total), label.is_none(), label, index)
    });
    // Fewer are left over than strata have a fraction, and a stratum with a fraction has a record to spare.
    for &index in by_remainder.iter().take(usize::try_from(left_over).unwrap_or(usize::MAX)) {
        parts[index] += 1;
    }
    parts.into_iter().map(|part| i64::try_from(part).unwrap_or(i64::MAX)).collect()
}

/// `n` different positions of `0..count`, ascending, every such set equally likely; all of them if `n >= count`.
///
/// The draw depends on the seed and the stratum's label alone, not on the other strata or their order: a topic that
/// appears or goes leaves the other topics' samples as they were. Memory grows with `n`, not with `count` (Floyd's
/// algorithm: Bentley and Floyd 1987, "A sample of brilliance").
pub fn choose_indices(count: i64, n: i64, seed: u64, stratum_label: Option<&str>) -> Vec<i64> {
    let (count, n) = (count.max(0), n.max(0));
    if n >= count {
        return (0..count).collect();
    }
    let mut random = stream(seed, &purpose(stratum_label));
    let mut chosen = BTreeSet::new();
    for newest in count - n..count {
        let drawn = i64::try_from(below(&mut random, newest.unsigned_abs() + 1)).unwrap_or(newest);
        if !chosen.insert(drawn) {
            chosen.insert(newest);
        }
    }
    chosen.into_iter().collect()
}

/// A topic may be called anything, so "no topic" needs a name that no topic can have.
fn purpose(stratum_label: Option<&str>) -> Vec<u8> {
    match stratum_label {
        Some(label) => [b"stratum of topic:", label.as_bytes()].concat(),
        None => b"stratum without topic".to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strata(parts: &[(&str, i64)]) -> Vec<(Option<String>, i64)> {
        parts.iter().map(|(label, count)| ((!label.is_empty()).then(|| (*label).to_owned()), *count)).collect()
    }

    #[test]
    fn allocates_by_largest_remainder() {
        // By hand: 10 of 100 -> exact shares 4.7, 1.6, 1.58, 1.2, 0.61, 0.31 (the textbook example of Hamilton's method):
        // whole parts 4, 1, 1, 1, 0, 0, and three left over for .70, .61 and .60.
        let textbook = strata(&[
            ("yellow", 47_000),
            ("white", 16_000),
            ("red", 15_800),
            ("green", 12_000),
            ("blue", 6_100),
            ("pink", 3_100),
        ]);
        assert_eq!(allocate(&textbook, 10), [5, 2, 1, 1, 1, 0]);
        type Row<'a> = (&'a [(&'a str, i64)], i64, &'a [i64]);
        let table: &[Row] = &[
            (&[], 10, &[]),
            (&[("a", 0), ("b", 0)], 10, &[0, 0]),
            (&[("a", 5), ("b", 3)], 100, &[5, 3]),
            (&[("a", 5), ("b", 3)], 0, &[0, 0]),
            (&[("a", 5), ("b", 3)], -4, &[0, 0]),
            (&[("a", 5), ("b", -3)], 2, &[2, 0]),
            // Ties go by label, whatever the order given; no topic comes last.
            (&[("b", 1), ("a", 1), ("", 1)], 1, &[0, 1, 0]),
            (&[("", 1), ("b", 1), ("a", 1)], 2, &[0, 1, 1]),
            (&[("a", 1), ("b", 999)], 100, &[0, 100]),
        ];
        for (parts, size, expected) in table {
            assert_eq!(allocate(&strata(parts), *size), *expected, "{parts:?} at {size}");
        }
    }

    #[test]
    fn parts_always_add_up_and_fit() {
        let mut random = stream(3, b"test strata");
        for _ in 0..500 {
            let strata: Vec<_> = (0..=below(&mut random, 11))
                .map(|label| (Some(format!("topic {label}")), below(&mut random, 40).cast_signed()))
                .collect();
            let total: i64 = strata.iter().map(|(_, count)| count).sum();
            let size = below(&mut random, 300).cast_signed();
            let parts = allocate(&strata, size);
            assert_eq!(parts.iter().sum::<i64>(), size.min(total), "{strata:?} at {size}");
            for ((label, count), part) in strata.iter().zip(&parts) {
                // Within one of the exact share: the quota rule, which largest remainder keeps.
                let exact = *count as f64 * size.min(total) as f64 / total.max(1) as f64;
                assert!(*part <= *count && (*part as f64 - exact).abs() < 1.0, "{label:?}: {part} of {count}, {exact}");
            }
        }
        assert_eq!(allocate(&strata_of_the_greatest_size(), 10_000), [5_000, 5_000], "no overflow");
    }

    fn strata_of_the_greatest_size() -> Vec<(Option<String>, i64)> {
        strata(&[("a", i64::MAX), ("b", i64::MAX)])
    }

    #[test]
    fn chosen_indices_are_different_sorted_and_complete() {
        for (count, n, expected_len) in
            [(0, 5, 0), (5, 0, 0), (5, 5, 5), (5, 9, 5), (-1, 3, 0), (5, -3, 0), (1_000_000, 300, 300)]
        {
            let chosen = choose_indices(count, n, 42, Some("a"));
            assert_eq!(chosen.len(), expected_len, "{n} of {count}");
            assert!(chosen.is_sorted_by(|a, b| a < b) && chosen.iter().all(|index| (0..count).contains(index)));
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_sample_for_ever() {
        // Golden values: if they change, stored runs could not be repeated. Never adapt them to a new version.
        assert_eq!(choose_indices(1_000, 5, 42, Some("refunds")), GOLDEN_REFUNDS);
        assert_eq!(choose_indices(1_000, 5, 42, None), GOLDEN_NONE);
        assert_ne!(choose_indices(1_000, 5, 43, Some("refunds")), GOLDEN_REFUNDS);
    }

    const GOLDEN_REFUNDS: [i64; 5] = [209, 353, 910, 936, 962];
    const GOLDEN_NONE: [i64; 5] = [101, 137, 518, 614, 640];

    #[test]
    fn every_record_is_equally_likely() {
        // 3 of 10, 20,000 times: each position expected 6,000 times, each of the 120 sets 166.7 times.
        let mut by_position = [0f64; 10];
        let mut by_set = std::collections::BTreeMap::<Vec<i64>, f64>::new();
        for seed in 0..20_000 {
            let chosen = choose_indices(10, 3, seed, Some("uniform"));
            for index in &chosen {
                by_position[usize::try_from(*index).unwrap()] += 1.0;
            }
            *by_set.entry(chosen).or_default() += 1.0;
        }
        let chi_square = |counts: &mut dyn Iterator<Item = f64>, expected: f64| {
            counts.map(|count| (count - expected).powi(2) / expected).sum::<f64>()
        };
        assert_eq!(by_set.len(), 120);
        // scipy.stats.chi2.isf(0.001, df): 27.88 at 9, 172.4 at 119. Positions within one draw exclude each other, so
        // their statistic is 7/9 of a chi-square: the bound is on the safe side.
        let positions = chi_square(&mut by_position.iter().copied(), 6_000.0);
        let sets = chi_square(&mut by_set.values().copied(), 20_000.0 / 120.0);
        assert!(positions < 27.88, "{positions}: {by_position:?}");
        assert!(sets < 172.4, "{sets}");
    }
}
