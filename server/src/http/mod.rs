//! HTTP: everything but the pages. The root package adds the pages and wraps all of it by [`secure`].
//!
//! | route | what |
//! |---|---|
//! | `POST /api/...` | server functions |
//! | `POST /upload` | traces, as a file or pasted ([`upload`]) |
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

pub use reply::HttpError;
pub use upload::suggested_name;
pub use security::{RequestId, secure};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use leptos::prelude::provide_context;

use crate::state::AppState;

/// The routes that are not pages.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/{*function}", post(server_function))
        // The framework's own limit of 2 MB would come before the configured one, which `upload` keeps itself.
        .route("/upload", post(upload::upload).layer(DefaultBodyLimit::disable()))
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

async fn health(State(state): State<AppState>) -> Result<&'static str, HttpError> {
    crate::db::jobs::any_queued(&state.db, None).await?;
    Ok("ok\n")
}
