//! What a grader would be shown of one record, before it is saved: the rendered texts, or what is wrong and where.

use super::input::{GradeInput, grade_input, recorded_response};
use super::template::{Template, TemplateError};
use crate::db;
use crate::db::records::scan::{self, Scan};
use crate::error::ServiceResult;
use crate::state::AppState;
use crate::types::dataset::DatasetRecord;
use crate::types::grader::{GraderConfig, PreviewText, PromptPreview};

/// Renders the templates of a grader on the record at `position` among the valid ones with a response (counted on from the
/// first again after the last). A combination has none of its own: its parts are previewed one by one.
pub async fn preview(
    state: &AppState,
    dataset_id: &str,
    config: GraderConfig,
    position: i64,
) -> ServiceResult<PromptPreview> {
    db::datasets::get(&state.db, dataset_id).await?;
    let Some((record, position, total)) = record_at(state, dataset_id, position).await? else {
        return Ok(PromptPreview {
            record_id: None,
            position: 0,
            total: 0,
            texts: templates(&config).into_iter().map(unrendered).collect(),
        });
    };
    let response = recorded_response(&record).unwrap_or_default();
    let input = grade_input(&record, &response);
    let texts = templates(&config).into_iter().map(|(label, text)| rendered(label, text, &input)).collect();
    Ok(PromptPreview { record_id: Some(record.id), position, total, texts })
}

/// The record, its place and how many there are.
async fn record_at(
    state: &AppState,
    dataset_id: &str,
    position: i64,
) -> ServiceResult<Option<(DatasetRecord, i64, i64)>> {
    let with_response = Scan { with_output: true, ..Scan::valid() };
    for scan in [with_response, Scan::valid()] {
        let total = scan::count(&state.db, dataset_id, scan).await?;
        if total > 0 {
            let position = position.rem_euclid(total);
            let record = scan::nth(&state.db, dataset_id, scan, position).await?;
            return Ok(record.map(|record| (record, position, total)));
        }
    }
    Ok(None)
}

fn templates(config: &GraderConfig) -> Vec<(String, &str)> {
    let named = |label: &str, text| (label.to_owned(), text);
    match config {
        GraderConfig::LlmJudge(judge) => vec![named("Prompt", judge.prompt.as_str())],
        GraderConfig::ScoreModel(model) => {
            model.input.iter().map(|message| (message.role.clone(), message.content.as_str())).collect()
        }
        GraderConfig::StringCheck(check) => vec![named("Input", &check.input), named("Reference", &check.reference)],
        GraderConfig::TextSimilarity(similarity) => {
            vec![named("Input", &similarity.input), named("Reference", &similarity.reference)]
        }
        GraderConfig::Script { .. } | GraderConfig::Multi(_) | GraderConfig::Python(_) => Vec::new(),
    }
}

fn rendered(label: String, text: &str, input: &GradeInput) -> PreviewText {
    match Template::parse(text) {
        Err(error) => wrong(label, &error),
        Ok(template) => match template.render(input) {
            Ok(text) => PreviewText { label, text: Some(text), error: None, place: None },
            Err(error) => PreviewText { label, text: None, error: Some(error.to_string()), place: None },
        },
    }
}

fn unrendered((label, text): (String, &str)) -> PreviewText {
    match Template::parse(text) {
        Err(error) => wrong(label, &error),
        Ok(_) => PreviewText { label, text: None, error: None, place: None },
    }
}

fn wrong(label: String, error: &TemplateError) -> PreviewText {
    PreviewText { label, text: None, error: Some(error.to_string()), place: Some((error.line, error.column)) }
}
