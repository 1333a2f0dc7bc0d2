//! HTTP: everything but the pages. The root package adds the pages and wraps all of it by [`secure`].
//!
//! | route | what |
//! |---|---|
//! | `POST /api/...` | server functions |
//! | `POST /upload` | traces, as files or pasted, or files that were looked at ([`upload`]) |
//! | `POST /upload/preview` | what a file holds, before it is imported |
//! | `GET /events/{dataset_id}` | the event stream ([`events`]) |
//! | `GET /download/...` | records, topics, reports, split ([`download`]) |
//! | `GET, POST /login` | the access token, where one is set ([`auth`]) |
//! | `GET /healthz` | "ok" while the store answers |

pub mod auth;
mod download;
mod events;
mod reply;
mod security;
mod upload;
mod upload_form;

pub use reply::HttpError;
pub use security::{RequestId, secure};
pub use upload::suggested_name;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use leptos::prelude::provide_context;

use crate::state::AppState;
use crate::types::error::AppError;

/// Longest error that is looked into.
const MAX_ERROR_BYTES: usize = 1 << 20;

/// The routes that are not pages.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/{*function}", post(server_function))
        // The framework's own limit of 2 MB would come before the configured one, which `upload` keeps itself.
        .route("/upload", post(upload::upload).layer(DefaultBodyLimit::disable()))
        .route("/upload/preview", post(upload::preview).layer(DefaultBodyLimit::disable()))
        .route("/events/{dataset_id}", get(events::events))
        .route("/download/{dataset_id}/{file}", get(download::dataset_file))
        .route("/download/{dataset_id}/split/{file}", get(download::split_file))
        .route("/download/dry-run/{run_id}/report.json", get(download::dry_run_report))
        .route("/login", get(auth::login_page).post(auth::login))
        .route("/healthz", get(health))
}

async fn server_function(State(state): State<AppState>, request: Request) -> impl IntoResponse {
    let provide = move || provide_context(state.clone());
    leptos_axum::handle_server_fns_with_context(provide, request).await
}

/// Arguments that cannot be read are refused before any function of ours runs, with status 500 whatever the
/// error; it gets the status that belongs to it.
async fn set_error_status(request: Request, next: Next) -> Response {
    let is_call = request.uri().path().starts_with("/api/");
    let response = next.run(request).await;
    if !is_call || response.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, MAX_ERROR_BYTES).await else { return parts.into_response() };
    if let Ok(error) = serde_json::from_slice::<AppError>(&bytes)
        && let Ok(status) = StatusCode::from_u16(error.status())
    {
        parts.status = status;
    }
    Response::from_parts(parts, bytes.into())
}

async fn health(State(state): State<AppState>) -> Result<&'static str, HttpError> {
    crate::db::jobs::any_queued(&state.db, None).await?;
    Ok("ok\n")
}
