//! Errors of plain routes: JSON for programs, a small page for people.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::error::ServiceError;
use crate::types::error::AppError;

/// An error on its way out of a plain route.
#[derive(Debug)]
pub struct HttpError(pub AppError);

impl From<ServiceError> for HttpError {
    fn from(error: ServiceError) -> Self {
        Self(error.into_app(&super::security::current_request_id()))
    }
}

impl From<AppError> for HttpError {
    fn from(error: AppError) -> Self {
        Self(error)
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self.0)).into_response()
    }
}

/// A page without scripts, for what happens outside the application: signing in, a form that failed.
pub(super) fn plain_page(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title} · Anneal</title><link rel=\"stylesheet\" href=\"/pkg/anneal.css\"><link rel=\"icon\" href=\"/favicon.svg\"></head>\
         <body><main class=\"plain-page\"><h1>{title}</h1>{body}</main></body></html>"
    )
}

/// Text made safe between tags and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
