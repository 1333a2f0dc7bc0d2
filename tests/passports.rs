//! A record's passport: where it came from, what was decided about it, what people changed; former versions come back.

use anneal_server::types::dataset::DatasetRecord;
use anneal_server::types::import::ImportFormat;
use anneal_server::types::passport::{ChangeKind, FormerVersion, RecordPassport};
use anneal_server::types::topics::{CategorizationMethod, TopicHierarchy};
use anneal_server::types::validation::{RecordStatus, ValidationError};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::records::{chat, chats};

async fn passport(app: &TestApp, id: &str, record_id: i64) -> RecordPassport {
    app.ask("records/passport", json!({ "dataset_id": id, "record_id": record_id })).await
}

fn question(text: &str) -> Value {
    json!({ "input": { "messages": [{ "role": "user", "content": text }] }, "output": { "messages": [{ "role": "assistant", "content": "ok" }] } })
}

#[tokio::test]
async fn a_passport_says_what_was_decided_and_why() {
    let app = TestApp::start().await;
    let lines = chats(2, &["a", "b"])
        + &chats(1, &["a"])
        + "{broken\n"
        + &chat("Hi", "Hello.", json!({ "span_id": "s" }))
        + "\n";
    let id = app.imported("mine.jsonl", lines).await;
    let hierarchy = json!({ "nodes": [{ "name": "a" }, { "name": "b" }] }).to_string();
    let _: TopicHierarchy =
        app.ask("topics/import", json!({ "dataset_id": id, "json": hierarchy, "confirm": true })).await;
    let ids: Vec<i64> = app.rows(&id).await.iter().map(|row| row.id).collect();
    app.set_grader(&id, "function grade(input) { return { score: 0.25, reasoning: 'by rule' }; }").await;
    app.dry_run(&id, 2).await;
    app.set_grader(&id, "function grade(input) { throw new Error('no'); }").await;
    let run = app.start_dry_run(&id, 2).await;
    app.ended(&run.job_id).await;

    let first = passport(&app, &id, ids[0]).await;
    let source = first.source.unwrap();
    assert_eq!(
        (source.file_name.as_str(), source.line, source.format),
        ("mine.jsonl", Some(1), Some(ImportFormat::Chat))
    );
    assert!(!source.copied && source.imported_at <= first.created_at && first.created_at <= first.now);
    assert_eq!((first.status, first.findings.len()), (RecordStatus::Valid, 0));
    let topic = first.topic.unwrap();
    assert_eq!((topic.topic.as_str(), topic.method), ("a", CategorizationMethod::File));
    assert_eq!((first.duplicates_total, first.duplicates[0].id), (1, ids[2]));
    let scores: Vec<_> = first.scores.iter().map(|score| (score.grader_version, score.score)).collect();
    assert_eq!(scores, [(2, None), (1, Some(0.25))]);
    assert_eq!(first.scores[1].reasoning.as_deref(), Some("by rule"));
    assert!(first.scores[0].error.as_ref().unwrap().contains("no"));

    let copy = passport(&app, &id, ids[2]).await;
    assert_eq!(copy.duplicate_of.unwrap().id, ids[0]);
    assert_eq!(copy.findings[0].error, ValidationError::Duplicate);
    let broken = passport(&app, &id, ids[3]).await;
    assert_eq!(broken.source.unwrap().format, Some(ImportFormat::Unreadable));
    assert!(broken.findings[0].details.is_some() && broken.topic.is_none());
    let short = passport(&app, &id, ids[4]).await;
    assert_eq!(short.findings[0].error, ValidationError::UserMessageTooShort);
    assert!(short.findings[0].details.is_some(), "{:?}", short.findings);

    let other = app.imported("b.jsonl", chats(1, &[])).await;
    app.refused("records/passport", json!({ "dataset_id": other, "record_id": ids[0] }), 404).await;
    app.refused("records/passport", json!({ "dataset_id": "x", "record_id": ids[0] }), 404).await;
}

#[tokio::test]
async fn edits_and_labels_by_hand_are_kept_and_a_former_version_comes_back() {
    let app = TestApp::start().await;
    let id = app.imported("mine.jsonl", chats(1, &["a"]) + "{broken\n").await;
    let hierarchy = json!({ "nodes": [{ "name": "a" }, { "name": "b" }] }).to_string();
    let _: TopicHierarchy =
        app.ask("topics/import", json!({ "dataset_id": id, "json": hierarchy, "confirm": true })).await;
    let ids: Vec<i64> = app.rows(&id).await.iter().map(|row| row.id).collect();
    let assign = async |topic: Option<&str>| -> i64 {
        app.ask("records/assign-topic", json!({ "dataset_id": id, "record_ids": ids, "topic": topic })).await
    };
    assign(Some("b")).await;
    assign(Some("b")).await;
    assign(None).await;
    let changes = passport(&app, &id, ids[0]).await.changes;
    let topic = |before: &str, method| ChangeKind::Topic { before: Some(before.to_owned()), method: Some(method) };
    let what: Vec<_> = changes.into_iter().map(|change| change.what).collect();
    assert_eq!(
        what,
        [topic("b", CategorizationMethod::Manual), topic("a", CategorizationMethod::File)],
        "the second changed nothing"
    );

    let original = app.record(&id, ids[0]).await;
    let number =
        r#"{"input":{"messages":[{"role":"user","content":"Is 0.1 the same as this?"}]},"n":0.10000000000000000001}"#;
    let exact: Value = serde_json::from_str(number).unwrap();
    app.edit(&id, ids[0], &exact).await;
    app.edit(&id, ids[0], &question("no")).await;
    let changes = passport(&app, &id, ids[0]).await.changes;
    let ChangeKind::Edit(former) = &changes[0].what else { panic!("{changes:?}") };
    assert_eq!((former.status, former.unreadable), (RecordStatus::Valid, false));
    let version = |change: i64| json!({ "dataset_id": id, "record_id": ids[0], "change_id": change });
    let shown: FormerVersion = app.ask("records/version", version(changes[1].id)).await;
    assert!(shown.text.contains("order number 0") && shown.text.contains('\n'), "{}", shown.text);

    // Back to the first version; the one that was there is kept in its turn. An older state is never overwritten unseen.
    let now = app.record(&id, ids[0]).await;
    let mut restore = version(changes[1].id);
    restore["opened_at"] = json!(now.updated_at - 1);
    app.refused("records/restore-version", restore.clone(), 409).await;
    restore["opened_at"] = json!(now.updated_at);
    let back: DatasetRecord = app.ask("records/restore-version", restore).await;
    assert_eq!((back.data, back.validation.status), (original.data, RecordStatus::Valid));
    let changes = passport(&app, &id, ids[0]).await.changes;
    let ChangeKind::Restore(former) = &changes[0].what else { panic!("{changes:?}") };
    assert_eq!(former.first_error, Some(ValidationError::UserMessageTooShort));

    // A line that could not be read can be looked at, and no more.
    app.edit(&id, ids[1], &question("What was this line meant to be?")).await;
    let change = passport(&app, &id, ids[1]).await.changes[0].clone();
    assert!(matches!(change.what, ChangeKind::Edit(ref former) if former.unreadable), "{change:?}");
    let version = json!({ "dataset_id": id, "record_id": ids[1], "change_id": change.id });
    let shown: FormerVersion = app.ask("records/version", version.clone()).await;
    assert_eq!(shown.text, "{broken");
    let mut restore = version;
    restore["opened_at"] = json!(app.record(&id, ids[1]).await.updated_at);
    app.refused("records/restore-version", restore.clone(), 409).await;
    restore["record_id"] = json!(ids[0]);
    app.refused("records/restore-version", restore, 404).await;
}

#[tokio::test]
async fn only_the_newest_changes_are_kept() {
    let app = TestApp::start().await;
    let id = app.imported("mine.jsonl", chats(1, &[])).await;
    let record = app.rows(&id).await[0].id;
    for n in 0..53 {
        app.edit(&id, record, &question(&format!("What about version {n} of this?"))).await;
    }
    let changes = passport(&app, &id, record).await.changes;
    assert_eq!(changes.len(), 50);
    let oldest = json!({ "dataset_id": id, "record_id": record, "change_id": changes[49].id });
    let shown: FormerVersion = app.ask("records/version", oldest).await;
    assert!(shown.text.contains("version 2 of this"), "{}", shown.text);
    // A deleted record takes its history along, and brings it back.
    let deletion: Value = app.ask("records/delete", json!({ "dataset_id": id, "record_ids": [record] })).await;
    let _: i64 = app.ask("records/restore", json!({ "dataset_id": id, "deletion_id": deletion["id"] })).await;
    assert_eq!(passport(&app, &id, record).await.changes, changes);
}
