//! Calls of models as the application makes them: an answer that is kept is used again, a call that was made is stored with
//! what it took, and the record that it served can be asked for it.

use std::time::Duration;

use serde_json::json;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::client::{Answered, CallFailed, Target};
use super::error::LlmError;
use super::pricing::{cost, price_of};
use super::wire::{ChatAnswer, ChatRequest, Schema};
use crate::db;
use crate::db::llm_calls::{KeptAnswer, NewCall};
use crate::error::{ServiceError, ServiceResult};
use crate::state::AppState;
use crate::types::endpoint::{CallPurpose, LlmCall, ModelPrice};

/// A model that can be called.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its endpoint.
    pub target: Target,
    /// As the endpoint calls it.
    pub name: String,
    /// What it costs, if known.
    pub price: Option<ModelPrice>,
}

impl Model {
    /// Of an endpoint with this price table.
    pub fn new(target: Target, name: String, prices: &[ModelPrice]) -> Self {
        Self { price: price_of(prices, &name).cloned(), target, name }
    }
}

/// Whether kept answers are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CacheUse {
    /// As the settings say.
    #[default]
    AsSet,
    /// Nothing else is: no call is made (an instant what-if).
    Only,
    /// Not now: the endpoint itself shall answer.
    Never,
}

/// What a call is for.
#[derive(Debug, Clone, Copy)]
pub struct CallContext<'a> {
    /// Why it is made.
    pub purpose: CallPurpose,
    /// The dataset.
    pub dataset_id: Option<&'a str>,
    /// The record that it serves.
    pub record_id: Option<i64>,
    /// Which repeat of the same request it is: repeats are never collapsed into one answer.
    pub sample_index: u32,
    /// Whether kept answers are used.
    pub cache: CacheUse,
}

/// An answer, wherever it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Called {
    /// What the model said.
    pub answer: ChatAnswer,
    /// The stored call.
    pub call_id: i64,
    /// Whether it was kept, so that nothing was paid now.
    pub from_cache: bool,
    /// US dollars paid now; `None`: unknown.
    pub cost: Option<f64>,
    /// From the first request to the answer.
    pub latency: Duration,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// The call failed.
    #[error(transparent)]
    Failed(LlmError),
    /// Only a kept answer was wanted, and there is none.
    #[error("No answer to exactly this request is kept, so the model would have to be asked.")]
    NotKept,
    /// It could not be looked up or stored.
    #[error("the call could not be stored: {0}")]
    Store(#[from] ServiceError),
}

/// Asks a model, or gives the answer that is kept. What it took is stored before it is given.
pub async fn chat(
    state: &AppState,
    model: &Model,
    request: &ChatRequest,
    context: CallContext<'_>,
    cancel: &CancellationToken,
) -> Result<Called, ChatError> {
    let key = cache_key(model, request, context.sample_index);
    let may_look = match context.cache {
        CacheUse::AsSet => state.llm.cache_is_on(),
        CacheUse::Only => true,
        CacheUse::Never => false,
    };
    if may_look && let Some(kept) = db::llm_calls::kept(&state.db, &key).await? {
        // A what-if is made again with every stroke: it is no use that anybody wants to see.
        let call_id = match context.cache {
            CacheUse::Only => kept.call_id,
            _ => store_use(state, model, context, &kept).await?,
        };
        let KeptAnswer { answer, .. } = kept;
        return Ok(Called { answer, call_id, from_cache: true, cost: Some(0.0), latency: Duration::ZERO });
    }
    if context.cache == CacheUse::Only {
        return Err(ChatError::NotKept);
    }
    match state.llm.client().chat(&model.target, request, cancel).await {
        Ok(answered) => {
            let paid = cost(model.price.as_ref(), answered.answer.usage.as_ref());
            let call_id = store_answer(state, model, context, &key, &answered, paid).await?;
            let Answered { answer, latency, .. } = answered;
            Ok(Called { answer, call_id, from_cache: false, cost: paid, latency })
        }
        Err(failed) => {
            if failed.error != LlmError::Cancelled {
                store_failure(state, model, context, &failed).await?;
            }
            Err(ChatError::Failed(failed.error))
        }
    }
}

/// What an answer is found again by: the whole question, whom it was put to, and which repeat it was.
fn cache_key(model: &Model, request: &ChatRequest, sample_index: u32) -> Vec<u8> {
    let schema = request.schema.as_ref().map(|Schema { name, schema }| json!([name, schema]));
    let asked = json!([
        model.target.id,
        model.target.base_url.as_str(),
        request.model,
        request.messages,
        request.tools,
        schema,
        request.temperature,
        request.top_p,
        request.max_tokens,
        request.seed,
        request.reasoning_effort,
        sample_index,
    ]);
    Sha256::digest(asked.to_string().as_bytes()).to_vec()
}

fn new_call<'a>(model: &'a Model, context: CallContext<'a>) -> NewCall<'a> {
    NewCall {
        dataset_id: context.dataset_id,
        record_id: context.record_id,
        purpose: context.purpose,
        endpoint_id: &model.target.id,
        endpoint_name: &model.target.name,
        model: &model.name,
        sample_index: context.sample_index,
        cache_key: None,
        answered_from: None,
        request: "",
        answer: None,
        error: None,
        attempts: 0,
        latency_ms: 0,
        usage: None,
        cost: None,
    }
}

async fn store(state: &AppState, call: &NewCall<'_>) -> ServiceResult<i64> {
    let mut tx = state.db.begin().await?;
    let id = db::llm_calls::insert(&mut tx, call).await?;
    tx.commit().await?;
    Ok(id)
}

async fn store_use(state: &AppState, model: &Model, context: CallContext<'_>, kept: &KeptAnswer) -> ServiceResult<i64> {
    let call = NewCall {
        answered_from: Some(kept.call_id),
        answer: Some(&kept.answer),
        cost: Some(0.0),
        ..new_call(model, context)
    };
    store(state, &call).await
}

async fn store_answer(
    state: &AppState,
    model: &Model,
    context: CallContext<'_>,
    key: &[u8],
    answered: &Answered,
    paid: Option<f64>,
) -> ServiceResult<i64> {
    let request = answered.sent.to_string();
    let call = NewCall {
        cache_key: Some(key),
        request: &request,
        answer: Some(&answered.answer),
        attempts: answered.attempts,
        latency_ms: milliseconds(answered.latency),
        usage: answered.answer.usage,
        cost: paid,
        ..new_call(model, context)
    };
    store(state, &call).await
}

async fn store_failure(
    state: &AppState,
    model: &Model,
    context: CallContext<'_>,
    failed: &CallFailed,
) -> ServiceResult<i64> {
    let (request, words) = (failed.sent.to_string(), failed.error.to_string());
    let call = NewCall {
        request: &request,
        error: Some((&words, failed.raw.as_deref())),
        attempts: failed.attempts,
        latency_ms: milliseconds(failed.latency),
        ..new_call(model, context)
    };
    store(state, &call).await
}

pub(super) fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// The newest calls that served a record, newest first.
pub async fn of_record(state: &AppState, dataset_id: &str, record_id: i64) -> ServiceResult<Vec<LlmCall>> {
    db::datasets::get(&state.db, dataset_id).await?;
    db::llm_calls::of_record(&state.db, dataset_id, record_id, SHOWN_CALLS).await
}

/// Most calls of one record that are shown.
const SHOWN_CALLS: i64 = 50;
