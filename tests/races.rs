//! Two at the same thing: a job that comes back after its end, two editors, a person beside a job.

use anneal_server::db;
use anneal_server::types::job::{JobState, JobStatus};
use anneal_server::types::topics::{CategorizationMethod, TopicHierarchy};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::records::{chat, chats};

#[tokio::test]
async fn an_import_that_had_settled_is_not_read_again() {
    let (app, busy) = TestApp::busy().await;
    let (status, body) = app.upload("a.jsonl", chats(3, &[]).into(), &[]).await;
    assert_eq!(status, 201, "{body}");
    let (id, job) = (body["dataset_id"].as_str().unwrap().to_owned(), body["job_id"].as_str().unwrap().to_owned());
    // The process ended after the import's last transaction and the deletion of its file, before the job's end.
    let import = app.overview(&id).await.imports.remove(0).id;
    let mut tx = app.state.db.begin().await.unwrap();
    db::imports::set_settled(&mut tx, &import, db::imports::Settled::Whole).await.unwrap();
    tx.commit().await.unwrap();
    for file in std::fs::read_dir(app.dir.path().join("data/uploads")).unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
    busy.free(&app).await;
    let ended = app.ended(&job).await;
    assert_eq!((ended.state, ended.error), (JobState::Succeeded, None));
    assert_eq!(app.hygiene(&id).await.total, 0, "nothing was read a second time");
}

#[tokio::test]
async fn changes_of_the_same_topics_at_once_come_one_after_the_other() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(2, &[])).await;
    let add = |n: usize| {
        let edit = json!({ "edit": "add", "parent": null, "node": { "name": format!("topic {n}") } });
        app.call("topics/edit", json!({ "dataset_id": id, "edit": edit, "confirm": false }))
    };
    let answers = futures_util::future::join_all((0..12).map(add)).await;
    let saved: Vec<String> =
        app.overview(&id).await.hierarchy.unwrap().nodes.into_iter().map(|node| node.name).collect();
    for (n, (status, body)) in answers.into_iter().enumerate() {
        assert_eq!(status.as_u16(), 200, "{body}");
        assert!(saved.contains(&format!("topic {n}")), "{n} was saved: {saved:?}");
    }
    assert_eq!(saved.len(), 12, "{saved:?}");
}

#[tokio::test]
async fn a_categorization_beside_a_change_of_the_topics_labels_by_those_that_hold() {
    let app = TestApp::start().await;
    let line = |n: usize| chat(&format!("Where is my parcel number {n}?"), "Here.", json!({})) + "\n";
    let id = app.imported("a.jsonl", (0..3_000).map(line).collect::<String>()).await;
    let import = async |nodes: Value| -> TopicHierarchy {
        let hierarchy = json!({ "nodes": nodes }).to_string();
        app.ask("topics/import", json!({ "dataset_id": id, "json": hierarchy, "confirm": true })).await
    };
    import(json!([{ "name": "delivery", "keywords": ["parcel"] }])).await;
    let arguments = json!({ "dataset_id": id, "mode": "unlabelled_only", "include_manual": false });
    let job: JobStatus = app.ask("topics/categorize", arguments).await;
    app.job_until(&id, &job.id, |job| job.done >= 100).await;
    import(json!([{ "name": "shipping", "keywords": ["parcel"] }])).await;
    let ended = app.ended(&job.id).await;
    assert_eq!(ended.state, JobState::Succeeded, "{ended:?}");
    let topics: Vec<String> = app.overview(&id).await.topic_counts.into_iter().map(|count| count.topic).collect();
    assert_eq!(topics, ["shipping"]);
}

#[tokio::test]
async fn labels_by_hand_win_over_a_categorization_that_runs() {
    let app = TestApp::start().await;
    // 3,000 records that the keyword "parcel" labels as delivery.
    let line = |n: usize| chat(&format!("Where is my parcel number {n}?"), "Here.", json!({})) + "\n";
    let id = app.imported("a.jsonl", (0..3_000).map(line).collect::<String>()).await;
    let hierarchy =
        json!({ "nodes": [{ "name": "delivery", "keywords": ["parcel"] }, { "name": "other" }] }).to_string();
    let _: Value = app.ask("topics/import", json!({ "dataset_id": id, "json": hierarchy, "confirm": false })).await;
    let arguments = json!({ "dataset_id": id, "mode": "unlabelled_only", "include_manual": false });
    let job: JobStatus = app.ask("topics/categorize", arguments).await;
    app.job_until(&id, &job.id, |job| job.done >= 100).await;

    // One that the job has labelled, and as many as a call takes that it has yet to come to.
    let filter = json!({ "status": null, "error": null, "topic": null, "needs_review": false, "text": null });
    let arguments = json!({ "dataset_id": id, "filter": filter, "page": 15, "page_size": 200 });
    let last: anneal_server::types::dataset::RecordPage = app.ask("records/list", arguments).await;
    let mut by_hand: Vec<i64> = last.rows.into_iter().map(|row| row.id).collect();
    by_hand.push(app.rows(&id).await[0].id);
    let arguments = json!({ "dataset_id": id, "record_ids": by_hand, "topic": "other" });
    let _: i64 = app.ask("records/assign-topic", arguments).await;
    assert_eq!(app.ended(&job.id).await.state, JobState::Succeeded);
    for record in by_hand {
        let label = app.record(&id, record).await.categorization.unwrap();
        assert_eq!((label.topic.as_str(), label.method), ("other", CategorizationMethod::Manual), "record {record}");
    }
    let counts: Vec<(String, i64)> =
        app.overview(&id).await.topic_counts.into_iter().map(|count| (count.topic, count.valid)).collect();
    assert_eq!(counts, [("delivery".to_owned(), 2_799), ("other".to_owned(), 201)]);
}
