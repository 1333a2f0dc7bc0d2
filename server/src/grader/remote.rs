//! Grading for programs elsewhere (a trainer's reward): what they send becomes samples, graded as any other.
//!
//! Deliberately absent: a score for what could not be graded.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::grading::{Grade, GradingContext, Sample};
use super::input::{GradeInput, RecordedResponse, grade_input_of, is_shallower};
use super::prepare::{Grader, prepare};
use super::service::sample_seed;
use crate::db;
use crate::error::{ServiceError, ServiceResult};
use crate::llm::CacheUse;
use crate::state::AppState;
use crate::types::dry_run::DryRunConfig;
use crate::types::error::AppError;

/// Most samples of one request.
pub const MAX_SAMPLES: usize = 256;
/// Levels of a sample and its row; a script's worker reads 128, and these are inside others.
const MAX_DEPTH: usize = 64;
/// Requests that are graded at once.
const AT_ONCE: usize = 64;
/// Samples of one request that a script grades before others have their turn.
const IN_A_TURN: usize = 8;
/// Requests that are graded or wait for it.
const UNDER_WAY: usize = 256;
/// Bodies are counted in these, whole ones.
const KIB: usize = 1 << 10;
/// So long a body waits for room.
const ROOM_WAIT: Duration = Duration::from_secs(1);

/// How many requests are under way.
#[derive(Debug, Clone)]
pub struct Scoring {
    /// Taken before a body is read, so that what waits in memory is bounded.
    places: Arc<Semaphore>,
    /// Taken for the grading itself.
    slots: Arc<Semaphore>,
    /// KiB that bodies may still take.
    room: Arc<Semaphore>,
}

impl Scoring {
    /// Nothing is under way; all bodies together may take `bodies_bytes`.
    pub fn new(bodies_bytes: usize) -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Self { places: semaphore(UNDER_WAY), slots: semaphore(AT_ONCE), room: semaphore(bodies_bytes / KIB) }
    }

    /// Room for a body of so many bytes; `None` if there is none after a short wait.
    pub async fn room(&self, bytes: usize) -> Option<BodyRoom> {
        let mut room = BodyRoom { all: Arc::clone(&self.room), taken: None };
        room.grow_to(bytes).await.then_some(room)
    }

    /// A place in the queue; `None` if it is full.
    pub fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Waits until it is this request's turn.
    pub async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.slots).acquire_owned().await.ok()
    }
}

/// What a body takes of the room of all; it is given back when this is dropped.
#[derive(Debug)]
pub struct BodyRoom {
    all: Arc<Semaphore>,
    taken: Option<OwnedSemaphorePermit>,
}

impl BodyRoom {
    /// Takes what is missing for so many bytes; says after a short wait whether it could be had.
    pub async fn grow_to(&mut self, bytes: usize) -> bool {
        let has = self.taken.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let Ok(missing) = u32::try_from(bytes.div_ceil(KIB).saturating_sub(has)) else { return false };
        if missing == 0 {
            return true;
        }
        let wait = tokio::time::timeout(ROOM_WAIT, Arc::clone(&self.all).acquire_many_owned(missing));
        let Ok(Ok(more)) = wait.await else { return false };
        match &mut self.taken {
            Some(taken) => taken.merge(more),
            none => *none = Some(more),
        }
        true
    }
}

/// A grader that was asked for, ready.
#[derive(Debug)]
pub struct Opened {
    /// Its version.
    pub version: i64,
    grader: Grader,
    dataset_id: String,
}

/// Why a grader cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The key opens no such grader, whether there is one or not.
    #[error(
        "This key opens no grader at this address. The id is the dataset's, or the dataset's with a version: id@3."
    )]
    Unknown,
    /// It cannot be run as things are.
    #[error("The grader cannot be run: {0}")]
    CannotRun(AppError),
    /// Ours.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// The grader of this address, for a key of `dataset_id`.
pub async fn open(state: &AppState, dataset_id: &str, address: &str) -> Result<Opened, OpenError> {
    let (asked_for, version) = match address.split_once('@') {
        // One version has one address: not "+1", not "01".
        Some((id, text)) => {
            let version = text.parse::<i64>().ok().filter(|version| version.to_string() == text);
            (id, Some(version.ok_or(OpenError::Unknown)?))
        }
        None => (address, None),
    };
    if asked_for != dataset_id {
        return Err(OpenError::Unknown);
    }
    let saved = match version {
        None => db::graders::current(&state.db, dataset_id).await?.ok_or(OpenError::Unknown)?,
        Some(version) => match db::graders::get(&state.db, dataset_id, version).await {
            Err(ServiceError::App(AppError::NotFound { .. })) => return Err(OpenError::Unknown),
            other => other?,
        },
    };
    match prepare(state, &saved.config).await {
        Ok(grader) => Ok(Opened { version: saved.version, grader, dataset_id: dataset_id.to_owned() }),
        Err(ServiceError::App(error)) => Err(OpenError::CannotRun(error)),
        Err(error) => Err(error.into()),
    }
}

impl Opened {
    /// Grades each; the grades are in the inputs' order.
    pub async fn score(&self, state: &AppState, inputs: Vec<GradeInput>) -> ServiceResult<Vec<Grade>> {
        // The same response scores the same: there is no record from which a seed could come.
        let seed = sample_seed(DryRunConfig::default().seed, 0);
        let samples: Vec<Sample> =
            inputs.into_iter().map(|input| Sample { record_id: None, seed, input, repeat: 0 }).collect();
        // Nobody cancels: a caller that goes away drops this future, a stop of the server waits for it.
        let cancel = CancellationToken::new();
        let context = GradingContext { state, dataset_id: &self.dataset_id, cache: CacheUse::AsSet, cancel: &cancel };
        if self.grader.calls_a_model() {
            return self.grader.grade(context, &samples).await;
        }
        // Scripts of all requests share the workers: a request that is slow keeps as many busy as there are, and whoever else
        // comes has its turn after a few samples, not after the whole batch.
        let workers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let pieces: Vec<BoxFuture<'_, _>> =
            samples.chunks(IN_A_TURN).map(|piece| self.grader.grade(context, piece).boxed()).collect();
        let grades: Vec<Vec<Grade>> = stream::iter(pieces).buffered(workers).try_collect().await?;
        Ok(grades.into_iter().flatten().collect())
    }
}

/// One sample as it was sent: what to grade (or what is wrong with it), and its trace id, given back as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// For graders.
    pub input: Result<GradeInput, String>,
    /// The caller's own name for it.
    pub trace_id: Option<String>,
}

/// Reads `{"sample": ..., "item": ..., "trace_id": ...}`; other fields are let be.
pub fn read_sample(asked: &Value) -> Asked {
    let trace_id = asked.get("trace_id").and_then(Value::as_str).map(str::to_owned);
    Asked { input: read_input(asked), trace_id }
}

fn read_input(asked: &Value) -> Result<GradeInput, String> {
    let Value::Object(fields) = asked else {
        return Err("It must be an object with the field sample.".to_owned());
    };
    if !is_shallower(asked, MAX_DEPTH) {
        return Err(format!("It is nested deeper than {MAX_DEPTH} levels."));
    }
    if !matches!(fields.get("trace_id"), None | Some(Value::Null | Value::String(_))) {
        return Err("trace_id must be a text.".to_owned());
    }
    let response = read_response(fields.get("sample").unwrap_or(&Value::Null))?;
    let empty = Map::new();
    let row = match fields.get("item") {
        None | Some(Value::Null) => &empty,
        Some(Value::Object(row)) => row,
        Some(_) => return Err("item must be an object: the row of the data.".to_owned()),
    };
    for name in ["messages", "tools"] {
        objects(row.get(name), || format!("item.{name}"))?;
    }
    let metadata = match row.get("metadata") {
        None | Some(Value::Null) => &empty,
        Some(Value::Object(metadata)) => metadata,
        Some(_) => return Err("item.metadata must be an object.".to_owned()),
    };
    let mut item = row.clone();
    item.retain(|name, _| !matches!(name.as_str(), "messages" | "tools" | "metadata"));
    Ok(grade_input_of(Some(&Value::Object(row.clone())), metadata, &item, &response))
}

/// A text, OpenAI's `output_text` and `output_tools`, a message, or a completion with `choices`.
fn read_response(sample: &Value) -> Result<RecordedResponse, String> {
    let fields = match sample {
        Value::String(text) => return Ok(RecordedResponse { text: text.clone(), tool_calls: Vec::new() }),
        Value::Object(fields) => fields,
        _ => return Err("sample must be an object with output_text, or a text.".to_owned()),
    };
    let has = |names: [&str; 2]| names.iter().any(|name| fields.get(*name).is_some_and(|value| !value.is_null()));
    if has(["output_text", "output_tools"]) {
        return response_of(fields, "output_text", "output_tools");
    }
    if let Some(json) = fields.get("output_json").filter(|json| !json.is_null()) {
        return Ok(RecordedResponse { text: json.to_string(), tool_calls: Vec::new() });
    }
    if has(["content", "tool_calls"]) {
        return response_of(fields, "content", "tool_calls");
    }
    match sample.pointer("/choices/0/message") {
        Some(Value::Object(message)) => response_of(message, "content", "tool_calls"),
        _ => Err("sample holds no response: send output_text (and output_tools, if there are any).".to_owned()),
    }
}

fn response_of(fields: &Map<String, Value>, text: &str, calls: &str) -> Result<RecordedResponse, String> {
    let said = match fields.get(text) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(said)) => said.clone(),
        // A message's content may come in pieces.
        Some(pieces @ Value::Array(_)) if text == "content" => crate::types::dataset::content_text(pieces),
        Some(_) => return Err(format!("sample's {text} must be a text.")),
    };
    let tool_calls = objects(fields.get(calls), || format!("sample's {calls}"))?.to_vec();
    Ok(RecordedResponse { text: said, tool_calls })
}

/// A list of objects; without it, an empty one.
fn objects(list: Option<&Value>, called: impl Fn() -> String) -> Result<&[Value], String> {
    let elements = match list {
        None | Some(Value::Null) => return Ok(&[]),
        Some(Value::Array(elements)) => elements,
        Some(_) => return Err(format!("{} must be a list.", called())),
    };
    match elements.iter().position(|element| !element.is_object()) {
        Some(place) => Err(format!("{}[{place}] must be an object.", called())),
        None => Ok(elements),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(sample: Value) -> Result<(String, usize), String> {
        let input = read_sample(&json!({ "sample": sample })).input?;
        Ok((input.response, input.tool_calls.len()))
    }

    #[test]
    fn responses_come_in_every_documented_shape() {
        let said = |text: &str, calls| Ok((text.to_owned(), calls));
        assert_eq!(read(json!("hi")), said("hi", 0));
        assert_eq!(read(json!({ "output_text": "hi", "output_tools": [{}], "x": 1 })), said("hi", 1));
        assert_eq!(read(json!({ "output_text": null, "output_tools": [{}] })), said("", 1));
        assert_eq!(read(json!({ "output_json": { "a": 1 } })), said("{\"a\":1}", 0));
        assert_eq!(read(json!({ "role": "assistant", "content": "hi" })), said("hi", 0));
        let pieces = json!([{ "type": "text", "text": "hi" }]);
        assert_eq!(
            read(json!({ "choices": [{ "message": { "content": pieces, "tool_calls": [{}] } }] })),
            said("hi", 1)
        );
        for wrong in
            [json!(null), json!(1), json!([]), json!({}), json!({ "output_text": 1 }), json!({ "output_tools": {} })]
        {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_row_is_what_graders_see_of_a_record() {
        let messages = json!([{ "role": "developer", "content": "D" }, { "role": "user", "content": "U" }]);
        let row =
            json!({ "messages": messages, "tools": [{}], "reference_answer": 7, "metadata": { "m": 1 }, "level": 3 });
        let input = read_sample(&json!({ "sample": "s", "item": row })).input.unwrap();
        assert_eq!((input.system_prompt.as_str(), input.last_user_message.as_str()), ("D", "U"));
        assert_eq!((input.reference_answer, input.tools.len()), (json!(7), 1));
        assert_eq!(Value::Object(input.item), json!({ "reference_answer": 7, "level": 3 }));
        assert_eq!(Value::Object(input.metadata), json!({ "m": 1 }));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let deep = (0..70).fold(json!(1), |inner, _| json!([inner]));
        for (asked, words) in [
            (json!([]), "object"),
            (json!({ "sample": "s", "item": [] }), "item must"),
            (json!({ "sample": "s", "item": { "messages": "x" } }), "item.messages"),
            (json!({ "sample": "s", "item": { "tools": 1 } }), "item.tools"),
            (json!({ "sample": "s", "item": { "messages": [{}, 5] } }), "item.messages[1] must be an object"),
            (json!({ "sample": { "output_tools": [null] } }), "output_tools[0] must be an object"),
            (json!({ "sample": "s", "item": { "metadata": [] } }), "item.metadata"),
            (json!({ "sample": "s", "item": { "x": deep } }), "64 levels"),
            (json!({ "sample": "s", "trace_id": 1 }), "trace_id"),
        ] {
            let error = read_sample(&asked).input.unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }
}
