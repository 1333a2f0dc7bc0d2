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

/// What a dataset is called after its file: "support-2026.jsonl.gz" gives "support-2026". The form suggests it, and
/// the server uses it where no name was given.
pub fn suggested_name(file_name: &str) -> String {
    let mut name = file_name;
    for ending in [".gz", ".zst", ".jsonl", ".ndjson", ".json", ".txt"] {
        name = name.strip_suffix(ending).unwrap_or(name);
    }
    let name: String = name.trim().chars().filter(|character| !character.is_control()).take(200).collect();
    if name.is_empty() { "Imported traces".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_suggested_from_files() {
        for (file, expected) in [
            ("support-2026.jsonl.gz", "support-2026"),
            ("spans.ndjson.zst", "spans"),
            ("a.b.json", "a.b"),
            ("notes.txt", "notes"),
            (".jsonl", "Imported traces"),
            (".gz", "Imported traces"),
            (" \u{7}x ", "x"),
            ("plain", "plain"),
        ] {
            assert_eq!(suggested_name(file), expected, "{file}");
        }
        assert_eq!(suggested_name(&"ä".repeat(300)).chars().count(), 200);
    }
}
