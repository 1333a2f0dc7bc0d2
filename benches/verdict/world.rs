//! A world: prompts of many difficulties with a finite number of possible answers each, a base policy that answers them, and
//! a grader. Everything that a dry run estimates is known exactly here.

use crate::grader::Grader;
use crate::random::Random;
use crate::skills::Skills;

/// One prompt and all its possible answers.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// Its topic.
    pub topic: usize,
    /// Answer by answer, `features` numbers each: what the shared parameters see.
    pub features: Vec<f64>,
    /// The base policy's logits.
    pub base_logits: Vec<f64>,
    /// What the grader looks at.
    pub answers: Vec<Answer>,
}

/// One possible answer.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// How good it truly is, 0..1.
    pub quality: f64,
    /// Standardised length.
    pub length: f64,
    /// The grader's expected score.
    pub expected: f64,
}

/// Prompts, grader and what a trainer would be told.
#[derive(Debug, Clone)]
pub struct World {
    pub seed: u64,
    pub dimensions: usize,
    pub grader: Grader,
    /// The dataset: sampled by the dry run, trained on.
    pub dataset: Vec<Prompt>,
    /// Never seen in training: where the gain is measured.
    pub held_out: Vec<Prompt>,
    pub training: Training,
    /// Makes more prompts of the same kind.
    shape: Shape,
}

/// What a dry run estimates, from thousands of prompts: of all such prompts, not of those in the dataset alone.
#[derive(Debug, Clone, Copy)]
pub struct Truth {
    pub mean: f64,
    pub headroom: f64,
}

/// How the policy is trained.
#[derive(Debug, Clone, Copy)]
pub struct Training {
    pub steps: usize,
    pub prompts_per_step: usize,
    pub group_size: usize,
    pub learning_rate: f64,
    /// Weight of the pull back to the base policy.
    pub kl_penalty: f64,
    /// Whether advantages are divided by their group's deviation (GRPO) or not (Dr. GRPO).
    pub normalised: bool,
}

/// What is drawn once per world.
#[derive(Debug, Clone)]
struct Shape {
    dimensions: usize,
    answers: usize,
    /// Share of quality that features explain: the rest cannot be learnt across prompts.
    transfer: f64,
    /// How sharply quality follows its latent value.
    slope: f64,
    /// How far the base policy already prefers good answers.
    competence: f64,
    /// How widely that differs between prompts.
    competence_spread: f64,
    /// The base policy's own taste, unrelated to quality.
    taste: f64,
    difficulty: Difficulty,
    /// How far length goes with quality.
    length_quality: f64,
    topic_directions: Vec<Vec<f64>>,
    length_direction: Vec<f64>,
    topic_difficulty: Vec<f64>,
    /// The other make of worlds, in place of all the above.
    skills: Option<Skills>,
}

/// How hard the prompts are.
#[derive(Debug, Clone)]
enum Difficulty {
    Normal {
        mean: f64,
        deviation: f64,
    },
    /// A part is far easier than the rest.
    TwoKinds {
        easy: f64,
        hard: f64,
        easy_share: f64,
    },
}

impl World {
    /// The world of a seed.
    pub fn new(seed: u64) -> Self {
        let random = &mut Random::new(seed, 1);
        let shape = Shape::draw(random);
        let grader = Grader::draw(random);
        let size = random.one_of(&[300, 400, 600, 1_000]);
        let prompts = |count: usize, random: &mut Random| (0..count).map(|_| shape.prompt(&grader, random)).collect();
        let dataset = prompts(size, random);
        let held_out = prompts(300, random);
        let training = Training::draw(random);
        Self { seed, dimensions: shape.dimensions, grader, dataset, held_out, training, shape }
    }

    /// Whether it is of the make with strategies.
    pub const fn is_skills(&self) -> bool {
        self.shape.skills.is_some()
    }

    /// Mean over prompts of the exact expected score under the base policy.
    pub fn base_mean(prompts: &[Prompt]) -> f64 {
        prompts.iter().map(|prompt| prompt.expected_score(&prompt.base_policy())).sum::<f64>() / prompts.len() as f64
    }

    /// Mean and headroom over `count` fresh prompts.
    pub fn truth(&self, rollouts: i64, count: usize) -> Truth {
        let random = &mut Random::new(self.seed, 4);
        let (mut mean, mut headroom) = (0.0, 0.0);
        for _ in 0..count {
            let prompt = self.shape.prompt(&self.grader, random);
            let policy = prompt.base_policy();
            let expected = prompt.expected_score(&policy);
            mean += expected;
            headroom += prompt.expected_best(&policy, rollouts, &self.grader, random) - expected;
        }
        Truth { mean: mean / count as f64, headroom: headroom / count as f64 }
    }
}

impl Prompt {
    /// Probabilities of the answers under the base policy.
    pub fn base_policy(&self) -> Vec<f64> {
        softmax(&self.base_logits)
    }

    /// Probabilities of the answers with shared parameters on top.
    pub fn policy(&self, parameters: &[f64]) -> Vec<f64> {
        let logits: Vec<f64> = self
            .base_logits
            .iter()
            .zip(self.features.chunks_exact(parameters.len()))
            .map(|(logit, features)| logit + features.iter().zip(parameters).map(|(a, b)| a * b).sum::<f64>())
            .collect();
        softmax(&logits)
    }

    /// The expected score of the best of some rollouts. Exact where the grader does not waver; else from 16 groups, each
    /// best picked by one grading and valued by the grader's expected score, ties counting equally.
    fn expected_best(&self, policy: &[f64], rollouts: i64, grader: &Grader, random: &mut Random) -> f64 {
        if grader.is_deterministic() {
            let mut by_score: Vec<(f64, f64)> =
                self.answers.iter().zip(policy).map(|(answer, probability)| (answer.expected, *probability)).collect();
            by_score.sort_by(|a, b| a.0.total_cmp(&b.0));
            let power = i32::try_from(rollouts).unwrap_or(i32::MAX);
            let (mut below, mut best) = (0.0f64, 0.0);
            for (score, probability) in by_score {
                let up_to = (below + probability).min(1.0);
                best += score * (up_to.powi(power) - below.powi(power));
                below = up_to;
            }
            return best;
        }
        let groups = 16;
        let mut sum = 0.0;
        for _ in 0..groups {
            let (mut highest, mut value, mut ties) = (f64::NEG_INFINITY, 0.0, 0.0);
            for _ in 0..rollouts {
                let answer = self.answers[random.pick(policy)];
                let score = grader.grade(answer.quality, answer.length, random);
                if score > highest {
                    (highest, value, ties) = (score, answer.expected, 1.0);
                } else if score >= highest {
                    value += answer.expected;
                    ties += 1.0;
                }
            }
            sum += value / ties;
        }
        sum / f64::from(groups)
    }

    /// The grader's expected score under a policy.
    pub fn expected_score(&self, policy: &[f64]) -> f64 {
        self.answers.iter().zip(policy).map(|(answer, probability)| answer.expected * probability).sum()
    }
}

/// Probabilities from logits.
pub fn softmax(logits: &[f64]) -> Vec<f64> {
    let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut weights: Vec<f64> = logits.iter().map(|logit| (logit - highest).exp()).collect();
    let sum: f64 = weights.iter().sum();
    for weight in &mut weights {
        *weight /= sum;
    }
    weights
}

pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl Shape {
    fn draw(random: &mut Random) -> Self {
        let skills = random.chance(0.35).then(|| Skills::draw(random));
        let dimensions = skills.as_ref().map_or_else(|| random.one_of(&[4, 8, 12, 16, 24]), Skills::dimensions);
        let topics = random.one_of(&[1, 3, 5, 8]);
        let shared = random.between(0.5, 1.0);
        let direction = |random: &mut Random| unit((0..dimensions).map(|_| random.normal()).collect());
        let common = direction(random);
        let topic_directions = (0..topics)
            .map(|_| {
                let own = direction(random);
                unit(common.iter().zip(&own).map(|(c, o)| shared * c + (1.0 - shared * shared).sqrt() * o).collect())
            })
            .collect();
        let spread = random.between(0.0, 1.0);
        let difficulty = if random.chance(0.7) {
            Difficulty::Normal { mean: random.between(-1.5, 2.0), deviation: random.between(0.2, 1.5) }
        } else {
            let easy = random.between(-2.5, 0.0);
            Difficulty::TwoKinds { easy, hard: easy + random.between(1.5, 4.0), easy_share: random.between(0.1, 0.9) }
        };
        Self {
            dimensions,
            answers: random.one_of(&[4, 6, 8, 12, 16, 24, 32, 48]),
            transfer: random.between(0.65, 1.0),
            slope: random.log_between(0.8, 5.0),
            competence: random.between(-0.3, 1.5),
            competence_spread: random.between(0.0, 0.7),
            taste: random.between(0.0, 2.0),
            difficulty,
            length_quality: random.between(-0.3, 0.4),
            topic_directions,
            length_direction: direction(random),
            topic_difficulty: (0..topics).map(|_| spread * random.normal()).collect(),
            skills,
        }
    }

    fn prompt(&self, grader: &Grader, random: &mut Random) -> Prompt {
        if let Some(skills) = &self.skills {
            return skills.prompt(grader, random);
        }
        let topic = random.below(self.topic_directions.len());
        let hardness = self.topic_difficulty[topic]
            + match self.difficulty {
                Difficulty::Normal { mean, deviation } => mean + deviation * random.normal(),
                Difficulty::TwoKinds { easy, hard, easy_share } => {
                    0.3 * random.normal() + if random.chance(easy_share) { easy } else { hard }
                }
            };
        let competence = self.competence + self.competence_spread * random.normal();
        let direction = &self.topic_directions[topic];
        let mut prompt =
            Prompt { topic, features: Vec::new(), base_logits: Vec::new(), answers: Vec::with_capacity(self.answers) };
        for _ in 0..self.answers {
            let features: Vec<f64> = (0..self.dimensions).map(|_| random.normal()).collect();
            let along = |direction: &[f64]| direction.iter().zip(&features).map(|(a, b)| a * b).sum::<f64>();
            let latent =
                self.transfer * along(direction) + (1.0 - self.transfer * self.transfer).sqrt() * random.normal();
            let quality = sigmoid(self.slope * (latent - hardness));
            let length = 0.7 * along(&self.length_direction) + self.length_quality * latent + 0.8 * random.normal();
            prompt.base_logits.push(competence * latent + self.taste * random.normal());
            prompt.answers.push(Answer { quality, length, expected: grader.expected(quality, length) });
            prompt.features.extend(features);
        }
        prompt
    }
}

impl Training {
    /// How far the parameters could travel, the scale of the advantages taken out.
    pub fn travel(&self) -> f64 {
        self.learning_rate * self.steps as f64 / if self.normalised { 1.0 } else { 4.0 }
    }

    fn draw(random: &mut Random) -> Self {
        let steps = random.one_of(&[60, 100, 150, 250]);
        let normalised = random.chance(0.6);
        // How far the parameters could travel: from hardly trained to trained out.
        let travel = random.log_between(6.0, 40.0) * if normalised { 1.0 } else { 4.0 };
        Self {
            steps,
            prompts_per_step: random.one_of(&[8, 16, 32]),
            group_size: random.one_of(&[4, 8, 16]),
            learning_rate: travel / steps as f64,
            kl_penalty: if random.chance(0.5) { 0.0 } else { random.log_between(0.005, 0.1) },
            normalised,
        }
    }
}

fn unit(vector: Vec<f64>) -> Vec<f64> {
    let length = vector.iter().map(|x| x * x).sum::<f64>().sqrt().max(1e-12);
    vector.into_iter().map(|x| x / length).collect()
}
