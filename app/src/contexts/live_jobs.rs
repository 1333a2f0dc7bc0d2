//! How what events say of jobs joins what the last overview said. Pure.

use anneal_server::types::job::{JobKind, JobState, JobStatus};
use anneal_server::types::pipeline::{PipelineInputs, Progress};

/// All jobs: the stored ones, each replaced by its live state where that is further, and the live ones
/// that the overview does not know yet. Newest first.
pub fn merged(stored: &[JobStatus], live: &[JobStatus]) -> Vec<JobStatus> {
    let mut jobs: Vec<JobStatus> = stored
        .iter()
        .map(|job| live.iter().find(|other| other.id == job.id && is_further(other, job)).unwrap_or(job).clone())
        .collect();
    jobs.extend(live.iter().filter(|job| stored.iter().all(|other| other.id != job.id)).cloned());
    jobs.sort_by_key(|job| std::cmp::Reverse(job.created_at));
    jobs
}

/// The live states worth keeping once a new overview has come: only of jobs that still run there, so
/// that the stored state of an ended (or resumed) job is the truth.
pub fn kept_after_refresh(live: &[JobStatus], stored: &[JobStatus]) -> Vec<JobStatus> {
    let runs = |id: &str| stored.iter().any(|job| job.id == id && job.state.is_active());
    live.iter().filter(|job| job.state.is_active() && runs(&job.id)).cloned().collect()
}

/// Lets the cards move with the jobs: what runs by kind, where the jobs say something of that kind.
pub fn apply_to(inputs: &mut PipelineInputs, jobs: &[JobStatus]) {
    for kind in JobKind::ALL {
        if jobs.iter().all(|job| job.kind != kind) {
            continue;
        }
        let running = jobs.iter().find(|job| job.kind == kind && job.state.is_active());
        let progress = running.map(|job| Progress { percent: job.percent() });
        let slot = match kind {
            // They exclude each other: the end of one says nothing of the others.
            JobKind::UndoImport | JobKind::Duplicate if progress.is_none() => continue,
            JobKind::Import | JobKind::UndoImport | JobKind::Duplicate => &mut inputs.loading.importing,
            JobKind::Validate => &mut inputs.loading.validating,
            JobKind::Categorize => &mut inputs.loading.categorizing,
            JobKind::DryRun => &mut inputs.loading.dry_running,
            JobKind::GraderTest => &mut inputs.loading.testing_grader,
            // No step waits for them; the records overlay shows them.
            JobKind::Bulk | JobKind::NearDuplicates => continue,
        };
        *slot = progress;
    }
}

fn is_further(live: &JobStatus, stored: &JobStatus) -> bool {
    let rank = |job: &JobStatus| match job.state {
        JobState::Queued => 0,
        JobState::Running => 1,
        JobState::Succeeded | JobState::Failed | JobState::Cancelled => 2,
    };
    let order = |job: &JobStatus| (rank(job), job.done, job.cancel_requested);
    order(live) > order(stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(id: &str, kind: JobKind, state: JobState, done: i64, created_at: i64) -> JobStatus {
        JobStatus {
            id: id.to_owned(),
            kind,
            dataset_id: "d".to_owned(),
            state,
            done,
            total: 100,
            unit: "records".to_owned(),
            message: String::new(),
            cancel_requested: false,
            error: None,
            created_at,
            started_at: None,
            finished_at: None,
        }
    }

    #[test]
    fn the_further_state_wins_and_new_jobs_join() {
        use JobKind::{DryRun, Import};
        use JobState::{Running, Succeeded};
        let stored = [job("a", Import, Running, 10, 1), job("b", DryRun, Succeeded, 100, 2)];
        let live =
            [job("a", Import, Running, 40, 1), job("b", DryRun, Running, 90, 2), job("c", DryRun, Running, 5, 3)];
        let all = merged(&stored, &live);
        let seen: Vec<_> = all.iter().map(|job| (job.id.as_str(), job.state, job.done)).collect();
        assert_eq!(seen, [("c", Running, 5), ("b", Succeeded, 100), ("a", Running, 40)]);
    }

    #[test]
    fn a_refresh_ends_what_ended() {
        use JobKind::Import;
        use JobState::{Cancelled, Running};
        let live =
            [job("a", Import, Cancelled, 40, 1), job("b", Import, Running, 40, 2), job("c", Import, Running, 1, 3)];
        // "a" was resumed, "b" runs on, "c" is unknown to the server.
        let stored = [job("a", Import, Running, 41, 1), job("b", Import, Running, 20, 2)];
        let kept = kept_after_refresh(&live, &stored);
        assert_eq!(kept.iter().map(|job| job.id.as_str()).collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn cards_follow_the_jobs() {
        let mut inputs = PipelineInputs::default();
        inputs.loading.importing = Some(Progress { percent: Some(1.0) });
        inputs.loading.categorizing = Some(Progress { percent: Some(2.0) });
        apply_to(
            &mut inputs,
            &[
                job("a", JobKind::Import, JobState::Succeeded, 100, 1),
                job("b", JobKind::DryRun, JobState::Running, 25, 2),
            ],
        );
        assert_eq!(inputs.loading.importing, None, "its job has ended");
        assert_eq!(inputs.loading.dry_running, Some(Progress { percent: Some(25.0) }));
        assert_eq!(inputs.loading.categorizing, Some(Progress { percent: Some(2.0) }), "no job says otherwise");
    }
}
