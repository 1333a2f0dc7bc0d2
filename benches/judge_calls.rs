//! Calls of a judge through the product's own way (a dry run's job: sampled, asked, every call and every grade stored in
//! SQLite) against a test endpoint that takes a fixed time. The ideal is calls / concurrency times that time.
//! Prints the time, its ratio to the ideal, and what the whole job took.
//!
//! `judge_calls [RUNS]` (see `benches/run.sh`)

#![expect(clippy::print_stdout, reason = "the figures are what it is run for")]

use std::error::Error;
use std::time::Instant;

use anneal_server::config::Config;
use anneal_server::datasets::{self, new_id};
use anneal_server::grader::{self, WORKER_ARGUMENT, WorkerCommand, worker_main};
use anneal_server::jobs::import::{self, ImportFile};
use anneal_server::jobs::{self, RunBy};
use anneal_server::llm::endpoints;
use anneal_server::state::AppState;
use anneal_server::test_endpoint::{Fault, Route, Rule, Script, TestEndpoint};
use anneal_server::types::dry_run::DryRunConfig;
use anneal_server::types::endpoint::{EndpointForm, ModelChoice, ModelRole};
use anneal_server::types::grader::{GraderConfig, LlmJudge};
use anneal_server::types::import::ImportMode;
use anneal_server::types::job::JobState;
use anneal_server::{db, dry_run};
use serde_json::json;

/// Calls, calls at once, milliseconds of each.
const CASES: [(u32, u32, u32); 2] = [(1_000, 50, 100), (1_200, 64, 200)];

fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args_os().nth(1).is_some_and(|argument| argument == WORKER_ARGUMENT) {
        worker_main();
    }
    let runs = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(5);
    let runtime = tokio::runtime::Runtime::new()?;
    for (calls, at_once, latency_ms) in CASES {
        let ideal = f64::from(calls) / f64::from(at_once) * f64::from(latency_ms) / 1_000.0;
        let mut times = Vec::new();
        for _ in 0..runs {
            times.push(runtime.block_on(measure(calls, at_once, latency_ms))?);
        }
        let grading = median(times.iter().map(|times| times.grading));
        println!(
            "{calls} calls, {at_once} at once, {latency_ms} ms each: {grading:.3} s, {:.3} times the ideal {ideal:.2} s ({} runs: {:.3} to {:.3} s); the whole job {:.3} s",
            grading / ideal,
            times.len(),
            times.iter().map(|times| times.grading).fold(f64::INFINITY, f64::min),
            times.iter().map(|times| times.grading).fold(0.0, f64::max),
            median(times.iter().map(|times| times.job)),
        );
    }
    Ok(())
}

/// In seconds.
struct Times {
    /// From the first sample to the last one that was stored.
    grading: f64,
    /// With the plan, the report and the wait for the job.
    job: f64,
}

/// One dry run in a new folder. Every sample must have a score and every call must be stored.
async fn measure(calls: u32, at_once: u32, latency_ms: u32) -> Result<Times, Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let config = Config { data_dir: dir.path().to_owned(), near_duplicates_up_to: 0, ..Config::default() }.check()?;
    let state = AppState::open(config, WorkerCommand::this_program()?).await?;
    let latency = Fault::latency(u64::from(latency_ms));
    let endpoint = TestEndpoint::start(Script::well().rule(Rule::of([latency]).route(Route::Chat))).await?;
    let id = dataset(&state, calls).await?;
    judge(&state, &id, &endpoint, at_once).await?;

    let config = DryRunConfig { sample_size: i64::from(calls), ..DryRunConfig::default() };
    let started = Instant::now();
    let run = dry_run::start(&state, &id, config).await?;
    let job = jobs::finish(&state, &run.job_id, RunBy::Waiter, |_| {}).await?;
    let took = started.elapsed();
    if job.state != JobState::Succeeded {
        return Err(job.error.unwrap_or(job.message).into());
    }
    let report = db::dry_runs::report(&state.db, &run.id).await?.ok_or("no report")?;
    let stored = db::llm_calls::figures(&state.db).await?;
    let asked = endpoint.requests_to(Route::Chat).len();
    let expected = usize::try_from(calls)?;
    if usize::try_from(report.samples_evaluated)? != expected || asked != expected || stored.calls != i64::from(calls) {
        return Err(format!("{report:?}, {asked} asked, {stored:?}").into());
    }
    if endpoint.highest_concurrency() > usize::try_from(at_once)? {
        return Err(format!("{} at once", endpoint.highest_concurrency()).into());
    }
    state.shutdown.cancel();
    state.db.close().await;
    Ok(Times { grading: report.duration_ms as f64 / 1_000.0, job: took.as_secs_f64() })
}

/// Conversations with answers of some 400 characters, each another.
async fn dataset(state: &AppState, records: u32) -> Result<String, Box<dyn Error>> {
    let id = datasets::create(state, "Judged", "").await?;
    let line = |number| {
        let messages = json!([
            { "role": "system", "content": "You answer customers of a shop, politely and briefly." },
            { "role": "user", "content": format!("Where is my order {number}, and when will it arrive?") },
            { "role": "assistant", "content": format!("Your order {number} arrives on Monday. ").repeat(11) },
        ]);
        json!({ "messages": messages }).to_string() + "\n"
    };
    let path = state.config.uploads_dir().join(new_id());
    tokio::fs::write(&path, (0..records).map(line).collect::<String>()).await?;
    let file = ImportFile { path, file_name: "judged.jsonl".to_owned(), owns_file: true, csv_mapping: None };
    for job in import::start(state, &id, &[file], ImportMode::Append).await? {
        jobs::finish(state, &job, RunBy::Waiter, |_| {}).await?;
    }
    Ok(id)
}

async fn judge(state: &AppState, id: &str, endpoint: &TestEndpoint, at_once: u32) -> Result<(), Box<dyn Error>> {
    let form = EndpointForm {
        name: "Test".to_owned(),
        base_url: endpoint.base_url(),
        concurrency: at_once,
        ..EndpointForm::default()
    };
    let saved = endpoints::save(state, None, form).await?;
    let choice = ModelChoice { endpoint_id: saved.id, model: "test-small".to_owned() };
    endpoints::set_default(state, ModelRole::Judge, Some(choice)).await?;
    let prompt = "Is this a good answer to {{lastUserMessage}}?\n\nAnswer: {{response}}".to_owned();
    grader::save(state, id, GraderConfig::LlmJudge(LlmJudge { prompt, ..LlmJudge::default() })).await?;
    Ok(())
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
