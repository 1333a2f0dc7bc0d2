//! Datasets and their records (domain.md section 2).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::TimestampMs;
use super::topics::CategorizationMetadata;
use super::validation::{RecordValidationStatus, ValidationConfig};

/// A named collection of records with one pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dataset {
    /// UUID v7, lower-case.
    pub id: String,
    /// What people call it; 1 to 200 characters.
    pub name: String,
    /// What the training should achieve, in the user's words; may be empty.
    pub objective: String,
    /// The rules' parameters.
    pub validation_config: ValidationConfig,
    /// Desired share per leaf topic in percent; `None` means uniform.
    pub target_distribution: Option<super::coverage::TargetDistribution>,
    /// When it was created.
    pub created_at: TimestampMs,
    /// When anything in it last changed.
    pub updated_at: TimestampMs,
    /// Grows with every change of its records or their topics; what a result was computed from.
    pub records_revision: i64,
    /// Grows with every change of its topic hierarchy or targets.
    pub topics_revision: i64,
}

/// One trace: a prompt, and what production answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetRecord {
    /// Unique in the database, ascending in import order.
    pub id: i64,
    /// The dataset it belongs to.
    pub dataset_id: String,
    /// The trace as JSON: `{"input": {...}, "output": {...}}`. A `Value`, not [`DataInfo`], because an
    /// invalid record keeps whatever the user's file held; `null` where the line did not parse.
    pub data: Value,
    /// The file's `metadata` object, untouched.
    pub metadata: Map<String, Value>,
    /// Any other top-level field of the line (`reference_answer`, ...), reachable by graders as `item`.
    pub item: Map<String, Value>,
    /// The line as it came, kept only where it did not parse.
    pub raw: Option<String>,
    /// The tracing span it came from.
    pub span_id: Option<String>,
    /// The leaf topic it carries.
    pub topic: Option<String>,
    /// How it got that topic.
    pub categorization: Option<CategorizationMetadata>,
    /// True for synthetic records.
    pub is_generated: bool,
    /// The record a synthetic one was made from.
    pub source_record_id: Option<i64>,
    /// A score given by hand or imported with the record.
    pub evaluation: Option<Value>,
    /// The import that brought it, and the 1-based line in that file.
    pub source: Option<RecordSource>,
    /// What validation says of it.
    pub validation: RecordValidationStatus,
    /// When it was stored.
    pub created_at: TimestampMs,
    /// When its data was last edited. Grows with every edit, so that an editor can tell whether the record
    /// is still the one it was opened with.
    pub updated_at: TimestampMs,
}

/// An edit of a record as its editor sends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordEdit {
    /// The new data as JSON text.
    pub data: String,
    /// `DatasetRecord::updated_at` of the record the editor was opened with.
    pub opened_at: TimestampMs,
    /// Save even if that turns a usable record into one that breaks a rule.
    #[serde(default)]
    pub allow_invalid: bool,
}

impl RecordEdit {
    /// The field that the question before such a save belongs to (`AppError::Invalid`).
    pub const ALLOW_INVALID: &'static str = "allow_invalid";
}

/// Where a record came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSource {
    /// The import's id.
    pub import_id: String,
    /// The imported file's name.
    pub file_name: String,
    /// 1-based line in the uncompressed file (for a JSON array: the 1-based element).
    pub line: i64,
}

/// The shape of a valid record's `data`. Unknown fields survive a round trip in `extra`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DataInfo {
    /// The RFT prompt.
    pub input: DataInput,
    /// What production answered; empty where nothing was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<DataOutput>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The prompt of a record.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DataInput {
    /// The conversation up to the point where the model answers.
    pub messages: Vec<Message>,
    /// Tool definitions the model may call, as the provider takes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Value>,
    /// The provider's `tool_choice`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<Value>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The recorded answer of a record.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DataOutput {
    /// The assistant's messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<Vec<Message>>,
    /// Tool calls recorded beside the messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<Vec<Value>>,
    /// The provider's finish reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<String>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// One chat message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// system, developer, user, assistant or tool.
    pub role: String,
    /// A string, null, or a list of parts (`{"type": "text", "text": ...}`, `image_url`, ...).
    #[serde(default)]
    pub content: Value,
    /// Calls the assistant made in this message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<Vec<Value>>,
    /// The call a tool message answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
    /// The participant's or tool's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Message {
    /// The text of the message: the string itself, or its text parts joined by newlines; images and
    /// other parts have none.
    pub fn text(&self) -> String {
        content_text(&self.content)
    }
}

/// The text of a message's `content` (see [`Message::text`]).
pub fn content_text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts: Vec<&str> = parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect();
            texts.join("\n")
        }
        _ => String::new(),
    }
}

/// One line of the datasets page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetSummary {
    /// The dataset.
    pub dataset: Dataset,
    /// All its records.
    pub total_records: i64,
    /// The valid ones.
    pub valid_records: i64,
    /// Leaf topics in its hierarchy.
    pub topic_count: i64,
    /// See `CoverageReport::balance_score`.
    pub balance_score: Option<f64>,
    /// The seven steps.
    pub pipeline: super::pipeline::PipelineState,
}

/// Which records a page of the records overlay shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordFilter {
    /// `None`: all of them.
    pub status: Option<super::validation::RecordStatus>,
    /// Only those whose errors contain this one.
    pub error: Option<super::validation::ValidationError>,
    /// Only those carrying this topic; the empty string means none.
    pub topic: Option<String>,
    /// Only those whose topic needs review.
    pub needs_review: bool,
    /// Only synthetic ones.
    #[serde(default)]
    pub generated: bool,
    /// Only those that say these words: in a message, a tool call or result, or the reference answer. Case does not count,
    /// nor do accents; words in quotes must stand in that order; the last one may be the beginning of a word.
    pub text: Option<String>,
    /// Only those whose answer the newest finished dry run scored so.
    #[serde(default)]
    pub score: Option<ScoreRange>,
}

/// In which order the records overlay lists records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordSort {
    /// As they were imported.
    #[default]
    Oldest,
    /// The last imported first.
    Newest,
    /// The longest conversations first, by messages of the prompt.
    MostMessages,
    /// The shortest first.
    FewestMessages,
    /// The last edited first.
    LastChanged,
    /// By the score in the newest finished dry run, the best first; only those that were scored.
    HighestScore,
    /// The worst first.
    LowestScore,
}

impl RecordSort {
    /// Every order, as a list offers them.
    pub const ALL: [Self; 7] = [
        Self::Oldest,
        Self::Newest,
        Self::LastChanged,
        Self::MostMessages,
        Self::FewestMessages,
        Self::HighestScore,
        Self::LowestScore,
    ];

    /// The name in JSON and in the address.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oldest => "oldest",
            Self::Newest => "newest",
            Self::MostMessages => "most_messages",
            Self::FewestMessages => "fewest_messages",
            Self::LastChanged => "last_changed",
            Self::HighestScore => "highest_score",
            Self::LowestScore => "lowest_score",
        }
    }

    /// The inverse of [`Self::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.as_str() == name)
    }

    /// What people call it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Oldest => "Import order",
            Self::Newest => "Newest first",
            Self::MostMessages => "Most messages",
            Self::FewestMessages => "Fewest messages",
            Self::LastChanged => "Last changed",
            Self::HighestScore => "Highest score",
            Self::LowestScore => "Lowest score",
        }
    }
}

/// A search counts so many matches exactly; of more it says that there are more.
pub const SEARCH_COUNTED: i64 = 100_000;

/// Scores from one to another, in hundredths: whole numbers, so that an address says them exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreRange {
    /// From this one on.
    pub from: u8,
    /// Up to this one, which is itself only in it where it is 100.
    pub to: u8,
}

impl ScoreRange {
    /// The five that a list offers.
    pub const FIFTHS: [Self; 5] = [
        Self { from: 0, to: 20 },
        Self { from: 20, to: 40 },
        Self { from: 40, to: 60 },
        Self { from: 60, to: 80 },
        Self { from: 80, to: 100 },
    ];

    /// "20-40", as in an address.
    pub fn key(self) -> String {
        format!("{}-{}", self.from, self.to)
    }

    /// The inverse of [`Self::key`].
    pub fn parse(key: &str) -> Option<Self> {
        let (from, to) = key.split_once('-')?;
        let range = Self { from: from.parse().ok()?, to: to.parse().ok()? };
        (range.from < range.to && range.to <= 100).then_some(range)
    }

    /// "0.20 to 0.40".
    pub fn words(self) -> String {
        format!("{:.2} to {:.2}", f64::from(self.from) / 100.0, f64::from(self.to) / 100.0)
    }
}

/// Most records that one call deletes, exports or ticks: what one transaction can hold without keeping others waiting.
pub const MAX_SELECTED: usize = 10_000;

/// A deletion of records that can still be undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordDeletion {
    /// What the undo names.
    pub id: String,
    /// How many went.
    pub records: i64,
    /// When.
    pub deleted_at: TimestampMs,
}

/// One row of the records overlay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordRow {
    /// The record's id.
    pub id: i64,
    /// The start of the last user message (at most 240 characters); the raw line where it did not parse.
    pub preview: String,
    /// Messages in the prompt.
    pub message_count: i64,
    /// Whether production's answer is recorded.
    pub has_output: bool,
    /// Its topic.
    pub topic: Option<String>,
    /// How sure the label is, 0..1.
    pub topic_confidence: Option<f64>,
    /// How it got that topic: one set by a person or brought by the file has no confidence to speak of.
    pub topic_method: Option<super::topics::CategorizationMethod>,
    /// Whether a person should look at the label.
    pub needs_review: bool,
    /// Line in its file.
    pub line: Option<i64>,
    /// What validation says.
    pub validation: RecordValidationStatus,
}

/// A page of records.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RecordPage {
    /// The rows, in the order asked for.
    pub rows: Vec<RecordRow>,
    /// How many records match the filter in all.
    pub total: i64,
    /// Whether a search matches more than `total` (then [`SEARCH_COUNTED`]) records.
    #[serde(default)]
    pub at_least: bool,
    /// The page shown, from 1.
    pub page: i64,
    /// Rows per page.
    pub page_size: i64,
}
