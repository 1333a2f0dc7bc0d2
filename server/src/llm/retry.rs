//! When a call is tried again: pure. Exponential backoff with jitter, unless the endpoint says how long to wait.

use std::time::{Duration, SystemTime};

/// How often and how patiently a call is tried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    /// All attempts, the first among them.
    pub attempts: u32,
    /// The wait before the second attempt, without jitter; each further one is twice as long.
    pub first_wait: Duration,
    /// No wait of our own is longer.
    pub longest_wait: Duration,
    /// An endpoint that asks for a longer wait is not waited for.
    pub longest_asked: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 5,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
            longest_asked: Duration::from_secs(120),
        }
    }
}

impl RetryPolicy {
    /// How long to wait before the next attempt after so many; `None`: no further one. `jitter` is between 0 and 1.
    pub fn wait(&self, made: u32, asked: Option<Duration>, jitter: f64) -> Option<Duration> {
        if made >= self.attempts {
            return None;
        }
        if let Some(asked) = asked {
            // A little more, so that those who were told the same do not all come back at once.
            return (asked <= self.longest_asked).then(|| asked + self.first_wait.mul_f64(jitter.clamp(0.0, 1.0)));
        }
        let doubled = self.first_wait.saturating_mul(1 << made.saturating_sub(1).min(20));
        Some(doubled.min(self.longest_wait).mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0)))
    }
}

/// What an endpoint's headers say of trying again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RetryHint {
    /// Whether it should be tried, where it says so (`x-should-retry`).
    pub should: Option<bool>,
    /// After how long.
    pub after: Option<Duration>,
}

impl RetryHint {
    /// Reads `retry-after-ms`, `retry-after` (seconds or a date), else the `x-ratelimit-reset-*` of a limit of which nothing remains.
    pub fn read<'a>(header: impl Fn(&str) -> Option<&'a str>, now: SystemTime) -> Self {
        let should = match header("x-should-retry") {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => None,
        };
        let milliseconds = header("retry-after-ms").and_then(|text| seconds(text).map(|ms| ms / 1000.0));
        let in_seconds = || header("retry-after").and_then(seconds);
        let at_date = || {
            let date = httpdate::parse_http_date(header("retry-after")?.trim()).ok()?;
            Some(date.duration_since(now).unwrap_or_default())
        };
        let used_up = |kind: &str| {
            let nothing_left = header(&format!("x-ratelimit-remaining-{kind}"))?.trim() == "0";
            nothing_left.then(|| header(&format!("x-ratelimit-reset-{kind}")).and_then(parse_duration))?
        };
        let after = milliseconds
            .or_else(in_seconds)
            .map(Duration::from_secs_f64)
            .or_else(at_date)
            .or_else(|| used_up("requests").max(used_up("tokens")));
        Self { should, after }
    }
}

/// A number of seconds that can be waited.
fn seconds(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|seconds| (0.0..1e9).contains(seconds))
}

/// A duration as OpenAI writes it: "6m0s", "1h2m3.5s", "120ms"; a bare number is seconds.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if let Some(bare) = seconds(rest) {
        return Some(Duration::from_secs_f64(bare));
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let units = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, left) = after.split_at(units);
        let unit = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        total += seconds(number)? * unit;
        rest = left;
    }
    (total > 0.0 || text.contains('0')).then(|| Duration::from_secs_f64(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_headers_write_them() {
        for (text, milliseconds) in [
            ("6m0s", Some(360_000)),
            ("1h2m3.5s", Some(3_723_500)),
            ("120ms", Some(120)),
            ("0s", Some(0)),
            ("7.66s", Some(7_660)),
            ("2", Some(2_000)),
            ("1d", Some(86_400_000)),
            ("", None),
            ("s", None),
            ("5 apples", None),
            ("-3s", None),
            ("1e400s", None),
        ] {
            let expected = milliseconds.map(Duration::from_millis);
            assert_eq!(parse_duration(text), expected, "{text}");
        }
    }

    #[test]
    fn headers_say_when() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let read = |headers: &[(&str, &'static str)]| {
            RetryHint::read(|name| headers.iter().find(|(key, _)| *key == name).map(|(_, value)| *value), now)
        };
        let after = |headers: &[(&str, &'static str)]| read(headers).after.map(|after| after.as_millis());
        assert_eq!(after(&[("retry-after-ms", "250"), ("retry-after", "9")]), Some(250));
        assert_eq!(after(&[("retry-after", "3")]), Some(3_000));
        // 1,000,000 s after the epoch is 13:46:40 of 12 January 1970.
        assert_eq!(after(&[("retry-after", "Mon, 12 Jan 1970 13:46:45 GMT")]), Some(5_000));
        assert_eq!(after(&[("retry-after", "Mon, 12 Jan 1970 13:00:00 GMT")]), Some(0));
        assert_eq!(after(&[("retry-after", "soon")]), None);
        assert_eq!(after(&[("retry-after", "-1")]), None);
        let resets = [("x-ratelimit-reset-requests", "2s"), ("x-ratelimit-reset-tokens", "6m0s")];
        assert_eq!(after(&resets), None);
        assert_eq!(after(&[&resets[..], &[("x-ratelimit-remaining-requests", "0")]].concat()), Some(2_000));
        assert_eq!(
            after(
                &[&resets[..], &[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-remaining-tokens", "0")]]
                    .concat()
            ),
            Some(360_000)
        );
        assert_eq!(read(&[("x-should-retry", "false")]).should, Some(false));
        assert_eq!(read(&[("x-should-retry", "perhaps")]), RetryHint::default());
    }

    #[test]
    fn waits_grow_and_end() {
        let policy = RetryPolicy { attempts: 4, ..RetryPolicy::default() };
        let wait = |made, jitter| policy.wait(made, None, jitter).map(|wait| wait.as_millis());
        assert_eq!([wait(1, 1.0), wait(2, 1.0), wait(3, 1.0), wait(4, 1.0)], [Some(500), Some(1000), Some(2000), None]);
        assert_eq!(wait(3, 0.0), Some(1000));
        let patient = RetryPolicy { attempts: 100, ..policy };
        assert_eq!(patient.wait(99, None, 1.0), Some(policy.longest_wait));
        let asked = |seconds| policy.wait(1, Some(Duration::from_secs(seconds)), 0.0);
        assert_eq!((asked(7), asked(121)), (Some(Duration::from_secs(7)), None));
        assert_eq!(policy.wait(4, Some(Duration::ZERO), 0.0), None);
    }
}
