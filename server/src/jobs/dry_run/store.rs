//! Storing results as they come.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::looks::Looks;
use crate::db;
use crate::db::dry_runs::{SampleCounts, SampleResult};
use crate::error::ServiceResult;
use crate::format;
use crate::jobs::JobContext;

/// Most results of one transaction.
const STORED_AT_ONCE: usize = 64;

/// Stores results as they come: those that came while the ones before were stored share a transaction.
pub(super) async fn store_all(
    context: &JobContext,
    run_id: &str,
    mut told_of: mpsc::UnboundedReceiver<SampleResult>,
    looks: &Looks,
) -> ServiceResult<()> {
    let mut counts = db::dry_runs::counts(&context.state.db, run_id).await?;
    let mut paid = db::dry_runs::cost(&context.state.db, run_id).await?;
    let mut told = Instant::now();
    let mut results = Vec::new();
    while told_of.recv_many(&mut results, STORED_AT_ONCE).await > 0 {
        // What is graded is stored though the server stops: it is paid for. (A job that was taken over may begin nothing.)
        let mut tx = context.begin().await?;
        for result in results.drain(..) {
            counts.finished += 1;
            counts.failed += i64::from(result.error.is_some());
            paid.amount += result.cost.unwrap_or_default();
            paid.calls += i64::from(result.calls);
            db::dry_runs::set_result(&mut tx, run_id, &result).await?;
        }
        // With the results, so that what a killed process did counts too; to the last millisecond that is whole.
        let since = i64::try_from(told.elapsed().as_millis()).unwrap_or(i64::MAX);
        db::dry_runs::add_duration(&mut tx, run_id, since).await?;
        told += Duration::from_millis(since.unsigned_abs());
        tx.commit().await?;
        let cost = (paid.calls > 0 && paid.amount > 0.0).then_some(paid.amount);
        let message = progress_words(counts, cost);
        context.progress(counts.finished, counts.planned, "samples", message).await?;
        looks.look(context, run_id, counts.finished).await?;
    }
    Ok(())
}

/// "420 scored, 3 failed, $0.32 so far".
fn progress_words(counts: SampleCounts, cost: Option<f64>) -> String {
    let scored = format::count(counts.finished - counts.failed);
    let cost = cost.map(|cost| format!(", {} so far", format::dollars(cost))).unwrap_or_default();
    format!("{scored} scored, {} failed{cost}", format::count(counts.failed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_says_what_was_paid() {
        let counts = SampleCounts { planned: 1_200, finished: 423, failed: 3, prompts: 300 };
        assert_eq!(progress_words(counts, Some(0.32)), "420 scored, 3 failed, $0.32 so far");
        assert_eq!(progress_words(counts, None), "420 scored, 3 failed");
    }
}
