//! Imports: one file's way into a dataset, and its report.

use serde::{Deserialize, Serialize};

use super::TimestampMs;
use super::job::JobState;

/// What happens to the records already there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportMode {
    /// They stay.
    #[default]
    Append,
    /// They go, once the whole file was read. Asked for explicitly.
    Replace,
}

impl ImportMode {
    /// The name used in JSON, SQL and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Replace => "replace",
        }
    }

    /// The inverse of [`Self::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Append, Self::Replace].into_iter().find(|mode| mode.as_str() == name)
    }
}

/// One import and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportReport {
    /// UUID v7.
    pub id: String,
    /// The file's name as the user knows it.
    pub file_name: String,
    /// Append or replace.
    pub mode: ImportMode,
    /// The job's state.
    pub state: JobState,
    /// Lines that became records.
    pub records: i64,
    /// Of them, the valid ones.
    pub valid: i64,
    /// The invalid ones.
    pub invalid: i64,
    /// The duplicates.
    pub duplicates: i64,
    /// Lines in native form.
    pub native_lines: i64,
    /// Lines in chat form.
    pub chat_lines: i64,
    /// Bytes of the uploaded (perhaps compressed) file.
    pub bytes: i64,
    /// How long reading took.
    pub duration_ms: i64,
    /// Why it ended early.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: TimestampMs,
}
