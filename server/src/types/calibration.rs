//! Calibration: people score responses by hand, and see how far the grader agrees (domain.md section 7).

use serde::{Deserialize, Serialize};

use super::TimestampMs;
use super::dataset::DatasetRecord;
use super::dry_run::Interval;
use super::grader::PartScore;

/// What a person can say that a response is worth: the keys 1 to 5, from bad to good.
pub const HAND_LEVELS: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
/// Below this number of samples nothing is said of agreement.
pub const LEAST_SAMPLES: i64 = 5;
/// A weighted kappa of at least this is called good agreement ("substantial" by Landis and Koch 1977).
pub const AGREES_WELL: f64 = 0.6;
/// A weighted kappa of at least this is called partial agreement ("moderate" by Landis and Koch 1977).
pub const AGREES_PARTLY: f64 = 0.4;
/// A rank correlation of at least this with a lower kappa means: the same order on another scale.
pub const RANKS_ALIKE: f64 = 0.6;
/// Longest note to a hand score, in characters.
pub const LONGEST_NOTE: usize = 2_000;

/// What a person said of a response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HandScore {
    /// One of [`HAND_LEVELS`].
    pub score: f64,
    /// Why; may be empty.
    pub note: String,
    /// When it was last said.
    pub created_at: TimestampMs,
}

/// How many hand scores a dataset has and when the last one came: changes whenever one of them does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandScoreTally {
    /// How many.
    pub count: i64,
    /// The newest; `None` without any.
    pub newest: Option<TimestampMs>,
}

/// Samples to be scored, in the order in which they are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandScoreQueue {
    /// At most twenty.
    pub samples: Vec<QueuedSample>,
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuedSample {
    /// The record.
    pub record_id: i64,
    /// Whether its present response has a hand score.
    pub is_scored: bool,
}

/// A sample as the drawer shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HandScoreSample {
    /// Prompt and response.
    pub record: DatasetRecord,
    /// Names the response, so that no score is given to another one than was read.
    pub response_hash: String,
    /// What a person said of it.
    pub hand: Option<HandScore>,
    /// What the grader says; never sent before there is a hand score.
    pub grader: Option<GraderSays>,
}

/// What the current grader says of a response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GraderSays {
    /// Its version.
    pub version: i64,
    /// 0..1; `None` if it failed.
    pub score: Option<f64>,
    /// Its own explanation.
    pub reasoning: Option<String>,
    /// Why there is no score.
    pub error: Option<String>,
    /// What its parts said.
    pub parts: Vec<PartScore>,
}

/// A number with its 95% interval, or why there is none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The number; `None` where it is not defined.
    pub value: Option<f64>,
    /// Bootstrap over samples, percentiles; `None` where too few resamples define the number.
    pub ci95: Option<Interval>,
    /// Why one of them is missing.
    pub why: Option<String>,
}

/// Agreement in figures. "Difference" is always grader minus person.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AgreementFigures {
    /// Linear correlation.
    pub pearson: Estimate,
    /// Correlation of ranks; ties have their mean rank.
    pub spearman: Estimate,
    /// Cohen's kappa with quadratic weights on fifths: [0, 0.2), [0.2, 0.4), ... [0.8, 1].
    pub kappa: Estimate,
    /// Mean difference: above 0, the grader is more lenient.
    pub mean_difference: Estimate,
    /// Mean of the differences without their signs.
    pub mean_absolute_difference: Estimate,
}

/// Agreement in a word, by the weighted kappa.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgreementLevel {
    /// At least [`AGREES_WELL`].
    Well,
    /// At least [`AGREES_PARTLY`].
    Partly,
    /// Less.
    Poorly,
}

impl AgreementLevel {
    /// Of a weighted kappa.
    pub fn of(kappa: f64) -> Self {
        if kappa >= AGREES_WELL {
            Self::Well
        } else if kappa >= AGREES_PARTLY {
            Self::Partly
        } else {
            Self::Poorly
        }
    }

    /// "agrees well".
    pub const fn words(self) -> &'static str {
        match self {
            Self::Well => "agrees well",
            Self::Partly => "agrees partly",
            Self::Poorly => "agrees poorly",
        }
    }
}

/// What is said of the grader besides how far it agrees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgreementRemark {
    /// The interval of the mean difference lies above 0.
    TooLenient,
    /// It lies below 0.
    TooStrict,
    /// The order is alike, the scale is not.
    OtherScale,
    /// The interval reaches over a bound between two words: more samples would settle it.
    NotSettled,
}

/// The conclusion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// The figures.
    pub figures: AgreementFigures,
    /// In a word; `None` where kappa is not defined.
    pub level: Option<AgreementLevel>,
    /// What else is to be said.
    pub remarks: Vec<AgreementRemark>,
}

/// A sample on which person and grader differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Disagreement {
    /// The record.
    pub record_id: i64,
    /// The start of its last user message.
    pub prompt_preview: String,
    /// What the person said.
    pub hand: HandScore,
    /// What the grader said.
    pub grader: GraderSays,
}

/// How far the current grader agrees with the people.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CalibrationReport {
    /// The current grader; `None`: there is none.
    pub grader_version: Option<i64>,
    /// Responses with a hand score, as they are now.
    pub hand_scored: i64,
    /// Hand scores of responses that were changed since.
    pub outdated: i64,
    /// Responses with both scores: what the figures are of.
    pub compared: i64,
    /// Hand-scored responses that a model would have to be asked about.
    pub ungraded: i64,
    /// Hand-scored responses that the grader failed on.
    pub failed: i64,
    /// `None` below [`LEAST_SAMPLES`].
    pub agreement: Option<Agreement>,
    /// The largest differences, at most five, the largest first.
    pub disagreements: Vec<Disagreement>,
}

/// What a round of grading hand-scored responses came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HandScoresGraded {
    /// Agreement now.
    pub report: CalibrationReport,
    /// How many of this round have no score.
    pub failed: i64,
    /// Why the first of them has none.
    pub error: Option<String>,
}
