//! A dry run of a world by the product's own sampling, statistics and diagnosis.

use anneal_server::dry_run::diagnosis::DiagnosisBounds;
use anneal_server::dry_run::evaluate::{Evaluation, RolloutRun, evaluate};
use anneal_server::dry_run::rollouts::{GraderNoise, PromptRollouts, Rollout, to_grade_twice};
use anneal_server::dry_run::sample::{allocate, choose_indices};
use anneal_server::dry_run::settled::{look_every, order, settled};
use anneal_server::types::dry_run::Verdict;

use crate::random::Random;
use crate::world::{Answer, Prompt, World};

/// Prompts of a dry run.
pub const PROMPTS: i64 = 300;
/// Rollouts per prompt.
pub const ROLLOUTS: i64 = 4;
/// Share of the prompts whose responses a wavering grader grades all twice; of the others it does the best one.
pub const GRADED_TWICE: f64 = 0.1;

/// The graded rollouts of a world's dry run, in the order in which they came.
pub struct DryRun {
    pub prompts: Vec<PromptRollouts>,
    pub noise: GraderNoise,
}

/// Where a run would have stopped.
#[derive(Debug, Clone, Copy)]
pub struct Stop {
    pub verdict: Verdict,
    /// Share of the plan that was done.
    pub share: f64,
}

impl DryRun {
    fn run(&self, done: usize, seed: u64) -> RolloutRun<'_> {
        RolloutRun {
            prompts: &self.prompts[..done],
            noise: self.noise,
            rollouts_per_prompt: ROLLOUTS,
            planned_prompts: PROMPTS,
            failed: 0,
            // How the dataset is balanced, and probes, are not what is simulated.
            balance_score: None,
            probes: &[],
            seed,
        }
    }

    /// The product's report.
    pub fn evaluation(&self, seed: u64, bounds: &DiagnosisBounds) -> Evaluation {
        evaluate(&self.run(self.prompts.len(), seed), bounds)
    }

    /// The k = 1 table on the pooled scores: every rollout a prompt of its own.
    pub fn pooled_verdict(&self, seed: u64, bounds: &DiagnosisBounds) -> Option<Verdict> {
        let single = |prompt: &PromptRollouts, rollout: &Rollout| PromptRollouts {
            record_id: prompt.record_id,
            topic: prompt.topic.clone(),
            rollouts: vec![Rollout { regrade: None, ..*rollout }],
        };
        let prompts: Vec<PromptRollouts> = self
            .prompts
            .iter()
            .flat_map(|prompt| prompt.rollouts.iter().map(move |rollout| single(prompt, rollout)))
            .collect();
        let planned = i64::try_from(prompts.len()).unwrap_or(i64::MAX);
        let run =
            RolloutRun { prompts: &prompts, rollouts_per_prompt: 1, planned_prompts: planned, ..self.run(0, seed) };
        evaluate(&run, bounds).diagnosis.map(|diagnosis| diagnosis.verdict)
    }

    /// Looks as often as the product does and stops at the first settled verdict.
    pub fn stopped_early(&self, seed: u64, bounds: &DiagnosisBounds) -> Option<Stop> {
        let every = usize::try_from(look_every(PROMPTS)).unwrap_or(1);
        let all = self.prompts.len();
        (every..all).step_by(every).find_map(|done| {
            let verdict = settled(&self.run(done, seed), bounds)?;
            Some(Stop { verdict, share: done as f64 / all as f64 })
        })
    }
}

/// Draws prompts as the product does (stratified, seeded, in its order), answers each four times by the base policy, grades, and
/// grades the answers of a share of the prompts again.
pub fn dry_run(world: &World) -> DryRun {
    let random = &mut Random::new(world.seed, 3);
    let sampled = sample(world, PROMPTS);
    let sampled: Vec<_> = order(sampled.len(), world.seed).into_iter().map(|position| sampled[position]).collect();
    let noise = if world.grader.is_deterministic() { GraderNoise::Deterministic } else { GraderNoise::Unknown };
    let prompts = sampled
        .into_iter()
        .map(|(position, prompt)| {
            let policy = prompt.base_policy();
            let answers: Vec<Answer> = (0..ROLLOUTS).map(|_| prompt.answers[random.pick(&policy)]).collect();
            let mut grade = |answer: &Answer| world.grader.grade(answer.quality, answer.length, random);
            let scores: Vec<f64> = answers.iter().map(&mut grade).collect();
            let again = match noise {
                GraderNoise::Deterministic => Vec::new(),
                GraderNoise::Unknown => to_grade_twice(position, &scores, GRADED_TWICE, world.seed),
            };
            let rollouts = (0..)
                .zip(answers.iter().zip(scores))
                .map(|(index, (answer, score))| Rollout {
                    score,
                    regrade: again.contains(&index).then(|| grade(answer)),
                    response_chars: chars(answer.length),
                })
                .collect();
            PromptRollouts { record_id: position, topic: Some(topic(prompt)), rollouts }
        })
        .collect();
    DryRun { prompts, noise }
}

/// Positions in the dataset and their prompts.
type Placed<'a> = Vec<(i64, &'a Prompt)>;

/// The sample, topic by topic.
fn sample(world: &World, sample_size: i64) -> Placed<'_> {
    let mut strata: Vec<(Option<String>, Placed)> = Vec::new();
    for (position, prompt) in (0..).zip(&world.dataset) {
        let label = Some(topic(prompt));
        match strata.iter_mut().find(|(name, _)| *name == label) {
            Some((_, prompts)) => prompts.push((position, prompt)),
            None => strata.push((label, vec![(position, prompt)])),
        }
    }
    strata.sort_by(|a, b| a.0.cmp(&b.0));
    let count = |prompts: &Placed| i64::try_from(prompts.len()).unwrap_or(i64::MAX);
    let sizes: Vec<(Option<String>, i64)> =
        strata.iter().map(|(label, prompts)| (label.clone(), count(prompts))).collect();
    let parts = allocate(&sizes, sample_size);
    strata
        .iter()
        .zip(parts)
        .flat_map(|((label, prompts), part)| {
            choose_indices(count(prompts), part, world.seed, label.as_deref())
                .into_iter()
                .filter_map(|index| prompts.get(usize::try_from(index).ok()?).copied())
        })
        .collect()
}

fn topic(prompt: &Prompt) -> String {
    format!("topic {}", prompt.topic)
}

/// Lengths spread like real ones: log-normal around 400 characters.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand, and positive")]
fn chars(length: f64) -> usize {
    (400.0 * (0.4 * length).exp()).round() as usize
}
