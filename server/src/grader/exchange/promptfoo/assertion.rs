//! What grader one assertion is.

use serde_json::{Map, Value, json};

use super::scripts::{json_literal, literal, of_condition, of_javascript};
use super::templates::as_template;
use crate::types::grader::{GraderConfig, LlmJudge, SimilarityMetric, StringCheck, StringOperation, TextSimilarity};

/// An assertion as a grader.
pub(super) struct Understood {
    pub grader: GraderConfig,
    /// Whether its `threshold` is one of scores.
    pub takes_threshold: bool,
    /// What is different here.
    pub note: Option<&'static str>,
}

const RUBRIC: (&str, &str) = (
    "You grade a response of an assistant by a rubric.\n\nThe rubric:\n",
    "\n\nThe user's last message:\n{{lastUserMessage}}\n\nThe response:\n{{response}}\n\n\
     Score from 0 (the response does not meet the rubric at all) to 1 (it meets it fully).",
);

/// The grader, or the reason why there is none, as the end of "it was left out: ...".
pub(super) fn grader(assertion: &Map<String, Value>, threshold: Option<f64>) -> Result<Understood, String> {
    let kind = assertion.get("type").and_then(Value::as_str).unwrap_or_default();
    let (negated, base) = kind.strip_prefix("not-").map_or((false, kind), |base| (true, base));
    let value = assertion.get("value").filter(|value| !value.is_null());
    if let Some(Value::String(text)) = value
        && text.starts_with("file://")
    {
        return Err("its value stands in another file".to_owned());
    }
    match base {
        "equals" | "contains" | "icontains" => compared(base, value, negated),
        "javascript" => {
            let source = value.and_then(Value::as_str).ok_or("its value should be JavaScript")?;
            Ok(Understood { takes_threshold: true, ..script(of_javascript(source, negated)) })
        }
        "llm-rubric" if negated => Err("a judge cannot be asked the contrary; reword the rubric".to_owned()),
        "llm-rubric" => {
            let rubric = as_template(&text(value)?)?;
            let prompt = format!("{}{rubric}{}", RUBRIC.0, RUBRIC.1);
            let grader = GraderConfig::LlmJudge(LlmJudge { prompt, ..LlmJudge::default() });
            let note = Some("the judge's prompt and model are those of this program, not promptfoo's");
            Ok(Understood { grader, takes_threshold: true, note })
        }
        "rouge-n" | "bleu" | "gleu" | "meteor" if negated => {
            Err("a measure's contrary is none; a script can say what is meant".to_owned())
        }
        "rouge-n" => measured(SimilarityMetric::Rouge1, value, threshold),
        "bleu" => measured(SimilarityMetric::Bleu, value, threshold),
        "gleu" => measured(SimilarityMetric::Gleu, value, threshold),
        "meteor" => measured(SimilarityMetric::Meteor, value, threshold),
        _ => Ok(script(of_condition(&condition(base, value, threshold)?, negated))),
    }
}

/// What a script of one condition checks.
fn condition(base: &str, value: Option<&Value>, threshold: Option<f64>) -> Result<String, String> {
    Ok(match base {
        "contains-any" => format!("helpers.containsAny(text, {})", list(value, false)?),
        "contains-all" => format!("helpers.containsAll(text, {})", list(value, false)?),
        "icontains-any" => format!("helpers.containsAny(text.toLowerCase(), {})", list(value, true)?),
        "icontains-all" => format!("helpers.containsAll(text.toLowerCase(), {})", list(value, true)?),
        "starts-with" => format!("text.startsWith({})", literal(&text(value)?)?),
        "ends-with" => format!("text.endsWith({})", literal(&text(value)?)?),
        "regex" => format!("new RegExp({}).test(text)", literal(&text(value)?)?),
        "levenshtein" => {
            format!("helpers.editDistance(text, {}) <= {}", literal(&text(value)?)?, threshold.unwrap_or(5.0))
        }
        "is-json" => match schema(value)? {
            None => "helpers.isJson(text)".to_owned(),
            Some(schema) => format!("helpers.isJson(text) && helpers.matchesSchema(JSON.parse(text), {schema}).valid"),
        },
        "contains-json" => match schema(value)? {
            None => "helpers.parseJson(text) !== null".to_owned(),
            Some(schema) => format!(
                "helpers.parseJson(text) !== null && helpers.matchesSchema(helpers.parseJson(text), {schema}).valid"
            ),
        },
        "word-count" => word_count(value)?,
        _ => return Err(reason(base).to_owned()),
    })
}

fn compared(base: &str, value: Option<&Value>, negated: bool) -> Result<Understood, String> {
    let operation = match (base, negated) {
        ("equals", false) => StringOperation::Eq,
        ("equals", true) => StringOperation::Ne,
        ("contains", false) => StringOperation::Like,
        ("icontains", false) => StringOperation::Ilike,
        ("icontains", true) => {
            let condition = format!("text.toLowerCase().includes({}.toLowerCase())", literal(&text(value)?)?);
            return Ok(script(of_condition(&condition, true)));
        }
        _ => return Ok(script(of_condition(&format!("text.includes({})", literal(&text(value)?)?), true))),
    };
    if let ("equals", Some(value @ (Value::Object(_) | Value::Array(_)))) = (base, value) {
        let schema = json_literal(&json!({ "const": value }));
        let condition = format!("helpers.isJson(text) && helpers.matchesSchema(JSON.parse(text), {schema}).valid");
        return Ok(script(of_condition(&condition, negated)));
    }
    let reference = as_template(&text(value)?)?;
    let grader = GraderConfig::StringCheck(StringCheck { operation, input: "{{response}}".to_owned(), reference });
    Ok(Understood { grader, takes_threshold: false, note: None })
}

fn measured(
    evaluation_metric: SimilarityMetric,
    value: Option<&Value>,
    threshold: Option<f64>,
) -> Result<Understood, String> {
    let reference = as_template(&text(value)?)?;
    let input = "{{response}}".to_owned();
    let grader = GraderConfig::TextSimilarity(TextSimilarity { evaluation_metric, input, reference });
    // promptfoo passes or fails by a threshold of its own then; here a number between says more.
    let note = "it names no threshold, so its measure counts as it is";
    Ok(Understood { grader, takes_threshold: true, note: threshold.is_none().then_some(note) })
}

fn script(script: String) -> Understood {
    Understood { grader: GraderConfig::Script { script }, takes_threshold: false, note: None }
}

fn text(value: Option<&Value>) -> Result<String, String> {
    match value {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value.to_string()),
        None => Err("it has no value".to_owned()),
        Some(_) => Err("its value should be a text".to_owned()),
    }
}

/// A list of texts, or one text with commas.
fn list(value: Option<&Value>, lower: bool) -> Result<String, String> {
    let entries: Vec<String> = match value {
        Some(Value::Array(entries)) => entries.iter().map(|entry| text(Some(entry))).collect::<Result<_, _>>()?,
        Some(Value::String(text)) => text.split(',').map(|entry| entry.trim().to_owned()).collect(),
        _ => return Err("its value should be a list of texts".to_owned()),
    };
    let literals = entries.iter().map(|entry| literal(entry)).collect::<Result<Vec<_>, _>>()?;
    let lower = if lower { ".map((entry) => entry.toLowerCase())" } else { "" };
    Ok(format!("[{}]{lower}", literals.join(", ")))
}

/// A JSON Schema, as JSON or as a text of it; checked, so that a broken one is told now.
fn schema(value: Option<&Value>) -> Result<Option<String>, String> {
    let parsed;
    let schema = match value {
        None => return Ok(None),
        Some(Value::String(text)) => {
            parsed = super::super::document::json_or_yaml(text)
                .map_err(|error| format!("its schema cannot be read: {error}"))?;
            &parsed
        }
        Some(schema) => schema,
    };
    crate::grader::helpers::matches_schema(&Value::Null, schema)?;
    Ok(Some(json_literal(schema)))
}

fn word_count(value: Option<&Value>) -> Result<String, String> {
    let wrong = || "its value should be a number, or { min, max }".to_owned();
    let bound = |value: &Value| value.as_u64().ok_or_else(wrong);
    match value {
        Some(Value::Object(bounds)) => {
            let (low, high) = (bounds.get("min").map(bound).transpose()?, bounds.get("max").map(bound).transpose()?);
            let low = low.map(|low| format!("helpers.wordCount(text) >= {low}"));
            let high = high.map(|high| format!("helpers.wordCount(text) <= {high}"));
            let both: Vec<String> = low.into_iter().chain(high).collect();
            if both.is_empty() { Err(wrong()) } else { Ok(both.join(" && ")) }
        }
        Some(exact) => {
            let exact = exact.as_u64().or_else(|| exact.as_str()?.trim().parse().ok()).ok_or_else(wrong)?;
            Ok(format!("helpers.wordCount(text) === {exact}"))
        }
        None => Err(wrong()),
    }
}

/// Why a type has no counterpart.
fn reason(base: &str) -> &'static str {
    match base {
        "similar" | "similar:cosine" | "similar:dot" | "similar:euclidean" => {
            "it compares embeddings, which are not made here; rouge-n, meteor and levenshtein compare texts"
        }
        "latency" | "cost" | "perplexity" | "perplexity-score" => "it measures the model's call, not the response",
        "python" | "ruby" | "webhook" => "it runs code elsewhere; scripts here are JavaScript",
        "factuality"
        | "model-graded-factuality"
        | "model-graded-closedqa"
        | "g-eval"
        | "answer-relevance"
        | "context-faithfulness"
        | "context-recall"
        | "context-relevance"
        | "conversation-relevance"
        | "select-best"
        | "max-score"
        | "pi"
        | "search-rubric" => "it has a prompt of promptfoo's own; write it as an llm-rubric",
        "moderation" | "guardrails" | "classifier" => "it asks a service that is not called here",
        "is-refusal"
        | "is-sql"
        | "contains-sql"
        | "is-xml"
        | "contains-xml"
        | "is-html"
        | "contains-html"
        | "is-valid-function-call"
        | "is-valid-openai-function-call"
        | "is-valid-openai-tools-call"
        | "tool-call-f1" => "there is no check for it here; a script can make it",
        "assert-set" => "it puts others under one threshold; list them on their own",
        _ => "there is no such type here",
    }
}
