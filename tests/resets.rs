//! Resetting a pipeline: what was made of the records goes, the records stay.

use anneal_server::types::dataset::RecordDeletion;
use anneal_server::types::job::JobStatus;
use anneal_server::types::topics::TopicHierarchy;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::records::{chats, rated};

async fn reset(app: &TestApp, id: &str, confirm: &str) -> (u16, String) {
    let request = app.client.post(app.url("/api/datasets/reset")).header("accept", "application/json");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let response = request.body(format!("dataset_id={id}{confirm}")).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn a_reset_keeps_the_records_alone() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", rated(60) + &chats(6, &["a", "b", "foreign"])).await;
    let import = json!({ "dataset_id": id, "json": json!({ "nodes": [{ "name": "a" }, { "name": "b" }] }).to_string(), "confirm": true });
    let _: TopicHierarchy = app.ask("topics/import", import).await;
    let targets = json!({ "dataset_id": id, "targets": { "a": 70.0, "b": 30.0 } });
    let _: Value = app.ask("topics/targets", targets).await;
    app.set_grader(&id, "function grade(input) { return 0.5; }").await;
    let _ = app.dry_run(&id, 20).await;
    let last = app.rows(&id).await.last().unwrap().id;
    let deletion: RecordDeletion = app.ask("records/delete", json!({ "dataset_id": id, "record_ids": [last] })).await;
    let before = app.overview(&id).await;
    assert!(before.grader.is_some() && before.dry_run.is_some() && before.dataset.target_distribution.is_some());

    let (status, body) = reset(&app, &id, "").await;
    assert!(status == 422 && body.contains("Tick the box"), "{status} {body}");
    assert_eq!(app.overview(&id).await.dataset, before.dataset);
    let (status, body) = reset(&app, &id, "&confirm=true").await;
    assert_eq!(status, 200, "{body}");

    let after = app.overview(&id).await;
    assert_eq!((after.hygiene.valid, after.imports.len()), (before.hygiene.valid, 1));
    assert!(after.hierarchy.is_none() && after.grader.is_none() && after.grader_test.is_none());
    assert!(after.dry_run.is_none() && after.dry_run_history.is_empty() && after.coverage.is_none());
    assert_eq!((after.topic_counts.len(), after.dataset.target_distribution), (0, None));
    assert_eq!(after.dataset.validation_config, before.dataset.validation_config);
    let _: i64 = app.ask("records/restore", json!({ "dataset_id": id, "deletion_id": deletion.id })).await;
    assert!(app.rows(&id).await.iter().all(|row| row.topic.is_none()), "what comes back has lost its label, too");

    // It begins anew.
    app.set_grader(&id, "function grade(input) { return 0.7; }").await;
    let saved = app.overview(&id).await.grader.unwrap().version;
    assert_eq!(saved, 2, "a number that trainers know is never given to another grader");
    let report = app.dry_run(&id, 20).await;
    assert!((report.statistics.unwrap().mean - 0.7).abs() < 1e-9);
}

#[tokio::test]
async fn a_reset_waits_for_no_job_and_disturbs_none() {
    let (app, busy) = TestApp::busy().await;
    let (status, body) = reset(&app, &busy.dataset, "&confirm=true").await;
    assert!(status == 409 && body.contains("A job of this dataset is running"), "{status} {body}");
    let jobs: Vec<JobStatus> = app.overview(&busy.dataset).await.jobs;
    assert!(jobs.iter().any(|job| job.state.is_active()), "{jobs:?}");
    busy.free(&app).await;
    assert_eq!(reset(&app, &busy.dataset, "&confirm=true").await.0, 200);
}
