//! What a dry run is asked to do.

use serde::{Deserialize, Serialize};

/// Where the responses to grade come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseSource {
    /// The output the record already carries: no network, one rollout per prompt.
    #[default]
    Recorded,
}

/// What a dry run is asked to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DryRunConfig {
    /// Prompts to sample, 1 to 10,000. Default 300; fewer valid records than this: all of them.
    pub sample_size: i64,
    /// The model that answers; none with recorded responses, where no model is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_model: Option<String>,
    /// Whether every topic gets its share of the sample.
    pub stratify_by_topic: bool,
    /// Responses per prompt; 1 for recorded ones.
    pub rollouts_per_prompt: i64,
    /// Where responses come from.
    pub response_source: ResponseSource,
    /// Makes the sample and the intervals repeatable.
    pub seed: u64,
    /// Samples graded at once; 0 asks for as many as the endpoints of the grader's judges take, else for one per core. The
    /// report has the number that it was.
    pub concurrency: i64,
}

impl Default for DryRunConfig {
    fn default() -> Self {
        Self {
            sample_size: 300,
            base_model: None,
            stratify_by_topic: true,
            rollouts_per_prompt: 1,
            response_source: ResponseSource::Recorded,
            seed: 42,
            concurrency: 0,
        }
    }
}
