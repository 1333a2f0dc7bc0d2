//! Duplicating a dataset: the copy has everything that was set up and every record, and nothing that is done to one reaches
//! the other.

use anneal_server::types::dataset::{DatasetRecord, RecordDeletion};
use anneal_server::types::job::{JobKind, JobState, JobStatus};
use anneal_server::types::passport::RecordPassport;
use anneal_server::types::topics::TopicHierarchy;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::records::{chat, chats};

async fn duplicate(app: &TestApp, id: &str) -> String {
    app.ask("datasets/duplicate", json!({ "dataset_id": id })).await
}

async fn job(app: &TestApp, id: &str, kind: JobKind) -> Option<JobStatus> {
    app.overview(id).await.jobs.into_iter().find(|job| job.kind == kind)
}

async fn copied(app: &TestApp, id: &str) -> (String, JobStatus) {
    let copy = duplicate(app, id).await;
    let job = job(app, &copy, JobKind::Duplicate).await.unwrap();
    let ended = app.ended(&job.id).await;
    (copy, ended)
}

async fn whole(app: &TestApp, id: &str) -> Vec<DatasetRecord> {
    let mut records = Vec::new();
    for row in app.rows(id).await {
        records.push(app.record(id, row.id).await);
    }
    records
}

#[tokio::test]
async fn a_copy_holds_everything_under_ids_of_its_own() {
    let app = TestApp::start().await;
    let lines = chats(5, &["a", "b"]) + "{broken\n" + &chats(2, &["b"]);
    let id = app.imported("mine.jsonl", lines).await;
    let other = app.imported("other.jsonl", chats(3, &[])).await;
    let hierarchy = json!({ "nodes": [{ "name": "a" }, { "name": "b" }] }).to_string();
    let _: TopicHierarchy =
        app.ask("topics/import", json!({ "dataset_id": id, "json": hierarchy, "confirm": true })).await;
    let _: () = app.ask("topics/targets", json!({ "dataset_id": id, "targets": { "a": 70.0, "b": 30.0 } })).await;
    app.set_grader(&id, "function grade(input) { return 0.5; }").await;
    app.set_grader(&id, "function grade(input) { return 0.25; }").await;
    app.dry_run(&id, 3).await;
    let before = whole(&app, &id).await;
    let gone = before[2].id;
    let _: RecordDeletion = app.ask("records/delete", json!({ "dataset_id": id, "record_ids": [gone] })).await;
    let before = whole(&app, &id).await;
    let (was, exported) = (app.overview(&id).await, app.get(&format!("/download/{id}/records.jsonl")).await.1);

    let (copy, ended) = copied(&app, &id).await;
    assert_eq!((ended.state, ended.message.as_str()), (JobState::Succeeded, "7 records copied"), "{ended:?}");
    let is = app.overview(&copy).await;
    assert_eq!(
        (is.dataset.name.as_str(), &is.dataset.target_distribution),
        ("mine (copy)", &was.dataset.target_distribution)
    );
    assert_eq!((&is.hierarchy, &is.grader, &is.topic_counts), (&was.hierarchy, &was.grader, &was.topic_counts));
    assert_eq!(is.coverage.unwrap().balance_score, was.coverage.unwrap().balance_score);
    assert_eq!((is.imports.len(), is.imports_total, is.dry_run_history.len()), (0, 0, 0));
    assert!(is.last_deletion.is_none());
    assert!(job(&app, &copy, JobKind::Validate).await.is_none(), "nothing changed meanwhile");
    assert_eq!(app.get(&format!("/download/{copy}/records.jsonl")).await.1, exported);

    let offset = whole(&app, &copy).await[0].id - before[0].id;
    assert!(offset > app.rows(&other).await.last().unwrap().id - before[0].id);
    for (record, original) in whole(&app, &copy).await.into_iter().zip(&before) {
        let mut expected = original.clone();
        expected.id += offset;
        expected.dataset_id.clone_from(&copy);
        expected.validation.record_id += offset;
        if let Some(kept) = &mut expected.validation.duplicate_of {
            *kept += offset;
            expected.validation.details = Some(format!("same span or prompt as record {kept}, which is kept"));
        }
        let (source, was) = (record.source.clone().unwrap(), expected.source.take().unwrap());
        assert_eq!((source.file_name, source.line), (was.file_name, was.line));
        assert_eq!(DatasetRecord { source: None, ..record }, expected);
    }
    let first = json!({ "dataset_id": copy, "record_id": before[0].id + offset });
    let passport: RecordPassport = app.ask("records/passport", first).await;
    let source = passport.source.unwrap();
    assert!(
        source.copied && source.file_name == "mine.jsonl" && source.imported_at <= passport.created_at,
        "{source:?}"
    );
    assert_eq!(passport.duplicates_total, 1);

    // Editing the kept one of a pair frees the other: in the copy alone.
    let data = json!({ "input": { "messages": [{ "role": "user", "content": "Something else entirely, please." }] } });
    let pair = before.iter().find(|record| record.validation.duplicate_of == Some(before[0].id)).unwrap();
    app.edit(&copy, before[0].id + offset, &data).await;
    assert_eq!(app.record(&copy, pair.id + offset).await.validation.duplicate_of, None);
    assert_eq!(whole(&app, &id).await, before);
    // What comes later gets ids after the copy's, and the next copy another name.
    let later = app.imported("later.jsonl", chats(1, &[])).await;
    assert!(app.rows(&later).await[0].id > before.last().unwrap().id + offset);
    let (again, _) = copied(&app, &id).await;
    assert_eq!(app.overview(&again).await.dataset.name, "mine (copy 2)");
    let (nested, ended) = copied(&app, &copy).await;
    assert_eq!((ended.state, app.hygiene(&nested).await.total), (JobState::Succeeded, 7));
    assert_eq!(app.record(&nested, app.rows(&nested).await[1].id).await.source.unwrap().file_name, "mine.jsonl");
}

#[tokio::test]
async fn more_records_than_a_batch_are_copied_in_order_and_an_empty_dataset_too() {
    let app = TestApp::start().await;
    let id = app.imported("mine.jsonl", chats(1_203, &["a"])).await;
    let (copy, ended) = copied(&app, &id).await;
    assert_eq!((ended.state, ended.done, ended.total), (JobState::Succeeded, 1_203, 1_203));
    let exported = async |id: &str| app.get(&format!("/download/{id}/records.jsonl")).await.1;
    assert_eq!(exported(&copy).await, exported(&id).await);
    let mut filter =
        json!({ "status": null, "error": null, "topic": null, "needs_review": false, "text": "number 1202" });
    let found: Vec<i64> = app.ask("records/ids", json!({ "dataset_id": copy, "filter": filter })).await;
    assert_eq!(found.len(), 1, "the words of the copied records are searched, too");
    filter["text"] = json!("number");
    let found: Vec<i64> = app.ask("records/ids", json!({ "dataset_id": copy, "filter": filter })).await;
    assert_eq!(found.len(), 1_203);

    let (status, body) = app.upload("nothing.jsonl", b"[]".to_vec(), &[]).await;
    assert_eq!(status, 201, "{body}");
    let empty = body["dataset_id"].as_str().unwrap();
    app.ended(body["job_id"].as_str().unwrap()).await;
    let copy = duplicate(&app, empty).await;
    assert!(job(&app, &copy, JobKind::Duplicate).await.is_none());
    assert_eq!(app.hygiene(&copy).await.total, 0);
    app.refused("datasets/duplicate", json!({ "dataset_id": "nobody's" }), 404).await;
}

#[tokio::test]
async fn a_copy_is_right_whatever_happened_to_its_original_meanwhile() {
    let (app, busy) = TestApp::busy().await;
    // The second is a duplicate of the first.
    let line = |question: &str| chat(question, "Yes.", json!({})) + "\n";
    let lines = line("Where is my order?") + &line("Where is my order?") + &line("May I cancel it?");
    let id = app.imported_beside(&busy, lines).await;
    let busy = busy.again(&app).await;
    let rows = app.rows(&id).await;
    let (edited, taken) = (duplicate(&app, &id).await, duplicate(&app, &id).await);

    // Until it is through, the copy takes nothing else in, and nothing is copied from it.
    let (status, body) = app.upload("b.jsonl", chats(1, &[]).into(), &[("dataset_id", edited.as_str())]).await;
    assert_eq!(status, 409, "{body}");
    let message = app.refused("datasets/duplicate", json!({ "dataset_id": edited }), 409).await;
    assert!(message.contains("still being copied"), "{message}");
    let edit = json!({ "edit": "add", "parent": null, "node": { "name": "x" } });
    app.refused("topics/edit", json!({ "dataset_id": edited, "edit": edit, "confirm": false }), 409).await;

    // The kept one is edited before it is copied: its duplicate is none any more.
    let data = json!({ "input": { "messages": [{ "role": "user", "content": "Something else entirely, please." }] } });
    app.edit(&id, rows[0].id, &data).await;
    busy.free(&app).await;
    let ended = app.ended(&job(&app, &edited, JobKind::Duplicate).await.unwrap().id).await;
    assert_eq!(ended.state, JobState::Succeeded, "{ended:?}");
    let check = job(&app, &edited, JobKind::Validate).await.unwrap();
    assert_eq!(app.ended(&check.id).await.state, JobState::Succeeded);
    assert_eq!(app.hygiene(&edited).await.valid, 3);
    app.ended(&job(&app, &taken, JobKind::Duplicate).await.unwrap().id).await;

    // Some are taken away before they are copied.
    let busy = busy.again(&app).await;
    let partial = duplicate(&app, &id).await;
    let _: RecordDeletion = app.ask("records/delete", json!({ "dataset_id": id, "record_ids": [rows[1].id] })).await;
    busy.free(&app).await;
    let ended = app.ended(&job(&app, &partial, JobKind::Duplicate).await.unwrap().id).await;
    assert_eq!(ended.state, JobState::Failed);
    assert!(ended.error.unwrap().contains("Only 2 of 3 records were copied"));
    let check = job(&app, &partial, JobKind::Validate).await.unwrap();
    assert_eq!(app.ended(&check.id).await.state, JobState::Succeeded);
    assert_eq!(app.hygiene(&partial).await.valid, 2);

    // A dataset that is being imported into is not copied.
    let busy = busy.again(&app).await;
    let (status, _) = app.upload("b.jsonl", chats(1, &[]).into(), &[("dataset_id", id.as_str())]).await;
    assert_eq!(status, 201);
    let message = app.refused("datasets/duplicate", json!({ "dataset_id": id }), 409).await;
    assert!(message.contains("An import into this dataset is running"), "{message}");
    busy.free(&app).await;
    let _: Value = app.ask("datasets/deleted", json!({})).await;
}
