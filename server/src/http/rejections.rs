//! What the framework could not read out of a request, in our words: every extractor's refusal becomes an [`AppError`].

use axum::Json;
use axum::extract::multipart::{MultipartError, MultipartRejection};
use axum::extract::rejection::{FormRejection, PathRejection, QueryRejection};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use super::reply::HttpError;
use crate::types::error::AppError;

impl From<QueryRejection> for HttpError {
    fn from(_: QueryRejection) -> Self {
        let message = "The part of the address behind the question mark could not be read: it has a parameter twice, or is not encoded as addresses are. Correct it, or follow the link on the page again.";
        Self(AppError::invalid(message))
    }
}

impl From<PathRejection> for HttpError {
    fn from(_: PathRejection) -> Self {
        let message = "The address could not be read: what its percent signs stand for is not UTF-8. Correct it, or follow the link on the page again.";
        Self(AppError::invalid(message))
    }
}

impl From<FormRejection> for HttpError {
    fn from(_: FormRejection) -> Self {
        let message = "The form could not be read: a field is missing, or it was not sent as a form (application/x-www-form-urlencoded). Open its page again and send it from there.";
        Self(AppError::invalid(message))
    }
}

impl From<MultipartRejection> for AppError {
    fn from(_: MultipartRejection) -> Self {
        Self::invalid(
            "The upload could not be read: its Content-Type must be multipart/form-data with a boundary. Nothing was imported; send it by the form, or from a program like `curl -F file=@traces.jsonl`.",
        )
    }
}

impl From<MultipartError> for AppError {
    fn from(_: MultipartError) -> Self {
        Self::invalid(
            "The upload was cut off, or its parts are not divided by the boundary that its Content-Type names. Nothing was imported; send it again.",
        )
    }
}

/// An address that exists, asked in another way than it takes.
pub async fn wrong_method(method: Method, uri: Uri) -> Response {
    let message = format!(
        "{} does not take {method} requests. Server functions, uploads and forms are sent with POST, everything else is asked for with GET.",
        uri.path()
    );
    (StatusCode::METHOD_NOT_ALLOWED, Json(AppError::invalid(message))).into_response()
}
