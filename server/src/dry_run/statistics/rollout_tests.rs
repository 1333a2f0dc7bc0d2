//! Several rollouts per prompt: against numpy and scipy, by hand, and what must hold for any data.

use super::super::example::{prompts, prompts_of, score};
use super::super::random::{below, stream};
use super::*;

const STEADY: GraderNoise = GraderNoise::Deterministic;

fn near(interval: Interval, low: f64, high: f64, tolerance: f64) -> bool {
    (interval.low - low).abs() < tolerance && (interval.high - high).abs() < tolerance
}

fn prompt(record_id: i64, scores: &[f64]) -> PromptRollouts {
    let rollout = |score: &f64| Rollout { score: *score, regrade: None, response_chars: 1 };
    PromptRollouts { record_id, topic: None, rollouts: scores.iter().map(rollout).collect() }
}

#[test]
fn figures_agree_with_numpy_and_scipy() {
    let statistics = compute_rollout_statistics(&prompts(), STEADY, 42).unwrap();
    assert_eq!((statistics.count, statistics.prompts()), (320, 80));
    // numpy: mean and std(ddof=1) of all 320; mean of (max - mean) by prompt; std of the prompts' means / sqrt(80).
    assert!((statistics.mean - 0.319_164_062_5).abs() < 1e-12);
    assert!((statistics.std - 0.247_061_223_338_443).abs() < 1e-12);
    assert!((statistics.headroom.unwrap() - 0.202_398_437_5).abs() < 1e-12);
    assert!((statistics.standard_error - 0.018_883_664_338_4).abs() < 1e-12);
    // scipy.stats.bootstrap over prompts, method="BCa", n_resamples=99999 (9999 for the deviation). Over single scores the
    // mean's interval would be [0.293, 0.347]: too narrow, for the scores of a prompt are alike.
    assert!(near(statistics.mean_ci95, 0.284_05, 0.357_75, 0.004), "{:?}", statistics.mean_ci95);
    assert!(near(statistics.std_ci95, 0.227_34, 0.269_45, 0.003), "{:?}", statistics.std_ci95);
    assert!(near(statistics.headroom_ci95.unwrap(), 0.173_93, 0.234_14, 0.004), "{:?}", statistics.headroom_ci95);
    // numpy: mean squares of a one-way analysis of variance.
    let parts = statistics.variance.unwrap();
    assert!((parts.within_prompts - 0.043_570_227_864_6).abs() < 1e-12);
    assert!((parts.between_prompts - 0.017_634_865_341_5).abs() < 1e-12);
    assert_eq!(parts.judge_noise, Some(0.0));
}

#[test]
fn one_rollout_each_is_what_it_always_was() {
    let scores: Vec<f64> = (0..80).map(|i| score(i, 0)).collect();
    let single = prompts_of(|i, j| (j == 0).then(|| (score(i, j), None)));
    let statistics = compute_rollout_statistics(&single, STEADY, 42).unwrap();
    assert_eq!(compute_dry_run_statistics(&scores, 42).unwrap(), statistics);
    assert_eq!((statistics.headroom, statistics.headroom_ci95, statistics.variance), (None, None, None));
    assert!(!statistics.headroom_is_upper_bound);
}

#[test]
fn judge_noise_is_taken_out_of_the_headroom() {
    // Every response is worth 0.5; the judge adds -0.2 .. 0.2 at random, so all headroom is noise.
    let mut random = stream(5, b"a wavering judge");
    let mut grade = || 0.3 + 0.4 * below(&mut random, 1_000_001) as f64 / 1_000_000.0;
    let graded: Vec<[(f64, f64); 320]> = vec![std::array::from_fn(|_| (grade(), grade()))];
    let at = |i: i64, j: i64| graded[0][usize::try_from(i * 4 + j).unwrap()];
    let twice = prompts_of(|i, j| Some((at(i, j).0, Some(at(i, j).1))));
    let corrected = compute_rollout_statistics(&twice, GraderNoise::Unknown, 1).unwrap();
    assert!(corrected.headroom.unwrap().abs() < 0.02, "{corrected:?}");
    let interval = corrected.headroom_ci95.unwrap();
    assert!(interval.low < 0.0 && interval.high > 0.0 && !corrected.headroom_is_upper_bound, "{interval:?}");
    assert!((corrected.variance.unwrap().noise_share().unwrap() - 1.0).abs() < 0.15, "{:?}", corrected.variance);
    // A third graded twice corrects the whole, less sharply.
    let third = prompts_of(|i, j| Some((at(i, j).0, (i % 3 == 0).then(|| at(i, j).1))));
    let partly = compute_rollout_statistics(&third, GraderNoise::Unknown, 1).unwrap();
    let partly_interval = partly.headroom_ci95.unwrap();
    assert!(partly_interval.low < 0.0 && partly_interval.high > 0.0, "{partly_interval:?}");
    assert!(partly_interval.high - partly_interval.low > interval.high - interval.low);
    // Hardly any graded twice: an upper bound, and said to be one.
    let hardly = prompts_of(|i, j| Some((at(i, j).0, (i < 19).then(|| at(i, j).1))));
    let bound = compute_rollout_statistics(&hardly, GraderNoise::Unknown, 1).unwrap();
    assert!(bound.headroom_is_upper_bound && bound.headroom.unwrap() > 0.08);
    assert_eq!(bound.variance.unwrap().judge_noise, None);
}

#[test]
fn failed_rollouts_are_left_out_and_no_zeros() {
    // Prompt 1: 0.2 and 0.6 (headroom 0.2); prompt 2: 0.5 alone (none); prompt 3: nothing.
    let some = [prompt(1, &[0.2, 0.6]), prompt(2, &[0.5]), prompt(3, &[])];
    let statistics = compute_rollout_statistics(&some, STEADY, 1).unwrap();
    assert_eq!((statistics.count, statistics.prompts()), (3, 2));
    assert!((statistics.mean - 1.3 / 3.0).abs() < 1e-12 && (statistics.headroom.unwrap() - 0.2).abs() < 1e-12);
    assert_eq!(compute_rollout_statistics(&[prompt(3, &[])], STEADY, 1), None);
    assert_eq!(compute_rollout_statistics(&[], STEADY, 1), None);
}

#[test]
fn nothing_pretends_to_certainty() {
    // One prompt: a share of up to 1 - 0.05 = 0.95 of the others may be otherwise, at most 1 - 1/2.
    let one = compute_rollout_statistics(&[prompt(1, &[0.2, 0.6])], STEADY, 1).unwrap();
    assert!(near(one.headroom_ci95.unwrap(), 0.2 * 0.05, 0.2 + 0.95 * 0.3, 1e-12), "{:?}", one.headroom_ci95);
    assert!(near(one.mean_ci95, 0.4 * 0.05, 0.4 + 0.95 * 0.6, 1e-12));
    assert_eq!(one.variance, None);
    // 300 prompts whose rollouts never differ: with 95% confidence at most 1 - 0.05^(1/300) = 0.0099359 of all do, and
    // gain at most 0.75 (numpy).
    let equal: Vec<PromptRollouts> = (0..300).map(|i| prompt(i, &[f64::from(i32::from(i % 2 == 0)); 4])).collect();
    let equal = compute_rollout_statistics(&equal, STEADY, 1).unwrap();
    assert_eq!(equal.headroom, Some(0.0));
    assert!(near(equal.headroom_ci95.unwrap(), 0.0, 0.007_452, 1e-6), "{:?}", equal.headroom_ci95);
    // Everything equal.
    let same: Vec<PromptRollouts> = (0..300).map(|i| prompt(i, &[0.1; 4])).collect();
    let same = compute_rollout_statistics(&same, STEADY, 1).unwrap();
    assert_eq!((same.mean, same.std, same.headroom), (0.1, 0.0, Some(0.0)));
    assert_eq!(same.mean_ci95, Interval { low: 0.1, high: 0.1 });
}

#[test]
fn any_data_give_figures_in_range_that_do_not_depend_on_order() {
    for trial in 0..60 {
        let mut random = stream(trial, b"any data");
        let mut number = |bound: u64| below(&mut random, bound);
        let steps = number(4) + 1;
        let mut prompts: Vec<PromptRollouts> = (0..=number(40))
            .map(|id| {
                let count = number(6);
                let rollouts = (0..count)
                    .map(|_| Rollout {
                        score: number(steps + 1) as f64 / steps as f64,
                        regrade: (number(2) == 0).then(|| number(steps + 1) as f64 / steps as f64),
                        response_chars: usize::try_from(number(500)).unwrap(),
                    })
                    .collect();
                PromptRollouts { record_id: id.cast_signed(), topic: None, rollouts }
            })
            .collect();
        let noise = if trial % 2 == 0 { STEADY } else { GraderNoise::Unknown };
        let first = compute_rollout_statistics(&prompts, noise, trial);
        prompts.reverse();
        for prompt in &mut prompts {
            prompt.rollouts.reverse();
        }
        assert_eq!(compute_rollout_statistics(&prompts, noise, trial), first, "{trial}");
        let Some(statistics) = first else { continue };
        let ordered = |interval: Interval| interval.low <= interval.high + 1e-12;
        for interval in [statistics.mean_ci95, statistics.std_ci95].into_iter().chain(statistics.headroom_ci95) {
            assert!(ordered(interval) && interval.low >= -1.0 && interval.high <= 1.0, "{trial}: {statistics:?}");
        }
        assert!(statistics.mean_ci95.low >= 0.0 && (0.0..=1.0).contains(&statistics.mean), "{trial}");
        if noise == STEADY {
            assert!(statistics.headroom.is_none_or(|headroom| (0.0..=1.0).contains(&headroom)), "{trial}");
        }
        let several = prompts.iter().any(|prompt| prompt.rollouts.len() > 1);
        assert_eq!(statistics.headroom.is_some(), several, "{trial}");
    }
}

#[test]
fn ten_thousand_prompts_have_the_width_that_theory_asks() {
    // Two uniform rollouts a prompt: headroom |a - b| / 2 has mean 1/6 and variance 1/12 - 1/36 ... = 1/72, so the half-width
    // is 1.96 * 0.117851 / 100 = 0.002310. Ten percent off is the resampling's own noise.
    let mut random = stream(9, b"ten thousand");
    let mut uniform = || below(&mut random, 1_000_001) as f64 / 1_000_000.0;
    let prompts: Vec<PromptRollouts> = (0..10_000).map(|i| prompt(i, &[uniform(), uniform()])).collect();
    let statistics = compute_rollout_statistics(&prompts, STEADY, 1).unwrap();
    assert!((statistics.headroom.unwrap() - 1.0 / 6.0).abs() < 0.005);
    let interval = statistics.headroom_ci95.unwrap();
    assert!(((interval.high - interval.low) / 2.0 / 0.002_310 - 1.0).abs() < 0.12, "{interval:?}");
}

#[test]
fn reports_of_earlier_versions_still_read() {
    let old = r#"{"count":2,"mean":0.5,"std":0.1,"median":0.5,"min":0.4,"max":0.6,
        "percentiles":{"p10":0.4,"p25":0.4,"p75":0.6,"p90":0.6},"score_fractions":{"gt0":1.0,"eq1":0.0},
        "standard_error":0.07,"mean_ci95":{"low":0.4,"high":0.6},"std_ci95":{"low":0.0,"high":0.2},
        "headroom":null,"headroom_ci95":null}"#;
    let statistics: DryRunStatistics = serde_json::from_str(old).unwrap();
    assert_eq!((statistics.prompts(), statistics.variance, statistics.headroom_is_upper_bound), (2, None, false));
}
