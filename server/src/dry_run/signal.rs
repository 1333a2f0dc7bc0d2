//! The learning-signal map: which prompts training can learn from, and how many of its groups would teach nothing.
//!
//! Group-relative training compares the rollouts of one prompt with each other. A group in which all score alike has no
//! gradient, whatever it cost.

use std::collections::BTreeMap;

use super::diagnosis::{DiagnosisBounds, share_interval};
use super::rollouts::PromptRollouts;
use crate::types::dry_run::{LearningSignal, PromptSignal, Signal, SignalCounts, TopicSignal, ZeroGradientShare};

/// With two rollouts per prompt one number is known of two; then success rates are taken to be spread evenly from 0 to 1,
/// whose beta distribution has parameters that add up to 2.
const EVEN_SPREAD: f64 = 2.0;

/// The map in figures; `None` without prompts.
pub fn learning_signal(prompts: &[PromptRollouts], bounds: &DiagnosisBounds) -> Option<LearningSignal> {
    if prompts.is_empty() {
        return None;
    }
    let mut counts = SignalCounts::default();
    let mut topics = BTreeMap::<Option<&str>, SignalCounts>::new();
    for prompt in prompts {
        let signal = signal_of(&prompt.sorted_scores(), bounds);
        count(&mut counts, signal);
        count(topics.entry(prompt.topic.as_deref()).or_default(), signal);
    }
    let without_topic = topics.remove(&None).map(|counts| TopicSignal { topic: None, counts });
    let with_topic = topics.into_iter().map(|(topic, counts)| TopicSignal { topic: topic.map(str::to_owned), counts });
    let moments = tie_shares(prompts, bounds);
    Some(LearningSignal {
        counts,
        learnable_ci95: counts.learnable_share().map(|share| share_interval(share, counts.known())),
        by_topic: with_topic.chain(without_topic).collect(),
        zero_gradient: bounds
            .group_sizes
            .iter()
            .filter(|_| moments.len() > 1)
            .map(|group_size| ZeroGradientShare { group_size: *group_size, share: share_at(&moments, *group_size) })
            .collect(),
    })
}

/// Every prompt's place on the map, in the order given.
pub fn prompt_signals(prompts: &[PromptRollouts], bounds: &DiagnosisBounds) -> Vec<PromptSignal> {
    prompts
        .iter()
        .map(|prompt| {
            let scores = prompt.sorted_scores();
            let ends = scores.first().zip(scores.last());
            PromptSignal {
                record_id: prompt.record_id,
                topic: prompt.topic.clone(),
                signal: signal_of(&scores, bounds),
                rollouts: i64::try_from(scores.len()).unwrap_or(i64::MAX),
                mean: ends.map(|_| scores.iter().sum::<f64>() / scores.len() as f64),
                spread: ends.map(|(lowest, highest)| highest - lowest),
            }
        })
        .collect()
}

fn signal_of(sorted: &[f64], bounds: &DiagnosisBounds) -> Signal {
    match (sorted.first(), sorted.last()) {
        (Some(lowest), Some(highest)) if sorted.len() > 1 => {
            if highest - lowest > bounds.differs_above {
                Signal::Learnable
            } else if f64::midpoint(*lowest, *highest) >= bounds.solved_from {
                Signal::Solved
            } else {
                Signal::Dead
            }
        }
        _ => Signal::Unknown,
    }
}

fn count(counts: &mut SignalCounts, signal: Signal) {
    match signal {
        Signal::Learnable => counts.learnable += 1,
        Signal::Solved => counts.solved += 1,
        Signal::Dead => counts.dead += 1,
        Signal::Unknown => counts.unknown += 1,
    }
}

/// The expected share of groups of 1, 2, ... k rollouts in which all score alike, each without bias: of the groups that
/// could be drawn from a prompt's rollouts without replacement, the share that ties, averaged over the prompts that have
/// so many. (One rollout always ties with itself: the first is 1.) Empty without scores.
fn tie_shares(prompts: &[PromptRollouts], bounds: &DiagnosisBounds) -> Vec<f64> {
    // Prompts by the sizes of their heaps of equal scores: few kinds, however many prompts.
    let mut kinds = BTreeMap::<Vec<usize>, f64>::new();
    for prompt in prompts {
        *kinds.entry(heaps(&prompt.sorted_scores(), bounds)).or_default() += 1.0;
    }
    let most = kinds.keys().map(|heaps| heaps.iter().sum::<usize>()).max().unwrap_or(0);
    let mut shares: Vec<f64> = Vec::new();
    for size in 1..=most {
        let (mut ties, mut of) = (0.0, 0.0);
        for (heaps, count) in kinds.iter().filter(|(heaps, _)| heaps.iter().sum::<usize>() >= size) {
            let all = choose(heaps.iter().sum(), size);
            ties += count * heaps.iter().map(|heap| choose(*heap, size)).sum::<f64>() / all;
            of += count;
        }
        // Where prompts have unequal numbers of rollouts the averages are of different prompts; a larger group never ties
        // more often.
        let share: f64 = ties / of;
        shares.push(share.min(shares.last().copied().unwrap_or(1.0)));
    }
    shares
}

/// The sizes of the heaps of equal scores, ascending. Neighbours that differ by no more than the bound are equal.
fn heaps(sorted: &[f64], bounds: &DiagnosisBounds) -> Vec<usize> {
    let mut sizes: Vec<usize> = sorted.chunk_by(|a, b| b - a <= bounds.differs_above).map(<[f64]>::len).collect();
    sizes.sort_unstable();
    sizes
}

/// Binomial coefficient; 0 if there are too few.
fn choose(n: usize, k: usize) -> f64 {
    if k > n { 0.0 } else { (0..k).map(|i| (n - i) as f64 / (i + 1) as f64).product() }
}

/// The share at a group size, from the shares at 1, 2, ... k.
///
/// Up to k it is measured. Beyond, a prompt that yields a score with probability `q` ties at size `g` with `q^g`, so the
/// shares are the moments of a distribution of `q`; that one is taken to be a beta distribution which has the last three
/// measured moments (for binary scores this is the beta-binomial model of Skellam 1948). Its moments go on by
/// `m(g+1) = m(g) (a + g) / (a + b + g)`.
fn share_at(moments: &[f64], group_size: i64) -> f64 {
    let size = usize::try_from(group_size).unwrap_or(1).max(1);
    if let Some(measured) = moments.get(size - 1) {
        return *measured;
    }
    let k = moments.len();
    let (last, before) = (moments[k - 1], moments[k - 2]);
    if last <= 0.0 {
        return 0.0;
    }
    // r(g) = m(g+1) / m(g) = (a + g) / (s + g) with s = a + b.
    let ratio = last / before;
    let g = (k - 1) as f64;
    let earlier = if k > 2 { before / moments[k - 3] } else { f64::NAN };
    let s = if k > 2 {
        // From r(g-1) and r(g); equal ratios are one q for all, which s without end stands for.
        if ratio - earlier > 1e-9 { (1.0 - g * ratio + (g - 1.0) * earlier) / (ratio - earlier) } else { f64::INFINITY }
    } else {
        EVEN_SPREAD
    };
    if s.is_infinite() {
        return last * ratio.powi(i32::try_from(size - k).unwrap_or(i32::MAX));
    }
    let a = ratio * (s + g) - g;
    (k..size).fold(last, |moment, g| moment * ((a + g as f64) / (s + g as f64)).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::super::rollouts::Rollout;
    use super::*;

    fn prompt(record_id: i64, topic: Option<&str>, scores: &[f64]) -> PromptRollouts {
        let rollouts = scores.iter().map(|score| Rollout { score: *score, regrade: None, response_chars: 1 }).collect();
        PromptRollouts { record_id, topic: topic.map(str::to_owned), rollouts }
    }

    fn share(signal: &LearningSignal, group_size: i64) -> f64 {
        signal.zero_gradient.iter().find(|zero| zero.group_size == group_size).unwrap().share
    }

    #[test]
    fn every_prompt_has_its_place() {
        let prompts = [
            prompt(1, Some("b"), &[0.2, 0.9]),
            prompt(2, Some("b"), &[0.9, 0.9]),
            prompt(3, None, &[0.1, 0.1]),
            prompt(4, Some("a"), &[0.5]),
            prompt(5, Some("a"), &[]),
            prompt(6, Some("a"), &[0.5, 0.5]),
        ];
        let bounds = DiagnosisBounds::default();
        let signals: Vec<Signal> = prompt_signals(&prompts, &bounds).iter().map(|prompt| prompt.signal).collect();
        use Signal::{Dead, Learnable, Solved, Unknown};
        assert_eq!(signals, [Learnable, Solved, Dead, Unknown, Unknown, Solved]);
        let signal = learning_signal(&prompts, &bounds).unwrap();
        assert_eq!(signal.counts, SignalCounts { learnable: 1, solved: 2, dead: 1, unknown: 2 });
        assert_eq!(signal.counts.learnable_share(), Some(0.25));
        let topics: Vec<(Option<&str>, SignalCounts)> =
            signal.by_topic.iter().map(|topic| (topic.topic.as_deref(), topic.counts)).collect();
        assert_eq!(
            topics,
            [
                (Some("a"), SignalCounts { solved: 1, unknown: 2, ..SignalCounts::default() }),
                (Some("b"), SignalCounts { learnable: 1, solved: 1, ..SignalCounts::default() }),
                (None, SignalCounts { dead: 1, ..SignalCounts::default() }),
            ]
        );
        let row = &prompt_signals(&prompts, &bounds)[0];
        assert_eq!((row.record_id, row.rollouts, row.mean), (1, 2, Some(0.55)));
        assert!((row.spread.unwrap() - 0.7).abs() < 1e-12);
    }

    #[test]
    fn groups_up_to_k_are_counted_out() {
        // Four rollouts, one of them right: of 6 pairs 3 tie, of 4 triples 1, of 1 group of four none. Beside it a prompt
        // that always ties: 0.75, 0.625, 0.5.
        let prompts = [prompt(1, None, &[0.0, 0.0, 0.0, 1.0]), prompt(2, None, &[1.0; 4])];
        let moments = tie_shares(&prompts, &DiagnosisBounds::default());
        assert_eq!(moments, [1.0, 0.75, 0.625, 0.5]);
    }

    #[test]
    fn larger_groups_follow_the_beta_binomial_model() {
        // Success rates spread evenly over 0..1: E[p^g + (1-p)^g] = 2 / (g + 1), exactly.
        let moments: Vec<f64> = (1..=4).map(|g| 2.0 / f64::from(g + 1)).collect();
        for (size, expected) in [(4, 2.0 / 5.0), (8, 2.0 / 9.0), (16, 2.0 / 17.0)] {
            assert!((share_at(&moments, size) - expected).abs() < 1e-9, "{size}");
            // Three and two rollouts tell the same where the model is right.
            assert!((share_at(&moments[..3], size) - expected).abs() < 1e-9, "{size} of three");
            assert!((share_at(&moments[..2], size) - expected).abs() < 1e-9, "{size} of two");
        }
        // All prompts alike, two heaps of a half: 2 * 0.5^g.
        let moments: Vec<f64> = (1..=4).map(|g| 2.0 * 0.5f64.powi(g)).collect();
        assert!((share_at(&moments, 8) - 2.0 * 0.5f64.powi(8)).abs() < 1e-9);
    }

    #[test]
    fn shares_fall_with_the_size_and_stay_in_range() {
        let bounds = DiagnosisBounds::default();
        let cases: [Vec<PromptRollouts>; 6] = [
            vec![prompt(1, None, &[0.5; 4]); 30],
            vec![prompt(1, None, &[0.1, 0.2, 0.3, 0.4]); 30],
            (0..40).map(|i| prompt(i, None, &[0.0, 0.0, f64::from(i % 2 == 0), 1.0])).collect::<Vec<_>>(),
            (0..40).map(|i| prompt(i, None, &vec![f64::from(i % 3 == 0); usize::try_from(i % 5).unwrap()])).collect(),
            vec![prompt(1, None, &[0.0, 1.0])],
            (0..40).map(|i| prompt(i, None, &[0.0, 0.0, 0.0, f64::from(i % 7 == 0)])).collect(),
        ];
        for prompts in cases {
            let signal = learning_signal(&prompts, &bounds).unwrap();
            let shares: Vec<f64> = [4, 8, 16].iter().map(|size| share(&signal, *size)).collect();
            assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{shares:?}");
            assert!(shares.is_sorted_by(|a, b| a >= b), "{shares:?}");
        }
        let alike = learning_signal(&vec![prompt(1, None, &[0.5; 4]); 30], &bounds).unwrap();
        assert!((share(&alike, 16) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn one_rollout_each_and_no_prompts_say_nothing() {
        let bounds = DiagnosisBounds::default();
        assert_eq!(learning_signal(&[], &bounds), None);
        let signal = learning_signal(&[prompt(1, None, &[0.4]), prompt(2, None, &[0.6])], &bounds).unwrap();
        assert!(signal.zero_gradient.is_empty() && signal.learnable_ci95.is_none());
        assert_eq!(signal.counts, SignalCounts { unknown: 2, ..SignalCounts::default() });
    }
}
