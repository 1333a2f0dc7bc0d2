//! Import: every line of every file becomes a record, and no file takes the server down.

use std::io::Write;

use anneal_server::config::Config;
use anneal_server::types::dataset::DatasetSummary;
use anneal_server::types::import::ImportFormat;
use anneal_server::types::job::JobState;
use anneal_server::types::validation::RecordStatus::{Duplicate, Invalid, Valid};
use anneal_server::types::validation::ValidationError;
use reqwest::{StatusCode, header};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::app::{TestApp, gzip, real_data};
use crate::support::process::{ServerProcess, anneal};
use crate::support::records::{chat, chats};

/// Four lines: chat, native, one that is no JSON, one that is no record.
fn mixed_lines() -> String {
    let native = json!({
        "data": {
            "input": { "messages": [{ "role": "user", "content": "Please cancel my booking." }] },
            "output": { "messages": [{ "role": "assistant", "content": "Done." }] },
        },
        "topic": "cancel", "span_id": "span-1", "metadata": { "tier": "gold" },
    });
    [
        chat("Where is my parcel today?", "On its way.", json!({ "reference_answer": "In Kassel." })),
        native.to_string(),
        "{\"messages\": [".to_owned(),
        "{\"foo\": 1}".to_owned(),
    ]
    .join("\n")
        + "\n"
}

async fn datasets(app: &TestApp) -> Vec<DatasetSummary> {
    app.ask("datasets/list", json!({})).await
}

/// Uploads to an existing dataset and waits for the end of the import.
async fn import_into(app: &TestApp, dataset_id: &str, bytes: impl Into<Vec<u8>>, mode: &str) -> JobState {
    let (status, body) = app.upload("more.jsonl", bytes.into(), &[("dataset_id", dataset_id), ("mode", mode)]).await;
    assert_eq!((status, body["dataset_id"].as_str()), (StatusCode::CREATED, Some(dataset_id)), "{body}");
    app.ended(body["job_id"].as_str().unwrap()).await.state
}

/// Why an import into an existing dataset failed.
async fn failure(app: &TestApp, dataset_id: &str, bytes: &[u8], mode: &str) -> String {
    let (_, body) = app.upload("more.jsonl", bytes.to_vec(), &[("dataset_id", dataset_id), ("mode", mode)]).await;
    let Some(job_id) = body["job_id"].as_str() else { panic!("{body}") };
    let job = app.ended(job_id).await;
    assert_eq!(job.state, JobState::Failed, "{job:?}");
    job.error.unwrap()
}

#[tokio::test]
async fn every_line_becomes_a_record_with_its_number() {
    for compressed in [false, true] {
        let app = TestApp::start().await;
        let text = mixed_lines();
        let id = if compressed {
            app.imported("support.jsonl.gz", gzip(text.as_bytes())).await
        } else {
            app.imported("support.jsonl", text).await
        };
        app.assert_lines(&id, &[(1, Valid), (2, Valid), (3, Invalid), (4, Invalid)]).await;

        let rows = app.rows(&id).await;
        let chat = app.record(&id, rows[0].id).await;
        assert_eq!(chat.data["input"]["messages"], json!([{ "role": "user", "content": "Where is my parcel today?" }]));
        assert_eq!(chat.data["output"]["messages"], json!([{ "role": "assistant", "content": "On its way." }]));
        assert_eq!(chat.item["reference_answer"], "In Kassel.");
        let native = app.record(&id, rows[1].id).await;
        assert_eq!((native.topic.as_deref(), native.span_id.as_deref()), (Some("cancel"), Some("span-1")));
        assert_eq!(native.metadata["tier"], "gold");
        let broken = app.record(&id, rows[2].id).await;
        assert_eq!((broken.data, broken.raw.as_deref()), (Value::Null, Some("{\"messages\": [")));
        assert_eq!(broken.validation.errors, [ValidationError::InvalidDataStructure]);
        let details = broken.validation.details.unwrap();
        assert!(details.contains("not valid JSON") && details.contains("column 14"), "{details}");
        let foreign = app.record(&id, rows[3].id).await.validation.details.unwrap();
        assert!(foreign.contains("this line is no record") && foreign.contains("foo"), "{foreign}");

        let overview = app.overview(&id).await;
        assert_eq!(overview.dataset.name, "support");
        let report = &overview.imports[0];
        assert_eq!((report.records, report.valid, report.invalid, report.duplicates), (4, 2, 2, 0));
        assert_eq!(json!(report.formats), json!({ "chat": 1, "native": 1, "unreadable": 2 }));
        assert_eq!((overview.hygiene.total, overview.hygiene.valid, overview.hygiene.rejected), (4, 2, 2));
        assert_eq!(overview.hygiene.rejection_rate, "50.0%");
    }
}

#[tokio::test]
async fn appending_adds_and_finds_duplicates_of_what_is_there() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(3, &[])).await;
    // Lines 1 to 3 repeat what is there, 4 and 5 are new.
    assert_eq!(import_into(&app, &id, chats(5, &[]), "append").await, JobState::Succeeded);
    let expected =
        [(1, Valid), (2, Valid), (3, Valid), (1, Duplicate), (2, Duplicate), (3, Duplicate), (4, Valid), (5, Valid)];
    app.assert_lines(&id, &expected).await;
    let rows = app.rows(&id).await;
    assert_eq!(rows[4].validation.duplicate_of, Some(rows[1].id));
    let hygiene = app.hygiene(&id).await;
    assert_eq!((hygiene.total, hygiene.valid, hygiene.duplicates_removed), (8, 5, 3));
    let imports = app.overview(&id).await.imports;
    assert_eq!((imports[0].records, imports[0].valid, imports[0].duplicates), (5, 2, 3));
    assert_eq!(datasets(&app).await.len(), 1);
}

#[tokio::test]
async fn replacing_takes_the_old_records_away_only_when_the_file_was_read() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(4, &[])).await;
    let before: Vec<i64> = app.rows(&id).await.iter().map(|row| row.id).collect();

    // Incompressible enough that whole lines come out before the cut.
    let whole = gzip(chats(400, &[]).as_bytes());
    let cut_off = &whole[..whole.len() * 3 / 4];
    let message = failure(&app, &id, cut_off, "replace").await;
    assert!(message.contains("cut off after line") && message.contains("Nothing was replaced"), "{message}");
    assert!(!message.contains("up to there"), "{message}");
    let after: Vec<i64> = app.rows(&id).await.iter().map(|row| row.id).collect();
    assert_eq!(after, before);
    assert_eq!(app.hygiene(&id).await.valid, 4);
    let message = failure(&app, &id, b"\x89PNG\r\n\x1A\n\0\0", "replace").await;
    assert!(message.contains("a PNG image") && message.contains("Nothing was replaced"), "{message}");
    // Adding keeps what came.
    let other = app.imported("b.jsonl", chats(1, &[])).await;
    let message = failure(&app, &other, cut_off, "append").await;
    assert!(message.contains("The lines up to there are kept") && !message.contains("replaced"), "{message}");
    assert!(app.hygiene(&other).await.total > 100);

    // The same prompts again: no duplicates of what goes.
    assert_eq!(import_into(&app, &id, chats(2, &[]), "replace").await, JobState::Succeeded);
    app.assert_lines(&id, &[(1, Valid), (2, Valid)]).await;
    assert!(app.rows(&id).await.iter().all(|row| !before.contains(&row.id)));
}

#[tokio::test]
async fn imports_of_one_dataset_take_turns() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(4, &[])).await;
    // All asked for before the first has begun to be read: the last one's records are what is left, whole.
    let mut jobs = Vec::new();
    for (lines, mode) in [(900, "append"), (700, "replace"), (500, "replace")] {
        let fields = [("dataset_id", id.as_str()), ("mode", mode)];
        let (status, body) = app.upload("more.jsonl", chats(lines, &[]).into(), &fields).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        jobs.push(body["job_id"].as_str().unwrap().to_owned());
    }
    for job in &jobs {
        assert_eq!(app.ended(job).await.state, JobState::Succeeded);
    }
    let hygiene = app.hygiene(&id).await;
    let imports = app.overview(&id).await.imports;
    assert_eq!((hygiene.total, hygiene.valid, hygiene.duplicates_removed), (500, 500, 0), "{imports:#?}");
}

#[tokio::test]
async fn traces_are_pasted_and_named() {
    let app = TestApp::start().await;
    let form = reqwest::multipart::Form::new()
        .text("name", "  Pasted ones ")
        .text("objective", "Answer well")
        .text("text", chats(2, &[]));
    let request = app.client.post(app.url("/upload")).header(header::ACCEPT, "application/json").multipart(form);
    let body: Value = request.send().await.unwrap().json().await.unwrap();
    let id = body["dataset_id"].as_str().unwrap();
    app.ended(body["job_id"].as_str().unwrap()).await;
    app.assert_lines(id, &[(1, Valid), (2, Valid)]).await;
    let overview = app.overview(id).await;
    assert_eq!((overview.dataset.name.as_str(), overview.dataset.objective.as_str()), ("Pasted ones", "Answer well"));
    assert_eq!(overview.imports[0].file_name, "pasted text");
}

/// What must come of a bad file: the import's error, or each record's line and details.
enum Outcome {
    /// The job fails with these words; this many records were kept.
    Fails(&'static [&'static str], usize),
    /// The job succeeds; per record its line, and words of its details (none: it is valid).
    Records(Vec<(i64, &'static str)>),
}

#[tokio::test]
async fn bad_files_get_their_message_at_its_place() {
    let app = TestApp::start().await;
    let earlier = app.imported("earlier.jsonl", chats(3, &[])).await;
    let good = chat("Where is my parcel today?", "On its way.", json!({}));
    let other = chat("May I change my flight?", "You may.", json!({}));
    let deep = format!("{{\"messages\": {}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let mut latin = br#"{"messages": [{"role": "user", "content": "Ich m"#.to_vec();
    latin.extend(b"\xF6chte mein Ticket umbuchen\"}]}\n");
    let long = format!("{good}\n{{\"messages\": \"{}\"}}\n{other}\n", "a".repeat(50 << 20));
    let mut truncated = gzip(chats(300, &[]).as_bytes());
    truncated.truncate(truncated.len() - 12);
    let png = b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0\0\x01".to_vec();

    let cases: Vec<(&str, Vec<u8>, Outcome)> = vec![
        ("one-newline.jsonl", b"\n".to_vec(), Outcome::Fails(&["The file is empty", "no line with content"], 0)),
        ("blank-lines.jsonl", b"\n  \n\t\r\n\n".to_vec(), Outcome::Fails(&["The file is empty"], 0)),
        ("only-a-mark.jsonl", b"\xEF\xBB\xBF".to_vec(), Outcome::Fails(&["The file is empty"], 0)),
        ("empty.gz", gzip(b""), Outcome::Fails(&["The file is empty"], 0)),
        ("bom.jsonl", format!("\u{feff}{good}\n").into_bytes(), Outcome::Records(vec![(1, "")])),
        ("crlf.jsonl", format!("{good}\r\n\r\n{other}\r\n").into_bytes(), Outcome::Records(vec![(1, ""), (3, "")])),
        (
            "latin-1.jsonl",
            [latin, format!("{good}\n").into_bytes()].concat(),
            Outcome::Records(vec![(1, "byte 0xF6 at column 49 is not valid UTF-8"), (2, "")]),
        ),
        (
            "long.jsonl",
            long.into_bytes(),
            Outcome::Records(vec![(1, ""), (2, "this line is 52428816 bytes long, over the limit"), (3, "")]),
        ),
        (
            "deep.jsonl",
            format!("{deep}\n{good}\n").into_bytes(),
            Outcome::Records(vec![(1, "nested more than 127 levels deep"), (2, "")]),
        ),
        ("image.png", png, Outcome::Fails(&["The file is a PNG image, not text"], 0)),
        ("zeros.gz", gzip(&vec![0; 1 << 20]), Outcome::Fails(&["binary data"], 0)),
        ("array.json", format!("[{good},\n {other}]").into_bytes(), Outcome::Records(vec![(1, ""), (2, "")])),
        ("list-line.jsonl", b"[1, 2]\n".to_vec(), Outcome::Records(vec![(1, "found a list")])),
        ("cut.jsonl.gz", truncated, Outcome::Fails(&["The gzip file is cut off after line", "are kept"], 1)),
        ("bomb.jsonl.gz", bomb(&good), Outcome::Fails(&["after line 1:", "looks like a gzip bomb"], 1)),
    ];
    for (name, bytes, outcome) in cases {
        let (id, job) = app.import(name, bytes).await;
        let rows = app.rows(&id).await;
        match outcome {
            Outcome::Fails(words, at_least) => {
                let error = job.error.unwrap_or_else(|| panic!("{name} was imported: {rows:?}"));
                assert_eq!(job.state, JobState::Failed, "{name}");
                assert!(words.iter().all(|word| error.contains(word)), "{name}: {error}");
                assert!(rows.len() >= at_least && (at_least > 0) != rows.is_empty(), "{name}: {}", rows.len());
                assert!(rows.iter().all(|row| row.validation.is_valid()), "{name}: {rows:?}");
                assert_eq!(app.overview(&id).await.pipeline_inputs.import_failed, Some(error), "{name}");
            }
            Outcome::Records(expected) => {
                assert_eq!(job.state, JobState::Succeeded, "{name}: {job:?}");
                assert_eq!(rows.len(), expected.len(), "{name}: {rows:?}");
                for (row, (line, words)) in rows.iter().zip(expected) {
                    let details = row.validation.details.clone().unwrap_or_default();
                    assert_eq!(
                        (row.line, row.validation.is_valid()),
                        (Some(line), words.is_empty()),
                        "{name}: {details}"
                    );
                    assert!(details.contains(words), "{name}, line {line}: {details}");
                }
            }
        }
        app.assert_alive().await;
    }
    app.assert_lines(&earlier, &[(1, Valid), (2, Valid), (3, Valid)]).await;
    assert_no_uploads_left(&app);
}

/// A good line, then one without end: 300 MiB in some 300 KiB.
fn bomb(good: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writeln!(encoder, "{good}").unwrap();
    let chunk = vec![b'a'; 1 << 20];
    for _ in 0..300 {
        encoder.write_all(&chunk).unwrap();
    }
    encoder.finish().unwrap()
}

fn assert_no_uploads_left(app: &TestApp) {
    let left: Vec<_> = std::fs::read_dir(app.dir.path().join("data/uploads")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

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

    assert!(datasets(&app).await.is_empty());
    assert_no_uploads_left(&app);
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

    assert!(datasets(&app).await.is_empty());
    assert_no_uploads_left(&app);
    app.assert_alive().await;
}

#[tokio::test]
async fn an_upload_over_the_limit_is_refused() {
    let app = TestApp::start_with(|config| Config { max_upload_bytes: 1000, ..config }).await;
    let (status, body) = app.upload("big.jsonl", chats(100, &[]).into(), &[]).await;
    assert_eq!((status, body["error"].as_str()), (StatusCode::PAYLOAD_TOO_LARGE, Some("too_large")), "{body}");
    assert!(datasets(&app).await.is_empty());
    assert_no_uploads_left(&app);
    app.imported("small.jsonl", chats(1, &[])).await;
}

#[tokio::test]
async fn a_killed_import_goes_on_at_the_next_line() {
    const LINES: i64 = 12_000;
    let dir = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(dir.path()).await;
    let text = chats(usize::try_from(LINES).unwrap(), &[]);
    let (status, body) = server.door.upload("a.jsonl", text.into(), &[]).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let (id, job) = (body["dataset_id"].as_str().unwrap().to_owned(), body["job_id"].as_str().unwrap().to_owned());
    let seen = server.door.job_until(&id, &job, |job| job.done > 0).await;
    assert_eq!(seen.state, JobState::Running, "{seen:?}");
    server.kill().await;

    let server = ServerProcess::start(dir.path()).await;
    let ended = server.door.job_until(&id, &job, |job| !job.state.is_active()).await;
    assert_eq!(ended.state, JobState::Succeeded, "{ended:?}");
    let hygiene = server.door.hygiene(&id).await;
    assert_eq!((hygiene.total, hygiene.valid), (LINES, LINES));
    let report = server.door.overview(&id).await.imports.remove(0);
    assert_eq!((report.records, report.formats.get(ImportFormat::Chat)), (LINES, LINES));
    let exported = server.door.get(&format!("/download/{id}/records.jsonl?format=chat")).await.1;
    assert!(exported.lines().enumerate().all(|(n, line)| line.contains(&format!("order number {n}?"))));
}

#[tokio::test]
async fn real_files_are_imported_whole() {
    for (name, records) in [("airline_chat.jsonl.gz", 200), ("airline_spans.jsonl.gz", 603)] {
        let Some(bytes) = real_data(name) else { continue };
        let app = TestApp::start().await;
        let id = app.imported(name, bytes).await;
        let hygiene = app.hygiene(&id).await;
        assert_eq!((hygiene.total, hygiene.pending), (records, 0), "{name}");
        assert!(hygiene.valid * 10 >= records * 9, "{name}: {hygiene:?}");
        let rows = app.rows(&id).await;
        assert!(rows.iter().map(|row| row.line).eq((1..=200).map(Some)), "{name}");
    }
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
    assert_no_uploads_left(&app);
}

#[tokio::test]
async fn a_disk_that_is_nearly_full_takes_nothing_more_in() {
    let app = TestApp::start_with(|config| Config { min_free_disk_bytes: 1 << 60, ..config }).await;
    let (status, body) = app.upload("a.jsonl", chats(1, &[]).into(), &[]).await;
    assert_eq!((status, body["error"].as_str()), (StatusCode::SERVICE_UNAVAILABLE, Some("unavailable")), "{body}");
    assert!(body["message"].as_str().unwrap().contains("ANNEAL_MIN_FREE_DISK_BYTES"), "{body}");
    assert!(datasets(&app).await.is_empty());
    assert_no_uploads_left(&app);

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
    assert!(datasets(&app).await.is_empty());
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
    assert_no_uploads_left(&app);
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
    assert_no_uploads_left(&app);
}

#[tokio::test]
async fn a_name_holds_nothing_that_cannot_be_seen() {
    let app = TestApp::start().await;
    let (status, body) = app.upload("invoice\u{202e}lnosj.jsonl", chats(1, &[]).into(), &[]).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let id = body["dataset_id"].as_str().unwrap();
    assert_eq!(app.overview(id).await.dataset.name, "invoicelnosj");
    for name in ["a\u{202e}b", "a\u{2066}b", "a\u{200f}b", "a\u{61c}b"] {
        let (status, body) = app.upload("a.jsonl", chats(1, &[]).into(), &[("name", name)]).await;
        assert_eq!((status.as_u16(), body["field"].as_str()), (422, Some("name")), "{body}");
        let arguments = json!({ "dataset_id": id, "name": name, "objective": "" });
        let message = app.refused("datasets/update", arguments, 422).await;
        let code = format!("U+{:04X}", u32::from(name.chars().nth(1).unwrap()));
        assert!(message.contains(&code) && !message.contains(name), "{message}");
    }
    let arguments = json!({ "dataset_id": id, "name": "a\u{7}b", "objective": "" });
    assert!(app.refused("datasets/update", arguments, 422).await.contains("control character"));
    assert_eq!(app.overview(id).await.dataset.name, "invoicelnosj");
}
