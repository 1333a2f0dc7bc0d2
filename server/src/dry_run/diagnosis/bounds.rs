//! The bounds of a diagnosis: configuration, not literals.

/// Every bound of the table in domain.md section 8; the defaults are its numbers. Scores and shares are 0..1. "Below"
/// and "above" are strict: a value on its bound is fine.
#[derive(Debug, Clone, PartialEq)]
pub struct DiagnosisBounds {
    /// A mean below this is a NO-GO.
    pub mean_no_go_below: f64,
    /// A mean below this is a CAUTION.
    pub mean_caution_below: f64,
    /// A mean above this is a CAUTION.
    pub mean_caution_above: f64,
    /// A mean above this is a NO-GO.
    pub mean_no_go_above: f64,
    /// A standard deviation below this is a NO-GO.
    pub std_no_go_below: f64,
    /// A standard deviation below this is a CAUTION.
    pub std_caution_below: f64,
    /// A share of scores above 0 that is below this is a NO-GO.
    pub nonzero_no_go_below: f64,
    /// A share of scores at exactly 1 above this is a CAUTION.
    pub ones_caution_above: f64,
    /// A score this near to 0 or 1 counts as one of a binary grader.
    pub binary_within: f64,
    /// A share of such scores above this is a warning.
    pub binary_share_above: f64,
    /// A topic's mean below this is a CAUTION,
    pub topic_mean_below: f64,
    /// if it has so many samples.
    pub topic_min_samples: i64,
    /// A balance score below this is a CAUTION.
    pub balance_below: f64,
    /// A correlation with length whose absolute value is above this is a CAUTION.
    pub length_correlation_above: f64,
    /// A share of failed samples above this is a CAUTION.
    pub failed_caution_above: f64,
    /// A share of failed samples above this is a NO-GO.
    pub failed_no_go_above: f64,
    /// Fewer graded prompts than this are a CAUTION.
    pub min_prompts: i64,
    /// Responses per prompt of the run that would measure the headroom.
    pub rollouts_that_would_know: i64,
    /// A training is worth it if the reward grows by this,
    pub gain_at_least: f64,
    /// and by this share of the mean.
    pub gain_share_at_least: f64,
    /// A headroom of so many times what must be gained leaves a margin for what a dry run cannot see.
    pub headroom_margin: f64,
    /// A topic's low mean decides nothing while this share of its prompts or more is learnable.
    pub topic_learnable_below: f64,
    /// A share of learnable prompts below this is a NO-GO.
    pub learnable_no_go_below: f64,
    /// A share of learnable prompts below this wants attention.
    pub learnable_attention_below: f64,
    /// A share of judge noise in the variance within prompts above this is a NO-GO.
    pub noise_share_no_go_above: f64,
    /// Scores that differ by more than this do differ.
    pub differs_above: f64,
    /// A prompt whose rollouts all score alike is solved if they score this or more, else dead.
    pub solved_from: f64,
    /// Rollouts per prompt in training for which the share of groups without gradient is told.
    pub group_sizes: Vec<i64>,
    /// Half of the headroom's interval up to this is high confidence,
    pub confidence_high_up_to: f64,
    /// up to this medium, else low.
    pub confidence_medium_up_to: f64,
    /// A grader whose 10th and 90th percentile are nearer to each other than this uses a narrow range.
    pub narrow_range_below: f64,
    /// A grader that tells the rollouts of this share of the prompts apart,
    pub ranks_from: f64,
    /// with less than this share of noise in it, ranks well.
    pub ranks_with_noise_below: f64,
    /// The normal deviate of intervals that are looked at again and again while a run goes on.
    pub looking_z: f64,
    /// No run is settled with fewer prompts than this.
    pub settled_from_prompts: i64,
}

impl Default for DiagnosisBounds {
    fn default() -> Self {
        Self {
            mean_no_go_below: 0.10,
            mean_caution_below: 0.20,
            mean_caution_above: 0.60,
            mean_no_go_above: 0.90,
            std_no_go_below: 0.10,
            std_caution_below: 0.15,
            nonzero_no_go_below: 0.10,
            ones_caution_above: 0.50,
            binary_within: 0.01,
            binary_share_above: 0.60,
            topic_mean_below: 0.10,
            topic_min_samples: 5,
            balance_below: 0.50,
            length_correlation_above: 0.35,
            failed_caution_above: 0.10,
            failed_no_go_above: 0.50,
            min_prompts: 30,
            rollouts_that_would_know: 4,
            gain_at_least: 0.03,
            gain_share_at_least: 0.10,
            headroom_margin: 1.4,
            topic_learnable_below: 0.10,
            learnable_no_go_below: 0.05,
            learnable_attention_below: 0.30,
            noise_share_no_go_above: 0.90,
            differs_above: 1e-9,
            solved_from: 0.5,
            group_sizes: vec![4, 8, 16],
            confidence_high_up_to: 0.015,
            confidence_medium_up_to: 0.03,
            narrow_range_below: 0.30,
            ranks_from: 0.50,
            ranks_with_noise_below: 0.50,
            looking_z: 2.7,
            settled_from_prompts: 60,
        }
    }
}

impl DiagnosisBounds {
    /// What a training must gain to be worth it, where the mean score is `mean`.
    pub fn must_gain(&self, mean: f64) -> f64 {
        self.gain_at_least.max(self.gain_share_at_least * mean)
    }
}
