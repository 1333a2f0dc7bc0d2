//! The sample dataset: generated conversations put through the product's own import, topics, grader and
//! dry run. Nothing of its results is stored beforehand.

pub mod generator;

use crate::datasets::{self, new_id};
use crate::dry_run;
use crate::error::ServiceResult;
use crate::grader;
use crate::jobs::import::{self, ImportFile};
use crate::jobs::{self, RunBy};
use crate::state::AppState;
use crate::topics;
use crate::types::dry_run::DryRunConfig;
use crate::types::error::AppError;
use crate::types::grader::GraderConfig;
use crate::types::import::ImportMode;
use crate::types::job::JobState;
use crate::types::topics::CategorizeMode;

/// Its name.
pub const NAME: &str = "Sample: Brightbarrow customer support";
const OBJECTIVE: &str =
    "Answer customers of an online shop correctly and politely, and call the right tool with the right arguments.";
const FILE_NAME: &str = "sample-conversations.jsonl";

/// Makes the sample dataset, its jobs run by `by`; answers its id once its dry run is finished. Leaves nothing behind
/// if a step fails.
pub async fn create(state: &AppState, by: RunBy) -> ServiceResult<String> {
    let id = datasets::create(state, NAME, OBJECTIVE).await?;
    match fill(state, &id, by).await {
        Ok(()) => Ok(id),
        Err(error) => {
            datasets::discard(state, &id).await?;
            Err(error)
        }
    }
}

async fn fill(state: &AppState, id: &str, by: RunBy) -> ServiceResult<()> {
    let path = state.config.uploads_dir().join(new_id());
    let lines = tokio::task::spawn_blocking(|| {
        generator::generate(generator::SEED).fold(String::new(), |text, line| text + &line + "\n")
    })
    .await?;
    tokio::fs::write(&path, lines).await?;
    let file = ImportFile { path, file_name: FILE_NAME.to_owned(), owns_file: true, csv_mapping: None };
    for job_id in import::start(state, id, &[file], ImportMode::Append).await? {
        finish(state, &job_id, by).await?;
    }
    let hierarchy = serde_json::to_string(&generator::hierarchy())?;
    topics::import(state, id, &hierarchy, true).await?;
    let categorize = topics::start_categorize(state, id, CategorizeMode::UnlabelledOnly, false).await?;
    finish(state, &categorize.id, by).await?;
    grader::save(state, id, GraderConfig::Script { script: generator::GRADER_SCRIPT.to_owned() }).await?;
    let plan = grader::test_plan(state, id, None, 5, 0).await?;
    let report =
        grader::test_grader_on_sample(state, id, plan, &state.shutdown, &|_, _| Box::pin(async { Ok(()) })).await?;
    if let Some(report) = report {
        let mut tx = state.db.begin().await?;
        grader::keep_test(&mut tx, id, None, &report).await?;
        tx.commit().await?;
    }
    finish(state, &dry_run::start(state, id, DryRunConfig::default()).await?.job_id, by).await
}

async fn finish(state: &AppState, job_id: &str, by: RunBy) -> ServiceResult<()> {
    let job = jobs::finish(state, job_id, by, |_| {}).await?;
    if job.state == JobState::Succeeded {
        return Ok(());
    }
    Err(AppError::Unavailable {
        message: format!(
            "The sample could not be made: its {} step ended early ({}). Try again.",
            job.kind.as_str(),
            job.error.unwrap_or(job.message)
        ),
    }
    .into())
}
