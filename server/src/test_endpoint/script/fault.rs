//! What can go wrong with one request.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::error::ApiError;
use super::super::limits::rate_limited;

/// What goes wrong with one request. Several can: the first that is an error is the answer; what concerns the content, the
/// delivery and the time adds up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Waits, drawn evenly between the two, before anything is answered.
    Latency {
        /// At least.
        min_ms: u64,
        /// At most.
        max_ms: u64,
    },
    /// 429 that clears by waiting.
    RateLimited {
        /// The header as it is sent: seconds or a date.
        #[serde(default)]
        retry_after: Option<String>,
        /// The header in milliseconds.
        #[serde(default)]
        retry_after_ms: Option<u64>,
    },
    /// 429 that does not clear by waiting.
    InsufficientQuota,
    /// 401.
    Unauthorized,
    /// 403 with this code.
    Forbidden {
        /// Such as `training_not_available`.
        code: String,
    },
    /// 404 for the model.
    UnknownModel,
    /// Any other status.
    Status {
        /// Such as 503.
        status: u16,
        /// The header `x-should-retry`.
        #[serde(default)]
        should_retry: Option<bool>,
    },
    /// The page of a proxy instead of JSON, with this status.
    Html {
        /// Such as 502.
        status: u16,
    },
    /// 400 if the request has this parameter.
    UnsupportedParameter {
        /// Such as `temperature`.
        param: String,
    },
    /// 400 if the request has a `response_format`: of a schema, or of any kind.
    NoResponseFormat {
        /// Whether `json_object` is taken.
        #[serde(default)]
        takes_json_object: bool,
    },
    /// A whole body that is no JSON.
    BrokenJson,
    /// Half of a body, then the connection ends.
    TruncatedBody,
    /// The connection ends without an answer.
    Disconnect,
    /// Waits so long before each piece of the body (each event of a stream).
    SlowStream {
        /// Between two pieces.
        ms: u64,
    },
    /// A stream that ends with an error's event in its middle.
    StreamError,
    /// `message.refusal` instead of content.
    Refusal,
    /// The answer lacks a field of the schema and has one that nobody asked for.
    BreaksSchema,
    /// Sentences before and after the answer.
    Prose,
    /// The answer within a fence of Markdown.
    Fenced,
    /// The answer twice, one object after the other.
    TwoObjects,
    /// An empty answer.
    EmptyContent,
    /// An answer cut off at half, `finish_reason` length.
    Length,
    /// Nothing, `finish_reason` `content_filter`.
    ContentFilter,
    /// No `usage`.
    MissingUsage,
    /// An answer of so many bytes.
    Huge {
        /// About so many.
        bytes: usize,
    },
    /// Exactly this answer.
    Content {
        /// What the model says.
        text: String,
    },
    /// A tool call, whatever the request offers.
    ToolCall {
        /// The tool.
        name: String,
        /// A string, perhaps no JSON.
        arguments: String,
    },
}

impl Fault {
    /// Always the same wait.
    pub fn latency(ms: u64) -> Self {
        Self::Latency { min_ms: ms, max_ms: ms }
    }

    /// A wait of between and up to so long.
    pub fn latency_between(min_ms: u64, max_ms: u64) -> Self {
        Self::Latency { min_ms, max_ms }
    }

    /// A 429 that says when to come back.
    pub fn rate_limited(retry_after_ms: u64) -> Self {
        Self::RateLimited { retry_after: None, retry_after_ms: Some(retry_after_ms) }
    }

    /// A status of a server that is not well.
    pub fn status(status: u16) -> Self {
        Self::Status { status, should_retry: None }
    }

    /// The model says exactly this.
    pub fn content(text: impl Into<String>) -> Self {
        Self::Content { text: text.into() }
    }

    /// Whether it is only a matter of time.
    pub(super) fn is_slowness(&self) -> bool {
        matches!(self, Self::Latency { .. } | Self::SlowStream { .. })
    }

    /// The answer, if this fault is one for this request.
    pub(super) fn error(&self, body: Option<&Value>) -> Option<ApiError> {
        match self {
            Self::RateLimited { retry_after, retry_after_ms } => {
                Some(too_many(retry_after.as_deref(), *retry_after_ms))
            }
            Self::InsufficientQuota => Some(
                ApiError::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "insufficient_quota",
                    "You exceeded your current quota, please check your plan and billing details.",
                )
                .code("insufficient_quota"),
            ),
            Self::Unauthorized => Some(unauthorized()),
            Self::Forbidden { code } => Some(
                ApiError::new(
                    StatusCode::FORBIDDEN,
                    "invalid_request_error",
                    "You are not allowed to do this with your account.",
                )
                .code(code),
            ),
            Self::UnknownModel => Some(ApiError::unknown_model(
                body.and_then(|body| body.get("model")).and_then(Value::as_str).unwrap_or_default(),
            )),
            Self::Status { status, should_retry } => Some(of_status(*status, *should_retry)),
            Self::UnsupportedParameter { param } => {
                body?.get(param)?;
                Some(ApiError::unsupported_parameter(param, None))
            }
            Self::NoResponseFormat { takes_json_object } => {
                let kind = body?.get("response_format")?.get("type")?.as_str()?;
                let taken = kind == "text" || *takes_json_object && kind == "json_object";
                (!taken).then(|| {
                    ApiError::bad_request(format!(
                        "'response_format' of type '{kind}' is not supported by this endpoint."
                    ))
                    .param("response_format")
                })
            }
            _ => None,
        }
    }
}

/// The error of a key that is not accepted.
pub(in super::super) fn unauthorized() -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, "invalid_request_error", "Incorrect API key provided.")
        .code("invalid_api_key")
}

fn too_many(retry_after: Option<&str>, retry_after_ms: Option<u64>) -> ApiError {
    let reset = retry_after_ms.map_or_else(|| "6m0s".to_owned(), |ms| format!("{ms}ms"));
    let mut error = rate_limited("Rate limit reached for requests. Please try again later.")
        .header("x-ratelimit-limit-requests", 60)
        .header("x-ratelimit-remaining-requests", 0)
        .header("x-ratelimit-reset-requests", &reset)
        .header("x-ratelimit-limit-tokens", 150_000)
        .header("x-ratelimit-remaining-tokens", 149_984)
        .header("x-ratelimit-reset-tokens", reset);
    if let Some(seconds_or_date) = retry_after {
        error = error.header("retry-after", seconds_or_date);
    }
    if let Some(ms) = retry_after_ms {
        error = error.header("retry-after-ms", ms);
    }
    error
}

/// A status as it is; one that is none counts as 500.
fn of_status(status: u16, should_retry: Option<bool>) -> ApiError {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = if status.is_server_error() { "server_error" } else { "invalid_request_error" };
    let reason = status.canonical_reason().unwrap_or("unknown");
    let mut error =
        ApiError::new(status, kind, format!("The server had an error while processing your request ({reason})."));
    if let Some(should) = should_retry {
        error = error.header("x-should-retry", should);
    }
    error
}
