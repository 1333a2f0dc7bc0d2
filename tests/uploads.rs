//! Uploads: what is refused, at which bound, and that nothing of it stays behind.

use anneal_server::config::Config;
use anneal_server::types::job::JobState;
use reqwest::{StatusCode, header};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::app::{TestApp, gzip};
use crate::support::process::{ServerProcess, anneal};
use crate::support::records::chats;

#[tokio::test]
async fn uploads_that_cannot_start_are_refused_and_leave_nothing() {
    let app = TestApp::start().await;
    let (status, body) = app.upload("nothing.jsonl", Vec::new(), &[]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(body["field"], "file");
    assert!(body["message"].as_str().unwrap().contains("nothing.jsonl is empty: it has 0 bytes"), "{body}");

    let (status, body) = app.upload("a.jsonl", chats(1, &[]).into(), &[("dataset_id", "0197-not-there")]).await;
    assert_eq!((status, body["error"].as_str()), (StatusCode::NOT_FOUND, Some("not_found")), "{body}");
    let (status, body) = app.upload("a.jsonl", chats(1, &[]).into(), &[("mode", "overwrite")]).await;
    assert_eq!((status, body["field"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("mode")), "{body}");
    let (status, body) = app.upload("a.jsonl", chats(1, &[]).into(), &[("name", &"n".repeat(201))]).await;
    assert_eq!((status, body["field"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("name")), "{body}");

    let form = reqwest::multipart::Form::new().text("name", "without a file");
    let request = app.client.post(app.url("/upload")).header(header::ACCEPT, "application/json").multipart(form);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let body: Value = response.json().await.unwrap();
    assert!(body["message"].as_str().unwrap().contains("Choose a file, or paste"), "{body}");

    assert!(app.datasets().await.is_empty());
    app.assert_no_uploads_left();
    app.assert_alive().await;
}

#[tokio::test]
async fn an_upload_that_breaks_off_imports_nothing() {
    let app = TestApp::start().await;
    let start = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\r\n".to_owned()
        + &chats(5, &[]);
    // The form's end is missing.
    let request = app.client.post(app.url("/upload")).header(header::ACCEPT, "application/json");
    let request = request.header(header::CONTENT_TYPE, "multipart/form-data; boundary=x").body(start.clone());
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let body: Value = response.json().await.unwrap();
    assert!(body["message"].as_str().unwrap().contains("The upload was cut off"), "{body}");

    // The connection ends before the promised length.
    let mut connection = tokio::net::TcpStream::connect(app.address).await.unwrap();
    let head = format!(
        "POST /upload HTTP/1.1\r\nHost: {}\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: {}\r\n\r\n",
        app.address,
        start.len() + 1000
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(start.as_bytes()).await.unwrap();
    connection.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let _ended = connection.read_to_end(&mut answer).await;
    assert!(!String::from_utf8_lossy(&answer).contains("303"), "{answer:?}");

    assert!(app.datasets().await.is_empty());
    app.assert_no_uploads_left();
    app.assert_alive().await;
}

#[tokio::test]
async fn an_upload_over_the_limit_is_refused() {
    let app = TestApp::start_with(|config| Config { max_upload_bytes: 1000, ..config }).await;
    let (status, body) = app.upload("big.jsonl", chats(100, &[]).into(), &[]).await;
    assert_eq!((status, body["error"].as_str()), (StatusCode::PAYLOAD_TOO_LARGE, Some("too_large")), "{body}");
    assert!(app.datasets().await.is_empty());
    app.assert_no_uploads_left();
    app.imported("small.jsonl", chats(1, &[])).await;
}

#[tokio::test]
async fn only_old_files_that_no_import_needs_are_swept_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let uploads = dir.path().join("uploads");
    std::fs::create_dir_all(&uploads).unwrap();
    // Another process may be writing the young one right now.
    for (name, hours) in [("old", 25), ("young", 23)] {
        let file = std::fs::File::create(uploads.join(name)).unwrap();
        file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_hours(hours)).unwrap();
    }
    let server = ServerProcess::start(dir.path()).await;
    for _ in 0..200 {
        if !uploads.join("old").exists() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!((uploads.join("old").exists(), uploads.join("young").exists()), (false, true));
    server.kill().await;
}

#[tokio::test]
async fn an_import_that_was_ended_in_the_queue_leaves_no_upload() {
    let (app, busy) = TestApp::busy().await;
    let (_, cancelled) = app.upload("a.jsonl", chats(3, &[]).into(), &[]).await;
    let (_, deleted) = app.upload("b.jsonl", chats(3, &[]).into(), &[("name", "b")]).await;
    let uploads = || std::fs::read_dir(app.dir.path().join("data/uploads")).unwrap().count();
    assert_eq!(uploads(), 2);
    let _: Value = app.ask("jobs/cancel", json!({ "job_id": cancelled["job_id"] })).await;
    assert_eq!(uploads(), 1);
    let _: Value =
        app.ask("datasets/delete", json!({ "dataset_id": deleted["dataset_id"], "confirm_name": "b" })).await;
    app.assert_no_uploads_left();
    busy.free(&app).await;
}

/// What the form's fields say already is not found out after gigabytes.
#[tokio::test]
async fn an_upload_to_nowhere_is_refused_before_its_file() {
    let app = TestApp::start().await;
    let mut connection = tokio::net::TcpStream::connect(app.address).await.unwrap();
    let head = format!(
        "POST /upload HTTP/1.1\r\nHost: {}\r\nAccept: application/json\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 100000\r\n\r\n\
         --x\r\nContent-Disposition: form-data; name=\"dataset_id\"\r\n\r\nnot-there\r\n\
         --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\r\n{{}}",
        app.address
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    let answered = connection.read_exact(&mut answer);
    tokio::time::timeout(std::time::Duration::from_secs(20), answered).await.expect("an early answer").unwrap();
    assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 404");
    app.assert_no_uploads_left();
}

/// A few hundred bytes of gzip, hundreds of thousands of lines: each would be a record.
#[tokio::test]
async fn an_import_brings_no_more_records_than_it_may() {
    let app = TestApp::start_with(|config| Config { max_import_records: 1000, ..config }).await;
    let id = app.imported("fits.jsonl", chats(1000, &[])).await;
    let lines = gzip(&b"{}\n".repeat(300_000));
    assert!(lines.len() < 10_000);
    for (mode, kept) in [("replace", "The records there were before are kept"), ("append", "are kept")] {
        let fields = [("dataset_id", id.as_str()), ("mode", mode)];
        let (_, body) = app.upload("bomb.jsonl.gz", lines.clone(), &fields).await;
        let job = app.ended(body["job_id"].as_str().unwrap()).await;
        let error = job.error.unwrap();
        assert_eq!(job.state, JobState::Failed);
        assert!(error.contains("more than 1,000 records") && error.contains(kept), "{mode}: {error}");
        assert!(error.contains("ANNEAL_MAX_IMPORT_RECORDS"), "{mode}: {error}");
        let hygiene = app.hygiene(&id).await;
        assert!(hygiene.valid == 1000 && (1000..=2000).contains(&hygiene.total), "{mode}: {hygiene:?}");
    }
    app.assert_no_uploads_left();
}

#[tokio::test]
async fn a_disk_that_is_nearly_full_takes_nothing_more_in() {
    let app = TestApp::start_with(|config| Config { min_free_disk_bytes: 1 << 60, ..config }).await;
    let (status, body) = app.upload("a.jsonl", chats(1, &[]).into(), &[]).await;
    assert_eq!((status, body["error"].as_str()), (StatusCode::SERVICE_UNAVAILABLE, Some("unavailable")), "{body}");
    assert!(body["message"].as_str().unwrap().contains("ANNEAL_MIN_FREE_DISK_BYTES"), "{body}");
    assert!(app.datasets().await.is_empty());
    app.assert_no_uploads_left();

    // A file that lies there already does not come through the upload: the import looks for itself.
    let path = app.dir.path().join("a.jsonl");
    std::fs::write(&path, chats(3, &[])).unwrap();
    let ran = anneal(
        &app.dir.path().join("data"),
        &["import", path.to_str().unwrap(), "--min-free-disk-bytes", "1000000000000000000"],
    )
    .await;
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("The disk with the data folder has"), "{}", ran.stderr);
    assert!(app.datasets().await.is_empty());
}
