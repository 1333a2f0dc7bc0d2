//! What a dry run is asked to do.

use serde::{Deserialize, Serialize};

/// Where the responses to grade come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseSource {
    /// The output the record already carries: no network, one rollout per prompt.
    #[default]
    Recorded,
    /// The base model is asked, several times per prompt.
    Generated,
}

/// Most responses per prompt.
pub const MAX_ROLLOUTS: i64 = 64;
/// Responses per prompt where a model is asked.
pub const DEFAULT_ROLLOUTS: i64 = 4;
/// A share of the prompts all of whose responses are graded twice, where the grader asks a model.
pub const DEFAULT_REGRADED_SHARE: f64 = 0.1;

/// What a dry run is asked to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DryRunConfig {
    /// Prompts to sample, 1 to 10,000. Default 300; fewer valid records than this: all of them.
    pub sample_size: i64,
    /// The model that answers; none with recorded responses, where no model is called. `None` when a run is asked for: the
    /// default base model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_model: Option<String>,
    /// The id of its endpoint; as above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_endpoint: Option<String>,
    /// Whether every topic gets its share of the sample.
    pub stratify_by_topic: bool,
    /// Responses per prompt, 1 to [`MAX_ROLLOUTS`]; 1 for recorded ones.
    pub rollouts_per_prompt: i64,
    /// Of the base model, 0 to 2; `None`: the endpoint's own default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Most tokens of a response, thoughts among them; `None`: the endpoint's own limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_response_tokens: Option<u32>,
    /// Where the grader asks a model, the best response to each prompt is graded a second time, and in this share (0 to 1) of
    /// the prompts all of them: that tells its noise from the responses' own differences. 0: none is.
    #[serde(default)]
    pub regraded_share: f64,
    /// Whether the run ends as soon as its verdict is settled.
    #[serde(default)]
    pub stop_when_settled: bool,
    /// The run pauses as soon as so many US dollars are spent; `None`: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<f64>,
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
            base_endpoint: None,
            temperature: None,
            max_response_tokens: None,
            regraded_share: 0.0,
            max_cost: None,
            stop_when_settled: false,
            stratify_by_topic: true,
            rollouts_per_prompt: 1,
            response_source: ResponseSource::Recorded,
            seed: 42,
            concurrency: 0,
        }
    }
}

impl DryRunConfig {
    /// A run in which the base model answers: the defaults of domain.md section 8.
    pub fn generated() -> Self {
        Self {
            response_source: ResponseSource::Generated,
            rollouts_per_prompt: DEFAULT_ROLLOUTS,
            regraded_share: DEFAULT_REGRADED_SHARE,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_of_older_versions_are_read() {
        let old = r#"{"sample_size":300,"stratify_by_topic":true,"rollouts_per_prompt":1,"response_source":"recorded","seed":42,"concurrency":0}"#;
        assert_eq!(leptos::serde_json::from_str::<DryRunConfig>(old).unwrap(), DryRunConfig::default());
    }
}
