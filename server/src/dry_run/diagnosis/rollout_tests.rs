//! Two rollouts per prompt or more: every rule at its bound and beside it, then whole runs.

use super::*;
use crate::dry_run::evaluate::{Evaluation, RolloutRun, evaluate};
use crate::dry_run::probes::evaluate_probes;
use crate::dry_run::rollouts::{GraderNoise, PromptRollouts, Rollout};
use crate::dry_run::settled::{look_every, order, settled};
use crate::types::dry_run::{
    FindingAction, Interval, Percentiles, ProbeKind, SignalCounts, TopicSignal, VarianceParts,
};
use Quality::{Attention, Good, Problem};
use Verdict::{Caution, Go, NoGo};

/// Just beside a bound.
const BESIDE: f64 = 1e-6;

/// A healthy run with mean 0.25, so that 0.03 must be gained; each test spoils one thing.
#[derive(Clone)]
struct Run {
    statistics: DryRunStatistics,
    signal: LearningSignal,
    by_topic: Vec<TopicScore>,
    length_correlation: Option<f64>,
    failed: i64,
    probes: Vec<ProbeResult>,
}

impl Run {
    fn healthy() -> Self {
        let prompts: Vec<PromptRollouts> = (0..300).map(|i| prompt(i, &[0.1, 0.2, 0.3, 0.4])).collect();
        let statistics = evaluation(&prompts).statistics.unwrap();
        let topic = TopicScore { topic: Some("refunds".to_owned()), mean: 0.25, std: 0.1, count: 300, status: Good };
        let signal = LearningSignal {
            counts: SignalCounts { learnable: 200, solved: 50, dead: 50, unknown: 0 },
            learnable_ci95: None,
            by_topic: vec![TopicSignal {
                topic: Some("refunds".to_owned()),
                counts: SignalCounts { learnable: 200, solved: 50, dead: 50, unknown: 0 },
            }],
            zero_gradient: Vec::new(),
        };
        let run = Self {
            statistics,
            signal,
            by_topic: vec![topic],
            length_correlation: Some(0.1),
            failed: 0,
            probes: Vec::new(),
        };
        run.mean(0.25).headroom(0.10, 0.01)
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn mean(self, mean: f64) -> Self {
        self.with(|run| {
            run.statistics.mean = mean;
            run.statistics.mean_ci95 = Interval { low: mean - 0.01, high: mean + 0.01 };
        })
    }

    fn headroom(self, headroom: f64, half_width: f64) -> Self {
        self.with(|run| {
            run.statistics.headroom = Some(headroom);
            run.statistics.headroom_ci95 = Some(Interval { low: headroom - half_width, high: headroom + half_width });
        })
    }

    fn learnable(self, learnable: i64) -> Self {
        self.with(|run| run.signal.counts = SignalCounts { learnable, solved: 0, dead: 1_000 - learnable, unknown: 7 })
    }

    fn noise_share(self, share: f64) -> Self {
        self.with(|run| {
            let (within_prompts, judge_noise) = (1.0 - share, Some(share));
            run.statistics.variance = Some(VarianceParts { between_prompts: 0.1, within_prompts, judge_noise });
        })
    }

    fn topic(self, mean: f64, learnable: i64) -> Self {
        self.with(|run| {
            run.by_topic[0].mean = mean;
            run.signal.by_topic[0].counts = SignalCounts { learnable, dead: 100 - learnable, solved: 0, unknown: 0 };
        })
    }

    fn diagnose(&self) -> DryRunDiagnosis {
        let input = DiagnosisInput {
            statistics: &self.statistics,
            scores: &[0.25; 10],
            by_topic: &self.by_topic,
            balance_score: Some(0.8),
            planned: 300,
            failed: self.failed,
            length_correlation: self.length_correlation,
            rollouts_per_prompt: 4,
            signal: Some(&self.signal),
            probes: &self.probes,
        };
        diagnose_dry_run(&input, &DiagnosisBounds::default())
    }
}

fn prompt(record_id: i64, scores: &[f64]) -> PromptRollouts {
    let rollout = |score: &f64| Rollout { score: *score, regrade: None, response_chars: 100 };
    PromptRollouts { record_id, topic: Some("refunds".to_owned()), rollouts: scores.iter().map(rollout).collect() }
}

fn rollout_run(prompts: &[PromptRollouts]) -> RolloutRun<'_> {
    RolloutRun {
        prompts,
        noise: GraderNoise::Deterministic,
        rollouts_per_prompt: 4,
        planned_prompts: 300,
        failed: 0,
        balance_score: None,
        probes: &[],
        seed: 1,
    }
}

fn evaluation(prompts: &[PromptRollouts]) -> Evaluation {
    evaluate(&rollout_run(prompts), &DiagnosisBounds::default())
}

/// The findings that decide.
fn deciding(diagnosis: &DryRunDiagnosis) -> Vec<&str> {
    let decides = |finding: &&crate::types::dry_run::Finding| finding.verdict_at_best.is_some();
    diagnosis.findings.iter().filter(decides).map(|finding| finding.id.as_str()).collect()
}

#[test]
fn every_rule_at_its_bound_and_beside_it() {
    let run = Run::healthy;
    let probe = |median: f64| {
        let probes = evaluate_probes(&[(ProbeKind::Instruction, median)], &[0.1, 0.25, 0.9]);
        run().with(|run| run.probes = probes)
    };
    let length = |correlation: f64| run().with(|run| run.length_correlation = Some(correlation));
    let failed = |failed: i64| run().with(|run| run.failed = failed);
    let prompts = |count: i64| run().with(|run| run.statistics.prompt_count = Some(count));
    // Name, run, the one finding that decides ("" for none), verdict.
    let table: Vec<(&str, Run, &str, Verdict)> = vec![
        ("healthy", run(), "", Go),
        // Mean 0.25: 0.03 must be gained, 0.042 leaves the margin.
        ("at need and margin", run().headroom(0.042, 0.012), "", Go),
        ("under the margin", run().headroom(0.042 - BESIDE, 0.001), "headroom_small", Caution),
        ("at the need", run().headroom(0.03, 0.0), "headroom_small", Caution),
        ("interval over the need", run().headroom(0.05, 0.021), "headroom_unsettled", Caution),
        ("interval from under the need", run().headroom(0.028, 0.003), "headroom_unsettled", Caution),
        ("under the need", run().headroom(0.02, 0.009), "headroom_low", NoGo),
        ("just under the need", run().headroom(0.03 - BESIDE, BESIDE / 2.0), "headroom_low", NoGo),
        ("negative, by noise", run().headroom(-0.01, 0.02), "headroom_low", NoGo),
        // Mean 0.6: 0.06 must be gained, 0.084 leaves the margin.
        ("high mean, margin", run().mean(0.6).headroom(0.084, 0.02), "", Go),
        ("high mean, little", run().mean(0.6).headroom(0.08, 0.01), "headroom_small", Caution),
        ("high mean, too little", run().mean(0.6).headroom(0.05, 0.005), "headroom_low", NoGo),
        ("low mean trains well", run().mean(0.05).headroom(0.10, 0.01), "", Go),
        ("under 5% learnable", run().learnable(49), "learnable_few", NoGo),
        ("5% learnable", run().learnable(50), "", Go),
        ("noise over 90%", run().noise_share(0.90 + BESIDE), "noise_high", NoGo),
        ("noise at 90%", run().noise_share(0.90), "", Go),
        ("noise not known", run().with(|run| run.statistics.headroom_is_upper_bound = true), "noise_unknown", Caution),
        ("low topic without signal", run().topic(0.10 - BESIDE, 9), "topic_low", Caution),
        ("low topic with signal", run().topic(0.10 - BESIDE, 10), "", Go),
        ("topic at 0.10", run().topic(0.10, 0), "", Go),
        ("length over 0.35", length(0.35 + BESIDE), "length_correlation", Caution),
        ("length at 0.35", length(-0.35), "", Go),
        ("probe above the median", probe(0.26), "probe_instruction", Caution),
        ("probe at the median", probe(0.25), "", Go),
        // 1,200 scored: 133 of 1,333 is 9.98%, 134 of 1,334 is 10.04%.
        ("under 10% failed", failed(133), "", Go),
        ("over 10% failed", failed(134), "failed_many", Caution),
        ("over half failed", failed(1_201), "failed_most", NoGo),
        ("29 prompts", prompts(29), "few_prompts", Caution),
        ("30 prompts", prompts(30), "", Go),
    ];
    for (name, run, id, verdict) in table {
        let diagnosis = run.diagnose();
        let expected: Vec<&str> = if id.is_empty() { Vec::new() } else { vec![id] };
        assert_eq!((deciding(&diagnosis), diagnosis.verdict), (expected, verdict), "{name}: {:#?}", diagnosis.findings);
        for finding in &diagnosis.findings {
            assert!(finding.message.ends_with('.') && finding.action_text.ends_with('.'), "{name}: {finding:?}");
            assert!(finding.causes.contains("Data") || finding.causes.contains("Grader"), "{name}: {finding:?}");
            assert_ne!(finding.action, FindingAction::None, "{name}");
        }
    }
}

#[test]
fn messages_name_number_bound_and_the_samples_that_would_settle_it() {
    // h = 0.016, d = 0.01: 300 * 2.56 = 768 in all, 468 more, readable 500.
    let diagnosis = Run::healthy().headroom(0.02, 0.016).diagnose();
    let finding = &diagnosis.findings[0];
    assert_eq!(
        finding.message,
        "Expected gain 0.02 is not settled against 0.030, what must be gained: its 95% interval [0.004, 0.036] lies on both sides."
    );
    assert_eq!((finding.samples_to_settle, finding.action), (Some(500), FindingAction::RunMore));
    assert_eq!(diagnosis.summary, "Training may pay, with one thing to settle first: whether there is enough to gain.");
    let go = Run::healthy().diagnose();
    assert!(go.passed.iter().any(|check| {
        check.message == "Expected gain 0.100 [0.090, 0.110] is above 0.030, what must be gained, with a margin."
    }));
    assert_eq!(
        go.summary,
        "Training should pay: the same prompts are answered better and worse, which promises a gain of about 0.10."
    );
}

#[test]
fn confidence_follows_the_width_of_the_headrooms_interval() {
    let word = |half: f64| Run::healthy().headroom(0.2, half).diagnose().confidence;
    assert_eq!((word(0.01), word(0.02), word(0.04)), (Confidence::High, Confidence::Medium, Confidence::Low));
    let unknown = Run::healthy().with(|run| run.statistics.headroom_is_upper_bound = true).diagnose();
    assert_eq!(unknown.confidence, Confidence::Low);
    assert!(unknown.confidence_reason.contains("How far the judge wavers was not measured"));
}

#[test]
fn a_narrow_grader_is_told_to_spread_its_scores() {
    let narrow = Run::healthy().headroom(0.01, 0.005).noise_share(0.1).with(|run| {
        run.statistics.percentiles = Percentiles { p10: 0.4, p25: 0.45, p75: 0.55, p90: 0.6 };
    });
    let diagnosis = narrow.diagnose();
    let finding = &diagnosis.findings[0];
    assert_eq!((finding.id.as_str(), finding.action), ("headroom_low", FindingAction::EditGrader));
    assert_eq!((finding.dataset, finding.grader), (None, Some(Problem)));
    // The same range, but most of it noise: spreading it would help nobody.
    let noisy = narrow.clone().noise_share(0.6).diagnose();
    assert_ne!(noisy.findings[0].action, FindingAction::EditGrader);
    let high = Run::healthy().mean(0.95).headroom(0.01, 0.005).diagnose();
    assert_eq!(high.findings[0].action, FindingAction::InspectHighest);
}

#[test]
fn level_and_shape_are_worth_knowing_and_decide_nothing() {
    // A mean of 0.05, settled: NO-GO with one response per prompt.
    let diagnosis = Run::healthy().mean(0.05).diagnose();
    assert_eq!((diagnosis.verdict, diagnosis.dataset_quality), (Go, Some(Problem)));
    let low = diagnosis.findings.iter().find(|finding| finding.id == "mean_low").unwrap();
    assert_eq!(low.verdict_at_best, None);
    let some = Run::healthy().learnable(299).diagnose();
    assert_eq!((some.verdict, some.dataset_quality), (Go, Some(Attention)));
    assert!(some.findings.iter().any(|finding| finding.id == "learnable_some"));
    assert!(!Run::healthy().learnable(300).diagnose().findings.iter().any(|finding| finding.id == "learnable_some"));
}

#[test]
fn whole_runs_of_three_kinds() {
    let learnable: Vec<PromptRollouts> =
        (0..300).map(|i| prompt(i, &[0.1, 0.3, 0.5, 0.1 + 0.002 * i as f64])).collect();
    let evaluation_of = evaluation(&learnable);
    assert_eq!(evaluation_of.diagnosis.unwrap().verdict, Go);
    assert_eq!((evaluation_of.by_topic[0].count, evaluation_of.distribution.len()), (300, 10));
    let alike: Vec<PromptRollouts> = (0..300).map(|i| prompt(i, &[0.5; 4])).collect();
    let diagnosis = evaluation(&alike).diagnosis.unwrap();
    assert_eq!(diagnosis.verdict, NoGo);
    assert_eq!(deciding(&diagnosis), ["headroom_low", "learnable_few"]);
    let few: Vec<PromptRollouts> = learnable[..12].to_vec();
    assert_eq!(evaluation(&few).diagnosis.unwrap().verdict, Caution);
    // No second rollout was scored: the table of one response per prompt decides.
    let single: Vec<PromptRollouts> = (0..300).map(|i| prompt(i, &[0.2 + 0.002 * i as f64])).collect();
    let diagnosis = evaluation(&single).diagnosis.unwrap();
    assert_eq!(diagnosis.confidence, Confidence::Low);
    // Nothing was tried; everything failed.
    assert_eq!(evaluation(&[]).diagnosis, None);
    let failed = evaluate(&RolloutRun { failed: 1_200, ..rollout_run(&[]) }, &DiagnosisBounds::default());
    assert_eq!(failed.diagnosis.unwrap().verdict, NoGo);
}

#[test]
fn a_clear_run_settles_early_and_an_open_one_does_not() {
    let bounds = DiagnosisBounds::default();
    let settled_with = |prompts: &[PromptRollouts]| settled(&rollout_run(prompts), &bounds);
    let clear: Vec<PromptRollouts> = (0..300).map(|i| prompt(i, &[0.0, 0.2, 0.5, 0.1 + 0.003 * i as f64])).collect();
    assert_eq!(settled_with(&clear[..80]), Some(Go));
    assert_eq!(settled_with(&clear[..59]), None, "too few");
    let alike: Vec<PromptRollouts> = (0..300).map(|i| prompt(i, &[0.5; 4])).collect();
    // Nothing differs in 100 prompts: with 95% confidence in at most 1 - 0.05^(1/100) = 2.95% of all (numpy), whose gain of
    // 0.75 at most is 0.022; 0.05 must be gained.
    assert_eq!(settled_with(&alike[..100]), Some(NoGo));
    // A headroom of 0.05, which is what must be gained at mean 0.5: no number of prompts settles that.
    let open: Vec<PromptRollouts> =
        (0..300).map(|i| prompt(i, if i % 3 == 0 { &[0.4, 0.4, 0.4, 0.6] } else { &[0.5; 4] })).collect();
    for count in [60, 150, 300] {
        assert_eq!(settled_with(&open[..count]), None, "{count}");
    }
    // Noise in it, and not known how much.
    let wavering = RolloutRun { noise: GraderNoise::Unknown, ..rollout_run(&clear) };
    assert_eq!(settled(&wavering, &bounds), None);
}

#[test]
fn looking_again_and_again_asks_for_more_than_looking_once() {
    // The 95% interval leaves what must be gained behind, the wider one does not.
    let near: Vec<PromptRollouts> =
        (0..100).map(|i| prompt(i, if i % 6 == 0 { &[0.0, 0.0, 0.0, 0.45] } else { &[0.1; 4] })).collect();
    let bounds = DiagnosisBounds::default();
    assert_eq!(evaluate(&rollout_run(&near), &bounds).diagnosis.unwrap().verdict, Go);
    assert_eq!(settled(&rollout_run(&near), &bounds), None);
}

#[test]
fn the_order_is_a_permutation_and_repeats() {
    let mut positions = order(500, 3);
    assert_eq!(positions, order(500, 3));
    assert_ne!(positions, order(500, 4));
    assert_ne!(positions, (0..500).collect::<Vec<_>>());
    positions.sort_unstable();
    assert_eq!(positions, (0..500).collect::<Vec<_>>());
    assert!(order(0, 1).is_empty() && order(1, 1) == [0]);
    assert_eq!((look_every(300), look_every(7), look_every(10_000)), (15, 1, 500));
}
