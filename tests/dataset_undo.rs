//! Deleting a dataset and taking that back: it comes back whole, whatever was going on in it; after the time for that it is gone.

use std::time::Duration;

use anneal_server::config::Config;
use anneal_server::datasets::purge_deleted;
use anneal_server::db::{self, Of};
use anneal_server::types::dataset::{DeletedDataset, RecordDeletion};
use anneal_server::types::job::{JobKind, JobState};
use anneal_server::types::overview::DatasetOverview;
use anneal_server::types::topics::TopicHierarchy;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::records::{chats, rated};

async fn delete(app: &TestApp, id: &str) {
    let name = app.overview(id).await.dataset.name;
    let _: () = app.ask("datasets/delete", json!({ "dataset_id": id, "confirm_name": name })).await;
    app.refused("datasets/overview", json!({ "dataset_id": id }), 404).await;
}

async fn restore(app: &TestApp, id: &str) -> DatasetOverview {
    let _: () = app.ask("datasets/restore", json!({ "dataset_id": id })).await;
    app.overview(id).await
}

async fn deleted(app: &TestApp) -> Vec<DeletedDataset> {
    app.ask("datasets/deleted", json!({})).await
}

fn timeless(overview: DatasetOverview) -> DatasetOverview {
    let mut overview = DatasetOverview { now: 0, ..overview };
    overview.hygiene.timestamp = 0;
    if let Some(coverage) = &mut overview.coverage {
        coverage.timestamp = 0;
    }
    overview
}

#[tokio::test]
async fn a_deleted_dataset_comes_back_whole() {
    let app = TestApp::start().await;
    let id = app.imported("mine.jsonl", rated(40) + "{broken\n").await;
    let hierarchy = json!({ "nodes": [{ "name": "a" }, { "name": "b" }] }).to_string();
    let _: TopicHierarchy =
        app.ask("topics/import", json!({ "dataset_id": id, "json": hierarchy, "confirm": true })).await;
    app.set_grader(&id, "function grade(input) { return Number(input.response.slice(-4)); }").await;
    app.dry_run(&id, 20).await;
    let record = app.rows(&id).await[0].id;
    let gone: RecordDeletion = app.ask("records/delete", json!({ "dataset_id": id, "record_ids": [record] })).await;
    let before = app.overview(&id).await;

    delete(&app, &id).await;
    assert!(app.datasets().await.is_empty());
    assert_eq!(app.get(&format!("/download/{id}/records.jsonl")).await.0, 404);
    app.refused("datasets/delete", json!({ "dataset_id": id, "confirm_name": "mine" }), 404).await;
    let [waiting] = deleted(&app).await.try_into().unwrap();
    assert_eq!((waiting.id.as_str(), waiting.name.as_str(), waiting.records), (id.as_str(), "mine", 40));
    assert_eq!(waiting.restorable_until - waiting.deleted_at, 60 * 60 * 1000);
    // What a start and the regular look do: it is not their time yet.
    purge_deleted(&app.state).await.unwrap();

    assert_eq!(timeless(restore(&app, &id).await), timeless(before));
    assert!(deleted(&app).await.is_empty());
    // Another tab was slower.
    restore(&app, &id).await;
    let _: i64 = app.ask("records/restore", json!({ "dataset_id": id, "deletion_id": gone.id })).await;
    assert_eq!(app.hygiene(&id).await.total, 41);
}

#[tokio::test]
async fn after_its_time_it_is_gone_for_good() {
    let app = TestApp::start_with(|config| Config { deleted_kept: Duration::from_millis(300), ..config }).await;
    let id = app.imported("mine.jsonl", chats(5, &[])).await;
    let record = app.rows(&id).await[0].id;
    let _: RecordDeletion = app.ask("records/delete", json!({ "dataset_id": id, "record_ids": [record] })).await;
    delete(&app, &id).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(deleted(&app).await.is_empty());
    let message = app.refused("datasets/restore", json!({ "dataset_id": id }), 409).await;
    assert!(message.contains("the time for that has passed"), "{message}");
    purge_deleted(&app.state).await.unwrap();
    assert!(db::datasets::hidden(&app.state.db, 0).await.unwrap().is_empty(), "the deleted record's, too");
    assert!(db::records::tallies::status_counts(&app.state.db, Of::All).await.unwrap().is_empty());
    app.refused("datasets/restore", json!({ "dataset_id": "nobody's" }), 409).await;
}

#[tokio::test]
async fn an_import_ends_with_its_dataset_and_leaves_it_consistent() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(3, &[])).await;
    for mode in ["append", "replace"] {
        let before = app.hygiene(&id).await.total;
        let lines = chats(60_000, &[]).replace("order number", "parcel number");
        let (status, body) = app.upload("b.jsonl", lines.into(), &[("dataset_id", id.as_str()), ("mode", mode)]).await;
        assert_eq!(status, 201, "{body}");
        let job = body["job_id"].as_str().unwrap();
        app.job_until(&id, job, |job| job.done > 0).await;
        delete(&app, &id).await;
        let ended = app.ended(job).await;
        assert_eq!((ended.state, ended.error), (JobState::Cancelled, None), "{mode}");
        app.assert_no_uploads_left();

        let overview = restore(&app, &id).await;
        let report = &overview.imports[0];
        assert_eq!(report.state, JobState::Cancelled);
        let hygiene = app.hygiene(&id).await;
        if mode == "append" {
            assert!(report.records > 0 && report.records < 60_000, "{report:?}");
            assert_eq!(hygiene.total, before + report.records, "what was read by then stays");
        } else {
            assert_eq!((hygiene.total, report.records), (before, 0), "nothing was replaced");
        }
        assert_eq!(hygiene.pending, 0);
    }
}

#[tokio::test]
async fn what_waited_or_ran_is_cancelled_and_can_be_asked_for_again() {
    let (app, busy) = TestApp::busy().await;
    let (status, body) = app.upload("more.jsonl", chats(2, &[]).into(), &[("dataset_id", busy.dataset.as_str())]).await;
    assert_eq!(status, 201, "{body}");
    delete(&app, &busy.dataset).await;
    let queued = app.ended(body["job_id"].as_str().unwrap()).await;
    assert_eq!(queued.state, JobState::Cancelled);
    app.assert_no_uploads_left();
    let overview = restore(&app, &busy.dataset).await;
    let running = overview.jobs.into_iter().find(|job| job.kind == JobKind::DryRun).unwrap();
    assert_eq!(app.ended(&running.id).await.state, JobState::Cancelled);
    let _: Value = app.ask("dry-run/resume", json!({ "run_id": busy.run })).await;
    app.job_until(&busy.dataset, &running.id, |job| job.state == JobState::Running).await;
    app.assert_alive().await;
}
