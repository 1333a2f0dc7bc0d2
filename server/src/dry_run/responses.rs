//! Responses of a base model to the prompts of records: what a policy would say before it is trained.

use std::sync::Arc;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::error::ServiceResult;
use crate::grader::RecordedResponse;
use crate::llm::endpoints::model_for;
use crate::llm::{Accepts, CacheUse, CallContext, ChatAnswer, ChatError, ChatRequest, Keeping, LlmError, Model, calls};
use crate::state::AppState;
use crate::types::TimestampMs;
use crate::types::dataset::DatasetRecord;
use crate::types::dry_run::{DryRunConfig, MAX_ROLLOUTS};
use crate::types::endpoint::{CallPurpose, ModelRole};

/// Seeds that give answers of their own; a larger one shares those of its remainder.
const SEEDS: u64 = 100_000_000;

/// A base model that answers prompts.
#[derive(Debug, Clone)]
pub struct Responder {
    model: Model,
    temperature: Option<f64>,
    max_tokens: Option<u32>,
    seed: u64,
    /// Answers that were kept since then are this run's own: it never pays for them again, whatever the cache is set to.
    since: TimestampMs,
}

/// A response, or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct Responded {
    /// What the model said; the error is a sentence.
    pub response: Result<RecordedResponse, String>,
    /// Models that were asked; a kept answer is no call.
    pub calls: u32,
    /// US dollars paid; `None`: unknown.
    pub cost: Option<f64>,
    /// Given up because the run stops: no result of the sample.
    pub is_cancelled: bool,
}

impl Responded {
    /// A response that is there already.
    pub fn free(response: RecordedResponse) -> Self {
        Self { response: Ok(response), calls: 0, cost: Some(0.0), is_cancelled: false }
    }
}

impl Responder {
    /// The model of a run that began at `since`, ready to be called; or why it cannot be.
    pub async fn of(state: &AppState, config: &DryRunConfig, since: TimestampMs) -> ServiceResult<Self> {
        let name = config.base_model.as_deref().unwrap_or_default();
        Ok(Self {
            model: model_for(state, ModelRole::Base, config.base_endpoint.as_deref(), name).await?,
            temperature: config.temperature,
            max_tokens: config.max_response_tokens,
            seed: config.seed,
            since,
        })
    }

    /// Its endpoint's id, and the calls at once that this takes.
    pub fn call_limit(&self) -> (String, u32) {
        (self.model.target.id.clone(), self.model.target.limits.concurrency)
    }

    /// The endpoint's id and the model's name.
    pub fn names(&self) -> (Option<String>, Option<String>) {
        (Some(self.model.target.id.clone()), Some(self.model.name.clone()))
    }

    /// Whether it is known what its calls cost.
    pub fn has_price(&self) -> bool {
        self.model.price.is_some()
    }

    /// Asks for one of the rollouts of a record's prompt. Only a store that fails is an error.
    pub async fn respond(
        &self,
        state: &AppState,
        dataset_id: &str,
        record: &DatasetRecord,
        rollout: i64,
        cancel: &CancellationToken,
    ) -> ServiceResult<Responded> {
        let none = |error: String| Responded { response: Err(error), calls: 0, cost: Some(0.0), is_cancelled: false };
        let request = match self.request(record) {
            Ok(request) => request,
            Err(error) => return Ok(none(error.to_owned())),
        };
        let context = CallContext {
            purpose: CallPurpose::Response,
            dataset_id: Some(dataset_id),
            record_id: Some(record.id),
            sample_index: sample_index(self.seed, rollout),
            cache: CacheUse::Since(self.since),
        };
        let accepts: Accepts = Arc::new(|answer| read_response(answer).is_ok());
        let keeping = Keeping { question: &request, accepts };
        match calls::chat(state, &self.model, &request, context, Some(&keeping), cancel).await {
            Ok(called) => Ok(Responded {
                response: read_response(&called.answer),
                calls: u32::from(!called.from_cache),
                cost: called.cost,
                is_cancelled: false,
            }),
            Err(ChatError::Store(error)) => Err(error),
            Err(error @ ChatError::NotKept) => Ok(none(error.to_string())),
            Err(ChatError::Failed(failed)) => Ok(Responded {
                is_cancelled: failed.error == LlmError::Cancelled,
                calls: u32::from(failed.attempts > 0),
                cost: failed.cost,
                response: Err(failed.error.to_string()),
            }),
        }
    }

    /// The model that is asked.
    pub const fn model(&self) -> &Model {
        &self.model
    }

    /// What it is asked; or why it cannot be.
    pub(super) fn request(&self, record: &DatasetRecord) -> Result<ChatRequest, &'static str> {
        let input = record.data.get("input");
        let messages = input.and_then(|input| input.get("messages")).and_then(Value::as_array);
        let messages = messages.filter(|messages| !messages.is_empty());
        let tools = input.and_then(|input| input.get("tools"));
        Ok(ChatRequest {
            model: self.model.name.clone(),
            messages: messages.ok_or("The record has no messages that a model could answer.")?.clone(),
            tools: tools.filter(|tools| tools.as_array().is_some_and(|tools| !tools.is_empty())).cloned(),
            temperature: self.temperature,
            max_tokens: self.max_tokens,
            ..ChatRequest::default()
        })
    }
}

/// Which repeat of the same request it is: another one for every rollout and every seed, so that a second run with the same
/// seed is given the answers of the first, and one with another seed asks anew.
fn sample_index(seed: u64, rollout: i64) -> u32 {
    let rollouts = u64::try_from(MAX_ROLLOUTS).unwrap_or(1);
    let index = seed % (SEEDS / rollouts) * rollouts + rollout.unsigned_abs() % rollouts;
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// What is graded of an answer. A refusal is what the policy says, and so is silence: both are graded like any response, as
/// they would be in training. What the endpoint withheld, and thoughts that left no room for an answer, are not.
fn read_response(answer: &ChatAnswer) -> Result<RecordedResponse, String> {
    let text = answer.text.clone().or_else(|| answer.refusal.clone()).unwrap_or_default();
    let is_silent = text.is_empty() && answer.tool_calls.is_empty();
    match answer.finish_reason.as_deref() {
        Some("content_filter") if is_silent => {
            Err("The endpoint withheld the answer (content_filter). Look at the prompt, or leave it out.".to_owned())
        }
        Some("length") if is_silent => Err(
            "The model used all its tokens before it said anything. Allow longer responses; a reasoning model needs room to think."
                .to_owned(),
        ),
        _ => Ok(RecordedResponse { text, tool_calls: answer.tool_calls.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(text: Option<&str>, finish_reason: &str) -> ChatAnswer {
        ChatAnswer {
            text: text.map(str::to_owned),
            refusal: None,
            tool_calls: Vec::new(),
            finish_reason: Some(finish_reason.to_owned()),
            usage: None,
            model: None,
        }
    }

    #[test]
    fn whatever_the_policy_says_is_its_response() {
        let said = |answer: &ChatAnswer| read_response(answer).map(|response| response.text);
        assert_eq!(said(&answer(Some("hi"), "stop")).as_deref(), Ok("hi"));
        assert_eq!(said(&answer(Some("half a sen"), "length")).as_deref(), Ok("half a sen"));
        assert_eq!(said(&answer(None, "stop")).as_deref(), Ok(""));
        let refused = ChatAnswer { refusal: Some("I will not.".to_owned()), ..answer(None, "stop") };
        assert_eq!(said(&refused).as_deref(), Ok("I will not."));
        let call = json!({ "id": "c", "type": "function", "function": { "name": "f", "arguments": "{}" } });
        let called = ChatAnswer { tool_calls: vec![call.clone()], ..answer(None, "tool_calls") };
        assert_eq!(read_response(&called).unwrap().tool_calls, [call]);
        assert!(said(&answer(None, "length")).unwrap_err().contains("all its tokens"));
        assert!(said(&answer(None, "content_filter")).unwrap_err().contains("withheld"));
    }

    #[test]
    fn every_rollout_and_every_seed_has_an_answer_of_its_own() {
        let mut seen: Vec<u32> =
            (0..50).flat_map(|seed| (0..MAX_ROLLOUTS).map(move |n| sample_index(seed, n))).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 50 * usize::try_from(MAX_ROLLOUTS).unwrap());
        assert_eq!(sample_index(u64::MAX, 3), sample_index(u64::MAX, 3));
    }
}
