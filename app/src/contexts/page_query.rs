//! What a person sees of a dataset, as the query of its URL:
//! `?step=coverage&records=invalid&error=invalid_role&topic=&review=1&pii=email&q=text&sort=newest&page=3&record=17&dialog=add`, or
//! near-duplicates: `?records=near&cluster=17&page=2&record=18`.
//! Parsed once into [`PageQuery`]; what is not understood is ignored, what is not ours is kept.

use anneal_server::types::dataset::{RecordFilter, RecordSort, ScoreRange};
use anneal_server::types::pii::PiiFilter;
use anneal_server::types::pipeline::PipelineStepId;
use anneal_server::types::validation::{RecordStatus, ValidationError};

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
    /// Records as a file, with choices.
    Download,
}

impl PageDialog {
    const ALL: [Self; 5] = [Self::Add, Self::Replace, Self::Help, Self::DryRun, Self::Download];

    /// The name in the URL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Replace => "replace",
            Self::Help => "help",
            Self::DryRun => "dryrun",
            Self::Download => "download",
        }
    }

    /// The inverse of [`Self::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialog| dialog.as_str() == name)
    }
}

/// Which clusters of near-duplicates the overlay shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NearView {
    /// All of them.
    All,
    /// The records of this one.
    Cluster(i64),
}

impl NearView {
    /// All of them, or this one.
    pub fn new(cluster: Option<i64>) -> Self {
        cluster.map_or(Self::All, Self::Cluster)
    }

    /// The one, if it is one.
    pub const fn cluster(self) -> Option<i64> {
        match self {
            Self::All => None,
            Self::Cluster(id) => Some(id),
        }
    }
}

/// What the URL selects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageQuery {
    /// The step whose panel is open; `None`: the current one.
    pub step: Option<PipelineStepId>,
    /// The records overlay's filter and page (from 1); `None`: closed.
    pub records: Option<(RecordFilter, i64)>,
    /// The overlay shows clusters of near-duplicates instead; a filter does not count then.
    pub near: Option<NearView>,
    /// The order of the overlay's records.
    pub sort: RecordSort,
    /// The record opened in the overlay's reading pane.
    pub record: Option<i64>,
    /// The open dialog.
    pub dialog: Option<PageDialog>,
    /// Parameters of a panel's own (`run`, `tab`, ...), in the order of the URL.
    pub other: Vec<(String, String)>,
}

/// What a form's list of topics sends for "any topic"; no topic can be called so. (An empty one means "without".)
pub const ANY_TOPIC: &str = "\u{1}any";

const OWN_KEYS: [&str; 14] = [
    "step",
    "records",
    "cluster",
    "error",
    "topic",
    "review",
    "generated",
    "score",
    "pii",
    "q",
    "sort",
    "page",
    "record",
    "dialog",
];

/// What the overlay shows instead of records by status.
const NEAR: &str = "near";

/// A refused form's address has its error (`__err`) and what was typed; no link of the page carries them along.
fn is_of_a_panel(key: &str) -> bool {
    !OWN_KEYS.contains(&key) && !key.starts_with("__") && !["name", "objective"].contains(&key)
}

impl PageQuery {
    /// From the URL's query, with or without its `?`. The router's own map is not used: it decodes values
    /// twice, and escapes differently on the server and in the browser.
    pub fn parse(search: &str) -> Self {
        let pairs = pairs_of(search);
        let get = |key: &str| pairs.iter().rev().find(|(other, _)| other == key).map(|(_, value)| value.as_str());
        Self {
            step: get("step").and_then(PipelineStepId::parse),
            records: records_of(&get),
            near: (get("records") == Some(NEAR)).then(|| NearView::new(get("cluster").and_then(|id| id.parse().ok()))),
            sort: get("sort").and_then(RecordSort::parse).unwrap_or_default(),
            record: get("record").and_then(|id| id.parse().ok()),
            dialog: get("dialog").and_then(PageDialog::parse),
            other: pairs.iter().filter(|(key, _)| is_of_a_panel(key)).cloned().collect(),
        }
    }

    /// The query string with its `?`; empty if nothing is selected.
    pub fn to_query_string(&self) -> String {
        query_string(&self.pairs())
    }

    /// The parameters in the order of the URL, not escaped: also the hidden fields of a form that goes here.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        let mut add = |key: &str, value: &str| pairs.push((key.to_owned(), value.to_owned()));
        if let Some(step) = self.step {
            add("step", step.as_str());
        }
        if let Some((filter, page)) = &self.records {
            add("records", self.near.map_or(filter.status.map_or("all", RecordStatus::as_str), |_| NEAR));
            if let Some(NearView::Cluster(cluster)) = self.near {
                add("cluster", &cluster.to_string());
            }
            let filter = if self.near.is_some() { &RecordFilter::default() } else { filter };
            if let Some(error) = filter.error {
                add("error", error.as_str());
            }
            if let Some(topic) = &filter.topic {
                add("topic", topic);
            }
            if filter.needs_review {
                add("review", "1");
            }
            if filter.generated {
                add("generated", "1");
            }
            if let Some(score) = filter.score {
                add("score", &score.key());
            }
            if let Some(pii) = filter.pii {
                add("pii", pii.as_str());
            }
            if let Some(text) = &filter.text {
                add("q", text);
            }
            if self.sort != RecordSort::default() {
                add("sort", self.sort.as_str());
            }
            if *page > 1 {
                add("page", &page.to_string());
            }
            if let Some(record) = self.record {
                add("record", &record.to_string());
            }
        }
        if let Some(dialog) = self.dialog {
            add("dialog", dialog.as_str());
        }
        for (key, value) in &self.other {
            add(key, value);
        }
        pairs
    }
}

fn records_of<'a>(get: &impl Fn(&str) -> Option<&'a str>) -> Option<(RecordFilter, i64)> {
    let status = match get("records")? {
        "all" | NEAR => None,
        name => Some(RecordStatus::parse(name)?),
    };
    let filter = RecordFilter {
        status,
        error: get("error").and_then(ValidationError::parse),
        topic: get("topic").filter(|topic| *topic != ANY_TOPIC).map(str::to_owned),
        needs_review: get("review") == Some("1"),
        generated: get("generated") == Some("1"),
        score: get("score").and_then(ScoreRange::parse),
        pii: get("pii").and_then(PiiFilter::parse),
        text: get("q").filter(|text| !text.is_empty()).map(str::to_owned),
    };
    let page = get("page").and_then(|page| page.parse().ok()).filter(|page| *page >= 1).unwrap_or(1);
    Some((filter, page))
}

/// Parameters as a query string with its `?`; empty without any.
pub fn query_string(pairs: &[(String, String)]) -> String {
    let mut query = String::new();
    for (key, value) in pairs {
        query.push(if query.is_empty() { '?' } else { '&' });
        escape_into(&mut query, key);
        query.push('=');
        escape_into(&mut query, value);
    }
    query
}

/// Keys and values of a query string, with or without its `?`, decoded.
pub fn pairs_of(search: &str) -> Vec<(String, String)> {
    let search = search.strip_prefix('?').unwrap_or(search);
    let pairs = search.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (unescaped(key), unescaped(value)))
        .collect()
}

/// Everything but what RFC 3986 calls unreserved becomes `%XX` of its UTF-8 bytes.
fn escape_into(query: &mut String, text: &str) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            query.push(char::from(byte));
        } else {
            query.extend(['%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
}

/// The inverse, also of `+` for a space; a `%` that is no escape stays.
fn unescaped(text: &str) -> String {
    let digit = |byte: Option<&u8>| {
        byte.and_then(|byte| char::from(*byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok())
    };
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = digit(bytes.get(at + 1)).zip(digit(bytes.get(at + 2))).filter(|_| *byte == b'%');
        decoded.push(match escaped {
            Some((high, low)) => high << 4 | low,
            None if *byte == b'+' => b' ',
            None => *byte,
        });
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use anneal_server::types::pii::PiiKind;

    use super::*;

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
                    generated: true,
                    text: Some("50% & more? %41 ü+".to_owned()),
                    score: Some(ScoreRange { from: 20, to: 40 }),
                    pii: Some(PiiFilter::Of(PiiKind::ApiKey)),
                },
                3,
            )),
            near: None,
            sort: RecordSort::MostMessages,
            record: Some(17),
            dialog: Some(PageDialog::Help),
            other: vec![("run".to_owned(), "a b".to_owned())],
        };
        let text = query.to_query_string();
        assert_eq!(
            text,
            "?step=dryrun&records=invalid&error=invalid_role&topic=&review=1&generated=1&score=20-40&pii=api_key&q=50%25%20%26%20more%3F%20%2541%20%C3%BC%2B\
             &sort=most_messages&page=3&record=17&dialog=help&run=a%20b"
        );
        assert_eq!(PageQuery::parse(&text), query);
        assert_eq!(PageQuery::parse(&text[1..]), query, "the router leaves the question mark out");
    }

    #[test]
    fn near_duplicates_have_an_address() {
        for (text, near, page) in [
            ("?records=near", NearView::All, 1),
            ("?records=near&cluster=17&page=2&record=18", NearView::Cluster(17), 2),
        ] {
            let query = PageQuery::parse(text);
            assert_eq!((query.near, query.records.as_ref()), (Some(near), Some(&(RecordFilter::default(), page))));
            assert_eq!(query.to_query_string(), text);
        }
        assert_eq!(PageQuery::parse("?records=all&cluster=17").near, None);
    }

    #[test]
    fn nonsense_is_ignored() {
        assert_eq!(PageQuery::parse("?step=nope&records=some&page=-1&record=x&dialog="), PageQuery::default());
        assert_eq!(
            PageQuery::parse("records=all&page=0&error=?&score=40-20&generated=yes&sort=up").records,
            Some((RecordFilter::default(), 1))
        );
        assert_eq!(
            PageQuery::parse("?step=topics&step=coverage").step,
            Some(PipelineStepId::Coverage),
            "the last one counts"
        );
        assert_eq!(PageQuery::default().to_query_string(), "");
    }

    #[test]
    fn a_plain_form_says_the_same_as_a_link() {
        let parsed = PageQuery::parse("?step=topics&records=valid&error=&topic=%01any&q=late+fee");
        let filter = RecordFilter {
            status: Some(RecordStatus::Valid),
            text: Some("late fee".to_owned()),
            ..RecordFilter::default()
        };
        assert_eq!(parsed.records, Some((filter, 1)));
        assert_eq!(
            parsed.pairs(),
            [("step", "topics"), ("records", "valid"), ("q", "late fee")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn values_are_decoded_once() {
        for (text, expected) in [
            ("a+b%20c", "a b c"),
            ("100%", "100%"),
            ("%4", "%4"),
            ("%zz", "%zz"),
            ("%2541", "%41"),
            ("%FF", "\u{fffd}"),
        ] {
            assert_eq!(unescaped(text), expected, "{text}");
        }
    }
}
