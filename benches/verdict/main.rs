//! Is the verdict right? Thousands of simulated worlds: each is dry-run by the product's own sampling, statistics and
//! diagnosis, then trained in for real, and the verdict is held against what the training gained.
//!
//! `verdict [WORLDS] [FIRST_SEED]` (see `benches/run.sh` and docs/benchmarks.md, "Verdicts"). Repeatable: the same seeds give
//! the same table, however many threads there are. The bounds were chosen on the seeds below 10,000; the default seeds
//! begin at a million.
//!
//! | file | what |
//! |---|---|
//! | `world`, `skills`, `grader` | two makes of worlds, nine kinds of graders; everything in them is known exactly |
//! | `train` | group-relative policy gradient, and the gain on held-out prompts |
//! | `dry` | the dry run, by the product's functions |
//! | `trial` | both, for one world |
//! | `forest` | about the most that a dry run can know |
//! | `table` | what is printed |

#![expect(clippy::print_stdout, reason = "the figures are what it is run for")]

mod dry;
mod forest;
mod grader;
mod random;
mod skills;
mod table;
mod train;
mod trial;
mod world;

use anneal_server::dry_run::diagnosis::DiagnosisBounds;

use trial::Trial;

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<u64>().ok());
    let worlds = numbers.next().unwrap_or(2_400);
    let first = numbers.next().unwrap_or(1_000_000);
    let trials = trials(first, worlds);
    table::print(&trials);
}

/// Every thread takes every n-th world; the order of the result is that of the seeds.
fn trials(first: u64, worlds: u64) -> Vec<Trial> {
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get) as u64;
    let bounds = &DiagnosisBounds::default();
    let mut trials: Vec<Trial> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    let seeds = (first..first + worlds).filter(move |seed| seed % threads == thread);
                    seeds.filter_map(|seed| Trial::of(seed, bounds)).collect::<Vec<_>>()
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    });
    trials.sort_by_key(|trial| trial.seed);
    assert_eq!(trials.len() as u64, worlds, "a world without a verdict is a defect");
    trials
}
