//! One world's trial: what training gained, and what a dry run said beforehand.

use anneal_server::dry_run::diagnosis::DiagnosisBounds;
use anneal_server::dry_run::evaluate::Evaluation;
use anneal_server::types::dry_run::{DryRunStatistics, Interval, Verdict};

use crate::dry::{ROLLOUTS, Stop, dry_run};
use crate::grader::Kind;
use crate::train::{Outcome, train};
use crate::world::{Truth, World};

/// Fresh prompts that the truth is computed from.
const TRUTH_PROMPTS: usize = 3_000;

/// What came of a world.
pub struct Trial {
    pub seed: u64,
    pub kind: Kind,
    /// Whether it is of the make with strategies.
    pub skills: bool,
    /// How far training could go.
    pub travel: f64,
    pub outcome: Outcome,
    pub truth: Truth,
    pub statistics: DryRunStatistics,
    pub headroom: f64,
    pub headroom_ci95: Interval,
    /// The product's verdict.
    pub verdict: Verdict,
    /// The plan's rule on pooled scores.
    pub pooled: Verdict,
    /// The fixed bounds of domain.md.
    pub fixed: Verdict,
    /// Where the product would have stopped.
    pub stop: Option<Stop>,
    /// Every figure of the dry run.
    pub features: Vec<f64>,
    /// Whether score follows length, so that the product never says GO.
    pub follows_length: bool,
}

impl Trial {
    /// Makes a world, trains in it, and dry-runs it. `None` if the dry run has no figures, which would be a defect.
    pub fn of(seed: u64, bounds: &DiagnosisBounds) -> Option<Self> {
        let world = World::new(seed);
        let dry_run = dry_run(&world);
        let evaluation = dry_run.evaluation(seed, bounds);
        let statistics = evaluation.statistics.clone()?;
        Some(Self {
            seed,
            kind: world.grader.kind,
            skills: world.is_skills(),
            travel: world.training.travel(),
            outcome: train(&world),
            truth: world.truth(ROLLOUTS, TRUTH_PROMPTS),
            headroom: statistics.headroom?,
            headroom_ci95: statistics.headroom_ci95?,
            verdict: evaluation.diagnosis.as_ref()?.verdict,
            pooled: dry_run.pooled_verdict(seed, bounds)?,
            fixed: fixed_bounds(&evaluation, bounds)?,
            stop: dry_run.stopped_early(seed, bounds),
            features: features(&evaluation)?,
            follows_length: follows_length(&evaluation, bounds),
            statistics,
        })
    }
}

fn follows_length(evaluation: &Evaluation, bounds: &DiagnosisBounds) -> bool {
    evaluation.length_correlation.is_some_and(|correlation| correlation.abs() > bounds.length_correlation_above)
}

/// domain.md's first rule: the headroom's interval above 0.05 or below 0.02, capped by any topic below 0.10.
fn fixed_bounds(evaluation: &Evaluation, bounds: &DiagnosisBounds) -> Option<Verdict> {
    let statistics = evaluation.statistics.as_ref()?;
    let interval = statistics.headroom_ci95?;
    let learnable = evaluation.signal.as_ref()?.counts.learnable_share()?;
    let noise = statistics.variance.and_then(|parts| parts.noise_share()).unwrap_or(0.0);
    let low_topic = evaluation
        .by_topic
        .iter()
        .any(|topic| topic.count >= bounds.topic_min_samples && topic.mean < bounds.topic_mean_below);
    Some(
        if interval.high < 0.02 || learnable < bounds.learnable_no_go_below || noise > bounds.noise_share_no_go_above {
            Verdict::NoGo
        } else if interval.low > 0.05 && !low_topic && !follows_length(evaluation, bounds) {
            Verdict::Go
        } else {
            Verdict::Caution
        },
    )
}

/// What the forest sees.
fn features(evaluation: &Evaluation) -> Option<Vec<f64>> {
    let statistics = evaluation.statistics.as_ref()?;
    let signal = evaluation.signal.as_ref()?;
    let (headroom, interval) = (statistics.headroom?, statistics.headroom_ci95?);
    let parts = statistics.variance?;
    let known = signal.counts.known().max(1) as f64;
    let lowest = evaluation.by_topic.iter().map(|topic| topic.mean).fold(1.0, f64::min);
    let mut features = vec![
        statistics.mean,
        statistics.std,
        statistics.median,
        statistics.mean_ci95.low,
        statistics.mean_ci95.high,
        statistics.percentiles.p10,
        statistics.percentiles.p90,
        statistics.score_fractions.gt0,
        statistics.score_fractions.eq1,
        headroom,
        interval.low,
        interval.high,
        headroom / statistics.mean.max(0.01),
        parts.between_prompts,
        parts.within_prompts,
        parts.within_prompts.sqrt(),
        parts.noise_share().unwrap_or(0.0),
        signal.counts.learnable as f64 / known,
        signal.counts.solved as f64 / known,
        signal.counts.dead as f64 / known,
        evaluation.length_correlation.unwrap_or(0.0),
        lowest,
    ];
    features.extend(signal.zero_gradient.iter().map(|zero| zero.share));
    Some(features)
}
