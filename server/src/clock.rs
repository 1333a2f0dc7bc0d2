//! The one place that asks what time it is.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::types::TimestampMs;

/// Now, in milliseconds since the epoch. A clock set before 1970 counts as 1970.
pub fn now_ms() -> TimestampMs {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
