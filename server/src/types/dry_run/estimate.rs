//! What a dry run will ask for, before it starts.

use serde::{Deserialize, Serialize};

/// What a run will ask for, take and cost, measured on some of the dataset's own records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DryRunEstimate {
    /// Prompts that will be sampled: fewer than asked for where there are no more.
    pub prompts: i64,
    /// Calls of the base model.
    pub response_calls: i64,
    /// Calls of judges.
    pub judge_calls: i64,
    /// Of all calls together.
    pub input_tokens: i64,
    /// Of all calls together.
    pub output_tokens: i64,
    /// US dollars; `None`: a price is not known.
    pub cost: Option<f64>,
    /// Seconds; `None`: one of the models has not been called yet, so nobody knows how fast it is.
    pub seconds: Option<f64>,
    /// Records that it was measured on.
    pub measured_on: i64,
    /// What was assumed for want of anything measured, a sentence each.
    pub assumed: Vec<String>,
}
