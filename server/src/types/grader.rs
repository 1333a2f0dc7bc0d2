//! Graders: what scores a response from 0 to 1 (domain.md section 7).

use serde::{Deserialize, Serialize};

use super::TimestampMs;

/// The script a new grader starts from: a graded score of support and tool-use replies, with or without a
/// reference answer.
pub const STARTER_SCRIPT: &str = include_str!("starter_grader.js");

/// How responses are scored. Other kinds (LLM judge, combinations) join with the model endpoints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum GraderConfig {
    /// A JavaScript function `grade(input)`.
    Script {
        /// The source; at most 256 KiB.
        script: String,
    },
}

impl GraderConfig {
    /// "Script": what the canvas card says.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Script { .. } => "Script",
        }
    }
}

/// A saved grader. Every save is a new version; reports name the version they used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraderVersion {
    /// 1, 2, 3, ... within the dataset.
    pub version: i64,
    /// What was saved.
    pub config: GraderConfig,
    /// When.
    pub created_at: TimestampMs,
}

/// One sample of a grader test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GraderTestResult {
    /// The record graded.
    pub record_id: i64,
    /// The start of its last user message.
    pub prompt_preview: String,
    /// 0..1; `None` if grading failed.
    pub score: Option<f64>,
    /// The grader's own explanation.
    pub reasoning: Option<String>,
    /// Why there is no score.
    pub error: Option<String>,
    /// The start of the response graded.
    pub response_preview: String,
    /// What the script logged.
    pub logs: Vec<String>,
}

/// Mean, sample deviation and range of the scores that there are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GraderTestStats {
    /// Arithmetic mean.
    pub mean: f64,
    /// Sample standard deviation (n-1); 0 for one score.
    pub std: f64,
    /// Lowest.
    pub min: f64,
    /// Highest.
    pub max: f64,
}

/// What "Test on 5 samples" found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GraderTestReport {
    /// When it ran.
    pub timestamp: TimestampMs,
    /// The saved version tested; `None` for an unsaved draft.
    pub grader_version: Option<i64>,
    /// What was tested.
    pub grader_config: GraderConfig,
    /// A result per sample.
    pub results: Vec<GraderTestResult>,
    /// `None` if no sample got a score.
    pub stats: Option<GraderTestStats>,
}
