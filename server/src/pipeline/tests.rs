//! Every cell of domain.md section 10's table that has inputs; in [`hints`], what is said to be next.

mod hints;

use super::*;
use crate::types::coverage::BalanceRating;
use crate::types::dry_run::Verdict;
use crate::types::pipeline::{
    DryRunFacts, GraderFacts, GraderTestFacts, LoadingStates, NextAction, PipelineStep, PipelineStepId, Progress,
};
use crate::types::training::{TrainingFacts, TrainingState};

use PipelineStepStatus::{Attention, Complete, Failed, Processing, Ready, Waiting};

type Change = fn(&mut PipelineInputs);

/// A dataset with every step done as far as this version can: GO.
fn good() -> PipelineInputs {
    PipelineInputs {
        total_records: 1_042,
        valid_records: 1_008,
        invalid_records: 34,
        topic_count: Some(7),
        topics_with_keywords: 7,
        labelled_records: 1_008,
        balance_score: Some(0.72),
        balance_rating: Some(BalanceRating::Good),
        grader: Some(GraderFacts {
            label: "Script".to_owned(),
            version: 1,
            last_test: Some(GraderTestFacts { samples: 5, errors: 0, std: Some(0.3) }),
        }),
        dry_run: Some(dry_run(Verdict::Go)),
        ..PipelineInputs::default()
    }
}

fn dry_run(verdict: Verdict) -> DryRunFacts {
    DryRunFacts { mean: Some(0.449), verdict: Some(verdict), changed_since: Vec::new(), partial: false }
}

fn training(state: TrainingState) -> TrainingFacts {
    TrainingFacts { state, progress: 62.0, epoch: 2, n_epochs: 2, reward: Some(0.52), improved: true, stale: false }
}

fn tested(samples: i64, errors: i64, std: Option<f64>) -> GraderFacts {
    GraderFacts { label: "Script".to_owned(), version: 2, last_test: Some(GraderTestFacts { samples, errors, std }) }
}

fn half() -> Progress {
    Progress { percent: Some(50.0) }
}

fn with(change: Change) -> PipelineInputs {
    let mut inputs = good();
    change(&mut inputs);
    inputs
}

fn check(step: fn(&PipelineInputs) -> PipelineStep, change: Change, status: PipelineStepStatus, text: &str) {
    let step = step(&with(change));
    assert_eq!((step.status, step.status_text.as_str()), (status, text), "{step:?}");
    assert_eq!(step.is_blocked, status == Waiting);
    assert_eq!(step.is_blocked, step.blocked_reason.is_some());
    assert!(step.progress.is_none() || status == Processing);
    assert!(!step.can_rerun || matches!(status, Complete | Attention | Failed));
}

#[test]
fn extract_follows_its_row() {
    let cases: &[(Change, PipelineStepStatus, &str)] = &[
        (|i| *i = PipelineInputs::default(), Ready, "No records yet"),
        (|i| i.loading.importing = Some(half()), Processing, "Importing • 1,042 records so far"),
        (|i| i.loading.validating = Some(half()), Processing, "Validating 1,042 records"),
        (|_| (), Complete, "1,042 records, 1,008 valid"),
        // A fifth exactly is still complete, one record more is not.
        (
            |i| (i.total_records, i.valid_records, i.invalid_records) = (1_000, 800, 200),
            Complete,
            "1,000 records, 800 valid",
        ),
        (
            |i| (i.total_records, i.valid_records, i.invalid_records) = (1_000, 799, 201),
            Attention,
            "1,000 records, 799 valid",
        ),
        (|i| (i.total_records, i.valid_records, i.invalid_records) = (1, 0, 1), Failed, "1 record, none valid"),
        (
            |i| {
                *i = PipelineInputs { import_failed: Some("the file is empty".to_owned()), ..PipelineInputs::default() }
            },
            Failed,
            "Import failed: the file is empty",
        ),
        (
            |i| i.import_failed = Some("the archive is cut off".to_owned()),
            Failed,
            "1,042 records, 1,008 valid • last import failed: the archive is cut off",
        ),
        (
            |i| (i.import_failed, i.valid_records) = (Some("cut off".to_owned()), 0),
            Failed,
            "1,042 records, none valid • last import failed: cut off",
        ),
        (|i| i.pending_records = 58, Attention, "1,100 records, 1,008 valid, 58 not validated yet"),
    ];
    for (change, status, text) in cases {
        check(compute_extract_step_status, *change, *status, text);
    }
}

#[test]
fn topics_follow_their_row() {
    let cases: &[(Change, PipelineStepStatus, &str)] = &[
        (|i| *i = PipelineInputs::default(), Waiting, "Import records first"),
        (|i| *i = PipelineInputs { topic_count: Some(7), ..PipelineInputs::default() }, Waiting, "7 topics"),
        (|i| i.topic_count = None, Ready, "No topics yet"),
        (|i| i.loading.categorizing = Some(half()), Processing, "Categorizing 1,008 records"),
        (|_| (), Complete, "7 topics • 1,008 records"),
        (|i| (i.valid_records, i.labelled_records) = (1_000, 900), Complete, "7 topics • 900 records"),
        (|i| (i.valid_records, i.labelled_records) = (1_000, 899), Attention, "7 topics • 899 of 1,000 records"),
        (
            |i| (i.valid_records, i.labelled_records, i.needs_review_records) = (1_000, 1_000, 100),
            Complete,
            "7 topics • 1,000 records",
        ),
        (
            |i| (i.valid_records, i.labelled_records, i.needs_review_records) = (1_000, 1_000, 101),
            Attention,
            "7 topics • 1,000 records • 101 to review",
        ),
        (
            |i| (i.labelled_records, i.keywords_exhausted) = (0, true),
            Attention,
            "7 topics • no keyword matches any of 1,008 records",
        ),
        (
            |i| i.categorize_failed = Some("the disk is full".to_owned()),
            Failed,
            "7 topics • categorizing failed: the disk is full",
        ),
        (
            |i| (i.valid_records, i.labelled_records, i.topic_count) = (0, 0, Some(1)),
            Attention,
            "1 topic • no valid record to label",
        ),
    ];
    for (change, status, text) in cases {
        check(compute_topics_step_status, *change, *status, text);
    }
}

#[test]
fn coverage_follows_its_row() {
    let cases: &[(Change, PipelineStepStatus, &str)] = &[
        (|i| *i = PipelineInputs::default(), Waiting, "Import records first"),
        (|i| i.topic_count = None, Waiting, "Add topics first: coverage counts records per topic"),
        (
            |i| (i.valid_records, i.labelled_records) = (0, 0),
            Waiting,
            "Needs a valid record: only valid ones are counted",
        ),
        (
            |i| (i.labelled_records, i.balance_score, i.balance_rating) = (0, None, None),
            Ready,
            "No record labelled yet",
        ),
        (|_| (), Complete, "Balance: 0.72 (good)"),
        (
            |i| (i.balance_score, i.balance_rating) = (Some(0.5), Some(BalanceRating::Fair)),
            Complete,
            "Balance: 0.50 (fair)",
        ),
        (
            |i| (i.balance_score, i.balance_rating) = (Some(0.49), Some(BalanceRating::Fair)),
            Attention,
            "Balance: 0.49 (fair)",
        ),
        (
            |i| (i.balance_score, i.balance_rating) = (Some(0.0), Some(BalanceRating::Critical)),
            Attention,
            "Balance: 0.00 (critical)",
        ),
    ];
    for (change, status, text) in cases {
        check(compute_coverage_step_status, *change, *status, text);
    }
}

#[test]
fn grader_follows_its_row() {
    let cases: &[(Change, PipelineStepStatus, &str)] = &[
        (|i| *i = PipelineInputs::default(), Waiting, "Import records first"),
        (|i| i.valid_records = 0, Waiting, "Script"),
        (|i| i.grader = None, Ready, "No grader yet"),
        (|i| i.loading.testing_grader = Some(Progress::default()), Processing, "Testing Script"),
        (|_| (), Complete, "Script"),
        (|i| i.grader.as_mut().unwrap().last_test = None, Complete, "Script"),
        (|i| i.grader = Some(tested(1, 0, None)), Complete, "Script"),
        (|i| i.grader = Some(tested(5, 0, Some(0.05))), Complete, "Script"),
        (|i| i.grader = Some(tested(5, 0, Some(0.049))), Attention, "Script • test scores hardly differ (std 0.049)"),
        (|i| i.grader = Some(tested(5, 2, Some(0.3))), Attention, "Script • 2 of 5 test samples failed"),
        (|i| i.grader = Some(tested(5, 5, None)), Failed, "Script • every test sample failed"),
    ];
    for (change, status, text) in cases {
        check(compute_grader_step_status, *change, *status, text);
    }
}

#[test]
fn dry_run_follows_its_row() {
    let cases: &[(Change, PipelineStepStatus, &str)] = &[
        (|i| *i = PipelineInputs::default(), Waiting, "Import records first"),
        (|i| (i.grader, i.dry_run) = (None, None), Waiting, "Set a grader first: a dry run scores responses with it"),
        (|i| i.grader = None, Waiting, "Mean: 0.45 • GO"),
        (|i| i.dry_run = None, Ready, "Not run yet"),
        (|i| i.loading.dry_running = Some(half()), Processing, "Grading samples"),
        (|_| (), Complete, "Mean: 0.45 • GO"),
        (|i| i.dry_run = Some(dry_run(Verdict::Caution)), Attention, "Mean: 0.45 • CAUTION"),
        (|i| i.dry_run = Some(dry_run(Verdict::NoGo)), Failed, "Mean: 0.45 • NO-GO"),
        (|i| i.dry_run.as_mut().unwrap().changed_since = vec!["x".to_owned()], Attention, "Mean: 0.45 • GO • stale"),
        (
            |i| i.dry_run = Some(DryRunFacts { changed_since: vec!["x".to_owned()], ..dry_run(Verdict::NoGo) }),
            Failed,
            "Mean: 0.45 • NO-GO • stale",
        ),
        (|i| i.dry_run.as_mut().unwrap().partial = true, Complete, "Mean: 0.45 • GO • stopped early"),
        (
            |i| i.dry_run_failed = Some("the worker did not start".to_owned()),
            Failed,
            "Run failed: the worker did not start",
        ),
        (
            |i| i.dry_run = Some(DryRunFacts { mean: None, ..dry_run(Verdict::NoGo) }),
            Failed,
            "No sample scored • NO-GO",
        ),
        (
            |i| i.dry_run = Some(DryRunFacts { mean: None, verdict: None, changed_since: Vec::new(), partial: false }),
            Failed,
            "No sample scored",
        ),
        (
            |i| i.dry_run = Some(DryRunFacts { mean: None, verdict: None, changed_since: Vec::new(), partial: true }),
            Attention,
            "No sample scored • stopped early",
        ),
    ];
    for (change, status, text) in cases {
        check(compute_dry_run_step_status, *change, *status, text);
    }
}

#[test]
fn train_and_deploy_follow_their_rows() {
    let cases: &[(Change, PipelineStepStatus, &str)] = &[
        (|i| *i = PipelineInputs::default(), Waiting, "Import records first"),
        (|i| i.grader = None, Waiting, "Set a grader first: its scores are what the training follows"),
        (|i| i.dry_run = None, Waiting, "Needs a dry run: it tells whether this training can work"),
        (
            |i| i.dry_run = Some(dry_run(Verdict::NoGo)),
            Waiting,
            "The dry run says NO-GO: training would waste its cost. Its findings say what to fix",
        ),
        (
            |i| i.dry_run = Some(DryRunFacts { changed_since: vec!["x".to_owned()], ..dry_run(Verdict::NoGo) }),
            Waiting,
            "The last dry run said NO-GO. Something changed since: run it again",
        ),
        (
            |i| i.dry_run = Some(DryRunFacts { mean: None, verdict: None, ..dry_run(Verdict::Go) }),
            Waiting,
            "The last dry run scored no sample, so it gave no verdict: run it again",
        ),
        (|_| (), Ready, "Split ready to download"),
        (|i| i.dry_run = Some(dry_run(Verdict::Caution)), Ready, "Split ready to download"),
        (|i| i.training = Some(training(TrainingState::Queued)), Processing, "Queued at the provider"),
        (|i| i.training = Some(training(TrainingState::Running)), Processing, "62% • epoch 2/2 • reward 0.52"),
        (|i| i.training = Some(training(TrainingState::Succeeded)), Complete, "Trained • reward 0.52"),
        (
            |i| i.training = Some(TrainingFacts { improved: false, ..training(TrainingState::Succeeded) }),
            Attention,
            "Trained, little or no gain • reward 0.52",
        ),
        (
            |i| i.training = Some(TrainingFacts { stale: true, ..training(TrainingState::Succeeded) }),
            Attention,
            "Trained • reward 0.52",
        ),
        (|i| i.training = Some(training(TrainingState::Failed)), Failed, "Training failed at 62%"),
        (|i| i.training = Some(training(TrainingState::Cancelled)), Failed, "Cancelled at 62%"),
    ];
    for (change, status, text) in cases {
        check(compute_train_step_status, *change, *status, text);
    }
    let waits = "Needs a finished training job";
    check(compute_deploy_step_status, |_| (), Waiting, waits);
    check(compute_deploy_step_status, |i| i.training = Some(training(TrainingState::Running)), Waiting, waits);
    check(compute_deploy_step_status, |i| i.training = Some(training(TrainingState::Failed)), Waiting, waits);
    check(
        compute_deploy_step_status,
        |i| i.training = Some(training(TrainingState::Succeeded)),
        Ready,
        "Trained model ready to serve",
    );
}

#[test]
fn progress_counts_attention_half() {
    let progress = |change: Change| compute_pipeline_state(&with(change)).overall_progress;
    assert!(progress(|i| *i = PipelineInputs::default()).abs() < 1e-12);
    assert!((progress(|_| ()) - 500.0 / 7.0).abs() < 1e-12, "five of seven");
    assert!((progress(|i| i.dry_run = Some(dry_run(Verdict::Caution))) - 450.0 / 7.0).abs() < 1e-12, "four and a half");
    assert!((progress(|i| i.dry_run = Some(dry_run(Verdict::NoGo))) - 400.0 / 7.0).abs() < 1e-12);
}

#[test]
fn the_current_step_is_the_first_unfinished_one_that_can_go_on() {
    let current = |change: Change| compute_pipeline_state(&with(change)).current_step_id;
    assert_eq!(current(|i| *i = PipelineInputs::default()), Some(PipelineStepId::Extract));
    assert_eq!(current(|i| i.topic_count = None), Some(PipelineStepId::Topics));
    assert_eq!(current(|i| i.balance_score = Some(0.3)), Some(PipelineStepId::Coverage));
    assert_eq!(current(|i| (i.grader, i.dry_run) = (None, None)), Some(PipelineStepId::Grader));
    assert_eq!(current(|i| i.dry_run = None), Some(PipelineStepId::DryRun));
    assert_eq!(current(|_| ()), Some(PipelineStepId::Train));
}

#[test]
fn the_state_lists_seven_steps_in_order() {
    let state = compute_pipeline_state(&PipelineInputs::default());
    assert_eq!(state.steps.iter().map(|step| step.id).collect::<Vec<_>>(), PipelineStepId::ALL);
    assert_eq!(state.step(PipelineStepId::DryRun).category, "VALIDATION");
}

#[test]
fn staleness_says_what_changed() {
    let inputs = with(|i| {
        i.dry_run.as_mut().unwrap().changed_since =
            vec!["the grader is now version 2".to_owned(), "records changed".to_owned()];
    });
    let state = compute_pipeline_state(&inputs);
    let reason = state.step(PipelineStepId::DryRun).stale_reason.as_deref();
    assert_eq!(reason, Some("the grader is now version 2; records changed"));
    let hint = next_step(&inputs, &state).unwrap();
    assert_eq!((hint.step, hint.action), (PipelineStepId::DryRun, NextAction::StartDryRun));
    assert!(hint.message.contains("the grader is now version 2; records changed"), "{}", hint.message);
    assert_eq!(compute_pipeline_state(&good()).step(PipelineStepId::DryRun).stale_reason, None);
}

#[test]
fn progress_is_kept_within_its_range_and_may_be_unknown() {
    let progress = |percent| {
        let loading = LoadingStates { importing: Some(Progress { percent }), ..LoadingStates::default() };
        compute_extract_step_status(&PipelineInputs { loading, ..PipelineInputs::default() }).progress
    };
    assert_eq!(progress(Some(50.0)), Some(50.0));
    assert_eq!(progress(Some(101.0)), Some(100.0));
    assert_eq!(progress(None), None);
}

#[test]
fn steps_that_have_something_to_run_can_be_run_again() {
    let state = compute_pipeline_state(&good());
    let again: Vec<bool> = state.steps.iter().map(|step| step.can_rerun).collect();
    // Coverage is always up to date; no trainer is connected.
    assert_eq!(again, [true, true, false, true, true, false, false]);
    let exhausted = compute_pipeline_state(&with(|i| i.keywords_exhausted = true));
    assert!(!exhausted.step(PipelineStepId::Topics).can_rerun, "it would find the same");
    let running = compute_pipeline_state(&with(|i| i.loading.dry_running = Some(half())));
    assert!(!running.step(PipelineStepId::DryRun).can_rerun);
}
