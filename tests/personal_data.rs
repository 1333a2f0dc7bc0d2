//! Personal data and keys: counted, filtered by, masked on the way out, and never changed in the store.

use anneal_server::types::dataset::{RecordFilter, RecordPage};
use anneal_server::types::pii::{PiiFilter, PiiKind};
use serde_json::{Value, json};

use crate::support::app::TestApp;

/// Five records: an address and a phone number, a card in a tool's arguments, an address in a bad line, the same address in
/// the metadata alone, and nothing.
fn lines() -> String {
    let chat = |user: &str, more: Value| {
        let mut line = json!({ "messages": [{ "role": "user", "content": user }] });
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line.to_string()
    };
    let call = json!([{ "id": "c1", "type": "function",
        "function": { "name": "pay", "arguments": "{\"card\": \"4111 1111 1111 1111\", \"amount\": 1.50}" } }]);
    let with_call = json!({ "messages": [
        { "role": "user", "content": "Please pay the invoice of 2024-05-01." },
        { "role": "assistant", "content": null, "tool_calls": call },
        { "role": "tool", "tool_call_id": "c1", "content": "{\"paid\": true}" },
        { "role": "user", "content": "Thank you, and what now?" },
    ] });
    [
        chat("I am ann@example.com and bob@example.com, call +49 30 1234567.", json!({ "topic": "contact" })),
        with_call.to_string(),
        "{\"messages\": [\"ann@example.com\"".to_owned(),
        chat(
            "Where is my order 415-555-0123?",
            json!({ "metadata": { "user": "Ann@Example.com" }, "reference_answer": "1.50" }),
        ),
        chat("Where is my order number 4155550123?", json!({})),
    ]
    .join("\n")
        + "\n"
}

async fn filtered(app: &TestApp, id: &str, pii: PiiFilter) -> Vec<Option<i64>> {
    let filter = RecordFilter { pii: Some(pii), ..RecordFilter::default() };
    let arguments = json!({ "dataset_id": id, "filter": filter, "page": 1, "page_size": 50 });
    let page: RecordPage = app.ask("records/list", arguments).await;
    assert_eq!(page.total, i64::try_from(page.rows.len()).unwrap());
    page.rows.into_iter().map(|row| row.line).collect()
}

#[tokio::test]
async fn records_with_personal_data_are_counted_and_filtered() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", lines()).await;
    let pii = app.hygiene(&id).await.pii;
    assert_eq!(pii.in_words(), "3 records with e-mail addresses, 1 with phone numbers, 1 with payment card numbers");
    assert_eq!((pii.records, pii.not_looked_at), (4, 0));
    assert_eq!(app.overview(&id).await.hygiene.pii, pii);
    let of = |kind| filtered(&app, &id, PiiFilter::Of(kind));
    assert_eq!(of(PiiKind::Email).await, [Some(1), Some(3), Some(4)]);
    assert_eq!(of(PiiKind::Card).await, [Some(2)]);
    assert_eq!(of(PiiKind::ApiKey).await, []);
    assert_eq!(filtered(&app, &id, PiiFilter::Any).await.len(), 4);
    let both = RecordFilter { pii: Some(PiiFilter::Any), text: Some("invoice".to_owned()), ..RecordFilter::default() };
    let ids: Vec<i64> = app.ask("records/ids", json!({ "dataset_id": id, "filter": both })).await;
    assert_eq!(ids.len(), 1);

    // An edit is looked at, and so is a deletion and its undo.
    let rows = app.rows(&id).await;
    app.edit(
        &id,
        rows[0].id,
        &json!({ "input": { "messages": [{ "role": "user", "content": "From 203.0.113.9, please help." }] } }),
    )
    .await;
    let counts = app.hygiene(&id).await.pii;
    assert_eq!(counts.in_words(), "2 records with e-mail addresses, 1 with payment card numbers, 1 with IP addresses");
    let deletion: Value = app.ask("records/delete", json!({ "dataset_id": id, "record_ids": [rows[1].id] })).await;
    assert_eq!(app.hygiene(&id).await.pii.records, 3);
    let back = json!({ "dataset_id": id, "deletion_id": deletion["id"] });
    let _: i64 = app.ask("records/restore", back).await;
    assert_eq!(app.hygiene(&id).await.pii, counts);
}

#[tokio::test]
async fn a_masked_export_says_so_and_comes_in_again() {
    let app = TestApp::start().await;
    let id = app.imported("people.jsonl", lines()).await;
    let whole = async |path: &str| {
        let response = app.door.client.get(app.door.url(&format!("/download/{id}/{path}"))).send().await.unwrap();
        let name = response.headers()["content-disposition"].to_str().unwrap().to_owned();
        (name, response.text().await.unwrap())
    };
    let (name, plain) = whole("records.jsonl").await;
    assert!(name.ends_with("-records.jsonl\"") && plain.contains("ann@example.com"), "{name}");

    let (name, masked) = whole("records.jsonl?mask=plain").await;
    assert!(name.ends_with("-records-masked.jsonl\""), "{name}");
    assert!(
        masked.contains("I am [EMAIL] and [EMAIL], call [PHONE].") && masked.contains(r#"{"user":"[EMAIL]"}"#),
        "{masked}"
    );
    assert!(masked.contains(r#"{\"card\":\"[CARD]\",\"amount\":1.50}"#), "numbers keep their digits: {masked}");
    assert!(masked.contains("415-555-0123") && masked.contains("{\"messages\": [\"[EMAIL]\"\n"), "{masked}");
    let (_, numbered) = whole("records.jsonl?mask=numbered&format=chat").await;
    assert!(numbered.contains("I am [EMAIL_1] and [EMAIL_2], call [PHONE_1]."), "{numbered}");
    let (name, train) = whole("split/train.jsonl?mask=plain").await;
    assert!(name.ends_with("-train-masked.jsonl\"") && !train.contains("example.com"), "{name} {train}");
    assert_eq!(app.get(&format!("/download/{id}/records.jsonl?mask=yes")).await.0, 422);

    // The store is as it was; what was masked comes in cleanly and holds nothing any more.
    assert_eq!(whole("records.jsonl").await.1, plain);
    let again = app.imported("masked.jsonl", masked.clone()).await;
    let (before, after) = (app.hygiene(&id).await, app.hygiene(&again).await);
    assert_eq!((after.total, after.valid, after.pii.records), (before.total, before.valid, 0));
    assert_eq!(app.get(&format!("/download/{again}/records.jsonl")).await.1, masked);
}
