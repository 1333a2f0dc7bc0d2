//! The scores in figures.

use serde::{Deserialize, Serialize};

use super::Quality;

/// A 95% interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The percentiles shown, by linear interpolation (Hyndman and Fan's type 7, numpy's default).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// 10%
    pub p10: f64,
    /// 25%
    pub p25: f64,
    /// 75%
    pub p75: f64,
    /// 90%
    pub p90: f64,
}

/// Shares of the scores, 0..1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ScoreFractions {
    /// Above 0.
    pub gt0: f64,
    /// Exactly 1.
    pub eq1: f64,
}

/// The scores in figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DryRunStatistics {
    /// Scores they rest on.
    pub count: i64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Sample standard deviation (n-1); 0 for one score.
    pub std: f64,
    /// 50%.
    pub median: f64,
    /// Lowest.
    pub min: f64,
    /// Highest.
    pub max: f64,
    /// p10, p25, p75, p90.
    pub percentiles: Percentiles,
    /// Shares above 0 and at 1.
    pub score_fractions: ScoreFractions,
    /// `std / sqrt(n)`.
    pub standard_error: f64,
    /// Bootstrap over prompts, seeded.
    pub mean_ci95: Interval,
    /// The same for the deviation.
    pub std_ci95: Interval,
    /// Expected gain: needs two rollouts per prompt or more, so none for recorded responses.
    pub headroom: Option<f64>,
    /// Its interval.
    pub headroom_ci95: Option<Interval>,
}

/// One bar of the histogram: `[low, high)`, the last one `[0.9, 1.0]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ScoreBucket {
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
    /// Scores in it.
    pub count: i64,
    /// Share of all scores, 0..1.
    pub share: f64,
}

/// One topic's scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TopicScore {
    /// The topic; `None` for uncategorized prompts.
    pub topic: Option<String>,
    /// Mean score.
    pub mean: f64,
    /// Sample standard deviation; 0 for one score.
    pub std: f64,
    /// Scores.
    pub count: i64,
    /// good: mean >= 0.25; attention: 0.10..0.25 or fewer than 5 samples; problem: < 0.10.
    pub status: Quality,
}
