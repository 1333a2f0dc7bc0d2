//! A server per test: the whole router, its own data folder, a port of its own.

use std::io::Write;
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anneal_server::config::Config;
use anneal_server::grader::{WORKER_ARGUMENT, WorkerCommand};
use anneal_server::state::AppState;
use anneal_server::types::dataset::{DatasetRecord, DatasetSummary, RecordRow};
use anneal_server::types::dry_run::{DryRunReport, DryRunSample, DryRunSummary, SamplePage};
use anneal_server::types::grader::GraderTestReport;
use anneal_server::types::job::{JobState, JobStatus};
use anneal_server::types::overview::DatasetOverview;
use anneal_server::types::pipeline::{PipelineStep, PipelineStepId};
use anneal_server::types::validation::{HygieneReport, RecordStatus};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A server's public door.
pub struct Door {
    pub address: SocketAddr,
    pub client: Client,
}

/// A running server; stops when dropped.
pub struct TestApp {
    /// The application's own handles, for what has no door (its shutdown).
    pub state: AppState,
    pub door: Door,
    /// Kept until the end: the data folder.
    pub dir: TempDir,
}

impl Deref for TestApp {
    type Target = Door;

    fn deref(&self) -> &Door {
        &self.door
    }
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
            // Jobs that nobody asked for would come in between; the tests of this one ask for it.
            near_duplicates_up_to: 0,
            ..Config::default()
        };
        let config = change(config).check().unwrap();
        let worker = WorkerCommand { program: program(), arguments: vec![WORKER_ARGUMENT.into()] };
        let state = AppState::open(config, worker).await.unwrap();
        let listener = tokio::net::TcpListener::bind(state.config.address).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(anneal::serve::run(listener, state.clone()));
        Self { state, door: Door::to(address), dir }
    }

    /// Every upload's file is gone.
    pub fn assert_no_uploads_left(&self) {
        let left: Vec<_> = std::fs::read_dir(self.dir.path().join("data/uploads")).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
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
        tokio::time::timeout(Duration::from_mins(2), wait).await.expect("the job ends").unwrap()
    }

    /// Has five responses graded by a draft, or (null) by the saved grader.
    pub async fn tested(&self, dataset_id: &str, draft: Value) -> GraderTestReport {
        self.tested_on(dataset_id, draft, 0).await
    }

    /// The same, on the samples of another draw.
    pub async fn tested_on(&self, dataset_id: &str, draft: Value, draw: u32) -> GraderTestReport {
        let arguments = json!({ "dataset_id": dataset_id, "draft": draft, "samples": 5, "draw": draw });
        let job: JobStatus = self.ask("grader/test", arguments).await;
        let ended = self.ended(&job.id).await;
        assert_eq!(ended.state, JobState::Succeeded, "{ended:?}");
        let report: Option<GraderTestReport> =
            self.ask("grader/tested", json!({ "dataset_id": dataset_id, "job_id": job.id })).await;
        report.unwrap()
    }

    /// Runs a dry run to its end; answers its report.
    pub async fn dry_run(&self, dataset_id: &str, sample_size: i64) -> DryRunReport {
        let run = self.start_dry_run(dataset_id, sample_size).await;
        let job = self.ended(&run.job_id).await;
        assert_eq!(job.state, JobState::Succeeded, "{job:?}");
        self.overview(dataset_id).await.dry_run.unwrap().report.unwrap()
    }
}

/// A dry run that keeps the only runner of a [`TestApp::busy`] occupied for seconds.
pub struct Busy {
    pub dataset: String,
    pub run: String,
    job: String,
}

/// Some 50 ms of computing for each response.
const SLOW: &str = "function grade(input) { let x = 1; for (let i = 0; i < 400000; i++) { x = (x * 31 + i) % 1000003; } return x < 0 ? 1 : 0.5; }";

impl TestApp {
    /// A server that runs one job at a time, and is at one: any other stays queued until this one is cancelled.
    pub async fn busy() -> (Self, Busy) {
        let app = Self::start_with(|config| Config { concurrent_jobs: 1, ..config }).await;
        let dataset = app.imported("busy.jsonl", super::records::chats(400, &[])).await;
        app.set_grader(&dataset, SLOW).await;
        let busy = Busy { dataset, run: String::new(), job: String::new() }.again(&app).await;
        (app, busy)
    }

    /// Imports while the runner is free for a moment, which it then is.
    pub async fn imported_beside(&self, busy: &Busy, bytes: impl Into<Vec<u8>>) -> String {
        busy.free(self).await;
        self.imported("beside.jsonl", bytes).await
    }
}

impl Busy {
    /// Occupies the runner anew.
    pub async fn again(self, app: &TestApp) -> Self {
        let mut config = dry_run_config(400);
        config.concurrency = 1;
        let arguments = json!({ "dataset_id": self.dataset, "config": config });
        let run: DryRunSummary = app.ask("dry-run/start", arguments).await;
        app.job_until(&self.dataset, &run.job_id, |job| job.done > 0).await;
        Self { run: run.id, job: run.job_id, ..self }
    }

    /// Lets the other jobs run.
    pub async fn free(&self, app: &TestApp) {
        let _: Value = app.ask("jobs/cancel", json!({ "job_id": self.job })).await;
        app.ended(&self.job).await;
    }
}

/// What pages send as forms; everything else is JSON.
const FORMS: [&str; 4] = ["datasets/update", "datasets/delete", "datasets/restore", "datasets/duplicate"];
const FORM: &str = "application/x-www-form-urlencoded";

fn urlencoded(fields: &[(&str, &str)]) -> String {
    let escaped = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
    fields.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect::<Vec<_>>().join("&")
}

impl Door {
    /// To the server at this address; redirects are answers, not followed.
    pub fn to(address: SocketAddr) -> Self {
        anneal_server::llm::use_tls();
        Self { address, client: Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap() }
    }

    /// An absolute address.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Calls a server function; answers status and body.
    pub async fn call(&self, endpoint: &str, arguments: Value) -> (StatusCode, Value) {
        let request =
            self.client.post(self.url(&format!("/api/{endpoint}"))).header(header::ACCEPT, "application/json");
        let request = if FORMS.contains(&endpoint) {
            let fields: Vec<(&str, &str)> = arguments
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
                .collect();
            request.header(header::CONTENT_TYPE, FORM).body(urlencoded(&fields))
        } else {
            request.json(&arguments)
        };
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Sends a form as a browser without JavaScript does; answers where it leads.
    pub async fn submit(&self, endpoint: &str, from: &str, fields: &[(&str, &str)]) -> String {
        let request = self
            .client
            .post(self.url(&format!("/api/{endpoint}")))
            .header(header::ACCEPT, "text/html")
            .header(header::REFERER, self.url(from));
        let response = request.header(header::CONTENT_TYPE, FORM).body(urlencoded(fields)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::FOUND, "{endpoint}");
        let location = response.headers()[header::LOCATION].to_str().unwrap();
        location.strip_prefix(&self.url("")).unwrap_or(location).to_owned()
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
        self.send_form("/upload", &[], form).await
    }

    /// Looks at a file by `POST /upload/preview`; answers status and body.
    pub async fn preview(
        &self,
        file_name: &str,
        bytes: impl Into<Vec<u8>>,
        fields: &[(&str, &str)],
    ) -> (StatusCode, Value) {
        let file = Part::bytes(bytes.into()).file_name(file_name.to_owned());
        self.send_form("/upload/preview", fields, Form::new().part("file", file)).await
    }

    /// Sends a form of text fields only, in their order.
    pub async fn send_fields(&self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, Value) {
        self.send_form(path, fields, Form::new()).await
    }

    /// Sends a form with further text fields behind it.
    pub async fn send_form(&self, path: &str, fields: &[(&str, &str)], mut form: Form) -> (StatusCode, Value) {
        for (name, value) in fields {
            form = form.text((*name).to_owned(), (*value).to_owned());
        }
        let request = self.client.post(self.url(path)).header(header::ACCEPT, "application/json").multipart(form);
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// A dataset's whole state as its page gets it.
    pub async fn datasets(&self) -> Vec<DatasetSummary> {
        self.ask("datasets/list", json!({})).await
    }

    pub async fn overview(&self, dataset_id: &str) -> DatasetOverview {
        self.ask("datasets/overview", json!({ "dataset_id": dataset_id })).await
    }

    /// The first 200 records, in record order.
    pub async fn rows(&self, dataset_id: &str) -> Vec<RecordRow> {
        let filter = json!({ "status": null, "error": null, "topic": null, "needs_review": false, "text": null });
        let arguments = json!({ "dataset_id": dataset_id, "filter": filter, "page": 1, "page_size": 200 });
        let page: anneal_server::types::dataset::RecordPage = self.ask("records/list", arguments).await;
        page.rows
    }

    /// One record, whole.
    pub async fn record(&self, dataset_id: &str, record_id: i64) -> DatasetRecord {
        self.ask("records/get", json!({ "dataset_id": dataset_id, "record_id": record_id })).await
    }

    /// Replaces a record's data, whatever that does to its validity.
    pub async fn edit(&self, dataset_id: &str, record_id: i64, data: &Value) -> DatasetRecord {
        let opened_at = self.record(dataset_id, record_id).await.updated_at;
        let edit = json!({ "data": data.to_string(), "opened_at": opened_at, "allow_invalid": true });
        self.ask("records/update", json!({ "dataset_id": dataset_id, "record_id": record_id, "edit": edit })).await
    }

    /// The state of the records; every report must add up.
    pub async fn hygiene(&self, dataset_id: &str) -> HygieneReport {
        let report = self.overview(dataset_id).await.hygiene;
        assert_eq!(report.total, report.valid + report.rejected + report.duplicates_removed, "{report:?}");
        report
    }

    /// A step's card.
    pub async fn step(&self, dataset_id: &str, id: PipelineStepId) -> PipelineStep {
        let overview = self.overview(dataset_id).await;
        anneal_server::pipeline::compute_pipeline_state(&overview.pipeline_inputs).step(id).clone()
    }

    /// All samples of a run, in the plan's order.
    pub async fn samples(&self, run_id: &str) -> Vec<DryRunSample> {
        let mut samples = Vec::new();
        for page in 1.. {
            let arguments = json!({ "run_id": run_id, "selection": { "selection": "all" }, "page": page });
            let got: SamplePage = self.ask("dry-run/samples", arguments).await;
            let end = got.samples.is_empty();
            samples.extend(got.samples);
            if end || i64::try_from(samples.len()).unwrap() >= got.total {
                break;
            }
        }
        samples
    }

    /// A job as the dataset's page sees it.
    pub async fn job(&self, dataset_id: &str, job_id: &str) -> JobStatus {
        let jobs = self.overview(dataset_id).await.jobs;
        jobs.into_iter().find(|job| job.id == job_id).unwrap()
    }

    /// Waits until the page shows a job as the condition wants it.
    pub async fn job_until(&self, dataset_id: &str, job_id: &str, wanted: impl Fn(&JobStatus) -> bool) -> JobStatus {
        for _ in 0..6000 {
            let job = self.job(dataset_id, job_id).await;
            if wanted(&job) {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the job never got there: {:?}", self.job(dataset_id, job_id).await);
    }

    /// Asserts that the server still answers.
    pub async fn assert_alive(&self) {
        assert_eq!(self.get("/healthz").await, (StatusCode::OK, "ok\n".to_owned()));
    }

    /// Asserts status and line number of every record, in order.
    pub async fn assert_lines(&self, dataset_id: &str, expected: &[(i64, RecordStatus)]) {
        let rows = self.rows(dataset_id).await;
        let got: Vec<(i64, RecordStatus)> =
            rows.iter().map(|row| (row.line.unwrap_or(0), row.validation.status)).collect();
        assert_eq!(got, expected, "{rows:#?}");
    }

    /// Starts a dry run that must be accepted.
    pub async fn start_dry_run(&self, dataset_id: &str, sample_size: i64) -> DryRunSummary {
        let config = dry_run_config(sample_size);
        self.ask("dry-run/start", json!({ "dataset_id": dataset_id, "config": config })).await
    }

    /// Saves a script grader that must be accepted.
    pub async fn set_grader(&self, dataset_id: &str, script: &str) {
        let config = json!({ "type": "script", "script": script });
        let _: Value = self.ask("grader/save", json!({ "dataset_id": dataset_id, "config": config })).await;
    }
}

/// The default configuration with another sample size.
pub fn dry_run_config(sample_size: i64) -> anneal_server::types::dry_run::DryRunConfig {
    anneal_server::types::dry_run::DryRunConfig { sample_size, ..Default::default() }
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

/// What lies in the folder of uploads.
pub fn uploads(app: &TestApp) -> Vec<String> {
    let folder = std::fs::read_dir(app.dir.path().join("data/uploads")).unwrap();
    let mut names: Vec<String> = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
