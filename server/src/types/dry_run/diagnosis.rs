//! The verdict and its reasons.

use serde::{Deserialize, Serialize};

/// How good a part of the result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// Fine.
    Good,
    /// Look here.
    Attention,
    /// Mend this.
    Problem,
}

impl Quality {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Attention => "attention",
            Self::Problem => "problem",
        }
    }
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Verdict {
    /// Train.
    #[serde(rename = "GO")]
    Go,
    /// Look at the findings first.
    #[serde(rename = "CAUTION")]
    Caution,
    /// Training would waste the budget.
    #[serde(rename = "NO-GO")]
    NoGo,
}

impl Verdict {
    /// "GO", "CAUTION", "NO-GO".
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Go => "GO",
            Self::Caution => "CAUTION",
            Self::NoGo => "NO-GO",
        }
    }
}

/// How sure the verdict is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Narrow intervals.
    High,
    /// In between.
    Medium,
    /// One rollout per prompt, or wide intervals.
    Low,
}

impl Confidence {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// Where a finding's button leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingAction {
    /// Edit the grader.
    EditGrader,
    /// See the lowest samples.
    InspectLowest,
    /// See the highest samples.
    InspectHighest,
    /// See the failed samples.
    InspectFailed,
    /// See the samples of the topic named in the finding.
    InspectTopic,
    /// The coverage panel.
    OpenCoverage,
    /// The records overlay.
    OpenRecords,
    /// Run again with more samples.
    RunMore,
    /// Nothing to press.
    None,
}

/// One row of the diagnosis: a number, its bound, what it means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable identifier: "mean_low", "std_low", "few_nonzero", ...
    pub id: String,
    /// One sentence: the number and its bound.
    pub message: String,
    /// Likeliest causes, data or grader.
    pub causes: String,
    /// One thing to do.
    pub action_text: String,
    /// The button that leads there.
    pub action: FindingAction,
    /// The topic concerned, if one is.
    pub topic: Option<String>,
    /// What it says of the dataset.
    pub dataset: Option<Quality>,
    /// What it says of the grader.
    pub grader: Option<Quality>,
    /// The best verdict it still allows; `None` for a mere warning.
    pub verdict_at_best: Option<Verdict>,
    /// Further samples that would settle it, where more samples would.
    pub samples_to_settle: Option<i64>,
}

/// A check that was made and passed, for "why this verdict".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedCheck {
    /// "Mean 0.45 lies between 0.20 and 0.60".
    pub message: String,
}

/// The verdict and its reasons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DryRunDiagnosis {
    /// Are the prompts fit? `None` if no response was scored: then nothing is known of them.
    pub dataset_quality: Option<Quality>,
    /// Can the grader tell good from bad? `None` where nothing was looked at that could say so.
    pub grader_quality: Option<Quality>,
    /// The answer.
    pub verdict: Verdict,
    /// How sure it is.
    pub confidence: Confidence,
    /// Why the confidence is what it is, and the run that would raise it.
    pub confidence_reason: String,
    /// The verdict in a sentence before any number.
    pub summary: String,
    /// What stands against it, gravest first.
    pub findings: Vec<Finding>,
    /// What was checked and is fine.
    pub passed: Vec<PassedCheck>,
}
