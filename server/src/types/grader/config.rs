//! What a grader is: the config that is edited, saved as a version, and run.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

/// The script a new grader starts from: a graded score of support and tool-use replies, with or without a
/// reference answer.
pub const STARTER_SCRIPT: &str = include_str!("starter_grader.js");

/// How responses are scored.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum GraderConfig {
    /// A model that scores by instructions.
    LlmJudge(LlmJudge),
    /// A JavaScript function `grade(input)`.
    Script {
        /// The source; at most 256 KiB.
        script: String,
    },
    /// Several graders whose scores become one.
    Multi(MultiGrader),
    /// OpenAI's `string_check`.
    StringCheck(StringCheck),
    /// OpenAI's `text_similarity`.
    TextSimilarity(TextSimilarity),
    /// OpenAI's `score_model`: a judge that answers with a number.
    ScoreModel(ScoreModel),
    /// OpenAI's `python`: kept and shown, not run here.
    Python(PythonGrader),
}

/// A model that reads a rendered prompt and answers JSON with a `score`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LlmJudge {
    /// A Mustache template over the grader's variables.
    pub prompt: String,
    /// What the answer's JSON must be like: an object with a required number `score`. Other numbers in it are kept as sub-scores.
    #[serde(default = "default_output_schema")]
    pub output_schema: Value,
    /// The endpoint's id; `None`: that of the default judge.
    #[serde(default)]
    pub endpoint_id: Option<String>,
    /// As the endpoint calls it; empty: the default judge.
    #[serde(default)]
    pub model: String,
    /// 0 to 2; `None`: the endpoint's own.
    #[serde(default = "default_temperature")]
    pub temperature: Option<f64>,
    /// Most tokens of the answer, a reasoning model's thoughts among them; at least 1.
    #[serde(default = "default_max_tokens")]
    pub max_tokens: u32,
}

impl Default for LlmJudge {
    fn default() -> Self {
        Self {
            prompt: String::new(),
            output_schema: default_output_schema(),
            endpoint_id: None,
            model: String::new(),
            temperature: default_temperature(),
            max_tokens: default_max_tokens(),
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "serde wants the field's type")]
const fn default_temperature() -> Option<f64> {
    Some(0.0)
}

const fn default_max_tokens() -> u32 {
    256
}

/// `{reasoning, score}`, strictly: the reasoning first, so that it comes before the score that it leads to.
pub fn default_output_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "reasoning": {"type": "string", "description": "One or two sentences: what decided the score."},
            "score": {"type": "number", "minimum": 0, "maximum": 1}
        },
        "required": ["reasoning", "score"],
        "additionalProperties": false
    })
}

/// Several graders whose scores become one: their weighted sum, or a formula over their names.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MultiGrader {
    /// 1 to 20, with different names; none of them combines others.
    pub graders: Vec<GraderPart>,
    /// One for each of `graders`, at least 0, with the sum 1 (within 1e-6). Empty where `calculate_output` stands.
    #[serde(default)]
    pub weights: Vec<f64>,
    /// OpenAI's formula over the parts' names, in place of the weights: `0.7 * accuracy + 0.3 * max(style, tone)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calculate_output: Option<String>,
}

/// One grader of several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GraderPart {
    /// A letter or `_`, then letters, digits or `_`: what a formula calls it.
    pub name: String,
    /// How it scores; no combination.
    pub grader: GraderConfig,
    /// A score of at least this counts as 1, a lower one as 0; `None`: the score counts as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
}

/// Compares two texts; 1 or 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StringCheck {
    /// What must hold.
    pub operation: StringOperation,
    /// A template.
    pub input: String,
    /// A template.
    pub reference: String,
}

/// What a string check asks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StringOperation {
    /// The same.
    #[default]
    Eq,
    /// Not the same.
    Ne,
    /// The input contains the reference.
    Like,
    /// The input contains the reference, whatever the case of letters.
    Ilike,
}

/// How alike two texts are, 0 to 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextSimilarity {
    /// By which measure.
    pub evaluation_metric: SimilarityMetric,
    /// A template.
    pub input: String,
    /// A template.
    pub reference: String,
}

/// OpenAI's measures of similarity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SimilarityMetric {
    /// Edits of characters (rapidfuzz's ratio).
    #[default]
    FuzzyMatch,
    /// Precision of word sequences, with a brevity penalty.
    Bleu,
    /// Google's BLEU: the smaller of precision and recall.
    Gleu,
    /// Harmonic mean of word matches, with a penalty for fragments.
    Meteor,
    /// Of embeddings; needs an endpoint and is not run here.
    Cosine,
    /// Shared words.
    #[serde(rename = "rouge_1")]
    Rouge1,
    /// Shared pairs of words.
    #[serde(rename = "rouge_2")]
    Rouge2,
    /// Shared triples of words.
    #[serde(rename = "rouge_3")]
    Rouge3,
    /// Shared sequences of four words.
    #[serde(rename = "rouge_4")]
    Rouge4,
    /// Shared sequences of five words.
    #[serde(rename = "rouge_5")]
    Rouge5,
    /// The longest common subsequence of words.
    RougeL,
}

/// OpenAI's judge: messages in, a number within `range` out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoreModel {
    /// As the endpoint calls it; empty: the default judge.
    pub model: String,
    /// The endpoint's id; `None`: that of the default judge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_id: Option<String>,
    /// Templates by role.
    pub input: Vec<ScoreModelMessage>,
    /// Lowest and highest score, the lower first; `None`: 0 and 1. Alone, the score is brought to 0..1; in a formula it counts as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<[f64; 2]>,
    /// How the model answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling_params: Option<SamplingParams>,
}

/// One message of a score model's prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreModelMessage {
    /// `system`, `developer`, `user` or `assistant`.
    pub role: String,
    /// A template.
    pub content: String,
}

/// OpenAI's names for how a model answers; what is absent is the endpoint's own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SamplingParams {
    /// 0 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Asks for the same answer again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// Most tokens of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_completions_tokens: Option<u32>,
    /// Of a reasoning model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<String>,
}

/// A Python grader as a provider runs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PythonGrader {
    /// Defines `grade(sample, item)`.
    pub source: String,
    /// The provider's image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_tag: Option<String>,
}

// Not derived: what serde keeps while it looks for the tag gives numbers of any precision back as maps, which no number's
// reader takes. From a value they are read as they are.
impl<'de> Deserialize<'de> for GraderConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let kind = value.get("type").and_then(Value::as_str).ok_or_else(|| D::Error::missing_field("type"))?;
        let read = match kind {
            "llm_judge" => serde_json::from_value(value).map(Self::LlmJudge),
            "script" => serde_json::from_value(value).map(|OneScript { script }| Self::Script { script }),
            "multi" => serde_json::from_value(value).map(Self::Multi),
            "string_check" => serde_json::from_value(value).map(Self::StringCheck),
            "text_similarity" => serde_json::from_value(value).map(Self::TextSimilarity),
            "score_model" => serde_json::from_value(value).map(Self::ScoreModel),
            "python" => serde_json::from_value(value).map(Self::Python),
            other => return Err(D::Error::custom(format!("unknown kind of grader {other:?}"))),
        };
        read.map_err(D::Error::custom)
    }
}

#[derive(Deserialize)]
struct OneScript {
    script: String,
}

impl GraderConfig {
    /// "LLM Judge: gpt-4o-mini", "Script", "3 graders": what the canvas card says.
    pub fn label(&self) -> String {
        match self {
            Self::LlmJudge(LlmJudge { model, .. }) => with_model("LLM Judge", model),
            Self::ScoreModel(ScoreModel { model, .. }) => with_model("Score model", model),
            Self::Script { .. } => "Script".to_owned(),
            Self::Multi(multi) if multi.graders.len() == 1 => "1 grader".to_owned(),
            Self::Multi(multi) => format!("{} graders", multi.graders.len()),
            Self::StringCheck(_) => "String check".to_owned(),
            Self::TextSimilarity(_) => "Text similarity".to_owned(),
            Self::Python(_) => "Python (not run here)".to_owned(),
        }
    }

    /// How many models it asks for one response.
    pub fn judges(&self) -> i64 {
        let asks = |leaf: &&&Self| matches!(leaf, Self::LlmJudge(_) | Self::ScoreModel(_));
        i64::try_from(self.leaves().iter().filter(asks).count()).unwrap_or(i64::MAX)
    }

    /// Itself, or the parts that it combines.
    pub fn leaves(&self) -> Vec<&Self> {
        match self {
            Self::Multi(multi) => multi.graders.iter().map(|part| &part.grader).collect(),
            one => vec![one],
        }
    }

    /// Whether grading asks a model.
    pub fn calls_a_model(&self) -> bool {
        self.leaves().iter().any(|leaf| matches!(leaf, Self::LlmJudge(_) | Self::ScoreModel(_)))
    }
}

fn with_model(kind: &str, model: &str) -> String {
    if model.is_empty() { format!("{kind}: default model") } else { format!("{kind}: {model}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stored by versions before there were other kinds.
    #[test]
    fn an_old_script_is_read() {
        let read: GraderConfig = serde_json::from_str(r#"{"type":"script","script":"x"}"#).unwrap();
        assert_eq!(read, GraderConfig::Script { script: "x".to_owned() });
        assert_eq!(serde_json::to_string(&read).unwrap(), r#"{"type":"script","script":"x"}"#);
    }

    #[test]
    fn labels_say_what_scores() {
        let judge = |model: &str| GraderConfig::LlmJudge(LlmJudge { model: model.to_owned(), ..LlmJudge::default() });
        assert_eq!(judge("gpt-4o-mini").label(), "LLM Judge: gpt-4o-mini");
        let part = |grader| GraderPart { name: "a".to_owned(), grader, threshold: None };
        let multi = GraderConfig::Multi(MultiGrader {
            graders: vec![part(judge("m")), part(GraderConfig::Script { script: String::new() }), part(judge("n"))],
            ..MultiGrader::default()
        });
        assert_eq!(multi.label(), "3 graders");
        assert!(multi.calls_a_model() && !GraderConfig::Script { script: String::new() }.calls_a_model());
    }

    #[test]
    fn a_judge_has_the_plan_s_defaults() {
        let read: GraderConfig = serde_json::from_str(r#"{"type":"llm_judge","prompt":"p"}"#).unwrap();
        let expected = LlmJudge { prompt: "p".to_owned(), ..LlmJudge::default() };
        assert_eq!((expected.temperature, expected.max_tokens), (Some(0.0), 256));
        assert_eq!(read, GraderConfig::LlmJudge(expected));
    }

    /// As stored and as sent: from text and from bytes, also within a combination.
    #[test]
    fn numbers_of_every_kind_come_back() {
        let judge = LlmJudge { prompt: "p".to_owned(), temperature: Some(0.7), ..LlmJudge::default() };
        let model = ScoreModel {
            model: "m".to_owned(),
            endpoint_id: None,
            input: Vec::new(),
            range: Some([1.0, 7.0]),
            sampling_params: Some(SamplingParams { seed: Some(42), top_p: Some(0.9), ..SamplingParams::default() }),
        };
        let part = |name: &str, grader| GraderPart { name: name.to_owned(), grader, threshold: Some(0.5) };
        let graders = vec![part("a", GraderConfig::LlmJudge(judge)), part("b", GraderConfig::ScoreModel(model))];
        let multi = GraderConfig::Multi(MultiGrader { graders, weights: vec![0.3, 0.7], ..MultiGrader::default() });
        let text = serde_json::to_string(&multi).unwrap();
        assert_eq!(serde_json::from_str::<GraderConfig>(&text).unwrap(), multi);
        assert_eq!(serde_json::from_slice::<GraderConfig>(text.as_bytes()).unwrap(), multi);
        for wrong in [r#"{"script":"x"}"#, r#"{"type":"oracle"}"#, r#"{"type":"script"}"#, "[]", "7"] {
            assert!(serde_json::from_str::<GraderConfig>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn openai_s_names_are_the_wire_s() {
        let metric = |name: &str| serde_json::from_value::<SimilarityMetric>(json!(name)).unwrap();
        assert_eq!((metric("rouge_1"), metric("rouge_l")), (SimilarityMetric::Rouge1, SimilarityMetric::RougeL));
        assert_eq!(metric("fuzzy_match"), SimilarityMetric::FuzzyMatch);
    }
}
