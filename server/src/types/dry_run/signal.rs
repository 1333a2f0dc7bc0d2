//! The learning-signal map: which prompts training can learn from.

use serde::{Deserialize, Serialize};

use super::Interval;

/// What one prompt's rollouts offer to training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Its rollouts' scores differ: training can tell better from worse.
    Learnable,
    /// All score alike and high: nothing is left to learn.
    Solved,
    /// All score alike and low: nothing shows the way.
    Dead,
    /// Fewer than two rollouts were scored.
    Unknown,
}

impl Signal {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Learnable => "learnable",
            Self::Solved => "solved",
            Self::Dead => "dead",
            Self::Unknown => "unknown",
        }
    }
}

/// One prompt on the map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PromptSignal {
    /// The prompt's record.
    pub record_id: i64,
    /// Its topic when the run was planned.
    pub topic: Option<String>,
    /// What it offers.
    pub signal: Signal,
    /// Scored rollouts.
    pub rollouts: i64,
    /// Their mean score; `None` without any.
    pub mean: Option<f64>,
    /// Their highest score less their lowest; `None` without any.
    pub spread: Option<f64>,
}

/// Prompts by what they offer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalCounts {
    /// [`Signal::Learnable`].
    pub learnable: i64,
    /// [`Signal::Solved`].
    pub solved: i64,
    /// [`Signal::Dead`].
    pub dead: i64,
    /// [`Signal::Unknown`]; in no share.
    pub unknown: i64,
}

impl SignalCounts {
    /// Prompts of which it is known.
    pub const fn known(self) -> i64 {
        self.learnable + self.solved + self.dead
    }

    /// Learnable prompts of those known, 0..1; `None` if none is known.
    pub fn learnable_share(self) -> Option<f64> {
        (self.known() > 0).then(|| self.learnable as f64 / self.known() as f64)
    }
}

/// One topic on the map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TopicSignal {
    /// The topic; `None` for uncategorized prompts.
    pub topic: Option<String>,
    /// Its prompts.
    pub counts: SignalCounts,
}

/// How often a training group would teach nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ZeroGradientShare {
    /// Rollouts per prompt in training.
    pub group_size: i64,
    /// Expected share of the groups in which all score alike, 0..1: they have no gradient.
    pub share: f64,
}

/// The learning-signal map in figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LearningSignal {
    /// All prompts.
    pub counts: SignalCounts,
    /// Interval of the learnable share (Wilson); `None` if no prompt is known.
    pub learnable_ci95: Option<Interval>,
    /// By topic, in order of their names, uncategorized last.
    pub by_topic: Vec<TopicSignal>,
    /// At the configured group sizes; empty if no prompt has two scored rollouts.
    pub zero_gradient: Vec<ZeroGradientShare>,
}
