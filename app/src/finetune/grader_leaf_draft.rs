//! One grader in the editor: the fields of every kind, so that changing the kind and back loses nothing.

use anneal_server::types::error::AppError;
use anneal_server::types::grader::config::default_output_schema;
use anneal_server::types::grader::{
    GraderConfig, GraderPart, LlmJudge, STARTER_SCRIPT, SimilarityMetric, StringCheck, StringOperation, TextSimilarity,
};
use leptos::prelude::*;
use leptos::serde_json;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The kinds that one grader can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeafKind {
    /// A model that scores by instructions.
    Judge,
    /// JavaScript.
    Script,
    /// Two texts: the same, one in the other.
    StringCheck,
    /// Two texts: how alike.
    TextSimilarity,
    /// OpenAI's judge.
    ScoreModel,
    /// OpenAI's Python grader.
    Python,
}

impl LeafKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Judge, Self::Script, Self::StringCheck, Self::TextSimilarity, Self::ScoreModel, Self::Python];

    /// The word in forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Judge => "llm_judge",
            Self::Script => "script",
            Self::StringCheck => "string_check",
            Self::TextSimilarity => "text_similarity",
            Self::ScoreModel => "score_model",
            Self::Python => "python",
        }
    }

    /// For people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Judge => "LLM judge",
            Self::Script => "Script",
            Self::StringCheck => "String check",
            Self::TextSimilarity => "Text similarity",
            Self::ScoreModel => "Score model (OpenAI)",
            Self::Python => "Python (OpenAI, not run here)",
        }
    }
}

/// The fields.
#[derive(Clone, Copy)]
pub struct LeafDraft {
    /// Which of them count.
    pub kind: RwSignal<LeafKind>,
    /// In a combination.
    pub name: RwSignal<String>,
    /// In a combination: a number.
    pub weight: RwSignal<String>,
    /// In a combination: a number, or nothing.
    pub threshold: RwSignal<String>,
    /// JavaScript.
    pub script: RwSignal<String>,
    /// A template.
    pub prompt: RwSignal<String>,
    /// JSON.
    pub schema: RwSignal<String>,
    /// An endpoint's id; empty: that of the default judge.
    pub endpoint: RwSignal<String>,
    /// Empty: the default judge.
    pub model: RwSignal<String>,
    /// A number, or nothing.
    pub temperature: RwSignal<String>,
    /// A number.
    pub max_tokens: RwSignal<String>,
    /// The operation of a string check.
    pub operation: RwSignal<String>,
    /// The metric of a text similarity.
    pub metric: RwSignal<String>,
    /// A template.
    pub input: RwSignal<String>,
    /// A template.
    pub reference: RwSignal<String>,
    /// OpenAI's `score_model`, as JSON.
    pub json: RwSignal<String>,
    /// OpenAI's `python`, as JSON.
    pub python: RwSignal<String>,
}

const SCORE_MODEL_START: &str = r#"{
  "type": "score_model",
  "model": "",
  "input": [
    { "role": "user", "content": "Score this answer from 0 to 1:\n{{sample.output_text}}" }
  ],
  "range": [0, 1]
}"#;

const PYTHON_START: &str = r#"{
  "type": "python",
  "name": "grader",
  "source": "def grade(sample, item):\n    return 1.0"
}"#;

impl LeafDraft {
    /// Each kind as it starts.
    pub fn new() -> Self {
        let judge = LlmJudge::default();
        let text = |text: &str| RwSignal::new(text.to_owned());
        Self {
            kind: RwSignal::new(LeafKind::Script),
            name: text(""),
            weight: text("0"),
            threshold: text(""),
            script: text(STARTER_SCRIPT),
            prompt: text(include_str!("judge_starter.mustache")),
            schema: RwSignal::new(pretty(&default_output_schema())),
            endpoint: text(""),
            model: text(""),
            temperature: text("0"),
            max_tokens: RwSignal::new(judge.max_tokens.to_string()),
            operation: RwSignal::new(word(StringOperation::default())),
            metric: RwSignal::new(word(SimilarityMetric::default())),
            input: text("{{response}}"),
            reference: text("{{referenceAnswer}}"),
            json: text(SCORE_MODEL_START),
            python: text(PYTHON_START),
        }
    }

    /// Shows a config.
    pub fn load(self, config: &GraderConfig) {
        match config {
            GraderConfig::Script { script } => {
                self.script.set(script.clone());
                self.kind.set(LeafKind::Script);
            }
            GraderConfig::LlmJudge(judge) => {
                self.prompt.set(judge.prompt.clone());
                self.schema.set(pretty(&judge.output_schema));
                self.endpoint.set(judge.endpoint_id.clone().unwrap_or_default());
                self.model.set(judge.model.clone());
                self.temperature.set(judge.temperature.map(|number| number.to_string()).unwrap_or_default());
                self.max_tokens.set(judge.max_tokens.to_string());
                self.kind.set(LeafKind::Judge);
            }
            GraderConfig::StringCheck(check) => {
                self.operation.set(word(check.operation));
                self.texts(&check.input, &check.reference);
                self.kind.set(LeafKind::StringCheck);
            }
            GraderConfig::TextSimilarity(similarity) => {
                self.metric.set(word(similarity.evaluation_metric));
                self.texts(&similarity.input, &similarity.reference);
                self.kind.set(LeafKind::TextSimilarity);
            }
            GraderConfig::ScoreModel(_) | GraderConfig::Python(_) => {
                let is_python = matches!(config, GraderConfig::Python(_));
                let kind = if is_python { LeafKind::Python } else { LeafKind::ScoreModel };
                self.json_of(kind).set(pretty(config));
                self.kind.set(kind);
            }
            // A combination is no leaf.
            GraderConfig::Multi(_) => {}
        }
    }

    fn texts(self, input: &str, reference: &str) {
        self.input.set(input.to_owned());
        self.reference.set(reference.to_owned());
    }

    /// Shows a part of a combination.
    pub fn load_part(self, part: &GraderPart, weight: Option<f64>) {
        self.load(&part.grader);
        self.name.set(part.name.clone());
        self.weight.set(weight.unwrap_or(0.0).to_string());
        self.threshold.set(part.threshold.map(|number| number.to_string()).unwrap_or_default());
    }

    /// The config, or which field cannot be read.
    pub fn config(self) -> Result<GraderConfig, AppError> {
        Ok(match self.kind.get() {
            LeafKind::Script => GraderConfig::Script { script: self.script.get() },
            LeafKind::Judge => GraderConfig::LlmJudge(LlmJudge {
                prompt: self.prompt.get(),
                output_schema: parsed("output_schema", "The output schema", &self.schema.get())?,
                endpoint_id: Some(self.endpoint.get()).filter(|id| !id.is_empty()),
                model: self.model.get().trim().to_owned(),
                temperature: number_or_none("temperature", &self.temperature.get())?,
                max_tokens: self.max_tokens.get().trim().parse().map_err(|_| {
                    AppError::invalid_field(
                        "max_tokens",
                        "The most tokens of an answer must be a whole number, like 256.",
                    )
                })?,
            }),
            LeafKind::StringCheck => GraderConfig::StringCheck(StringCheck {
                operation: of_word(&self.operation.get()).unwrap_or_default(),
                input: self.input.get(),
                reference: self.reference.get(),
            }),
            LeafKind::TextSimilarity => GraderConfig::TextSimilarity(TextSimilarity {
                evaluation_metric: of_word(&self.metric.get()).unwrap_or_default(),
                input: self.input.get(),
                reference: self.reference.get(),
            }),
            kind @ (LeafKind::ScoreModel | LeafKind::Python) => {
                let read: GraderConfig = parsed("json", "The grader's JSON", &self.json_of(kind).get())?;
                match (kind, &read) {
                    (LeafKind::ScoreModel, GraderConfig::ScoreModel(_))
                    | (LeafKind::Python, GraderConfig::Python(_)) => read,
                    _ => {
                        return Err(AppError::invalid_field(
                            "json",
                            format!(
                                "This JSON is of another kind than the one that is chosen above, whose \"type\" is \"{}\". Change one of the two, or import the JSON.",
                                kind.as_str()
                            ),
                        ));
                    }
                }
            }
        })
    }

    /// The JSON of OpenAI's two kinds; each keeps its own, so that changing the kind and back loses nothing.
    pub fn json_of(self, kind: LeafKind) -> RwSignal<String> {
        if kind == LeafKind::Python { self.python } else { self.json }
    }

    /// The part of a combination.
    pub fn as_part(self) -> Result<GraderPart, AppError> {
        let grader = self.config()?;
        let threshold = number_or_none("threshold", &self.threshold.get())?;
        Ok(GraderPart { name: self.name.get().trim().to_owned(), grader, threshold })
    }

    /// Its weight in a combination.
    pub fn weight(self) -> Result<f64, AppError> {
        let text = self.weight.get();
        let weight = text.trim().parse().ok().filter(|weight: &f64| weight.is_finite());
        weight.ok_or_else(|| {
            AppError::invalid_field(
                "weight",
                format!("The weight \"{}\" is no number. Write one like 0.3.", text.trim()),
            )
        })
    }
}

fn parsed<T: DeserializeOwned>(field: &str, what: &str, text: &str) -> Result<T, AppError> {
    serde_json::from_slice(text.as_bytes())
        .map_err(|error| AppError::invalid_field(field, format!("{what} cannot be read: {error}.")))
}

fn number_or_none(field: &str, text: &str) -> Result<Option<f64>, AppError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.map(Some).ok_or_else(|| {
        AppError::invalid_field(field, format!("\"{text}\" is no number. Write one like 0.5, or nothing."))
    })
}

fn pretty(value: &impl Serialize) -> String {
    // Configs have only keys that are texts: they can be written.
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// A choice's word in forms: as it is written on the wire.
pub fn word(choice: impl Serialize) -> String {
    serde_json::to_value(choice).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn of_word<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
}
