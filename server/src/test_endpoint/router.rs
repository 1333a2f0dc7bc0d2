//! The addresses.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, CuttableListener};
use super::error::ApiError;
use super::state::Shared;
use super::{chat, control, embeddings, files, fine_tuning, gate, models};

/// Serves until it is told to stop; requests that wait then are answered at once.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) -> io::Result<()> {
    let service = router(shared).into_make_service_with_connect_info::<Connection>();
    axum::serve(CuttableListener(listener), service).with_graceful_shutdown(stop.cancelled_owned()).await
}

fn router(shared: Arc<Shared>) -> Router {
    let mut provider = Router::new();
    // The second is Azure's, where the same is served.
    for prefix in ["/v1", "/openai/v1"] {
        provider = provider.nest(prefix, routes());
    }
    provider
        .fallback(unknown_address)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), gate::gate))
        .merge(control::routes())
        .with_state(shared)
}

fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/chat/completions", post(chat::create))
        .route("/embeddings", post(embeddings::create))
        .route("/models", get(models::list))
        .route("/models/{id}", get(models::retrieve))
        .route("/files", post(files::create).get(files::list))
        .route("/files/{id}", get(files::retrieve).delete(files::delete))
        .route("/files/{id}/content", get(files::content))
        .route("/fine_tuning/jobs", post(fine_tuning::create).get(fine_tuning::list))
        .route("/fine_tuning/jobs/{id}", get(fine_tuning::retrieve))
        .route("/fine_tuning/jobs/{id}/events", get(fine_tuning::events))
        .route("/fine_tuning/jobs/{id}/checkpoints", get(fine_tuning::checkpoints))
        .route("/fine_tuning/jobs/{id}/cancel", post(fine_tuning::cancel))
        .route("/fine_tuning/jobs/{id}/pause", post(fine_tuning::pause))
        .route("/fine_tuning/jobs/{id}/resume", post(fine_tuning::resume))
}

async fn unknown_address(method: Method, uri: Uri) -> ApiError {
    ApiError::not_found(format!("Invalid URL ({method} {})", uri.path())).code("unknown_url")
}

async fn wrong_method(method: Method, uri: Uri) -> ApiError {
    let message = format!("Not allowed to {method} on {}.", uri.path());
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request_error", message).code("method_not_supported")
}
