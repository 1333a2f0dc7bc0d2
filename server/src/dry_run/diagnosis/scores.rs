//! Checks of the scores themselves: level, spread, how many score at all, and their shape.

use super::outcome::{Effect, Outcome, Words, figure, finding, interval_text, of_scores, percent};
use super::settle::{BadSide, MOST_FURTHER_SAMPLES, SLACK, Standing, share_interval, standing};
use super::shape::is_bimodal;
use super::{DiagnosisBounds, DiagnosisInput};
use crate::format;
use crate::types::dry_run::{Finding, FindingAction, Quality, Verdict};

const TOO_HARD: &str = "Data: the prompts are too hard for the model, or lack what it needs to answer. \
                        Grader: it is too strict, or looks for a form that the responses do not have.";
const TOO_EASY: &str = "Data: the prompts are solved already, so there is little left to learn. \
                        Grader: it gives full marks too easily.";
const TOO_ALIKE: &str = "Grader: it gives good and bad responses nearly the same score, or checks only what all of them do. \
                         Data, less often: the responses really are alike.";

/// All checks of this file, in the order of domain.md's table.
pub(super) fn check(input: &DiagnosisInput, bounds: &DiagnosisBounds, outcome: &mut Outcome) {
    mean(input, bounds, outcome);
    spread(input, bounds, outcome);
    scoring_at_all(input, bounds, outcome);
    full_marks(input, bounds, outcome);
    heaps(input, bounds, outcome);
}

fn mean(input: &DiagnosisInput, bounds: &DiagnosisBounds, outcome: &mut Outcome) {
    let low = MeanEnd {
        bad: BadSide::Below,
        no_go: bounds.mean_no_go_below,
        caution: bounds.mean_caution_below,
        ids: ["mean_low", "mean_low_unsettled", "mean_lowish"],
        in_short: [
            "the responses hardly ever score",
            "whether the scores are too low to learn from",
            "the scores are rather low",
        ],
        causes: TOO_HARD,
        actions: [
            "Look at the lowest samples: where the response is right, loosen the grader; where it is wrong, take easier prompts.",
            "Look at the lowest samples and see whether the grader asks too much of them.",
        ],
        action: FindingAction::InspectLowest,
    };
    let high = MeanEnd {
        bad: BadSide::Above,
        no_go: bounds.mean_no_go_above,
        caution: bounds.mean_caution_above,
        ids: ["mean_high", "mean_high_unsettled", "mean_highish"],
        in_short: [
            "the responses are nearly perfect already",
            "whether anything is left to learn",
            "the responses are rather good already",
        ],
        causes: TOO_EASY,
        actions: [
            "Look at the highest samples: where the response is poor, make the grader stricter; else take harder prompts.",
            "Look at the highest samples and see whether the grader should ask more of them.",
        ],
        action: FindingAction::InspectHighest,
    };
    let low_is_fine = low.check(input, outcome);
    let high_is_fine = high.check(input, outcome);
    if low_is_fine && high_is_fine {
        let mean = input.statistics.mean;
        outcome.pass(format!("Mean {mean:.2} lies between {:.2} and {:.2}.", low.caution, high.caution));
    }
}

/// One end of the mean's range. Texts come in the order NO-GO, not settled, CAUTION; actions without the middle one.
struct MeanEnd {
    bad: BadSide,
    no_go: f64,
    caution: f64,
    ids: [&'static str; 3],
    in_short: [&'static str; 3],
    causes: &'static str,
    actions: [&'static str; 2],
    action: FindingAction,
}

impl MeanEnd {
    /// Writes down what is wrong at this end; true if nothing is.
    fn check(&self, input: &DiagnosisInput, outcome: &mut Outcome) -> bool {
        let (mean, interval) = (input.statistics.mean, input.statistics.mean_ci95);
        let attention =
            Effect { dataset: Some(Quality::Attention), grader: None, verdict_at_best: Some(Verdict::Caution) };
        let (side, beyond_caution) = match self.bad {
            BadSide::Below => ("below", mean < self.caution - SLACK),
            BadSide::Above => ("above", mean > self.caution + SLACK),
        };
        match standing(mean, interval, input.statistics.prompts(), self.no_go, self.bad) {
            Standing::Broken => {
                let message = format!(
                    "Mean score {} is {side} {:.2}, with all of its 95% interval {}.",
                    figure(mean, self.no_go),
                    self.no_go,
                    interval_text(interval)
                );
                let words = Words { message, causes: self.causes, action_text: self.actions[0].to_owned() };
                let effect = Effect {
                    dataset: Some(Quality::Problem),
                    grader: Some(Quality::Attention),
                    verdict_at_best: Some(Verdict::NoGo),
                };
                outcome.find(self.in_short[0], finding(self.ids[0], words, self.action, effect));
            }
            Standing::Straddles(further) => {
                let open = Open {
                    id: self.ids[1],
                    what: "Mean score",
                    value: figure(mean, self.no_go),
                    bound: format!("{:.2}", self.no_go),
                    interval: interval_text(interval),
                    causes: self.causes,
                    otherwise: self.action,
                };
                outcome.find(self.in_short[1], open.finding(further, attention));
            }
            Standing::Clear if beyond_caution => {
                let message = format!("Mean score {} is {side} {:.2}.", figure(mean, self.caution), self.caution);
                let words = Words { message, causes: self.causes, action_text: self.actions[1].to_owned() };
                outcome.find(self.in_short[2], finding(self.ids[2], words, self.action, attention));
            }
            Standing::Clear => return true,
        }
        false
    }
}

fn spread(input: &DiagnosisInput, bounds: &DiagnosisBounds, outcome: &mut Outcome) {
    let (std, interval, bound) = (input.statistics.std, input.statistics.std_ci95, bounds.std_no_go_below);
    let caution = Effect { dataset: None, grader: Some(Quality::Attention), verdict_at_best: Some(Verdict::Caution) };
    match standing(std, interval, input.statistics.prompts(), bound, BadSide::Below) {
        Standing::Broken => {
            let message = format!(
                "Spread (standard deviation) {} is below {bound:.2}, with all of its 95% interval {}.",
                figure(std, bound),
                interval_text(interval)
            );
            let action_text = "Let the grader tell more apart: score several criteria, and give part of the points for part of the work.".to_owned();
            let effect = Effect { dataset: None, grader: Some(Quality::Problem), verdict_at_best: Some(Verdict::NoGo) };
            let words = Words { message, causes: TOO_ALIKE, action_text };
            outcome.find(
                "the grader scores nearly all responses alike",
                finding("std_low", words, FindingAction::EditGrader, effect),
            );
        }
        Standing::Straddles(further) => {
            let open = Open {
                id: "std_low_unsettled",
                what: "Spread (standard deviation)",
                value: figure(std, bound),
                bound: format!("{bound:.2}"),
                interval: interval_text(interval),
                causes: TOO_ALIKE,
                otherwise: FindingAction::EditGrader,
            };
            outcome.find("whether the grader tells good from bad", open.finding(further, caution));
        }
        Standing::Clear if std < bounds.std_caution_below - SLACK => {
            let message = format!(
                "Spread (standard deviation) {} is below {:.2}: the grader tells little apart.",
                figure(std, bounds.std_caution_below),
                bounds.std_caution_below
            );
            let action_text = "Give part of the points for part of the work, so that scores spread.".to_owned();
            let words = Words { message, causes: TOO_ALIKE, action_text };
            outcome.find(
                "the grader spreads its scores little",
                finding("std_lowish", words, FindingAction::EditGrader, caution),
            );
        }
        Standing::Clear => outcome.pass(format!("Spread {std:.2} is at or above {:.2}.", bounds.std_caution_below)),
    }
}

fn scoring_at_all(input: &DiagnosisInput, bounds: &DiagnosisBounds, outcome: &mut Outcome) {
    let (share, bound) = (input.statistics.score_fractions.gt0, bounds.nonzero_no_go_below);
    let above = scores_of(share, input.statistics.count);
    // The rollouts of a prompt are alike, so it is prompts that are counted on.
    let interval = share_interval(share, input.statistics.prompts());
    let interval_text = format!("[{:.0}%, {:.0}%]", interval.low * 100.0, interval.high * 100.0);
    match standing(share, interval, input.statistics.prompts(), bound, BadSide::Below) {
        Standing::Broken => {
            let message = format!(
                "{} are above 0, fewer than {:.0}%, with all of the 95% interval {interval_text}.",
                of_scores(above, input.statistics.count, bound),
                bound * 100.0
            );
            let action_text = "Look at the lowest samples: find out what keeps them at 0.".to_owned();
            let effect = Effect { dataset: Some(Quality::Problem), grader: None, verdict_at_best: Some(Verdict::NoGo) };
            let words = Words { message, causes: TOO_HARD, action_text };
            outcome.find(
                "almost no response scores at all",
                finding("few_nonzero", words, FindingAction::InspectLowest, effect),
            );
        }
        Standing::Straddles(further) => {
            let effect =
                Effect { dataset: Some(Quality::Attention), grader: None, verdict_at_best: Some(Verdict::Caution) };
            let open = Open {
                id: "few_nonzero_unsettled",
                what: "The share of scores above 0,",
                value: format!("{},", percent(share, bound)),
                bound: format!("{:.0}%", bound * 100.0),
                interval: interval_text,
                causes: TOO_HARD,
                otherwise: FindingAction::InspectLowest,
            };
            outcome.find("whether enough responses score at all", open.finding(further, effect));
        }
        Standing::Clear => outcome.pass(format!(
            "{} are above 0; at least {:.0}% should be.",
            of_scores(above, input.statistics.count, bound),
            bound * 100.0
        )),
    }
}

/// How many scores a fraction of them is.
#[expect(clippy::cast_possible_truncation, reason = "a fraction of a count is no larger than the count")]
fn scores_of(fraction: f64, count: i64) -> i64 {
    (fraction * count as f64).round() as i64
}

fn full_marks(input: &DiagnosisInput, bounds: &DiagnosisBounds, outcome: &mut Outcome) {
    let (share, bound) = (input.statistics.score_fractions.eq1, bounds.ones_caution_above);
    let ones = of_scores(scores_of(share, input.statistics.count), input.statistics.count, bound);
    if share > bound + SLACK {
        let message = format!("{ones} are exactly 1, more than {:.0}%.", bound * 100.0);
        let action_text = "Look at the highest samples: add a criterion on which they still differ.".to_owned();
        let effect = Effect {
            dataset: Some(Quality::Attention),
            grader: Some(Quality::Attention),
            verdict_at_best: Some(Verdict::Caution),
        };
        let words = Words { message, causes: TOO_EASY, action_text };
        outcome
            .find("most responses get full marks", finding("many_ones", words, FindingAction::InspectHighest, effect));
    } else {
        outcome.pass(format!("{ones} are exactly 1, no more than {:.0}%.", bound * 100.0));
    }
}

/// Binary and two heaps exclude each other: a binary grader's two heaps are no further news.
fn heaps(input: &DiagnosisInput, bounds: &DiagnosisBounds, outcome: &mut Outcome) {
    let statistics = input.statistics;
    // Equal scores are a constant, whatever their value; the spread says so.
    if statistics.max - statistics.min <= SLACK {
        return;
    }
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let near = |end: f64| {
        let is_near = |score: &&f64| (**score - end).abs() <= bounds.binary_within + SLACK;
        number(input.scores.iter().filter(is_near).count())
    };
    let (zeros, ones, all) = (near(0.0), near(1.0), number(input.scores.len()));
    // More than those that are exactly 0 or 1, of which other checks speak: so the distance is named.
    let at_the_ends = format!(
        "{} lie within {} of 0 or 1",
        of_scores(zeros + ones, all, bounds.binary_share_above),
        bounds.binary_within
    );
    let grader_attention = Effect { dataset: None, grader: Some(Quality::Attention), verdict_at_best: None };
    if (zeros + ones) as f64 > (bounds.binary_share_above + SLACK) * all as f64 {
        let message = format!(
            "{at_the_ends} ({} near 0, {} near 1), more than {:.0}%: the grader is close to yes or no.",
            format::count(zeros),
            format::count(ones),
            bounds.binary_share_above * 100.0
        );
        let causes = "Grader: it decides rather than measures. That does train, with a weaker signal per sample.";
        let action_text = "If you can, give part of the points for part of the work.".to_owned();
        outcome.find(
            "the grader only says yes or no",
            finding(
                "binary_grader",
                Words { message, causes, action_text },
                FindingAction::EditGrader,
                grader_attention,
            ),
        );
    } else if statistics.prompts() < bounds.min_prompts {
        // Too few scores to speak of a shape; their number has a finding of its own.
    } else if is_bimodal(input.scores) {
        let message = "The scores fall into two separate heaps with little between them.".to_owned();
        let causes = "Grader: one criterion decides nearly all of the score. Data: two kinds of prompts, easy and hard, are mixed.";
        let action_text = "See whether one criterion outweighs the others, and spread its points.".to_owned();
        let effect = Effect { verdict_at_best: Some(Verdict::Caution), ..grader_attention };
        outcome.find(
            "the scores fall into two heaps",
            finding("bimodal", Words { message, causes, action_text }, FindingAction::EditGrader, effect),
        );
    } else {
        outcome.pass(format!(
            "Scores do not fall into two heaps: {at_the_ends}, no more than {:.0}%.",
            bounds.binary_share_above * 100.0
        ));
    }
}

/// A NO-GO bound within a 95% interval: an open question.
pub(super) struct Open<'a> {
    pub(super) id: &'a str,
    pub(super) what: &'a str,
    pub(super) value: String,
    pub(super) bound: String,
    pub(super) interval: String,
    pub(super) causes: &'static str,
    /// Where to look if more samples would not settle it.
    pub(super) otherwise: FindingAction,
}

impl Open<'_> {
    pub(super) fn finding(self, further: i64, effect: Effect) -> Finding {
        let message = format!(
            "{} {} is not settled against {}: its 95% interval {} lies on both sides.",
            self.what, self.value, self.bound, self.interval
        );
        let settles = further < MOST_FURTHER_SAMPLES;
        let action_text = if settles {
            format!("Run again with about {} more prompts, or with all records there are.", format::count(further))
        } else {
            format!(
                "It lies so near the bound that {} more prompts may not settle it: look at the samples instead.",
                format::count(further)
            )
        };
        let action = if settles { FindingAction::RunMore } else { self.otherwise };
        let words = Words { message, causes: self.causes, action_text };
        Finding { samples_to_settle: Some(further), ..finding(self.id, words, action, effect) }
    }
}
