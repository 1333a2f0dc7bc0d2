//! Table `llm_calls`: every call of a model that ended, and the answers that are kept.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Db, Tx, from_json, unknown_word};
use crate::clock::now_ms;
use crate::error::ServiceResult;
use crate::llm::{ChatAnswer, Model, Usage};
use crate::types::TimestampMs;
use crate::types::endpoint::{CallFigures, CallPurpose, LlmCall};

/// What is stored of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCall<'a> {
    /// The dataset it was made for.
    pub dataset_id: Option<&'a str>,
    /// The record it served.
    pub record_id: Option<i64>,
    /// Why it was made.
    pub purpose: CallPurpose,
    /// The endpoint's id.
    pub endpoint_id: &'a str,
    /// Its name.
    pub endpoint_name: &'a str,
    /// The model asked.
    pub model: &'a str,
    /// Which repeat of the request it is.
    pub sample_index: u32,
    /// By which its answer is found again.
    pub cache_key: Option<&'a [u8]>,
    /// The call whose answer was used, where none was made.
    pub answered_from: Option<i64>,
    /// The body as sent.
    pub request: &'a str,
    /// What came.
    pub answer: Option<&'a ChatAnswer>,
    /// Why nothing came: our words, and what the endpoint sent.
    pub error: Option<(&'a str, Option<&'a str>)>,
    /// Requests that went out.
    pub attempts: u32,
    /// In milliseconds.
    pub latency_ms: i64,
    /// What it used.
    pub usage: Option<Usage>,
    /// US dollars, if known.
    pub cost: Option<f64>,
}

/// An answer that is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptAnswer {
    /// The call that brought it.
    pub call_id: i64,
    /// The answer.
    pub answer: ChatAnswer,
    /// When it came.
    pub created_at: TimestampMs,
}

/// Stores a call; answers its number. Where another one has kept an answer by the same key meanwhile, this one keeps none.
pub async fn insert(tx: &mut Tx, call: &NewCall<'_>) -> ServiceResult<i64> {
    let usage = call.usage;
    let tokens = |of: fn(Usage) -> u64| usage.map(of).and_then(|tokens| i64::try_from(tokens).ok());
    let row = sqlx::query(
        "INSERT INTO llm_calls (dataset_id, record_id, purpose, endpoint_id, endpoint_name, model, sample_index, cache_key,
             answered_from, from_cache, request, answer, error, raw_error, attempts, latency_ms, prompt_tokens, cached_tokens,
             completion_tokens, reasoning_tokens, cost, created_at)
         VALUES ((SELECT id FROM datasets WHERE id = ?1), (SELECT id FROM records WHERE id = ?2), ?3, ?4, ?5, ?6, ?7,
             CASE WHEN EXISTS (SELECT 1 FROM llm_calls WHERE cache_key = ?8) THEN NULL ELSE ?8 END,
             ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22) RETURNING id",
    )
    .bind(call.dataset_id)
    .bind(call.record_id)
    .bind(call.purpose.as_str())
    .bind(call.endpoint_id)
    .bind(call.endpoint_name)
    .bind(call.model)
    .bind(call.sample_index)
    .bind(call.cache_key)
    .bind(call.answered_from)
    .bind(call.answered_from.is_some())
    .bind(call.request)
    .bind(call.answer.map(serde_json::to_string).transpose()?)
    .bind(call.error.map(|(words, _)| words))
    .bind(call.error.and_then(|(_, raw)| raw))
    .bind(call.attempts)
    .bind(call.latency_ms)
    .bind(tokens(|usage| usage.prompt_tokens))
    .bind(tokens(|usage| usage.cached_tokens))
    .bind(tokens(|usage| usage.completion_tokens))
    .bind(tokens(|usage| usage.reasoning_tokens))
    .bind(call.cost)
    .bind(now_ms())
    .fetch_one(&mut **tx)
    .await?;
    let id: i64 = row.try_get("id")?;
    if id % PRUNED_EVERY == 0 {
        prune(tx, KEPT_BODIES).await?;
    }
    Ok(id)
}

/// Calls that served no record (of trainers, mostly) keep what was sent and said as long as they are among so many of the newest.
const KEPT_BODIES: i64 = 10_000;
/// So many calls are stored between two looks.
const PRUNED_EVERY: i64 = 500;

/// Empties calls that served no record, but for the newest: no page leads to them. Their figures stay, and so do answers that are
/// kept. Looks at some thousands of them at a time; answers how many were emptied.
pub async fn prune(tx: &mut Tx, keep: i64) -> ServiceResult<u64> {
    let done = sqlx::query(
        "UPDATE llm_calls SET request = '', raw_error = NULL, answer = CASE WHEN cache_key IS NOT NULL THEN answer END
         WHERE id IN (SELECT id FROM llm_calls WHERE record_id IS NULL ORDER BY id DESC LIMIT 5000 OFFSET ?)
           AND request <> ''",
    )
    .bind(keep)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}

/// The answer that is kept by this key.
pub async fn kept(db: &Db, cache_key: &[u8]) -> ServiceResult<Option<KeptAnswer>> {
    let row = sqlx::query("SELECT id, answer, created_at FROM llm_calls WHERE cache_key = ?")
        .bind(cache_key)
        .fetch_optional(db.read())
        .await?;
    row.map(|row| {
        Ok(KeptAnswer {
            call_id: row.try_get("id")?,
            answer: from_json("llm_calls.answer", row.try_get("answer")?)?,
            created_at: row.try_get("created_at")?,
        })
    })
    .transpose()
}

/// The newest calls that served a record, newest first. Where a kept answer was used, the call that brought it stands in.
pub async fn of_record(db: &Db, dataset_id: &str, record_id: i64, limit: i64) -> ServiceResult<Vec<LlmCall>> {
    let rows = sqlx::query(
        "SELECT c.*, COALESCE(o.request, c.request) AS shown_request, COALESCE(o.answer, c.answer) AS shown_answer
         FROM llm_calls c LEFT JOIN llm_calls o ON o.id = c.answered_from
         WHERE c.record_id = ? AND c.dataset_id = ? ORDER BY c.id DESC LIMIT ?",
    )
    .bind(record_id)
    .bind(dataset_id)
    .bind(limit)
    .fetch_all(db.read())
    .await?;
    rows.iter().map(read_row).collect()
}

fn read_row(row: &SqliteRow) -> ServiceResult<LlmCall> {
    let word: &str = row.try_get("purpose")?;
    let purposes = [CallPurpose::Judge, CallPurpose::Response, CallPurpose::Generation, CallPurpose::ConnectionTest];
    let purpose = purposes
        .into_iter()
        .find(|purpose| purpose.as_str() == word)
        .ok_or_else(|| unknown_word("llm_calls.purpose", word))?;
    let indented = |text: &str| -> ServiceResult<String> {
        let value: serde_json::Value = from_json("llm_calls", text)?;
        Ok(serde_json::to_string_pretty(&value)?)
    };
    let request: &str = row.try_get("shown_request")?;
    Ok(LlmCall {
        id: row.try_get("id")?,
        record_id: row.try_get("record_id")?,
        purpose,
        endpoint_name: row.try_get("endpoint_name")?,
        model: row.try_get("model")?,
        // The call whose answer was used may be deleted by now.
        request: if request.is_empty() { String::new() } else { indented(request)? },
        answer: row.try_get::<Option<&str>, _>("shown_answer")?.map(indented).transpose()?,
        error: row.try_get("error")?,
        raw_error: row.try_get("raw_error")?,
        from_cache: row.try_get("from_cache")?,
        attempts: row.try_get("attempts")?,
        latency_ms: row.try_get("latency_ms")?,
        prompt_tokens: row.try_get("prompt_tokens")?,
        completion_tokens: row.try_get("completion_tokens")?,
        reasoning_tokens: row.try_get("reasoning_tokens")?,
        cost: row.try_get("cost")?,
        created_at: row.try_get("created_at")?,
    })
}

/// What a model's calls are like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Typical {
    /// Mean tokens of an answer.
    pub output_tokens: f64,
    /// Mean seconds of a call.
    pub latency_s: f64,
}

/// What a model's newest calls of a kind were like: at most a hundred that were answered and said what they used; `None` if
/// there is none.
pub async fn typical(db: &Db, model: &Model, purpose: CallPurpose) -> ServiceResult<Option<Typical>> {
    let row = sqlx::query(
        "SELECT AVG(completion_tokens) AS tokens, AVG(latency_ms) AS latency FROM
           (SELECT completion_tokens, latency_ms FROM llm_calls
            WHERE endpoint_id = ? AND model = ? AND purpose = ? AND from_cache = 0 AND completion_tokens IS NOT NULL
            ORDER BY id DESC LIMIT 100)",
    )
    .bind(&model.target.id)
    .bind(&model.name)
    .bind(purpose.as_str())
    .fetch_one(db.read())
    .await?;
    let (tokens, latency): (Option<f64>, Option<f64>) = (row.try_get("tokens")?, row.try_get("latency")?);
    Ok(tokens.zip(latency).map(|(output_tokens, latency)| Typical { output_tokens, latency_s: latency / 1_000.0 }))
}

/// What all calls came to; whether the cache is on is not told here.
pub async fn figures(db: &Db) -> ServiceResult<CallFigures> {
    let row = sqlx::query(
        // Each part from an index of its own: rows hold whole requests.
        "SELECT COUNT(*) FILTER (WHERE from_cache = 0) AS calls,
                COUNT(*) FILTER (WHERE from_cache = 1) AS hits,
                COALESCE(SUM(cost) FILTER (WHERE from_cache = 0), 0.0) AS cost,
                COUNT(*) FILTER (WHERE from_cache = 0 AND cost IS NULL) AS unknown_cost,
                (SELECT COUNT(*) FROM llm_calls WHERE error IS NOT NULL) AS failed,
                (SELECT COUNT(*) FROM llm_calls WHERE cache_key IS NOT NULL) AS kept,
                (SELECT COALESCE(SUM(o.cost), 0.0) FROM llm_calls c JOIN llm_calls o ON o.id = c.answered_from
                 WHERE c.from_cache = 1) AS saved
         FROM llm_calls",
    )
    .fetch_one(db.read())
    .await?;
    Ok(CallFigures {
        cache_is_on: false,
        calls: row.try_get("calls")?,
        failed: row.try_get("failed")?,
        kept: row.try_get("kept")?,
        hits: row.try_get("hits")?,
        cost: row.try_get("cost")?,
        unknown_cost: row.try_get("unknown_cost")?,
        saved: row.try_get("saved")?,
    })
}

/// Keeps a call's answer no longer; the call stays.
pub async fn forget_answer(tx: &mut Tx, call_id: i64) -> ServiceResult<()> {
    sqlx::query("UPDATE llm_calls SET cache_key = NULL WHERE id = ?").bind(call_id).execute(&mut **tx).await?;
    Ok(())
}

/// Forgets kept answers: the calls stay, and are made anew when they are wanted again. Answers how many.
pub async fn forget_answers(tx: &mut Tx) -> ServiceResult<i64> {
    let done =
        sqlx::query("UPDATE llm_calls SET cache_key = NULL WHERE cache_key IS NOT NULL").execute(&mut **tx).await?;
    Ok(i64::try_from(done.rows_affected()).unwrap_or(i64::MAX))
}
