//! The data of the comparisons with numpy and scipy: 80 prompts with 4 rollouts each, by a small congruence.
//!
//! `score(i, j) = ((7 i^2 + 31 j + 13 i j + 5) mod 101) / 100 * (i mod 4 + 1) / 4`.

use super::rollouts::{PromptRollouts, Rollout};

/// Score `j` of prompt `i`.
pub(super) fn score(i: i64, j: i64) -> f64 {
    ((i * i * 7 + j * 31 + i * j * 13 + 5) % 101) as f64 / 100.0 * (i % 4 + 1) as f64 / 4.0
}

/// The prompts.
pub(super) fn prompts() -> Vec<PromptRollouts> {
    prompts_of(|i, j| Some((score(i, j), None)))
}

/// 80 prompts with up to 4 rollouts; `None` leaves one out.
pub(super) fn prompts_of(rollout: impl Fn(i64, i64) -> Option<(f64, Option<f64>)>) -> Vec<PromptRollouts> {
    (0..80)
        .map(|i| PromptRollouts {
            record_id: i,
            topic: Some(format!("topic {}", i % 3)),
            rollouts: (0..4)
                .filter_map(|j| {
                    let (score, regrade) = rollout(i, j)?;
                    let chars = (i * 17 + j * 29 + hundredths(score) * 3) % 97 + 20;
                    Some(Rollout { score, regrade, response_chars: usize::try_from(chars).unwrap() })
                })
                .collect(),
        })
        .collect()
}

#[expect(clippy::cast_possible_truncation, reason = "0..=100")]
fn hundredths(score: f64) -> i64 {
    (100.0 * score) as i64
}
