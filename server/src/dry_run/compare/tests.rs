use super::super::example::{prompts, prompts_of, score};
use super::*;

fn run(prompts: &[PromptRollouts]) -> ComparedRun<'_> {
    ComparedRun { prompts, noise: GraderNoise::Deterministic }
}

/// The same prompts, a third of them 0.05 and a third 0.10 better.
fn better() -> Vec<PromptRollouts> {
    prompts_of(|i, j| Some(((score(i, j) + 0.05 * (i % 3) as f64).clamp(0.0, 1.0), None)))
}

fn renumbered(mut prompts: Vec<PromptRollouts>, by: i64) -> Vec<PromptRollouts> {
    for prompt in &mut prompts {
        prompt.record_id += by;
    }
    prompts
}

fn near(interval: Interval, low: f64, high: f64, tolerance: f64) -> bool {
    (interval.low - low).abs() < tolerance && (interval.high - high).abs() < tolerance
}

#[test]
fn shared_prompts_are_paired() {
    let comparison = compare_runs(run(&prompts()), run(&better()), 1).unwrap();
    assert_eq!((comparison.shared_prompts, comparison.only_first, comparison.only_second), (80, 0, 0));
    assert!((comparison.mean.difference - 0.048_812_5).abs() < 1e-9);
    // scipy.stats.bootstrap((second - first,), mean, method="BCa", n_resamples=99999), of the prompts' means and headrooms.
    assert!(near(comparison.mean.ci95, 0.040_06, 0.057_69, 0.000_7), "{:?}", comparison.mean);
    let headroom = comparison.headroom.unwrap();
    assert!((headroom.difference + 0.001_687_5).abs() < 1e-9);
    assert!(near(headroom.ci95, -0.005_25, -0.000_28, 0.000_6), "{headroom:?}");
    assert!(comparison.mean.is_settled());
}

#[test]
fn other_prompts_are_not_paired() {
    let comparison = compare_runs(run(&prompts()), run(&renumbered(better(), 1_000)), 1).unwrap();
    assert_eq!((comparison.shared_prompts, comparison.only_first, comparison.only_second), (0, 80, 80));
    // scipy.stats.bootstrap((second, first), difference of means, method="BCa", n_resamples=99999).
    assert!(near(comparison.mean.ci95, -0.003_7, 0.100_5, 0.003), "{:?}", comparison.mean);
    assert!(!comparison.mean.is_settled());
}

#[test]
fn the_more_is_shared_the_narrower() {
    let width = |by: i64| {
        let comparison = compare_runs(run(&prompts()), run(&renumbered(better(), by)), 1).unwrap();
        (comparison.shared_prompts, comparison.mean.ci95.high - comparison.mean.ci95.low)
    };
    let widths: Vec<f64> = [(0, 80), (40, 40), (80, 0)]
        .into_iter()
        .map(|(by, shared)| {
            // Moved by 40, the second run's first half meets other prompts of the first run.
            let (found, width) = width(by);
            assert_eq!(found, shared);
            width
        })
        .collect();
    assert!(widths[0] < widths[1] * 0.5 && widths[0] < widths[2] * 0.5, "{widths:?}");
}

#[test]
fn a_run_against_itself_does_not_differ_and_order_does_not_matter() {
    let comparison = compare_runs(run(&prompts()), run(&prompts()), 1).unwrap();
    assert_eq!((comparison.mean.difference, comparison.mean.ci95), (0.0, Interval { low: 0.0, high: 0.0 }));
    let forth = compare_runs(run(&prompts()), run(&better()), 1);
    let reversed: Vec<PromptRollouts> = better().into_iter().rev().collect();
    assert_eq!(compare_runs(run(&prompts()), run(&reversed), 1), forth);
}

#[test]
fn what_was_not_measured_is_not_compared() {
    assert_eq!(compare_runs(run(&[]), run(&prompts()), 1), None);
    let single = prompts_of(|i, j| (j == 0).then(|| (score(i, j), None)));
    assert!(compare_runs(run(&single), run(&prompts()), 1).unwrap().headroom.is_none());
    // A judge that was never asked twice: its headroom has noise in it.
    let wavering = ComparedRun { prompts: &prompts(), noise: GraderNoise::Unknown };
    assert!(compare_runs(wavering, run(&prompts()), 1).unwrap().headroom.is_none());
    // One prompt a run tells nothing of others.
    let one = compare_runs(run(&prompts()[..1]), run(&better()[..1]), 1).unwrap();
    assert_eq!(one.mean.ci95, Interval { low: -1.0, high: 1.0 });
}
