//! Requests that cannot be read: each is answered by one of our errors, never in the framework's words.

use reqwest::{StatusCode, header};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::records::chats;

/// What must never stand in an answer.
const RAW: [&str; 13] = [
    " at line 1",
    "missing field",
    "invalid type",
    "unknown variant",
    "expected",
    "eserialize",
    "multipart/form-data` request",
    "server function",
    "register_explicit",
    "invalid digit",
    "multipart stream",
    "UTF-8 in",
    "wrong type",
];

fn assert_ours(status: StatusCode, expected: u16, body: &str) -> Value {
    assert_eq!(status.as_u16(), expected, "{body}");
    assert!(!RAW.iter().any(|raw| body.contains(raw)), "{body}");
    let error: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("no error of ours: {body}"));
    assert!(error["error"].is_string() && error["message"].as_str().is_some_and(|text| text.len() > 60), "{body}");
    error
}

#[tokio::test]
async fn addresses_that_cannot_be_read() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(30, &[])).await;
    for (query, field) in [
        ("seed=abc", Some("seed")),
        ("seed=-1", Some("seed")),
        ("seed=", Some("seed")),
        ("train_ratio=much", Some("train_ratio")),
        ("stratify_by_topic=yes", Some("stratify_by_topic")),
        ("include_generated_in_valid=1", Some("include_generated_in_valid")),
        ("records_revision=x&topics_revision=1", Some("records_revision")),
        ("seed=1&seed=2", None),
    ] {
        let (status, body) = app.get(&format!("/download/{id}/split/train.jsonl?{query}")).await;
        let error = assert_ours(status, 422, &body);
        assert_eq!(error["field"].as_str(), field, "{query}: {error}");
    }
    let (status, body) = app.get(&format!("/download/{id}/records.jsonl?format=chat&format=native")).await;
    assert_ours(status, 422, &body);
    for path in [
        "/download/%FF/records.jsonl",
        "/download/%FF/split/train.jsonl",
        "/download/dry-run/%FF/report.json",
        "/events/%FF",
    ] {
        let (status, body) = app.get(path).await;
        assert_ours(status, 422, &body);
    }
}

#[tokio::test]
async fn calls_that_cannot_be_answered() {
    let app = TestApp::start().await;
    let (status, body) = app.call("datasets/nothing-of-the-kind", json!({})).await;
    let error = assert_ours(status, 404, &body.to_string());
    assert!(error["message"].as_str().unwrap().contains("/api/datasets/nothing-of-the-kind"), "{error}");
    for path in ["/api/datasets/list", "/upload"] {
        let (status, body) = app.get(path).await;
        assert_ours(status, 405, &body);
    }
    let (status, body) = app.call("datasets/overview", json!({ "dataset": 5 })).await;
    assert_eq!((status.as_u16(), body["error"].as_str()), (422, Some("invalid")), "{body}");
    assert_eq!(body["field"], "dataset_id", "{body}");
    assert_ours(status, 422, &body.to_string());
    let id = app.imported("a.jsonl", chats(1, &[])).await;
    for (endpoint, arguments) in [
        ("datasets/overview", json!({ "dataset_id": 5 })),
        ("topics/targets", json!({ "dataset_id": id, "targets": { "a": "many" } })),
        ("topics/categorize", json!({ "dataset_id": id, "mode": "all of them", "include_manual": false })),
        ("records/list", json!({ "dataset_id": id, "filter": [], "page": 1, "page_size": 50 })),
        ("dry-run/samples", json!({ "run_id": id, "selection": { "selection": "best" }, "page": 1 })),
    ] {
        let (status, body) = app.call(endpoint, arguments).await;
        assert_ours(status, 422, &body.to_string());
    }
    let urlencoded = app.client.post(app.url("/api/datasets/update")).body("dataset_id=x&name=y");
    let urlencoded = urlencoded.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let response = urlencoded.header(header::ACCEPT, "application/json").send().await.unwrap();
    let (status, body) = (response.status(), response.text().await.unwrap());
    assert_eq!(assert_ours(status, 422, &body)["field"], "objective", "{body}");
    let response = app.client.post(app.url("/login")).body("{}").send().await.unwrap();
    let (status, body) = (response.status(), response.text().await.unwrap());
    assert_ours(status, 422, &body);
}

#[tokio::test]
async fn uploads_that_are_no_form() {
    let app = TestApp::start().await;
    let part = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\r\n{}\r\n--x--\r\n";
    for (content_type, body) in [
        ("multipart/form-data", part),
        ("text/plain", part),
        ("multipart/form-data; boundary=other", part),
        ("multipart/form-data; boundary=x", "no part"),
    ] {
        let request = app.client.post(app.url("/upload")).header(header::CONTENT_TYPE, content_type).body(body);
        let response = request.header(header::ACCEPT, "application/json").send().await.unwrap();
        let (status, answer) = (response.status(), response.text().await.unwrap());
        let error = assert_ours(status, 422, &answer);
        assert!(error["message"].as_str().unwrap().contains("Nothing was imported"), "{content_type}: {error}");
        // A browser without scripts is led back to the form, which says so.
        let request = app.client.post(app.url("/upload")).header(header::CONTENT_TYPE, content_type).body(body);
        let answer = request.header(header::ACCEPT, "text/html").send().await.unwrap();
        let location = answer.headers()[header::LOCATION].to_str().unwrap();
        assert!(answer.status() == 303 && location.starts_with("/finetune/new?__path=%2Fupload&__err="), "{location}");
        let (status, page) = app.get(location).await;
        assert!(status == 200 && page.contains("Nothing was imported"), "{page}");
    }
}
