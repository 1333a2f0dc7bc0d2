//! `anneal serve | import | imports | validate | records | near-duplicates | dry-run | export | demo`.
//!
//! Exit codes: 0 fine, 100 the verdict is not GO or more is invalid than allowed, 1 an error (2 is clap's, for a command line that cannot be read).

mod commands;
mod demo;
mod dry_run;
mod export_file;
mod import;
mod imports;
mod junit;
mod near_duplicates;
mod options;
mod output;
mod records;
mod serve;
mod spool;
mod terminal;
mod test_endpoint;

use std::io::IsTerminal;
use std::process::ExitCode;

use anneal_server::grader::WorkerCommand;
use anneal_server::jobs::{self, RunBy};
use anneal_server::state::AppState;
use clap::Parser;
use options::{Command, Options};
use tracing_subscriber::EnvFilter;

/// Parses, runs, reports.
pub fn main() -> ExitCode {
    if let Err(error) = dotenvy::dotenv()
        && !error.not_found()
    {
        output::complain(&format!("the file .env cannot be read: {error}"));
        return ExitCode::FAILURE;
    }
    let options = Options::parse();
    start_log(options.serves());
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::complain(&format!("the asynchronous runtime cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(options)) {
        Ok(_) if terminal::failed() => ExitCode::FAILURE,
        Ok(code) => code,
        Err(error) => {
            output::complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// What ends a command: a message for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// A configuration that cannot work.
    #[error(transparent)]
    Config(#[from] anneal_server::config::ConfigError),
    /// What a service answered.
    #[error(transparent)]
    Service(#[from] anneal_server::error::ServiceError),
    /// Anything else, in words.
    #[error("{0}")]
    Message(String),
}

async fn run(options: Options) -> Result<ExitCode, CliError> {
    let command = options.command();
    if let Command::TestEndpoint(endpoint) = &command {
        // It has nothing to do with the data folder, which a server may be using.
        return test_endpoint::serve(options.port(), endpoint).await;
    }
    let serves = options.serves();
    let mut config = options.config()?.check()?;
    if !serves {
        // A command does what it was asked for; nobody may be there to do what it leaves behind.
        config.near_duplicates_up_to = 0;
    }
    let worker = WorkerCommand::this_program()
        .map_err(|error| CliError::Message(format!("the path of this program cannot be found: {error}")))?;
    let state = AppState::open(config, worker).await?;
    match command {
        Command::Serve => return serve::serve(state).await,
        Command::Demo(_) if serves => return Box::pin(demo::serve(state)).await,
        _ => {}
    }
    let result = Box::pin(commands::run(&state, command)).await;
    state.background.close();
    state.background.wait().await;
    state.shutdown.cancel();
    state.db.close().await;
    result
}

/// Runs the job just queued in this process and waits for it; progress goes to the terminal.
async fn work_off(
    state: &AppState,
    job_id: &str,
    json: bool,
) -> Result<anneal_server::types::job::JobStatus, CliError> {
    let progress = output::Progress::new(json);
    let status = jobs::finish(state, job_id, RunBy::Waiter, |status| progress.show(status)).await?;
    progress.end();
    Ok(status)
}

fn start_log(serving: bool) {
    // Why a job failed is what a command ends with: it need not say it twice.
    let default = if serving { "info" } else { "warn,anneal_server::jobs::failed=off" };
    let filter = EnvFilter::try_from_env("ANNEAL_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    if std::env::var("ANNEAL_LOG_FORMAT").is_ok_and(|format| format == "json") {
        log.json().init();
    } else {
        log.with_target(false).init();
    }
}
