//! What is printed.

use anneal_server::types::dry_run::{Interval, Verdict};

use crate::forest;
use crate::grader::Kind;
use crate::trial::Trial;

/// All tables.
pub fn print(trials: &[Trial]) {
    let all: Vec<&Trial> = trials.iter().collect();
    let paid = share(&all, |trial| trial.outcome.paid());
    println!("{} worlds, 300 prompts x 4 rollouts; training paid in {:.1}% of them", all.len(), paid * 100.0);
    verdicts(&all);
    coverage(&all);
    calibration(&all);
    stopping(&all);
}

fn verdicts(all: &[&Trial]) {
    println!("\nrule                                  GO share  right   NO-GO share  right   CAUTION");
    row("the product", all, |_, trial| trial.verdict);
    for (name, skills) in [("  worlds of directions", false), ("  worlds of strategies", true)] {
        let part: Vec<&Trial> = all.iter().copied().filter(|trial| trial.skills == skills).collect();
        row(name, &part, |_, trial| trial.verdict);
    }
    let third = all.len() / 3;
    let mut by_travel = all.to_vec();
    by_travel.sort_by(|a, b| a.travel.total_cmp(&b.travel));
    row("  the third trained least", &by_travel[..third], |_, trial| trial.verdict);
    row("  the third trained most", &by_travel[all.len() - third..], |_, trial| trial.verdict);
    let short: Vec<&Trial> = all.iter().copied().filter(|trial| !trial.follows_length).collect();
    row("  score does not follow length", &short, |_, trial| trial.verdict);
    row("domain.md's fixed bounds", all, |_, trial| trial.fixed);
    row("the plan's pooled rule", all, |_, trial| trial.pooled);
    let rows: Vec<Vec<f64>> = all.iter().map(|trial| trial.features.clone()).collect();
    let paid: Vec<f64> = all.iter().map(|trial| f64::from(u8::from(trial.outcome.paid()))).collect();
    let chances = forest::cross_validated(&rows, &paid, 5, 1);
    let (no_go, go) = thresholds(&chances, &paid);
    let by_forest = |index: usize| match chances[index] {
        chance if chance >= go => Verdict::Go,
        chance if chance < no_go => Verdict::NoGo,
        _ => Verdict::Caution,
    };
    row("forest on all figures", all, |index, _| by_forest(index));
    row("forest, no GO where score follows length", all, |index, trial| match by_forest(index) {
        Verdict::Go if trial.follows_length => Verdict::Caution,
        verdict => verdict,
    });
    let gains: Vec<f64> = all.iter().map(|trial| trial.outcome.gain()).collect();
    let predicted = forest::cross_validated(&rows, &gains, 5, 2);
    let error = predicted.iter().zip(&gains).map(|(a, b)| (a - b).abs()).sum::<f64>() / gains.len() as f64;
    println!("(the forest's bounds are the widest that reach 85% and 95%; its mean error of the gain is {error:.3})");
    println!("\nby grader        worlds  paid   GO  right  NO-GO  right  CAUTION");
    for kind in Kind::ALL {
        let part: Vec<&Trial> = all.iter().copied().filter(|trial| trial.kind == kind).collect();
        let counts = Counts::of(&part, |_, trial| trial.verdict);
        println!(
            "{:<15} {:>7} {:>4.0}% {:>4} {:>6} {:>6} {:>6} {:>8}",
            kind.as_str(),
            part.len(),
            share(&part, |trial| trial.outcome.paid()) * 100.0,
            counts.go.1,
            percent(counts.go),
            counts.no_go.1,
            percent(counts.no_go),
            part.len() - counts.go.1 - counts.no_go.1
        );
    }
}

/// How many verdicts were right, of how many.
struct Counts {
    go: (usize, usize),
    no_go: (usize, usize),
}

impl Counts {
    fn of(trials: &[&Trial], verdict: impl Fn(usize, &Trial) -> Verdict) -> Self {
        let mut counts = Self { go: (0, 0), no_go: (0, 0) };
        for (index, trial) in trials.iter().enumerate() {
            let (cell, right) = match verdict(index, trial) {
                Verdict::Go => (&mut counts.go, trial.outcome.paid()),
                Verdict::NoGo => (&mut counts.no_go, !trial.outcome.paid()),
                Verdict::Caution => continue,
            };
            cell.0 += usize::from(right);
            cell.1 += 1;
        }
        counts
    }
}

fn row(name: &str, trials: &[&Trial], verdict: impl Fn(usize, &Trial) -> Verdict) {
    let counts = Counts::of(trials, verdict);
    let part = |count: usize| count as f64 * 100.0 / trials.len().max(1) as f64;
    println!(
        "{name:<40} {:>5.1}% {:>6}       {:>5.1}% {:>6}    {:>5.1}%",
        part(counts.go.1),
        percent(counts.go),
        part(counts.no_go.1),
        percent(counts.no_go),
        part(trials.len() - counts.go.1 - counts.no_go.1)
    );
}

fn percent((right, of): (usize, usize)) -> String {
    if of == 0 { "-".to_owned() } else { format!("{:.1}%", right as f64 * 100.0 / of as f64) }
}

/// The chances below which 95% of the worlds did not pay, and above which 85% did, as wide as they go.
fn thresholds(chances: &[f64], paid: &[f64]) -> (f64, f64) {
    let mut order: Vec<usize> = (0..chances.len()).collect();
    order.sort_by(|a, b| chances[*a].total_cmp(&chances[*b]));
    let (mut no_go, mut go) = (0.0f64, 1.0f64);
    let mut sum = 0.0;
    for (count, index) in (1u32..).zip(&order) {
        sum += paid[*index];
        if sum <= 0.05 * f64::from(count) {
            no_go = chances[*index];
        }
    }
    sum = 0.0;
    for (count, index) in (1u32..).zip(order.iter().rev()) {
        sum += paid[*index];
        if sum >= 0.85 * f64::from(count) {
            go = chances[*index];
        }
    }
    (no_go.min(go), go)
}

fn coverage(all: &[&Trial]) {
    let holds = |interval: Interval, truth: f64| interval.low - 1e-9 <= truth && truth <= interval.high + 1e-9;
    let mean = |trial: &Trial| holds(trial.statistics.mean_ci95, trial.truth.mean);
    let headroom = |trial: &Trial| holds(trial.headroom_ci95, trial.truth.headroom);
    println!("\n95% intervals that hold the truth: mean, headroom");
    println!("all              {:.1}%  {:.1}%", share(all, mean) * 100.0, share(all, headroom) * 100.0);
    for kind in Kind::ALL {
        let part: Vec<&Trial> = all.iter().copied().filter(|trial| trial.kind == kind).collect();
        println!("{:<15}  {:.1}%  {:.1}%", kind.as_str(), share(&part, mean) * 100.0, share(&part, headroom) * 100.0);
    }
}

fn calibration(all: &[&Trial]) {
    let count = all.len() as f64;
    let error = |trial: &&Trial| trial.headroom - trial.outcome.gain();
    println!(
        "\nexpected gain (headroom) against the true gain: mean error {:.3} either way, {:+.3} on balance",
        all.iter().map(|trial| error(trial).abs()).sum::<f64>() / count,
        all.iter().map(error).sum::<f64>() / count
    );
    println!("headroom       worlds  mean headroom  mean gain  paid");
    let edges = [f64::NEG_INFINITY, 0.01, 0.02, 0.04, 0.07, 0.10, 0.15, 0.30, 1.0];
    for pair in edges.windows(2) {
        let part: Vec<&Trial> =
            all.iter().copied().filter(|trial| trial.headroom > pair[0] && trial.headroom <= pair[1]).collect();
        let mean = |of: fn(&Trial) -> f64| part.iter().map(|trial| of(trial)).sum::<f64>() / part.len().max(1) as f64;
        let from = if pair[0].is_finite() { format!("{:.2}", pair[0]) } else { "  ".to_owned() };
        println!(
            "{from:>4} to {:.2}   {:>6} {:>14.3} {:>10.3} {:>4.0}%",
            pair[1],
            part.len(),
            mean(|trial| trial.headroom),
            mean(|trial| trial.outcome.gain()),
            share(&part, |trial| trial.outcome.paid()) * 100.0
        );
    }
}

fn stopping(all: &[&Trial]) {
    let settled = |trial: &&&Trial| trial.stop.is_some();
    let stopped: Vec<&Trial> = all.iter().filter(settled).copied().collect();
    let half: Vec<&Trial> =
        stopped.iter().copied().filter(|trial| trial.stop.is_some_and(|stop| stop.share <= 0.5)).collect();
    let used = all.iter().map(|trial| trial.stop.map_or(1.0, |stop| stop.share)).sum::<f64>() / all.len() as f64;
    println!("\nearly stopping: prompts used {:.0}% on average", used * 100.0);
    let agrees = |trial: &Trial| trial.stop.is_some_and(|stop| stop.verdict == trial.verdict);
    for (name, part) in [("settled at half of the prompts", &half), ("settled before the end", &stopped)] {
        println!(
            "{name}: {:.1}% of the runs; as the whole run says {:.1}%",
            part.len() as f64 * 100.0 / all.len() as f64,
            share(part, agrees) * 100.0
        );
    }
    println!("rule                                  GO share  right   NO-GO share  right   CAUTION");
    row("settled at half, of those", &half, |_, trial| trial.stop.map_or(trial.verdict, |stop| stop.verdict));
    row("stopped where settled, of all", all, |_, trial| trial.stop.map_or(trial.verdict, |stop| stop.verdict));
}

fn share(trials: &[&Trial], of: impl Fn(&Trial) -> bool) -> f64 {
    trials.iter().filter(|trial| of(trial)).count() as f64 / trials.len().max(1) as f64
}
