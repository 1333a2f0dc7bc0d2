//! Scores by topic.

use std::collections::BTreeMap;

use crate::types::dry_run::{Quality, TopicScore};

/// Fewer samples than this say little of a topic.
pub const FEW_SAMPLES: i64 = 5;
/// A topic's mean below this is a problem: the base model hardly ever succeeds there.
pub const PROBLEM_BELOW: f64 = 0.10;
/// A topic's mean below this wants attention.
pub const ATTENTION_BELOW: f64 = 0.25;

/// Mean, deviation and status of every topic among the prompts (topic and scores, 0..1), in the order of their names,
/// prompts without a topic last. Each score counts once in mean and deviation; the count is of prompts, since the scores
/// of one prompt are alike. Prompts without a score count for nothing.
pub fn compute_by_topic<'a, S: IntoIterator<Item = f64>>(
    prompts: impl Iterator<Item = (Option<&'a str>, S)>,
) -> Vec<TopicScore> {
    let mut topics = BTreeMap::<Option<&str>, Running>::new();
    for (topic, scores) in prompts {
        let mut scores = scores.into_iter().peekable();
        if scores.peek().is_some() {
            let running = topics.entry(topic).or_default();
            running.prompts += 1;
            scores.for_each(|score| running.add(score));
        }
    }
    let uncategorized = topics.remove(&None).map(|running| running.finish(None));
    topics.into_iter().map(|(topic, running)| running.finish(topic)).chain(uncategorized).collect()
}

/// Welford's running mean and sum of squared deviations: one pass, and exact for equal scores.
#[derive(Default)]
struct Running {
    prompts: i64,
    count: i64,
    mean: f64,
    squares: f64,
}

impl Running {
    fn add(&mut self, score: f64) {
        self.count += 1;
        let difference = score - self.mean;
        self.mean += difference / self.count as f64;
        self.squares += difference * (score - self.mean);
    }

    fn finish(self, topic: Option<&str>) -> TopicScore {
        let std = if self.count > 1 { (self.squares / (self.count - 1) as f64).sqrt() } else { 0.0 };
        TopicScore {
            topic: topic.map(str::to_owned),
            mean: self.mean,
            std,
            count: self.prompts,
            status: status(self.mean, self.prompts),
        }
    }
}

fn status(mean: f64, count: i64) -> Quality {
    // Sums of floats may miss a bound by their last digits.
    let slack = 1e-9;
    if count < FEW_SAMPLES {
        Quality::Attention
    } else if mean < PROBLEM_BELOW - slack {
        Quality::Problem
    } else if mean < ATTENTION_BELOW - slack {
        Quality::Attention
    } else {
        Quality::Good
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_have_their_own_figures() {
        let samples = [
            (Some("refunds"), 0.1),
            (None, 0.9),
            (Some("bookings"), 0.2),
            (Some("bookings"), 0.4),
            (Some("bookings"), 0.9),
            (Some("refunds"), 0.1),
        ];
        let topics = compute_by_topic(samples.into_iter().map(|(topic, score)| (topic, [score])));
        let names: Vec<_> = topics.iter().map(|topic| topic.topic.as_deref()).collect();
        assert_eq!(names, [Some("bookings"), Some("refunds"), None]);
        // By hand: mean 0.5, squared deviations 0.09 + 0.01 + 0.16 = 0.26, std sqrt(0.13) = 0.360555.
        assert!((topics[0].mean - 0.5).abs() < 1e-12 && (topics[0].std - 0.360_555_127_5).abs() < 1e-9);
        assert_eq!((topics[1].mean, topics[1].std, topics[1].count), (0.1, 0.0, 2));
        assert_eq!((topics[2].mean, topics[2].std, topics[2].count), (0.9, 0.0, 1));
        assert!(compute_by_topic(std::iter::empty::<(_, [f64; 1])>()).is_empty());
    }

    #[test]
    fn the_status_follows_mean_and_count() {
        let table = [
            (0.25, 5, Quality::Good),
            (0.249_99, 5, Quality::Attention),
            (0.10, 5, Quality::Attention),
            (0.099_99, 5, Quality::Problem),
            (0.0, 4, Quality::Attention),
            (0.9, 4, Quality::Attention),
        ];
        for (score, count, expected) in table {
            let topics = compute_by_topic(std::iter::repeat_n((Some("t"), [score]), count));
            assert_eq!(topics[0].status, expected, "{score} x {count}");
        }
    }
}
