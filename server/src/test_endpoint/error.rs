//! Errors in OpenAI's shape.

use axum::Json;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// `{"error": {message, type, param, code}}` with its status and headers.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    message: String,
    kind: &'static str,
    param: Option<String>,
    code: Option<String>,
    headers: Vec<(&'static str, String)>,
}

impl ApiError {
    /// An error of this status and type.
    pub(super) fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), kind, param: None, code: None, headers: Vec::new() }
    }

    /// A request that is wrong in itself.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message)
    }

    /// What was named does not exist.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", message)
    }

    /// A field that must be there is not.
    pub(super) fn missing(param: &str) -> Self {
        Self::bad_request(format!("Missing required parameter: '{param}'."))
            .param(param)
            .code("missing_required_parameter")
    }

    /// A field is of another type than it must be.
    pub(super) fn wrong_type(param: &str, expected: &str, got: &serde_json::Value) -> Self {
        let got = match got {
            serde_json::Value::Null => "null",
            serde_json::Value::Bool(_) => "a boolean",
            serde_json::Value::Number(_) => "a number",
            serde_json::Value::String(_) => "a string",
            serde_json::Value::Array(_) => "an array",
            serde_json::Value::Object(_) => "an object",
        };
        Self::bad_request(format!("Invalid type for '{param}': expected {expected}, but got {got} instead."))
            .param(param)
            .code("invalid_type")
    }

    /// A field holds what is not among the values it may have.
    pub(super) fn wrong_value(param: &str, value: &str, supported: &str) -> Self {
        Self::bad_request(format!("Invalid value: '{value}'. Supported values are: {supported}."))
            .param(param)
            .code("invalid_value")
    }

    /// A parameter that this model does not take.
    pub(super) fn unsupported_parameter(param: &str, instead: Option<&str>) -> Self {
        let instead = instead.map(|name| format!(" Use '{name}' instead.")).unwrap_or_default();
        Self::bad_request(format!("Unsupported parameter: '{param}' is not supported with this model.{instead}"))
            .param(param)
            .code("unsupported_parameter")
    }

    /// A model that nobody here knows.
    pub(super) fn unknown_model(model: &str) -> Self {
        Self::not_found(format!("The model `{model}` does not exist or you do not have access to it."))
            .code("model_not_found")
    }

    /// Names the field that is wrong.
    #[must_use]
    pub(super) fn param(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// Says by a word that programs read what is wrong.
    #[must_use]
    pub(super) fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Sends a header along.
    #[must_use]
    pub(super) fn header(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// The body.
    pub(super) fn body(&self) -> serde_json::Value {
        json!({"error": {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}})
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        for (name, value) in self.headers {
            // (A script may hold what no header can: it is left out then.)
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_openais_four_fields() {
        let error = ApiError::unsupported_parameter("max_tokens", Some("max_completion_tokens"));
        assert_eq!(error.status, StatusCode::BAD_REQUEST);
        assert_eq!(
            error.body(),
            json!({"error": {
                "message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
                "type": "invalid_request_error", "param": "max_tokens", "code": "unsupported_parameter",
            }})
        );
        assert_eq!(ApiError::not_found("gone").body()["error"]["code"], serde_json::Value::Null);
    }
}
