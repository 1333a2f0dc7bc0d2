//! Validation: what an edit or a change of the rules does to the state of the records.

use anneal_server::types::dataset::{DatasetRecord, RecordPage};
use anneal_server::types::job::{JobKind, JobState};
use anneal_server::types::validation::RecordStatus::{Duplicate, Invalid, Valid};
use anneal_server::types::validation::{RecordStatus, ValidationConfig, ValidationError};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::records::chat;

const QUESTION: &str = "Where is my parcel today?";

fn prompt(text: &str) -> Value {
    json!({ "input": { "messages": [{ "role": "user", "content": text }] }, "output": {} })
}

/// Valid, its duplicate, too short, and no JSON at all.
async fn four_records(app: &TestApp) -> (String, Vec<i64>) {
    let lines = [
        chat(QUESTION, "Here.", json!({})),
        chat(QUESTION, "There.", json!({})),
        chat("Hm?", "Yes?", json!({})),
        "{oops".to_owned(),
    ];
    let id = app.imported("a.jsonl", lines.join("\n")).await;
    let records = app.rows(&id).await.into_iter().map(|row| row.id).collect();
    assert_states(app, &id, [Valid, Duplicate, Invalid, Invalid]).await;
    (id, records)
}

/// Asserts each record's state and that the report counts just that.
async fn assert_states<const N: usize>(app: &TestApp, dataset_id: &str, expected: [RecordStatus; N]) {
    let got: Vec<RecordStatus> = app.rows(dataset_id).await.into_iter().map(|row| row.validation.status).collect();
    assert_eq!(got, expected);
    let count = |status| i64::try_from(expected.iter().filter(|other| **other == status).count()).unwrap();
    let report = app.hygiene(dataset_id).await;
    let counts = (report.total, report.valid, report.rejected, report.duplicates_removed, report.pending);
    assert_eq!(counts, (i64::try_from(N).unwrap(), count(Valid), count(Invalid), count(Duplicate), 0));
}

/// Changes the rules and waits until every record was validated by them.
async fn revalidate(app: &TestApp, dataset_id: &str, config: &ValidationConfig) {
    let _: Value = app.ask("datasets/validation", json!({ "dataset_id": dataset_id, "config": config })).await;
    let jobs = app.overview(dataset_id).await.jobs;
    let job = jobs.into_iter().find(|job| job.kind == JobKind::Validate).unwrap();
    assert_eq!(app.ended(&job.id).await.state, JobState::Succeeded);
}

#[tokio::test]
async fn edits_change_the_health_at_once() {
    let app = TestApp::start().await;
    let (id, records) = four_records(&app).await;

    let edited = app.edit(&id, records[2], &prompt("How long does it take?")).await;
    assert_eq!((edited.validation.status, edited.validation.errors), (Valid, vec![]));
    assert_states(&app, &id, [Valid, Duplicate, Valid, Invalid]).await;

    // The kept one of a pair changes: the other is free.
    app.edit(&id, records[0], &prompt("Where is my other parcel?")).await;
    assert_states(&app, &id, [Valid, Valid, Valid, Invalid]).await;
    assert_eq!(app.rows(&id).await[1].validation.duplicate_of, None);

    // It becomes the same as a later one, which gives way to it.
    app.edit(&id, records[0], &prompt("How long does it take?")).await;
    assert_states(&app, &id, [Valid, Valid, Duplicate, Invalid]).await;
    assert_eq!(app.rows(&id).await[2].validation.duplicate_of, Some(records[0]));

    // The kept one turns invalid: an invalid record keeps nobody out.
    app.edit(&id, records[0], &json!({ "input": { "messages": [{ "role": "bot", "content": "hello" }] } })).await;
    assert_states(&app, &id, [Invalid, Valid, Valid, Invalid]).await;
    assert_eq!(
        app.rows(&id).await[0].validation.errors,
        [ValidationError::InvalidRole, ValidationError::NoUserMessage]
    );
}

#[tokio::test]
async fn a_line_that_was_no_json_can_be_mended_and_stays_so() {
    let app = TestApp::start().await;
    let (id, records) = four_records(&app).await;
    let before = app.record(&id, records[3]).await;
    app.edit(&id, records[3], &prompt("Once it was no JSON at all.")).await;
    assert_states(&app, &id, [Valid, Duplicate, Invalid, Valid]).await;
    assert_eq!(before.raw.as_deref(), Some("{oops"));
    let config = ValidationConfig { max_tokens: 7000, ..ValidationConfig::default() };
    revalidate(&app, &id, &config).await;
    assert_states(&app, &id, [Valid, Duplicate, Invalid, Valid]).await;
}

#[tokio::test]
async fn broken_json_is_refused_with_its_place() {
    let app = TestApp::start().await;
    let (id, records) = four_records(&app).await;
    let opened_at = app.record(&id, records[0]).await.updated_at;
    let edit = json!({ "data": "{\n  \"input\": [1,\n}", "opened_at": opened_at });
    let arguments = json!({ "dataset_id": id, "record_id": records[0], "edit": edit });
    let (status, body) = app.call("records/update", arguments).await;
    assert_eq!((status.as_u16(), body["field"].as_str()), (422, Some("data")), "{body}");
    assert!(body["message"].as_str().unwrap().contains("line 3 column 1"), "{body}");
    assert_states(&app, &id, [Valid, Duplicate, Invalid, Invalid]).await;
}

#[tokio::test]
async fn an_edit_never_overwrites_another_one_unseen() {
    let app = TestApp::start().await;
    let (id, records) = four_records(&app).await;
    let opened_at = app.record(&id, records[0]).await.updated_at;
    let update = |text: &str, opened_at: i64| {
        let edit = json!({ "data": prompt(text).to_string(), "opened_at": opened_at });
        json!({ "dataset_id": id, "record_id": records[0], "edit": edit })
    };
    let first: DatasetRecord = app.ask("records/update", update("The first edit of it.", opened_at)).await;
    assert!(first.updated_at > opened_at);
    let message = app.refused("records/update", update("The second edit of it.", opened_at), 409).await;
    assert!(message.contains("changed elsewhere") && message.contains("nothing was saved"), "{message}");
    assert_eq!(app.record(&id, records[0]).await.data, prompt("The first edit of it."));
    // Seen, it may be overwritten.
    let second: DatasetRecord = app.ask("records/update", update("The second edit of it.", first.updated_at)).await;
    assert_eq!(second.data, prompt("The second edit of it."));
    assert!(second.updated_at > first.updated_at, "each edit has its own time, however fast they follow");
    // The same text again is no edit.
    let third: DatasetRecord = app.ask("records/update", update("The second edit of it.", second.updated_at)).await;
    assert_eq!(third.updated_at, second.updated_at);
}

#[tokio::test]
async fn breaking_a_usable_record_is_asked_first_and_can_be_undone() {
    let app = TestApp::start().await;
    let (id, records) = four_records(&app).await;
    let before = app.record(&id, records[0]).await;
    let broken = json!({ "input": { "messages": [{ "role": "user", "content": "Hm?" }] } });
    let update = |data: &Value, opened_at: i64, allow_invalid: bool| {
        let edit = json!({ "data": data.to_string(), "opened_at": opened_at, "allow_invalid": allow_invalid });
        json!({ "dataset_id": id, "record_id": records[0], "edit": edit })
    };
    let (status, body) = app.call("records/update", update(&broken, before.updated_at, false)).await;
    assert_eq!((status.as_u16(), body["field"].as_str()), (422, Some("allow_invalid")), "{body}");
    let message = body["message"].as_str().unwrap();
    assert!(message.contains("User message too short") && message.contains("fewer than 10"), "{message}");
    assert_states(&app, &id, [Valid, Duplicate, Invalid, Invalid]).await;

    let saved: DatasetRecord = app.ask("records/update", update(&broken, before.updated_at, true)).await;
    assert_states(&app, &id, [Invalid, Valid, Invalid, Invalid]).await;
    // An invalid record may stay invalid without being asked, and the former text restores the former state.
    let still = json!({ "input": { "messages": [{ "role": "user", "content": "Hm!" }] } });
    let still: DatasetRecord = app.ask("records/update", update(&still, saved.updated_at, false)).await;
    let undone: DatasetRecord = app.ask("records/update", update(&before.data, still.updated_at, true)).await;
    assert_eq!((undone.data, undone.validation), (before.data, before.validation));
    assert_states(&app, &id, [Valid, Duplicate, Invalid, Invalid]).await;
}

#[tokio::test]
async fn other_rules_validate_every_record_again() {
    let app = TestApp::start().await;
    let (id, records) = four_records(&app).await;
    let details = |record: anneal_server::types::dataset::DatasetRecord| record.validation.details.unwrap();
    let before = details(app.record(&id, records[3]).await);

    let lax = ValidationConfig { min_user_message_length: 1, ..ValidationConfig::default() };
    revalidate(&app, &id, &lax).await;
    assert_states(&app, &id, [Valid, Duplicate, Valid, Invalid]).await;
    let strict = ValidationConfig { max_tokens: 3, ..lax };
    revalidate(&app, &id, &strict).await;
    // "Hm?" has 2 tokens, the other question 6.
    assert_states(&app, &id, [Invalid, Invalid, Valid, Invalid]).await;
    let row = &app.rows(&id).await[0];
    assert_eq!(row.validation.errors, [ValidationError::ExceedsMaxTokens]);
    revalidate(&app, &id, &ValidationConfig::default()).await;
    assert_states(&app, &id, [Valid, Duplicate, Invalid, Invalid]).await;
    // The reason why a line could not be read does not change by being looked at again.
    assert_eq!(details(app.record(&id, records[3]).await), before);

    let without_user = ValidationConfig { allowed_roles: vec!["system".to_owned()], ..ValidationConfig::default() };
    for (field, config) in [
        ("allowed_roles", without_user),
        ("max_tokens", ValidationConfig { max_tokens: 0, ..ValidationConfig::default() }),
    ] {
        let (status, body) = app.call("datasets/validation", json!({ "dataset_id": id, "config": config })).await;
        assert_eq!((status.as_u16(), body["field"].as_str()), (422, Some(field)), "{body}");
    }
}

#[tokio::test]
async fn records_are_filtered_by_what_is_wrong_with_them() {
    let app = TestApp::start().await;
    let (id, records) = four_records(&app).await;
    let cases = [
        (json!({ "status": "duplicate" }), vec![records[1]]),
        (json!({ "status": "invalid" }), vec![records[2], records[3]]),
        (json!({ "error": "user_message_too_short" }), vec![records[2]]),
        (json!({ "text": "PARCEL" }), vec![records[0], records[1]]),
        (json!({ "text": "%" }), vec![]),
        (json!({ "text": "{OOPS" }), vec![records[3]]),
        (json!({ "text": "\u{0}" }), vec![]),
        (json!({ "text": "parcel\u{0}" }), vec![records[0], records[1]]),
        (json!({ "text": "oops\u{0}" }), vec![records[3]]),
    ];
    for (wanted, expected) in cases {
        let mut filter = json!({ "status": null, "error": null, "topic": null, "needs_review": false, "text": null });
        filter.as_object_mut().unwrap().extend(wanted.as_object().unwrap().clone());
        let arguments = json!({ "dataset_id": id, "filter": filter, "page": 1, "page_size": 50 });
        let page: RecordPage = app.ask("records/list", arguments).await;
        let got: Vec<i64> = page.rows.iter().map(|row| row.id).collect();
        assert_eq!((got, page.total), (expected.clone(), i64::try_from(expected.len()).unwrap()), "{wanted}");
    }
}
