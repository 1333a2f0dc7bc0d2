//! Model endpoints: entered, tested, chosen; what was asked of them.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::types::endpoint::{ConnectionTest, Endpoint, EndpointForm, LlmCall, ModelChoice, ModelRole, ModelSettings};
use crate::types::error::AppError;

/// Endpoints, default models, and what calls came to. No key is in it.
#[server(prefix = "/api", endpoint = "endpoints/list", input = Json)]
pub async fn get_model_settings() -> Result<ModelSettings, AppError> {
    super::boundary::answer(|state| async move { crate::llm::endpoints::model_settings(&state).await }).await
}

/// Saves an endpoint: a new one without an id, else the changed one.
#[server(prefix = "/api", endpoint = "endpoints/save", input = Json)]
pub async fn save_endpoint(id: Option<String>, form: EndpointForm) -> Result<Endpoint, AppError> {
    super::boundary::answer(|state| async move { crate::llm::endpoints::save(&state, id, form).await }).await
}

/// Deletes an endpoint; graders that name it say so when they are run.
#[server(prefix = "/api", endpoint = "endpoints/delete", input = Json)]
pub async fn delete_endpoint(id: String) -> Result<(), AppError> {
    super::boundary::answer(|state| async move { crate::llm::endpoints::delete(&state, &id).await }).await
}

/// Asks an endpoint for its models and, where `model` names one, for a word. With a `form` it is one that is not saved.
#[server(prefix = "/api", endpoint = "endpoints/test", input = Json)]
pub async fn test_endpoint(
    id: Option<String>,
    form: Option<EndpointForm>,
    model: Option<String>,
) -> Result<ConnectionTest, AppError> {
    super::boundary::answer(|state| async move { crate::llm::endpoints::test(&state, id, form, model).await }).await
}

/// Sets or clears the model that is used for a role where nothing else is said.
#[server(prefix = "/api", endpoint = "endpoints/default", input = Json)]
pub async fn set_default_model(role: ModelRole, choice: Option<ModelChoice>) -> Result<(), AppError> {
    super::boundary::answer(|state| async move { crate::llm::endpoints::set_default(&state, role, choice).await }).await
}

/// Switches the use of kept answers.
#[server(prefix = "/api", endpoint = "endpoints/cache", input = Json)]
pub async fn set_response_cache(is_on: bool) -> Result<(), AppError> {
    super::boundary::answer(|state| async move { crate::llm::endpoints::set_cache(&state, is_on).await }).await
}

/// Forgets every kept answer; answers how many there were.
#[server(prefix = "/api", endpoint = "endpoints/forget", input = Json)]
pub async fn forget_kept_answers() -> Result<i64, AppError> {
    super::boundary::answer(|state| async move { crate::llm::endpoints::forget_answers(&state).await }).await
}

/// The newest calls that served a record, newest first; at most 50.
#[server(prefix = "/api", endpoint = "records/calls", input = Json)]
pub async fn record_calls(dataset_id: String, record_id: i64) -> Result<Vec<LlmCall>, AppError> {
    super::boundary::answer(|state| async move { crate::llm::calls::of_record(&state, &dataset_id, record_id).await })
        .await
}
