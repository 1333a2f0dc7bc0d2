//! A random forest (Breiman 2001) on all figures of a dry run: about the most that a dry run can know of the gain.

use crate::random::Random;

const TREES: usize = 120;
const LEAF: usize = 8;

/// A regression tree; for classes, the mean of zeros and ones is a probability.
enum Tree {
    Leaf(f64),
    Split { feature: usize, at: f64, below: Box<Self>, above: Box<Self> },
}

/// Out-of-fold predictions by cross-validation with `folds` folds.
pub fn cross_validated(rows: &[Vec<f64>], targets: &[f64], folds: usize, seed: u64) -> Vec<f64> {
    let mut predictions = vec![0.0; rows.len()];
    for fold in 0..folds {
        let (inside, outside): (Vec<usize>, Vec<usize>) = (0..rows.len()).partition(|index| index % folds != fold);
        let random = &mut Random::new(seed, fold as u64);
        let forest: Vec<Tree> = (0..TREES)
            .map(|_| {
                let mut drawn: Vec<usize> = inside.iter().map(|_| inside[random.below(inside.len())]).collect();
                grow(rows, targets, &mut drawn, random)
            })
            .collect();
        for index in outside {
            predictions[index] =
                forest.iter().map(|tree| tree.predict(&rows[index])).sum::<f64>() / forest.len() as f64;
        }
    }
    predictions
}

impl Tree {
    fn predict(&self, row: &[f64]) -> f64 {
        match self {
            Self::Leaf(value) => *value,
            Self::Split { feature, at, below, above } => {
                if row[*feature] <= *at {
                    below.predict(row)
                } else {
                    above.predict(row)
                }
            }
        }
    }
}

fn grow(rows: &[Vec<f64>], targets: &[f64], indices: &mut [usize], random: &mut Random) -> Tree {
    let count = indices.len() as f64;
    let mean = indices.iter().map(|index| targets[*index]).sum::<f64>() / count;
    let features = rows[0].len();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a handful of features")]
    let tried = (features as f64 / 3.0).ceil() as usize;
    let mut best = (1e-12, 0, 0.0);
    for _ in 0..tried {
        let feature = random.below(features);
        indices.sort_by(|a, b| rows[*a][feature].total_cmp(&rows[*b][feature]));
        let mut sum = 0.0;
        for (left, pair) in (1..).zip(indices.windows(2)) {
            sum += targets[pair[0]] - mean;
            let (here, next) = (rows[pair[0]][feature], rows[pair[1]][feature]);
            if left < LEAF || indices.len() - left < LEAF || here >= next {
                continue;
            }
            // What the split takes from the sum of squares.
            let left = left as f64;
            let gain = sum * sum * (1.0 / left + 1.0 / (count - left));
            if gain > best.0 {
                best = (gain, feature, f64::midpoint(here, next));
            }
        }
    }
    let (gain, feature, at) = best;
    if gain <= 1e-12 {
        return Tree::Leaf(mean);
    }
    let (mut below, mut above): (Vec<usize>, Vec<usize>) =
        indices.iter().partition(|index| rows[**index][feature] <= at);
    Tree::Split {
        feature,
        at,
        below: Box::new(grow(rows, targets, &mut below, random)),
        above: Box::new(grow(rows, targets, &mut above, random)),
    }
}
