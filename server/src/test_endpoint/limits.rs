//! How many requests at a time and within a while are answered; more get a 429. Pure but for the passed clock.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use axum::http::StatusCode;

use super::error::ApiError;
use super::script::Limits;

/// The times of the requests that were let through within the window.
#[derive(Debug, Default)]
pub(super) struct Window(VecDeque<Instant>);

impl Window {
    /// Lets a request through, or says why not. `under_way` counts it too.
    pub(super) fn admit(&mut self, limits: &Limits, under_way: usize, now: Instant) -> Result<(), ApiError> {
        if let Some(most) = limits.concurrency
            && under_way > most
        {
            let message = format!("Too many requests at a time: {most} are allowed. Please try again.");
            return Err(rate_limited(message).header("retry-after-ms", 50));
        }
        let Some(most) = limits.requests else { return Ok(()) };
        let window = Duration::from_millis(limits.per_ms);
        while self.0.front().is_some_and(|first| now.duration_since(*first) >= window) {
            self.0.pop_front();
        }
        if self.0.len() < most {
            self.0.push_back(now);
            return Ok(());
        }
        let wait = self.0.front().map_or(window, |first| window.saturating_sub(now.duration_since(*first)));
        let message = format!("Rate limit reached for requests: limit {most} per {} ms.", limits.per_ms);
        Err(rate_limited(message)
            .header("retry-after-ms", wait.as_millis().max(1))
            .header("retry-after", wait.as_secs_f64().ceil())
            .header("x-ratelimit-limit-requests", most)
            .header("x-ratelimit-remaining-requests", 0)
            .header("x-ratelimit-reset-requests", format!("{}ms", wait.as_millis().max(1))))
    }
}

/// A 429 that clears by waiting.
pub(super) fn rate_limited(message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::TOO_MANY_REQUESTS, "requests", message).code("rate_limit_exceeded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_beyond_the_rate_wait_for_the_window_to_move() {
        let limits = Limits { requests: Some(2), per_ms: 1000, ..Limits::default() };
        let (mut window, start) = (Window::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        assert!(window.admit(&limits, 1, at(0)).is_ok());
        assert!(window.admit(&limits, 1, at(400)).is_ok());
        assert!(window.admit(&limits, 1, at(900)).is_err());
        assert!(window.admit(&limits, 1, at(1000)).is_ok());
        assert!(window.admit(&limits, 1, at(1100)).is_err());
    }

    #[test]
    fn more_than_the_concurrency_is_refused_and_not_counted() {
        let limits = Limits { concurrency: Some(1), requests: Some(1), per_ms: 1000 };
        let (mut window, now) = (Window::default(), Instant::now());
        assert!(window.admit(&limits, 2, now).is_err());
        assert!(window.admit(&limits, 1, now).is_ok());
    }
}
