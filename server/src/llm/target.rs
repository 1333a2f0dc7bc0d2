//! An endpoint as a call needs it: its address, its key, its limits.

use std::time::Duration;

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};

use super::error::LlmError;
use super::limits::Limits;

/// An endpoint as a call needs it.
#[derive(Clone)]
pub struct Target {
    /// By which its limits and what was learned of it are kept.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Up to and with `/v1` or what stands in its place; a query (`?api-version=`) stays.
    pub base_url: Url,
    /// The key, if it has one. Sent as `Authorization: Bearer`, and to Azure as `api-key`.
    pub key: Option<String>,
    /// An attempt takes no longer.
    pub timeout: Duration,
    /// What may go there.
    pub limits: Limits,
    /// Not saved yet: its calls share no limits with others, and nothing is learned of it.
    pub is_draft: bool,
}

impl std::fmt::Debug for Target {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

impl Target {
    /// The address of a route below the base.
    pub(super) fn url(&self, route: &str) -> Url {
        let mut url = self.base_url.clone();
        let path = format!("{}/{route}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url
    }

    pub(super) fn headers(&self) -> Result<HeaderMap, LlmError> {
        let mut headers = HeaderMap::new();
        let Some(key) = &self.key else { return Ok(headers) };
        let is_azure = self.base_url.host_str().is_some_and(|host| host.ends_with(".azure.com"));
        let (name, value) = if is_azure {
            (reqwest::header::HeaderName::from_static("api-key"), key.clone())
        } else {
            (AUTHORIZATION, format!("Bearer {key}"))
        };
        let mut value = HeaderValue::try_from(value).map_err(|_| LlmError::Unauthorized {
            endpoint: self.name.clone(),
            status: 401,
            message: "The key holds characters that no key has; it was not sent.".to_owned(),
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
        Ok(headers)
    }

    pub(super) fn broken(&self, error: &reqwest::Error) -> LlmError {
        let endpoint = self.name.clone();
        if error.is_timeout() && !error.is_connect() {
            return LlmError::Timeout { endpoint, after: self.timeout };
        }
        // The innermost cause says it shortest: "Connection refused".
        let mut cause: &dyn std::error::Error = error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        LlmError::Unreachable { endpoint, reason: cause.to_string(), was_sent: !error.is_connect() }
    }
}
