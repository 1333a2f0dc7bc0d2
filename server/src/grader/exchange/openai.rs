//! OpenAI's grader JSON. An importable grader comes back exactly as it went out.

use serde_json::{Map, Value, json};

use super::document;
use super::names::{free_name, is_name};
use super::{ExchangeError, Exported, Imported, MAX_PARTS};
use crate::grader::native::formula::{Formula, with_names};
use crate::types::grader::{
    GraderConfig, GraderPart, LlmJudge, MultiGrader, PythonGrader, SamplingParams, ScoreModel, ScoreModelMessage,
    StringCheck, TextSimilarity,
};

mod templates;

/// What a grader is called where nobody named it.
const DEFAULT_NAME: &str = "grader";

/// Reads a grader as OpenAI's API takes it.
pub fn import_openai(text: &str) -> Result<Imported, ExchangeError> {
    let document = document::json(text)?;
    let mut notes = Vec::new();
    let fields = object(&document, "the document")?;
    let config = match string(fields, "type", "")?.as_str() {
        "multi" => GraderConfig::Multi(multi(fields, &mut notes)?),
        kind => single(kind, fields, "", &mut notes)?,
    };
    Ok(Imported { config, name: fields.get("name").and_then(Value::as_str).map(str::to_owned), notes })
}

/// Writes a grader as OpenAI's API takes it.
pub fn export_openai(config: &GraderConfig, name: &str) -> Result<Exported, ExchangeError> {
    let mut notes = Vec::new();
    let name = if name.trim().is_empty() { DEFAULT_NAME } else { name };
    let json = match config {
        GraderConfig::Multi(multi) => exported_multi(multi, name, &mut notes)?,
        one => exported(one, name, &mut notes)?,
    };
    Ok(Exported { json, notes })
}

fn single(
    kind: &str,
    fields: &Map<String, Value>,
    place: &str,
    notes: &mut Vec<String>,
) -> Result<GraderConfig, ExchangeError> {
    let known: &[&str] = match kind {
        "string_check" => &["operation", "input", "reference"],
        "text_similarity" => &["evaluation_metric", "input", "reference"],
        "score_model" => &["model", "input", "range", "sampling_params"],
        "python" => &["source", "image_tag"],
        "multi" => {
            return Err(ExchangeError::NoCounterpart(format!(
                "{}a combination within a combination cannot be read",
                before(place)
            )));
        }
        "label_model" => {
            return Err(ExchangeError::NoCounterpart(format!(
                "{}label_model sorts into labels and gives no score; write it as a score_model that says which score each label has",
                before(place)
            )));
        }
        "endpoint" => {
            return Err(ExchangeError::NoCounterpart(format!(
                "{}endpoint graders are called over the network by the provider; there is no such grader here",
                before(place)
            )));
        }
        other => {
            let other: String = other.chars().take(60).collect();
            return Err(ExchangeError::NoCounterpart(format!(
                "{}there is no grader type `{other}`; read are string_check, text_similarity, score_model, python and multi",
                before(place)
            )));
        }
    };
    for field in
        fields.keys().filter(|field| !known.contains(&field.as_str()) && !["type", "name"].contains(&field.as_str()))
    {
        notes.push(format!("{}the field `{}` means nothing here and was left out.", before(place), shown(field)));
    }
    Ok(match kind {
        "string_check" => GraderConfig::StringCheck(StringCheck {
            operation: named(fields, "operation", place, "eq, ne, like or ilike")?,
            input: string(fields, "input", place)?,
            reference: string(fields, "reference", place)?,
        }),
        "text_similarity" => GraderConfig::TextSimilarity(TextSimilarity {
            evaluation_metric: named(
                fields,
                "evaluation_metric",
                place,
                "fuzzy_match, bleu, gleu, meteor, cosine, rouge_1 to rouge_5 or rouge_l",
            )?,
            input: string(fields, "input", place)?,
            reference: string(fields, "reference", place)?,
        }),
        "score_model" => GraderConfig::ScoreModel(score_model(fields, place, notes)?),
        _ => GraderConfig::Python(PythonGrader {
            source: string(fields, "source", place)?,
            image_tag: match fields.get("image_tag") {
                None | Some(Value::Null) => None,
                Some(_) => Some(string(fields, "image_tag", place)?),
            },
        }),
    })
}

fn score_model(fields: &Map<String, Value>, place: &str, notes: &mut Vec<String>) -> Result<ScoreModel, ExchangeError> {
    let input = fields.get("input").and_then(Value::as_array);
    let input = input
        .filter(|input| !input.is_empty())
        .ok_or_else(|| malformed(place, "input", "should be a list of messages, at least one"))?;
    let mut messages = Vec::new();
    for (index, message) in input.iter().enumerate() {
        let at = joined(place, &format!("input[{index}]"));
        let message = object(message, &at)?;
        messages.push(ScoreModelMessage {
            role: named(message, "role", &at, "system, developer, user or assistant").and_then(|role: String| {
                let is_known = ["system", "developer", "user", "assistant"].contains(&role.as_str());
                is_known
                    .then_some(role)
                    .ok_or_else(|| malformed(&at, "role", "should be system, developer, user or assistant"))
            })?,
            content: content(message.get("content"), &at)?,
        });
    }
    let range = match fields.get("range") {
        None | Some(Value::Null) => None,
        Some(range) => match range.as_array().map(Vec::as_slice) {
            Some([low, high]) => match (low.as_f64(), high.as_f64()) {
                (Some(low), Some(high)) if low.is_finite() && high.is_finite() && low < high => Some([low, high]),
                _ => return Err(malformed(place, "range", "should be two numbers, the lower first")),
            },
            _ => return Err(malformed(place, "range", "should be two numbers, the lower first")),
        },
    };
    let sampling_params = match fields.get("sampling_params") {
        None | Some(Value::Null) => None,
        Some(params) => {
            let at = joined(place, "sampling_params");
            for field in object(params, &at)?.keys() {
                if !["temperature", "top_p", "seed", "max_completions_tokens", "reasoning_effort"]
                    .contains(&field.as_str())
                {
                    notes.push(format!(
                        "{}the field `{}` means nothing here and was left out.",
                        before(&at),
                        shown(field)
                    ));
                }
            }
            Some(serde_json::from_value::<SamplingParams>(params.clone()).map_err(|error| {
                ExchangeError::Malformed { place: at, message: error.to_string().chars().take(200).collect() }
            })?)
        }
    };
    Ok(ScoreModel {
        model: string(fields, "model", place)?,
        endpoint_id: None,
        input: messages,
        range,
        sampling_params,
    })
}

/// A text, or `{type: input_text, text}`, or a list of these; images and sound are refused.
fn content(value: Option<&Value>, place: &str) -> Result<String, ExchangeError> {
    match value {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Object(part)) => match (part.get("type").and_then(Value::as_str), part.get("text")) {
            (Some("input_text" | "output_text" | "text"), Some(Value::String(text))) => Ok(text.clone()),
            (kind, _) => Err(malformed(
                place,
                "content",
                &format!("{} cannot be graded here; only texts can", shown(kind.unwrap_or("this"))),
            )),
        },
        Some(Value::Array(parts)) if !parts.is_empty() => {
            let texts = parts.iter().map(|part| content(Some(part), place)).collect::<Result<Vec<_>, _>>()?;
            Ok(texts.join("\n"))
        }
        _ => Err(malformed(place, "content", "should be a text")),
    }
}

fn multi(fields: &Map<String, Value>, notes: &mut Vec<String>) -> Result<MultiGrader, ExchangeError> {
    let graders = object(fields.get("graders").unwrap_or(&Value::Null), "graders")?;
    if graders.is_empty() || graders.len() > MAX_PARTS {
        return Err(malformed("", "graders", &format!("has {} graders; 1 to {MAX_PARTS} are possible", graders.len())));
    }
    let formula = string(fields, "calculate_output", "")?;
    let mut taken: Vec<String> = graders.keys().filter(|name| is_name(name)).cloned().collect();
    let mut parts = Vec::new();
    for (key, grader) in graders {
        let place = format!("graders.{}", shown(key));
        let inner = object(grader, &place)?;
        let kind = string(inner, "type", &place)?;
        let grader = single(&kind, inner, &place, notes)?;
        let name = if is_name(key) { key.clone() } else { free_name(key, &taken) };
        if name != *key {
            notes.push(format!("The grader `{}` is called `{name}` here.", shown(key)));
            taken.push(name.clone());
        }
        if let Some(Value::String(inner_name)) = inner.get("name")
            && inner_name != key
        {
            notes.push(format!("{place}: its own name `{}` was left out; parts go by their key.", shown(inner_name)));
        }
        parts.push(GraderPart { name, grader, threshold: None });
    }
    for field in
        fields.keys().filter(|field| !["type", "name", "graders", "calculate_output"].contains(&field.as_str()))
    {
        notes.push(format!("The field `{}` means nothing here and was left out.", shown(field)));
    }
    let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    Formula::parse(&formula, &names).map_err(|error| ExchangeError::Malformed {
        place: "calculate_output".to_owned(),
        message: error.to_string(),
    })?;
    Ok(MultiGrader { graders: parts, weights: Vec::new(), calculate_output: Some(formula) })
}

fn exported_multi(multi: &MultiGrader, name: &str, notes: &mut Vec<String>) -> Result<Value, ExchangeError> {
    let mut graders = Map::new();
    for part in &multi.graders {
        if matches!(part.grader, GraderConfig::Multi(_)) {
            return Err(ExchangeError::NoCounterpart(format!(
                "{}: a combination within a combination has no counterpart",
                part.name
            )));
        }
        let grader = exported(&part.grader, &part.name, notes).map_err(|error| match error {
            ExchangeError::NoCounterpart(why) => ExchangeError::NoCounterpart(format!("{}: {why}", part.name)),
            other => other,
        })?;
        graders.insert(part.name.clone(), grader);
    }
    let weighted = || {
        let terms = multi.graders.iter().zip(&multi.weights).map(|(part, weight)| format!("{weight} * {}", part.name));
        terms.collect::<Vec<_>>().join(" + ")
    };
    let formula = multi.calculate_output.clone().unwrap_or_else(weighted);
    let stepped = |name: &str| {
        let threshold = multi.graders.iter().find(|part| part.name == name)?.threshold?;
        // 1 from the threshold on, else 0, in the operators there are; a score is at least 0.
        Some(if threshold > 0.0 { format!("max(0, min(1, floor({name} / {threshold})))") } else { "1".to_owned() })
    };
    let formula = with_names(&formula, stepped).map_err(|error| ExchangeError::Malformed {
        place: "calculate_output".to_owned(),
        message: error.to_string(),
    })?;
    Ok(json!({ "type": "multi", "name": name, "graders": graders, "calculate_output": formula }))
}

fn exported(config: &GraderConfig, name: &str, notes: &mut Vec<String>) -> Result<Value, ExchangeError> {
    match config {
        GraderConfig::StringCheck(check) => {
            let (input, reference) = (templates::as_openai(&check.input)?, templates::as_openai(&check.reference)?);
            tagged("string_check", name, &StringCheck { input, reference, ..check.clone() })
        }
        GraderConfig::TextSimilarity(similarity) => {
            let input = templates::as_openai(&similarity.input)?;
            let reference = templates::as_openai(&similarity.reference)?;
            tagged("text_similarity", name, &TextSimilarity { input, reference, ..similarity.clone() })
        }
        GraderConfig::Python(python) => tagged("python", name, python),
        GraderConfig::ScoreModel(model) => {
            if model.endpoint_id.is_some() {
                notes.push(format!("{name}: the endpoint was left out; OpenAI asks its own."));
            }
            if model.model.is_empty() {
                notes.push(format!("{name}: no model is named; put one of OpenAI's in before you use it."));
            }
            tagged("score_model", name, &ScoreModel { endpoint_id: None, ..model.clone() })
        }
        GraderConfig::LlmJudge(judge) => exported_judge(judge, name, notes),
        GraderConfig::Script { .. } => {
            Err(ExchangeError::NoCounterpart("a script: JavaScript runs on no provider".to_owned()))
        }
        GraderConfig::Multi(_) => {
            Err(ExchangeError::NoCounterpart("a combination within a combination has no counterpart".to_owned()))
        }
    }
}

fn exported_judge(judge: &LlmJudge, name: &str, notes: &mut Vec<String>) -> Result<Value, ExchangeError> {
    let content = templates::as_openai(&judge.prompt)?;
    notes.push(format!("{name}: the output schema was left out; OpenAI's score_model answers with a number alone."));
    if judge.endpoint_id.is_some() {
        notes.push(format!("{name}: the endpoint was left out; OpenAI asks its own."));
    }
    if judge.model.is_empty() {
        notes.push(format!("{name}: no model is named; put one of OpenAI's in before you use it."));
    }
    let sampling_params = SamplingParams {
        temperature: judge.temperature,
        max_completions_tokens: Some(judge.max_tokens),
        ..SamplingParams::default()
    };
    tagged(
        "score_model",
        name,
        &ScoreModel {
            model: judge.model.clone(),
            endpoint_id: None,
            input: vec![ScoreModelMessage { role: "user".to_owned(), content }],
            range: Some([0.0, 1.0]),
            sampling_params: Some(sampling_params),
        },
    )
}

/// `type` and `name` first, then the fields.
fn tagged(kind: &str, name: &str, fields: &impl serde::Serialize) -> Result<Value, ExchangeError> {
    let mut tagged = Map::new();
    tagged.insert("type".to_owned(), kind.into());
    tagged.insert("name".to_owned(), name.into());
    match serde_json::to_value(fields) {
        Ok(Value::Object(fields)) => tagged.extend(fields),
        _ => return Err(ExchangeError::NoCounterpart(format!("{name}: it cannot be written as JSON"))),
    }
    Ok(Value::Object(tagged))
}

fn object<'a>(value: &'a Value, place: &str) -> Result<&'a Map<String, Value>, ExchangeError> {
    value.as_object().ok_or_else(|| ExchangeError::Malformed {
        place: place.to_owned(),
        message: "should be an object with fields".to_owned(),
    })
}

fn string(fields: &Map<String, Value>, field: &str, place: &str) -> Result<String, ExchangeError> {
    match fields.get(field) {
        Some(Value::String(text)) => Ok(text.clone()),
        None => Err(malformed(place, field, "is missing")),
        Some(_) => Err(malformed(place, field, "should be a text")),
    }
}

fn named<T: serde::de::DeserializeOwned>(
    fields: &Map<String, Value>,
    field: &str,
    place: &str,
    allowed: &str,
) -> Result<T, ExchangeError> {
    let name = string(fields, field, place)?;
    serde_json::from_value(Value::String(name)).map_err(|_| malformed(place, field, &format!("should be {allowed}")))
}

fn malformed(place: &str, field: &str, message: &str) -> ExchangeError {
    ExchangeError::Malformed { place: joined(place, field), message: message.to_owned() }
}

fn joined(place: &str, field: &str) -> String {
    if place.is_empty() { field.to_owned() } else { format!("{place}.{field}") }
}

fn before(place: &str) -> String {
    if place.is_empty() { String::new() } else { format!("{place}: ") }
}

fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}
