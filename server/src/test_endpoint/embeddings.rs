//! `/embeddings`: vectors of hashed words and parts of words, so that texts that share them are alike.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::gate::Admitted;
use super::models;
use super::state::Shared;
use super::text::{Draw, hash, tokens, words};

/// The most texts of one request.
const MAX_INPUTS: usize = 2048;
/// The most tokens of one text.
const MAX_TOKENS: u64 = 8192;
/// The most tokens of one request.
const MAX_TOKENS_TOGETHER: u64 = 300_000;
/// Length of a vector if none is asked for.
const DIMENSIONS: usize = 256;
/// The longest vector.
const MAX_DIMENSIONS: u64 = 3072;
/// How many places of a vector a word moves.
const PLACES: usize = 8;
/// What parts of words count for, against whole ones.
const PART_WEIGHT: f32 = 0.2;

/// `POST /embeddings`.
pub(super) async fn create(
    State(shared): State<Arc<Shared>>,
    Extension(admitted): Extension<Admitted>,
) -> Result<Json<Value>, ApiError> {
    let request = Checked::of(admitted.object()?)?;
    models::check(&shared.lock(), &request.model)?;
    let data: Vec<Value> = request
        .texts
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let vector = embed(text, request.dimensions);
            let embedding = if request.base64 { json!(STANDARD.encode(bytes_of(&vector))) } else { json!(vector) };
            json!({"object": "embedding", "index": index, "embedding": embedding})
        })
        .collect();
    let total: u64 = request.texts.iter().map(|text| tokens(text)).sum();
    let mut answer = json!({"object": "list", "data": data, "model": request.model});
    if !admitted.plan.has(&super::Fault::MissingUsage) {
        answer["usage"] = json!({"prompt_tokens": total, "total_tokens": total});
    }
    Ok(Json(answer))
}

/// A request that can be answered.
#[derive(Debug)]
struct Checked {
    model: String,
    texts: Vec<String>,
    dimensions: usize,
    base64: bool,
}

impl Checked {
    fn of(body: &Map<String, Value>) -> Result<Self, ApiError> {
        let model = match body.get("model") {
            None | Some(Value::Null) => return Err(ApiError::bad_request("you must provide a model parameter")),
            Some(Value::String(model)) => model.clone(),
            Some(other) => return Err(ApiError::wrong_type("model", "a string", other)),
        };
        let texts = texts(body.get("input").unwrap_or(&Value::Null))?;
        let base64 = match body.get("encoding_format").and_then(Value::as_str) {
            None | Some("float") => false,
            Some("base64") => true,
            Some(other) => return Err(ApiError::wrong_value("encoding_format", other, "'float' and 'base64'")),
        };
        let dimensions = match body.get("dimensions") {
            None | Some(Value::Null) => DIMENSIONS,
            Some(wish) => wish
                .as_u64()
                .filter(|wish| (1..=MAX_DIMENSIONS).contains(wish))
                .and_then(|wish| usize::try_from(wish).ok())
                .ok_or_else(|| {
                    ApiError::bad_request(format!(
                        "Invalid value for 'dimensions': it must be from 1 to {MAX_DIMENSIONS}."
                    ))
                    .param("dimensions")
                })?,
        };
        Ok(Self { model, texts, dimensions, base64 })
    }
}

/// One text, several, or the same as lists of tokens.
fn texts(input: &Value) -> Result<Vec<String>, ApiError> {
    let wrong = || ApiError::bad_request("'$.input' is invalid. Please check the API reference.").param("input");
    let texts = match input {
        Value::Null => return Err(ApiError::missing("input")),
        Value::String(text) => vec![text.clone()],
        Value::Array(items) if items.is_empty() => return Err(wrong()),
        Value::Array(items) if items.len() > MAX_INPUTS && !items[0].is_number() => {
            return Err(ApiError::bad_request(format!(
                "Invalid 'input': array too long. Expected an array with maximum length {MAX_INPUTS}, but got an array with length {} instead.",
                items.len()
            ))
            .param("input")
            .code("array_above_max_length"));
        }
        Value::Array(items) if items[0].is_number() => vec![of_tokens(items).ok_or_else(wrong)?],
        Value::Array(items) => items
            .iter()
            .map(|item| match item {
                Value::String(text) => Some(text.clone()),
                Value::Array(ids) => of_tokens(ids),
                _ => None,
            })
            .collect::<Option<_>>()
            .ok_or_else(wrong)?,
        _ => return Err(wrong()),
    };
    check_lengths(&texts)?;
    Ok(texts)
}

/// Ids of tokens as words.
fn of_tokens(ids: &[Value]) -> Option<String> {
    let words: Option<Vec<String>> = ids.iter().map(|id| id.as_u64().map(|id| id.to_string())).collect();
    words.map(|words| words.join(" "))
}

fn check_lengths(texts: &[String]) -> Result<(), ApiError> {
    let counts: Vec<u64> = texts.iter().map(|text| tokens(text)).collect();
    if counts.contains(&0) {
        return Err(ApiError::bad_request("Invalid 'input': input cannot be an empty string.").param("input"));
    }
    if let Some(longest) = counts.iter().max().filter(|longest| **longest > MAX_TOKENS) {
        return Err(ApiError::bad_request(format!(
            "This model's maximum context length is {MAX_TOKENS} tokens, however you requested {longest} tokens."
        ))
        .param("input"));
    }
    if counts.iter().sum::<u64>() > MAX_TOKENS_TOGETHER {
        let message = format!("Requested more than the {MAX_TOKENS_TOGETHER} tokens of one request.");
        return Err(ApiError::bad_request(message).param("input").code("max_tokens_per_request"));
    }
    Ok(())
}

/// A vector of length 1. Each word moves some places of it up or down; so does, less, each three letters in a row.
fn embed(text: &str, dimensions: usize) -> Vec<f32> {
    let mut vector = vec![0f32; dimensions];
    for word in words(text) {
        push(&mut vector, &word, 1.0);
        let letters: Vec<char> = word.chars().collect();
        for part in letters.windows(3) {
            push(&mut vector, &format!("\u{1}{}", part.iter().collect::<String>()), PART_WEIGHT);
        }
    }
    let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
    if length > 0.0 {
        for number in &mut vector {
            *number /= length;
        }
    } else {
        // Signs alone make no words, but a vector must point somewhere.
        vector[0] = 1.0;
    }
    vector
}

fn push(vector: &mut [f32], word: &str, weight: f32) {
    let mut draw = Draw::new(hash(2, word.as_bytes()));
    for _ in 0..PLACES {
        let place = draw.below(vector.len());
        vector[place] += if draw.below(2) == 0 { weight } else { -weight };
    }
}

/// Four bytes a number, the lowest first.
fn bytes_of(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|number| number.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(a: &str, b: &str) -> f32 {
        embed(a, 256).iter().zip(embed(b, 256)).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn alike_texts_are_alike() {
        assert!((cosine("a refund please", "a refund please") - 1.0).abs() < 1e-5);
        let near = cosine("I want a refund for my flight", "please refund my flight");
        let far = cosine("I want a refund for my flight", "which laptop has the longest battery");
        assert!(near > 0.4 && far < 0.3 && near > far + 0.3, "{near} {far}");
        assert!(cosine("bookings", "booking") > 0.2);
        assert!((embed("?!", 4)[0] - 1.0).abs() < f32::EPSILON);
    }

    fn code(body: Value) -> Option<Value> {
        Checked::of(body.as_object().unwrap()).err().map(|error| error.body()["error"]["param"].clone())
    }

    #[test]
    fn what_a_provider_refuses_is_refused() {
        let many = vec!["a"; 2049];
        assert_eq!(code(json!({"model": "m", "input": many})), Some(json!("input")));
        assert_eq!(code(json!({"model": "m", "input": many[1..]})), None);
        assert_eq!(code(json!({"model": "m", "input": ""})), Some(json!("input")));
        assert_eq!(code(json!({"model": "m", "input": ["a", 1]})), Some(json!("input")));
        assert_eq!(code(json!({"model": "m", "input": [[1, 2], [3]]})), None);
        assert_eq!(code(json!({"input": "a"})), Some(Value::Null));
        assert_eq!(code(json!({"model": "m", "input": "a", "dimensions": 0})), Some(json!("dimensions")));
        assert_eq!(code(json!({"model": "m", "input": "a".repeat(4 * 8192 + 1)})), Some(json!("input")));
        assert_eq!(code(json!({"model": "m", "input": "a", "encoding_format": "hex"})), Some(json!("encoding_format")));
    }
}
