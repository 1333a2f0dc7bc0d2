//! Two runs side by side.

use serde::{Deserialize, Serialize};

use super::Interval;

/// A figure of two runs and how much it differs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// In the first run.
    pub first: f64,
    /// In the second.
    pub second: f64,
    /// Second less first.
    pub difference: f64,
    /// Its interval.
    pub ci95: Interval,
}

impl Difference {
    /// True where the interval leaves out 0: the runs do differ.
    pub fn is_settled(&self) -> bool {
        self.ci95.low > 0.0 || self.ci95.high < 0.0
    }
}

/// Two runs compared: grader versions, models or datasets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RunComparison {
    /// Of the mean score.
    pub mean: Difference,
    /// Of the headroom; `None` unless both runs measured it.
    pub headroom: Option<Difference>,
    /// Prompts that both runs have: compared one by one, so that how hard they are cancels out.
    pub shared_prompts: i64,
    /// Prompts of the first run alone.
    pub only_first: i64,
    /// Prompts of the second run alone.
    pub only_second: i64,
}
