//! The graded responses, and which of them are looked at.

use serde::{Deserialize, Serialize};

use crate::types::grader::PartScore;

/// One graded response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DryRunSample {
    /// Position in the run's plan, from 0.
    pub ordinal: i64,
    /// The prompt's record.
    pub record_id: i64,
    /// Which of the prompt's responses, from 0.
    #[serde(default)]
    pub rollout: i64,
    /// Whether a model was asked for the response; else it is the record's own.
    #[serde(default)]
    pub is_generated: bool,
    /// Its topic when the run was planned.
    pub topic: Option<String>,
    /// The start of the last user message.
    pub prompt_preview: String,
    /// The response that was graded.
    pub response: String,
    /// 0..1; `None` if it failed.
    pub score: Option<f64>,
    /// What a second, independent grading of the same response gave.
    #[serde(default)]
    pub regrade: Option<f64>,
    /// The grader's explanation.
    pub reasoning: Option<String>,
    /// Why there is no score.
    pub error: Option<String>,
    /// What the script logged.
    pub logs: Vec<String>,
    /// What the parts of a combination said, or a judge's sub-scores.
    #[serde(default)]
    pub parts: Vec<PartScore>,
}

/// Which samples the inspector shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "selection", rename_all = "snake_case")]
pub enum SampleSelection {
    /// Five highest, by score.
    Highest,
    /// Five lowest.
    Lowest,
    /// Five nearest the mean.
    NearestMean,
    /// Every score within 0.05 of 0.5.
    AroundHalf,
    /// Every failed one.
    Failed,
    /// All of one topic; `None` for uncategorized.
    Topic {
        /// The topic.
        topic: Option<String>,
    },
    /// All, in the plan's order.
    All,
}

/// A page of samples.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SamplePage {
    /// The samples.
    pub samples: Vec<DryRunSample>,
    /// How many the selection has in all.
    pub total: i64,
}
