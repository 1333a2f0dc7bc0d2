//! What changed between two versions of a grader, line by line.

use serde::{Deserialize, Serialize};

/// What to change in the version `from` to get the version `to`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraderDiff {
    /// The version compared with.
    pub from: i64,
    /// The version looked at.
    pub to: i64,
    /// Lines that only `to` has.
    pub added: usize,
    /// Lines that only `from` has.
    pub removed: usize,
    /// The changes with the lines around them; empty if the versions are the same.
    pub hunks: Vec<DiffHunk>,
    /// Changed lines that `hunks` leaves out because there are too many to show.
    pub left_out: usize,
    /// Comparing took too long: the changes are true, but more lines count as changed than had to.
    pub is_rough: bool,
}

/// A run of changes with the lines around them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffHunk {
    /// Its first line's number in `from`, from 1.
    pub from_line: usize,
    /// Its first line's number in `to`, from 1.
    pub to_line: usize,
    /// Its lines, in order.
    pub lines: Vec<DiffLine>,
}

/// One line of a hunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffLine {
    /// In which of the two it is.
    pub change: LineChange,
    /// Its text without the line break; a very long one is cut.
    pub text: String,
}

/// Where a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineChange {
    /// In both.
    Same,
    /// In the new one only.
    Added,
    /// In the old one only.
    Removed,
}
