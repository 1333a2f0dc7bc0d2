//! One row per line of domain.md's table, at every bound and just beside it, with intervals made narrow or wide on
//! purpose; then combinations, and runs computed from scores.

use super::*;
use crate::dry_run::by_topic::compute_by_topic;
use crate::dry_run::statistics::compute_dry_run_statistics;
use crate::types::dry_run::{Finding, FindingAction, Interval};
use Quality::{Attention, Good, Problem};
use Verdict::{Caution, Go, NoGo};

/// Just beside a bound.
const BESIDE: f64 = 1e-6;

/// A healthy run, of which each test spoils one thing. The figures need not belong to the scores: each check reads one.
#[derive(Clone)]
struct Run {
    statistics: DryRunStatistics,
    scores: Vec<f64>,
    by_topic: Vec<TopicScore>,
    balance_score: Option<f64>,
    planned: i64,
    failed: i64,
    length_correlation: Option<f64>,
}

impl Run {
    fn healthy() -> Self {
        // One heap around 0.45: nothing binary, nothing bimodal.
        let scores: Vec<f64> = (0..300).map(|i| 0.45 + 0.4 * (f64::from(i) / 149.5 - 1.0).powi(3)).collect();
        let statistics = compute_dry_run_statistics(&scores, 1).unwrap();
        let by_topic = vec![topic("bookings", 0.5, 150), topic("refunds", 0.4, 150)];
        Self {
            statistics,
            scores,
            by_topic,
            balance_score: Some(0.8),
            planned: 300,
            failed: 0,
            length_correlation: Some(0.1),
        }
        .mean(0.45, 0.02)
        .std(0.21, 0.01)
    }

    /// A mean with an interval of this half-width.
    fn mean(mut self, mean: f64, half_width: f64) -> Self {
        self.statistics.mean = mean;
        self.statistics.mean_ci95 = Interval { low: mean - half_width, high: mean + half_width };
        self
    }

    fn std(mut self, std: f64, half_width: f64) -> Self {
        self.statistics.std = std;
        self.statistics.std_ci95 = Interval { low: std - half_width, high: std + half_width };
        self
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn diagnose(&self) -> DryRunDiagnosis {
        let input = DiagnosisInput {
            statistics: &self.statistics,
            scores: &self.scores,
            by_topic: &self.by_topic,
            balance_score: self.balance_score,
            planned: self.planned,
            failed: self.failed,
            length_correlation: self.length_correlation,
            rollouts_per_prompt: 1,
            signal: None,
            probes: &[],
        };
        diagnose_dry_run(&input, &DiagnosisBounds::default())
    }
}

fn topic(name: &str, mean: f64, count: i64) -> TopicScore {
    TopicScore { topic: Some(name.to_owned()), mean, std: 0.2, count, status: Good }
}

fn ids(diagnosis: &DryRunDiagnosis) -> Vec<&str> {
    diagnosis.findings.iter().map(|finding| finding.id.as_str()).collect()
}

/// Diagnoses scores as a real run would: figures, topics and intervals computed from them.
fn diagnose_scores(scores: &[f64]) -> DryRunDiagnosis {
    let by_topic = compute_by_topic(scores.iter().map(|score| (Some("all"), [*score])));
    let statistics = compute_dry_run_statistics(scores, 42).unwrap();
    let planned = statistics.count;
    Run {
        statistics,
        scores: scores.to_vec(),
        by_topic,
        balance_score: None,
        planned,
        failed: 0,
        length_correlation: None,
    }
    .diagnose()
}

#[test]
fn a_healthy_run_is_a_go_with_every_check_named() {
    let diagnosis = Run::healthy().diagnose();
    assert_eq!((diagnosis.verdict, diagnosis.dataset_quality, diagnosis.grader_quality), (Go, Some(Good), Some(Good)));
    assert_eq!(diagnosis.confidence, Confidence::Low);
    assert!(diagnosis.findings.is_empty(), "{:#?}", diagnosis.findings);
    let passed: Vec<&str> = diagnosis.passed.iter().map(|passed| passed.message.as_str()).collect();
    assert_eq!(
        passed,
        [
            "Mean 0.45 lies between 0.20 and 0.60.",
            "Spread 0.21 is at or above 0.15.",
            "300 of 300 scores (100%) are above 0; at least 10% should be.",
            "0 of 300 scores (0%) are exactly 1, no more than 50%.",
            "Scores do not fall into two heaps: 0 of 300 scores (0%) lie within 0.01 of 0 or 1, no more than 60%.",
            "No topic with 5 or more samples has a mean below 0.10; the lowest is “refunds” with 0.40.",
            "Balance 0.80 is at or above 0.50.",
            "Score follows length only weakly: correlation 0.10, within 0.35.",
            "No sample failed.",
            "300 prompts were graded; 30 are enough for a first look.",
        ]
    );
    assert!(
        diagnosis
            .confidence_reason
            .contains("A run with 4 responses per prompt from a model endpoint would measure it.")
    );
    assert_eq!(
        diagnosis.summary,
        "Nothing found here speaks against training; how much it would gain is not measured yet."
    );
}

#[test]
fn every_line_of_the_table_at_its_bound_and_beside_it() {
    let run = Run::healthy;
    // Of 100 scores so many at the ends, off them by `off`, the rest in the middle: three heaps, never two.
    let ends = |ends: usize, off: f64| {
        run().with(|run| {
            let end = |index: usize| if index.is_multiple_of(2) { off } else { 1.0 - off };
            run.scores = (0..100).map(|index| if index < ends { end(index) } else { 0.5 }).collect();
            (run.statistics.count, run.statistics.prompt_count) = (100, Some(100));
        })
    };
    let share = |gt0: f64, count: i64| {
        run().with(|run| {
            run.statistics.score_fractions.gt0 = gt0;
            (run.statistics.count, run.statistics.prompt_count) = (count, Some(count));
        })
    };
    let ones = |eq1: f64| run().with(|run| run.statistics.score_fractions.eq1 = eq1);
    let topics = |mean: f64, count: i64| run().with(|run| run.by_topic[1] = topic("refunds", mean, count));
    let balance = |balance: f64| run().with(|run| run.balance_score = Some(balance));
    let length = |correlation: f64| run().with(|run| run.length_correlation = Some(correlation));
    let failed = |failed: i64| run().with(|run| run.failed = failed);
    let prompts =
        |count: i64| run().with(|run| (run.statistics.count, run.statistics.prompt_count) = (count, Some(count)));
    // Name, run, the one finding expected ("" for none), verdict, dataset, grader.
    let table: Vec<(&str, Run, &str, Verdict, Quality, Quality)> = vec![
        ("mean under 0.10, settled", run().mean(0.05, 0.02), "mean_low", NoGo, Problem, Attention),
        (
            "mean just under 0.10, hair-thin",
            run().mean(0.10 - BESIDE, BESIDE / 2.0),
            "mean_low",
            NoGo,
            Problem,
            Attention,
        ),
        ("mean under 0.10, open", run().mean(0.08, 0.04), "mean_low_unsettled", Caution, Attention, Good),
        ("mean over 0.10, open", run().mean(0.12, 0.04), "mean_low_unsettled", Caution, Attention, Good),
        ("mean well over, wide open", run().mean(0.45, 0.36), "mean_low_unsettled", Caution, Attention, Good),
        ("mean at 0.10", run().mean(0.10, 0.0), "mean_lowish", Caution, Attention, Good),
        ("mean under 0.20", run().mean(0.20 - BESIDE, 0.02), "mean_lowish", Caution, Attention, Good),
        ("mean at 0.20", run().mean(0.20, 0.02), "", Go, Good, Good),
        ("mean at 0.60", run().mean(0.60, 0.02), "", Go, Good, Good),
        ("mean over 0.60", run().mean(0.60 + BESIDE, 0.02), "mean_highish", Caution, Attention, Good),
        ("mean at 0.90", run().mean(0.90, 0.0), "mean_highish", Caution, Attention, Good),
        ("mean under 0.90, open", run().mean(0.88, 0.03), "mean_high_unsettled", Caution, Attention, Good),
        ("mean over 0.90, open", run().mean(0.91, 0.03), "mean_high_unsettled", Caution, Attention, Good),
        ("mean over 0.90, settled", run().mean(0.95, 0.02), "mean_high", NoGo, Problem, Attention),
        (
            "mean just over 0.90, hair-thin",
            run().mean(0.90 + BESIDE, BESIDE / 2.0),
            "mean_high",
            NoGo,
            Problem,
            Attention,
        ),
        ("std under 0.10, settled", run().std(0.05, 0.02), "std_low", NoGo, Good, Problem),
        ("std just under 0.10, hair-thin", run().std(0.10 - BESIDE, BESIDE / 2.0), "std_low", NoGo, Good, Problem),
        ("std under 0.10, open", run().std(0.09, 0.02), "std_low_unsettled", Caution, Good, Attention),
        ("std over 0.10, open", run().std(0.16, 0.07), "std_low_unsettled", Caution, Good, Attention),
        ("std at 0.10", run().std(0.10, 0.0), "std_lowish", Caution, Good, Attention),
        ("std under 0.15", run().std(0.15 - BESIDE, 0.01), "std_lowish", Caution, Good, Attention),
        ("std at 0.15", run().std(0.15, 0.01), "", Go, Good, Good),
        // Wilson at 10,000: 0.09 +- 0.0056; at 300: 0.09 [0.062, 0.128]; 0.20 [0.159, 0.249].
        ("9% above 0, settled", share(0.09, 10_000), "few_nonzero", NoGo, Problem, Good),
        ("9% above 0, open", share(0.09, 300), "few_nonzero_unsettled", Caution, Attention, Good),
        ("11% above 0, open", share(0.11, 300), "few_nonzero_unsettled", Caution, Attention, Good),
        ("10% above 0, open", share(0.10, 10_000), "few_nonzero_unsettled", Caution, Attention, Good),
        ("20% above 0, settled", share(0.20, 300), "", Go, Good, Good),
        ("half at 1", ones(0.5), "", Go, Good, Good),
        ("over half at 1", ones(0.5 + BESIDE), "many_ones", Caution, Attention, Attention),
        ("60% at the ends", ends(60, 0.01), "", Go, Good, Good),
        ("61% at the ends", ends(61, 0.01), "binary_grader", Go, Good, Attention),
        ("61% just off the ends", ends(61, 0.01 + BESIDE), "", Go, Good, Good),
        ("topic under 0.10", topics(0.10 - BESIDE, 5), "topic_low", Caution, Attention, Good),
        ("topic at 0.10", topics(0.10, 5), "", Go, Good, Good),
        ("topic under 0.10, 4 samples", topics(0.0, 4), "", Go, Good, Good),
        ("balance under 0.5", balance(0.5 - BESIDE), "balance_low", Caution, Attention, Good),
        ("balance at 0.5", balance(0.5), "", Go, Good, Good),
        ("length over 0.35", length(0.35 + BESIDE), "length_correlation", Caution, Good, Attention),
        ("length under -0.35", length(-0.35 - BESIDE), "length_correlation", Caution, Good, Attention),
        ("length at 0.35", length(0.35), "", Go, Good, Good),
        ("length at -0.35", length(-0.35), "", Go, Good, Good),
        // Of 300 scored: 33 of 333 is 9.9%; 34 of 334 is 10.2%; 300 of 600 is 50%.
        ("under 10% failed", failed(33), "", Go, Good, Good),
        ("over 10% failed", failed(34), "failed_many", Caution, Good, Attention),
        ("half failed", failed(300), "failed_many", Caution, Good, Attention),
        ("over half failed", failed(301), "failed_most", NoGo, Good, Attention),
        ("29 prompts", prompts(29), "few_prompts", Caution, Attention, Attention),
        ("30 prompts", prompts(30), "", Go, Good, Good),
    ];
    for (name, run, id, verdict, dataset, grader) in table {
        let diagnosis = run.diagnose();
        let expected: Vec<&str> = if id.is_empty() { Vec::new() } else { vec![id] };
        // A mean open on both sides is two questions; the row names the first.
        let mut found = ids(&diagnosis);
        found.truncate(expected.len().max(1));
        assert_eq!(found, expected, "{name}: {:#?}", diagnosis.findings);
        assert_eq!(
            (diagnosis.verdict, diagnosis.dataset_quality, diagnosis.grader_quality),
            (verdict, Some(dataset), Some(grader)),
            "{name}"
        );
        assert_eq!(diagnosis.confidence, Confidence::Low, "{name}");
        for finding in &diagnosis.findings {
            assert!(finding.message.ends_with('.') && finding.action_text.ends_with('.'), "{name}: {finding:?}");
            assert!(finding.causes.contains("Data") || finding.causes.contains("Grader"), "{name}: {finding:?}");
            assert_ne!(finding.action, FindingAction::None, "{name}");
            let open = finding.id.ends_with("_unsettled") || finding.id == "few_prompts";
            assert_eq!(finding.samples_to_settle.is_some(), open, "{name}: {finding:?}");
        }
    }
}

#[test]
fn an_open_question_names_the_samples_that_would_settle_it() {
    // h = 0.04, d = 0.02: 300 * 4 in all, 900 more.
    let diagnosis = Run::healthy().mean(0.08, 0.04).diagnose();
    let Finding { message, action_text, action, samples_to_settle, .. } = &diagnosis.findings[0];
    assert_eq!(
        message,
        "Mean score 0.08 is not settled against 0.10: its 95% interval [0.04, 0.12] lies on both sides."
    );
    assert_eq!(action_text, "Run again with about 900 more prompts, or with all records there are.");
    assert_eq!((*action, *samples_to_settle), (FindingAction::RunMore, Some(900)));
    assert_eq!(
        diagnosis.summary,
        "Training may help, with one thing to settle first: whether the scores are too low to learn from."
    );
    // On the bound: more samples are no answer.
    let diagnosis = Run::healthy().std(0.10, 0.02).diagnose();
    assert_eq!(diagnosis.findings[0].action, FindingAction::EditGrader);
    assert_eq!(diagnosis.findings[0].samples_to_settle, Some(MOST_FURTHER_SAMPLES));
}

#[test]
fn bimodal_scores_are_a_caution_and_binary_ones_a_warning() {
    let two_heaps: Vec<f64> =
        (0..300).map(|i| if i % 2 == 0 { 0.2 } else { 0.7 } + f64::from(i % 10) / 100.0).collect();
    let diagnosis = diagnose_scores(&two_heaps);
    assert_eq!((ids(&diagnosis), diagnosis.verdict), (vec!["bimodal"], Caution));
    let binary: Vec<f64> = (0..300).map(|i| f64::from(i % 5 / 3)).collect();
    let diagnosis = diagnose_scores(&binary);
    assert_eq!(
        (ids(&diagnosis), diagnosis.verdict, diagnosis.grader_quality),
        (vec!["binary_grader"], Go, Some(Attention))
    );
    assert_eq!(
        diagnosis.findings[0].message,
        "300 of 300 scores (100%) lie within 0.01 of 0 or 1 (180 near 0, 120 near 1), more than 60%: the grader is close to yes or no."
    );
    // What is near an end and what is exactly there are told apart, and each says of what it is a share.
    let near: Vec<f64> = (0..300).map(|i| [0.0, 0.005, 0.995, 1.0, 0.5][i % 5]).collect();
    let diagnosis = diagnose_scores(&near);
    let said: Vec<&str> = diagnosis
        .findings
        .iter()
        .map(|finding| finding.message.as_str())
        .chain(diagnosis.passed.iter().map(|passed| passed.message.as_str()))
        .filter(|message| message.contains(" of 300 scores"))
        .collect();
    assert_eq!(
        said,
        [
            "240 of 300 scores (80%) lie within 0.01 of 0 or 1 (120 near 0, 120 near 1), more than 60%: the grader is close to yes or no.",
            "240 of 300 scores (80%) are above 0; at least 10% should be.",
            "60 of 300 scores (20%) are exactly 1, no more than 50%.",
        ]
    );
    // Too few to speak of a shape.
    assert!(!ids(&diagnose_scores(&two_heaps[..20])).contains(&"bimodal"));
}

#[test]
fn equal_scores_are_a_no_go_once_there_are_enough() {
    for (score, expected) in [
        (0.0, vec!["mean_low", "std_low", "few_nonzero"]),
        (0.5, vec!["std_low"]),
        (1.0, vec!["mean_high", "std_low", "many_ones"]),
    ] {
        let diagnosis = diagnose_scores(&vec![score; 300]);
        let mut found = ids(&diagnosis);
        found.retain(|id| *id != "topic_low");
        assert_eq!((found, diagnosis.verdict), (expected, NoGo), "{score}");
    }
    let few = diagnose_scores(&[0.5; 10]);
    assert_eq!((ids(&few), few.verdict), (vec!["std_low_unsettled", "few_prompts"], Caution));
}

#[test]
fn one_sample_settles_nothing() {
    for score in [0.0, 0.05, 0.5, 1.0] {
        let diagnosis = diagnose_scores(&[score]);
        assert_eq!(diagnosis.verdict, Caution, "{score}: {:#?}", diagnosis.findings);
        assert!(ids(&diagnosis).contains(&"few_prompts") && ids(&diagnosis).contains(&"std_low_unsettled"));
    }
    let message =
        &diagnose_scores(&[0.5]).findings.iter().find(|finding| finding.id == "few_prompts").unwrap().message.clone();
    assert_eq!(message, "Only 1 prompt was graded, fewer than 30.");
}

#[test]
fn findings_come_gravest_first_and_the_worst_counts() {
    let run = Run::healthy().mean(0.15, 0.01).std(0.05, 0.01).with(|run| {
        run.balance_score = Some(0.3);
        run.failed = 50;
        run.by_topic[1] = topic("refunds", 0.02, 40);
        run.scores = vec![0.0, 1.0];
    });
    let diagnosis = run.diagnose();
    assert_eq!(ids(&diagnosis), ["std_low", "mean_lowish", "topic_low", "balance_low", "failed_many", "binary_grader"]);
    assert_eq!(
        (diagnosis.verdict, diagnosis.dataset_quality, diagnosis.grader_quality),
        (NoGo, Some(Attention), Some(Problem))
    );
    assert_eq!(
        diagnosis.summary,
        "Training now would probably waste its budget: the grader scores nearly all responses alike."
    );
    let diagnosis = run.std(0.21, 0.01).diagnose();
    assert_eq!(diagnosis.verdict, Caution);
    assert_eq!(
        diagnosis.summary,
        "Training may help, with four things to settle first, above all: the scores are rather low."
    );
}

#[test]
fn what_is_not_known_is_neither_found_nor_passed() {
    let diagnosis = Run::healthy()
        .with(|run| {
            run.balance_score = None;
            run.length_correlation = None;
            run.by_topic = vec![TopicScore { topic: None, ..topic("", 0.01, 300) }];
        })
        .diagnose();
    assert_eq!(diagnosis.verdict, Go);
    let passed: String = diagnosis.passed.iter().map(|passed| passed.message.as_str()).collect();
    assert!(!passed.contains("Balance") && !passed.contains("length") && !passed.contains("topic"), "{passed}");
}

#[test]
fn a_stopped_run_says_so() {
    let diagnosis = Run::healthy().with(|run| run.planned = 500).diagnose();
    assert!(
        diagnosis.confidence_reason.contains("the run was stopped after 300 of 500 prompts"),
        "{}",
        diagnosis.confidence_reason
    );
    assert!(!Run::healthy().diagnose().confidence_reason.contains("stopped"));
}

#[test]
fn many_low_topics_are_named_up_to_five_worst_first() {
    let diagnosis = Run::healthy()
        .with(|run| {
            run.by_topic =
                (0..40).map(|index| topic(&format!("t{index}"), 0.09 - f64::from(index) / 1_000.0, 5)).collect();
        })
        .diagnose();
    let topics: Vec<&str> = diagnosis.findings.iter().filter_map(|finding| finding.topic.as_deref()).collect();
    assert_eq!(topics, ["t39", "t38", "t37", "t36", "t35"]);
    assert!(
        diagnosis.findings[4].message.ends_with("So are those of 35 more topics."),
        "{}",
        diagnosis.findings[4].message
    );
    let mixed =
        Run::healthy().with(|run| run.by_topic[0] = TopicScore { topic: None, ..topic("", 0.01, 9) }).diagnose();
    assert_eq!(
        mixed.findings[0].message,
        "The mean score of prompts without a topic is 0.01 over 9 samples, below 0.10."
    );
}

#[test]
fn a_run_without_one_score_is_a_no_go_with_its_reason() {
    let bounds = DiagnosisBounds::default();
    let diagnosis = diagnose_unscored(4, Some(0.8), &bounds).unwrap();
    assert_eq!((ids(&diagnosis), diagnosis.verdict), (vec!["failed_most"], NoGo));
    // Of the prompts nothing is known, and that is not "good".
    assert_eq!((diagnosis.dataset_quality, diagnosis.grader_quality), (None, Some(Attention)));
    assert_eq!(diagnosis.confidence, Confidence::Low);
    assert_eq!(diagnosis.summary, "Training now would probably waste its budget: not one sample could be graded.");
    let finding = &diagnosis.findings[0];
    assert_eq!(
        (finding.message.as_str(), finding.action),
        ("4 of 4 samples failed: 100%, more than 50%.", FindingAction::InspectFailed)
    );
    let passed: Vec<&str> = diagnosis.passed.iter().map(|passed| passed.message.as_str()).collect();
    assert_eq!(passed, ["Balance 0.80 is at or above 0.50."], "nothing that needs a score is said to be fine");

    let unbalanced = diagnose_unscored(1, Some(0.2), &bounds).unwrap();
    assert_eq!((ids(&unbalanced), unbalanced.verdict), (vec!["failed_most", "balance_low"], NoGo));
    assert_eq!(unbalanced.dataset_quality, Some(Attention));
    assert_eq!(unbalanced.findings[0].message, "1 of 1 sample failed: 100%, more than 50%.");
    assert_eq!(diagnose_unscored(0, None, &bounds), None, "nothing was tried");
}
