//! What another grader would make of responses that were graded already, without asking a model.

use serde::{Deserialize, Serialize};

use super::PartScore;
use crate::types::TimestampMs;
use crate::types::dry_run::{ScoreBucket, Verdict};

/// What is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ComparedWith {
    /// The newest dry run that has a report.
    DryRun {
        /// The run.
        run_id: String,
        /// The grader's version that it used.
        version: i64,
        /// When it was finished.
        at: TimestampMs,
    },
    /// Where there is no such run: the newest test of the saved grader, else of a draft.
    Test {
        /// The saved version tested; `None`: a draft.
        version: Option<i64>,
        /// When.
        at: TimestampMs,
    },
}

/// Scores in figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoreFigures {
    /// How many they rest on.
    pub count: i64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Sample standard deviation (n-1); 0 for one score.
    pub std: f64,
    /// Ten buckets.
    pub distribution: Vec<ScoreBucket>,
}

/// How the samples of a comparison stand. Together they are all of `looked_at`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhatIfCounts {
    /// A higher score.
    pub up: i64,
    /// A lower one.
    pub down: i64,
    /// The same score.
    pub unchanged: i64,
    /// Had a score and fails now.
    pub newly_failed: i64,
    /// Failed and has a score now.
    pub newly_scored: i64,
    /// Failed and fails.
    pub still_failed: i64,
    /// A model would have to be asked: no answer to exactly this question is kept. Never scored.
    pub needs_call: i64,
    /// Edited or deleted after it was graded, so that the response and its score do not belong together any more.
    pub edited: i64,
    /// Not graded in the time there is.
    pub out_of_time: i64,
}

impl WhatIfCounts {
    /// Samples with an answer of the draft, a score or a failure: what `before` and `after` are of.
    pub const fn compared(&self) -> i64 {
        self.differing() + self.unchanged + self.still_failed
    }

    /// Samples that change.
    pub const fn differing(&self) -> i64 {
        self.up + self.down + self.newly_failed + self.newly_scored
    }
}

/// What a draft would make of the responses graded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WhatIf {
    /// With what.
    pub compared_with: ComparedWith,
    /// The draft is the grader compared with.
    pub is_same: bool,
    /// Samples there are.
    pub total: i64,
    /// How many of them were looked at: all, or some spread evenly.
    pub looked_at: i64,
    /// How they stand.
    pub counts: WhatIfCounts,
    /// Samples that change, as a share of those compared; `None` if none is compared.
    pub changed_share: Option<f64>,
    /// Of the samples compared, as they were scored; `None` if none was.
    pub before: Option<ScoreFigures>,
    /// Of the same samples, by the draft.
    pub after: Option<ScoreFigures>,
    /// Mean after minus mean before.
    pub mean_difference: Option<f64>,
    /// Deviation after minus deviation before.
    pub std_difference: Option<f64>,
    /// The run's verdict.
    pub verdict_before: Option<Verdict>,
    /// The verdict of a run by the draft; `None` where not every sample of a run is compared.
    pub verdict_after: Option<Verdict>,
    /// The samples that change most, at most fifty of [`WhatIfCounts::differing`]: first those that fail now, then those that
    /// have a score now, then by the size of the difference.
    pub samples: Vec<WhatIfSample>,
}

/// A sample that changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WhatIfSample {
    /// Its place in the run or test, from 0.
    pub position: i64,
    /// The record.
    pub record_id: i64,
    /// The start of the last user message.
    pub prompt_preview: String,
    /// The start of the response graded.
    pub response_preview: String,
    /// The score; `None`: it failed.
    pub before: Option<f64>,
    /// By the draft; `None`: it fails.
    pub after: Option<f64>,
    /// After minus before, where both are scores.
    pub difference: Option<f64>,
    /// Why the draft gives no score.
    pub error: Option<String>,
    /// The draft's own explanation, where it was run anew.
    pub reasoning: Option<String>,
    /// What the draft's parts say.
    pub parts: Vec<PartScore>,
}
