//! Models as graders: what is asked, and what of the answer is a score. What cannot be read for certain is an error of that
//! sample and never a score.

use serde_json::{Value, json};

use super::helpers::matches_schema;
use super::template::{RenderError, Template, TemplateError};
use crate::llm::{ChatAnswer, ChatRequest, Schema};
use crate::types::grader::{LlmJudge, ScoreModel};

mod answer;

use super::input::GradeInput;

/// Longest output schema, as JSON.
const MAX_SCHEMA_BYTES: usize = 64 << 10;
/// The longest part of an unreadable answer that is shown, in characters.
const SHOWN_CHARS: usize = 200;
/// The longest reasoning kept, in characters.
const MAX_REASONING_CHARS: usize = 10_000;
/// Most sub-scores kept of one answer.
const MAX_SUB_SCORES: usize = 50;

/// A judge that was checked.
#[derive(Debug, Clone)]
pub struct Judge {
    /// Templates by role.
    messages: Vec<(String, Template)>,
    schema: Value,
    /// Lowest and highest score of an answer.
    range: [f64; 2],
    model: String,
    temperature: Option<f64>,
    top_p: Option<f64>,
    seed: Option<i64>,
    max_tokens: Option<u32>,
    reasoning_effort: Option<String>,
}

/// Why a judge cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JudgeConfigError {
    /// A template.
    #[error("{0}")]
    Prompt(#[from] TemplateError),
    /// Nothing is asked.
    #[error("The prompt is empty. Say what a good answer is, and show the answer with {{{{response}}}}.")]
    EmptyPrompt,
    /// The judge would not see what it judges.
    #[error(
        "The prompt never shows the response, so the judge would not see what it scores. Write {{{{response}}}} (or {{{{toolCalls}}}}) where it belongs."
    )]
    NoResponse,
    /// The output schema.
    #[error("{0}")]
    Schema(String),
    /// A number out of its range.
    #[error("{0}")]
    Number(String),
    /// A message's role.
    #[error("“{0}” is no role of a message: use system, developer, user or assistant.")]
    Role(String),
}

/// Why an answer is no score.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// It will not answer.
    #[error("The judge refused: {0}")]
    Refused(String),
    /// Neither text nor refusal.
    #[error("The judge answered nothing{0}.")]
    Empty(String),
    /// Cut off.
    #[error(
        "The judge's answer was cut off at its limit of tokens. Raise max_tokens; a reasoning model needs room to think."
    )]
    CutOff,
    /// No JSON.
    #[error("The judge did not answer with one JSON object: {0}")]
    NoJson(String),
    /// JSON of another shape.
    #[error("The judge's answer does not follow the output schema: {0}")]
    OffSchema(String),
    /// A score that is none.
    #[error("The judge's score is {got}, which is not from {low} to {high}.")]
    OutOfRange {
        /// As it was given.
        got: String,
        /// Lowest.
        low: String,
        /// Highest.
        high: String,
    },
}

/// What a judge said.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Within the judge's range.
    pub score: f64,
    /// Its words, if its schema has some.
    pub reasoning: Option<String>,
    /// The other numbers of its answer, by name.
    pub sub_scores: Vec<(String, f64)>,
}

impl Judge {
    /// Checks a judge.
    pub fn of(config: &LlmJudge) -> Result<Self, JudgeConfigError> {
        if config.prompt.trim().is_empty() {
            return Err(JudgeConfigError::EmptyPrompt);
        }
        check_schema(&config.output_schema)?;
        check_number("temperature", config.temperature, 0.0, 2.0)?;
        if config.max_tokens == 0 {
            return Err(JudgeConfigError::Number("max_tokens must be at least 1.".to_owned()));
        }
        let prompt = Template::parse(&config.prompt)?;
        if !prompt.shows_response() {
            return Err(JudgeConfigError::NoResponse);
        }
        Ok(Self {
            messages: vec![("user".to_owned(), prompt)],
            schema: config.output_schema.clone(),
            range: [0.0, 1.0],
            model: config.model.clone(),
            temperature: config.temperature,
            top_p: None,
            seed: None,
            max_tokens: Some(config.max_tokens),
            reasoning_effort: None,
        })
    }

    /// Checks OpenAI's `score_model`. Its answer is asked for as `{reasoning, score}` within its range.
    pub fn of_score_model(config: &ScoreModel) -> Result<Self, JudgeConfigError> {
        let [low, high] = range_of(config);
        if !(low.is_finite() && high.is_finite() && low < high) {
            return Err(JudgeConfigError::Number("The range needs a lowest and a larger highest score.".to_owned()));
        }
        if config.input.iter().all(|message| message.content.trim().is_empty()) {
            return Err(JudgeConfigError::EmptyPrompt);
        }
        if let Some(message) = config.input.iter().find(|message| !ROLES.contains(&message.role.as_str())) {
            return Err(JudgeConfigError::Role(message.role.clone()));
        }
        let params = config.sampling_params.clone().unwrap_or_default();
        check_number("temperature", params.temperature, 0.0, 2.0)?;
        check_number("top_p", params.top_p, 0.0, 1.0)?;
        let template = |content: &str| Template::parse(content);
        let messages: Vec<(String, Template)> = config
            .input
            .iter()
            .map(|message| Ok((message.role.clone(), template(&message.content)?)))
            .collect::<Result<_, TemplateError>>()?;
        if !messages.iter().any(|(_, content)| content.shows_response()) {
            return Err(JudgeConfigError::NoResponse);
        }
        Ok(Self {
            messages,
            schema: json!({
                "type": "object",
                "properties": {
                    "reasoning": {"type": "string"},
                    "score": {"type": "number", "minimum": low, "maximum": high},
                },
                "required": ["reasoning", "score"],
                "additionalProperties": false,
            }),
            range: [low, high],
            model: config.model.clone(),
            temperature: params.temperature,
            top_p: params.top_p,
            seed: params.seed,
            max_tokens: params.max_completions_tokens,
            reasoning_effort: params.reasoning_effort,
        })
    }

    /// What is asked about a sample.
    pub fn request(&self, input: &GradeInput, model: &str) -> Result<ChatRequest, RenderError> {
        let message =
            |(role, template): &(String, Template)| Ok(json!({"role": role, "content": template.render(input)?}));
        Ok(ChatRequest {
            model: model.to_owned(),
            messages: self.messages.iter().map(message).collect::<Result<_, RenderError>>()?,
            tools: None,
            schema: Some(Schema { name: "grade".to_owned(), schema: self.schema.clone() }),
            temperature: self.temperature,
            top_p: self.top_p,
            max_tokens: self.max_tokens,
            seed: self.seed,
            reasoning_effort: self.reasoning_effort.clone(),
        })
    }

    /// The same question once more, with what was wrong with the answer.
    pub fn request_again(request: &ChatRequest, answer: &ChatAnswer, error: &AnswerError) -> ChatRequest {
        let mut again = request.clone();
        let said = answer.text.clone().or_else(|| answer.refusal.clone()).unwrap_or_default();
        if !said.is_empty() {
            again.messages.push(json!({"role": "assistant", "content": said}));
        }
        let asked =
            format!("{error} Answer again with one JSON object that follows the schema, and with nothing else.");
        again.messages.push(json!({"role": "user", "content": asked}));
        again
    }

    /// The score in an answer.
    pub fn read(&self, answer: &ChatAnswer) -> Result<Judged, AnswerError> {
        if let Some(refusal) = &answer.refusal {
            return Err(AnswerError::Refused(start_of(refusal)));
        }
        let Some(text) = answer.text.as_deref().filter(|text| !text.trim().is_empty()) else {
            return Err(match answer.finish_reason.as_deref() {
                Some("length") => AnswerError::CutOff,
                Some("content_filter") => AnswerError::Empty(": its content filter stopped it".to_owned()),
                _ => AnswerError::Empty(String::new()),
            });
        };
        // What was cut off is only sure if nothing of it is missing.
        let is_cut = answer.finish_reason.as_deref() == Some("length");
        let value = match answer::one_object(text) {
            Ok(found) if is_cut && !found.is_whole => return Err(AnswerError::CutOff),
            Ok(found) => found.value,
            Err(_) if is_cut => return Err(AnswerError::CutOff),
            Err(reason) => return Err(AnswerError::NoJson(reason)),
        };
        // Before the schema, which would only say that it is larger than its maximum.
        let score = value.get("score").and_then(Value::as_f64);
        if let Some(score) = score.filter(|score| !(self.range[0]..=self.range[1]).contains(score)) {
            let [low, high] = self.range;
            return Err(AnswerError::OutOfRange {
                got: score.to_string(),
                low: low.to_string(),
                high: high.to_string(),
            });
        }
        let findings = matches_schema(&value, &self.schema).map_err(AnswerError::OffSchema)?;
        if let Some(first) = findings.errors.first() {
            return Err(AnswerError::OffSchema(start_of(first)));
        }
        let Some(score) = score else {
            return Err(AnswerError::OffSchema("its score is no number.".to_owned()));
        };
        let reasoning = ["reasoning", "explanation", "reason"].iter().find_map(|name| value.get(name)?.as_str());
        let others = value.as_object().into_iter().flatten().filter(|(name, _)| *name != "score");
        Ok(Judged {
            score: score + 0.0, // minus zero becomes zero
            reasoning: reasoning.map(|words| words.chars().take(MAX_REASONING_CHARS).collect()),
            sub_scores: others
                .filter_map(|(name, value)| Some((name.clone(), value.as_f64()?)))
                .take(MAX_SUB_SCORES)
                .collect(),
        })
    }

    /// A score brought to 0..1.
    pub fn normalized(&self, score: f64) -> f64 {
        normalized(self.range, score)
    }

    /// As the endpoint calls it; empty: the default judge.
    pub fn model(&self) -> &str {
        &self.model
    }
}

/// Lowest and highest score of an answer.
pub(super) fn range_of(config: &ScoreModel) -> [f64; 2] {
    config.range.unwrap_or([0.0, 1.0])
}

/// A score brought from this range to 0..1.
pub(super) fn normalized([low, high]: [f64; 2], score: f64) -> f64 {
    ((score - low) / (high - low)).clamp(0.0, 1.0)
}

const ROLES: [&str; 4] = ["system", "developer", "user", "assistant"];

fn check_number(name: &str, value: Option<f64>, low: f64, high: f64) -> Result<(), JudgeConfigError> {
    match value {
        Some(value) if !(low..=high).contains(&value) => {
            Err(JudgeConfigError::Number(format!("{name} must be from {low} to {high}.")))
        }
        _ => Ok(()),
    }
}

/// An object with a required number `score`, in a schema that can be used.
pub fn check_schema(schema: &Value) -> Result<(), JudgeConfigError> {
    let wrong = |words: &str| Err(JudgeConfigError::Schema(words.to_owned()));
    if schema.to_string().len() > MAX_SCHEMA_BYTES {
        return wrong("The output schema is larger than 64 KiB.");
    }
    // Whether it is a schema at all; what the value is does not matter here.
    if let Err(reason) = matches_schema(&Value::Null, schema) {
        return Err(JudgeConfigError::Schema(format!("{reason}.")));
    }
    if schema.get("type") != Some(&json!("object")) {
        return wrong("The output schema must be of an object: {\"type\": \"object\", ...}.");
    }
    let score = schema.pointer("/properties/score");
    let Some(score) = score else {
        return wrong(
            "The output schema has no property \"score\". Add one of type number, from 0 to 1: it is what trains.",
        );
    };
    if !matches!(score.get("type").and_then(Value::as_str), Some("number" | "integer")) {
        return wrong("The property \"score\" of the output schema must have the type number.");
    }
    let bound = |name: &str| score.get(name).and_then(Value::as_f64);
    if bound("minimum").is_some_and(|low| low < 0.0) || bound("maximum").is_some_and(|high| high > 1.0) {
        return wrong(
            "The property \"score\" of the output schema must be from 0 to 1: set its minimum to 0 and its maximum to 1, and say in the prompt what they mean.",
        );
    }
    let is_required =
        schema.get("required").and_then(Value::as_array).is_some_and(|names| names.contains(&json!("score")));
    if !is_required {
        return wrong("The output schema must require \"score\": add it to its list \"required\".");
    }
    Ok(())
}

fn start_of(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
