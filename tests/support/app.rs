//! A server per test: the whole router, its own data folder, a port of its own.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anneal_server::config::Config;
use anneal_server::grader::{WORKER_ARGUMENT, WorkerCommand};
use anneal_server::state::AppState;
use anneal_server::types::job::{JobState, JobStatus};
use anneal_server::types::overview::DatasetOverview;
use reqwest::multipart::{Form, Part};
use reqwest::{Client, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A running server; stops when dropped.
pub struct TestApp {
    /// The application's own handles, for what has no door (its shutdown).
    pub state: AppState,
    pub address: SocketAddr,
    pub client: Client,
    /// Kept until the end: the data folder.
    pub dir: TempDir,
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.state.shutdown.cancel();
    }
}

/// The program under test, as the command line calls it.
pub fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_anneal"))
}

impl TestApp {
    /// A server with the default configuration.
    pub async fn start() -> Self {
        Self::start_with(|config| config).await
    }

    /// A server whose configuration was changed.
    pub async fn start_with(change: impl FnOnce(Config) -> Config) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = Config {
            data_dir: dir.path().join("data"),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            site_dir: dir.path().join("site"),
            ..Config::default()
        };
        let config = change(config).check().unwrap();
        let worker = WorkerCommand { program: program(), arguments: vec![WORKER_ARGUMENT.into()] };
        let state = AppState::open(config, worker).await.unwrap();
        let listener = tokio::net::TcpListener::bind(state.config.address).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(anneal::serve::run(listener, state.clone()));
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { state, address, client, dir }
    }

    /// An absolute address.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Calls a server function; answers status and body.
    pub async fn call(&self, endpoint: &str, arguments: Value) -> (StatusCode, Value) {
        let response = self
            .client
            .post(self.url(&format!("/api/{endpoint}")))
            .header(header::ACCEPT, "application/json")
            .json(&arguments)
            .send()
            .await
            .unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Calls a server function that must succeed.
    pub async fn ask<T: DeserializeOwned>(&self, endpoint: &str, arguments: Value) -> T {
        let (status, body) = self.call(endpoint, arguments).await;
        assert_eq!(status, StatusCode::OK, "{endpoint}: {body}");
        serde_json::from_value(body).unwrap()
    }

    /// Calls a server function that must fail with this status; answers the message a person sees.
    pub async fn refused(&self, endpoint: &str, arguments: Value, status: u16) -> String {
        let (got, body) = self.call(endpoint, arguments).await;
        assert_eq!(got.as_u16(), status, "{endpoint}: {body}");
        body["message"].as_str().or(body["what"].as_str()).unwrap_or_default().to_owned()
    }

    /// `GET`, as text.
    pub async fn get(&self, path: &str) -> (StatusCode, String) {
        let response = self.client.get(self.url(path)).send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    }

    /// Uploads bytes as a file by the form a browser sends; answers status and body.
    pub async fn upload(&self, file_name: &str, bytes: Vec<u8>, fields: &[(&str, &str)]) -> (StatusCode, Value) {
        let mut form = Form::new();
        for (name, value) in fields {
            form = form.text((*name).to_owned(), (*value).to_owned());
        }
        let form = form.part("file", Part::bytes(bytes).file_name(file_name.to_owned()));
        let request = self.client.post(self.url("/upload")).header(header::ACCEPT, "application/json").multipart(form);
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Uploads and waits for the import's end, whatever it is; answers the dataset's id and the job.
    pub async fn import(&self, file_name: &str, bytes: impl Into<Vec<u8>>) -> (String, JobStatus) {
        let (status, body) = self.upload(file_name, bytes.into(), &[]).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        let dataset_id = body["dataset_id"].as_str().unwrap().to_owned();
        let job = self.ended(body["job_id"].as_str().unwrap()).await;
        (dataset_id, job)
    }

    /// Imports what must be readable; answers the dataset's id.
    pub async fn imported(&self, file_name: &str, bytes: impl Into<Vec<u8>>) -> String {
        let (dataset_id, job) = self.import(file_name, bytes).await;
        assert_eq!(job.state, JobState::Succeeded, "{job:?}");
        dataset_id
    }

    /// Waits until a job has ended.
    pub async fn ended(&self, job_id: &str) -> JobStatus {
        let wait = anneal_server::jobs::runner::wait(&self.state, job_id, |_| {});
        tokio::time::timeout(Duration::from_secs(120), wait).await.expect("the job ends").unwrap()
    }

    /// A dataset's whole state as its page gets it.
    pub async fn overview(&self, dataset_id: &str) -> DatasetOverview {
        self.ask("datasets/overview", json!({ "dataset_id": dataset_id })).await
    }

    /// Saves a script grader that must be accepted.
    pub async fn set_grader(&self, dataset_id: &str, script: &str) {
        let config = json!({ "type": "script", "script": script });
        let _: Value = self.ask("grader/save", json!({ "dataset_id": dataset_id, "config": config })).await;
    }
}

/// The bytes as one gzip member.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A file of the shared real data, or `None` (said on standard error) where the folder is missing.
pub fn real_data(name: &str) -> Option<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            eprintln!("skipped: {} cannot be read ({error})", path.display());
            None
        }
    }
}
