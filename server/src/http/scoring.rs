//! Grading over HTTP, for trainers: `POST /v1/graders/{id}/score`, and its description at `GET /v1/openapi.json`.
//!
//! It has keys of its own in place of the sign-in, reads no cookie and opens no CORS; the Host check is around it as
//! around everything. Errors have the shape of OpenAI's: `{"error": {"message", "type"}}`.

use std::borrow::Cow;
use std::time::Duration;

use axum::body::HttpBody;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use futures_util::StreamExt;
use serde_json::{Map, Value, json};

use super::security::current_request_id;
use crate::error::ServiceError;
use crate::format;
use crate::grader::remote::{self, Asked, BodyRoom, MAX_SAMPLES, OpenError, Opened};
use crate::grader::{Grade, open_key};
use crate::state::AppState;

/// Most bytes of a request with one sample.
const MAX_SINGLE_BYTES: usize = 1 << 20;
/// Most bytes of a request with several.
const MAX_BATCH_BYTES: usize = 16 << 20;
/// So long a request may wait and be graded.
const SCORE_TIMEOUT: Duration = Duration::from_mins(10);
const DESCRIPTION: &str = include_str!("openapi.json");

/// Everything below `/v1/`; what is not there is said in JSON, by no page.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/v1/openapi.json", get(description))
        .route("/v1/graders/{id}/score", post(score).fallback(wrong_method))
        .route("/v1/{*path}", any(unknown_address))
}

async fn description() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DESCRIPTION).into_response()
}

async fn unknown_address() -> Failure {
    Failure::new(StatusCode::NOT_FOUND, "not_found_error", "There is nothing at this address. See /v1/openapi.json.")
}

async fn wrong_method() -> Response {
    let message = "Grading is asked for with POST.";
    let failure = Failure::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request_error", message);
    ([(header::ALLOW, "POST")], failure).into_response()
}

/// A refusal in OpenAI's shape.
#[derive(Debug)]
struct Failure {
    status: StatusCode,
    kind: &'static str,
    message: String,
    trace_id: Option<String>,
}

impl Failure {
    fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into(), trace_id: None }
    }

    fn unreadable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message)
    }

    fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request_error", message)
    }

    fn busy() -> Self {
        let message = "Too many requests are under way. Send this one again in a second.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_error", message)
    }

    fn no_room(state: &AppState) -> Self {
        let all = format::bytes(i64::try_from(state.config.score_bodies_bytes).unwrap_or(i64::MAX));
        let message = format!(
            "The requests under way leave too little of the {all} that there are for the bodies of all. Send this one again in a second."
        );
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable_error", message)
    }

    fn stopping() -> Self {
        let message = "The server is stopping. Send the request again when it is back.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable_error", message)
    }

    fn body(&self) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert("error".to_owned(), json!({ "message": self.message, "type": self.kind }));
        insert_some(&mut body, "trace_id", self.trace_id.clone());
        body
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        // Logged there under the request's id; the caller sees the id alone.
        let error = error.into_app(&current_request_id());
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", error.to_string())
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Unknown => Self::new(StatusCode::NOT_FOUND, "not_found_error", error.to_string()),
            OpenError::CannotRun(_) => Self::new(StatusCode::CONFLICT, "conflict_error", error.to_string()),
            OpenError::Service(error) => error.into(),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(Value::Object(self.body()))).into_response();
        let headers = response.headers_mut();
        match self.status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        response
    }
}

/// The key first: who has none learns nothing, and none of what it sends is read.
async fn score(
    State(state): State<AppState>,
    address: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Failure> {
    if state.shutdown.is_cancelled() {
        return Err(Failure::stopping());
    }
    let dataset_id = match key_of(request.headers()) {
        Some(key) => open_key(&state, key).await?,
        None => None,
    };
    let Some(dataset_id) = dataset_id else {
        let message = "The key is missing or wrong. Send it as \"Authorization: Bearer ank_...\", \"api-key\" or \"x-api-key\"; keys are made in the grader's panel.";
        return Err(Failure::new(StatusCode::UNAUTHORIZED, "authentication_error", message));
    };
    let Some(_place) = state.scoring.place() else { return Err(Failure::busy()) };
    // (The room is held as long as the text.)
    let (text, _room) = read_body(&state, request).await?;
    let answer = async {
        let _turn = state.scoring.turn().await.ok_or_else(Failure::stopping)?;
        // (What is not UTF-8 is nobody's address.)
        let Path(address) = address.map_err(|_no_text| OpenError::Unknown)?;
        let grader = remote::open(&state, &dataset_id, &address).await?;
        answer(&state, &grader, &text).await
    };
    tokio::time::timeout(SCORE_TIMEOUT, answer).await.unwrap_or_else(|_elapsed| {
        let message = "Grading took longer than ten minutes. Send fewer samples at once.";
        Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable_error", message))
    })
}

fn key_of(headers: &HeaderMap) -> Option<&str> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text("authorization")
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| key);
    bearer.or_else(|| text("api-key")).or_else(|| text("x-api-key")).map(str::trim)
}

/// The body, and its share of what all bodies may take.
async fn read_body(state: &AppState, request: Request) -> Result<(String, BodyRoom), Failure> {
    let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        let message = "Send JSON, with the header \"Content-Type: application/json\".";
        return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request_error", message));
    }
    let reading = read_bytes(state, request);
    let Ok(read) = tokio::time::timeout(state.config.score_body_timeout, reading).await else {
        let message = "The request came too slowly. Send it again.";
        return Err(Failure::new(StatusCode::REQUEST_TIMEOUT, "invalid_request_error", message));
    };
    let (bytes, room) = read?;
    let text = String::from_utf8(bytes).map_err(|_| Failure::unreadable("The request is not UTF-8."))?;
    Ok((text, room))
}

/// Room is taken before what it is for: at once where the length was said, else piece by piece.
async fn read_bytes(state: &AppState, request: Request) -> Result<(Vec<u8>, BodyRoom), Failure> {
    let too_large =
        || Failure::too_large("The request is larger than 16 MiB or was cut off. Send fewer samples at once.");
    let body = request.into_body();
    let said = body.size_hint().exact().map_or(Some(0), |length| usize::try_from(length).ok());
    let said = said.filter(|length| *length <= MAX_BATCH_BYTES).ok_or_else(too_large)?;
    let mut room = state.scoring.room(said).await.ok_or_else(|| Failure::no_room(state))?;
    let mut bytes = Vec::with_capacity(said);
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_cut_off| too_large())?;
        let length = bytes.len() + piece.len();
        if length > MAX_BATCH_BYTES {
            return Err(too_large());
        }
        if !room.grow_to(length).await {
            return Err(Failure::no_room(state));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok((bytes, room))
}

/// The text with U+FFFD in place of every half of a character that stands alone ("\ud800"): Python writes those where a model
/// was cut off within one, and they are nothing that a whole batch should be refused for.
fn whole_characters(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    // The code unit that an escape at this place stands for.
    let unit = |at: usize| {
        let digits = text.get(at + 2..at + 6).filter(|_| bytes.get(at..at + 2) == Some(b"\\u"))?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut mended = String::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(found) = text[at..].find('\\') {
        at += found;
        at += match (unit(at), unit(at + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                mended.push_str(&text[copied..at]);
                mended.push_str("\\ufffd");
                copied = at + 6;
                6
            }
            (Some(_), _) => 6,
            // An escape of one character, which may be several bytes where the text is no JSON.
            (None, _) => 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
        };
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    mended.push_str(&text[copied..]);
    Cow::Owned(mended)
}

async fn answer(state: &AppState, grader: &Opened, text: &str) -> Result<Response, Failure> {
    let text = &*whole_characters(text);
    let body =
        crate::json::parse(text).map_err(|error| Failure::unreadable(format!("The request is not JSON: {error}.")))?;
    match body.get("samples") {
        Some(_) if body.get("sample").is_some() => Err(Failure::unreadable("Send either sample or samples, not both.")),
        Some(samples) => answer_batch(state, grader, samples).await,
        None if text.len() > MAX_SINGLE_BYTES => Err(Failure::too_large("A single sample is at most 1 MiB.")),
        None => answer_one(state, grader, &body).await,
    }
}

async fn answer_one(state: &AppState, grader: &Opened, body: &Value) -> Result<Response, Failure> {
    let Asked { input, trace_id } = remote::read_sample(body);
    let with_trace = |failure: Failure| Failure { trace_id: trace_id.clone(), ..failure };
    let input = input.map_err(Failure::unreadable).map_err(with_trace)?;
    let grade = grader.score(state, vec![input]).await?.pop().unwrap_or_default();
    let graded = graded(grade, grader.version).map_err(with_trace)?;
    Ok(Json(Value::Object(with_trace_id(graded, trace_id.clone()))).into_response())
}

async fn answer_batch(state: &AppState, grader: &Opened, samples: &Value) -> Result<Response, Failure> {
    let Value::Array(samples) = samples else { return Err(Failure::unreadable("samples must be a list.")) };
    if samples.len() > MAX_SAMPLES {
        let message = format!("These are {} samples; send at most {MAX_SAMPLES} at once.", samples.len());
        return Err(Failure::too_large(message));
    }
    if samples.is_empty() {
        return Err(Failure::unreadable("samples is empty."));
    }
    let mut inputs = Vec::new();
    let mut asked = Vec::new();
    for sample in samples {
        let Asked { input, trace_id } = remote::read_sample(sample);
        let unreadable = input.map(|input| inputs.push(input)).err();
        asked.push((unreadable, trace_id));
    }
    // Those that could be read are graded together; each goes back to its place.
    let mut grades = grader.score(state, inputs).await?.into_iter();
    let results = asked.into_iter().map(|(unreadable, trace_id)| {
        let result = match unreadable {
            Some(message) => Err(Failure::unreadable(message)),
            None => graded(grades.next().unwrap_or_default(), grader.version),
        };
        Value::Object(with_trace_id(result.unwrap_or_else(|failure| failure.body()), trace_id))
    });
    let results: Vec<Value> = results.collect();
    Ok(Json(json!({ "results": results, "grader_version": grader.version })).into_response())
}

/// A failed grade is no score.
fn graded(grade: Grade, version: i64) -> Result<Map<String, Value>, Failure> {
    let Some(score) = grade.score else {
        let message = grade.error.unwrap_or_else(|| "The grader gave no score.".to_owned());
        return Err(Failure::new(StatusCode::UNPROCESSABLE_ENTITY, "grader_error", message));
    };
    let mut result = Map::new();
    result.insert("score".to_owned(), json!(score));
    insert_some(&mut result, "reasoning", grade.reasoning);
    if !grade.parts.is_empty() {
        result.insert("parts".to_owned(), json!(grade.parts));
    }
    result.insert("grader_version".to_owned(), json!(version));
    Ok(result)
}

fn with_trace_id(mut result: Map<String, Value>, trace_id: Option<String>) -> Map<String, Value> {
    insert_some(&mut result, "trace_id", trace_id);
    result
}

fn insert_some(fields: &mut Map<String, Value>, name: &str, value: Option<String>) {
    if let Some(value) = value {
        fields.insert(name.to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::whole_characters;

    #[test]
    fn halves_of_characters_that_stand_alone_are_replaced() {
        for (text, expected) in [
            (r#"{"a": "\ud83d\ude00"}"#, r#"{"a": "\ud83d\ude00"}"#),
            (r#"{"a": "x\ud83d"}"#, r#"{"a": "x\ufffd"}"#),
            (r#"{"a": "\ude00\ud83d\ud83d\ude00"}"#, r#"{"a": "\ufffd\ufffd\ud83d\ude00"}"#),
            // An escaped backslash before "ud83d" is no escape of a character.
            (r#"{"a": "\\ud83d"}"#, r#"{"a": "\\ud83d"}"#),
            (r#"{"a": "\\\uD83D"}"#, r#"{"a": "\\\ufffd"}"#),
            (r"é\u00e9\", r"é\u00e9\"),
            (r"\é \ud8 \ud8éé", r"\é \ud8 \ud8éé"),
        ] {
            assert_eq!(whole_characters(text), expected);
        }
    }
}
