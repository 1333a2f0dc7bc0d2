//! The event stream: stored state first, then what happens, of one dataset only.

use anneal_server::db::{self, Db};
use anneal_server::types::event::DatasetEvent;
use anneal_server::types::job::{JobKind, JobState};
use reqwest::{Response, header};
use serde_json::{Value, json};

use crate::support::app::{TestApp, dry_run_config};
use crate::support::records::chats;

/// An open stream.
struct Stream {
    response: Response,
    buffer: String,
}

impl Stream {
    async fn open(app: &TestApp, dataset_id: &str) -> Self {
        let response = app.client.get(app.url(&format!("/events/{dataset_id}"))).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        Self { response, buffer: String::new() }
    }

    /// The next message; comments that keep the connection alive are passed over.
    async fn next(&mut self) -> DatasetEvent {
        loop {
            if let Some(end) = self.buffer.find("\n\n") {
                let message: String = self.buffer.drain(..end + 2).collect();
                if let Some(data) = message.strip_prefix("data: ") {
                    return serde_json::from_str(data).unwrap();
                }
                continue;
            }
            let chunk = self.response.chunk().await.unwrap().expect("the stream goes on");
            self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

#[tokio::test]
async fn a_page_that_comes_later_is_told_the_running_job_and_its_progress() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(60, &[])).await;
    app.set_grader(&id, "function grade(input) { let x = 1; for (let i = 0; i < 200000; i++) { x = (x * 31 + i) % 1000003; } return x < 0 ? 1 : 0.5; }").await;
    let mut config = dry_run_config(60);
    config.concurrency = 1;
    let run: Value = app.ask("dry-run/start", json!({ "dataset_id": id, "config": config })).await;

    let mut stream = Stream::open(&app, &id).await;
    let DatasetEvent::Job { job } = stream.next().await else { panic!("the stored job comes first") };
    assert_eq!((job.kind, Some(job.id.as_str())), (JobKind::DryRun, run["job_id"].as_str()));
    assert!(job.state.is_active());
    let mut progress = Vec::new();
    let ended = loop {
        match stream.next().await {
            DatasetEvent::Job { job } if job.state.is_active() => progress.push(job.done),
            DatasetEvent::Job { job } => break job,
            DatasetEvent::Changed => {}
            DatasetEvent::Deleted => panic!("nothing was deleted"),
        }
    };
    assert_eq!((ended.state, ended.done, ended.total), (JobState::Succeeded, 60, 60));
    assert!(progress.is_sorted(), "{progress:?}");
    assert!(progress.iter().any(|done| (1..60).contains(done)), "{progress:?}");
    assert_eq!(stream.next().await, DatasetEvent::Changed);
    assert!(app.overview(&id).await.dry_run.is_some(), "what is told is stored before");
}

#[tokio::test]
async fn a_stream_tells_of_its_dataset_only_and_of_its_end() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(2, &[])).await;
    let other = app.imported("b.jsonl", chats(2, &[])).await;
    // The imports' last words have been said once the job's end was told.
    let mut stream = Stream::open(&app, &id).await;
    let rename = |id: &str, name: &str| json!({ "dataset_id": id, "name": name, "objective": "" });
    let _: Value = app.ask("datasets/update", rename(&other, "renamed")).await;
    let _: Value = app.ask("datasets/delete", json!({ "dataset_id": other, "confirm_name": "renamed" })).await;
    let _: Value = app.ask("datasets/update", rename(&id, "mine")).await;
    let wrong = app.refused("datasets/delete", json!({ "dataset_id": id, "confirm_name": "other" }), 422).await;
    assert!(wrong.contains("\"mine\""), "{wrong}");
    let _: Value = app.ask("datasets/delete", json!({ "dataset_id": id, "confirm_name": "mine" })).await;
    let mut changed = 0;
    loop {
        match stream.next().await {
            DatasetEvent::Changed => changed += 1,
            DatasetEvent::Deleted => break,
            // The import's end may be told after it was stored.
            DatasetEvent::Job { job } => assert_eq!(job.dataset_id, id),
        }
    }
    assert!(changed >= 1, "the change of the name was told before the end");
    assert_eq!(app.get(&format!("/events/{id}")).await.0, 404);
    app.refused("datasets/overview", json!({ "dataset_id": id }), 404).await;
    let datasets: Vec<Value> = app.ask("datasets/list", json!({})).await;
    assert!(datasets.is_empty());
}

#[tokio::test]
async fn a_deletion_by_another_process_is_told() {
    let app = TestApp::start().await;
    let id = app.imported("a.jsonl", chats(2, &[])).await;
    let mut stream = Stream::open(&app, &id).await;
    // The watch has looked at least once.
    tokio::time::sleep(std::time::Duration::from_millis(1_000)).await;
    let other_process = Db::open(&app.state.config.database_path()).await.unwrap();
    let mut tx = other_process.begin().await.unwrap();
    db::datasets::hide(&mut tx, &id).await.unwrap();
    tx.commit().await.unwrap();
    let told = async { while stream.next().await != DatasetEvent::Deleted {} };
    tokio::time::timeout(std::time::Duration::from_secs(10), told).await.expect("told within seconds");
    other_process.close().await;
}
