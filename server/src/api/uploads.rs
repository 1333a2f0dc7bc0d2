//! Uploads that wait for their import: forget.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::types::error::AppError;

/// Deletes what was uploaded for a look and is not to be imported after all. One that is gone already, or is being imported,
/// is left alone.
#[server(prefix = "/api", endpoint = "uploads/forget", input = Json)]
pub async fn forget_uploads(upload_tokens: Vec<String>) -> Result<(), AppError> {
    super::boundary::answer(|state| async move { crate::uploads::forget(&state, &upload_tokens).await }).await
}
