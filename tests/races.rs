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
async fn of_two_changes_of_the_same_topics_one_is_told_to_look_again() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(2, &[])).await;
    // Both were made on the same version; the second one would undo the first.
    let store = async |name: &str| {
        let nodes = serde_json::from_value(json!([{ "name": name }])).unwrap();
        let mut tx = app.state.db.begin().await.unwrap();
        let hierarchy = TopicHierarchy { version: 1, nodes };
        let stored = db::topics::insert(&mut tx, &id, 0, &hierarchy).await.unwrap();
        tx.commit().await.unwrap();
        stored
    };
    assert_eq!((store("first").await, store("second").await), (true, false));
    assert_eq!(app.overview(&id).await.hierarchy.unwrap().nodes[0].name, "first");

    // Through the door, all at once: what was said to be saved is there, whatever else was refused.
    let add = |n: usize| {
        let edit = json!({ "edit": "add", "parent": null, "node": { "name": format!("topic {n}") } });
        app.call("topics/edit", json!({ "dataset_id": id, "edit": edit, "confirm": false }))
    };
    let answers = futures_util::future::join_all((0..12).map(add)).await;
    let saved: Vec<String> =
        app.overview(&id).await.hierarchy.unwrap().nodes.into_iter().map(|node| node.name).collect();
    for (n, (status, body)) in answers.into_iter().enumerate() {
        match status.as_u16() {
            200 => assert!(saved.contains(&format!("topic {n}")), "{n} was saved: {saved:?}"),
            409 => assert!(body["message"].as_str().unwrap().contains("at the same moment"), "{body}"),
            other => panic!("{other}: {body}"),
        }
    }
    assert!(saved.len() >= 2, "{saved:?}");
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
