//! Checks of what surrounds the scores: topics, balance, length, failures, number of prompts.

use super::outcome::{Effect, Outcome, Words, figure, finding, percent};
use super::settle::SLACK;
use super::{DiagnosisBounds, DiagnosisInput};
use crate::format;
use crate::types::dry_run::{Finding, FindingAction, Quality, TopicScore, Verdict};

/// Topics named one by one; the others are counted. A hierarchy may have hundreds of them.
const TOPICS_NAMED: usize = 5;

/// All checks of this file, in the order of domain.md's table.
pub(super) fn check(input: &DiagnosisInput, bounds: &DiagnosisBounds, outcome: &mut Outcome) {
    topics(input, bounds, outcome);
    balance(input.balance_score, bounds, outcome);
    length(input, bounds, outcome);
    failures(input.statistics.count, input.failed, bounds, outcome);
    number_of_prompts(input, bounds, outcome);
}

/// Those checks that say something of a run of which every sample failed.
pub(super) fn check_without_scores(
    failed: i64,
    balance_score: Option<f64>,
    bounds: &DiagnosisBounds,
    outcome: &mut Outcome,
) {
    balance(balance_score, bounds, outcome);
    failures(0, failed, bounds, outcome);
}

fn topics(input: &DiagnosisInput, bounds: &DiagnosisBounds, outcome: &mut Outcome) {
    // Uncategorized prompts alone are the whole sample, and the mean has spoken of it.
    if input.by_topic.iter().all(|topic| topic.topic.is_none()) {
        return;
    }
    let mut judged: Vec<&TopicScore> =
        input.by_topic.iter().filter(|topic| topic.count >= bounds.topic_min_samples).collect();
    judged.sort_by(|a, b| a.mean.total_cmp(&b.mean));
    let (low, fine) = judged.split_at(judged.partition_point(|topic| topic.mean < bounds.topic_mean_below - SLACK));
    if let ([], [lowest, ..]) = (low, fine) {
        outcome.pass(format!(
            "No topic with {} or more samples has a mean below {:.2}; the lowest is {} with {:.2}.",
            bounds.topic_min_samples,
            bounds.topic_mean_below,
            name(lowest),
            lowest.mean
        ));
    }
    for (index, topic) in low.iter().take(TOPICS_NAMED).enumerate() {
        let others = if index + 1 == TOPICS_NAMED && low.len() > TOPICS_NAMED {
            let more = low.len() - TOPICS_NAMED;
            format!(" So are those of {more} more {}.", if more == 1 { "topic" } else { "topics" })
        } else {
            String::new()
        };
        let message = format!(
            "The mean score of {} is {} over {} {}, below {:.2}.{others}",
            name(topic),
            figure(topic.mean, bounds.topic_mean_below),
            format::count(topic.count),
            if input.rollouts_per_prompt > 1 { "prompts" } else { "samples" },
            bounds.topic_mean_below
        );
        let causes = "Data: this topic is too hard, or its prompts lack what an answer needs. Grader: it does not fit this topic.";
        let action_text = format!("Look at the samples of {}.", name(topic));
        let verdict_at_best = (!is_learnable(topic, input, bounds)).then_some(Verdict::Caution);
        let effect = Effect { dataset: Some(Quality::Attention), grader: None, verdict_at_best };
        let finding = finding("topic_low", Words { message, causes, action_text }, FindingAction::InspectTopic, effect);
        outcome.find(format!("{} hardly ever scores", name(topic)), Finding { topic: topic.topic.clone(), ..finding });
    }
}

/// With several rollouts per prompt, whether a topic's low scores differ within its prompts: then training can raise them. In
/// the simulator such worlds gained no less often than others (docs/benchmarks.md, "Verdicts").
fn is_learnable(topic: &TopicScore, input: &DiagnosisInput, bounds: &DiagnosisBounds) -> bool {
    let signal = input.signal.and_then(|signal| signal.by_topic.iter().find(|other| other.topic == topic.topic));
    signal
        .and_then(|signal| signal.counts.learnable_share())
        .is_some_and(|share| share >= bounds.topic_learnable_below - SLACK)
}

fn name(topic: &TopicScore) -> String {
    topic.topic.as_ref().map_or_else(|| "prompts without a topic".to_owned(), |name| format!("“{name}”"))
}

fn balance(balance_score: Option<f64>, bounds: &DiagnosisBounds, outcome: &mut Outcome) {
    let Some(balance) = balance_score else { return };
    if balance < bounds.balance_below - SLACK {
        let message =
            format!("Balance {} is below {:.2}.", figure(balance, bounds.balance_below), bounds.balance_below);
        let causes = "Data: some topics have far fewer records than their target, so training would hardly see them.";
        let action_text = "See which topics lack records, and add some.".to_owned();
        let effect =
            Effect { dataset: Some(Quality::Attention), grader: None, verdict_at_best: Some(Verdict::Caution) };
        outcome.find(
            "some topics have far too few records",
            finding("balance_low", Words { message, causes, action_text }, FindingAction::OpenCoverage, effect),
        );
    } else {
        outcome.pass(format!("Balance {balance:.2} is at or above {:.2}.", bounds.balance_below));
    }
}

fn length(input: &DiagnosisInput, bounds: &DiagnosisBounds, outcome: &mut Outcome) {
    let Some(correlation) = input.length_correlation else { return };
    let bound = bounds.length_correlation_above;
    if correlation.abs() > bound + SLACK {
        let longer = if correlation > 0.0 { "longer" } else { "shorter" };
        let message = format!(
            "The score follows the response's length: correlation {}, beyond {bound:.2}; {longer} responses score higher.",
            signed(correlation, bound)
        );
        let causes = "Grader: it may be paying for length, and training would then learn length. Data: harder prompts may ask for longer answers.";
        let action_text = "Take from the grader what rewards length, or weigh it less.".to_owned();
        let effect =
            Effect { dataset: None, grader: Some(Quality::Attention), verdict_at_best: Some(Verdict::Caution) };
        outcome.find(
            "the score follows the response's length",
            finding("length_correlation", Words { message, causes, action_text }, FindingAction::EditGrader, effect),
        );
    } else {
        outcome.pass(format!("Score follows length only weakly: correlation {correlation:.2}, within {bound:.2}."));
    }
}

fn signed(correlation: f64, bound: f64) -> String {
    figure(correlation, bound.copysign(correlation))
}

fn failures(scored: i64, failed: i64, bounds: &DiagnosisBounds, outcome: &mut Outcome) {
    // Of those tried: a cancelled run's rest has not failed.
    let tried = scored + failed;
    let share = failed as f64 / tried.max(1) as f64;
    if share <= bounds.failed_caution_above + SLACK {
        outcome.pass(match failed {
            0 => "No sample failed.".to_owned(),
            failed => format!(
                "{} of {} samples failed ({}), no more than {:.0}%.",
                format::count(failed),
                format::count(tried),
                percent(share, bounds.failed_caution_above),
                bounds.failed_caution_above * 100.0
            ),
        });
        return;
    }
    let most = share > bounds.failed_no_go_above + SLACK;
    let bound = if most { bounds.failed_no_go_above } else { bounds.failed_caution_above };
    let message = format!(
        "{} of {} failed: {}, more than {:.0}%.",
        format::count(failed),
        format::counted(tried, "sample"),
        percent(share, bound),
        bound * 100.0
    );
    let causes = match scored {
        0 => {
            "Grader: it throws, breaks a limit, or returns no number from 0 to 1. Data: it lacks what the grader reads."
        }
        _ => {
            "Grader: it throws, breaks a limit, or returns no number from 0 to 1. What is left may not speak for the rest."
        }
    };
    let action_text = "Look at the failed samples and mend the grader.".to_owned();
    let verdict = if most { Verdict::NoGo } else { Verdict::Caution };
    let effect = Effect { dataset: None, grader: Some(Quality::Attention), verdict_at_best: Some(verdict) };
    let (id, in_short) = match (most, scored) {
        (true, 0) => ("failed_most", "not one sample could be graded"),
        (true, _) => ("failed_most", "most samples could not be graded"),
        (false, _) => ("failed_many", "too many samples could not be graded"),
    };
    outcome.find(in_short, finding(id, Words { message, causes, action_text }, FindingAction::InspectFailed, effect));
}

fn number_of_prompts(input: &DiagnosisInput, bounds: &DiagnosisBounds, outcome: &mut Outcome) {
    let count = input.statistics.prompts();
    if count < bounds.min_prompts {
        let missing = bounds.min_prompts - count;
        let message = format!(
            "Only {} graded, fewer than {}.",
            if count == 1 { "1 prompt was".to_owned() } else { format!("{} prompts were", format::count(count)) },
            bounds.min_prompts
        );
        let causes = "Data: there are too few records with a response, or the sample was set too small.";
        let action_text = format!("Run again with at least {missing} more.");
        let effect = Effect {
            dataset: Some(Quality::Attention),
            grader: Some(Quality::Attention),
            verdict_at_best: Some(Verdict::Caution),
        };
        let finding = finding("few_prompts", Words { message, causes, action_text }, FindingAction::RunMore, effect);
        outcome.find("too few prompts were graded to be sure", Finding { samples_to_settle: Some(missing), ..finding });
    } else {
        outcome.pass(format!(
            "{} were graded; {} are enough for a first look.",
            format::counted(count, "prompt"),
            bounds.min_prompts
        ));
    }
}
