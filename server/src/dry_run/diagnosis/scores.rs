//! Checks of the scores themselves: level, spread, how many score at all, and their shape.

use super::outcome::{Effect, Outcome, Words, figure, finding, interval_text, percent};
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
    let (mean, interval, count) = (input.statistics.mean, input.statistics.mean_ci95, input.statistics.count);
    let broken = |bound, side_word: &str| {
        format!(
            "Mean score {} is {side_word} {bound:.2}, with all of its 95% interval {}.",
            figure(mean, bound),
            interval_text(interval)
        )
    };
    let no_go = Effect {
        dataset: Some(Quality::Problem),
        grader: Some(Quality::Attention),
        verdict_at_best: Some(Verdict::NoGo),
    };
    let caution = Effect { dataset: Some(Quality::Attention), grader: None, verdict_at_best: Some(Verdict::Caution) };
    let low = standing(mean, interval, count, bounds.mean_no_go_below, BadSide::Below);
    let high = standing(mean, interval, count, bounds.mean_no_go_above, BadSide::Above);

    match low {
        Standing::Broken => {
            let action_text = "Look at the lowest samples: where the response is right, loosen the grader; where it is wrong, take easier prompts.";
            let words = Words {
                message: broken(bounds.mean_no_go_below, "below"),
                causes: TOO_HARD,
                action_text: action_text.to_owned(),
            };
            outcome.find(
                "the responses hardly ever score",
                finding("mean_low", words, FindingAction::InspectLowest, no_go),
            );
        }
        Standing::Straddles(further) => {
            let open = Open {
                id: "mean_low_unsettled",
                what: "Mean score",
                value: figure(mean, bounds.mean_no_go_below),
                bound: format!("{:.2}", bounds.mean_no_go_below),
                interval: interval_text(interval),
                causes: TOO_HARD,
                otherwise: FindingAction::InspectLowest,
            };
            outcome.find("whether the scores are too low to learn from", open.finding(further, caution));
        }
        Standing::Clear => {}
    }
    match high {
        Standing::Broken => {
            let action_text = "Look at the highest samples: where the response is poor, make the grader stricter; else take harder prompts.";
            let words = Words {
                message: broken(bounds.mean_no_go_above, "above"),
                causes: TOO_EASY,
                action_text: action_text.to_owned(),
            };
            outcome.find(
                "the responses are nearly perfect already",
                finding("mean_high", words, FindingAction::InspectHighest, no_go),
            );
        }
        Standing::Straddles(further) => {
            let open = Open {
                id: "mean_high_unsettled",
                what: "Mean score",
                value: figure(mean, bounds.mean_no_go_above),
                bound: format!("{:.2}", bounds.mean_no_go_above),
                interval: interval_text(interval),
                causes: TOO_EASY,
                otherwise: FindingAction::InspectHighest,
            };
            outcome.find("whether anything is left to learn", open.finding(further, caution));
        }
        Standing::Clear => {}
    }
    if low != Standing::Clear || high != Standing::Clear {
        return;
    }
    if mean < bounds.mean_caution_below - SLACK {
        let message = format!(
            "Mean score {} is below {:.2}: rather low.",
            figure(mean, bounds.mean_caution_below),
            bounds.mean_caution_below
        );
        let action_text = "Look at the lowest samples and see whether the grader asks too much of them.".to_owned();
        let words = Words { message, causes: TOO_HARD, action_text };
        outcome.find("the scores are rather low", finding("mean_lowish", words, FindingAction::InspectLowest, caution));
    } else if mean > bounds.mean_caution_above + SLACK {
        let message = format!(
            "Mean score {} is above {:.2}: little room to improve.",
            figure(mean, bounds.mean_caution_above),
            bounds.mean_caution_above
        );
        let action_text = "Look at the highest samples and see whether the grader should ask more of them.".to_owned();
        let words = Words { message, causes: TOO_EASY, action_text };
        outcome.find(
            "the responses are rather good already",
            finding("mean_highish", words, FindingAction::InspectHighest, caution),
        );
    } else {
        outcome.pass(format!(
            "Mean {mean:.2} lies between {:.2} and {:.2}.",
            bounds.mean_caution_below, bounds.mean_caution_above
        ));
    }
}

fn spread(input: &DiagnosisInput, bounds: &DiagnosisBounds, outcome: &mut Outcome) {
    let (std, interval, bound) = (input.statistics.std, input.statistics.std_ci95, bounds.std_no_go_below);
    let caution = Effect { dataset: None, grader: Some(Quality::Attention), verdict_at_best: Some(Verdict::Caution) };
    match standing(std, interval, input.statistics.count, bound, BadSide::Below) {
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
    let interval = share_interval(share, input.statistics.count);
    let interval_text = format!("[{:.0}%, {:.0}%]", interval.low * 100.0, interval.high * 100.0);
    match standing(share, interval, input.statistics.count, bound, BadSide::Below) {
        Standing::Broken => {
            let message = format!(
                "{} of the scores are above 0, fewer than {:.0}%, with all of the 95% interval {interval_text}.",
                percent(share, bound),
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
            "{} of the scores are above 0; at least {:.0}% should be.",
            percent(share, bound),
            bound * 100.0
        )),
    }
}

fn full_marks(input: &DiagnosisInput, bounds: &DiagnosisBounds, outcome: &mut Outcome) {
    let (share, bound) = (input.statistics.score_fractions.eq1, bounds.ones_caution_above);
    if share > bound + SLACK {
        let message =
            format!("{} of the scores are exactly 1, more than {:.0}%.", percent(share, bound), bound * 100.0);
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
        outcome.pass(format!(
            "{} of the scores are exactly 1, no more than {:.0}%.",
            percent(share, bound),
            bound * 100.0
        ));
    }
}

/// Binary and two heaps exclude each other: a binary grader's two heaps are no further news.
fn heaps(input: &DiagnosisInput, bounds: &DiagnosisBounds, outcome: &mut Outcome) {
    let statistics = input.statistics;
    // Equal scores are a constant, whatever their value; the spread says so.
    if statistics.max - statistics.min <= SLACK {
        return;
    }
    let share_near = |end: f64| {
        let near = |score: &&f64| (**score - end).abs() <= bounds.binary_within + SLACK;
        input.scores.iter().filter(near).count() as f64 / input.scores.len().max(1) as f64
    };
    let (zeros, ones) = (share_near(0.0), share_near(1.0));
    let grader_attention = Effect { dataset: None, grader: Some(Quality::Attention), verdict_at_best: None };
    if zeros + ones > bounds.binary_share_above + SLACK {
        let message = format!(
            "{} of the scores are 0 or 1 ({:.0}% at 0, {:.0}% at 1), more than {:.0}%: the grader is close to yes or no.",
            percent(zeros + ones, bounds.binary_share_above),
            zeros * 100.0,
            ones * 100.0,
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
    } else if statistics.count < bounds.min_prompts {
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
            "Scores do not fall into two heaps, and {} are 0 or 1, no more than {:.0}%.",
            percent(zeros + ones, bounds.binary_share_above),
            bounds.binary_share_above * 100.0
        ));
    }
}

/// A NO-GO bound within a 95% interval: an open question.
struct Open<'a> {
    id: &'a str,
    what: &'a str,
    value: String,
    bound: String,
    interval: String,
    causes: &'static str,
    /// Where to look if more samples would not settle it.
    otherwise: FindingAction,
}

impl Open<'_> {
    fn finding(self, further: i64, effect: Effect) -> Finding {
        let message = format!(
            "{} {} is not settled against {}: its 95% interval {} lies on both sides.",
            self.what, self.value, self.bound, self.interval
        );
        let settles = further < MOST_FURTHER_SAMPLES;
        let action_text = if settles {
            format!("Run again with about {} more, or with all records there are.", format::counted(further, "prompt"))
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
