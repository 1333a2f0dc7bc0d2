//! Graders of other tools, in and out: pure functions over texts.
//!
//! | module | what lives there |
//! |---|---|
//! | [`openai`] | OpenAI's grader JSON, both ways |
//! | [`promptfoo`] | promptfoo's assertions, in |
//! | [`document`] | reading JSON and YAML that anybody may have written: bounded, no field twice |
//! | [`names`] | names that a formula can use |
//!
//! What cannot be kept is told in notes or refused with its reason, never dropped without a word.

use thiserror::Error;

use crate::types::error::AppError;
use crate::types::grader::{ExportedGrader, GraderConfig, ImportedGrader};

pub mod document;
pub mod names;
pub mod openai;
#[cfg(test)]
mod openai_tests;
pub mod promptfoo;
#[cfg(test)]
mod promptfoo_tests;

pub use openai::{export_openai, import_openai};
pub use promptfoo::import_promptfoo;

/// The most parts a combination may have.
pub const MAX_PARTS: usize = 20;

/// What another tool's grader became.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The grader. Its templates and scripts are yet to be checked, as those of any draft are.
    pub config: GraderConfig,
    /// What it was called there, if anything.
    pub name: Option<String>,
    /// What was not kept or means something else here, a sentence each.
    pub notes: Vec<String>,
}

/// A grader as another tool reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    /// The document.
    pub json: serde_json::Value,
    /// What was not kept, a sentence each.
    pub notes: Vec<String>,
}

/// Why a document is no grader, or a grader cannot leave.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ExchangeError {
    /// It cannot be read at all.
    #[error("{0}")]
    Unreadable(String),
    /// A field is missing, of the wrong type or of an unknown value.
    #[error("{place}: {message}")]
    Malformed {
        /// `graders.style.input`; `the document` for all of it.
        place: String,
        /// What is wrong with it.
        message: String,
    },
    /// It is understood, but has no counterpart on the other side.
    #[error("{0}")]
    NoCounterpart(String),
}

/// Reads another tool's grader, whichever it is: OpenAI's has a `type` that OpenAI knows, the rest is promptfoo's.
pub fn import(text: &str) -> Result<ImportedGrader, AppError> {
    let is_openai =
        document::json(text).is_ok_and(|value| value.get("type").is_some() || value.get("grader").is_some());
    let imported = if is_openai { import_openai(text) } else { import_promptfoo(text) };
    let Imported { config, notes, .. } = imported.map_err(|error| AppError::invalid_field("text", sentence(&error)))?;
    Ok(ImportedGrader { config, notes })
}

/// Writes a grader as OpenAI's JSON.
pub fn export(config: &GraderConfig, name: &str) -> Result<ExportedGrader, AppError> {
    let exported = export_openai(config, name).map_err(|error| AppError::conflict(sentence(&error)))?;
    Ok(ExportedGrader { json: format!("{:#}", exported.json), notes: exported.notes })
}

fn sentence(error: &ExchangeError) -> String {
    let text = error.to_string();
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    let mut letters = text.chars();
    let first = letters.next().unwrap_or_default();
    // A name out of the document stays as it is written there.
    if text.split(' ').next().is_some_and(|word| word.contains(['_', '.', '[', ':'])) {
        return format!("{text}{stop}");
    }
    format!("{}{}{stop}", first.to_uppercase(), letters.as_str())
}
