//! Imports: one file's way into a dataset, and its report.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::TimestampMs;
use super::job::JobState;
use crate::format::turns_text;

mod csv;
mod preview;

pub use csv::{CsvField, CsvMapping};
pub use preview::{
    CommonPrompt, CsvPreview, DetectedPattern, ImportCompression, ImportContainer, ImportPreview, PreviewConversation,
    PreviewMessage, PreviewProblem, ToolUse, UploadPreview,
};

/// In which format a record came. A file may mix them: each line (array element, span, row) is looked at by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportFormat {
    /// `{"messages": [...], ...}`.
    Chat,
    /// `{"data": {"input": ..., "output": ...}, ...}` or the bare `{"input": {...}, "output": ...}`.
    Native,
    /// `{"request": {...}, "response": {...}}`.
    OpenAiLog,
    /// A line of a Batch API file: `{"custom_id": ..., "body" | "response": ...}`.
    OpenAiBatch,
    /// An OpenTelemetry GenAI span.
    OpenTelemetry,
    /// `{"prompt": ..., "completion": ...}`.
    PromptCompletion,
    /// `{"question": ..., "answer": ...}`.
    QuestionAnswer,
    /// `{"instruction": ..., "input": ..., "output": ...}`.
    Alpaca,
    /// `{"conversations": [{"from": ..., "value": ...}]}`.
    ShareGpt,
    /// A Langfuse observation, trace or dataset item.
    Langfuse,
    /// A promptfoo evaluation result.
    Promptfoo,
    /// A row of a CSV file.
    Csv,
    /// None of them: kept as it is, with the reason.
    Unreadable,
}

impl ImportFormat {
    /// Every format, in the order in which people are shown them.
    pub const ALL: [Self; 13] = [
        Self::Chat,
        Self::Native,
        Self::OpenAiLog,
        Self::OpenAiBatch,
        Self::OpenTelemetry,
        Self::PromptCompletion,
        Self::QuestionAnswer,
        Self::Alpaca,
        Self::ShareGpt,
        Self::Langfuse,
        Self::Promptfoo,
        Self::Csv,
        Self::Unreadable,
    ];

    /// The name used in JSON and SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Native => "native",
            Self::OpenAiLog => "open_ai_log",
            Self::OpenAiBatch => "open_ai_batch",
            Self::OpenTelemetry => "open_telemetry",
            Self::PromptCompletion => "prompt_completion",
            Self::QuestionAnswer => "question_answer",
            Self::Alpaca => "alpaca",
            Self::ShareGpt => "share_gpt",
            Self::Langfuse => "langfuse",
            Self::Promptfoo => "promptfoo",
            Self::Csv => "csv",
            Self::Unreadable => "unreadable",
        }
    }

    /// The inverse of [`Self::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// What people call it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Native => "native",
            Self::OpenAiLog => "OpenAI request and response",
            Self::OpenAiBatch => "OpenAI Batch",
            Self::OpenTelemetry => "OpenTelemetry GenAI span",
            Self::PromptCompletion => "prompt and completion",
            Self::QuestionAnswer => "question and answer",
            Self::Alpaca => "Alpaca",
            Self::ShareGpt => "ShareGPT",
            Self::Langfuse => "Langfuse",
            Self::Promptfoo => "promptfoo",
            Self::Csv => "CSV",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Why something that was read became no record. It is no error: it holds no conversation, and is counted so that the
/// sums add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// An OpenTelemetry span of something other than a model call: a database query, a tool, a web request.
    OtherSpan,
    /// A Langfuse observation of something other than a model call.
    OtherObservation,
    /// The fields around a list of records: an evaluation's settings, a page's number.
    Wrapper,
}

impl SkipReason {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::OtherSpan, Self::OtherObservation, Self::Wrapper];

    /// The name used in JSON and SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OtherSpan => "other_span",
            Self::OtherObservation => "other_observation",
            Self::Wrapper => "wrapper",
        }
    }

    /// The inverse of [`Self::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// In words, after a number.
    pub const fn label(self) -> &'static str {
        match self {
            Self::OtherSpan => "spans that are no model call",
            Self::OtherObservation => "Langfuse observations that are no model call",
            Self::Wrapper => "objects around a list of records",
        }
    }
}

/// How many of each; in JSON an object such as `{"chat": 10, "csv": 2}`. What is not there is zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Counts<K: Ord>(BTreeMap<K, i64>);

impl<K: Ord> Default for Counts<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord + Copy> Counts<K> {
    /// Counts some more.
    pub fn add(&mut self, key: K, count: i64) {
        if count > 0 {
            *self.0.entry(key).or_default() += count;
        }
    }

    /// Adds other counts.
    pub fn add_all(&mut self, other: &Self) {
        other.iter().for_each(|(key, count)| self.add(key, count));
    }

    /// How many of one.
    pub fn get(&self, key: K) -> i64 {
        self.0.get(&key).copied().unwrap_or(0)
    }

    /// How many in all.
    pub fn total(&self) -> i64 {
        self.0.values().sum()
    }

    /// Each with its count, never zero.
    pub fn iter(&self) -> impl Iterator<Item = (K, i64)> + '_ {
        self.0.iter().map(|(key, count)| (*key, *count))
    }

    /// "1,200 chat, 3 CSV"; empty for nothing.
    pub fn in_words(&self, label: impl Fn(K) -> &'static str) -> String {
        let words = self.iter().map(|(key, count)| format!("{} {}", crate::format::count(count), label(key)));
        words.collect::<Vec<_>>().join(", ")
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Ord + Copy> FromIterator<(K, i64)> for Counts<K> {
    fn from_iter<I: IntoIterator<Item = (K, i64)>>(counts: I) -> Self {
        let mut all = Self::default();
        counts.into_iter().for_each(|(key, count)| all.add(key, count));
        all
    }
}

/// What happens to the records already there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportMode {
    /// They stay.
    #[default]
    Append,
    /// They go, once the whole file was read. Asked for explicitly.
    Replace,
}

impl ImportMode {
    /// The name used in JSON, SQL and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Replace => "replace",
        }
    }

    /// The inverse of [`Self::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Append, Self::Replace].into_iter().find(|mode| mode.as_str() == name)
    }
}

/// One import and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportReport {
    /// UUID v7.
    pub id: String,
    /// The job that reads it.
    pub job_id: String,
    /// The file's name as the user knows it.
    pub file_name: String,
    /// Append or replace.
    pub mode: ImportMode,
    /// The job's state.
    pub state: JobState,
    /// Lines that became records.
    pub records: i64,
    /// Of them, the valid ones.
    pub valid: i64,
    /// The invalid ones.
    pub invalid: i64,
    /// The duplicates.
    pub duplicates: i64,
    /// Records by the format they came in.
    pub formats: Counts<ImportFormat>,
    /// What was read and is no record by design, by reason.
    pub skipped: Counts<SkipReason>,
    /// Bytes of the uploaded (perhaps compressed) file.
    pub bytes: i64,
    /// How long reading took.
    pub duration_ms: i64,
    /// Why it ended early.
    pub error: Option<String>,
    /// Whether it can be undone.
    pub undo: ImportUndo,
    /// When it was asked for.
    pub created_at: TimestampMs,
}

/// What can be done about an import that was a mistake.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportUndo {
    /// It is still going on: cancel it first.
    #[default]
    NotYet,
    /// It brought no record.
    Nothing,
    /// Its records can be taken away again; one that replaced gives back what was there before.
    CanUndo,
    /// It replaced records, and what it replaced is no longer kept: another import has come since.
    TooLate,
    /// None of its records is in the dataset: they were replaced, or deleted.
    Gone,
    /// It was undone, and its records can be brought back.
    CanBringBack,
    /// It was undone, and its records are gone.
    Undone,
}

/// The most files that can be imported in one go.
pub const MAX_FILES: usize = 100;

/// How files that can be imported end, for the browser's file dialog. What a file is, its content tells.
pub const FILE_ENDINGS: [&str; 8] = [".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".txt", ".gz", ".zst"];

/// What a dataset is called after its file: "support-2026.jsonl.gz" gives "support-2026". The form suggests it, and
/// the server uses it where no name was given.
pub fn suggested_name(file_name: &str) -> String {
    let mut name = file_name;
    for ending in FILE_ENDINGS.into_iter().rev() {
        name = without_ending(name, ending);
    }
    // What a name may not hold (see `check_name`) is left out.
    let may_stand = |character: &char| !character.is_control() && !turns_text(*character);
    let name: String = name.chars().filter(may_stand).collect();
    let name: String = name.trim().chars().take(200).collect();
    let name = name.trim_end();
    if name.is_empty() { "Imported traces".to_owned() } else { name.to_owned() }
}

fn without_ending<'a>(name: &'a str, ending: &str) -> &'a str {
    match name.split_at_checked(name.len().saturating_sub(ending.len())) {
        Some((start, end)) if end.eq_ignore_ascii_case(ending) => start,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_suggested_from_files() {
        for (file, expected) in [
            ("support-2026.jsonl.gz", "support-2026"),
            ("spans.ndjson.zst", "spans"),
            ("faq.csv.zst", "faq"),
            ("Export.CSV", "Export"),
            ("table.tsv", "table"),
            ("a.b.json", "a.b"),
            ("notes.txt", "notes"),
            (".jsonl", "Imported traces"),
            (".gz", "Imported traces"),
            (" \u{7}x ", "x"),
            ("\u{7} x\u{200f} ", "x"),
            ("invoice\u{202e}lnosj.jsonl", "invoicelnosj"),
            ("\u{202a}\u{2066}\u{2069}\u{61c}\u{200e}.csv", "Imported traces"),
            ("\u{5e9}\u{5dc}\u{5d5}\u{5dd}.json", "\u{5e9}\u{5dc}\u{5d5}\u{5dd}"),
            ("plain", "plain"),
        ] {
            assert_eq!(suggested_name(file), expected, "{file}");
        }
        assert_eq!(suggested_name(&"ä".repeat(300)).chars().count(), 200);
    }

    #[test]
    fn names_in_json_and_sql_are_one() {
        for format in ImportFormat::ALL {
            assert_eq!(serde_json::to_value(format).unwrap(), format.as_str());
            assert_eq!(ImportFormat::parse(format.as_str()), Some(format));
        }
        for reason in SkipReason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
            assert_eq!(SkipReason::parse(reason.as_str()), Some(reason));
        }
        let counts: Counts<ImportFormat> = [(ImportFormat::Csv, 2), (ImportFormat::Chat, 0)].into_iter().collect();
        assert_eq!(serde_json::to_string(&counts).unwrap(), r#"{"csv":2}"#);
        assert_eq!((counts.total(), counts.get(ImportFormat::Chat)), (2, 0));
    }
}
