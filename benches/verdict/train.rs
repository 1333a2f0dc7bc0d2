//! Group-relative policy training of shared parameters, and what it gained on prompts that it never saw.

use crate::random::Random;
use crate::world::{Prompt, World};

/// What training did to the held-out prompts.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// Exact mean expected score before.
    pub before: f64,
    /// And after.
    pub after: f64,
}

impl Outcome {
    pub fn gain(&self) -> f64 {
        self.after - self.before
    }

    /// The truth that a verdict is held against: the reward on held-out prompts grew by a tenth **and** by 0.03.
    pub fn paid(&self) -> bool {
        self.gain() >= 0.03 && self.gain() >= 0.10 * self.before
    }
}

/// Trains and measures.
pub fn train(world: &World) -> Outcome {
    let random = &mut Random::new(world.seed, 2);
    let training = world.training;
    let mut parameters = vec![0.0; world.dimensions];
    for _ in 0..training.steps {
        let mut gradient = vec![0.0; world.dimensions];
        for _ in 0..training.prompts_per_step {
            let prompt = &world.dataset[random.below(world.dataset.len())];
            add_group(world, prompt, &parameters, random, &mut gradient);
        }
        let rate = training.learning_rate / training.prompts_per_step as f64;
        for (parameter, slope) in parameters.iter_mut().zip(&gradient) {
            *parameter += rate * slope;
        }
    }
    let after = |prompt: &Prompt| prompt.expected_score(&prompt.policy(&parameters));
    Outcome {
        before: World::base_mean(&world.held_out),
        after: world.held_out.iter().map(after).sum::<f64>() / world.held_out.len() as f64,
    }
}

/// One group: rollouts, advantages, and their pull on the parameters, with the pull back to the base policy.
fn add_group(world: &World, prompt: &Prompt, parameters: &[f64], random: &mut Random, gradient: &mut [f64]) {
    let training = world.training;
    let policy = prompt.policy(parameters);
    let base = prompt.base_policy();
    let picked: Vec<usize> = (0..training.group_size).map(|_| random.pick(&policy)).collect();
    let rewards: Vec<f64> = picked
        .iter()
        .map(|index| {
            let answer = prompt.answers[*index];
            world.grader.grade(answer.quality, answer.length, random)
        })
        .collect();
    let count = rewards.len() as f64;
    let mean = rewards.iter().sum::<f64>() / count;
    let deviation = (rewards.iter().map(|reward| (reward - mean).powi(2)).sum::<f64>() / count).sqrt();
    let scale = if training.normalised { 1.0 / (deviation + 1e-4) } else { 1.0 };
    let dimensions = parameters.len();
    let of = |index: usize| &prompt.features[index * dimensions..(index + 1) * dimensions];
    let mut average = vec![0.0; dimensions];
    for (index, probability) in policy.iter().enumerate() {
        for (sum, feature) in average.iter_mut().zip(of(index)) {
            *sum += probability * feature;
        }
    }
    for (index, reward) in picked.iter().zip(&rewards) {
        // Of the penalty KL(policy || base), by its value at the answer drawn.
        let pull = training.kl_penalty * (policy[*index].max(1e-12) / base[*index].max(1e-12)).ln();
        let weight = (scale * (reward - mean) - pull) / count;
        for ((slope, feature), mean) in gradient.iter_mut().zip(of(*index)).zip(&average) {
            *slope += weight * (feature - mean);
        }
    }
}
