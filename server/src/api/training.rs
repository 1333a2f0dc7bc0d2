//! Training: the split preview. (The files themselves are plain downloads, see `http::download`.)

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::types::error::AppError;
use crate::types::training::{SplitConfig, SplitPreview};

/// What the split would give.
#[server(prefix = "/api", endpoint = "training/split", input = Json)]
pub async fn preview_split(dataset_id: String, config: SplitConfig) -> Result<SplitPreview, AppError> {
    super::boundary::answer(|state| async move { crate::training::preview(&state, &dataset_id, config).await }).await
}
