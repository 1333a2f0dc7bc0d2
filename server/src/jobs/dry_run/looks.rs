//! Whether the verdict is settled before the end, for a run that shall stop then.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use super::input_of;
use crate::db;
use crate::dry_run::diagnosis::DiagnosisBounds;
use crate::dry_run::report::is_settled;
use crate::dry_run::rollouts::GraderNoise;
use crate::dry_run::settled::look_every;
use crate::error::ServiceResult;
use crate::jobs::JobContext;

/// The looks at a run under way. Each is a chance to be misled, so there are at most some twenty of them.
pub(super) struct Looks {
    noise: GraderNoise,
    /// Rollouts between two; `None`: the run goes to its end.
    every: Option<i64>,
    /// Rollouts at which the next one is due.
    next: AtomicI64,
    is_settled: AtomicBool,
}

impl Looks {
    pub(super) async fn of(context: &JobContext, run_id: &str, noise: GraderNoise) -> ServiceResult<Self> {
        let row = db::dry_runs::get(&context.state.db, run_id).await?;
        let counts = db::dry_runs::counts(&context.state.db, run_id).await?;
        let config = &row.summary.config;
        let wanted = config.stop_when_settled && config.rollouts_per_prompt > 1;
        let every = wanted.then(|| (look_every(counts.prompts) * config.rollouts_per_prompt).max(1));
        // Looks that a former stretch of the run took are not taken again.
        let next = every.map_or(0, |every| (counts.finished / every + 1) * every);
        Ok(Self { noise, every, next: AtomicI64::new(next), is_settled: AtomicBool::new(false) })
    }

    /// Whether the run may stop.
    pub(super) fn is_settled(&self) -> bool {
        self.is_settled.load(Ordering::Relaxed)
    }

    /// Looks, if it is time.
    pub(super) async fn look(&self, context: &JobContext, run_id: &str, finished: i64) -> ServiceResult<()> {
        let Some(every) = self.every.filter(|_| finished >= self.next.load(Ordering::Relaxed)) else { return Ok(()) };
        self.next.store((finished / every + 1) * every, Ordering::Relaxed);
        let (input, _) = input_of(context, run_id, self.noise).await?;
        let settled = tokio::task::spawn_blocking(move || is_settled(&input, &DiagnosisBounds::default())).await?;
        self.is_settled.store(settled, Ordering::Relaxed);
        Ok(())
    }
}
