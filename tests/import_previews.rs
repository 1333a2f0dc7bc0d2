//! Looking at files before they are imported, and importing several in one go.

use std::time::{Duration, SystemTime};

use anneal_server::types::import::{ImportContainer, ImportFormat, UploadPreview};
use anneal_server::types::job::JobState;
use anneal_server::types::validation::RecordStatus::{Duplicate, Invalid, Valid};
use reqwest::StatusCode;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::app::{TestApp, gzip, uploads};
use crate::support::process::ServerProcess;
use crate::support::records::chats;

const CSV: &str = "Nr;Frage;Antwort\n1;Wo ist mein Paket heute?;In Kassel.\n2;Darf ich umbuchen, bitte?;Ja.\n";
const MAPPING: &str = r#"{"columns": {"Frage": "prompt", "Antwort": "completion"}}"#;

/// Looks at what can be looked at.
async fn look(app: &TestApp, file_name: &str, bytes: impl Into<Vec<u8>>) -> UploadPreview {
    let (status, body) = app.preview(file_name, bytes, &[]).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    serde_json::from_value(body).unwrap()
}

async fn ended(app: &TestApp, body: &Value) -> Vec<JobState> {
    let mut states = Vec::new();
    for job_id in body["job_ids"].as_array().unwrap() {
        states.push(app.ended(job_id.as_str().unwrap()).await.state);
    }
    states
}

#[tokio::test]
async fn a_file_is_looked_at_mapped_and_imported() {
    let app = TestApp::start().await;
    let seen = look(&app, "faq.csv.gz", gzip(CSV.as_bytes())).await;
    assert_eq!((seen.file_name.as_str(), seen.preview.container), ("faq.csv.gz", ImportContainer::Csv));
    assert_eq!((seen.preview.records, seen.preview.valid), (2, 0));
    let fields = [("upload_token", seen.upload_token.as_str()), ("csv_mapping", MAPPING)];
    let (status, body) = app.send_fields("/upload/preview", &fields).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!((&body["preview"]["valid"], &body["upload_token"]), (&json!(2), &json!(seen.upload_token)));

    let (status, body) = app.send_fields("/upload", &fields).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    assert_eq!(ended(&app, &body).await, [JobState::Succeeded]);
    let id = body["dataset_id"].as_str().unwrap();
    app.assert_lines(id, &[(2, Valid), (3, Valid)]).await;
    let overview = app.overview(id).await;
    assert_eq!((overview.dataset.name.as_str(), overview.imports[0].file_name.as_str()), ("faq", "faq.csv.gz"));
    assert_eq!(overview.imports[0].formats.get(ImportFormat::Csv), 2);
    assert!(uploads(&app).is_empty());

    // The token is used up.
    let (status, body) = app.send_fields("/upload", &fields).await;
    assert_eq!((status, &body["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("upload_token")), "{body}");
    assert!(body["message"].as_str().unwrap().contains("no longer there"), "{body}");
}

#[tokio::test]
async fn several_files_make_an_import_each() {
    let app = TestApp::start().await;
    let first = look(&app, "a.jsonl", chats(3, &[])).await.upload_token;
    let second = look(&app, "b.csv", CSV).await.upload_token;
    let third = look(&app, "c.jsonl", "oops\n").await.upload_token;
    let fields = [
        ("upload_token", first.as_str()),
        ("upload_token", &second),
        ("csv_mapping", MAPPING),
        ("upload_token", &third),
        ("name", "all of them"),
    ];
    let (status, body) = app.send_fields("/upload", &fields).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    assert_eq!(body["job_ids"].as_array().unwrap().len(), 3);
    assert_eq!(ended(&app, &body).await, [JobState::Succeeded; 3]);
    let id = body["dataset_id"].as_str().unwrap();
    let hygiene = app.hygiene(id).await;
    assert_eq!((hygiene.total, hygiene.valid, hygiene.rejected), (6, 5, 1));

    // By a form with several files, replacing: the first import takes the old records away, the others append.
    let file = |name: &str, text: String| Part::bytes(text.into_bytes()).file_name(name.to_owned());
    let form = Form::new()
        .text("dataset_id", id.to_owned())
        .text("mode", "replace")
        .part("file", file("d.jsonl", chats(2, &[])))
        .part("file", file("e.jsonl", chats(4, &[])));
    let (status, body) = app.send_form("/upload", &[], form).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    assert_eq!(ended(&app, &body).await, [JobState::Succeeded; 2]);
    let hygiene = app.hygiene(id).await;
    assert_eq!((hygiene.total, hygiene.valid, hygiene.duplicates_removed), (6, 4, 2));
    let mut lines: Vec<_> = app.rows(id).await.iter().map(|row| (row.line.unwrap(), row.validation.status)).collect();
    lines.sort_by_key(|(line, status)| (*line, *status != Valid));
    assert_eq!(lines, [(1, Valid), (1, Duplicate), (2, Valid), (2, Duplicate), (3, Valid), (4, Valid)]);
    assert!(uploads(&app).is_empty());
}

#[tokio::test]
async fn what_is_refused_can_be_sent_again_and_leaves_nothing() {
    let app = TestApp::start().await;
    for (name, bytes, words) in [
        ("image.png", &b"\x89PNG\r\n\x1A\n\0\0"[..], "a PNG image"),
        ("nothing.jsonl", b"", "it has 0 bytes"),
        ("blank.jsonl", b"\n\n", "The file is empty"),
    ] {
        let (status, body) = app.preview(name, bytes, &[]).await;
        assert_eq!((status, &body["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("file")), "{body}");
        assert!(body["message"].as_str().unwrap().contains(words), "{body}");
    }
    let (status, body) = app.preview("a.csv", CSV, &[("csv_mapping", "{\"Frage\": 1}")]).await;
    assert_eq!((status, &body["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("csv_mapping")), "{body}");
    assert!(uploads(&app).is_empty(), "{:?}", uploads(&app));

    for token in ["../anneal.sqlite", "01970000-0000-7000-8000-000000000000", ""] {
        let (status, body) = app.send_fields("/upload", &[("upload_token", token)]).await;
        assert_eq!((status, &body["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("upload_token")), "{body}");
    }
    // A form that cannot be taken gives the token back.
    let token = look(&app, "a.jsonl", chats(2, &[])).await.upload_token;
    let (status, _) = app.send_fields("/upload", &[("upload_token", &token), ("name", &"n".repeat(201))]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let (status, _) = app.send_fields("/upload", &[("upload_token", &token), ("upload_token", &token)]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(uploads(&app).len(), 2);
    let (status, body) = app.send_fields("/upload", &[("upload_token", &token), ("dataset_id", "")]).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    assert_eq!(ended(&app, &body).await, [JobState::Succeeded]);
    // A mapping that does not fit the file fails the import and says why.
    let form = Form::new().text("csv_mapping", r#"{"columns": {"Fragen": "prompt"}}"#);
    let form = form.part("file", Part::bytes(CSV.as_bytes().to_vec()).file_name("a.csv"));
    let (_, body) = app.send_form("/upload", &[], form).await;
    let job = app.ended(body["job_id"].as_str().unwrap()).await;
    assert!(job.error.as_ref().is_some_and(|error| error.contains("no column \"Fragen\"")), "{job:?}");
    assert!(uploads(&app).is_empty());
    app.assert_alive().await;
}

#[tokio::test]
async fn uploads_that_wait_outlive_a_restart_but_not_an_hour() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("uploads");
    let server = ServerProcess::start(dir.path()).await;
    let mut tokens = Vec::new();
    for name in ["young.jsonl", "old.jsonl"] {
        let (_, body) = server.door.preview(name, chats(2, &[]), &[]).await;
        tokens.push(body["upload_token"].as_str().unwrap().to_owned());
    }
    server.kill().await;
    for name in [tokens[1].clone(), format!("{}.name", tokens[1])] {
        let file = std::fs::File::options().write(true).open(folder.join(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(3601)).unwrap();
    }
    let server = ServerProcess::start(dir.path()).await;
    let (status, body) = server.door.send_fields("/upload", &[("upload_token", &tokens[0])]).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    for _ in 0..200 {
        if !folder.join(&tokens[1]).exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (status, body) = server.door.send_fields("/upload", &[("upload_token", &tokens[1])]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    assert!(!folder.join(&tokens[1]).exists());
}

/// The files of one form that is to replace, together: all of them, or what there was.
fn replacing(id: &str, files: [(&'static str, Vec<u8>); 3]) -> Form {
    let form = Form::new().text("dataset_id", id.to_owned()).text("mode", "replace");
    files.into_iter().fold(form, |form, (name, bytes)| form.part("file", Part::bytes(bytes).file_name(name)))
}

#[tokio::test]
async fn where_the_first_file_does_not_replace_the_others_join_nothing() {
    let app = TestApp::start().await;
    let id = app.imported("before.jsonl", chats(3, &[])).await;
    let mut cut_off = gzip(chats(300, &[]).as_bytes());
    cut_off.truncate(cut_off.len() - 12);
    let fine = || chats(2, &[]).into_bytes();
    let form = replacing(&id, [("first.jsonl.gz", cut_off.clone()), ("b.jsonl", fine()), ("c.jsonl", fine())]);
    let (status, body) = app.send_form("/upload", &[], form).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    assert_eq!(ended(&app, &body).await, [JobState::Failed; 3]);
    app.assert_lines(&id, &[(1, Valid), (2, Valid), (3, Valid)]).await;
    let imports = app.overview(&id).await.imports;
    assert!(imports[2].error.as_ref().unwrap().contains("cut off"), "{imports:?}");
    assert_eq!(imports[2].records, 0, "none of them is there");
    for import in &imports[..2] {
        let error = import.error.as_ref().unwrap();
        assert!(error.contains("first.jsonl.gz, which was to replace") && error.contains("are kept"), "{error}");
    }
    assert!(uploads(&app).is_empty());

    // A later one that fails is its own affair, as where files are added.
    let form = replacing(&id, [("a.jsonl", fine()), ("cut.jsonl.gz", cut_off), ("c.jsonl", b"oops".to_vec())]);
    let (_, body) = app.send_form("/upload", &[], form).await;
    assert_eq!(ended(&app, &body).await, [JobState::Succeeded, JobState::Failed, JobState::Succeeded]);
    let (hygiene, imports) = (app.hygiene(&id).await, app.overview(&id).await.imports);
    assert_eq!((hygiene.rejected, hygiene.total), (1, imports[..3].iter().map(|import| import.records).sum()));
    assert!(uploads(&app).is_empty());
}

#[tokio::test]
async fn cancelling_the_file_that_was_to_replace_cancels_the_others() {
    let (app, busy) = TestApp::busy().await;
    let id = app.imported_beside(&busy, chats(3, &[])).await;
    let busy = busy.again(&app).await;
    let fine = || chats(2, &[]).into_bytes();
    let form = replacing(&id, [("a.jsonl", fine()), ("b.jsonl", fine()), ("c.jsonl", fine())]);
    let (_, body) = app.send_form("/upload", &[], form).await;
    assert_eq!(uploads(&app).len(), 3);
    let _: Value = app.ask("jobs/cancel", json!({ "job_id": body["job_id"] })).await;
    assert_eq!(uploads(&app).len(), 2);
    busy.free(&app).await;
    assert_eq!(ended(&app, &body).await, [JobState::Cancelled; 3]);
    app.assert_lines(&id, &[(1, Valid), (2, Valid), (3, Valid)]).await;
    let message = app.job(&id, body["job_ids"][2].as_str().unwrap()).await.message;
    assert!(message.contains("a.jsonl, which was to replace"), "{message}");
    assert!(uploads(&app).is_empty());
}

/// As with one file: what the fields say already is not found out after gigabytes.
#[tokio::test]
async fn a_preview_for_nowhere_is_refused() {
    let app = TestApp::start().await;
    let form = Form::new().text("dataset_id", "not-there").part("file", Part::bytes(CSV.as_bytes()).file_name("a.csv"));
    let (status, body) = app.send_form("/upload/preview", &[], form).await;
    assert_eq!((status, &body["error"]), (StatusCode::NOT_FOUND, &json!("not_found")), "{body}");
    assert!(uploads(&app).is_empty());
    let request = app.client.post(app.url("/upload/preview")).json(&json!({}));
    let response = request.send().await.unwrap();
    assert!(response.text().await.unwrap().contains("multipart/form-data"));
}

#[tokio::test]
async fn spans_that_are_no_model_calls_are_counted() {
    let app = TestApp::start().await;
    let messages = json!([{"role": "user", "parts": [{"type": "text", "content": "Where is my parcel?"}]}]).to_string();
    let chat = json!({"traceId": "t", "spanId": "s", "name": "chat",
        "attributes": [{"key": "gen_ai.input.messages", "value": {"stringValue": messages}}]});
    let other = json!({"traceId": "t", "spanId": "d", "name": "SELECT", "attributes": []});
    let export = json!({"resourceSpans": [{"scopeSpans": [{"spans": [chat, other, other]}]}]});
    let id = app.imported("spans.jsonl", format!("{export}\noops\n")).await;
    app.assert_lines(&id, &[(1, Valid), (2, Invalid)]).await;
    let report = app.overview(&id).await.imports.remove(0);
    assert_eq!(json!(report.formats), json!({"open_telemetry": 1, "unreadable": 1}));
    assert_eq!(json!(report.skipped), json!({"other_span": 2}));
}
