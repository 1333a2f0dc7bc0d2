//! Imports by which something could be lost: files that bring nothing, files among others, connections that break.

use std::time::Duration;

use anneal_server::types::job::JobState;
use anneal_server::types::pipeline::{PipelineStepId, PipelineStepStatus};
use anneal_server::types::validation::RecordStatus::Valid;
use reqwest::StatusCode;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::app::{TestApp, gzip, uploads};
use crate::support::records::chats;

#[tokio::test]
async fn a_file_without_a_record_replaces_nothing() {
    let app = TestApp::start().await;
    let id = app.imported("before.jsonl", chats(3, &[])).await;
    let span = json!({"traceId": "t", "spanId": "s", "name": "SELECT", "attributes": []});
    let spans = json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).to_string();
    for (text, why) in [
        (r#"{"data": []}"#.to_owned(), "there is no conversation in it"),
        (r#"{"resourceSpans": []}"#.to_owned(), "there is no conversation in it"),
        (spans, "1 spans that are no model call"),
    ] {
        for mode in ["replace", "append"] {
            let fields = [("dataset_id", id.as_str()), ("mode", mode)];
            let (status, body) = app.upload("nothing.json", text.clone().into_bytes(), &fields).await;
            assert_eq!(status, StatusCode::CREATED, "{body}");
            let job = app.ended(body["job_id"].as_str().unwrap()).await;
            assert_eq!(job.state, JobState::Failed, "{mode} {text}");
            let error = job.error.unwrap();
            assert!(error.contains("holds no record") && error.contains(why), "{error}");
            app.assert_lines(&id, &[(1, Valid), (2, Valid), (3, Valid)]).await;
        }
    }
    assert_eq!(app.step(&id, PipelineStepId::Extract).await.status, PipelineStepStatus::Failed);
}

#[tokio::test]
async fn a_file_that_failed_is_told_though_others_came_after_it() {
    let app = TestApp::start().await;
    let mut cut_off = gzip(chats(300, &[]).as_bytes());
    cut_off.truncate(cut_off.len() - 12);
    let send = async |files: Vec<(&'static str, Vec<u8>)>| {
        let form = files
            .into_iter()
            .fold(Form::new(), |form, (name, bytes)| form.part("file", Part::bytes(bytes).file_name(name)));
        let (_, body) = app.send_form("/upload", &[], form).await;
        for job_id in body["job_ids"].as_array().unwrap() {
            app.ended(job_id.as_str().unwrap()).await;
        }
        body["dataset_id"].as_str().unwrap().to_owned()
    };
    let fine = || chats(2, &[]).into_bytes();
    let id = send(vec![("cut.jsonl.gz", cut_off.clone()), ("fine.jsonl", fine())]).await;
    let step = app.step(&id, PipelineStepId::Extract).await;
    assert_eq!(step.status, PipelineStepStatus::Failed);
    assert!(step.status_text.contains("cut.jsonl.gz: ") && step.status_text.contains("cut off"), "{step:?}");

    // Of several, the first in the files' order.
    let id = send(vec![("b.jsonl.gz", cut_off.clone()), ("fine.jsonl", fine()), ("a.jsonl.gz", cut_off)]).await;
    let step = app.step(&id, PipelineStepId::Extract).await;
    assert!(step.status_text.contains("2 files could not be read, the first: b.jsonl.gz: "), "{step:?}");

    // A later import that succeeds ends it.
    let (_, body) = app.upload("later.jsonl", fine(), &[("dataset_id", &id)]).await;
    assert_eq!(app.ended(body["job_id"].as_str().unwrap()).await.state, JobState::Succeeded);
    assert_ne!(app.step(&id, PipelineStepId::Extract).await.status, PipelineStepStatus::Failed);
}

#[tokio::test]
async fn a_preview_that_nobody_waits_for_leaves_no_file() {
    let app = TestApp::start().await;
    // The tokenizer takes seconds for such lines.
    let line = json!({"messages": [{"role": "user", "content": "a".repeat(6 << 20)}]});
    let part = Part::bytes(format!("{line}\n{line}").into_bytes()).file_name("slow.jsonl");
    let request = app.client.post(app.url("/upload/preview")).multipart(Form::new().part("file", part));
    let answer = request.timeout(Duration::from_millis(600)).send().await;
    assert!(answer.is_err_and(|error| error.is_timeout()), "the preview took no time: nothing is tested");
    for _ in 0..1_000 {
        if uploads(&app).is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(uploads(&app), [""; 0]);
    app.assert_alive().await;
}

#[tokio::test]
async fn what_was_only_looked_at_is_forgotten_when_asked() {
    let app = TestApp::start().await;
    let mut tokens = Vec::new();
    for name in ["a.jsonl", "b.jsonl"] {
        let (_, body) = app.preview(name, chats(2, &[]), &[]).await;
        tokens.push(body["upload_token"].as_str().unwrap().to_owned());
    }
    assert_eq!(uploads(&app).len(), 4);
    let twice = json!({ "upload_tokens": [tokens[0], tokens[0]] });
    let _: Value = app.ask("uploads/forget", twice).await;
    assert_eq!(uploads(&app), [tokens[1].clone(), format!("{}.name", tokens[1])]);
    app.refused("uploads/forget", json!({ "upload_tokens": ["../anneal.sqlite"] }), 422).await;
    let (status, _) = app.send_fields("/upload", &[("upload_token", &tokens[1])]).await;
    assert_eq!(status, StatusCode::CREATED);
}
