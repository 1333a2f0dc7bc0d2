//! What a person sees of a dataset, as the query of its URL:
//! `?step=coverage&records=invalid&error=invalid_role&topic=&review=1&q=text&page=3&record=17&dialog=add`.
//! Parsed once into [`PageQuery`]; what is not understood is ignored, what is not ours is kept.

use anneal_server::types::dataset::RecordFilter;
use anneal_server::types::pipeline::PipelineStepId;
use anneal_server::types::validation::{RecordStatus, ValidationError};
use leptos_router::params::ParamsMap;

/// A dialog of the canvas page that is not the records overlay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageDialog {
    /// Add records.
    Add,
    /// Replace all records.
    Replace,
    /// The keys.
    Help,
    /// The dry run's configuration; shown by the dry run's panel.
    DryRun,
}

impl PageDialog {
    const ALL: [Self; 4] = [Self::Add, Self::Replace, Self::Help, Self::DryRun];

    /// The name in the URL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Replace => "replace",
            Self::Help => "help",
            Self::DryRun => "dryrun",
        }
    }

    /// The inverse of [`Self::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialog| dialog.as_str() == name)
    }
}

/// What the URL selects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageQuery {
    /// The step whose panel is open; `None`: the current one.
    pub step: Option<PipelineStepId>,
    /// The records overlay's filter and page (from 1); `None`: closed.
    pub records: Option<(RecordFilter, i64)>,
    /// The record opened in the overlay's reading pane.
    pub record: Option<i64>,
    /// The open dialog.
    pub dialog: Option<PageDialog>,
    /// Parameters of a panel's own (`run`, `tab`, ...), in the order of the URL.
    pub other: Vec<(String, String)>,
}

const OWN_KEYS: [&str; 9] = ["step", "records", "error", "topic", "review", "q", "page", "record", "dialog"];

impl PageQuery {
    /// From the URL.
    pub fn from_params(params: &ParamsMap) -> Self {
        let other = params
            .clone()
            .into_iter()
            .filter(|(key, _)| !OWN_KEYS.contains(&key.as_ref()))
            .map(|(key, value)| (key.into_owned(), value))
            .collect();
        Self {
            step: params.get_str("step").and_then(PipelineStepId::parse),
            records: records_of(params),
            record: params.get_str("record").and_then(|id| id.parse().ok()),
            dialog: params.get_str("dialog").and_then(PageDialog::parse),
            other,
        }
    }

    /// The query string with its `?`; empty if nothing is selected.
    pub fn to_query_string(&self) -> String {
        let mut params = ParamsMap::new();
        let mut add = |key: &'static str, value: String| params.insert(key, value);
        if let Some(step) = self.step {
            add("step", step.as_str().to_owned());
        }
        if let Some((filter, page)) = &self.records {
            add("records", filter.status.map_or("all", RecordStatus::as_str).to_owned());
            if let Some(error) = filter.error {
                add("error", error.as_str().to_owned());
            }
            if let Some(topic) = &filter.topic {
                add("topic", topic.clone());
            }
            if filter.needs_review {
                add("review", "1".to_owned());
            }
            if let Some(text) = &filter.text {
                add("q", text.clone());
            }
            if *page > 1 {
                add("page", page.to_string());
            }
            if let Some(record) = self.record {
                add("record", record.to_string());
            }
        }
        if let Some(dialog) = self.dialog {
            add("dialog", dialog.as_str().to_owned());
        }
        for (key, value) in &self.other {
            params.insert(key.clone(), value.clone());
        }
        params.to_query_string()
    }
}

fn records_of(params: &ParamsMap) -> Option<(RecordFilter, i64)> {
    let status = match params.get_str("records")? {
        "all" => None,
        name => Some(RecordStatus::parse(name)?),
    };
    let filter = RecordFilter {
        status,
        error: params.get_str("error").and_then(ValidationError::parse),
        topic: params.get("topic"),
        needs_review: params.get_str("review") == Some("1"),
        text: params.get("q").filter(|text| !text.is_empty()),
    };
    let page = params.get_str("page").and_then(|page| page.parse().ok()).filter(|page| *page >= 1).unwrap_or(1);
    Some((filter, page))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(pairs: &[(&'static str, &str)]) -> ParamsMap {
        let mut params = ParamsMap::new();
        for (key, value) in pairs {
            params.insert(*key, (*value).to_owned());
        }
        params
    }

    #[test]
    fn everything_survives_a_round_trip() {
        let query = PageQuery {
            step: Some(PipelineStepId::DryRun),
            records: Some((
                RecordFilter {
                    status: Some(RecordStatus::Invalid),
                    error: Some(ValidationError::InvalidRole),
                    topic: Some(String::new()),
                    needs_review: true,
                    text: Some("50% & more?".to_owned()),
                },
                3,
            )),
            record: Some(17),
            dialog: Some(PageDialog::Help),
            other: vec![("run".to_owned(), "a b".to_owned())],
        };
        let text = query.to_query_string();
        assert!(text.starts_with("?step=dryrun&records=invalid&error=invalid_role&topic=&review=1&q="), "{text}");
        assert!(text.contains("page=3&record=17&dialog=help&run="), "{text}");
        assert!(!text.contains(' ') && text.contains("%26"), "values are escaped: {text}");
        let map = params(&[
            ("step", "dryrun"),
            ("records", "invalid"),
            ("error", "invalid_role"),
            ("topic", ""),
            ("review", "1"),
            ("q", "50% & more?"),
            ("page", "3"),
            ("record", "17"),
            ("dialog", "help"),
            ("run", "a b"),
        ]);
        assert_eq!(PageQuery::from_params(&map), query);
    }

    #[test]
    fn nonsense_is_ignored() {
        let map = params(&[("step", "nope"), ("records", "some"), ("page", "-1"), ("record", "x"), ("dialog", "")]);
        assert_eq!(PageQuery::from_params(&map), PageQuery::default());
        let map = params(&[("records", "all"), ("page", "0"), ("error", "?")]);
        assert_eq!(PageQuery::from_params(&map).records, Some((RecordFilter::default(), 1)));
        assert_eq!(PageQuery::default().to_query_string(), "");
    }
}
