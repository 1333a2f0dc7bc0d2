//! The dry-run job: plan once, ask for and grade what is not graded, report.
//!
//! The plan is stored whole before the first sample is graded, each result is committed as it arrives, and
//! the report is computed from the store in the plan's order: a run that was killed and taken over gives
//! the report of an undisturbed one.

mod budget;
mod grade;
mod looks;
mod plan;
mod store;

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::budget::Budget;
use self::grade::Rollouts;
use self::looks::Looks;
use self::store::store_all;
use super::{JobContext, Outcome};
use crate::clock::now_ms;
use crate::db;
use crate::db::dry_runs::{DryRunRow, SampleCounts};
use crate::dry_run::report::{ReportInput, build_report};
use crate::dry_run::rollouts::GraderNoise;
use crate::error::{ServiceError, ServiceResult};
use crate::format;

/// Runs it from where it stopped.
pub(super) async fn run(context: &JobContext, args: &str) -> ServiceResult<Outcome> {
    let run_id: String = serde_json::from_str(args)?;
    let state = &context.state;
    let row = db::dry_runs::get(&state.db, &run_id).await?;
    if !row.planned {
        plan::plan(context, &row).await?;
    }
    let worked = grade_all(context, &row).await;
    if context.interrupted() {
        return Ok(Outcome::Interrupted);
    }
    report(context, &run_id, worked?).await
}

/// How a run's work ended.
struct Worked {
    /// Whether the grader wavers.
    noise: GraderNoise,
    /// Batches that were worked on at once.
    concurrency: usize,
    /// The limit of costs was met before the end.
    is_budget_met: bool,
    /// The verdict was settled before the end, and the run was asked to stop then.
    is_settled: bool,
}

/// Asks for and grades what is left.
async fn grade_all(context: &JobContext, row: &DryRunRow) -> ServiceResult<Worked> {
    let state = &context.state;
    let run_id = row.summary.id.as_str();
    // Ends the calls that are under way when the user cancels or the server stops.
    let stop = CancellationToken::new();
    let _stops = stop.clone().drop_guard();
    let rollouts = Rollouts::of(state, row, &stop).await?;
    let budget = budget_of(context, row).await?;
    let looks = Looks::of(context, run_id, rollouts.noise()).await?;
    // All at once (numbers alone, at most some 10,000): at the end of each part, calls would run out and wait for the slowest.
    let unfinished = db::dry_runs::unfinished(&state.db, run_id).await?;
    let batches = rollouts.batches(&unfinished);
    let work = async |batch| {
        if !budget.admit(&stop).await || looks.is_settled() {
            return Ok(Vec::new());
        }
        let results = rollouts.work(batch).await;
        budget.over(results.as_deref().unwrap_or_default());
        results
    };
    let results = stream::iter(batches)
        .take_while(|_| std::future::ready(!context.should_stop() && !budget.is_met() && !looks.is_settled()))
        .map(|batch| work(batch).boxed())
        .buffer_unordered(rollouts.under_way())
        .map_ok(|results| stream::iter(results.into_iter().map(Ok::<_, ServiceError>)))
        .try_flatten();
    // Two futures that are polled side by side: a call that waits for the store must go on while a result is stored, or
    // the store's one writer is given to a call that nobody polls.
    let (tell, told_of) = mpsc::unbounded_channel();
    let grading = async {
        tokio::pin!(results);
        loop {
            let result = tokio::select! {
                result = results.next() => result,
                () = context.stop_requested(), if !stop.is_cancelled() => {
                    stop.cancel();
                    continue;
                }
            };
            // Nobody listens any more once a result could not be stored.
            let Some(result) = result.filter(|_| !tell.is_closed()) else { break };
            let _ = tell.send(result?);
        }
        drop(tell);
        Ok::<(), ServiceError>(())
    };
    tokio::try_join!(grading, store_all(context, run_id, told_of, &looks))?;
    Ok(Worked {
        noise: rollouts.noise(),
        concurrency: rollouts.concurrency(),
        is_budget_met: budget.is_met(),
        is_settled: looks.is_settled(),
    })
}

async fn budget_of(context: &JobContext, row: &DryRunRow) -> ServiceResult<Budget> {
    let db = &context.state.db;
    let (counts, cost) =
        (db::dry_runs::counts(db, &row.summary.id).await?, db::dry_runs::cost(db, &row.summary.id).await?);
    let batches = counts.finished / row.summary.config.rollouts_per_prompt.max(1);
    Ok(Budget::new(row.summary.config.max_cost, cost.amount, batches))
}

/// What a report is computed from, as far as the run has come.
async fn input_of(
    context: &JobContext,
    run_id: &str,
    noise: GraderNoise,
) -> ServiceResult<(ReportInput, SampleCounts)> {
    let db = &context.state.db;
    let row = db::dry_runs::get(db, run_id).await?;
    let counts = db::dry_runs::counts(db, run_id).await?;
    let input = ReportInput {
        config: row.summary.config,
        computed_from: row.summary.computed_from,
        eligible_records: row.eligible_records,
        balance_score: row.balance_score,
        planned: counts.planned,
        planned_prompts: counts.prompts,
        failed: counts.failed,
        noise,
        partial: counts.finished < counts.planned,
        duration_ms: row.duration_ms,
        timestamp: now_ms(),
        cost: db::dry_runs::cost(db, run_id).await?,
        samples: db::dry_runs::scores(db, run_id).await?,
    };
    Ok((input, counts))
}

async fn report(context: &JobContext, run_id: &str, worked: Worked) -> ServiceResult<Outcome> {
    let (mut input, counts) = input_of(context, run_id, worked.noise).await?;
    // What was done, not how it was asked for.
    input.config.concurrency = i64::try_from(worked.concurrency).unwrap_or(i64::MAX);
    // A verdict that is settled is whole.
    input.partial &= !worked.is_settled;
    let max_cost = input.config.max_cost;
    let report = tokio::task::spawn_blocking(move || build_report(input)).await?;
    let message = match &report.diagnosis {
        Some(diagnosis) => {
            format!("{}, {} scored", diagnosis.verdict.as_str(), format::counted(report.samples_evaluated, "sample"))
        }
        None => "no sample was scored".to_owned(),
    };
    let mut tx = context.begin().await?;
    // A cancel before the first score leaves nothing to report on.
    if counts.finished > 0 {
        db::dry_runs::set_report(&mut tx, run_id, &report).await?;
    }
    tx.commit().await?;
    Ok(match (counts.finished < counts.planned, worked.is_settled, worked.is_budget_met) {
        (false, _, _) => Outcome::Done(message),
        (true, true, _) => Outcome::Done(format!("{message}: settled before the end")),
        (true, false, false) => context.stopped(format!("stopped: {message}")),
        (true, false, true) => {
            let limit = format::dollars(max_cost.unwrap_or_default());
            context.stopped(format!("paused at its limit of {limit}: {message}"))
        }
    })
}
