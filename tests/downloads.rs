//! Downloads: what goes out comes in again unchanged; the training files are what a trainer takes.

use std::collections::BTreeSet;

use anneal_server::training;
use anneal_server::types::job::JobKind;
use anneal_server::types::training::{SplitBasis, SplitConfig, SplitPart, SplitPreview, SplitTopic};
use anneal_server::types::validation::ValidationConfig;
use futures_util::{StreamExt, TryStreamExt};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::records::{chat, chats};

async fn download(app: &TestApp, path: &str) -> String {
    let response = app.client.get(app.url(&format!("/download/{path}"))).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    let disposition = response.headers()["content-disposition"].to_str().unwrap();
    assert!(disposition.starts_with("attachment; filename=\""), "{disposition}");
    response.text().await.unwrap()
}

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Lines of every kind: odd numbers and order of fields, foreign fields, and lines that are no records.
fn odd_lines() -> String {
    let native = r#"{"data":{"input":{"messages":[{"content":"Order of fields, please","role":"user","x":1.0}],"seed":12345678901234567890},"output":{"messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"a"}]}],"finish_reason":"stop"},"extra":[1e-7,true]},"topic":"t","span_id":"s","is_generated":true,"evaluation":{"score":0.5},"metadata":{"b":1,"a":2},"more":"yes"}"#;
    let metadata = chat(
        "With a list as metadata, please",
        "ä \u{1F600} \u{2028}",
        json!({ "metadata": [1, 2], "tools": [{ "type": "function" }] }),
    );
    [native, &metadata, "{\"messages\": [", "plain words", "[1, 2]", "{\"messages\": 5}"].join("\n") + "\n"
}

#[tokio::test]
async fn a_native_export_comes_in_again_unchanged() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", odd_lines()).await;
    let exported = download(&app, &format!("{id}/records.jsonl")).await;
    assert_eq!(exported.lines().count(), 6);
    let again = app.imported("b.jsonl", exported.clone()).await;
    let (first, second) = (app.rows(&id).await, app.rows(&again).await);
    for (one, two) in first.iter().zip(&second) {
        let (one, two) = (app.record(&id, one.id).await, app.record(&again, two.id).await);
        assert_eq!(one.data.to_string(), two.data.to_string());
        assert_eq!((one.metadata, one.item, one.raw, one.topic), (two.metadata, two.item, two.raw, two.topic));
        assert_eq!((one.span_id, one.is_generated, one.evaluation), (two.span_id, two.is_generated, two.evaluation));
        assert_eq!(one.validation.errors, two.validation.errors);
    }
    assert_eq!(download(&app, &format!("{again}/records.jsonl")).await, exported);
    assert!(exported.contains("12345678901234567890") && exported.contains("plain words"), "{exported}");
}

#[tokio::test]
async fn records_are_exported_as_chat_and_by_status() {
    let app = TestApp::start().await;
    let lines = chats(3, &["a"]) + &chats(1, &[]) + "{broken\n";
    let id = app.imported("a.jsonl", lines).await;
    let chat = rows(&download(&app, &format!("{id}/records.jsonl?format=chat&status=valid")).await);
    assert_eq!(chat.len(), 3);
    let expected: Vec<Value> = rows(&chats(3, &["a"]));
    assert_eq!(
        chat.iter().map(|row| &row["messages"]).collect::<Vec<_>>(),
        expected.iter().map(|row| &row["messages"]).collect::<Vec<_>>()
    );
    assert_eq!(chat[0]["topic"], "a");
    assert_eq!(rows(&download(&app, &format!("{id}/records.jsonl?status=duplicate")).await).len(), 1);
    for (path, status) in [
        ("records.jsonl?format=csv", 422),
        ("records.jsonl?status=odd", 422),
        ("records.csv", 404),
        ("topics.json", 404),
        ("coverage.json", 404),
        ("split/test.jsonl", 404),
        ("split/train.jsonl?train_ratio=1", 422),
    ] {
        assert_eq!(app.get(&format!("/download/{id}/{path}")).await.0, status, "{path}");
    }
    let hygiene: Value = serde_json::from_str(&download(&app, &format!("{id}/hygiene.json")).await).unwrap();
    assert_eq!(
        (&hygiene["total"], &hygiene["valid"], &hygiene["duplicates_removed"]),
        (&json!(5), &json!(3), &json!(1))
    );
}

#[tokio::test]
async fn a_dry_runs_report_is_downloaded_with_its_samples() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(120, &["a"])).await;
    let script = "function grade(input) { if (input.response.includes(' 7 ')) { throw new Error('no 7'); } return { score: 0.5, reasoning: 'half' }; }";
    app.set_grader(&id, script).await;
    let report = app.dry_run(&id, 120).await;
    let run = app.overview(&id).await.dry_run.unwrap().summary.id;
    let mut got: Value = serde_json::from_str(&download(&app, &format!("dry-run/{run}/report.json")).await).unwrap();
    let samples = got.as_object_mut().unwrap().remove("samples").unwrap();
    assert_eq!(got, serde_json::to_value(report).unwrap());
    assert_eq!(samples, serde_json::to_value(app.samples(&run).await).unwrap());
    let samples = samples.as_array().unwrap();
    assert_eq!(samples.len(), 120);
    let (failed, scored) = (&samples[7], &samples[8]);
    assert!(failed["error"].as_str().unwrap().contains("no 7") && failed["score"].is_null(), "{failed}");
    let fields = (&scored["record_id"], &scored["score"], &scored["reasoning"], &scored["error"]);
    assert_eq!(fields, (&json!(app.rows(&id).await[8].id), &json!(0.5), &json!("half"), &Value::Null));
    assert_eq!(got["cost"], json!({ "amount": 0.0, "calls": 0, "unknown": 0, "currency": "USD" }));
    assert!(got["config"]["concurrency"].as_i64().unwrap() >= 1, "{got}");
    assert!(got["config"].get("base_model").is_none(), "recorded responses came from no model of ours: {got}");
    assert_eq!(app.get("/download/dry-run/none/report.json").await.0, 404);
}

/// The prompts of a training file; checks each row's shape.
fn prompts(text: &str) -> BTreeSet<String> {
    let rows = rows(text);
    let count = rows.len();
    let prompts: BTreeSet<String> = rows
        .into_iter()
        .map(|row| {
            let messages = row["messages"].as_array().unwrap();
            assert_eq!(messages[0]["role"], "developer", "{row}");
            assert_eq!(messages.last().unwrap()["role"], "user", "{row}");
            assert!(
                messages.iter().all(|message| message["role"] != "system" && message["role"] != "assistant"),
                "{row}"
            );
            messages.last().unwrap()["content"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(prompts.len(), count, "no prompt twice");
    prompts
}

#[tokio::test]
async fn the_training_files_are_disjoint_complete_and_repeatable() {
    let app = TestApp::start().await;
    let line = |n: usize| {
        let messages = json!([
            { "role": "system", "content": "Be kind." },
            { "role": "user", "content": format!("Where is my order number {n}?") },
            { "role": "assistant", "content": "Here." },
        ]);
        json!({ "messages": messages, "topic": if n < 30 { "a" } else { "b" } }).to_string() + "\n"
    };
    let mut lines: String = (0..40).map(line).collect();
    // Not valid, and valid with a prompt that ends with a tool's word.
    lines += "{broken\n";
    lines += &json!({ "messages": [
        { "role": "user", "content": "Where is my parcel today?" },
        { "role": "assistant", "content": null, "tool_calls": [{ "id": "c1", "type": "function", "function": { "name": "track", "arguments": "{}" } }] },
        { "role": "tool", "tool_call_id": "c1", "content": "Kassel" },
        { "role": "assistant", "content": "In Kassel." },
    ] })
    .to_string();
    let id = app.imported("a.jsonl", lines).await;
    assert_eq!(app.hygiene(&id).await.valid, 41);
    let preview = async || -> SplitPreview {
        let config =
            json!({ "train_ratio": 0.8, "stratify_by_topic": true, "include_generated_in_valid": false, "seed": 42 });
        app.ask("training/split", json!({ "dataset_id": id, "config": config })).await
    };
    // Labels that no hierarchy has are none: everything is one stratum.
    let before = preview().await;
    assert_eq!(before.by_topic, [SplitTopic { topic: None, train: 32, valid: 8 }]);
    let import = json!({ "dataset_id": id, "json": r#"{"nodes":[{"name":"a"},{"name":"b"}]}"#, "confirm": false });
    let _: Value = app.ask("topics/import", import).await;

    let train = download(&app, &format!("{id}/split/train.jsonl?train_ratio=0.8")).await;
    let valid = download(&app, &format!("{id}/split/valid.jsonl?train_ratio=0.8")).await;
    let (train_prompts, valid_prompts) = (prompts(&train), prompts(&valid));
    assert_eq!((train_prompts.len(), valid_prompts.len()), (32, 8));
    assert!(train_prompts.is_disjoint(&valid_prompts));
    let all: BTreeSet<String> = (0..40).map(|n| format!("Where is my order number {n}?")).collect();
    assert_eq!(train_prompts.union(&valid_prompts).cloned().collect::<BTreeSet<_>>(), all);
    // A fifth of 30 and a fifth of 10.
    let late = |prompts: &BTreeSet<String>| {
        prompts.iter().filter(|prompt| (30..40).any(|n| prompt.ends_with(&format!(" {n}?")))).count()
    };
    assert_eq!((late(&train_prompts), late(&valid_prompts)), (8, 2));

    assert_eq!(download(&app, &format!("{id}/split/valid.jsonl?train_ratio=0.8")).await, valid);
    let other = download(&app, &format!("{id}/split/valid.jsonl?train_ratio=0.8&seed=7")).await;
    assert_ne!(prompts(&other), valid_prompts);

    let preview = preview().await;
    assert_eq!((preview.train, preview.valid, preview.left_out), (32, 8, 1));
    let by_topic: Vec<(Option<&str>, i64, i64)> =
        preview.by_topic.iter().map(|topic| (topic.topic.as_deref(), topic.train, topic.valid)).collect();
    assert_eq!(by_topic, [(Some("a"), 24, 6), (Some("b"), 8, 2)]);

    // Its links are of this very state: they give the same files, until something changes.
    let link = |basis: SplitBasis, part: &str| {
        let SplitBasis { records_revision, topics_revision, near_duplicates } = basis;
        format!(
            "{id}/split/{part}.jsonl?train_ratio=0.8&records_revision={records_revision}&topics_revision={topics_revision}&near_duplicates={near_duplicates}"
        )
    };
    assert_eq!(download(&app, &link(preview.basis, "train")).await, train);
    assert_eq!(download(&app, &link(preview.basis, "valid")).await, valid);
    let stale = app.get(&format!("/download/{}", link(before.basis, "train"))).await;
    assert_eq!(stale.0, 409, "the topics came later: {}", stale.1);
    let records: Vec<i64> = app.rows(&id).await.into_iter().map(|row| row.id).collect();
    app.edit(&id, records[0], &json!({ "input": { "messages": [] } })).await;
    let (status, body) = app.get(&format!("/download/{}", link(preview.basis, "valid"))).await;
    assert_eq!(status, 409);
    assert!(body.contains("have changed since this split was made"), "{body}");
    assert_eq!(app.get(&format!("/download/{id}/split/train.jsonl?records_revision=1")).await.0, 422);
}

#[tokio::test]
async fn a_training_file_that_loses_its_records_breaks_off_instead_of_ending() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(120, &[])).await;
    let whole = training::rows(&app.state, &id, SplitConfig::default(), SplitPart::Train, None, None).await.unwrap();
    assert!(whole.try_collect::<Vec<_>>().await.is_ok());
    let rows = training::rows(&app.state, &id, SplitConfig::default(), SplitPart::Train, None, None).await.unwrap();
    let mut rows = std::pin::pin!(rows);
    assert!(rows.next().await.unwrap().is_ok());
    // No record is valid any more: the next window is empty.
    let config = ValidationConfig { min_user_message_length: 1_000, ..ValidationConfig::default() };
    let _: Value = app.ask("datasets/validation", json!({ "dataset_id": id, "config": config })).await;
    let jobs = app.overview(&id).await.jobs;
    app.ended(&jobs.iter().find(|job| job.kind == JobKind::Validate).unwrap().id).await;
    let error = rows.try_collect::<Vec<_>>().await.unwrap_err();
    assert!(error.to_string().contains("have changed since this split was made"), "{error}");
}
