//! `anneal records search` and `anneal records show`: the records overlay's list and reading pane at a terminal.

use std::process::ExitCode;

use anneal_server::datasets::records::{get, page};
use anneal_server::format;
use anneal_server::state::AppState;
use anneal_server::types::dataset::{DatasetRecord, RecordFilter, RecordPage, RecordRow, RecordSort, content_text};
use anneal_server::types::pii::PiiKind;
use anneal_server::types::validation::RecordValidationStatus;
use serde_json::Value;

use super::commands::find;
use super::options::{RecordsCommand, SearchOptions, ShowOptions};
use super::{CliError, output};

/// Runs one of the two.
pub async fn records(state: &AppState, command: RecordsCommand) -> Result<ExitCode, CliError> {
    match command {
        RecordsCommand::Search(options) => search(state, options).await?,
        RecordsCommand::Show(options) => show(state, options).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn search(state: &AppState, options: SearchOptions) -> Result<(), CliError> {
    let dataset = find(state, &options.dataset).await?;
    let filter = RecordFilter {
        status: options.status,
        error: options.error,
        topic: options.topic,
        pii: options.pii,
        text: options.text,
        ..RecordFilter::default()
    };
    let found = page(state, &dataset.id, &filter, RecordSort::Oldest, 1, options.limit).await?;
    if options.output.json {
        return output::json(&found);
    }
    let RecordPage { rows, total, .. } = &found;
    rows.iter().for_each(row);
    let more = total - i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let shown = if more > 0 {
        format!(", the first {} shown: --limit shows more", format::count(*total - more))
    } else {
        String::new()
    };
    output::line(&format!("{} found{shown}", format::counted(*total, "record")));
    Ok(())
}

/// A record in one line, whatever it holds.
fn row(row: &RecordRow) {
    let RecordRow { id, preview, topic, validation, .. } = row;
    let why = validation.errors.first().map_or_else(String::new, |error| format!(" {}", error.as_str()));
    let topic = topic.as_ref().map_or_else(String::new, |topic| format!(" [{}]", one_line(topic)));
    output::line(&format!("{id:>8}  {}{why}{topic}  {}", validation.status.as_str(), one_line(preview)));
}

async fn show(state: &AppState, options: ShowOptions) -> Result<(), CliError> {
    let dataset = find(state, &options.dataset).await?;
    let record = get(state, &dataset.id, options.id).await?;
    if options.output.json {
        return output::json(&record);
    }
    whole(&record);
    Ok(())
}

fn whole(record: &DatasetRecord) {
    let RecordValidationStatus { status, errors, details, .. } = &record.validation;
    output::line(&format!("record {}: {}", record.id, status.as_str()));
    for (error, detail) in
        errors.iter().zip(details.iter().flat_map(|details| details.lines()).map(Some).chain(std::iter::repeat(None)))
    {
        output::line(&format!(
            "  ! {}{}",
            error.as_str(),
            detail.map_or_else(String::new, |detail| format!(": {detail}"))
        ));
    }
    if let Some(source) = &record.source {
        output::line(&format!("  {}, line {}", one_line(&source.file_name), format::count(source.line)));
    }
    if let Some(topic) = &record.topic {
        output::line(&format!("  topic {}", one_line(topic)));
    }
    if let Some(span_id) = &record.span_id {
        output::line(&format!("  span {}", one_line(span_id)));
    }
    let held: Vec<&str> = anneal_server::pii::kinds_in_value(&record.data).iter().map(PiiKind::plural).collect();
    if !held.is_empty() {
        output::line(&format!("  holds {}", held.join(", ")));
    }
    if let Some(raw) = &record.raw {
        output::line(&format!("the line as it came:\n{raw}"));
        return;
    }
    let messages = |part: &str| record.data.pointer(part).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    messages("/input/messages").iter().for_each(message);
    let answer = messages("/output/messages");
    if !answer.is_empty() {
        output::line("recorded answer:");
        answer.iter().for_each(message);
    }
    for (name, fields) in [("metadata", &record.metadata), ("other fields", &record.item)] {
        if !fields.is_empty() {
            output::line(&format!("{name}: {}", Value::Object(fields.clone())));
        }
    }
}

fn message(message: &Value) {
    let role = message.get("role").and_then(Value::as_str).unwrap_or("(no role)");
    output::line(&format!("{}:", one_line(role)));
    let text = message.get("content").map(content_text).unwrap_or_default();
    for line in text.lines() {
        output::line(&format!("  {line}"));
    }
    for call in message.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
        let function = call.get("function").unwrap_or(call);
        let name = function.get("name").and_then(Value::as_str).unwrap_or("(unnamed tool)");
        let arguments = match function.get("arguments") {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => String::new(),
        };
        output::line(&format!("  -> calls {} {}", one_line(name), one_line(&arguments)));
    }
}

/// A user's text among words of ours.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
