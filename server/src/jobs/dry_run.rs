//! The dry-run job: plan once, grade what is not graded, report.
//!
//! The plan is stored whole before the first sample is graded, each result is committed as it arrives, and
//! the report is computed from the store in the plan's order: a run that was killed and taken over gives
//! the report of an undisturbed one.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{JobContext, Outcome};
use crate::clock::now_ms;
use crate::datasets::facts_of;
use crate::db::dry_runs::{DryRunPlan, DryRunRow, PlannedSample, SampleResult};
use crate::db::records::scan::{self, RecordKey, Scan};
use crate::db::{self, Snapshot};
use crate::dry_run::report::{ReportInput, build_report};
use crate::dry_run::sample::{allocate, choose_indices};
use crate::error::{ServiceError, ServiceResult};
use crate::format;
use crate::grader::{Grader, GradingContext, Sample, grade_input, prepare, recorded_response, sample_seed};
use crate::llm::CacheUse;
use crate::types::dry_run::DryRunConfig;
use crate::types::error::AppError;
use crate::types::topics::TopicHierarchy;

/// Most results of one transaction.
const STORED_AT_ONCE: usize = 64;
/// Keys fetched at once while planning.
const KEYS: i64 = 10_000;

/// Runs it from where it stopped.
pub(super) async fn run(context: &JobContext, args: &str) -> ServiceResult<Outcome> {
    let run_id: String = serde_json::from_str(args)?;
    let state = &context.state;
    let row = db::dry_runs::get(&state.db, &run_id).await?;
    if !row.planned {
        plan(context, &row).await?;
    }
    let graded = grade_all(context, &row).await;
    if context.interrupted() {
        return Ok(Outcome::Interrupted);
    }
    report(context, &run_id, graded?).await
}

/// Draws the sample: a stratum per leaf topic (one for all the rest), largest remainder, seeded. Two passes over one
/// snapshot, which the revisions and the balance are of as well: what the report says it is computed from, it is.
async fn plan(context: &JobContext, row: &DryRunRow) -> ServiceResult<()> {
    let state = &context.state;
    let config = &row.summary.config;
    let mut snapshot = state.db.snapshot().await?;
    let dataset = db::datasets::get_for_job(&mut snapshot, &row.dataset_id).await?;
    let facts = facts_of(&mut snapshot, &dataset).await?;
    let leaves = facts.hierarchy.as_ref().map(TopicHierarchy::leaf_names).unwrap_or_default();
    let topic_of = |key: &RecordKey| key.topic.clone().filter(|topic| leaves.contains(topic.as_str()));
    let stratum_of = |key: &RecordKey| topic_of(key).filter(|_| config.stratify_by_topic);

    let mut counts = std::collections::BTreeMap::<Option<String>, i64>::new();
    visit_eligible(&mut snapshot, row, |key| *counts.entry(stratum_of(key)).or_default() += 1).await?;
    let eligible_records = counts.values().sum();
    let strata: Vec<(Option<String>, i64)> = counts.into_iter().collect();
    let sizes = allocate(&strata, config.sample_size);
    let mut chosen = std::collections::BTreeMap::new();
    for ((topic, count), size) in strata.into_iter().zip(sizes) {
        let indices = choose_indices(count, size, config.seed, topic.as_deref());
        chosen.insert(topic, (0_i64, indices.into_iter().peekable()));
    }

    let mut samples = Vec::new();
    visit_eligible(&mut snapshot, row, |key| {
        if let Some((position, indices)) = chosen.get_mut(&stratum_of(key)) {
            if indices.next_if_eq(position).is_some() {
                let ordinal = i64::try_from(samples.len()).unwrap_or(i64::MAX);
                samples.push(PlannedSample { ordinal, record_id: key.id, topic: topic_of(key) });
            }
            *position += 1;
        }
    })
    .await?;
    drop(snapshot);
    if samples.is_empty() {
        return Err(AppError::conflict(
            "No valid record with a recorded response was left when the sample was drawn: since the start they were changed, replaced or set to be validated again. See what the Extract step says of the records, then resume the run.",
        )
        .into());
    }
    let plan = DryRunPlan {
        records_revision: dataset.records_revision,
        topics_revision: dataset.topics_revision,
        balance_score: facts.balance_score(),
        eligible_records,
        samples,
    };
    let mut tx = context.begin().await?;
    db::dry_runs::insert_plan(&mut tx, &row.summary.id, &plan).await?;
    tx.commit().await?;
    Ok(())
}

async fn visit_eligible(
    snapshot: &mut Snapshot,
    row: &DryRunRow,
    mut visit: impl FnMut(&RecordKey),
) -> ServiceResult<()> {
    let scan = Scan { with_output: true, ..Scan::valid() };
    let mut cursor = 0;
    loop {
        let keys = scan::keys(&mut *snapshot, &row.dataset_id, scan, cursor, KEYS).await?;
        let Some(last) = keys.last() else { return Ok(()) };
        cursor = last.id;
        keys.iter().for_each(&mut visit);
    }
}

/// Grades what is left; gives how many samples were graded at once.
async fn grade_all(context: &JobContext, row: &DryRunRow) -> ServiceResult<usize> {
    let state = &context.state;
    let run_id = row.summary.id.as_str();
    let grader = db::graders::get(&state.db, &row.dataset_id, row.summary.computed_from.grader_version).await?;
    let grader = prepare(state, &grader.config).await?;
    let concurrency = concurrency(row, &grader);
    // Ends the calls that are under way when the user cancels or the server stops.
    let stop = CancellationToken::new();
    let _stops = stop.clone().drop_guard();
    // All at once (numbers and topics alone, at most 10,000): at the end of each part, calls would run out and wait for the
    // slowest.
    let unfinished = db::dry_runs::unfinished(&state.db, run_id).await?;
    let batches: Vec<Vec<PlannedSample>> = unfinished.chunks(grader.batch_size()).map(<[_]>::to_vec).collect();
    let results = stream::iter(batches)
        .take_while(|_| std::future::ready(!context.should_stop()))
        .map(|batch| grade_batch(context, row, &grader, &stop, batch))
        .buffer_unordered(under_way(concurrency, &grader))
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
    tokio::try_join!(grading, store_all(context, run_id, told_of))?;
    Ok(concurrency)
}

/// Stores results as they come: those that came while the ones before were stored share a transaction.
async fn store_all(
    context: &JobContext,
    run_id: &str,
    mut told_of: mpsc::UnboundedReceiver<SampleResult>,
) -> ServiceResult<()> {
    let mut counts = db::dry_runs::counts(&context.state.db, run_id).await?;
    let mut told = Instant::now();
    let mut results = Vec::new();
    while told_of.recv_many(&mut results, STORED_AT_ONCE).await > 0 {
        // What is graded is stored though the server stops: it is paid for. (A job that was taken over may begin nothing.)
        let mut tx = context.begin().await?;
        for result in results.drain(..) {
            counts.finished += 1;
            counts.failed += i64::from(result.error.is_some());
            db::dry_runs::set_result(&mut tx, run_id, &result).await?;
        }
        // With the results, so that what a killed process did counts too; to the last millisecond that is whole.
        let since = i64::try_from(told.elapsed().as_millis()).unwrap_or(i64::MAX);
        db::dry_runs::add_duration(&mut tx, run_id, since).await?;
        told += Duration::from_millis(since.unsigned_abs());
        tx.commit().await?;
        let scored = format::count(counts.finished - counts.failed);
        let message = format!("{scored} scored, {} failed", format::count(counts.failed));
        context.progress(counts.finished, counts.planned, "samples", message).await?;
    }
    Ok(())
}

/// How many batches are under way: as many as are graded; of a judge whose endpoint takes no more anyhow, half as many again,
/// so that one stands at the endpoint's gate while the answer of another is stored.
fn under_way(concurrency: usize, grader: &Grader) -> usize {
    let calls = grader.call_concurrency().and_then(|calls| usize::try_from(calls).ok());
    match calls.filter(|calls| *calls <= concurrency) {
        Some(calls) => calls + calls.div_ceil(2),
        None => concurrency,
    }
}

/// How many batches are graded at once: as many as asked for, else as the endpoints of judges take, else as there are cores.
fn concurrency(row: &DryRunRow, grader: &Grader) -> usize {
    let asked = usize::try_from(row.summary.config.concurrency).ok().filter(|asked| *asked > 0);
    let of_endpoints = || grader.call_concurrency().and_then(|calls| usize::try_from(calls).ok());
    let cores = || std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    asked.or_else(of_endpoints).unwrap_or_else(cores)
}

/// Grades some samples. What the record or the grader does wrong is that sample's error, never the run's; one that was
/// cancelled has no result.
async fn grade_batch(
    context: &JobContext,
    row: &DryRunRow,
    grader: &Grader,
    stop: &CancellationToken,
    batch: Vec<PlannedSample>,
) -> ServiceResult<Vec<SampleResult>> {
    let (mut results, mut samples, mut shown) = (Vec::new(), Vec::new(), Vec::new());
    for planned in batch {
        match sample_of(context, row, &planned).await? {
            Ok((sample, response)) => {
                samples.push(sample);
                shown.push((planned.ordinal, response));
            }
            Err(error) => results.push(SampleResult::failed(planned.ordinal, error)),
        }
    }
    let grading = GradingContext {
        state: &context.state,
        dataset_id: &row.dataset_id,
        sample_index: 0,
        cache: CacheUse::AsSet,
        cancel: stop,
    };
    let grades = grader.grade(grading, &samples).await?;
    let graded = shown.into_iter().zip(grades).filter(|(_, grade)| !grade.is_cancelled);
    results.extend(graded.map(|((ordinal, response), grade)| SampleResult {
        ordinal,
        response,
        score: grade.score,
        reasoning: grade.reasoning,
        error: grade.error,
        logs: grade.logs,
        parts: grade.parts,
        calls: grade.calls,
        cost: grade.cost,
    }));
    Ok(results)
}

/// The sample with its response as it is shown; or why there is none.
async fn sample_of(
    context: &JobContext,
    row: &DryRunRow,
    planned: &PlannedSample,
) -> ServiceResult<Result<(Sample, String), &'static str>> {
    let record = match db::records::query::get(&context.state.db, &row.dataset_id, planned.record_id).await {
        Ok(record) => record,
        Err(ServiceError::App(AppError::NotFound { .. })) => {
            return Ok(Err("The record was deleted after the run was planned."));
        }
        Err(error) => return Err(error),
    };
    let Some(response) = recorded_response(&record) else {
        return Ok(Err("The record has lost its recorded response since the run was planned."));
    };
    let seed = sample_seed(row.summary.config.seed, planned.record_id);
    let sample = Sample { record_id: Some(planned.record_id), seed, input: grade_input(&record, &response) };
    Ok(Ok((sample, response.as_shown())))
}

async fn report(context: &JobContext, run_id: &str, concurrency: usize) -> ServiceResult<Outcome> {
    let state = &context.state;
    let row = db::dry_runs::get(&state.db, run_id).await?;
    let counts = db::dry_runs::counts(&state.db, run_id).await?;
    let scores = db::dry_runs::scores(&state.db, run_id).await?;
    let remaining = counts.planned - counts.finished;
    let input = ReportInput {
        // What was done, not how it was asked for.
        config: DryRunConfig { concurrency: i64::try_from(concurrency).unwrap_or(i64::MAX), ..row.summary.config },
        computed_from: row.summary.computed_from,
        eligible_records: row.eligible_records,
        balance_score: row.balance_score,
        planned: counts.planned,
        failed: counts.failed,
        partial: remaining > 0,
        duration_ms: row.duration_ms,
        timestamp: now_ms(),
        cost: db::dry_runs::cost(&state.db, run_id).await?,
        scores,
    };
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
    Ok(if remaining > 0 { context.stopped(format!("stopped: {message}")) } else { Outcome::Done(message) })
}
