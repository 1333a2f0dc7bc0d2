//! Graders: what scores a response from 0 to 1 (domain.md section 7).

use serde::{Deserialize, Serialize};

use super::TimestampMs;

pub mod config;
pub mod diff;
pub mod key;
pub mod presets;
pub mod variables;

pub use config::{
    GraderConfig, GraderPart, LlmJudge, MultiGrader, PythonGrader, STARTER_SCRIPT, SamplingParams, ScoreModel,
    ScoreModelMessage, SimilarityMetric, StringCheck, StringOperation, TextSimilarity,
};
pub use diff::{DiffHunk, DiffLine, GraderDiff, LineChange};
pub use key::{GraderKey, NewGraderKey};
pub use variables::{GRADER_HELPERS, GRADER_VARIABLES, GraderHelper, GraderVariable};

pub mod what_if;
pub use what_if::{ComparedWith, ScoreFigures, WhatIf, WhatIfCounts, WhatIfSample};

/// A saved grader. Every save is a new version; reports name the version they used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GraderVersion {
    /// 1, 2, 3, ... within the dataset.
    pub version: i64,
    /// What was saved.
    pub config: GraderConfig,
    /// When.
    pub created_at: TimestampMs,
}

/// What a grader's templates become for one record.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PromptPreview {
    /// The record; `None` if there is no valid one.
    pub record_id: Option<i64>,
    /// Its place among the records that can be previewed, from 0.
    pub position: i64,
    /// How many those are.
    pub total: i64,
    /// A text a template.
    pub texts: Vec<PreviewText>,
}

/// One rendered template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PreviewText {
    /// "Prompt", a message's role, "Input", "Reference".
    pub label: String,
    /// The text; `None` if there is none.
    pub text: Option<String>,
    /// Why there is none.
    pub error: Option<String>,
    /// Line and column (from 1) of what is wrong in the template itself.
    pub place: Option<(u32, u32)>,
}

/// A grader of another tool, read; or one of ours, written for another tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportedGrader {
    /// What it became. It is a draft: nothing is saved.
    pub config: GraderConfig,
    /// What was not kept or means something else here, a sentence each.
    pub notes: Vec<String>,
}

/// A grader as OpenAI's JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedGrader {
    /// Indented JSON.
    pub json: String,
    /// What was not kept, a sentence each.
    pub notes: Vec<String>,
}

/// What one part of a grade said.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PartScore {
    /// The part's name, or that of a judge's sub-score.
    pub name: String,
    /// As the part gave it, before its threshold; `None` if it failed.
    pub score: Option<f64>,
    /// What counts in the combination, where a threshold made it another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<f64>,
    /// The part's own explanation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<String>,
    /// Why it has no score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// A judge's other numbers by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sub_scores: Vec<(String, f64)>,
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
    /// What a combination's parts said, or a judge's sub-scores; empty for one number.
    #[serde(default)]
    pub parts: Vec<PartScore>,
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
    /// Which records were drawn: tests of the same draw look at the same ones.
    #[serde(default)]
    pub draw: u32,
    /// A result per sample.
    pub results: Vec<GraderTestResult>,
    /// `None` if no sample got a score.
    pub stats: Option<GraderTestStats>,
    /// US dollars paid for its calls; `None`: unknown.
    #[serde(default)]
    pub cost: Option<f64>,
    /// Models asked; kept answers do not count.
    #[serde(default)]
    pub calls: i64,
}

impl GraderTestReport {
    /// US dollars that one call of its judges cost; `None` if it made none, or none is known.
    pub fn cost_per_call(&self) -> Option<f64> {
        (self.calls > 0).then(|| Some(self.cost? / self.calls as f64)).flatten()
    }
}
