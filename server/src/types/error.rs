//! The one public error: what a server function, a route or a command answers when it fails.
//!
//! Which error type goes where: pure modules have their own small enums or return findings;
//! services turn them into [`AppError`] at their boundary; everything the user did not cause becomes
//! [`AppError::Internal`], whose cause is logged once on the server and never sent to a browser.

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::ser::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Every message is a sentence for a person: what happened, why, and what to do about it. The JSON always has `error`
/// (which variant) and `message`, and beside them what else the variant has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "error", rename_all = "snake_case", remote = "Self")]
pub enum AppError {
    /// 404: the thing named does not exist (any more).
    #[error("{what} was not found. It may have been deleted; go back to the list and choose again.")]
    NotFound {
        /// What was looked for, with its id: "Dataset 0197…".
        what: String,
    },
    /// 422: the request is understood but its content is not acceptable.
    #[error("{message}")]
    Invalid {
        /// The form field the message belongs to, if there is one.
        field: Option<String>,
        /// What is wrong and how to mend it.
        message: String,
    },
    /// 409: the request is fine but the state of the data forbids it (or a confirmation is missing).
    #[error("{message}")]
    Conflict {
        /// What stands in the way and how to resolve it.
        message: String,
    },
    /// 413: the upload or body is over a limit.
    #[error("{message}")]
    TooLarge {
        /// Which limit, its value and how to raise it.
        message: String,
    },
    /// 401: the server listens beyond this machine and the request carries no valid token.
    #[error("You are not signed in. Open /login and enter the server's access token.")]
    Unauthorized,
    /// 403: the request came from a foreign page or host.
    #[error("{message}")]
    Forbidden {
        /// Which check refused it.
        message: String,
    },
    /// 503: the server is stopping or a needed resource is busy.
    #[error("{message}")]
    Unavailable {
        /// What is unavailable and when to try again.
        message: String,
    },
    /// 500: our fault. The cause is in the server's log under this request id.
    #[error(
        "Something went wrong on the server (request {request_id}). Nothing was lost; try again, and look for this id in the server's log if it happens again."
    )]
    Internal {
        /// The id under which the cause was logged.
        request_id: String,
    },
    /// The browser could not reach the server or could not read its answer.
    #[error("{message}")]
    Unreachable {
        /// What was tried, and what to do.
        message: String,
    },
}

impl AppError {
    /// A 422 that belongs to no single field.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid { field: None, message: message.into() }
    }

    /// A 422 shown at one form field.
    pub fn invalid_field(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid { field: Some(field.to_owned()), message: message.into() }
    }

    /// A 409.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::Conflict { message: message.into() }
    }

    /// A 404 for the thing described.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::NotFound { what: what.into() }
    }

    /// No answer at all.
    pub fn unreachable() -> Self {
        let message = "The server could not be reached: it has stopped, or the connection to it is broken. Check that it is still running; this page reconnects by itself.";
        Self::Unreachable { message: message.to_owned() }
    }

    /// An answer that is none of ours.
    pub fn unreadable_answer() -> Self {
        let message = "The server's answer could not be read: this page is older than the server, or something between the two answered in its place. Reload the page and try again.";
        Self::Unreachable { message: message.to_owned() }
    }

    /// The HTTP status this error travels under.
    pub const fn status(&self) -> u16 {
        match self {
            Self::NotFound { .. } => 404,
            Self::Invalid { .. } => 422,
            Self::Conflict { .. } => 409,
            Self::TooLarge { .. } => 413,
            Self::Unauthorized => 401,
            Self::Forbidden { .. } => 403,
            Self::Unavailable { .. } => 503,
            Self::Internal { .. } | Self::Unreachable { .. } => 500,
        }
    }
}

// The derived functions (`remote`) write and read the variant with its fields; what every JSON has besides is added here.
impl Serialize for AppError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut json = Self::serialize(self, serde_json::value::Serializer).map_err(S::Error::custom)?;
        json["message"] = self.to_string().into();
        json.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for AppError {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            // On the server only arguments are read; in the browser this is an answer it cannot read.
            #[cfg(feature = "ssr")]
            ServerFnErrorErr::Args(reason)
            | ServerFnErrorErr::MissingArg(reason)
            | ServerFnErrorErr::Deserialization(reason) => super::unreadable::unreadable_arguments(&reason),
            ServerFnErrorErr::Request(_) => Self::unreachable(),
            _ => Self::unreadable_answer(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_survives_its_json_which_has_a_message() {
        let message = "Why.".to_owned();
        let all = [
            AppError::not_found("Dataset \"x\""),
            AppError::invalid(message.clone()),
            AppError::invalid_field("name", message.clone()),
            AppError::conflict(message.clone()),
            AppError::TooLarge { message: message.clone() },
            AppError::Unauthorized,
            AppError::Forbidden { message: message.clone() },
            AppError::Unavailable { message },
            AppError::Internal { request_id: "r1".to_owned() },
            AppError::unreachable(),
            AppError::unreadable_answer(),
        ];
        for error in all {
            let json = serde_json::to_value(&error).unwrap();
            assert_eq!(json["message"], error.to_string());
            assert_eq!(serde_json::from_value::<AppError>(json).unwrap(), error);
        }
        let json = serde_json::to_value(AppError::not_found("Record 7")).unwrap();
        assert_eq!((json["error"].as_str(), json["what"].as_str()), (Some("not_found"), Some("Record 7")));
        assert!(json["message"].as_str().unwrap().starts_with("Record 7 was not found."));
    }
}
