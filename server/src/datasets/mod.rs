//! Datasets as a service: list, overview, settings, duplicate, delete. Records are in [`records`].

pub mod bulk;
mod deleted;
pub mod deletion;
mod duplicate;
mod facts;
pub(crate) mod large;
mod overview;
pub mod passport;
pub mod records;
mod reset;
mod rules_preview;
pub mod search;
mod typed_rules;
pub mod undo_import;

pub use deleted::{delete, list_deleted, restore};
pub use duplicate::duplicate;
pub(crate) use facts::facts_of;
pub use large::discard;
pub(crate) use large::purge_in_background;
pub use large::{purge_deleted, purge_while_running, validate_again};
pub use overview::{coverage, hygiene, overview};
pub(crate) use records::DUPLICATE_PREFIX;
pub use reset::reset_pipeline;
pub use rules_preview::preview_rules;
pub use typed_rules::TypedRules;

use crate::db;
use crate::error::ServiceResult;
use crate::pipeline::compute_pipeline_state;
use crate::state::AppState;
use crate::types::dataset::{Dataset, DatasetSummary};
use crate::types::error::AppError;
use crate::types::job::{JobKind, JobState, JobStatus};
use crate::types::pipeline::PipelineInputs;
use crate::types::validation::ValidationConfig;

/// Longest name, in characters.
const MAX_NAME: usize = 200;
/// Longest objective, in characters.
const MAX_OBJECTIVE: usize = 10_000;
/// Most tokens a rule may allow: beyond any model's context.
const MAX_TOKENS: u32 = 10_000_000;

/// A new, empty dataset. Answers its id.
pub async fn create(state: &AppState, name: &str, objective: &str) -> ServiceResult<String> {
    let name = check_name(name)?;
    check_objective(objective)?;
    let id = new_id();
    let mut tx = state.db.begin().await?;
    db::datasets::insert(&mut tx, &id, name, objective.trim()).await?;
    tx.commit().await?;
    Ok(id)
}

/// A fresh id: UUID v7, so that ids sort by time.
pub fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// Every dataset with its pipeline, last changed first.
pub async fn list(state: &AppState) -> ServiceResult<Vec<DatasetSummary>> {
    let mut snapshot = state.db.snapshot().await?;
    let datasets = facts::all_pipeline_inputs(&mut snapshot).await?;
    let summary = |(dataset, inputs): (Dataset, PipelineInputs)| DatasetSummary {
        total_records: inputs.total_records + inputs.pending_records,
        valid_records: inputs.valid_records,
        topic_count: inputs.topic_count.unwrap_or(0),
        balance_score: inputs.balance_score,
        pipeline: compute_pipeline_state(&inputs),
        dataset,
    };
    Ok(datasets.into_iter().map(summary).collect())
}

/// Changes name and objective.
pub async fn update(state: &AppState, id: &str, name: &str, objective: &str) -> ServiceResult<Dataset> {
    let name = check_name(name)?;
    check_objective(objective)?;
    db::datasets::get(&state.db, id).await?;
    let mut tx = state.db.begin().await?;
    db::datasets::set_name(&mut tx, id, name, objective.trim()).await?;
    tx.commit().await?;
    state.events.changed(id);
    db::datasets::get(&state.db, id).await
}

/// Changes the rules' parameters and starts validating every record again.
pub async fn update_validation_config(state: &AppState, id: &str, config: ValidationConfig) -> ServiceResult<Dataset> {
    let config = check_validation_config(config)?;
    let dataset = db::datasets::get(&state.db, id).await?;
    if dataset.validation_config == config && all_validated(state, id).await? {
        return Ok(dataset);
    }
    large::revalidate(state, id, Some(&config)).await?;
    db::datasets::get(&state.db, id).await
}

/// Whether every verdict is by the present rules: none is missing, and the last validation did not end early. And whether
/// every record was looked through for personal data, which validating does too.
async fn all_validated(state: &AppState, id: &str) -> ServiceResult<bool> {
    let jobs = db::jobs::of_dataset(&state.db, id).await?;
    let ended_early = |job: &JobStatus| job.kind == JobKind::Validate && job.state != JobState::Succeeded;
    let hygiene = hygiene(state, id).await?;
    Ok(!jobs.iter().any(ended_early) && hygiene.pending == 0 && hygiene.pii.not_looked_at == 0)
}

pub(crate) fn check_name(name: &str) -> Result<&str, AppError> {
    let name = name.trim();
    if name.is_empty() {
        return Err(AppError::invalid_field("name", "Give the dataset a name."));
    }
    let length = name.chars().count();
    if length > MAX_NAME {
        return Err(AppError::invalid_field(
            "name",
            format!("The name has {length} characters; at most {MAX_NAME} fit."),
        ));
    }
    if name.chars().any(char::is_control) {
        return Err(AppError::invalid_field(
            "name",
            "The name contains a line break or another control character. Delete it, or type the name again.",
        ));
    }
    if let Some(hidden) = name.chars().find(|character| crate::format::turns_text(*character)) {
        let code = u32::from(hidden);
        return Err(AppError::invalid_field(
            "name",
            format!(
                "The name contains U+{code:04X}, which cannot be seen and turns the text around it into another direction. Delete it, or type the name again."
            ),
        ));
    }
    Ok(name)
}

pub(crate) fn check_objective(objective: &str) -> Result<(), AppError> {
    let length = objective.chars().count();
    if length > MAX_OBJECTIVE {
        return Err(AppError::invalid_field(
            "objective",
            format!("The objective has {length} characters; at most {MAX_OBJECTIVE} fit."),
        ));
    }
    Ok(())
}

fn check_validation_config(mut config: ValidationConfig) -> Result<ValidationConfig, AppError> {
    if config.max_tokens == 0 || config.max_tokens > MAX_TOKENS {
        return Err(AppError::invalid_field(
            "max_tokens",
            format!("Allow between 1 and {} tokens.", crate::format::count(i64::from(MAX_TOKENS))),
        ));
    }
    if config.min_user_message_length > 100_000 {
        return Err(AppError::invalid_field(
            "min_user_message_length",
            "A minimum above 100,000 characters would reject everything.",
        ));
    }
    config.allowed_roles =
        config.allowed_roles.iter().map(|role| role.trim().to_owned()).filter(|role| !role.is_empty()).collect();
    config.allowed_roles.dedup();
    if !config.allowed_roles.iter().any(|role| role == "user") {
        return Err(AppError::invalid_field(
            "allowed_roles",
            "The role \"user\" must stay allowed: a prompt without a user message is no prompt.",
        ));
    }
    if config.allowed_roles.len() > 20 || config.allowed_roles.iter().any(|role| role.chars().count() > 50) {
        return Err(AppError::invalid_field("allowed_roles", "At most 20 roles of at most 50 characters each."));
    }
    Ok(config)
}
