//! What is said to be next.

use super::*;

#[test]
fn the_hint_follows_the_state() {
    use NextAction::{Categorize, ImportData, OpenStep, StartDryRun, TestGrader, ViewIssues};
    use PipelineStepId::{Coverage, DryRun, Extract, Grader, Topics, Train};
    let cases: &[(Change, PipelineStepId, NextAction, &str)] = &[
        (|i| *i = PipelineInputs::default(), Extract, ImportData, "Import your traces"),
        (
            |i| *i = PipelineInputs { import_failed: Some("no line".to_owned()), ..PipelineInputs::default() },
            Extract,
            ImportData,
            "no line",
        ),
        (|i| (i.valid_records, i.invalid_records) = (0, 1_042), Extract, ViewIssues, "None of the 1,042 records"),
        (
            |i| (i.total_records, i.valid_records, i.invalid_records, i.topic_count) = (1_000, 605, 395, None),
            Extract,
            ViewIssues,
            "395 of 1,000 records (39.5%)",
        ),
        (
            |i| (i.import_failed, i.topic_count) = (Some("It is cut off.".to_owned()), None),
            Extract,
            ImportData,
            "stopped: It is cut off. The 1,008 valid records",
        ),
        (|i| i.topic_count = None, Topics, OpenStep, "Add topics"),
        (|i| i.labelled_records = 0, Topics, Categorize, "1,008 valid records"),
        (|i| (i.labelled_records, i.grader) = (500, None), Topics, Categorize, "508 of 1,008 valid records"),
        // Labelling by keyword is not offered where it can find nothing.
        (
            |i| (i.labelled_records, i.keywords_exhausted) = (0, true),
            Topics,
            OpenStep,
            "No topic's keywords occur in any of the 1,008 valid records",
        ),
        (
            |i| (i.labelled_records, i.grader, i.keywords_exhausted) = (500, None, true),
            Topics,
            OpenStep,
            "508 of 1,008 valid records have no topic, because no keyword occurs in them",
        ),
        (|i| (i.labelled_records, i.topics_with_keywords) = (0, 0), Topics, OpenStep, "Give the topics keywords"),
        (|i| (i.keywords_exhausted, i.grader) = (true, None), Grader, OpenStep, "Set a grader"),
        (|i| (i.needs_review_records, i.grader) = (200, None), Topics, OpenStep, "200 labels"),
        (|i| (i.categorize_failed, i.grader) = (Some("disk full".to_owned()), None), Topics, Categorize, "disk full"),
        (|i| (i.balance_score, i.grader) = (Some(0.31), None), Coverage, OpenStep, "0.31"),
        (|i| i.grader = None, Grader, OpenStep, "Set a grader"),
        (|i| (i.grader.as_mut().unwrap().last_test, i.dry_run) = (None, None), Grader, TestGrader, "five samples"),
        // A run that is out of date asks for another run, not for a test.
        (
            |i| {
                i.grader.as_mut().unwrap().last_test = None;
                i.dry_run.as_mut().unwrap().changed_since = vec!["the grader is now version 2".to_owned()];
            },
            DryRun,
            StartDryRun,
            "the grader is now version 2. Run it again",
        ),
        (|i| i.grader = Some(tested(5, 3, None)), Grader, OpenStep, "3 of 5 test samples"),
        (|i| i.dry_run = None, DryRun, StartDryRun, "Start a dry run"),
        (|i| i.dry_run_failed = Some("no worker".to_owned()), DryRun, OpenStep, "no worker"),
        (|i| i.dry_run = Some(dry_run(Verdict::Caution)), DryRun, OpenStep, "CAUTION"),
        (|i| i.dry_run = Some(dry_run(Verdict::NoGo)), DryRun, OpenStep, "NO-GO"),
        (|i| i.dry_run.as_mut().unwrap().verdict = None, DryRun, StartDryRun, "no verdict"),
        (|_| (), Train, OpenStep, "The dry run says GO"),
        // What the user has gone past gives way.
        (|i| i.balance_score = Some(0.31), Train, OpenStep, "GO"),
        (|i| i.training = Some(training(TrainingState::Failed)), Train, OpenStep, "failed"),
    ];
    for (change, step, action, words) in cases {
        let inputs = with(*change);
        let hint = next_step(&inputs, &compute_pipeline_state(&inputs)).unwrap();
        assert_eq!((hint.step, hint.action), (*step, *action), "{hint:?}");
        assert!(hint.message.contains(words), "{hint:?} lacks {words}");
        assert!(!hint.button.is_empty());
    }
}

#[test]
fn there_is_no_hint_while_something_runs() {
    let changes: [Change; 5] = [
        |i| i.loading.importing = Some(half()),
        |i| i.loading.validating = Some(half()),
        |i| i.loading.categorizing = Some(half()),
        |i| i.loading.testing_grader = Some(half()),
        |i| i.loading.dry_running = Some(half()),
    ];
    for change in changes {
        let inputs = with(change);
        assert_eq!(next_step(&inputs, &compute_pipeline_state(&inputs)), None);
    }
}

#[test]
fn a_dataset_without_recorded_responses_says_so_before_a_dry_run_is_tried() {
    let inputs = PipelineInputs {
        total_records: 200,
        valid_records: 197,
        recorded_responses: Some(0),
        grader: Some(GraderFacts { label: "Script".to_owned(), version: 1, last_test: None }),
        ..PipelineInputs::default()
    };
    let state = compute_pipeline_state(&inputs);
    let step = state.step(PipelineStepId::DryRun);
    assert_eq!(step.status, Waiting);
    assert!(step.blocked_reason.as_deref().is_some_and(|reason| reason.contains("recorded response")), "{step:?}");
    let hint = next_step(&inputs, &state).expect("there is something to do");
    assert_eq!(hint.action, NextAction::ImportData);
    assert!(hint.message.contains("197 valid records"), "{}", hint.message);
}
