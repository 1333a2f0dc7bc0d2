//! The list of records: what it can be asked, and what it shows.

use serde::{Deserialize, Serialize};

use crate::types::TimestampMs;
use crate::types::pii::PiiFilter;
use crate::types::validation::{RecordStatus, RecordValidationStatus, ValidationError};

/// Which records a page of the records overlay shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordFilter {
    /// `None`: all of them.
    pub status: Option<RecordStatus>,
    /// Only those whose errors contain this one.
    pub error: Option<ValidationError>,
    /// Only those carrying this topic; the empty string means none.
    pub topic: Option<String>,
    /// Only those whose topic needs review.
    pub needs_review: bool,
    /// Only those with personal data of this kind.
    #[serde(default)]
    pub pii: Option<PiiFilter>,
    /// Only synthetic ones.
    #[serde(default)]
    pub generated: bool,
    /// Only those that say these words: in a message, a tool call or result, or the reference answer. Case does not count,
    /// nor do accents; words in quotes must stand in that order; the last one may be the beginning of a word.
    pub text: Option<String>,
    /// Only those whose answer the newest finished dry run scored so.
    #[serde(default)]
    pub score: Option<ScoreRange>,
}

/// In which order the records overlay lists records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordSort {
    /// As they were imported.
    #[default]
    Oldest,
    /// The last imported first.
    Newest,
    /// The longest conversations first, by messages of the prompt.
    MostMessages,
    /// The shortest first.
    FewestMessages,
    /// The last edited first.
    LastChanged,
    /// The last edited last.
    FirstChanged,
    /// By the score in the newest finished dry run, the best first; only those that were scored.
    HighestScore,
    /// The worst first.
    LowestScore,
}

impl RecordSort {
    /// Every order, as a list offers them.
    pub const ALL: [Self; 8] = [
        Self::Oldest,
        Self::Newest,
        Self::LastChanged,
        Self::FirstChanged,
        Self::MostMessages,
        Self::FewestMessages,
        Self::HighestScore,
        Self::LowestScore,
    ];

    /// The name in JSON and in the address.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oldest => "oldest",
            Self::Newest => "newest",
            Self::MostMessages => "most_messages",
            Self::FewestMessages => "fewest_messages",
            Self::LastChanged => "last_changed",
            Self::FirstChanged => "first_changed",
            Self::HighestScore => "highest_score",
            Self::LowestScore => "lowest_score",
        }
    }

    /// The inverse of [`Self::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.as_str() == name)
    }

    /// The same order from its end.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Oldest => Self::Newest,
            Self::Newest => Self::Oldest,
            Self::MostMessages => Self::FewestMessages,
            Self::FewestMessages => Self::MostMessages,
            Self::LastChanged => Self::FirstChanged,
            Self::FirstChanged => Self::LastChanged,
            Self::HighestScore => Self::LowestScore,
            Self::LowestScore => Self::HighestScore,
        }
    }

    /// What people call it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Oldest => "Import order",
            Self::Newest => "Newest first",
            Self::MostMessages => "Most messages",
            Self::FewestMessages => "Fewest messages",
            Self::LastChanged => "Last changed",
            Self::FirstChanged => "Longest unchanged",
            Self::HighestScore => "Highest score",
            Self::LowestScore => "Lowest score",
        }
    }
}

/// A search counts so many matches exactly; of more it says that there are more.
pub const SEARCH_COUNTED: i64 = 10_000;

/// Scores from one to another, in hundredths: whole numbers, so that an address says them exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreRange {
    /// From this one on.
    pub from: u8,
    /// Up to this one, which is itself only in it where it is 100.
    pub to: u8,
}

impl ScoreRange {
    /// The five that a list offers.
    pub const FIFTHS: [Self; 5] = [
        Self { from: 0, to: 20 },
        Self { from: 20, to: 40 },
        Self { from: 40, to: 60 },
        Self { from: 60, to: 80 },
        Self { from: 80, to: 100 },
    ];

    /// "20-40", as in an address.
    pub fn key(self) -> String {
        format!("{}-{}", self.from, self.to)
    }

    /// The inverse of [`Self::key`].
    pub fn parse(key: &str) -> Option<Self> {
        let (from, to) = key.split_once('-')?;
        let range = Self { from: from.parse().ok()?, to: to.parse().ok()? };
        (range.from < range.to && range.to <= 100).then_some(range)
    }

    /// "0.20 to 0.40".
    pub fn words(self) -> String {
        format!("{:.2} to {:.2}", f64::from(self.from) / 100.0, f64::from(self.to) / 100.0)
    }
}

/// Most records that one call deletes, exports or ticks: what one transaction can hold without keeping others waiting.
pub const MAX_SELECTED: usize = 10_000;

/// The records of one topic among those that match a filter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicGroup {
    /// As they carry it; `None`: none.
    pub topic: Option<String>,
    /// How many.
    pub records: i64,
}

/// What is done with every record that matches a filter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum BulkAction {
    /// Gives them a topic by hand; `None` takes theirs away.
    Assign {
        /// The topic.
        topic: Option<String>,
    },
    /// Deletes them, to be undone like any other deletion.
    Delete,
}

/// A deletion of records that can still be undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordDeletion {
    /// What the undo names.
    pub id: String,
    /// How many went.
    pub records: i64,
    /// When.
    pub deleted_at: TimestampMs,
}

/// One row of the records overlay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordRow {
    /// The record's id.
    pub id: i64,
    /// The start of the last user message (at most 240 characters); the raw line where it did not parse.
    pub preview: String,
    /// Messages in the prompt.
    pub message_count: i64,
    /// Whether production's answer is recorded.
    pub has_output: bool,
    /// Its topic.
    pub topic: Option<String>,
    /// How sure the label is, 0..1.
    pub topic_confidence: Option<f64>,
    /// How it got that topic: one set by a person or brought by the file has no confidence to speak of.
    pub topic_method: Option<crate::types::topics::CategorizationMethod>,
    /// Whether a person should look at the label.
    pub needs_review: bool,
    /// Line in its file.
    pub line: Option<i64>,
    /// Its file.
    pub file_name: Option<String>,
    /// Synthetic?
    pub is_generated: bool,
    /// Its score in the newest finished dry run, if that sampled it.
    pub score: Option<f64>,
    /// When its data was last edited, or stored.
    pub updated_at: TimestampMs,
    /// What validation says.
    pub validation: RecordValidationStatus,
}

/// A page of records.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RecordPage {
    /// The rows, in the order asked for.
    pub rows: Vec<RecordRow>,
    /// How many records match the filter in all.
    pub total: i64,
    /// Whether a search matches more than `total` (then [`SEARCH_COUNTED`]) records.
    #[serde(default)]
    pub at_least: bool,
    /// The page shown, from 1.
    pub page: i64,
    /// Rows per page.
    pub page_size: i64,
}
