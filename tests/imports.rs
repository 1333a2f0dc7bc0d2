//! Import: every line of every file becomes a record, and no file takes the server down.

use std::io::Write;

use anneal_server::types::import::ImportFormat;
use anneal_server::types::job::JobState;
use anneal_server::types::validation::RecordStatus::{Duplicate, Invalid, Valid};
use anneal_server::types::validation::ValidationError;
use reqwest::{StatusCode, header};
use serde_json::{Value, json};

use crate::support::app::{TestApp, gzip, real_data};
use crate::support::process::ServerProcess;
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
    assert_eq!(app.datasets().await.len(), 1);
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
        ("image.png", png, Outcome::Fails(&["The file is a PNG image, which cannot be read"], 0)),
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
    app.assert_no_uploads_left();
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
