//! CSV rows (RFC 4180 and what spreadsheets make of it). What each column is stands in the file's mapping; a column that is
//! not in it is item data under its own name. A row that cannot be read keeps its text and its cells.

use serde_json::{Value, json};

use super::super::csv_table::{CsvTable, cells_of};
use super::messages::{are_messages, message, read_json_text, take_system, take_tools};
use super::record::{Conversation, ParsedRecord, bad, take_text};
use super::{Fields, Reading, langfuse};
use crate::types::import::{CsvField, CsvMapping, ImportFormat};

pub(super) fn read(reading: &mut Reading, text: String, is_last: bool, table: &CsvTable) {
    let cells = cells_of(&text, table.delimiter);
    if let Some(reason) = problem(&text, &cells, is_last, table) {
        let names = (0..cells.len()).map(|at| table.header.get(at).cloned().unwrap_or_else(|| CsvMapping::unnamed(at)));
        let item = names.zip(cells).map(|(name, cell)| (name, Value::String(cell))).collect();
        return reading.push(bad(reading.line, text, &reason, item));
    }
    match record(reading.line, cells, table) {
        Ok(record) => reading.push(record),
        Err((reason, item)) => reading.push(bad(reading.line, text, &reason, item)),
    }
}

/// Why a row cannot be read, in words.
fn problem(text: &str, cells: &[String], is_last: bool, table: &CsvTable) -> Option<String> {
    let quotes = text.bytes().filter(|&byte| byte == b'"').count();
    if is_last && quotes % 2 == 1 && text.contains('\n') {
        return Some(
            "a quote is opened here and never closed, so the rest of the file belongs to this row. Close it, or double \
             quotes within a cell (\"\")."
                .to_owned(),
        );
    }
    let (found, expected) = (cells.len(), table.header.len());
    let first = if table.mapping.no_header { "first row" } else { "header" };
    if found != expected {
        return Some(format!(
            "this row has {found} cells where the {first} has {expected}. Put cells that hold a \"{}\" or a line break into \
             quotes.",
            char::from(table.delimiter)
        ));
    }
    if !table.mapping.has_prompt() {
        return Some(format!(
            "no column is known to be the prompt (there are {}). Say which column is which when you import the file.",
            table.header.join(", ")
        ));
    }
    None
}

/// The row's cells by what they are.
#[derive(Default)]
struct Row {
    known: Fields,
    prompt: Option<(String, String)>,
    context: Option<String>,
    completion: Option<String>,
    messages: Option<(String, Value)>,
    metadata: Fields,
    evaluation: Option<Value>,
    item: Fields,
}

impl Row {
    fn put(&mut self, column: &str, field: CsvField, cell: String) {
        match field {
            CsvField::Prompt => self.prompt = Some((column.to_owned(), cell)),
            CsvField::Context => self.context = Some(cell),
            CsvField::Completion => self.completion = Some(cell),
            CsvField::Messages => self.messages = Some((column.to_owned(), read_json_text(cell.into()))),
            CsvField::System | CsvField::Tools | CsvField::Topic | CsvField::SpanId => {
                self.known.insert(field.as_str().to_owned(), cell.into());
            }
            CsvField::ReferenceAnswer => {
                if !cell.is_empty() {
                    self.item.insert(field.as_str().to_owned(), cell.into());
                }
            }
            CsvField::Metadata => match read_json_text(cell.into()) {
                Value::Object(fields) => self.metadata.extend(fields),
                Value::String(text) if text.is_empty() => {}
                other => {
                    self.metadata.insert(column.to_owned(), other);
                }
            },
            CsvField::Score => match serde_json::from_str::<serde_json::Number>(cell.trim()) {
                Ok(score) => self.evaluation = Some(json!({ "score": score })),
                Err(_) if cell.trim().is_empty() => {}
                Err(_) => {
                    self.item.insert(column.to_owned(), cell.into());
                }
            },
            CsvField::Item => {
                self.item.insert(column.to_owned(), cell.into());
            }
        }
    }

    fn conversation(&mut self) -> Result<Conversation, String> {
        let Some((column, messages)) = self.messages.take() else {
            let prompt = self.prompt.take().map(|(_, prompt)| prompt).unwrap_or_default();
            return Ok(self.question(prompt));
        };
        if let Some((column, prompt)) = self.prompt.take() {
            self.item.insert(column, prompt.into());
        }
        match messages {
            Value::Array(messages) => Ok(Conversation::from_messages(messages)),
            other => {
                self.item.insert(column.clone(), other);
                Err(format!("the cell in column \"{column}\" is no JSON list of messages."))
            }
        }
    }

    fn question(&mut self, prompt: String) -> Conversation {
        let input = read_json_text(prompt.clone().into());
        if langfuse::holds_messages(&input) {
            return langfuse::conversation(input);
        }
        let context = self.context.take().filter(|context| !context.trim().is_empty());
        let asked = context.map_or_else(|| prompt.clone(), |context| format!("{prompt}\n{context}"));
        Conversation { messages: Value::Array(vec![message("user", asked.into())]), ..Conversation::default() }
    }
}

/// A row that fits the header; else why it does not, and its cells.
fn record(line: i64, cells: Vec<String>, table: &CsvTable) -> Result<ParsedRecord, (String, Fields)> {
    let all = || table.header.iter().cloned().zip(cells.iter().cloned().map(Value::String)).collect();
    let mut row = Row::default();
    for (column, cell) in table.header.iter().zip(&cells) {
        row.put(column, table.mapping.field(column), cell.clone());
    }
    let mut conversation = row.conversation().map_err(|reason| (reason, all()))?;
    if let (Some(system), Value::Array(messages)) = (take_system(&mut row.known), &mut conversation.messages) {
        messages.insert(0, system);
    }
    if let Some(tools) = take_tools(&mut row.known, "tools") {
        conversation.tools = Some(tools);
    }
    if let Some(completion) = row.completion.take().filter(|completion| !completion.is_empty()) {
        let output = read_json_text(completion.clone().into());
        let is_answer = super::messages::is_message(&output) || are_messages(&output);
        langfuse::answer(&mut conversation, if is_answer { output } else { completion.into() });
    }
    let (topic, span_id) = (take_text(&mut row.known, "topic"), take_text(&mut row.known, "span_id"));
    // What is left is a cell that could not be read as what its column is.
    let left = row.known.into_iter().filter(|(_, cell)| cell.as_str().is_none_or(|cell| !cell.is_empty()));
    row.item.extend(left);
    row.item.extend(row.context.take().map(|context| ("context".to_owned(), context.into())));
    let mut record = super::record::record(line, ImportFormat::Csv, conversation, Fields::new());
    record.metadata = row.metadata;
    record.item = row.item;
    record.topic = topic;
    record.span_id = span_id;
    record.evaluation = row.evaluation;
    Ok(record)
}
