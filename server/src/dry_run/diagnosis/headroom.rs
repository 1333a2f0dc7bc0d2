//! Checks that several rollouts per prompt allow: expected gain, learnable prompts, judge noise, probes.
//!
//! **What must be gained** ([`DiagnosisBounds::must_gain`]): a training counts as a success when the reward grows by 0.03 and by a
//! tenth of what it was, so that is what the headroom is held against, and not one bound for all means. GO: the
//! headroom's interval lies above what must be gained, and the headroom itself is 1.4 times that (the margin for what
//! a dry run cannot see: how much of what is learnt on one prompt helps on another). NO-GO: the interval lies below it.
//! docs/benchmarks.md, "Verdicts", has the figures for these bounds and for the fixed ones, 0.05 and 0.02.

use super::outcome::{Effect, Outcome, Words, figure, finding, percent};
use super::rollouts::Measured;
use super::scores::Open;
use super::settle::{BadSide, MOST_FURTHER_SAMPLES, SLACK, Standing, samples_to_settle, standing};
use super::{DiagnosisBounds, DiagnosisInput};
use crate::format;
use crate::types::dry_run::{Finding, FindingAction, Interval, ProbeResult, Quality, Verdict};

/// All checks of this file, what decides most first.
pub(super) fn check(input: &DiagnosisInput, measured: &Measured, bounds: &DiagnosisBounds, outcome: &mut Outcome) {
    noise(input, bounds, outcome);
    expected_gain(input, measured, bounds, outcome);
    learnable(measured, bounds, outcome);
    probes(input.probes, outcome);
}

fn expected_gain(input: &DiagnosisInput, measured: &Measured, bounds: &DiagnosisBounds, outcome: &mut Outcome) {
    let need = bounds.must_gain(input.statistics.mean);
    let wanted = need * bounds.headroom_margin;
    let (headroom, interval) = (measured.headroom, measured.interval);
    let blame = Blame::of(input, measured, bounds);
    let prompts = input.statistics.prompts();
    match standing(headroom, interval, prompts, need, BadSide::Below) {
        Standing::Broken => {
            let message = format!(
                "Expected gain {} is below {need:.3}, what must be gained, with all of its 95% interval {}.",
                figure(headroom, need),
                thousandths(interval)
            );
            let words = Words { message, causes: blame.causes, action_text: blame.action_text.to_owned() };
            let effect = blame.effect(Quality::Problem, Verdict::NoGo);
            outcome.find("there is too little to gain", finding("headroom_low", words, blame.action, effect));
        }
        Standing::Straddles(further) => {
            let open = Open {
                id: "headroom_unsettled",
                what: "Expected gain",
                value: figure(headroom, need),
                bound: format!("{need:.3}, what must be gained"),
                interval: thousandths(interval),
                causes: blame.causes,
                otherwise: blame.action,
            };
            let effect = blame.effect(Quality::Attention, Verdict::Caution);
            outcome.find("whether there is enough to gain", open.finding(further, effect));
        }
        Standing::Clear if headroom < wanted - SLACK => {
            let message = format!(
                "Expected gain {} is above {need:.3}, what must be gained, but below {wanted:.3}, which leaves a margin.",
                figure(headroom, wanted)
            );
            let words = Words { message, causes: blame.causes, action_text: blame.action_text.to_owned() };
            let effect = blame.effect(Quality::Attention, Verdict::Caution);
            // More prompts may show that it is more after all; if they cannot, they are not proposed.
            let further = samples_to_settle(headroom, interval, prompts, wanted);
            let settles = (interval.high > wanted && further < MOST_FURTHER_SAMPLES).then_some(further);
            let finding = finding("headroom_small", words, blame.action, effect);
            outcome.find("there is little to gain", Finding { samples_to_settle: settles, ..finding });
        }
        Standing::Clear => outcome.pass(format!(
            "Expected gain {headroom:.3} {} is above {need:.3}, what must be gained, with a margin.",
            thousandths(interval)
        )),
    }
}

/// Whose fault a small headroom is.
struct Blame {
    causes: &'static str,
    action_text: &'static str,
    action: FindingAction,
    dataset: bool,
}

impl Blame {
    /// A grader that tells the rollouts of most prompts apart but within a narrow range ranks well: it is told to spread
    /// its scores, not the data to change. What is left is nearly solved, or nearly hopeless.
    fn of(input: &DiagnosisInput, measured: &Measured, bounds: &DiagnosisBounds) -> Self {
        let percentiles = input.statistics.percentiles;
        let learnable = measured.signal.counts.learnable_share().unwrap_or(0.0);
        let noise = input.statistics.variance.and_then(|parts| parts.noise_share()).unwrap_or(1.0);
        let narrow = percentiles.p90 - percentiles.p10 < bounds.narrow_range_below;
        if narrow && learnable > bounds.ranks_from && noise < bounds.ranks_with_noise_below {
            Self {
                causes: "Grader: it tells better from worse, but within a narrow range, so little can be gained by its measure.",
                action_text: "Spread the grader's scores: let poor responses come near 0 and good ones near 1.",
                action: FindingAction::EditGrader,
                dataset: false,
            }
        } else if input.statistics.mean >= bounds.solved_from {
            Self {
                causes: "Data: the prompts are solved nearly always, or answered alike every time. \
                         Grader: it gives good and better the same score.",
                action_text: "Look at the highest samples: make the grader ask for more, or take harder prompts.",
                action: FindingAction::InspectHighest,
                dataset: true,
            }
        } else {
            Self {
                causes: "Data: the prompts are too hard, so that hardly any response is better than the others. \
                         Grader: it is too strict, or gives good and bad the same score.",
                action_text: "Look at the lowest samples: give points for part of the work, or take easier prompts.",
                action: FindingAction::InspectLowest,
                dataset: true,
            }
        }
    }

    fn effect(&self, gravest: Quality, verdict: Verdict) -> Effect {
        Effect {
            dataset: self.dataset.then_some(gravest),
            grader: Some(if self.dataset { Quality::Attention } else { gravest }),
            verdict_at_best: Some(verdict),
        }
    }
}

fn learnable(measured: &Measured, bounds: &DiagnosisBounds, outcome: &mut Outcome) {
    let counts = measured.signal.counts;
    let Some(share) = counts.learnable_share() else { return };
    let told = |bound: f64| {
        format!(
            "{} of {} ({})",
            format::count(counts.learnable),
            format::counted(counts.known(), "prompt"),
            percent(share, bound)
        )
    };
    let causes =
        "Data: the other prompts are solved every time, or never. Grader: it gives different responses the same score.";
    let few = |bound: f64, consequence: &str| Words {
        message: format!(
            "{} can be learnt from, fewer than {:.0}%: of the others {} are solved and {} are dead.{consequence}",
            told(bound),
            bound * 100.0,
            format::count(counts.solved),
            format::count(counts.dead)
        ),
        causes,
        action_text:
            "Take prompts that the model sometimes gets right, or let the grader give points for part of the work."
                .to_owned(),
    };
    if share < bounds.learnable_no_go_below - SLACK {
        let words = few(bounds.learnable_no_go_below, "");
        let effect = Effect { dataset: Some(Quality::Problem), grader: None, verdict_at_best: Some(Verdict::NoGo) };
        outcome.find(
            "almost no prompt can be learnt from",
            finding("learnable_few", words, FindingAction::InspectLowest, effect),
        );
    } else if share < bounds.learnable_attention_below - SLACK {
        let words = few(bounds.learnable_attention_below, " Training on them is slower than it could be.");
        let effect = Effect { dataset: Some(Quality::Attention), grader: None, verdict_at_best: None };
        outcome.find(
            "few prompts can be learnt from",
            finding("learnable_some", words, FindingAction::InspectLowest, effect),
        );
    } else {
        let bound = bounds.learnable_attention_below;
        outcome.pass(format!("{} can be learnt from; at least {:.0}% should be.", told(bound), bound * 100.0));
    }
}

fn noise(input: &DiagnosisInput, bounds: &DiagnosisBounds, outcome: &mut Outcome) {
    let action_text =
        "Make the grader's instructions sharper, ask it for reasons first, or take the mean of several gradings.";
    if input.statistics.headroom_is_upper_bound {
        let words = Words {
            message:
                "How far the judge wavers is not known: too few responses were graded twice, so the expected gain \
                      may be partly noise."
                    .to_owned(),
            causes: "Grader: a judge gives the same response different scores, and the best of several looks better than it is.",
            action_text: "Run again with a share of the responses graded twice.".to_owned(),
        };
        let effect =
            Effect { dataset: None, grader: Some(Quality::Attention), verdict_at_best: Some(Verdict::Caution) };
        outcome.find("whether the judge is steady", finding("noise_unknown", words, FindingAction::RunMore, effect));
        return;
    }
    let bound = bounds.noise_share_no_go_above;
    match input.statistics.variance.and_then(|parts| parts.noise_share()) {
        Some(share) if share > bound + SLACK => {
            let words = Words {
                message: format!(
                    "{} of what differs within a prompt is the judge's own wavering, more than {:.0}%.",
                    percent(share, bound),
                    bound * 100.0
                ),
                causes: "Grader: grading the same response again changes its score as much as another response does. \
                         Data, less often: the responses to a prompt really are alike.",
                action_text: action_text.to_owned(),
            };
            let effect = Effect { dataset: None, grader: Some(Quality::Problem), verdict_at_best: Some(Verdict::NoGo) };
            outcome.find(
                "the judge's scores are mostly noise",
                finding("noise_high", words, FindingAction::EditGrader, effect),
            );
        }
        Some(share) => outcome.pass(format!(
            "{} of what differs within a prompt is the judge's own wavering, no more than {:.0}%.",
            percent(share, bound),
            bound * 100.0
        )),
        None => {}
    }
}

fn probes(probes: &[ProbeResult], outcome: &mut Outcome) {
    for probe in probes.iter().filter(|probe| probe.pays) {
        let words = Words {
            message: format!(
                "The grader pays for {}: median {} on {}, above {:.2}, the median of the real responses.",
                probe.kind.as_str(),
                figure(probe.median, probe.real_median),
                format::counted(probe.count, "prompt"),
                probe.real_median
            ),
            causes: "Grader: it can be cheated, and training would find this out. Data: the real responses are so poor that nothing is no worse.",
            action_text: "Let the grader give nothing for this, and test it again.".to_owned(),
        };
        let effect = Effect { dataset: None, grader: Some(Quality::Problem), verdict_at_best: Some(Verdict::Caution) };
        outcome.find(
            "the grader can be cheated",
            finding(&format!("probe_{}", probe.kind.id()), words, FindingAction::EditGrader, effect),
        );
    }
    if !probes.is_empty() && probes.iter().all(|probe| !probe.pays) {
        outcome.pass(format!(
            "None of {} pays better than real responses do.",
            format::counted(i64::try_from(probes.len()).unwrap_or(i64::MAX), "attack",)
        ));
    }
}

/// "[0.031, 0.042]": gains are small numbers.
fn thousandths(interval: Interval) -> String {
    format!("[{:.3}, {:.3}]", interval.low, interval.high)
}
