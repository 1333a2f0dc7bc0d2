//! What `grade` returned, as a score.

use boa_engine::{Context, JsValue, js_string};

use super::text::shown;
use super::thrown::thrown;
use crate::grader::error::GradeError;
use crate::grader::protocol::{MAX_REASONING_CHARS, ScriptLimits, Verdict};

/// The score, and the reasoning where there is one; anything else is an error.
pub(super) fn verdict(value: &JsValue, context: &mut Context, limits: &ScriptLimits) -> Result<Verdict, GradeError> {
    if let Some(score) = value.as_number() {
        return Ok(Verdict { score: score_in_range(score)?, reasoning: None });
    }
    let object = match value.as_object() {
        Some(object) if !object.is_array() && !object.is_callable() => object,
        _ => return Err(GradeError::BadScore { got: describe(value) }),
    };
    let score = object.get(js_string!("score"), context).map_err(|error| thrown(&error, context, limits))?;
    let Some(score) = score.as_number() else {
        let got = if score.is_undefined() {
            "an object without a `score`".to_owned()
        } else {
            format!("an object whose `score` is {}", describe(&score))
        };
        return Err(GradeError::BadScore { got });
    };
    let score = score_in_range(score)?;
    let reasoning = object.get(js_string!("reasoning"), context).map_err(|error| thrown(&error, context, limits))?;
    let reasoning = (!reasoning.is_null_or_undefined()).then(|| shown(&reasoning, MAX_REASONING_CHARS));
    Ok(Verdict { score, reasoning })
}

fn score_in_range(score: f64) -> Result<f64, GradeError> {
    if (0.0..=1.0).contains(&score) {
        // Minus zero becomes zero.
        return Ok(score + 0.0);
    }
    let got = if score.is_nan() {
        "NaN (not a number)".to_owned()
    } else if score.is_infinite() {
        format!("{}Infinity", if score < 0.0 { "-" } else { "" })
    } else {
        score.to_string()
    };
    Err(GradeError::BadScore { got })
}

/// What a value is, in words.
fn describe(value: &JsValue) -> String {
    if value.is_undefined() {
        "undefined (is a `return` missing?)".to_owned()
    } else if value.is_null() {
        "null".to_owned()
    } else if let Some(boolean) = value.as_boolean() {
        format!("the boolean {boolean}")
    } else if value.is_string() {
        format!("the string \"{}\"", shown(value, 60))
    } else if value.is_bigint() {
        "a BigInt".to_owned()
    } else if value.is_symbol() {
        "a symbol".to_owned()
    } else if let Some(number) = value.as_number() {
        format!("the number {number}")
    } else if value.is_callable() {
        "a function".to_owned()
    } else if value.as_object().is_some_and(|object| object.is_array()) {
        "an array".to_owned()
    } else {
        "an object".to_owned()
    }
}
