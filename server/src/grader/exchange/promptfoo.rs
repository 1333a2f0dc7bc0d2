//! promptfoo's assertions as parts of one grader, weighted as there. Scores are promptfoo's where they can
//! be: an assertion that passes or fails gives 1 or 0, one that measures gives its measure.

use serde_json::Value;

use super::names::free_name;
use super::{ExchangeError, Imported, MAX_PARTS, document};
use crate::types::grader::{GraderConfig, GraderPart, MultiGrader};

mod assertion;
mod collect;
mod scripts;
mod templates;

use collect::{Found, assertions};

/// Reads a list of assertions, or a promptfoo config with `defaultTest.assert` or `tests[].assert`, as JSON
/// or YAML. What does not map is told in the notes; only if nothing maps is that an error.
pub fn import_promptfoo(text: &str) -> Result<Imported, ExchangeError> {
    let document = document::json_or_yaml(text)?;
    let (found, mut notes) = assertions(&document)?;
    let mut names: Vec<String> = Vec::new();
    let mut parts = Vec::new();
    let mut weights = Vec::new();
    for Found { place, assertion } in found {
        let kind = assertion.get("type").and_then(Value::as_str).unwrap_or_default();
        let called = format!("{place} ({})", shown(kind));
        match part(assertion, &mut notes, &called) {
            Ok(_) if parts.len() == MAX_PARTS => {
                notes.push(format!("{called} was left out: a combination has at most {MAX_PARTS} parts."));
            }
            Ok((grader, threshold, weight)) => {
                let wanted = assertion.get("metric").and_then(Value::as_str).unwrap_or(kind);
                let name = free_name(wanted, &names);
                names.push(name.clone());
                parts.push(GraderPart { name, grader, threshold });
                weights.push(weight);
            }
            Err(reason) => notes.push(format!("{called} was left out: {reason}.")),
        }
    }
    if parts.is_empty() {
        let reasons = notes.iter().take(MAX_PARTS).cloned().collect::<Vec<_>>().join(" ");
        return Err(ExchangeError::NoCounterpart(format!("none of the assertions can be used here. {reasons}")));
    }
    let sum: f64 = weights.iter().sum();
    if sum > 0.0 && sum.is_finite() {
        for weight in &mut weights {
            *weight /= sum;
        }
    } else {
        notes.push("All weights are 0: the parts count alike.".to_owned());
        weights = vec![1.0 / parts.len() as f64; parts.len()];
    }
    let config = GraderConfig::Multi(MultiGrader { graders: parts, weights, calculate_output: None });
    let name = document.get("description").and_then(Value::as_str).map(str::to_owned);
    Ok(Imported { config, name, notes })
}

/// Grader, threshold and weight of one assertion, or why there are none.
fn part(
    assertion: &serde_json::Map<String, Value>,
    notes: &mut Vec<String>,
    called: &str,
) -> Result<(GraderConfig, Option<f64>, f64), String> {
    let number = |field: &str| match assertion.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_f64() {
            Some(number) if number.is_finite() && number >= 0.0 => Ok(Some(number)),
            _ => Err(format!("its {field} should be a number of at least 0")),
        },
    };
    let weight = number("weight")?.unwrap_or(1.0);
    let threshold = number("threshold")?;
    if assertion.contains_key("transform") {
        return Err("it transforms the output first".to_owned());
    }
    let understood = assertion::grader(assertion, threshold)?;
    for field in ["provider", "rubricPrompt", "config", "contextTransform"] {
        if assertion.contains_key(field) {
            notes.push(format!("{called}: its `{field}` was left out."));
        }
    }
    if understood.takes_threshold && threshold.is_some_and(|threshold| threshold > 1.0) {
        return Err("its threshold is above 1, which no score is".to_owned());
    }
    notes.extend(understood.note.map(|note| format!("{called}: {note}.")));
    Ok((understood.grader, threshold.filter(|_| understood.takes_threshold), weight))
}

fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}
