//! Datasets and their records (domain.md section 2).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::TimestampMs;
use super::topics::CategorizationMetadata;
use super::validation::{RecordValidationStatus, ValidationConfig};

mod list;

pub use list::*;

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

/// A dataset that was deleted and can still be brought back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedDataset {
    /// Its id, which the undo names.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How many records it has.
    pub records: i64,
    /// When it was deleted.
    pub deleted_at: TimestampMs,
    /// From then on it is gone for good.
    pub restorable_until: TimestampMs,
}
