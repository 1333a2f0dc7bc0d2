//! Graders of the kinds that people write, good ones and broken ones.

use crate::random::Random;
use crate::world::sigmoid;

/// What kind of grader it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Graded,
    Binary,
    Noisy,
    Constant,
    LengthPaying,
    Saturated,
    Strict,
    Random,
    Compressed,
}

impl Kind {
    pub const ALL: [Self; 9] = [
        Self::Graded,
        Self::Binary,
        Self::Noisy,
        Self::Constant,
        Self::LengthPaying,
        Self::Saturated,
        Self::Strict,
        Self::Random,
        Self::Compressed,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Graded => "graded",
            Self::Binary => "binary",
            Self::Noisy => "noisy",
            Self::Constant => "constant",
            Self::LengthPaying => "length-paying",
            Self::Saturated => "saturated",
            Self::Strict => "strict",
            Self::Random => "random",
            Self::Compressed => "compressed",
        }
    }
}

/// A grader: a score from quality and length, and how far it wavers.
#[derive(Debug, Clone, Copy)]
pub struct Grader {
    pub kind: Kind,
    /// What it means depends on the kind.
    a: f64,
    b: f64,
    /// Standard deviation of what is added at each grading.
    noise: f64,
    /// Scores are rounded to so many steps; 0 for none.
    steps: f64,
}

impl Grader {
    pub fn draw(random: &mut Random) -> Self {
        let kind = random.one_of(&Kind::ALL);
        let (a, b, noise) = match kind {
            // Scale and offset of the range that it uses.
            Kind::Graded => {
                let low = random.between(0.0, 0.2);
                (low, random.between(0.7, 1.0 - low), 0.0)
            }
            Kind::Binary => (random.between(0.3, 0.85), 0.0, 0.0),
            Kind::Noisy => (random.between(0.0, 0.2), random.between(0.6, 0.8), random.log_between(0.05, 0.5)),
            Kind::Constant => (random.unit(), random.one_of(&[0.0, 0.0, 0.005]), 0.0),
            Kind::LengthPaying => (random.between(0.4, 1.0), 0.0, 0.0),
            Kind::Saturated => (random.between(0.05, 0.25), 0.0, 0.0),
            Kind::Strict => (random.log_between(2.0, 12.0), 0.0, 0.0),
            Kind::Random => (random.between(0.3, 0.7), 0.0, random.between(0.1, 0.4)),
            Kind::Compressed => {
                (random.between(0.1, 0.8), random.log_between(0.02, 0.25), random.one_of(&[0.0, 0.0, 0.02, 0.05]))
            }
        };
        let noise = if kind == Kind::Graded && random.chance(0.3) { 0.03 } else { noise };
        let noise = if matches!(kind, Kind::LengthPaying | Kind::Strict) && random.chance(0.3) { 0.05 } else { noise };
        let rounds =
            matches!(kind, Kind::Graded | Kind::Noisy | Kind::Strict | Kind::LengthPaying) && random.chance(0.3);
        Self { kind, a, b, noise, steps: if rounds { random.one_of(&[4.0, 10.0]) } else { 0.0 } }
    }

    /// Whether grading again gives the same.
    pub fn is_deterministic(&self) -> bool {
        self.noise == 0.0
    }

    /// The score before noise and rounding.
    fn aim(&self, quality: f64, length: f64) -> f64 {
        match self.kind {
            Kind::Graded | Kind::Noisy | Kind::Constant => self.a + self.b * quality,
            Kind::Binary => f64::from(u8::from(quality > self.a)),
            Kind::LengthPaying => self.a * sigmoid(1.5 * length) + (1.0 - self.a) * quality,
            Kind::Saturated => 1.0 - self.a * (1.0 - quality),
            Kind::Strict => quality.powf(self.a),
            Kind::Random => self.a,
            Kind::Compressed => self.a + self.b * (quality - 0.5),
        }
    }

    /// One grading.
    pub fn grade(&self, quality: f64, length: f64, random: &mut Random) -> f64 {
        let noise = if self.noise > 0.0 { self.noise * random.normal() } else { 0.0 };
        self.rounded(self.aim(quality, length) + noise)
    }

    /// The mean of endless gradings: over 25 points of the noise's distribution.
    pub fn expected(&self, quality: f64, length: f64) -> f64 {
        let aim = self.aim(quality, length);
        if self.noise == 0.0 {
            return self.rounded(aim);
        }
        let (mut sum, mut weights) = (0.0, 0.0);
        for step in -12..=12 {
            let z = f64::from(step) / 4.0;
            let weight = (-z * z / 2.0).exp();
            sum += weight * self.rounded(aim + self.noise * z);
            weights += weight;
        }
        sum / weights
    }

    fn rounded(&self, score: f64) -> f64 {
        let score = score.clamp(0.0, 1.0);
        if self.steps > 0.0 { (score * self.steps).round() / self.steps } else { score }
    }
}
