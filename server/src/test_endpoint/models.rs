//! `/models`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use crate::clock::now_ms;
use crate::format::utc;
use crate::types::TimestampMs;

use super::error::ApiError;
use super::state::{Inner, Shared};

/// The models that are listed where the script names none. Any other name is taken too.
const LISTED: [&str; 7] = [
    USUAL_MODEL,
    "test-large",
    "test-reasoning",
    "test-strict-judge",
    "test-lenient-judge",
    "test-embedding",
    RETIRING,
];
/// The one to ask where it does not matter which.
pub const USUAL_MODEL: &str = "test-small";
/// The one with a `shutdown_date`.
const RETIRING: &str = "test-retiring";
/// Before it no model was made.
const CREATED: u64 = 1_750_000_000;
/// About three months: within the time in which a client should warn.
const RETIRES_WITHIN_MS: TimestampMs = 90 * 24 * 3_600_000;

/// `GET /models`.
pub(super) async fn list(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let models: Vec<Value> = names(&shared.lock()).iter().map(|name| model(name)).collect();
    Json(json!({"object": "list", "data": models}))
}

/// `GET /models/{id}`.
pub(super) async fn retrieve(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let exists = names(&shared.lock()).contains(&id);
    if exists { Ok(Json(model(&id))) } else { Err(ApiError::unknown_model(&id).param("model")) }
}

/// Refuses a model that does not exist.
pub(super) fn check(inner: &Inner, name: &str) -> Result<(), ApiError> {
    if inner.script.models.is_empty() || names(inner).iter().any(|known| known == name) {
        Ok(())
    } else {
        Err(ApiError::unknown_model(name))
    }
}

/// Whether it thinks first, and so takes neither `max_tokens` nor `temperature`.
pub(super) fn is_reasoning(name: &str) -> bool {
    name.ends_with("-reasoning")
}

/// How far a judge of this name is off.
pub(super) fn leaning(name: &str) -> f64 {
    if name.contains("strict") {
        -0.2
    } else if name.contains("lenient") {
        0.2
    } else {
        0.0
    }
}

fn names(inner: &Inner) -> Vec<String> {
    let scripted = &inner.script.models;
    let mut names: Vec<String> =
        if scripted.is_empty() { LISTED.map(str::to_owned).to_vec() } else { scripted.clone() };
    names.extend(inner.jobs.fine_tuned_models());
    names
}

fn model(name: &str) -> Value {
    // In the future whenever it is asked.
    let shutdown_date = (name == RETIRING).then(|| day_of(now_ms() + RETIRES_WITHIN_MS));
    json!({"id": name, "object": "model", "created": CREATED, "owned_by": "anneal-test", "shutdown_date": shutdown_date})
}

/// `2026-11-23`, which is how a time begins that people read.
fn day_of(time: TimestampMs) -> String {
    utc(time).chars().take(10).collect()
}
