//! HTTP: everything but the pages. The root package adds the pages and wraps all of it by [`secure`].
//!
//! | route | what |
//! |---|---|
//! | `POST /api/...` | server functions |
//! | `POST /upload` | traces, as files or pasted, or files that were looked at ([`upload`]) |
//! | `POST /upload/preview` | what a file holds, before it is imported |
//! | `GET /events/{dataset_id}` | the event stream ([`events`]) |
//! | `GET /download/...` | records, topics, reports, split ([`download`]) |
//! | `POST /download/{dataset_id}/selected.jsonl` | the records whose ids the form names |
//! | `GET, POST /login` | the access token, where one is set ([`auth`]) |
//! | `POST /v1/graders/{id}/score` | grading for trainers, by a key of its own ([`scoring`]) |
//! | `GET /v1/openapi.json` | its description |
//! | `GET /healthz` | "ok" while the store answers |
//! | `GET /pkg/...`, `/favicon.svg` | the files of the site folder |

pub mod auth;
mod download;
mod events;
mod refused;
mod rejections;
mod reply;
mod scoring;
mod security;
mod session;
mod upload;
mod upload_form;

pub(crate) use refused::refused_address;
pub use rejections::wrong_method;
pub use reply::HttpError;
pub use security::{RequestId, page_policy, secure};

use std::path::Path;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use leptos::prelude::provide_context;
use tower_http::services::{ServeDir, ServeFile};

use crate::state::AppState;
use crate::types::error::AppError;

/// Longest error that is looked into.
const MAX_ERROR_BYTES: usize = 1 << 20;

/// The routes that are not pages.
///
/// The site folder's files are served here and not by the framework's fallback: that one answers a file with the
/// status and headers of whatever page its thread drew last, and takes the headers away from that page.
pub fn routes(site_root: &Path) -> Router<AppState> {
    let files = |path: &str| ServeDir::new(site_root.join(path)).precompressed_br().precompressed_gzip();
    Router::new()
        .nest_service("/pkg", files("pkg"))
        .route_service("/favicon.svg", ServeFile::new(site_root.join("favicon.svg")))
        .route("/api/{*function}", post(server_function))
        .route("/upload", post(upload::upload))
        .route("/upload/preview", post(upload::preview))
        .route("/events/{dataset_id}", get(events::events))
        .route("/download/{dataset_id}/{file}", get(download::dataset_file))
        .route("/download/{dataset_id}/selected.jsonl", post(download::selected_records))
        .route("/download/{dataset_id}/split/{file}", get(download::split_file))
        .route("/download/dry-run/{run_id}/report.json", get(download::dry_run_report))
        .merge(scoring::routes())
        .route("/login", get(auth::login_page).post(auth::login))
        .route("/healthz", get(health))
}

async fn server_function(State(state): State<AppState>, request: Request) -> Response {
    let path = request.uri().path();
    if !leptos::server_fn::axum::server_fn_paths().any(|(known, _)| known == path) {
        let what =
            format!("The function {path} (this page may be of another version of Anneal than the server: reload it)");
        return HttpError(AppError::not_found(what)).into_response();
    }
    let provide = move || provide_context(state.clone());
    leptos_axum::handle_server_fns_with_context(provide, request).await.into_response()
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
    crate::db::jobs::next_claimable(&state.db, None).await?;
    Ok("ok\n")
}
