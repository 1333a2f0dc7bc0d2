//! What a file holds, shown before it is imported.

use serde::{Deserialize, Serialize};

use super::{Counts, CsvMapping, ImportFormat, SkipReason};

/// How a file is compressed; told by its first bytes, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportCompression {
    /// `.gz`.
    Gzip,
    /// `.zst`.
    Zstd,
}

impl ImportCompression {
    /// What people call it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "Zstandard",
        }
    }
}

/// What holds the records together; told by the first bytes too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportContainer {
    /// One record a line.
    Jsonl,
    /// One JSON array; an element counts as a line.
    Array,
    /// JSON objects over several lines, or around a list of records; an element of such a list counts as a line.
    Object,
    /// A header row, then a record a row.
    Csv,
}

impl ImportContainer {
    /// What people call it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Jsonl => "JSON Lines",
            Self::Array => "JSON array",
            Self::Object => "JSON object",
            Self::Csv => "CSV",
        }
    }
}

/// The answer of `POST /upload/preview`: the file waits on the server, and `upload_token` imports it.
///
/// ```json
/// {"upload_token": "0197…", "file_name": "support.csv.gz", "bytes": 8123, "preview": {...}}
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UploadPreview {
    /// Send it to `POST /upload` to import the file, or to `POST /upload/preview` with another `csv_mapping` to look again.
    pub upload_token: String,
    /// The file's name as the user knows it.
    pub file_name: String,
    /// Bytes of the (perhaps compressed) file.
    pub bytes: i64,
    /// What is in it.
    pub preview: ImportPreview,
}

/// What the start of a file holds: its first 200 records or so.
///
/// ```json
/// {"compression": "gzip", "container": "csv", "records": 200, "valid": 198, "is_complete": false,
///  "formats": {"csv": 200}, "skipped": {},
///  "conversations": [{"line": 2, "format": "csv", "topic": null, "tools": [], "messages_left_out": 0, "messages": [
///     {"role": "user", "text": "Where is my parcel?", "is_cut": false, "tool_calls": [], "is_answer": false}]}],
///  "problems": [{"line": 7, "message": "line 7: this row has 3 cells where the header has 4. …"}], "problems_total": 2,
///  "csv": {"delimiter": ";", "header": ["Frage", "Antwort"], "mapping": {"columns": {"Frage": "prompt"}},
///          "mapping_problem": null, "rows": [["Wo ist …", "Unterwegs"]]},
///  "error": null}
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportPreview {
    /// How it is compressed; `null` for not at all.
    pub compression: Option<ImportCompression>,
    /// What holds the records together.
    pub container: ImportContainer,
    /// Records looked at.
    pub records: i64,
    /// Of them, those that break no rule; duplicates are not looked for.
    pub valid: i64,
    /// Whether that is the whole file.
    pub is_complete: bool,
    /// Records looked at, by format.
    pub formats: Counts<ImportFormat>,
    /// What was passed over, by reason.
    pub skipped: Counts<SkipReason>,
    /// The first five conversations.
    pub conversations: Vec<PreviewConversation>,
    /// The first twenty lines that break a rule.
    pub problems: Vec<PreviewProblem>,
    /// How many lines break a rule in all.
    pub problems_total: i64,
    /// What the records looked at have in common.
    #[serde(default)]
    pub pattern: DetectedPattern,
    /// For a CSV file: its columns.
    pub csv: Option<CsvPreview>,
    /// What stopped the reading: the file is cut off, damaged, a bomb. What came before it is shown and would be kept.
    pub error: Option<String>,
}

/// What records have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetectedPattern {
    /// The system prompt that most of them begin with.
    pub system_prompt: Option<CommonPrompt>,
    /// How many different ones there are.
    pub different_prompts: i64,
    /// The tools that may be called, in the most records first; at most twenty.
    pub tools: Vec<ToolUse>,
    /// How many there are in all.
    pub tools_total: i64,
    /// Records with more than one user message.
    pub multi_turn: i64,
}

/// A system prompt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommonPrompt {
    /// Its start.
    pub start: String,
    /// In how many records.
    pub records: i64,
}

/// A tool.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolUse {
    /// Its name.
    pub name: String,
    /// In how many records.
    pub records: i64,
}

/// A conversation, short enough to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewConversation {
    /// The line (element, row) it came from.
    pub line: i64,
    /// Its format.
    pub format: ImportFormat,
    /// The topic it carries.
    pub topic: Option<String>,
    /// Names of the tools the model may call.
    pub tools: Vec<String>,
    /// Its first messages, at most twenty.
    pub messages: Vec<PreviewMessage>,
    /// How many more there are.
    pub messages_left_out: i64,
}

/// A message, short enough to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewMessage {
    /// Who speaks.
    pub role: String,
    /// The start of what is said, at most 2,000 characters.
    pub text: String,
    /// Whether there is more.
    pub is_cut: bool,
    /// Names of the tools that are called.
    pub tool_calls: Vec<String>,
    /// Whether it is part of the recorded answer, not of the prompt.
    pub is_answer: bool,
}

/// A line that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewProblem {
    /// The line (element, row).
    pub line: i64,
    /// What is wrong, a line per rule.
    pub message: String,
}

/// A CSV file's columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CsvPreview {
    /// `,`, `;` or a tab.
    pub delimiter: char,
    /// The columns' names.
    pub header: Vec<String>,
    /// What each is: as it was asked for, else as guessed from the names. Columns that are not in it are item data.
    pub mapping: CsvMapping,
    /// Why it cannot be imported like this; `null` if it can.
    pub mapping_problem: Option<String>,
    /// The first five rows, each cell at most 200 characters.
    pub rows: Vec<Vec<String>>,
}
