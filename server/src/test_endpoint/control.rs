//! `/_script`, `/_requests`, `/_reset`: what the Rust tests call, for browser journeys and other programs.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;

use super::error::ApiError;
use super::script::Script;
use super::state::Shared;

/// The three addresses. They are not recorded, and no fault befalls them.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/_script", post(set_script).get(script))
        .route("/_requests", get(requests))
        .route("/_reset", post(reset))
        .layer(DefaultBodyLimit::disable())
}

async fn set_script(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    match serde_json::from_slice::<Script>(&body) {
        Ok(script) => {
            shared.lock().set_script(script);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => ApiError::bad_request(format!("This is no script: {error}")).into_response(),
    }
}

async fn script(State(shared): State<Arc<Shared>>) -> Json<Script> {
    Json(shared.lock().script.clone())
}

async fn requests(State(shared): State<Arc<Shared>>) -> Response {
    let inner = shared.lock();
    let log = &inner.log;
    Json(json!({
        "requests": log.requests(),
        "arrived": log.arrived(),
        "under_way": log.under_way(),
        "highest_concurrency": log.highest_concurrency(),
    }))
    .into_response()
}

async fn reset(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.lock().reset();
    StatusCode::NO_CONTENT
}
