//! What was asked, for assertions.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::Value;

use super::script::{Fault, Route};

/// The requests that are kept; a server that runs for long forgets the oldest.
const KEPT: usize = 10_000;
/// What stands in the place of a header that holds a secret.
const HIDDEN: &str = "(hidden)";

/// One request, as it came and as it was answered.
#[derive(Debug, Clone, Serialize)]
pub struct RecordedRequest {
    /// Counted from 1 since the start or the last reset.
    pub number: u64,
    /// When it came, in milliseconds since the start.
    pub at_ms: u64,
    /// Such as `POST`.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// What stands behind the question mark.
    pub query: Option<String>,
    /// What it is for; none if the address is unknown.
    pub route: Option<Route>,
    /// The model that the body names.
    pub model: Option<String>,
    /// In order, lower case; keys, tokens and cookies are replaced.
    pub headers: Vec<(String, String)>,
    /// The body if it is JSON, else null.
    pub body: Value,
    /// Length of the body.
    pub body_bytes: usize,
    /// Requests that were under way when it came, this one included.
    pub concurrent: usize,
    /// What the script had for it.
    pub faults: Vec<Fault>,
    /// The answer's status; none while there is no answer.
    pub status: Option<u16>,
}

/// All requests, and how many there are at a time.
#[derive(Debug, Default)]
pub(super) struct Log {
    requests: VecDeque<RecordedRequest>,
    arrived: u64,
    under_way: usize,
    highest_concurrency: usize,
}

impl Log {
    /// One more is under way; says how many are now.
    pub(super) fn begin(&mut self) -> usize {
        self.under_way += 1;
        self.highest_concurrency = self.highest_concurrency.max(self.under_way);
        self.under_way
    }

    /// One is over: its answer's last byte was given out, or its client went away.
    pub(super) fn end(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// Keeps a request under a number of its own, which it gives back.
    pub(super) fn record(&mut self, mut request: RecordedRequest) -> u64 {
        self.arrived += 1;
        request.number = self.arrived;
        if self.requests.len() == KEPT {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
        self.arrived
    }

    /// Writes down how a request was answered.
    pub(super) fn answered(&mut self, number: u64, status: u16) {
        if let Some(request) = self.requests.iter_mut().rev().find(|request| request.number == number) {
            request.status = Some(status);
        }
    }

    /// All that are kept.
    pub(super) fn requests(&self) -> Vec<RecordedRequest> {
        self.requests.iter().cloned().collect()
    }

    /// Requests so far, those that were forgotten included.
    pub(super) fn arrived(&self) -> u64 {
        self.arrived
    }

    /// Requests under way now.
    pub(super) fn under_way(&self) -> usize {
        self.under_way
    }

    /// The most requests at a time.
    pub(super) fn highest_concurrency(&self) -> usize {
        self.highest_concurrency
    }

    /// Forgets everything but what is under way.
    pub(super) fn reset(&mut self) {
        *self = Self { under_way: self.under_way, highest_concurrency: self.under_way, ..Self::default() };
    }
}

/// Headers as they may be kept.
pub(super) fn without_secrets(headers: &axum::http::HeaderMap) -> Vec<(String, String)> {
    const SECRET: [&str; 5] = ["authorization", "api-key", "x-api-key", "cookie", "proxy-authorization"];
    headers
        .iter()
        .map(|(name, value)| {
            let shown = if SECRET.contains(&name.as_str()) { HIDDEN } else { value.to_str().unwrap_or("(not text)") };
            (name.as_str().to_owned(), shown.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::*;

    #[test]
    fn keys_are_not_kept() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static("Bearer sk-secret"));
        headers.insert("user-agent", HeaderValue::from_static("test"));
        let kept = without_secrets(&headers);
        assert!(kept.contains(&("user-agent".to_owned(), "test".to_owned())));
        assert!(kept.contains(&("authorization".to_owned(), HIDDEN.to_owned())));
    }

    #[test]
    fn the_highest_concurrency_outlives_the_requests() {
        let mut log = Log::default();
        assert_eq!((log.begin(), log.begin()), (1, 2));
        log.end();
        assert_eq!(log.begin(), 2);
        log.end();
        log.end();
        assert_eq!((log.under_way(), log.highest_concurrency()), (0, 2));
        log.reset();
        assert_eq!(log.highest_concurrency(), 0);
    }
}
