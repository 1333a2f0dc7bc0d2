//! What services return: an answer for the user, or a cause for the log.
//!
//! A service error is either meant for the person who asked ([`ServiceError::App`]) or our own
//! ([`ServiceError::Internal`]). The boundary (`api::boundary`, `http`) logs the latter once, under the
//! request's id, and sends [`AppError::Internal`] in its place.

use crate::types::error::AppError;

/// Why a service could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// For the user, word for word.
    #[error(transparent)]
    App(#[from] AppError),
    /// For the log.
    #[error("{context}: {source}")]
    Internal {
        /// What was being done.
        context: String,
        /// Why it failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The result of a service.
pub type ServiceResult<T> = Result<T, ServiceError>;

impl ServiceError {
    /// An internal failure with what was being done.
    pub fn internal(context: impl Into<String>, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal { context: context.into(), source: source.into() }
    }

    /// What the user is told; internal causes are logged under `request_id`.
    pub fn into_app(self, request_id: &str) -> AppError {
        match self {
            Self::App(error) => error,
            Self::Internal { context, source } => {
                tracing::error!(request_id, context, error = %source, "internal error");
                AppError::Internal { request_id: request_id.to_owned() }
            }
        }
    }
}

impl From<sqlx::Error> for ServiceError {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::Database(database) = &error {
            let message = database.message();
            if message.contains("disk is full") || message.contains("database or disk is full") {
                return AppError::Unavailable {
                    message: "The disk with the data folder is full. Nothing half-written was kept; free some space and try again.".to_owned(),
                }
                .into();
            }
            if message.contains("database is locked") {
                return AppError::Unavailable {
                    message: "The database is busy with another process's long write. Wait a moment and try again."
                        .to_owned(),
                }
                .into();
            }
        }
        Self::internal("database", error)
    }
}

impl From<serde_json::Error> for ServiceError {
    fn from(error: serde_json::Error) -> Self {
        Self::internal("stored JSON", error)
    }
}

impl From<std::io::Error> for ServiceError {
    fn from(error: std::io::Error) -> Self {
        Self::internal("file", error)
    }
}

impl From<tokio::task::JoinError> for ServiceError {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::internal("background task", error)
    }
}
