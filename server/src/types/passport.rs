//! A record's passport: what the pipeline decided about it, and why.

use serde::{Deserialize, Serialize};

use super::TimestampMs;
use super::import::ImportFormat;
use super::topics::{CategorizationMetadata, CategorizationMethod};
use super::validation::{RecordStatus, ValidationError};

/// What is known of one record beside what it says, all of one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordPassport {
    /// The record.
    pub record_id: i64,
    /// The file it came from; `None` where that is not known any more.
    pub source: Option<PassportSource>,
    /// When it was stored.
    pub created_at: TimestampMs,
    /// When its data was last edited; the time it was stored if never.
    pub updated_at: TimestampMs,
    /// Synthetic?
    pub is_generated: bool,
    /// The record a synthetic one was made from, if that is still there.
    pub parent: Option<RecordLink>,
    /// What validation says.
    pub status: RecordStatus,
    /// Every rule it breaks, with where and why.
    pub findings: Vec<Finding>,
    /// The earlier record it is a duplicate of.
    pub duplicate_of: Option<RecordLink>,
    /// The first of the later ones that are duplicates of it.
    pub duplicates: Vec<RecordLink>,
    /// How many those are in all.
    pub duplicates_total: i64,
    /// Its topic, and how it got that; `None`: it has none.
    pub topic: Option<CategorizationMetadata>,
    /// The topic it had before.
    pub previous_topic: Option<String>,
    /// What dry runs that sampled it came to, newest first.
    pub scores: Vec<PassportScore>,
    /// What people changed of it, newest first, at most [`MAX_CHANGES`].
    pub changes: Vec<RecordChange>,
    /// The server's clock when this was read.
    pub now: TimestampMs,
}

/// So many of the newest changes of a record are kept.
pub const MAX_CHANGES: usize = 50;

/// Where a record came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassportSource {
    /// The imported file's name.
    pub file_name: String,
    /// 1-based line in the uncompressed file.
    pub line: Option<i64>,
    /// When it was imported.
    pub imported_at: TimestampMs,
    /// What the line was read as; known where all of the file was read as one thing.
    pub format: Option<ImportFormat>,
    /// Whether it came here with a copy of the dataset it was imported into.
    pub copied: bool,
}

/// Another record, to be gone to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordLink {
    /// Its id.
    pub id: i64,
    /// The start of its last user message.
    pub preview: String,
}

/// A rule that a record breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule.
    pub error: ValidationError,
    /// Where and why.
    pub details: Option<String>,
}

/// What a dry run made of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PassportScore {
    /// The run.
    pub run_id: String,
    /// When it was started.
    pub run_at: TimestampMs,
    /// The grader's version.
    pub grader_version: i64,
    /// The score.
    pub score: Option<f64>,
    /// The grader's explanation.
    pub reasoning: Option<String>,
    /// Why there is no score.
    pub error: Option<String>,
}

/// What a person did to a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordChange {
    /// What a restore names.
    pub id: i64,
    /// When.
    pub at: TimestampMs,
    /// What it was, and what was there before.
    pub what: ChangeKind,
}

/// A change, with what was there before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChangeKind {
    /// The data was edited.
    Edit(FormerState),
    /// A former version was brought back.
    Restore(FormerState),
    /// A topic was given or taken away.
    Topic {
        /// The one before.
        before: Option<String>,
        /// How it had got that one.
        method: Option<CategorizationMethod>,
    },
}

/// A version of a record's data in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerState {
    /// What validation said of it.
    pub status: RecordStatus,
    /// The first rule it broke.
    pub first_error: Option<ValidationError>,
    /// Whether it was a line that could not be read: it can be looked at, but not be brought back.
    pub unreadable: bool,
}

/// A version of a record's data, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerVersion {
    /// The data as indented JSON; the line as it came where it could not be read.
    pub text: String,
}
