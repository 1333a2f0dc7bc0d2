//! Endpoints as a service: entered, checked, tested, deleted; what they are used for by default.

use std::time::Duration;

use reqwest::Url;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::calls::{CacheUse, CallContext, ChatError, Model, chat, milliseconds};
use super::client::CallFailed;
use super::error::LlmError;
use super::limits::Limits;
use super::target::Target;
use super::wire::ChatRequest;
use crate::clock::now_ms;
use crate::datasets::new_id;
use crate::db;
use crate::db::endpoints::{EndpointRow, StoredKey};
use crate::db::settings;
use crate::error::{ServiceError, ServiceResult};
use crate::format;
use crate::state::AppState;
use crate::types::endpoint::{
    CallError, CallPurpose, ConnectionTest, Endpoint, EndpointForm, EndpointKey, EndpointModel, ModelChoice, ModelRole,
    ModelSettings, TestAnswer,
};
use crate::types::error::AppError;

pub use super::endpoint_form::row_of;

/// Everything the page of settings shows.
pub async fn model_settings(state: &AppState) -> ServiceResult<ModelSettings> {
    let mut snapshot = state.db.snapshot().await?;
    let rows = db::endpoints::list(&mut snapshot).await?;
    let defaults = db::endpoints::defaults(&mut snapshot).await?;
    drop(snapshot);
    let mut calls = db::llm_calls::figures(&state.db).await?;
    calls.cache_is_on = state.llm.cache_is_on();
    let endpoints = rows.into_iter().map(|row| shown(state, row)).collect();
    Ok(ModelSettings { endpoints, defaults, calls })
}

fn shown(state: &AppState, row: EndpointRow) -> Endpoint {
    let key = match row.key {
        StoredKey::None => EndpointKey::None,
        StoredKey::Environment(variable) => {
            EndpointKey::Environment { is_set: state.llm.environment().get(&variable).is_some(), variable }
        }
        StoredKey::Sealed { hint, .. } => EndpointKey::Stored { hint },
    };
    Endpoint {
        id: row.id,
        name: row.name,
        base_url: row.base_url,
        key,
        concurrency: row.concurrency,
        requests_per_minute: row.requests_per_minute,
        tokens_per_minute: row.tokens_per_minute,
        timeout_s: row.timeout_s,
        prices: row.prices,
        models: row.models.into_iter().map(dated).collect(),
        models_at: row.models_at,
    }
}

/// With the days that are left of it.
fn dated(model: EndpointModel) -> EndpointModel {
    let today = now_ms().div_euclid(24 * 60 * 60 * 1_000);
    let ends_in_days = model.shutdown_date.as_deref().and_then(format::days_of_date).map(|day| day - today);
    EndpointModel { ends_in_days, ..model }
}

/// Saves an endpoint: a new one without an id, else the changed one.
pub async fn save(state: &AppState, id: Option<String>, form: EndpointForm) -> ServiceResult<Endpoint> {
    let before = match &id {
        Some(id) => Some(db::endpoints::get(&state.db, id).await?),
        None => None,
    };
    let row = row_of(state.llm.secrets(), before.as_ref(), new_id, form)?;
    let mut tx = state.db.begin().await?;
    db::endpoints::put(&mut tx, &row).await?;
    settings::set(&mut tx, settings::ENDPOINTS_READ, &now_ms().to_string()).await?;
    tx.commit().await?;
    state.llm.client().forget(&row.id);
    Ok(shown(state, row))
}

/// Deletes an endpoint. What was asked of it stays on record; graders that name it say so when they are run.
pub async fn delete(state: &AppState, id: &str) -> ServiceResult<()> {
    let mut tx = state.db.begin().await?;
    db::endpoints::delete(&mut tx, id).await?;
    tx.commit().await?;
    state.llm.client().remove(id);
    Ok(())
}

/// Sets or clears the model of a role.
pub async fn set_default(state: &AppState, role: ModelRole, choice: Option<ModelChoice>) -> ServiceResult<()> {
    if let Some(choice) = &choice {
        let model = choice.model.trim();
        if model.is_empty() || model.chars().count() > MAX_MODEL_CHARS || model != choice.model {
            return Err(AppError::invalid_field("model", "Name the model as its endpoint calls it.").into());
        }
        db::endpoints::get(&state.db, &choice.endpoint_id).await?;
    }
    let mut tx = state.db.begin().await?;
    db::endpoints::set_default(&mut tx, role, choice.as_ref()).await?;
    tx.commit().await?;
    Ok(())
}

/// The longest name of a model.
pub const MAX_MODEL_CHARS: usize = 200;

/// Switches the use of kept answers.
pub async fn set_cache(state: &AppState, is_on: bool) -> ServiceResult<()> {
    let mut tx = state.db.begin().await?;
    settings::set(&mut tx, settings::RESPONSE_CACHE, if is_on { "on" } else { "off" }).await?;
    tx.commit().await?;
    state.llm.set_cache(is_on);
    Ok(())
}

/// Forgets every kept answer; answers how many there were.
pub async fn forget_answers(state: &AppState) -> ServiceResult<i64> {
    let mut tx = state.db.begin().await?;
    let count = db::llm_calls::forget_answers(&mut tx).await?;
    tx.commit().await?;
    Ok(count)
}

/// A test takes no longer, whatever the endpoint's timeout is: somebody looks at it.
const TEST_LIMIT: Duration = Duration::from_secs(30);

/// Asks an endpoint for its models and, where `model` names one, for a word. `form` is an endpoint that is not saved (`id`: the
/// saved one whose key it keeps); the models of one that is saved are stored.
pub async fn test(
    state: &AppState,
    id: Option<String>,
    form: Option<EndpointForm>,
    model: Option<String>,
) -> ServiceResult<ConnectionTest> {
    test_within(state, id, form, model, TEST_LIMIT).await
}

pub(super) async fn test_within(
    state: &AppState,
    id: Option<String>,
    form: Option<EndpointForm>,
    model: Option<String>,
    limit: Duration,
) -> ServiceResult<ConnectionTest> {
    let before = match &id {
        Some(id) => Some(db::endpoints::get(&state.db, id).await?),
        None => None,
    };
    let (row, is_saved) = match (form, before) {
        (Some(form), before) => (row_of(state.llm.secrets(), before.as_ref(), new_id, form)?, false),
        (None, Some(saved)) => (saved, true),
        (None, None) => return Err(AppError::invalid("There is no endpoint to test.").into()),
    };
    // What is only tried out leaves the limits and the learning of the saved one as they are.
    let target = Target { is_draft: !is_saved, ..target_of(state, &row)? };
    let until = Instant::now() + limit;
    let models = match tokio::time::timeout_at(until, state.llm.client().models(&target)).await {
        Ok(models) => models.map_err(|failed| for_people(*failed)),
        Err(_) => Err(too_slow(&row.name, limit)),
    };
    let left_out = models.as_ref().map_or(0, |listed| i64::try_from(listed.left_out).unwrap_or(i64::MAX));
    let models = models.map(|listed| listed.models);
    if let (Ok(models), true) = (&models, is_saved) {
        let mut tx = state.db.begin().await?;
        db::endpoints::set_models(&mut tx, &row.id, models).await?;
        tx.commit().await?;
    }
    let answer = match model.filter(|model| !model.trim().is_empty()) {
        Some(name) => Some(ask(state, Model::new(target, name, &row.prices), until, limit).await?),
        None => None,
    };
    Ok(ConnectionTest { models: models.map(|models| models.into_iter().map(dated).collect()), left_out, answer })
}

fn too_slow(endpoint: &str, limit: Duration) -> CallError {
    let message = format!(
        "{endpoint} did not answer within the {} s that a test waits. It may be loading the model or have much to do: try again, or check the base URL.",
        limit.as_secs()
    );
    CallError { message, raw: None }
}

/// Puts a short question to a model. What was said before is no sign of life, so no kept answer is used.
async fn ask(
    state: &AppState,
    model: Model,
    until: Instant,
    limit: Duration,
) -> ServiceResult<Result<TestAnswer, CallError>> {
    let request = ChatRequest {
        model: model.name.clone(),
        messages: vec![serde_json::json!({"role": "user", "content": "Answer with the one word: ready"})],
        // Enough for a reasoning model to think about it.
        max_tokens: Some(512),
        ..ChatRequest::default()
    };
    let context = CallContext {
        purpose: CallPurpose::ConnectionTest,
        dataset_id: None,
        record_id: None,
        sample_index: 0,
        cache: CacheUse::Never,
    };
    let cancel = CancellationToken::new();
    let mut asking = std::pin::pin!(chat(state, &model, &request, context, None, &cancel));
    let asked = tokio::select! {
        asked = &mut asking => asked,
        () = tokio::time::sleep_until(until) => {
            cancel.cancel();
            asking.await
        }
    };
    match asked {
        Ok(called) => {
            let tokens = called.answer.usage.map(|usage| usage.prompt_tokens + usage.completion_tokens);
            Ok(Ok(TestAnswer {
                model: called.answer.model.unwrap_or_else(|| model.name.clone()),
                text: called.answer.text.or(called.answer.refusal).unwrap_or_default(),
                latency_ms: milliseconds(called.latency),
                tokens: tokens.and_then(|tokens| i64::try_from(tokens).ok()),
                cost: called.cost,
            }))
        }
        Err(ChatError::Failed(failed)) if failed.error == LlmError::Cancelled => {
            Ok(Err(too_slow(&model.target.name, limit)))
        }
        Err(ChatError::Failed(failed)) => Ok(Err(CallError { message: failed.error.to_string(), raw: failed.raw })),
        Err(error @ ChatError::NotKept) => Err(ServiceError::internal("testing an endpoint", error)),
        Err(ChatError::Store(error)) => Err(error),
    }
}

fn for_people(failed: CallFailed) -> CallError {
    CallError { message: failed.error.to_string(), raw: failed.raw }
}

/// The endpoint as calls need it, with its key.
pub fn target_of(state: &AppState, row: &EndpointRow) -> ServiceResult<Target> {
    let key = match &row.key {
        StoredKey::None => None,
        StoredKey::Environment(variable) => Some(state.llm.environment().get(variable).ok_or_else(|| {
            AppError::conflict(format!(
                "The key of {} is in the variable {variable}, which is not set. Set it and start the server again, or enter the key in the settings.",
                row.name
            ))
        })?),
        StoredKey::Sealed { bytes, .. } => Some(
            state
                .llm
                .secrets()
                .open(&row.id, bytes)
                .map_err(|error| AppError::conflict(format!("The key of {} cannot be used: {error}", row.name)))?,
        ),
    };
    let base_url = Url::parse(&row.base_url).map_err(|error| ServiceError::internal("a stored base URL", error))?;
    Ok(Target {
        id: row.id.clone(),
        name: row.name.clone(),
        base_url,
        key,
        timeout: Duration::from_secs(u64::from(row.timeout_s)),
        limits: Limits {
            concurrency: row.concurrency,
            requests_per_minute: row.requests_per_minute,
            tokens_per_minute: row.tokens_per_minute,
        },
        is_draft: false,
    })
}

/// The model that is named, or the role's default where nothing is: ready to be called, or why not.
pub async fn model_for(
    state: &AppState,
    role: ModelRole,
    endpoint_id: Option<&str>,
    name: &str,
) -> ServiceResult<Model> {
    let default = db::endpoints::defaults(&state.db).await?.get(role).cloned();
    let choice = match (endpoint_id, name) {
        (Some(endpoint_id), name) if !name.is_empty() => {
            ModelChoice { endpoint_id: endpoint_id.to_owned(), model: name.to_owned() }
        }
        (endpoint_id, name) => {
            let default = default.filter(|default| endpoint_id.is_none_or(|id| id == default.endpoint_id));
            let default = default.ok_or_else(|| no_default(role))?;
            ModelChoice { model: if name.is_empty() { default.model } else { name.to_owned() }, ..default }
        }
    };
    let row = match db::endpoints::get(&state.db, &choice.endpoint_id).await {
        Err(ServiceError::App(AppError::NotFound { .. })) => {
            let message = format!("The endpoint of the model {} was deleted. Choose another model.", choice.model);
            return Err(AppError::conflict(message).into());
        }
        other => other?,
    };
    let known = row.models.iter().find(|model| model.id == choice.model).cloned().map(dated);
    if let Some(over) = known.filter(EndpointModel::is_over).and_then(|model| model.shutdown_warning()) {
        return Err(AppError::conflict(over).into());
    }
    Ok(Model::new(target_of(state, &row)?, choice.model, &row.prices))
}

fn no_default(role: ModelRole) -> AppError {
    let (what, whose) = match role {
        ModelRole::Base => ("base model", "the base model"),
        ModelRole::Judge => ("judge", "the judge"),
        ModelRole::Generator => ("generator", "the generator"),
    };
    AppError::conflict(format!(
        "No {what} is chosen. Add a model endpoint in the settings and choose {whose} there, or name a model here."
    ))
}
