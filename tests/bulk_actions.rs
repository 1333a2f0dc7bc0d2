//! One thing done with everything that matches, however many: chosen when it was asked for, done by a job, undone by another.

use anneal_server::types::job::{JobKind, JobState, JobStatus};
use anneal_server::types::passport::{ChangeKind, RecordPassport};
use anneal_server::types::topics::TopicHierarchy;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::records::chats;

fn filter(changes: Value) -> Value {
    let mut filter = json!({ "status": null, "error": null, "topic": null, "needs_review": false, "text": null });
    if let (Some(filter), Value::Object(changes)) = (filter.as_object_mut(), changes) {
        filter.extend(changes);
    }
    filter
}

fn bulk(id: &str, matching: Value, action: Value) -> Value {
    json!({ "dataset_id": id, "filter": filter(matching), "action": action })
}

async fn done(app: &TestApp, id: &str, matching: Value, action: Value) -> JobStatus {
    let job: JobStatus = app.ask("records/bulk", bulk(id, matching, action)).await;
    app.ended(&job.id).await
}

async fn topics(app: &TestApp, id: &str) {
    let hierarchy = json!({ "nodes": [{ "name": "a" }, { "name": "b" }] }).to_string();
    let _: TopicHierarchy =
        app.ask("topics/import", json!({ "dataset_id": id, "json": hierarchy, "confirm": true })).await;
}

#[tokio::test]
async fn what_matches_is_chosen_once_and_done_whatever_that_changes() {
    let app = TestApp::start().await;
    let id = app.imported("mine.jsonl", chats(1_203, &[])).await;
    topics(&app, &id).await;
    let other = app.imported("other.jsonl", chats(3, &[])).await;
    // Those without a topic get one: what is done takes them out of the filter.
    let assign = json!({ "action": "assign", "topic": "b" });
    let job = done(&app, &id, json!({ "topic": "" }), assign.clone()).await;
    assert_eq!((job.state, job.message.as_str()), (JobState::Succeeded, "1,203 of 1,203 records labelled"), "{job:?}");
    assert!(app.rows(&id).await.iter().all(|row| row.topic.as_deref() == Some("b")));
    assert!(app.rows(&other).await.iter().all(|row| row.topic.is_none()));
    let record = app.rows(&id).await[7].id;
    let passport: RecordPassport = app.ask("records/passport", json!({ "dataset_id": id, "record_id": record })).await;
    assert_eq!(passport.changes[0].what, ChangeKind::Topic { before: None, method: None });

    let job = done(&app, &id, json!({ "text": "number 7" }), json!({ "action": "assign", "topic": null })).await;
    assert_eq!(job.state, JobState::Succeeded);
    let left = app.overview(&id).await.coverage.unwrap().uncategorized_count;
    assert_eq!(left, 1);
    app.refused("records/bulk", bulk(&id, json!({ "topic": "" }), json!({ "action": "assign", "topic": "nope" })), 422)
        .await;
    app.refused("records/bulk", bulk(&id, json!({ "text": "nothing says this" }), assign), 409).await;
    assert!(app.overview(&id).await.last_deletion.is_none());
}

#[tokio::test]
async fn very_many_are_deleted_and_brought_back() {
    const RECORDS: i64 = 10_500;
    let app = TestApp::start().await;
    // The last one is a copy of the first.
    let lines = chats(usize::try_from(RECORDS).unwrap(), &["a"]) + &chats(1, &["a"]);
    let id = app.imported("mine.jsonl", lines).await;
    let exported = app.get(&format!("/download/{id}/records.jsonl")).await.1;
    let job = done(&app, &id, json!({ "status": "valid" }), json!({ "action": "delete" })).await;
    assert_eq!((job.state, job.done), (JobState::Succeeded, RECORDS), "{job:?}");
    let hygiene = app.hygiene(&id).await;
    assert_eq!((hygiene.total, hygiene.valid), (1, 1), "the copy took the place of the first, and was not chosen");
    let deletion = app.overview(&id).await.last_deletion.unwrap();
    assert_eq!(deletion.records, RECORDS);

    let restore = json!({ "dataset_id": id, "deletion_id": deletion.id });
    let back: i64 = app.ask("records/restore", restore.clone()).await;
    assert_eq!(back, RECORDS);
    let job = app.overview(&id).await.jobs.into_iter().find(|job| job.kind == JobKind::Bulk).unwrap();
    assert_eq!(app.ended(&job.id).await.message, "10,500 of 10,500 records brought back");
    assert_eq!(app.get(&format!("/download/{id}/records.jsonl")).await.1, exported);
    let hygiene = app.hygiene(&id).await;
    assert_eq!((hygiene.valid, hygiene.duplicates_removed), (RECORDS, 1));
    assert!(app.overview(&id).await.last_deletion.is_none());
    app.refused("records/restore", restore, 409).await;
}

#[tokio::test]
async fn nothing_else_changes_the_records_meanwhile_and_what_is_cancelled_keeps_what_was_done() {
    let (app, busy) = TestApp::busy().await;
    let id = app.imported_beside(&busy, chats(700, &["a"])).await;
    topics(&app, &id).await;
    let busy = busy.again(&app).await;
    let job: JobStatus = app.ask("records/bulk", bulk(&id, json!({}), json!({ "action": "delete" }))).await;
    let record = app.rows(&id).await[0].id;
    let arguments = json!({ "dataset_id": id, "record_ids": [record] });
    let message = app.refused("records/delete", arguments, 409).await;
    assert!(message.contains("Very many records are being changed"), "{message}");
    let deletion = app.overview(&id).await.last_deletion.unwrap();
    assert_eq!(deletion.records, 0);
    let restore = json!({ "dataset_id": id, "deletion_id": deletion.id });
    app.refused("records/restore", restore.clone(), 409).await;
    app.refused("records/bulk", bulk(&id, json!({}), json!({ "action": "delete" })), 409).await;
    let edit = json!({ "edit": "delete", "name": "a" });
    app.refused("topics/edit", json!({ "dataset_id": id, "edit": edit, "confirm": true }), 409).await;
    let (status, _) = app.upload("b.jsonl", chats(1, &[]).into(), &[("dataset_id", id.as_str())]).await;
    assert_eq!(status, 409);

    let _: JobStatus = app.ask("jobs/cancel", json!({ "job_id": job.id })).await;
    busy.free(&app).await;
    assert_eq!(app.ended(&job.id).await.state, JobState::Cancelled);
    assert_eq!(app.hygiene(&id).await.total, 700);
    app.assert_alive().await;
}

#[tokio::test]
async fn everything_that_matches_is_exported() {
    let app = TestApp::start().await;
    let id = app.imported("mine.jsonl", chats(230, &["a", "b"])).await;
    let send = async |filter: String| {
        let request = app.client.post(app.url(&format!("/download/{id}/selected.jsonl")));
        let form = request.header("content-type", "application/x-www-form-urlencoded").body(format!("filter={filter}"));
        let response = form.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let matching = filter(json!({ "topic": "b" })).to_string().replace('"', "%22");
    let (status, text) = send(matching).await;
    assert_eq!((status, text.lines().count()), (200, 115));
    assert!(text.lines().all(|line| line.contains(r#""topic":"b""#)));
    assert_eq!(send("nonsense".to_owned()).await.0, 422);
}

#[tokio::test]
async fn records_are_counted_topic_by_topic() {
    let app = TestApp::start().await;
    let id = app.imported("mine.jsonl", chats(7, &["b", "a", "b"]) + &chats(2, &[]).replace("order", "parcel")).await;
    let groups = async |matching: Value| -> Vec<(Option<String>, i64)> {
        let arguments = json!({ "dataset_id": id, "filter": filter(matching) });
        let groups: Vec<anneal_server::types::dataset::TopicGroup> = app.ask("records/groups", arguments).await;
        groups.into_iter().map(|group| (group.topic, group.records)).collect()
    };
    let topic = |name: &str| Some(name.to_owned());
    // The filter's own topic is left out of it: it is the group that is open.
    for matching in [json!({}), json!({ "topic": "a" }), json!({ "status": "valid" })] {
        assert_eq!(groups(matching).await, [(topic("b"), 5), (topic("a"), 2), (None, 2)]);
    }
    assert_eq!(groups(json!({ "text": "parcel" })).await, [(None, 2)]);
    assert_eq!(groups(json!({ "status": "invalid" })).await, []);
    app.refused("records/groups", json!({ "dataset_id": "x", "filter": filter(json!({})) }), 404).await;
}
