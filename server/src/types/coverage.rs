//! Coverage: how the valid records spread over the topics (domain.md section 5).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::TimestampMs;

/// Desired share per leaf topic, in percent; adds up to 100.
pub type TargetDistribution = BTreeMap<String, f64>;

/// Whether a topic has about its target share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TopicStatus {
    /// Below its target by more than the tolerance.
    Under,
    /// Within tolerance.
    Ok,
    /// Above its target by more than the tolerance.
    Over,
}

/// One topic's share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TopicDistribution {
    /// Leaf topic.
    pub topic: String,
    /// Valid records that carry it.
    pub count: i64,
    /// Share of the categorized valid records, 0..100.
    pub percentage: f64,
    /// Desired share, 0..100.
    pub target_percentage: f64,
    /// `target_percentage - percentage` in points; positive: too few.
    pub gap: f64,
    /// `min(5, target_percentage / 4)` points.
    pub tolerance: f64,
    /// By that tolerance.
    pub status: TopicStatus,
    /// Records of this topic to add so that it is within tolerance (the total grows with it); 0 if it is.
    pub needed: i64,
}

/// The balance in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BalanceRating {
    /// >= 0.8
    Excellent,
    /// >= 0.6
    Good,
    /// >= 0.4
    Fair,
    /// >= 0.2
    Poor,
    /// below
    Critical,
}

impl BalanceRating {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Excellent => "excellent",
            Self::Good => "good",
            Self::Fair => "fair",
            Self::Poor => "poor",
            Self::Critical => "critical",
        }
    }
}

/// How balanced a dataset is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoverageReport {
    /// When it was computed.
    pub timestamp: TimestampMs,
    /// All records.
    pub total_records: i64,
    /// The valid ones, on which everything here rests.
    pub valid_records: i64,
    /// Every leaf topic, in the hierarchy's order.
    pub distribution: Vec<TopicDistribution>,
    /// Smallest attainment over largest, 0..1; `None` while nothing is categorized.
    pub balance_score: Option<f64>,
    /// The score in a word.
    pub balance_rating: Option<BalanceRating>,
    /// exp(entropy of the shares): 1..number of topics; `None` while nothing is categorized.
    pub effective_topics: Option<f64>,
    /// What to add where, and what it would reach.
    pub recommendations: Vec<String>,
    /// Valid records without a topic of the hierarchy.
    pub uncategorized_count: i64,
}
