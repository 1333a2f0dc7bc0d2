//! Dry runs seen from outside: what a run belongs to, the history, the list of datasets, pages of samples.

use anneal_server::pipeline::compute_pipeline_state;
use anneal_server::types::dataset::DatasetSummary;
use anneal_server::types::dry_run::{DryRunSummary, DryRunView, SamplePage, Verdict};
use anneal_server::types::job::JobState;
use anneal_server::types::pipeline::{PipelineStepId, PipelineStepStatus};
use serde_json::{Value, json};

use crate::support::app::{TestApp, dry_run_config};
use crate::support::records::{chat, chats, rated};

/// Reads the score out of responses such as "rated 0.35".
const RATED: &str = "function grade(input) { return Number(input.response.split(' ')[1]); }";
async fn start(app: &TestApp, dataset_id: &str, samples: i64) -> DryRunSummary {
    app.ask("dry-run/start", json!({ "dataset_id": dataset_id, "config": dry_run_config(samples) })).await
}

#[tokio::test]
async fn a_run_is_computed_from_the_data_its_sample_was_drawn_from() {
    let (app, busy) = TestApp::busy().await;
    let id = app.imported_beside(&busy, rated(40)).await;
    app.set_grader(&id, RATED).await;
    let busy = busy.again(&app).await;
    let run = start(&app, &id, 300).await;

    // Meanwhile one of the 40 becomes unusable.
    let record = app.rows(&id).await.remove(0).id;
    app.edit(&id, record, &json!({ "input": { "messages": [] } })).await;
    let revision = app.overview(&id).await.dataset.records_revision;
    assert!(run.computed_from.records_revision < revision);
    busy.free(&app).await;
    assert_eq!(app.ended(&run.job_id).await.state, JobState::Succeeded);

    let overview = app.overview(&id).await;
    let view = overview.dry_run.unwrap();
    let report = view.report.unwrap();
    assert_eq!((report.computed_from.records_revision, report.eligible_records), (revision, 39));
    assert_eq!((report.samples_planned, report.failed), (39, 0));
    assert_eq!(view.summary.computed_from, report.computed_from);
    assert_eq!(overview.pipeline_inputs.dry_run.unwrap().changed_since, Vec::<String>::new(), "not stale");
}

#[tokio::test]
async fn a_snapshot_does_not_see_what_is_written_meanwhile() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(2, &[])).await;
    let mut snapshot = app.state.db.snapshot().await.unwrap();
    let before = anneal_server::db::datasets::get(&mut snapshot, &id).await.unwrap();
    let _: Value = app.ask("datasets/update", json!({ "dataset_id": id, "name": "renamed", "objective": "" })).await;
    assert_eq!(anneal_server::db::datasets::get(&mut snapshot, &id).await.unwrap(), before);
    drop(snapshot);
    assert_eq!(anneal_server::db::datasets::get(&app.state.db, &id).await.unwrap().name, "renamed");
}

#[tokio::test]
async fn the_overview_carries_one_report_and_the_others_in_short() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", rated(80)).await;
    app.set_grader(&id, RATED).await;
    let first = app.dry_run(&id, 300).await;
    app.set_grader(&id, "function grade(input) { return 0.5; }").await;
    let second = app.dry_run(&id, 40).await;

    let overview = app.overview(&id).await;
    let [newest, oldest] = overview.dry_run_history.as_slice() else { panic!("{:?}", overview.dry_run_history) };
    assert_eq!((newest.result.clone(), oldest.result.clone()), (Some(second.result()), Some(first.result())));
    let numbers = |run: &DryRunSummary| {
        let result = run.result.clone().unwrap();
        (result.verdict, result.mean, result.samples_evaluated, run.computed_from.grader_version)
    };
    assert_eq!(numbers(newest), (Some(Verdict::NoGo), Some(0.5), 40, 2));
    assert_eq!((numbers(oldest).0, numbers(oldest).2, numbers(oldest).3), (Some(Verdict::Go), 80, 1));
    assert_eq!(overview.dry_run.unwrap().report, Some(second));
    let whole: DryRunView = app.ask("dry-run/get", json!({ "run_id": oldest.id })).await;
    assert_eq!((whole.report.as_ref(), whole.histogram.is_some()), (Some(&first), true));

    // The page shows the run that its URL names without a script.
    let (status, html) = app.get(&format!("/finetune/{id}?step=dryrun&run={}", oldest.id)).await;
    assert_eq!(status, 200);
    assert!(html.contains("This is not the newest run") && html.contains("80 of 80 recorded responses"), "{html}");
    assert!(!html.contains("Loading the run"), "{html}");
    let (_, html) = app.get(&format!("/finetune/{id}?step=dryrun")).await;
    assert!(!html.contains("This is not the newest run") && html.contains("40 of 80 recorded responses"), "{html}");
    let (_, html) = app.get(&format!("/finetune/{id}?step=dryrun&run=none")).await;
    assert!(html.contains("This dry run was not found"), "{html}");
}

#[tokio::test]
async fn the_list_says_of_each_dataset_what_its_page_says() {
    let app = TestApp::start().await;
    let judged = app.imported("judged.jsonl", rated(80) + "{broken\n").await;
    app.set_grader(&judged, RATED).await;
    app.tested(&judged, Value::Null).await;
    app.dry_run(&judged, 300).await;
    let labelled = app.imported("labelled.jsonl", chats(6, &["a", "b", "c"]) + &chats(1, &[])).await;
    let hierarchy = json!({ "nodes": [{ "name": "a" }, { "name": "b" }] }).to_string();
    let arguments = json!({ "dataset_id": labelled, "json": hierarchy, "confirm": false });
    let _: Value = app.ask("topics/import", arguments).await;
    app.imported("bare.jsonl", chat("Hm?", "Yes?", json!({}))).await;

    let list: Vec<DatasetSummary> = app.ask("datasets/list", json!({})).await;
    assert_eq!(list.iter().map(|summary| summary.dataset.name.as_str()).collect::<Vec<_>>().len(), 3);
    for summary in &list {
        let overview = app.overview(&summary.dataset.id).await;
        assert_eq!(summary.dataset, overview.dataset);
        assert_eq!(summary.pipeline, compute_pipeline_state(&overview.pipeline_inputs), "{}", summary.dataset.name);
        assert_eq!(summary.balance_score, overview.pipeline_inputs.balance_score);
        assert_eq!(summary.valid_records, overview.hygiene.valid);
    }
    let of = |id: &str| list.iter().find(|summary| summary.dataset.id == id).unwrap();
    assert_eq!((of(&judged).total_records, of(&judged).valid_records), (81, 80));
    assert_eq!(of(&judged).pipeline.step(PipelineStepId::DryRun).status, PipelineStepStatus::Complete);
    // Two of each of a, b and c; c is no topic, and the seventh line repeats the first.
    assert_eq!((of(&labelled).topic_count, of(&labelled).balance_score), (2, Some(1.0)));
}

#[tokio::test]
async fn pages_of_samples_tell_their_total_past_the_end_too() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", rated(60)).await;
    app.set_grader(&id, RATED).await;
    app.dry_run(&id, 60).await;
    let run = app.overview(&id).await.dry_run.unwrap().summary.id;
    let page = async |selection: &str, page: i64| -> SamplePage {
        let arguments = json!({ "run_id": run, "selection": { "selection": selection }, "page": page });
        app.ask("dry-run/samples", arguments).await
    };
    for (selection, number, samples, total) in [
        ("all", 1, 50, 60),
        ("all", 2, 10, 60),
        ("all", 3, 0, 60),
        ("highest", 1, 5, 5),
        ("highest", 2, 0, 5),
        ("failed", 1, 0, 0),
    ] {
        let got = page(selection, number).await;
        assert_eq!((got.samples.len(), got.total), (samples, total), "{selection}, page {number}");
    }
    // 0.05 to 0.83 in steps of 0.02, then 0.05 to 0.43 again: the mean is (40 * 0.44 + 20 * 0.24) / 60 = 0.3733.
    let nearest: Vec<String> = page("nearest_mean", 1).await.samples.into_iter().map(|s| s.response).collect();
    assert_eq!(nearest, ["rated 0.37", "rated 0.37", "rated 0.39", "rated 0.39", "rated 0.35"]);
}

#[tokio::test]
async fn a_response_is_measured_whole_and_a_run_without_scores_has_no_middle() {
    let app = TestApp::start().await;
    // Twenty responses "x\0aaa…" of 3 to 22 characters, scored by their length: a NUL character does not end them.
    let line =
        |n: usize| chat(&format!("Question number {n}, please."), &format!("x\0{}", "a".repeat(n)), json!({})) + "\n";
    let id = app.imported("a.jsonl", (1..=20).map(line).collect::<String>()).await;
    app.set_grader(&id, "function grade(input) { return input.response.length / 30; }").await;
    let report = app.dry_run(&id, 300).await;
    let found = report.diagnosis.unwrap().findings;
    let found: Vec<&str> = found.iter().map(|finding| finding.id.as_str()).collect();
    assert!(found.contains(&"length_correlation"), "{found:?}");

    app.set_grader(&id, "function grade(input) { throw new Error('never'); }").await;
    app.dry_run(&id, 300).await;
    let run = app.overview(&id).await.dry_run.unwrap().summary.id;
    let arguments = json!({ "run_id": run, "selection": { "selection": "nearest_mean" }, "page": 1 });
    let middle: SamplePage = app.ask("dry-run/samples", arguments).await;
    assert_eq!((middle.samples.len(), middle.total), (0, 0));
}
