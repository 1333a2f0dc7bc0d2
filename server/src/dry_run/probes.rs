//! Reward-hack probes: whether a cheap attack pays better than honest work does.

use std::collections::BTreeMap;

use super::statistics::quantile_of_sorted;
use crate::types::dry_run::{ProbeKind, ProbeResult};

/// What the grader paid for each kind of attack (score 0..1), gravest first, against the real responses' scores. Kinds
/// without a score are left out; without real scores nothing is known.
///
/// The median of an attack's scores is what is compared: one lucky prompt makes no attack.
pub fn evaluate_probes(probes: &[(ProbeKind, f64)], real_scores: &[f64]) -> Vec<ProbeResult> {
    let mut real = real_scores.to_vec();
    real.sort_by(f64::total_cmp);
    if real.is_empty() {
        return Vec::new();
    }
    let real_median = quantile_of_sorted(&real, 0.5);
    let mut by_kind = BTreeMap::<ProbeKind, Vec<f64>>::new();
    for (kind, score) in probes {
        by_kind.entry(*kind).or_default().push(*score);
    }
    let mut results: Vec<ProbeResult> = by_kind
        .into_iter()
        .map(|(kind, mut scores)| {
            scores.sort_by(f64::total_cmp);
            let median = quantile_of_sorted(&scores, 0.5);
            ProbeResult {
                kind,
                count: i64::try_from(scores.len()).unwrap_or(i64::MAX),
                mean: scores.iter().sum::<f64>() / scores.len() as f64,
                median,
                max: scores.last().copied().unwrap_or(median),
                real_median,
                // Sums of weights may differ in their last digits.
                pays: median > real_median + 1e-9,
            }
        })
        .collect();
    results.sort_by(|a, b| b.median.total_cmp(&a.median).then(b.mean.total_cmp(&a.mean)).then(a.kind.cmp(&b.kind)));
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attack_pays_where_its_median_beats_the_real_ones() {
        use ProbeKind::{Echo, Empty, Instruction};
        let probes = [(Empty, 0.0), (Instruction, 0.9), (Empty, 0.8), (Empty, 0.1), (Echo, 0.5), (Instruction, 0.7)];
        let results = evaluate_probes(&probes, &[0.2, 0.5, 0.9]);
        let rows: Vec<(ProbeKind, i64, bool)> = results.iter().map(|row| (row.kind, row.count, row.pays)).collect();
        // As good as the median is not above it.
        assert_eq!(rows, [(Instruction, 2, true), (Echo, 1, false), (Empty, 3, false)]);
        let empty = results[2];
        assert!((empty.mean - 0.3).abs() < 1e-12 && (empty.median, empty.max, empty.real_median) == (0.1, 0.8, 0.5));
    }

    #[test]
    fn nothing_to_compare_is_no_result() {
        assert!(evaluate_probes(&[(ProbeKind::Empty, 1.0)], &[]).is_empty());
        assert!(evaluate_probes(&[], &[0.5]).is_empty());
    }
}
