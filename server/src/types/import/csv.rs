//! Which column of a CSV file is what.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a column's cells become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CsvField {
    /// The user's message; a JSON list of messages is read as one.
    Prompt,
    /// What the prompt is about; put under it, as Alpaca does with `input`.
    Context,
    /// The recorded answer; a JSON message is read as one.
    Completion,
    /// The system message.
    System,
    /// The whole conversation as a JSON list of messages.
    Messages,
    /// Tool definitions as a JSON list.
    Tools,
    /// The topic.
    Topic,
    /// The answer that graders compare with.
    ReferenceAnswer,
    /// The span, by which duplicates are recognised.
    SpanId,
    /// Metadata: a JSON object, or one value under the column's name.
    Metadata,
    /// A score, kept as the record's evaluation.
    Score,
    /// None of these: kept as item data under the column's name.
    Item,
}

impl CsvField {
    /// Every field, in the order in which people are shown them.
    pub const ALL: [Self; 12] = [
        Self::Prompt,
        Self::Context,
        Self::Completion,
        Self::System,
        Self::Messages,
        Self::Tools,
        Self::Topic,
        Self::ReferenceAnswer,
        Self::SpanId,
        Self::Metadata,
        Self::Score,
        Self::Item,
    ];

    /// The name used in JSON and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Context => "context",
            Self::Completion => "completion",
            Self::System => "system",
            Self::Messages => "messages",
            Self::Tools => "tools",
            Self::Topic => "topic",
            Self::ReferenceAnswer => "reference_answer",
            Self::SpanId => "span_id",
            Self::Metadata => "metadata",
            Self::Score => "score",
            Self::Item => "item",
        }
    }

    /// The inverse of [`Self::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == name)
    }

    /// What people call it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Context => "context",
            Self::Completion => "recorded answer",
            Self::System => "system message",
            Self::Messages => "messages (JSON)",
            Self::Tools => "tools (JSON)",
            Self::Topic => "topic",
            Self::ReferenceAnswer => "reference answer",
            Self::SpanId => "span id",
            Self::Metadata => "metadata",
            Self::Score => "score",
            Self::Item => "item data",
        }
    }

    /// Whether several columns may be this.
    pub const fn may_repeat(self) -> bool {
        matches!(self, Self::Item | Self::Metadata)
    }
}

/// Which column is what. In JSON `{"columns": {"Frage": "prompt", "Antwort": "completion"}}`; a column that is not
/// named is kept as item data. With `"no_header": true` the first row is data, and the columns are `column 1`, `column 2`, …
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CsvMapping {
    /// By the column's name in the header row.
    pub columns: BTreeMap<String, CsvField>,
    /// Whether the file has no row of names.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_header: bool,
}

impl CsvMapping {
    /// What a column is.
    pub fn field(&self, column: &str) -> CsvField {
        self.columns.get(column).copied().unwrap_or(CsvField::Item)
    }

    /// Whether it says where the prompt is.
    pub fn has_prompt(&self) -> bool {
        self.columns.values().any(|field| matches!(field, CsvField::Prompt | CsvField::Messages))
    }

    /// What a column without a name is called; `at` counts from 0.
    pub fn unnamed(at: usize) -> String {
        format!("column {}", at + 1)
    }

    /// What is wrong with it for a file with these columns, in words; `None` if it can be used.
    pub fn problem(&self, header: &[String]) -> Option<String> {
        if let Some(unknown) = self.columns.keys().find(|column| !header.contains(*column)) {
            return Some(format!("The file has no column \"{unknown}\"; it has {}.", header.join(", ")));
        }
        let twice = CsvField::ALL
            .into_iter()
            .find(|field| !field.may_repeat() && self.columns.values().filter(|other| *other == field).count() > 1);
        if let Some(field) = twice {
            return Some(format!("Two columns are said to be \"{}\"; only one can be.", field.as_str()));
        }
        if self.has_prompt() {
            return None;
        }
        Some(format!("No column is said to be the prompt or the messages. Name one of {}.", header.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_is_checked_against_the_header() {
        let header = ["Frage".to_owned(), "Antwort".to_owned()];
        let mapping = |pairs: &[(&str, CsvField)]| CsvMapping {
            columns: pairs.iter().map(|(name, field)| ((*name).to_owned(), *field)).collect(),
            no_header: false,
        };
        use CsvField::{Completion, Item, Prompt};
        assert_eq!(mapping(&[("Frage", Prompt), ("Antwort", Completion)]).problem(&header), None);
        for (wrong, words) in [
            (mapping(&[("Fragen", Prompt)]), "no column \"Fragen\"; it has Frage, Antwort"),
            (mapping(&[("Frage", Prompt), ("Antwort", Prompt)]), "Two columns are said to be \"prompt\""),
            (mapping(&[("Frage", Item), ("Antwort", Item)]), "No column is said to be the prompt"),
        ] {
            assert!(wrong.problem(&header).unwrap().contains(words));
        }
        for field in CsvField::ALL {
            assert_eq!(serde_json::to_value(field).unwrap(), field.as_str());
        }
        assert!(serde_json::from_str::<CsvMapping>(r#"{"columns":{"a":"prompt"},"x":1}"#).is_err());
    }
}
