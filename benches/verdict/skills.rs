//! The other make of worlds: a policy that chooses among strategies.
//!
//! An answer follows one of a few strategies; the shared parameters are one logit per strategy and one per strategy and kind
//! of prompt. How often a strategy works on a kind of prompt is a table. Here learning is to find out which strategy suits
//! which kind, and what transfers is exact, where the other make has directions in a space.

use crate::grader::Grader;
use crate::random::Random;
use crate::world::{Answer, Prompt};

/// What is drawn once per world.
#[derive(Debug, Clone)]
pub struct Skills {
    strategies: usize,
    kinds: usize,
    /// Answers per strategy and prompt.
    variants: usize,
    /// Mean quality by kind and strategy.
    suits: Vec<f64>,
    /// The base policy's liking by kind and strategy.
    liking: Vec<f64>,
    lengths: Vec<f64>,
    /// How far quality varies within a strategy.
    luck: f64,
    /// How far prompts of a kind differ in how hard they are.
    hardness: f64,
}

impl Skills {
    pub fn draw(random: &mut Random) -> Self {
        let strategies = random.one_of(&[2, 3, 4, 6, 10]);
        let kinds = random.one_of(&[1, 2, 4, 8]);
        let level = random.between(-2.5, 2.0);
        let spread = random.between(0.5, 2.5);
        let knows = random.between(-0.3, 1.0);
        let taste = random.between(0.2, 1.5);
        // A part of what suits is the same for every kind.
        let common = random.unit();
        let by_strategy: Vec<f64> = (0..strategies).map(|_| random.normal()).collect();
        let suits: Vec<f64> = (0..kinds)
            .flat_map(|_| {
                let kind = 0.7 * random.normal();
                let of = |strategy: &f64| common.sqrt() * strategy + (1.0 - common).sqrt() * random.normal();
                by_strategy.iter().map(of).collect::<Vec<_>>().into_iter().map(move |suit| level + kind + spread * suit)
            })
            .collect();
        let liking = suits.iter().map(|suit| knows * (suit - level) + taste * random.normal()).collect();
        Self {
            strategies,
            kinds,
            variants: random.one_of(&[1, 2, 4]),
            lengths: (0..strategies).map(|_| random.normal()).collect(),
            luck: random.between(0.1, 0.8),
            hardness: random.between(0.1, 1.5),
            suits,
            liking,
        }
    }

    /// Parameters that are shared.
    pub fn dimensions(&self) -> usize {
        self.strategies * (1 + self.kinds)
    }

    pub fn prompt(&self, grader: &Grader, random: &mut Random) -> Prompt {
        let kind = random.below(self.kinds);
        let hardness = self.hardness * random.normal();
        let mut prompt = Prompt { topic: kind, features: Vec::new(), base_logits: Vec::new(), answers: Vec::new() };
        for strategy in 0..self.strategies {
            let cell = kind * self.strategies + strategy;
            for _ in 0..self.variants {
                let quality = crate::world::sigmoid(self.suits[cell] - hardness + self.luck * random.normal());
                let length = 0.7 * self.lengths[strategy] + 0.7 * random.normal();
                prompt.answers.push(Answer { quality, length, expected: grader.expected(quality, length) });
                prompt.base_logits.push(self.liking[cell] + 0.3 * random.normal());
                let mut features = vec![0.0; self.dimensions()];
                features[strategy] = 1.0;
                features[self.strategies + cell] = 1.0;
                prompt.features.extend(features);
            }
        }
        prompt
    }
}
