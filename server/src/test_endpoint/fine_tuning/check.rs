//! What a provider refuses of a fine-tuning job, and what is read of one that it takes.

use serde_json::{Map, Value};

use super::super::error::ApiError;
use super::super::files::Files;

/// The longest suffix.
const MAX_SUFFIX: usize = 64;
/// Numbers among the hyperparameters, with their bounds. `auto` does for each.
const NUMBERS: [(&str, f64, f64); 6] = [
    ("n_epochs", 1.0, 50.0),
    ("batch_size", 1.0, 256.0),
    ("learning_rate_multiplier", f64::MIN_POSITIVE, f64::MAX),
    ("eval_interval", 1.0, f64::MAX),
    ("eval_samples", 1.0, f64::MAX),
    ("compute_multiplier", f64::MIN_POSITIVE, 10.0),
];
const EFFORTS: [&str; 4] = ["default", "low", "medium", "high"];

/// A job that can be made.
#[derive(Debug, Clone)]
pub(super) struct JobRequest {
    pub(super) model: String,
    pub(super) training_file: String,
    pub(super) validation_file: Option<String>,
    pub(super) suffix: Option<String>,
    pub(super) seed: u64,
    pub(super) metadata: Value,
    pub(super) method: Value,
    /// Rows of the training file.
    pub(super) rows: u64,
    /// Why the rows cannot be trained on. A provider says so only once it validates the files.
    pub(super) bad_file: Option<String>,
}

impl JobRequest {
    /// Reads a request, or says what a provider would say against it.
    pub(super) fn of(body: &Map<String, Value>, files: &Files) -> Result<Self, ApiError> {
        let model = text(body, "model")?.ok_or_else(|| ApiError::missing("model"))?;
        let training_file = text(body, "training_file")?.ok_or_else(|| ApiError::missing("training_file"))?;
        let validation_file = text(body, "validation_file")?;
        let suffix = text(body, "suffix")?;
        if suffix.as_ref().is_some_and(|suffix| suffix.chars().count() > MAX_SUFFIX) {
            let message =
                format!("Invalid 'suffix': string too long. Expected a string with maximum length {MAX_SUFFIX}.");
            return Err(ApiError::bad_request(message).param("suffix").code("string_above_max_length"));
        }
        let method = body.get("method").cloned().unwrap_or_default();
        let reinforces = check_method(&method)?;
        if reinforces && validation_file.is_none() {
            return Err(ApiError::missing("validation_file"));
        }
        let bytes = |param: &str, id: &str| match files.find(id) {
            Ok(file) => Ok(file.bytes.clone()),
            Err(_) => Err(ApiError::bad_request(format!("invalid {param}: {id} does not exist")).param(param)),
        };
        let training = bytes("training_file", &training_file)?;
        let validation = validation_file.as_ref().map(|id| bytes("validation_file", id)).transpose()?;
        let bad_file = bad_row(&training, reinforces).or_else(|| bad_row(validation.as_ref()?, reinforces));
        Ok(Self {
            model,
            training_file,
            validation_file,
            suffix,
            seed: body.get("seed").and_then(Value::as_u64).unwrap_or(42),
            metadata: body.get("metadata").cloned().unwrap_or_default(),
            method,
            rows: rows(&training).count() as u64,
            bad_file,
        })
    }
}

fn text(body: &Map<String, Value>, name: &str) -> Result<Option<String>, ApiError> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(ApiError::wrong_type(name, "a string", other)),
    }
}

/// Whether the method is reinforcement.
fn check_method(method: &Value) -> Result<bool, ApiError> {
    let Some(kind) = method.get("type").and_then(Value::as_str) else {
        return if method.is_null() { Ok(false) } else { Err(ApiError::missing("method.type")) };
    };
    match kind {
        "supervised" | "dpo" => Ok(false),
        "reinforcement" => {
            let Some(settings) = method.get("reinforcement") else {
                return Err(ApiError::missing("method.reinforcement"));
            };
            if !settings.get("grader").is_some_and(|grader| grader.get("type").is_some_and(Value::is_string)) {
                return Err(ApiError::missing("method.reinforcement.grader"));
            }
            check_hyperparameters(settings.get("hyperparameters").unwrap_or(&Value::Null))?;
            Ok(true)
        }
        other => Err(ApiError::wrong_value("method.type", other, "'supervised', 'dpo', and 'reinforcement'")),
    }
}

fn check_hyperparameters(hyperparameters: &Value) -> Result<(), ApiError> {
    let param = |name: &str| format!("method.reinforcement.hyperparameters.{name}");
    for (name, low, high) in NUMBERS {
        match hyperparameters.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::String(auto)) if auto == "auto" => {}
            Some(value) => {
                let Some(number) = value.as_f64() else {
                    return Err(ApiError::wrong_type(&param(name), "'auto' or a number", value));
                };
                if number < low || number > high {
                    let message = format!("Invalid '{}': {number} is out of its bounds.", param(name));
                    return Err(ApiError::bad_request(message).param(param(name)).code("invalid_value"));
                }
            }
        }
    }
    match hyperparameters.get("reasoning_effort").and_then(Value::as_str) {
        Some(effort) if !EFFORTS.contains(&effort) => {
            Err(ApiError::wrong_value(&param("reasoning_effort"), effort, "'default', 'low', 'medium', and 'high'"))
        }
        _ => Ok(()),
    }
}

fn rows(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty())
}

/// What is wrong with the first row that is: its messages, or, for reinforcement, who speaks last.
fn bad_row(bytes: &[u8], reinforces: bool) -> Option<String> {
    rows(bytes).enumerate().find_map(|(index, line)| {
        let row: Value = serde_json::from_slice(line).unwrap_or_default();
        let number = index + 1;
        let Some(last) = row.get("messages").and_then(Value::as_array).and_then(|messages| messages.last()) else {
            return Some(format!("Line {number} has no messages."));
        };
        let role = last.get("role").and_then(Value::as_str).unwrap_or_default();
        let wrong = reinforces && role != "user";
        wrong.then(|| format!("Line {number}: the last message must be from the user, but it is from '{role}'."))
    })
}
