//! `anneal demo`.

use std::process::ExitCode;

use anneal_server::datasets;
use anneal_server::db;
use anneal_server::jobs::RunBy;
use anneal_server::llm::built_in;
use anneal_server::sample;
use anneal_server::state::AppState;
use anneal_server::test_endpoint::{Script, TestEndpoint};
use anneal_server::types::overview::DatasetOverview;

use super::serve::{listen, serve_at};
use super::{CliError, output};

/// Makes the sample dataset and says what came of it.
pub async fn demo(state: &AppState, json: bool) -> Result<ExitCode, CliError> {
    let id = sample::create(state, RunBy::Waiter).await?;
    let overview = datasets::overview(state, &id).await?;
    if json {
        output::json(&overview)?;
        return Ok(ExitCode::SUCCESS);
    }
    show(&overview);
    let address = state.config.address;
    output::line(&format!("Look at it in the browser: anneal serve, then http://{address}/finetune/{id}"));
    Ok(ExitCode::SUCCESS)
}

/// `--endpoint`: the sample dataset and a model endpoint without a model, served until it is told to stop.
pub async fn serve(state: AppState) -> Result<ExitCode, CliError> {
    // First of all: where the port is taken nothing is made.
    let listener = listen(&state).await?;
    let address = listener.local_addr().map_err(|error| CliError::Message(error.to_string()))?;
    let endpoint = TestEndpoint::start(Script::default())
        .await
        .map_err(|error| CliError::Message(format!("the built-in test endpoint cannot start: {error}")))?;
    built_in::adopt(&state, &endpoint.base_url()).await?;
    let overview = sample_of(&state).await?;
    show(&overview);
    output::line(&format!(
        "{} is ready at {}: it makes its scores up and is no real judge",
        built_in::NAME,
        endpoint.base_url()
    ));
    output::line(&format!("Look at it in the browser: http://{address}/finetune/{}", overview.dataset.id));
    // (The endpoint answers until it is dropped.)
    serve_at(listener, state).await
}

/// The one that an earlier start has made, else a new one.
async fn sample_of(state: &AppState) -> Result<DatasetOverview, CliError> {
    for dataset in db::datasets::find_by_name(&state.db, sample::NAME).await? {
        let overview = datasets::overview(state, &dataset.id).await?;
        // (Its last step. One that was broken off before it has none.)
        if overview.dry_run.is_some() {
            return Ok(overview);
        }
    }
    let id = sample::create(state, RunBy::Waiter).await?;
    Ok(datasets::overview(state, &id).await?)
}

fn show(overview: &DatasetOverview) {
    output::line(&format!("{} ({})", overview.dataset.name, overview.dataset.id));
    output::hygiene(&overview.hygiene);
    if let Some(report) = overview.dry_run.as_ref().and_then(|run| run.report.as_ref()) {
        output::dry_run(report);
    }
}
