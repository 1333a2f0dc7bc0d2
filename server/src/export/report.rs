//! A dry run's report with its samples: the stored report, and behind it the samples, a window at a time, so that ten
//! thousand responses are never held at once.

use bytes::Bytes;
use futures_util::stream::{self, try_unfold};
use futures_util::{Stream, StreamExt};

use crate::db::{self, Db};
use crate::error::{ServiceError, ServiceResult};
use crate::types::dry_run::DryRunReport;

/// Samples read at once.
const WINDOW: i64 = 50;

/// The report as indented JSON, with the field `samples` (in the plan's order, a line each) behind its own.
pub fn dry_run_report(
    db: Db,
    run_id: String,
    report: &DryRunReport,
) -> ServiceResult<impl Stream<Item = ServiceResult<Bytes>> + Send + use<>> {
    let text = serde_json::to_string_pretty(report)?;
    let fields =
        text.strip_suffix("\n}").ok_or_else(|| ServiceError::internal("writing a report", "it is no object"))?;
    let start = Bytes::from(format!("{fields},\n  \"samples\": ["));
    let samples = try_unfold((db, run_id, -1), |(db, run_id, after)| async move {
        let samples = db::dry_runs::samples_after(&db, &run_id, after, WINDOW).await?;
        let Some(last) = samples.last() else { return Ok(None) };
        let last = last.ordinal;
        let mut text = String::new();
        for (index, sample) in samples.iter().enumerate() {
            text.push_str(if after < 0 && index == 0 { "\n    " } else { ",\n    " });
            text.push_str(&serde_json::to_string(sample)?);
        }
        Ok(Some((Bytes::from(text), (db, run_id, last))))
    });
    let end = Bytes::from_static(b"\n  ]\n}\n");
    Ok(stream::iter([Ok(start)]).chain(samples).chain(stream::iter([Ok(end)])))
}
