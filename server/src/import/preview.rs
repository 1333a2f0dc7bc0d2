//! The start of a file as people are shown it before it is imported.

use std::path::Path;

use serde_json::Value;

use super::csv_table::{CsvTable, cells_of};
use super::error::{ImportError, ImportLimits};
use super::formats::{ParsedRecord, parse_line};
use super::pattern::PatternFinder;
use super::prepare::prepare;
use super::source::{LineContent, LineSource, SourceLine};
use crate::types::import::{
    Counts, CsvMapping, CsvPreview, DetectedPattern, ImportFormat, ImportPreview, PreviewConversation, PreviewMessage,
    PreviewProblem,
};
use crate::types::validation::ValidationConfig;
use crate::validation::{TokenCounter, message_text};

/// Records that are looked at; the last line may bring some more.
const RECORDS: i64 = 200;
/// Bytes of text that are looked at; the last line may bring some more.
const BYTES: usize = 32 << 20;
const CONVERSATIONS: usize = 5;
const MESSAGES: usize = 20;
const MESSAGE_LENGTH: usize = 2000;
const PROBLEMS: usize = 20;
const PROBLEM_LENGTH: usize = 1000;
const ROWS: usize = 5;
const CELL_LENGTH: usize = 200;

/// Looks at the start of a file. A mapping that does not fit is no error here: it is shown with what is wrong with it. An
/// error means that nothing could be read; one after some lines is part of the preview.
pub fn preview(
    path: &Path,
    config: &ValidationConfig,
    limits: ImportLimits,
    csv_mapping: Option<&CsvMapping>,
) -> Result<ImportPreview, ImportError> {
    let mut source = LineSource::open_unchecked(path, limits, csv_mapping)?;
    let csv = source.csv_table().map(|table| csv_preview(table));
    // Of records that could not be imported so, nothing is told.
    let is_refused = csv_mapping.is_some() && csv.as_ref().is_some_and(|csv| csv.mapping_problem.is_some());
    let mut preview = ImportPreview {
        compression: source.compression(),
        container: source.container(),
        records: 0,
        valid: 0,
        is_complete: false,
        formats: Counts::default(),
        skipped: Counts::default(),
        conversations: Vec::new(),
        problems: Vec::new(),
        problems_total: 0,
        pattern: DetectedPattern::default(),
        csv,
        error: None,
    };
    let tokens = TokenCounter::new();
    let mut pattern = PatternFinder::default();
    let (mut looked_at, mut bytes) = (0, 0);
    // Lines that are passed over count too, and so does their length: somebody is waiting.
    while preview.records < RECORDS && looked_at < 10 * RECORDS && bytes < BYTES {
        match source.next_line() {
            Ok(Some(line)) => {
                bytes += line.content.text().len();
                add_row(&mut preview, &line);
                if !is_refused {
                    add(&mut preview, &mut pattern, line, config, &tokens);
                } else if preview.csv.as_ref().is_some_and(|csv| csv.rows.len() >= ROWS) {
                    break;
                }
            }
            Ok(None) => {
                preview.is_complete = true;
                break;
            }
            Err(error) if looked_at == 0 => return Err(error),
            Err(error) => {
                preview.error = Some(error.to_string());
                break;
            }
        }
        looked_at += 1;
    }
    preview.pattern = pattern.found();
    Ok(preview)
}

fn csv_preview(table: &CsvTable) -> CsvPreview {
    CsvPreview {
        delimiter: char::from(table.delimiter),
        header: table.header.clone(),
        mapping: table.mapping.clone(),
        mapping_problem: table.mapping.problem(&table.header),
        rows: Vec::new(),
    }
}

/// A CSV file's first rows.
fn add_row(preview: &mut ImportPreview, line: &SourceLine) {
    if let (Some(csv), LineContent::Row { text, table, .. }) = (&mut preview.csv, &line.content)
        && csv.rows.len() < ROWS
    {
        let cells = cells_of(text, table.delimiter).into_iter();
        csv.rows.push(cells.map(|cell| cut(&cell, CELL_LENGTH).0).collect());
    }
}

fn add(
    preview: &mut ImportPreview,
    pattern: &mut PatternFinder,
    line: SourceLine,
    config: &ValidationConfig,
    tokens: &TokenCounter,
) {
    let parsed = parse_line(line);
    preview.skipped.add_all(&parsed.skipped);
    for record in parsed.records {
        preview.records += 1;
        preview.formats.add(record.format, 1);
        pattern.add(&record.data);
        if preview.conversations.len() < CONVERSATIONS && record.format != ImportFormat::Unreadable {
            preview.conversations.push(conversation(&record));
        }
        let line = record.line;
        let findings = prepare(record, config, tokens).derived.findings;
        if findings.errors.is_empty() {
            preview.valid += 1;
            continue;
        }
        preview.problems_total += 1;
        if preview.problems.len() < PROBLEMS {
            let message = cut(&findings.details.unwrap_or_default(), PROBLEM_LENGTH).0;
            preview.problems.push(PreviewProblem { line, message });
        }
    }
}

fn conversation(record: &ParsedRecord) -> PreviewConversation {
    let list = |pointer: &str| record.data.pointer(pointer).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let prompt = list("/input/messages").iter().map(|said| (said, false));
    let answer = list("/output/messages").iter().map(|said| (said, true));
    let all: Vec<_> = prompt.chain(answer).collect();
    let left_out = all.len().saturating_sub(MESSAGES);
    PreviewConversation {
        line: record.line,
        format: record.format,
        topic: record.topic.as_deref().map(|topic| cut(topic, CELL_LENGTH).0),
        tools: names(list("/input/tools")),
        messages: all.into_iter().take(MESSAGES).map(|(said, is_answer)| message(said, is_answer)).collect(),
        messages_left_out: i64::try_from(left_out).unwrap_or(i64::MAX),
    }
}

fn message(said: &Value, is_answer: bool) -> PreviewMessage {
    let (text, is_cut) = cut(&message_text(said), MESSAGE_LENGTH);
    PreviewMessage {
        role: cut(said.get("role").and_then(Value::as_str).unwrap_or("?"), CELL_LENGTH).0,
        text,
        is_cut,
        tool_calls: names(said.get("tool_calls").and_then(Value::as_array).map_or(&[][..], Vec::as_slice)),
        is_answer,
    }
}

/// Names of tools or of calls, in the chat form or bare; at most a screenful.
fn names(tools: &[Value]) -> Vec<String> {
    let name = |tool: &Value| {
        let name = tool.pointer("/function/name").or_else(|| tool.get("name"));
        cut(name.and_then(Value::as_str).unwrap_or("?"), CELL_LENGTH).0
    };
    tools.iter().take(2 * MESSAGES).map(name).collect()
}

/// The start of a text, and whether there is more.
fn cut(text: &str, length: usize) -> (String, bool) {
    match text.char_indices().nth(length) {
        Some((at, _)) => (text[..at].to_owned(), true),
        None => (text.to_owned(), false),
    }
}
