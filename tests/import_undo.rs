//! Imports as units: undone, brought back, and what else happens meanwhile.

use anneal_server::types::dataset::RecordDeletion;
use anneal_server::types::import::ImportUndo;
use anneal_server::types::job::JobState;
use anneal_server::types::validation::RecordStatus;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::records::{chat, chats};

/// Waits until no job of the dataset is at work.
async fn idle(app: &TestApp, id: &str) {
    for _ in 0..3000 {
        if app.overview(id).await.jobs.iter().all(|job| !job.state.is_active()) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("a job never ended: {:?}", app.overview(id).await.jobs);
}

/// Undo and bring back, each to its end.
async fn turn(app: &TestApp, id: &str, endpoint: &str, import: &str) -> JobState {
    let job: String = app.ask(endpoint, json!({ "dataset_id": id, "import_id": import })).await;
    app.job_until(id, &job, |job| !job.state.is_active()).await.state
}

async fn imports_of(app: &TestApp, id: &str) -> Vec<(String, ImportUndo, i64)> {
    let imports = app.overview(id).await.imports;
    imports.into_iter().map(|import| (import.id, import.undo, import.valid)).collect()
}

async fn previews(app: &TestApp, id: &str) -> Vec<(String, RecordStatus)> {
    app.rows(id).await.into_iter().map(|row| (row.preview, row.validation.status)).collect()
}

#[tokio::test]
async fn an_import_is_undone_and_brought_back_whole() {
    let app = TestApp::start().await;
    let line = |n: usize| chat(&format!("Where is my order number {n}?"), "On its way.", json!({}));
    let first = [line(1), line(2), line(3)].join("\n");
    let id = app.imported("first.jsonl", first).await;
    // 2 is a duplicate of the first file's.
    let (status, _) = app.upload("second.jsonl", [line(2), line(4)].join("\n").into(), &[("dataset_id", &id)]).await;
    assert!(status.is_success());
    idle(&app, &id).await;
    let before = previews(&app, &id).await;
    let imports = imports_of(&app, &id).await;
    let [(second, ImportUndo::CanUndo, 1), (first, ImportUndo::CanUndo, 3)] = imports.as_slice() else {
        panic!("{imports:?}")
    };

    // What was a duplicate of the first import's record becomes valid, and a duplicate again.
    assert_eq!(turn(&app, &id, "imports/undo", first).await, JobState::Succeeded);
    let rest = previews(&app, &id).await;
    assert_eq!(rest.iter().map(|(_, status)| *status).collect::<Vec<_>>(), [RecordStatus::Valid; 2]);
    assert_eq!(imports_of(&app, &id).await[1].1, ImportUndo::CanBringBack);
    assert!(app.overview(&id).await.last_deletion.is_none(), "the undo of an import is no deletion of records");
    app.refused("imports/undo", json!({ "dataset_id": id, "import_id": first }), 409).await;
    assert_eq!(turn(&app, &id, "imports/redo", first).await, JobState::Succeeded);
    assert_eq!(previews(&app, &id).await, before);
    app.refused("imports/redo", json!({ "dataset_id": id, "import_id": first }), 409).await;

    // An edit goes with its import and comes back with it.
    let record = app.rows(&id).await.last().unwrap().id;
    let edited = json!({ "input": { "messages": [{ "role": "user", "content": "An edit of the last record." }] } });
    app.edit(&id, record, &edited).await;
    assert_eq!(turn(&app, &id, "imports/undo", second).await, JobState::Succeeded);
    assert_eq!(app.rows(&id).await.len(), 3);
    assert_eq!(turn(&app, &id, "imports/redo", second).await, JobState::Succeeded);
    assert_eq!(app.record(&id, record).await.data, edited);

    // What was deleted before the undo and comes back after it is not stuck.
    let gone: RecordDeletion = app.ask("records/delete", json!({ "dataset_id": id, "record_ids": [record] })).await;
    assert_eq!(turn(&app, &id, "imports/undo", second).await, JobState::Succeeded);
    app.ask::<i64>("records/restore", json!({ "dataset_id": id, "deletion_id": gone.id })).await;
    assert_eq!(turn(&app, &id, "imports/undo", second).await, JobState::Succeeded);
    assert_eq!(app.rows(&id).await.len(), 3);
    assert_eq!(turn(&app, &id, "imports/redo", second).await, JobState::Succeeded);
    assert_eq!(app.rows(&id).await.len(), 5);

    let other = app.imported("other.jsonl", chats(1, &[])).await;
    app.refused("imports/undo", json!({ "dataset_id": other, "import_id": first }), 404).await;
    app.refused("imports/undo", json!({ "dataset_id": id, "import_id": "nope" }), 404).await;
}

#[tokio::test]
async fn a_replacing_import_gives_back_what_it_replaced_until_the_next_import() {
    let app = TestApp::start().await;
    let id = app.imported("old.jsonl", chats(2_500, &["a"])).await;
    let before = previews(&app, &id).await;
    let replace = [("dataset_id", id.as_str()), ("mode", "replace")];
    let new = chat("A question of the new file", "Yes.", json!({}));
    assert!(app.upload("new.jsonl", new.clone().into(), &replace).await.0.is_success());
    idle(&app, &id).await;
    let replacing = imports_of(&app, &id).await[0].0.clone();
    assert_eq!(app.rows(&id).await.len(), 1);
    assert_eq!(turn(&app, &id, "imports/undo", &replacing).await, JobState::Succeeded);
    assert_eq!(app.overview(&id).await.hygiene.valid, 2_500);
    assert_eq!(previews(&app, &id).await, before);
    assert_eq!(turn(&app, &id, "imports/redo", &replacing).await, JobState::Succeeded);
    assert_eq!(previews(&app, &id).await[0].0, "A question of the new file");
    // And once more, after an edit and by other rules: what comes back is validated by those.
    let record = app.rows(&id).await[0].id;
    app.edit(&id, record, &json!({ "input": { "messages": [{ "role": "user", "content": "An edited question." }] } }))
        .await;
    let rules = json!({ "min_user_message_length": 60, "max_tokens": 8000, "allowed_roles": ["user", "assistant"], "tokenizer": "o200k_base" });
    app.ask::<Value>("datasets/validation", json!({ "dataset_id": id, "config": rules })).await;
    idle(&app, &id).await;
    assert_eq!(turn(&app, &id, "imports/undo", &replacing).await, JobState::Succeeded);
    idle(&app, &id).await;
    assert_eq!(app.overview(&id).await.hygiene.rejected, 2_500);

    // What was replaced is not there to be undone by itself.
    assert!(app.upload("new.jsonl", new.clone().into(), &replace).await.0.is_success());
    idle(&app, &id).await;
    let replaced = imports_of(&app, &id).await.pop().unwrap();
    assert_eq!(replaced.1, ImportUndo::Gone);
    let message = app.refused("imports/undo", json!({ "dataset_id": id, "import_id": replaced.0 }), 409).await;
    assert!(message.contains("replaced or deleted"), "{message}");

    // The next import ends the time to undo.
    assert!(app.upload("new.jsonl", new.clone().into(), &replace).await.0.is_success());
    idle(&app, &id).await;
    let replacing = imports_of(&app, &id).await[0].0.clone();
    assert!(app.upload("more.jsonl", chats(1, &[]).into(), &[("dataset_id", &id)]).await.0.is_success());
    idle(&app, &id).await;
    let imports = imports_of(&app, &id).await;
    assert_eq!((imports[0].1, imports[1].1), (ImportUndo::CanUndo, ImportUndo::TooLate));
    let message = app.refused("imports/undo", json!({ "dataset_id": id, "import_id": replacing }), 409).await;
    assert!(message.contains("kept until the next import"), "{message}");
}
