//! The test of a grader on some recorded responses. Cut off, it begins anew: the judges' answers are kept, so nothing is paid twice.

use futures_util::FutureExt;

use super::{JobContext, Outcome};
use crate::error::ServiceResult;
use crate::format;
use crate::grader::{TestPlan, keep_test, test_grader_on_sample};

/// Grades and keeps the report.
pub(super) async fn run(context: &JobContext, args: &str) -> ServiceResult<Outcome> {
    let plan: TestPlan = serde_json::from_str(args)?;
    // Ends the calls that are under way when the user cancels or the server stops.
    let stop = tokio_util::sync::CancellationToken::new();
    let graded = {
        let teller = context.clone();
        let progress = move |done: i64, total: i64| {
            let teller = teller.clone();
            async move { teller.progress(done, total, "samples", format!("{} graded", format::count(done))).await }
                .boxed()
        };
        let testing = test_grader_on_sample(&context.state, &context.dataset_id, plan, &stop, &progress);
        tokio::pin!(testing);
        tokio::select! {
            graded = &mut testing => graded,
            () = context.stop_requested() => {
                stop.cancel();
                testing.await
            }
        }
    }?;
    let Some(report) = graded.filter(|_| !context.should_stop()) else {
        return Ok(context.stopped("stopped"));
    };
    let scored = report.results.iter().filter(|result| result.score.is_some()).count();
    let mut tx = context.begin().await?;
    keep_test(&mut tx, &context.dataset_id, Some(&context.job_id), &report).await?;
    tx.commit().await?;
    Ok(Outcome::Done(format!(
        "{scored} of {} scored",
        format::counted(i64::try_from(report.results.len()).unwrap_or(i64::MAX), "sample")
    )))
}
