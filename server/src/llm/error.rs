//! Why a call failed, in words that say what to do. A failed call is never an answer, and never a score.

use std::time::Duration;

use serde_json::Value;

/// Why a call brought no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LlmError {
    /// No connection, or it broke.
    #[error("{endpoint} cannot be reached: {reason}. Check its base URL, and that it is running.")]
    Unreachable {
        /// The endpoint's name.
        endpoint: String,
        /// What the connection said.
        reason: String,
        /// Whether the request may have got there.
        was_sent: bool,
    },
    /// No answer in time.
    #[error("{endpoint} did not answer within {} s. Try again, or raise the endpoint's timeout.", .after.as_secs())]
    Timeout {
        /// The endpoint's name.
        endpoint: String,
        /// How long was waited.
        after: Duration,
    },
    /// 401 or 403.
    #[error("{endpoint} refused the key (status {status}): {message} Check the endpoint's key and what it may do.")]
    Unauthorized {
        /// The endpoint's name.
        endpoint: String,
        /// 401 or 403.
        status: u16,
        /// The endpoint's words.
        message: String,
    },
    /// 404: of a model, or of the whole route.
    #[error("{endpoint} {}", not_found_words(.model, .message))]
    NotFound {
        /// The endpoint's name.
        endpoint: String,
        /// The model that was asked for.
        model: String,
        /// The endpoint's words.
        message: String,
    },
    /// The account has nothing left: waiting does not help.
    #[error(
        "The account at {endpoint} is out of quota: {message} Look at its plan and billing; waiting does not help."
    )]
    Quota {
        /// The endpoint's name.
        endpoint: String,
        /// The endpoint's words.
        message: String,
    },
    /// 429, still after the last attempt.
    #[error(
        "{endpoint} still refuses the call after every retry (status 429): {message} Lower the endpoint's concurrency or its calls a minute."
    )]
    RateLimited {
        /// The endpoint's name.
        endpoint: String,
        /// The endpoint's words.
        message: String,
    },
    /// Another 4xx: this request will never be taken.
    #[error("{endpoint} does not take the request (status {status}): {message}")]
    Rejected {
        /// The endpoint's name.
        endpoint: String,
        /// The status.
        status: u16,
        /// The endpoint's words.
        message: String,
        /// The parameter that it names.
        param: Option<String>,
        /// Its code.
        code: Option<String>,
    },
    /// 408, 409 or 5xx, still after the last attempt.
    #[error("{endpoint} failed (status {status}): {message} Try again later.")]
    Server {
        /// The endpoint's name.
        endpoint: String,
        /// The status.
        status: u16,
        /// The endpoint's words.
        message: String,
    },
    /// What came is no answer: broken or cut JSON, no choice in it, too large.
    #[error("The answer of {endpoint} cannot be read: {reason} Check that it is an OpenAI-compatible endpoint.")]
    Unreadable {
        /// The endpoint's name.
        endpoint: String,
        /// What is wrong with it, a sentence.
        reason: String,
        /// Whether another one may be whole.
        may_pass: bool,
    },
    /// Whoever asked no longer wants it.
    #[error("The call was cancelled.")]
    Cancelled,
}

/// Longest part of an endpoint's words that is kept, in characters.
const MESSAGE_LENGTH: usize = 500;

/// Of a question that names no model, the address alone can be wrong.
fn not_found_words(model: &str, message: &str) -> String {
    if model.is_empty() {
        return format!(
            "answers nothing at this address (status 404): {message} Check the base URL; with most endpoints it ends in /v1."
        );
    }
    format!(
        "does not know the model \"{model}\" or the route (status 404): {message} Choose one of its models, or check the base URL."
    )
}

impl LlmError {
    /// What a status that is no success means. `body` is what came with it, JSON or not.
    pub fn of_status(endpoint: &str, model: &str, status: u16, body: &[u8]) -> Self {
        let ErrorBody { message, param, code, kind } = ErrorBody::read(body);
        let endpoint = endpoint.to_owned();
        let is_quota = [&code, &kind].into_iter().flatten().any(|word| {
            matches!(word.as_str(), "insufficient_quota" | "billing_not_active" | "billing_hard_limit_reached")
        });
        match status {
            402 => Self::Quota { endpoint, message },
            429 if is_quota => Self::Quota { endpoint, message },
            429 => Self::RateLimited { endpoint, message },
            401 | 403 => Self::Unauthorized { endpoint, status, message },
            404 => Self::NotFound { endpoint, model: model.to_owned(), message },
            408 | 409 | 500.. => Self::Server { endpoint, status, message },
            _ => Self::Rejected { endpoint, status, message, param, code },
        }
    }

    /// Whether the same call may go well later. What the endpoint says itself (`x-should-retry`) comes before this.
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Timeout { .. }
            | Self::RateLimited { .. }
            | Self::Server { .. }
            | Self::Unreadable { may_pass: true, .. } => true,
            Self::Unreadable { may_pass: false, .. }
            | Self::Unauthorized { .. }
            | Self::NotFound { .. }
            | Self::Quota { .. }
            | Self::Rejected { .. }
            | Self::Cancelled => false,
        }
    }

    /// Whether waiting helps nothing, whatever a proxy's header says.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Quota { .. } | Self::Cancelled | Self::Unreadable { may_pass: false, .. })
    }

    /// Whether the endpoint may have done the work and want to be paid for it. Refusals are not paid for, nor is what never got
    /// there.
    pub const fn may_be_paid(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::Unreadable { .. } => true,
            Self::Unreachable { was_sent, .. } => *was_sent,
            Self::Server { status, .. } => !matches!(*status, 408 | 409 | 503 | 529),
            Self::Unauthorized { .. }
            | Self::NotFound { .. }
            | Self::Quota { .. }
            | Self::RateLimited { .. }
            | Self::Rejected { .. }
            // (Its attempts tell.)
            | Self::Cancelled => false,
        }
    }

    /// Whether a whole generation may have been lost: it is not worth more than one other attempt.
    pub const fn is_costly(&self) -> bool {
        matches!(self, Self::Timeout { .. } | Self::Unreadable { .. })
    }

    /// Whether the endpoint has more to do than it can: a reason to ask it less at once.
    pub const fn is_overload(&self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::Server { status: 503 | 529, .. })
    }
}

/// `{"error": {message, type, param, code}}`, as far as it is that.
struct ErrorBody {
    message: String,
    param: Option<String>,
    code: Option<String>,
    kind: Option<String>,
}

impl ErrorBody {
    fn read(body: &[u8]) -> Self {
        let value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        // Some say `{"error": "words"}`, others `{"message": "words"}` or `{"detail": "words"}`.
        let error = value.get("error").unwrap_or(&value);
        let text = |name: &str| error.get(name).and_then(Value::as_str).map(str::to_owned);
        let message = error.as_str().map(str::to_owned).or_else(|| text("message")).or_else(|| text("detail"));
        let message = message.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
        // A code may be a number.
        let code = error.get("code").filter(|code| !code.is_null());
        let code = code.map(|code| code.as_str().map_or_else(|| code.to_string(), str::to_owned));
        Self { message: sentence(&message), param: text("param"), code, kind: text("type") }
    }
}

/// An endpoint's words as a sentence of bounded length.
fn sentence(words: &str) -> String {
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.is_empty() {
        return "it gave no reason.".to_owned();
    }
    let mut kept: String = words.chars().take(MESSAGE_LENGTH).collect();
    if kept.len() < words.len() {
        kept.push('…');
    } else if !kept.ends_with(['.', '!', '?']) {
        kept.push('.');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_what_to_do() {
        let of = |status, body: &str| LlmError::of_status("Local", "m", status, body.as_bytes());
        let quota = r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#;
        assert!(matches!(of(429, quota), LlmError::Quota { .. }));
        assert!(matches!(of(402, ""), LlmError::Quota { .. }));
        assert!(matches!(of(429, "slow down"), LlmError::RateLimited { message, .. } if message == "slow down."));
        assert!(
            matches!(of(401, r#"{"error":"bad key"}"#), LlmError::Unauthorized { message, .. } if message == "bad key.")
        );
        assert!(matches!(of(404, "{}"), LlmError::NotFound { message, .. } if message == "{}."));
        let param =
            r#"{"error":{"message":"Unsupported parameter.","param":"temperature","code":"unsupported_parameter"}}"#;
        assert!(matches!(of(400, param), LlmError::Rejected { param: Some(param), .. } if param == "temperature"));
        assert!(
            matches!(of(422, r#"{"detail":"no","code":7}"#), LlmError::Rejected { code: Some(code), .. } if code == "7")
        );
        assert!(matches!(of(502, "<html>bad gateway</html>"), LlmError::Server { status: 502, .. }));
        assert!(matches!(of(500, ""), LlmError::Server { message, .. } if message == "it gave no reason."));
        let long = of(500, &"word ".repeat(1000)).to_string();
        assert!(long.chars().count() < 600 && long.contains('…'));
    }

    #[test]
    fn only_what_passes_is_tried_again() {
        for (status, passing) in [
            (400, false),
            (401, false),
            (403, false),
            (404, false),
            (408, true),
            (409, true),
            (429, true),
            (500, true),
            (503, true),
            (529, true),
        ] {
            assert_eq!(LlmError::of_status("e", "m", status, b"").is_passing(), passing, "{status}");
        }
        assert!(!LlmError::of_status("e", "m", 429, br#"{"error":{"code":"insufficient_quota"}}"#).is_passing());
        assert!(LlmError::of_status("e", "m", 503, b"").is_overload());
        assert!(!LlmError::of_status("e", "m", 500, b"").is_overload());
        for (status, is_paid) in
            [(400, false), (401, false), (408, false), (429, false), (503, false), (500, true), (504, true)]
        {
            assert_eq!(LlmError::of_status("e", "m", status, b"").may_be_paid(), is_paid, "{status}");
        }
        let unreachable = |was_sent| LlmError::Unreachable { endpoint: String::new(), reason: String::new(), was_sent };
        assert!(!unreachable(false).may_be_paid() && unreachable(true).may_be_paid());
    }
}
