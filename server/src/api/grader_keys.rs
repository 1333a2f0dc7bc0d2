//! Keys with which trainers have responses graded over HTTP.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::types::error::AppError;
use crate::types::grader::{GraderKey, NewGraderKey};

/// The keys of a dataset's grader, newest first.
#[server(prefix = "/api", endpoint = "grader/keys", input = Json)]
pub async fn grader_keys(dataset_id: String) -> Result<Vec<GraderKey>, AppError> {
    super::boundary::answer(|state| async move { crate::grader::keys(&state, &dataset_id).await }).await
}

/// Makes a key; it is shown this once.
#[server(prefix = "/api", endpoint = "grader/keys/create", input = Json)]
pub async fn create_grader_key(dataset_id: String, name: String) -> Result<NewGraderKey, AppError> {
    super::boundary::answer(|state| async move { crate::grader::create_key(&state, &dataset_id, &name).await }).await
}

/// Deletes a key.
#[server(prefix = "/api", endpoint = "grader/keys/delete", input = Json)]
pub async fn delete_grader_key(dataset_id: String, key_id: String) -> Result<(), AppError> {
    super::boundary::answer(|state| async move { crate::grader::delete_key(&state, &dataset_id, &key_id).await }).await
}
