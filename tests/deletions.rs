//! Deleting records and taking that back: nothing that counts them sees them meanwhile, and they return as they were.

use anneal_server::types::dataset::{DatasetRecord, RecordDeletion, RecordFilter, RecordRow};
use anneal_server::types::import::ImportReport;
use anneal_server::types::job::{JobKind, JobState};
use anneal_server::types::topics::TopicHierarchy;
use anneal_server::types::validation::ValidationConfig;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::records::{chat, chats};

async fn delete(app: &TestApp, id: &str, records: &[i64]) -> RecordDeletion {
    app.ask("records/delete", json!({ "dataset_id": id, "record_ids": records })).await
}

fn restore(id: &str, deletion: &RecordDeletion) -> Value {
    json!({ "dataset_id": id, "deletion_id": deletion.id })
}

/// Valid, rejected, duplicates.
async fn counts(app: &TestApp, id: &str) -> (i64, i64, i64) {
    let report = app.hygiene(id).await;
    (report.valid, report.rejected, report.duplicates_removed)
}

async fn import_of(app: &TestApp, id: &str) -> (i64, i64, i64, i64) {
    let ImportReport { records, valid, invalid, duplicates, .. } = app.overview(id).await.imports.remove(0);
    (records, valid, invalid, duplicates)
}

/// Everything of every record.
async fn whole(app: &TestApp, id: &str) -> (Vec<RecordRow>, Vec<DatasetRecord>) {
    let rows = app.rows(id).await;
    let mut records = Vec::new();
    for row in &rows {
        records.push(app.record(id, row.id).await);
    }
    (rows, records)
}

#[tokio::test]
async fn deleted_records_are_gone_everywhere_and_come_back_as_they_were() {
    let app = TestApp::start().await;
    // Five of two topics, a broken line, and a copy of the first.
    let lines = chats(5, &["a", "b"]) + "{broken\n" + &chats(1, &["a"]);
    let id = app.imported("a.jsonl", lines).await;
    let hierarchy = json!({ "nodes": [{ "name": "a" }, { "name": "b" }] }).to_string();
    let import = json!({ "dataset_id": id, "json": hierarchy, "confirm": true });
    let _: TopicHierarchy = app.ask("topics/import", import).await;
    let before = whole(&app, &id).await;
    let coverage = app.overview(&id).await.coverage.unwrap();
    assert_eq!((counts(&app, &id).await, import_of(&app, &id).await), ((5, 1, 1), (7, 5, 1, 1)));

    let ids: Vec<i64> = before.0.iter().map(|row| row.id).collect();
    let deletion = delete(&app, &id, &[ids[0], ids[3], ids[5], ids[5], 99_999]).await;
    assert_eq!(deletion.records, 3);
    // The copy of the first takes its place.
    assert_eq!((counts(&app, &id).await, import_of(&app, &id).await), ((4, 0, 0), (7, 4, 0, 0)));
    let rows = app.rows(&id).await;
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [ids[1], ids[2], ids[4], ids[6]]);
    app.refused("records/get", json!({ "dataset_id": id, "record_id": ids[0] }), 404).await;
    let overview = app.overview(&id).await;
    let of_topics: Vec<i64> = overview.coverage.unwrap().distribution.iter().map(|topic| topic.count).collect();
    assert_eq!((of_topics.as_slice(), overview.last_deletion), ([3, 1].as_slice(), Some(deletion.clone())));
    let everything: Vec<i64> =
        app.ask("records/ids", json!({ "dataset_id": id, "filter": RecordFilter::default() })).await;
    assert_eq!(everything, [ids[1], ids[2], ids[4], ids[6]]);
    let datasets: Vec<Value> = app.ask("datasets/list", json!({})).await;
    assert_eq!(datasets.len(), 1, "where they wait is no dataset of anybody's");
    app.refused("datasets/overview", json!({ "dataset_id": deletion.id }), 404).await;

    // What comes meanwhile gets other ids, and a copy of a deleted one is none.
    let (status, body) = app.upload("b.jsonl", chats(1, &[]).into_bytes(), &[("dataset_id", &id)]).await;
    assert_eq!(status, 201, "{body}");
    app.ended(body["job_id"].as_str().unwrap()).await;
    let back: i64 = app.ask("records/restore", restore(&id, &deletion)).await;
    assert_eq!(back, 3);
    let message = app.refused("records/restore", restore(&id, &deletion), 409).await;
    assert!(message.contains("done already"), "{message}");
    let newest = app.rows(&id).await.last().unwrap().id;
    assert!(newest > ids[6], "{newest}");
    let _: RecordDeletion = delete(&app, &id, &[newest]).await;
    let after = whole(&app, &id).await;
    assert_eq!((after.0, after.1), before);
    let again = app.overview(&id).await;
    assert_eq!(again.coverage.unwrap().distribution, coverage.distribution);
    assert_eq!((counts(&app, &id).await, import_of(&app, &id).await), ((5, 1, 1), (1, 0, 0, 0)));
}

#[tokio::test]
async fn what_changed_meanwhile_holds_for_what_comes_back() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(4, &["a", "b"])).await;
    let import = json!({ "dataset_id": id, "json": json!({ "nodes": [{ "name": "a" }, { "name": "b" }] }).to_string(), "confirm": true });
    let _: TopicHierarchy = app.ask("topics/import", import).await;
    let ids: Vec<i64> = app.rows(&id).await.iter().map(|row| row.id).collect();
    let deletion = delete(&app, &id, &ids[..2]).await;
    let rename = json!({ "edit": "update", "name": "a", "new_name": "renamed", "description": "", "keywords": [] });
    let edited = app.call("topics/edit", json!({ "dataset_id": id, "edit": rename, "confirm": true })).await;
    assert_eq!(edited.0, 200, "{}", edited.1);
    let strict = ValidationConfig { max_tokens: 3, ..ValidationConfig::default() };
    let _: Value = app.ask("datasets/validation", json!({ "dataset_id": id, "config": strict })).await;
    let job = app.overview(&id).await.jobs.into_iter().find(|job| job.kind == JobKind::Validate).unwrap();
    app.ended(&job.id).await;
    assert_eq!(counts(&app, &id).await, (0, 2, 0));

    let _: i64 = app.ask("records/restore", restore(&id, &deletion)).await;
    let job = app.overview(&id).await.jobs.into_iter().find(|job| job.kind == JobKind::Validate).unwrap();
    assert_eq!(app.ended(&job.id).await.state, JobState::Succeeded);
    assert_eq!(counts(&app, &id).await, (0, 4, 0), "by the rules of now");
    let topics: Vec<_> = app.rows(&id).await.into_iter().map(|row| row.topic.unwrap_or_default()).collect();
    assert_eq!(topics, ["renamed", "b", "renamed", "b"]);
}

#[tokio::test]
async fn a_deletion_is_refused_where_it_means_nothing_and_lost_with_what_it_was_of() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(3, &[])).await;
    let other = app.imported("b.jsonl", chats(2, &[])).await;
    let foreign: Vec<i64> = app.rows(&other).await.iter().map(|row| row.id).collect();
    app.refused("records/delete", json!({ "dataset_id": id, "record_ids": foreign }), 409).await;
    app.refused("records/delete", json!({ "dataset_id": id, "record_ids": [] }), 422).await;
    let many: Vec<i64> = (0..10_001).collect();
    let message = app.refused("records/delete", json!({ "dataset_id": id, "record_ids": many }), 422).await;
    assert!(message.contains("At most 10,000 records"), "{message}");
    assert_eq!(app.overview(&id).await.last_deletion, None);

    let first = app.rows(&id).await[0].id;
    let deletion = delete(&app, &id, &[first]).await;
    app.refused("records/restore", restore(&other, &deletion), 409).await;
    let fields = [("dataset_id", id.as_str()), ("mode", "replace")];
    let (status, body) =
        app.upload("c.jsonl", chat("Something else entirely?", "Yes.", json!({})).into(), &fields).await;
    assert_eq!(status, 201, "{body}");
    app.ended(body["job_id"].as_str().unwrap()).await;
    let message = app.refused("records/restore", restore(&id, &deletion), 409).await;
    assert!(message.contains("an import replaced"), "{message}");
    assert_eq!(counts(&app, &id).await, (1, 0, 0));
}

#[tokio::test]
async fn ticked_records_are_exported_as_they_are() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(4, &[])).await;
    let ids: Vec<i64> = app.rows(&id).await.iter().map(|row| row.id).collect();
    let send = async |ids: String| {
        let request = app.client.post(app.url(&format!("/download/{id}/selected.jsonl")));
        let form = request.header("content-type", "application/x-www-form-urlencoded").body(format!("ids={ids}"));
        let response = form.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let (status, text) = send(format!("{},{},99999", ids[2], ids[0])).await;
    let orders: Vec<bool> =
        text.lines().zip(["number 0", "number 2"]).map(|(line, order)| line.contains(order)).collect();
    assert_eq!((status, orders.as_slice()), (200, [true, true].as_slice()), "{text}");
    assert_eq!(text.lines().count(), 2);
    assert_eq!((send(String::new()).await.0, send("1,x".to_owned()).await.0), (422, 422));
}
