//! Keys of those who may have responses graded over HTTP.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::types::TimestampMs;

/// A key as it is listed: the key itself is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraderKey {
    /// UUID v7.
    pub id: String,
    /// Who uses it, in the words of whoever made it.
    pub name: String,
    /// How it ends.
    pub hint: String,
    /// When it was made.
    pub created_at: TimestampMs,
    /// When it last opened a grader, to the minute; `None`: never.
    pub last_used_at: Option<TimestampMs>,
}

/// A key that was just made: the only time that it is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewGraderKey {
    /// As it is listed from now on.
    pub key: GraderKey,
    /// `ank_...`
    pub secret: String,
}

impl fmt::Debug for NewGraderKey {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewGraderKey").field("key", &self.key).finish_non_exhaustive()
    }
}
