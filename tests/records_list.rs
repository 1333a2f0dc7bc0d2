//! The records list: search, filters, orders, pages.

use anneal_server::types::dataset::{RecordDeletion, RecordPage};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::records::{chat, chats, rated};

fn filtered(wanted: &Value) -> Value {
    let mut filter = json!({ "status": null, "error": null, "topic": null, "needs_review": false, "text": null });
    filter.as_object_mut().unwrap().extend(wanted.as_object().unwrap().clone());
    filter
}

async fn list(app: &TestApp, id: &str, wanted: &Value, sort: &str) -> RecordPage {
    let arguments = json!({ "dataset_id": id, "filter": filtered(wanted), "sort": sort, "page": 1, "page_size": 50 });
    app.ask("records/list", arguments).await
}

async fn found(app: &TestApp, id: &str, text: &str) -> Vec<i64> {
    list(app, id, &json!({ "text": text }), "oldest").await.rows.iter().map(|row| row.id).collect()
}

/// Whatever changes a record changes what it is found by; what is gone is not found.
#[tokio::test]
async fn a_search_follows_edits_deletions_and_other_datasets() {
    let app = TestApp::start().await;
    let other = app.imported("other.jsonl", chats(3, &[])).await;
    let id = app.imported("a.jsonl", chats(3, &[]) + "{broken line").await;
    let records: Vec<i64> = app.rows(&id).await.iter().map(|row| row.id).collect();
    assert_eq!(found(&app, &id, "order").await, records[..3]);
    assert_eq!(found(&app, &id, "broken").await, records[3..]);

    let data = json!({ "input": { "messages": [{ "role": "user", "content": "Please call me a taxi tomorrow." }] } });
    app.edit(&id, records[3], &data).await;
    app.edit(&id, records[0], &data).await;
    assert_eq!(found(&app, &id, "taxi").await, [records[0], records[3]]);
    assert_eq!(found(&app, &id, "broken").await, [0_i64; 0]);
    assert_eq!(found(&app, &id, "order").await, records[1..3]);

    let gone: RecordDeletion =
        app.ask("records/delete", json!({ "dataset_id": id, "record_ids": [records[1], records[3]] })).await;
    assert_eq!((found(&app, &id, "order").await, found(&app, &id, "taxi").await), (vec![records[2]], vec![records[0]]));
    let back: i64 = app.ask("records/restore", json!({ "dataset_id": id, "deletion_id": gone.id })).await;
    assert_eq!((back, found(&app, &id, "taxi").await), (2, vec![records[0], records[3]]));

    // Ids are given again after the last ones went; what they said went with them.
    let _: Value = app
        .ask("datasets/delete", json!({ "dataset_id": id, "confirm_name": app.overview(&id).await.dataset.name }))
        .await;
    let third = app.imported("third.jsonl", chat("A question about nothing at all.", "Yes.", json!({}))).await;
    assert_eq!((found(&app, &third, "taxi").await, found(&app, &third, "nothing").await.len()), (vec![], 1));
    assert_eq!(found(&app, &other, "order").await.len(), 3);
}

#[tokio::test]
async fn records_are_listed_in_every_order() {
    let app = TestApp::start().await;
    let message = |role: &str, text: &str| json!({ "role": role, "content": text });
    let long = json!({ "messages": [message("user", "And where is my order?"), message("assistant", "Here."),
        message("user", "No, I mean the other order."), message("assistant", "There.")], "is_generated": true });
    let lines = rated(3) + &[long.to_string(), chat("short", "No.", json!({}))].join("\n");
    let id = app.imported("a.jsonl", lines).await;
    let r: Vec<i64> = app.rows(&id).await.iter().map(|row| row.id).collect();
    app.set_grader(
        &id,
        "function grade(input) { return Number((/rated ([0-9.]+)/.exec(input.response) || [0, 0])[1]); }",
    )
    .await;
    app.dry_run(&id, 10).await;
    let edited = json!({ "input": { "messages": [{ "role": "user", "content": "Where is order 2 now, please?" }] } });
    app.edit(&id, r[1], &edited).await;

    let no = json!({});
    let order = json!({ "text": "order" });
    let scored = json!({ "score": { "from": 0, "to": 20 } });
    for (filter, sort, expected) in [
        (&no, "oldest", vec![r[0], r[1], r[2], r[3], r[4]]),
        (&no, "newest", vec![r[4], r[3], r[2], r[1], r[0]]),
        (&no, "most_messages", vec![r[3], r[4], r[2], r[1], r[0]]),
        (&no, "fewest_messages", vec![r[0], r[1], r[2], r[4], r[3]]),
        (&no, "highest_score", vec![r[2], r[1], r[0], r[3]]),
        (&no, "lowest_score", vec![r[3], r[0], r[1], r[2]]),
        (&json!({ "status": "invalid" }), "newest", vec![r[4]]),
        (&json!({ "error": "user_message_too_short" }), "most_messages", vec![r[4]]),
        (&json!({ "error": "duplicate" }), "oldest", vec![]),
        (&json!({ "generated": true }), "oldest", vec![r[3]]),
        (&order, "newest", vec![r[3], r[2], r[1], r[0]]),
        (&order, "most_messages", vec![r[3], r[2], r[1], r[0]]),
        (&order, "lowest_score", vec![r[3], r[0], r[1], r[2]]),
        (&scored, "highest_score", vec![r[2], r[1], r[0], r[3]]),
        (&json!({ "score": { "from": 0, "to": 20 }, "text": "other" }), "oldest", vec![r[3]]),
    ] {
        let page = list(&app, &id, filter, sort).await;
        let got: Vec<i64> = page.rows.iter().map(|row| row.id).collect();
        assert_eq!(
            (got, page.total, page.at_least),
            (expected.clone(), i64::try_from(expected.len()).unwrap(), false),
            "{filter} {sort}"
        );
    }
    assert_eq!(list(&app, &id, &no, "last_changed").await.rows[0].id, r[1]);
    let arguments =
        json!({ "dataset_id": id, "filter": filtered(&no), "sort": "sideways", "page": 1, "page_size": 50 });
    assert!(app.call("records/list", arguments).await.0.is_client_error());
}

#[tokio::test]
async fn a_search_looks_behind_a_nul() {
    let app = TestApp::start().await;
    // (A file whose beginning holds one counts as binary.)
    let lines = chats(100, &[])
        + &[chat("Where is my\u{0} parcel today?", "Here.", json!({})), "{oops \u{0} Hidden".to_owned()].join("\n");
    let id = app.imported("a.jsonl", lines).await;
    let records: Vec<i64> = app.rows(&id).await.into_iter().skip(100).map(|row| row.id).collect();
    for (text, expected) in [
        ("\u{0}", vec![]),
        ("my\u{0} parcel", vec![records[0]]),
        ("oops \u{0}", vec![records[1]]),
        ("hidden", vec![records[1]]),
        ("\u{0}parcel", vec![records[0]]),
    ] {
        let filter = json!({ "status": null, "error": null, "topic": null, "needs_review": false, "text": text });
        let arguments = json!({ "dataset_id": id, "filter": filter, "page": 1, "page_size": 50 });
        let page: RecordPage = app.ask("records/list", arguments).await;
        assert_eq!(page.rows.iter().map(|row| row.id).collect::<Vec<_>>(), expected, "{text:?}");
    }
}

#[tokio::test]
async fn a_search_reads_what_records_say_page_by_page_beside_the_other_filters() {
    let app = TestApp::start().await;
    let call = json!({ "messages": [{ "role": "user", "content": "Wo ist meine Stra\u{df}e?" }, { "role": "assistant", "tool_calls":
        [{ "id": "c1", "type": "function", "function": { "name": "find_street", "arguments": "{\"city\": \"K\\u00f6ln\"}" } }] }],
        "reference_answer": "\u{c4}U\u{df}ERE Kanalgasse", "difficulty": "hard" });
    let lines = chats(5, &["a", "b"]) + &[call.to_string(), chat("short", "Order 7.", json!({}))].join("\n");
    let id = app.imported("a.jsonl", lines).await;
    let all: Vec<i64> = app.rows(&id).await.iter().map(|row| row.id).collect();
    let no_filter = json!({ "status": null, "error": null, "topic": null, "needs_review": false, "text": null });
    for (wanted, page, expected, total) in [
        (json!({ "text": "role" }), 1, vec![], 0),
        (json!({ "text": "{" }), 1, vec![], 0),
        (json!({ "text": "hard" }), 1, vec![], 0),
        (json!({ "text": "STRASSE" }), 1, vec![all[5]], 1),
        (json!({ "text": "stra" }), 1, vec![all[5]], 1),
        (json!({ "text": "stra " }), 1, vec![], 0),
        (json!({ "text": "strasse wo koln" }), 1, vec![all[5]], 1),
        (json!({ "text": "\"strasse wo\"" }), 1, vec![], 0),
        (json!({ "text": "\"meine strasse\"" }), 1, vec![all[5]], 1),
        (json!({ "text": "find_street" }), 1, vec![all[5]], 1),
        (json!({ "text": "street_find" }), 1, vec![], 0),
        (json!({ "text": "NOT order OR NEAR(" }), 1, vec![], 0),
        (json!({ "text": "city: k\u{d6}LN" }), 1, vec![all[5]], 1),
        (json!({ "text": "\u{e4}u\u{df}ere  kanal" }), 1, vec![all[5]], 1),
        (json!({ "text": "order" }), 1, vec![all[0], all[1]], 6),
        (json!({ "text": "order" }), 3, vec![all[4], all[6]], 6),
        (json!({ "text": "order" }), 4, vec![], 6),
        (json!({ "text": "order", "status": "invalid" }), 1, vec![all[6]], 1),
        (json!({ "text": "order", "topic": "b" }), 1, vec![all[1], all[3]], 2),
    ] {
        let mut filter = no_filter.clone();
        filter.as_object_mut().unwrap().extend(wanted.as_object().unwrap().clone());
        let arguments = json!({ "dataset_id": id, "filter": filter, "page": page, "page_size": 2 });
        let got: RecordPage = app.ask("records/list", arguments).await;
        let ids: Vec<i64> = got.rows.iter().map(|row| row.id).collect();
        assert_eq!((ids, got.total), (expected, total), "{wanted}, page {page}");
    }
}
