//! What touches every record: a changed rule, a deleted dataset.

use std::time::Duration;

use anneal_server::config::Config;
use anneal_server::db::{self, Of};
use anneal_server::types::dataset::DatasetSummary;
use anneal_server::types::job::{JobKind, JobState, JobStatus};
use anneal_server::types::validation::ValidationConfig;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::records::chats;

async fn change_rules(app: &TestApp, id: &str, config: &ValidationConfig) -> JobStatus {
    let _: Value = app.ask("datasets/validation", json!({ "dataset_id": id, "config": config })).await;
    let jobs = app.overview(id).await.jobs;
    jobs.into_iter().find(|job| job.kind == JobKind::Validate).unwrap()
}

/// Valid, rejected, duplicates, not validated.
async fn counts(app: &TestApp, id: &str) -> (i64, i64, i64, i64) {
    let report = app.hygiene(id).await;
    (report.valid, report.rejected, report.duplicates_removed, report.pending)
}

#[tokio::test]
async fn a_validation_that_waits_refuses_edits_and_one_that_is_cancelled_leaves_nothing_decided() {
    let (app, busy) = TestApp::busy().await;
    let id = app.imported_beside(&busy, chats(5, &[]) + &chats(1, &[])).await;
    assert_eq!(counts(&app, &id).await, (5, 0, 1, 0));
    let record = app.rows(&id).await[0].id;
    let strict = ValidationConfig { max_tokens: 3, ..ValidationConfig::default() };
    let busy = busy.again(&app).await;
    let job = change_rules(&app, &id, &strict).await;
    assert_eq!(job.state, JobState::Queued);
    assert_eq!(app.overview(&id).await.dataset.validation_config, strict);

    let edit = json!({ "dataset_id": id, "record_id": record, "edit": { "data": "{}", "opened_at": 0 } });
    let message = app.refused("records/update", edit.clone(), 409).await;
    assert!(message.contains("being validated by changed rules"), "{message}");
    let again = json!({ "dataset_id": id, "config": ValidationConfig::default() });
    app.refused("datasets/validation", again.clone(), 409).await;
    let (status, body) = app.upload("b.jsonl", chats(1, &[]).into(), &[("dataset_id", &id)]).await;
    assert_eq!(status, 409, "{body}");

    // It runs even so, as far as to take the verdicts off: they are by rules that no longer hold.
    let cancelled: JobStatus = app.ask("jobs/cancel", json!({ "job_id": job.id })).await;
    assert_eq!((cancelled.state, cancelled.cancel_requested), (JobState::Queued, true));
    app.refused("records/update", edit, 409).await;
    busy.free(&app).await;
    assert_eq!(app.ended(&job.id).await.state, JobState::Cancelled);
    assert_eq!(counts(&app, &id).await, (0, 0, 0, 6));
    let (_, html) = app.get(&format!("/finetune/{id}")).await;
    assert!(html.contains("6 records not validated") && !html.contains("Validating 6"), "{html}");

    // The same rules again: now there is something to do.
    let job = change_rules(&app, &id, &strict).await;
    assert_eq!(app.ended(&job.id).await.state, JobState::Succeeded);
    assert_eq!(counts(&app, &id).await, (0, 6, 0, 0));
}

#[tokio::test]
async fn changed_rules_and_imports_that_come_at_once_do_not_run_beside_each_other() {
    let (app, busy) = TestApp::busy().await;
    let id = busy.dataset.clone();
    let before = app.overview(&id).await.dataset.validation_config;
    let config = ValidationConfig { max_tokens: 100, ..ValidationConfig::default() };
    let arguments = json!({ "dataset_id": id, "config": config });
    let fields = [("dataset_id", id.as_str())];
    let (rules, upload) =
        tokio::join!(app.call("datasets/validation", arguments), app.upload("b.jsonl", chats(1, &[]).into(), &fields));
    let accepted = (rules.0.as_u16(), upload.0.as_u16());
    assert!(matches!(accepted, (200, 409) | (409, 201)), "{accepted:?}: {} {}", rules.1, upload.1);
    let stored = if accepted.0 == 200 { config } else { before };
    let after = app.overview(&id).await.dataset.validation_config;
    assert_eq!(after, stored, "a change that is refused stores nothing");
    busy.free(&app).await;
}

#[tokio::test]
async fn a_validation_that_was_cut_off_goes_on_with_what_has_no_verdict() {
    let (app, busy) = TestApp::busy().await;
    let id = app.imported_beside(&busy, chats(6, &[])).await;
    let busy = busy.again(&app).await;
    // As a process leaves it that ended after the first four: no verdict of theirs is computed again.
    let mut tx = app.state.db.begin().await.unwrap();
    let strict = ValidationConfig { max_tokens: 3, ..ValidationConfig::default() };
    db::datasets::set_validation_config(&mut tx, &id, &strict).await.unwrap();
    db::records::bulk::set_pending(&mut tx, &id, 2).await.unwrap();
    db::jobs::insert(&mut tx, "cut-off", JobKind::Validate, &id, r#"{"marked":true}"#).await.unwrap();
    tx.commit().await.unwrap();
    busy.free(&app).await;
    assert_eq!(app.ended("cut-off").await.state, JobState::Succeeded);
    assert_eq!(counts(&app, &id).await, (4, 2, 0, 0));
}

#[tokio::test]
async fn many_records_are_validated_and_deleted_in_batches() {
    // Nobody can bring them back: their rows go at once.
    let app = TestApp::start_with(|config| Config { deleted_kept: Duration::ZERO, ..config }).await;
    let id = app.imported("a.jsonl", chats(4_500, &[])).await;
    let other = app.imported("b.jsonl", chats(2, &[])).await;
    let before = app.overview(&id).await.dataset.records_revision;
    let strict = ValidationConfig { min_user_message_length: 1_000, ..ValidationConfig::default() };
    let job = change_rules(&app, &id, &strict).await;
    assert_eq!(app.ended(&job.id).await.state, JobState::Succeeded);
    assert_eq!(counts(&app, &id).await, (0, 4_500, 0, 0));
    assert!(app.overview(&id).await.dataset.records_revision > before);

    app.set_grader(&other, "function grade(input) { return 0.5; }").await;
    app.dry_run(&other, 2).await;
    for (dataset, name) in [(&id, "a"), (&other, "b")] {
        let _: () = app.ask("datasets/delete", json!({ "dataset_id": dataset, "confirm_name": name })).await;
        // Gone for everybody at once, whatever is still being deleted.
        app.refused("datasets/overview", json!({ "dataset_id": dataset }), 404).await;
    }
    let list: Vec<DatasetSummary> = app.ask("datasets/list", json!({})).await;
    assert!(list.is_empty());
    app.state.background.close();
    app.state.background.wait().await;
    assert_eq!(db::datasets::hidden(&app.state.db, 0).await.unwrap(), Vec::<String>::new());
    assert!(db::records::tallies::status_counts(&app.state.db, Of::All).await.unwrap().is_empty());
    assert!(db::dry_runs::list(&app.state.db, &other).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_deletion_that_was_cut_off_is_finished_at_the_next_start() {
    let (app, busy) = TestApp::busy().await;
    let hierarchy = json!({ "nodes": [{ "name": "a" }] }).to_string();
    let arguments = json!({ "dataset_id": busy.dataset, "json": hierarchy, "confirm": false });
    let _: Value = app.ask("topics/import", arguments).await;
    // As a process leaves it that ends right after hiding.
    let mut tx = app.state.db.begin().await.unwrap();
    db::datasets::hide(&mut tx, &busy.dataset).await.unwrap();
    db::jobs::abandon(&mut tx, &busy.dataset).await.unwrap();
    tx.commit().await.unwrap();
    app.refused("datasets/overview", json!({ "dataset_id": busy.dataset }), 404).await;
    assert_eq!(app.get(&format!("/download/{}/records.jsonl", busy.dataset)).await.0, 404);
    anneal_server::datasets::purge_deleted(&app.state).await.unwrap();
    assert!(db::datasets::hidden(&app.state.db, 0).await.unwrap().is_empty());
    assert!(db::records::tallies::status_counts(&app.state.db, Of::All).await.unwrap().is_empty());
    app.refused("dry-run/get", json!({ "run_id": busy.run }), 404).await;
    app.assert_alive().await;
}

/// More records than one transaction carries along.
#[tokio::test]
async fn very_many_records_follow_their_topic_and_count_for_it_meanwhile() {
    const RECORDS: i64 = 10_500;
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(usize::try_from(RECORDS).unwrap(), &["delivery"])).await;
    let topics =
        json!({ "dataset_id": id, "json": r#"{"nodes": [{"name": "delivery"}, {"name": "login"}]}"#, "confirm": true });
    let _: Value = app.ask("topics/import", topics).await;
    let labelled = |name: &'static str| {
        let app = &app;
        let id = &id;
        async move {
            let counts = app.overview(id).await.topic_counts;
            counts.into_iter().find(|count| count.topic == name).map_or(0, |count| count.valid)
        }
    };
    let carried = || async {
        while !db::topics::changes(&app.state.db, &id).await.unwrap().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    let rename =
        json!({ "edit": "update", "name": "delivery", "new_name": "shipping", "description": "", "keywords": [] });
    let _: Value = app.ask("topics/edit", json!({ "dataset_id": id, "edit": rename, "confirm": false })).await;
    // Whether or not the walk is through by now.
    assert_eq!((labelled("shipping").await, labelled("delivery").await), (RECORDS, 0));
    carried().await;
    assert_eq!((labelled("shipping").await, labelled("delivery").await), (RECORDS, 0));
    assert!(app.rows(&id).await.iter().all(|row| row.topic.as_deref() == Some("shipping")));

    let delete = json!({ "edit": "delete", "name": "shipping" });
    let delete = json!({ "dataset_id": id, "edit": delete, "confirm": true });
    let _: Value = app.ask("topics/edit", delete).await;
    assert_eq!(app.overview(&id).await.coverage.unwrap().uncategorized_count, RECORDS);
    carried().await;
    assert_eq!(app.overview(&id).await.coverage.unwrap().uncategorized_count, RECORDS);
    assert!(app.rows(&id).await.iter().all(|row| row.topic.is_none()));
}

/// What a stop cut off: the change is stored, the records still carry the old label.
#[tokio::test]
async fn labels_that_a_stop_left_behind_are_carried_along_at_the_next_start() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(3, &["delivery"])).await;
    let topics = json!({ "dataset_id": id, "json": r#"{"nodes": [{"name": "shipping"}]}"#, "confirm": true });
    let _: Value = app.ask("topics/import", topics).await;
    let change = db::topics::TopicChange { from: "delivery".to_owned(), to: Some("shipping".to_owned()) };
    let mut tx = app.state.db.begin().await.unwrap();
    db::topics::insert_change(&mut tx, &id, &change).await.unwrap();
    tx.commit().await.unwrap();
    let coverage = app.overview(&id).await.coverage.unwrap();
    assert_eq!((coverage.distribution[0].count, coverage.uncategorized_count), (3, 0));
    // Until then no machine takes the label for none.
    let arguments = json!({ "dataset_id": id, "mode": "unlabelled_only", "include_manual": false });
    let job: JobStatus = app.ask("topics/categorize", arguments).await;
    assert_eq!(app.ended(&job.id).await.message, "0 of 0 records labelled");
    let revision = app.overview(&id).await.dataset.records_revision;

    anneal_server::topics::finish_all(&app.state).await.unwrap();
    assert!(app.rows(&id).await.iter().all(|row| row.topic.as_deref() == Some("shipping")));
    assert!(db::topics::changes(&app.state.db, &id).await.unwrap().is_empty());
    assert!(app.overview(&id).await.dataset.records_revision > revision);

    // Another change in between is refused, and takes the walk up again.
    let back = db::topics::TopicChange { from: "shipping".to_owned(), to: Some("delivery".to_owned()) };
    let mut tx = app.state.db.begin().await.unwrap();
    db::topics::insert_change(&mut tx, &id, &back).await.unwrap();
    tx.commit().await.unwrap();
    let delete = json!({ "dataset_id": id, "edit": { "edit": "delete", "name": "shipping" }, "confirm": true });
    let message = app.refused("topics/edit", delete.clone(), 409).await;
    assert!(message.contains("still being carried along"), "{message}");
    while !db::topics::changes(&app.state.db, &id).await.unwrap().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let _: Value = app.ask("topics/edit", delete).await;
}
