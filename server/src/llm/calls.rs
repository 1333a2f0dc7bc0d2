//! Calls of models as the application makes them: an answer that is kept is used again, a call that was made is stored with
//! what it took, and the record that it served can be asked for it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::client::{Answered, CallFailed, Wanted};
use super::error::LlmError;
use super::pricing::{cost, price_of};
use super::target::Target;
use super::wire::{ChatAnswer, ChatRequest, Schema};
use crate::db;
use crate::db::llm_calls::{KeptAnswer, NewCall};
use crate::error::{ServiceError, ServiceResult};
use crate::state::AppState;
use crate::types::TimestampMs;
use crate::types::endpoint::{CallPurpose, LlmCall, ModelPrice};

/// Calls that are under way when the server is told to stop may take so long to end; less than it waits for those who asked.
const STOP_GRACE: Duration = Duration::from_secs(8);

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
    /// As the settings say; answers that were kept since then in any case. (Work that goes on after a stop does not pay twice.)
    Since(TimestampMs),
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

/// Which answers are kept, and by which question they are found again.
#[derive(Clone)]
pub struct Keeping<'a> {
    /// Mostly the request itself; where an answer was asked to be mended, the first one.
    pub question: &'a ChatRequest,
    /// Whether an answer can be used. One that cannot is never kept: else it would be the answer for ever.
    pub accepts: Accepts,
}

/// Whether an answer can be used.
pub type Accepts = Arc<dyn Fn(&ChatAnswer) -> bool + Send + Sync>;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// The call failed.
    #[error("{}", .0.error)]
    Failed(Box<Unanswered>),
    /// Only a kept answer was wanted, and there is none.
    #[error("No answer to exactly this request is kept, so the model would have to be asked.")]
    NotKept,
    /// It could not be looked up or stored.
    #[error("the call could not be stored: {0}")]
    Store(#[from] ServiceError),
}

/// A call that failed, as its caller counts it.
#[derive(Debug, Clone, PartialEq)]
pub struct Unanswered {
    /// Why.
    pub error: LlmError,
    /// What the endpoint sent last.
    pub raw: Option<String>,
    /// Requests that went out.
    pub attempts: u32,
    /// US dollars: nothing, or unknown.
    pub cost: Option<f64>,
}

/// Asks a model, or gives the answer that is kept. What it took is stored before it is given, and also if the caller has gone
/// meanwhile: it may have to be paid for. Without `keeping` no answer is kept.
pub async fn chat(
    state: &AppState,
    model: &Model,
    request: &ChatRequest,
    context: CallContext<'_>,
    keeping: Option<&Keeping<'_>>,
    cancel: &CancellationToken,
) -> Result<Called, ChatError> {
    let key = keeping.map(|keeping| cache_key(model, keeping.question, context.sample_index));
    // Answers of what time may be used.
    let since = match context.cache {
        CacheUse::AsSet => state.llm.cache_is_on().then_some(TimestampMs::MIN),
        CacheUse::Since(start) => Some(if state.llm.cache_is_on() { TimestampMs::MIN } else { start }),
        CacheUse::Only => Some(TimestampMs::MIN),
        CacheUse::Never => None,
    };
    if let (Some(since), Some(keeping), Some(key)) = (since, keeping, &key)
        && let Some(kept) = db::llm_calls::kept(&state.db, key).await?
    {
        if kept.created_at >= since && (keeping.accepts)(&kept.answer) {
            // A what-if is made again with every stroke: it is no use that anybody wants to see.
            let call_id = match context.cache {
                CacheUse::Only => kept.call_id,
                _ => store_use(state, model, context, &kept).await?,
            };
            let KeptAnswer { answer, .. } = kept;
            return Ok(Called { answer, call_id, from_cache: true, cost: Some(0.0), latency: Duration::ZERO });
        }
        if context.cache != CacheUse::Only {
            forget_answer(state, kept.call_id).await?;
        }
    }
    if context.cache == CacheUse::Only {
        return Err(ChatError::NotKept);
    }
    // Nobody waits any more as soon as this future is dropped.
    let gone = CancellationToken::new();
    let _told_at_the_end = gone.clone().drop_guard();
    let call = OwnCall {
        state: state.clone(),
        model: model.clone(),
        request: request.clone(),
        context: CallContext { dataset_id: None, ..context },
        dataset_id: context.dataset_id.map(str::to_owned),
        key: key.zip(keeping.map(|keeping| keeping.accepts.clone())),
    };
    let wanted = Wanted { cancel: cancel.child_token(), gone };
    match state.background.spawn(call.made(wanted)).await {
        Ok(called) => called,
        Err(error) => Err(ChatError::Store(error.into())),
    }
}

/// A call that ends and is stored whether somebody waits for it or not.
struct OwnCall {
    state: AppState,
    model: Model,
    request: ChatRequest,
    /// Its dataset is beside it.
    context: CallContext<'static>,
    dataset_id: Option<String>,
    /// By which its answer is found again, and whether it may be.
    key: Option<(Vec<u8>, Accepts)>,
}

impl OwnCall {
    async fn made(self, wanted: Wanted) -> Result<Called, ChatError> {
        let gone = wanted.gone.clone();
        let called = self.asked_and_stored(wanted).await;
        if let (Err(ChatError::Store(error)), true) = (&called, gone.is_cancelled()) {
            tracing::warn!(%error, "a call of a model that nobody waits for any more could not be stored");
        }
        called
    }

    async fn asked_and_stored(&self, wanted: Wanted) -> Result<Called, ChatError> {
        let (state, model) = (&self.state, &self.model);
        let context = CallContext { dataset_id: self.dataset_id.as_deref(), ..self.context };
        let asked = {
            let mut asking = std::pin::pin!(state.llm.client().chat(&model.target, &self.request, &wanted));
            let stop = async {
                state.shutdown.cancelled().await;
                tokio::select! {
                    () = tokio::time::sleep(STOP_GRACE) => {}
                    () = wanted.gone.cancelled() => {}
                }
            };
            tokio::select! {
                asked = &mut asking => asked,
                () = stop => {
                    wanted.cancel.cancel();
                    asking.await
                }
            }
        };
        match asked {
            Ok(answered) => {
                let paid = cost(model.price.as_ref(), answered.answer.usage.as_ref());
                // What an attempt before it used is nowhere said.
                let paid = paid.filter(|_| !answered.may_be_paid);
                let key = self.key.as_ref().filter(|(_, accepts)| accepts(&answered.answer)).map(|(key, _)| &**key);
                let call_id = store_answer(state, model, context, key, &answered, paid).await?;
                let Answered { answer, latency, .. } = answered;
                Ok(Called { answer, call_id, from_cache: false, cost: paid, latency })
            }
            Err(failed) => {
                let cost = (!failed.may_be_paid).then_some(0.0);
                if failed.error != LlmError::Cancelled || failed.attempts > 0 {
                    store_failure(state, model, context, &failed, cost).await?;
                }
                let CallFailed { error, raw, attempts, .. } = *failed;
                Err(ChatError::Failed(Box::new(Unanswered { error, raw, attempts, cost })))
            }
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

/// An answer that cannot be used is asked for anew from now on.
async fn forget_answer(state: &AppState, call_id: i64) -> ServiceResult<()> {
    let mut tx = state.db.begin().await?;
    db::llm_calls::forget_answer(&mut tx, call_id).await?;
    Ok(tx.commit().await?)
}

async fn store_use(state: &AppState, model: &Model, context: CallContext<'_>, kept: &KeptAnswer) -> ServiceResult<i64> {
    let call = NewCall {
        // It has the request and the answer.
        answered_from: Some(kept.call_id),
        cost: Some(0.0),
        ..new_call(model, context)
    };
    store(state, &call).await
}

async fn store_answer(
    state: &AppState,
    model: &Model,
    context: CallContext<'_>,
    key: Option<&[u8]>,
    answered: &Answered,
    paid: Option<f64>,
) -> ServiceResult<i64> {
    let request = answered.sent.to_string();
    let call = NewCall {
        cache_key: key,
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
    cost: Option<f64>,
) -> ServiceResult<i64> {
    let (request, words) = (failed.sent.to_string(), failed.error.to_string());
    let call = NewCall {
        request: &request,
        error: Some((&words, failed.raw.as_deref())),
        attempts: failed.attempts,
        latency_ms: milliseconds(failed.latency),
        cost,
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
