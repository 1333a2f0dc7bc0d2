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
    /// Of the mean, the prompt being the unit: `std / sqrt(n)` with one response per prompt, the linearised error of a
    /// ratio over prompts with more (Cochran 1977, "Sampling Techniques", eq. 2.46).
    pub standard_error: f64,
    /// Bootstrap over prompts, seeded.
    pub mean_ci95: Interval,
    /// The same for the deviation.
    pub std_ci95: Interval,
    /// Expected gain: mean over prompts of the best rollout's score less the mean of its rollouts, the best picked by one
    /// grading and valued by another. Needs two rollouts per prompt or more, so none for recorded responses.
    pub headroom: Option<f64>,
    /// Its interval.
    pub headroom_ci95: Option<Interval>,
    /// True where the grader may waver and too few responses were graded twice: then the headroom has judge noise in it,
    /// and the true one is lower.
    #[serde(default)]
    pub headroom_is_upper_bound: bool,
    /// What the scores' variance is made of; `None` with one response per prompt.
    #[serde(default)]
    pub variance: Option<VarianceParts>,
    /// Prompts with a score; `None` in reports of earlier versions, which had one score per prompt. See [`Self::prompts`].
    #[serde(default)]
    pub prompt_count: Option<i64>,
}

impl DryRunStatistics {
    /// Prompts that the scores belong to.
    pub fn prompts(&self) -> i64 {
        self.prompt_count.unwrap_or(self.count)
    }
}

/// The variance of one score, split by where it comes from (one-way random-effects analysis of variance; the parts are
/// not below 0). Training learns from the part within prompts alone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct VarianceParts {
    /// Some prompts are easier than others.
    pub between_prompts: f64,
    /// The same prompt is answered better and worse; without the judge's noise where that is known.
    pub within_prompts: f64,
    /// The same response is scored differently when graded again; 0 for a deterministic grader, `None` where too few
    /// responses were graded twice.
    pub judge_noise: Option<f64>,
}

impl VarianceParts {
    /// The share of the judge's noise in what differs within prompts, 0..1; `None` where it is not known or nothing differs.
    pub fn noise_share(&self) -> Option<f64> {
        let noise = self.judge_noise?;
        let within = self.within_prompts + noise;
        (within > 0.0).then(|| noise / within)
    }
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
    /// Prompts.
    pub count: i64,
    /// good: mean >= 0.25; attention: 0.10..0.25 or fewer than 5 prompts; problem: < 0.10.
    pub status: Quality,
}
