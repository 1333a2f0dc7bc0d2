//! A dry run under way: progress, cancel, and going on after a cancel or a failure.

use anneal_server::api::resume_dry_run;
use anneal_server::types::job::{JobKind, JobState};
use leptos::prelude::*;

use super::steps::job_progress::JobProgress;
use super::steps::parts::{ErrorNote, Task, field};
use crate::contexts::use_finetune_process;
use crate::ui::{Button, memo};

/// The newest run's progress, or the button that resumes it.
#[component]
pub fn DryRunProgress() -> impl IntoView {
    let process = use_finetune_process();
    let task = Task::new();
    let history =
        field(|o| o.dry_run_history.iter().map(|run| (run.job_id.clone(), run.id.clone())).collect::<Vec<_>>());
    let resumable = memo(move || {
        let job = process.job(JobKind::DryRun)?;
        let stopped = matches!(job.state, JobState::Cancelled | JobState::Failed);
        let run = history.with(|runs| runs.iter().find(|(job_id, _)| *job_id == job.id).map(|(_, run)| run.clone()));
        run.filter(|_| stopped && (job.total == 0 || job.done < job.total))
    });
    let resume = move |_| {
        if let Some(run) = resumable.get_untracked() {
            task.start(resume_dry_run(run), move |_| process.refresh());
        }
    };
    view! {
        <JobProgress kind=JobKind::DryRun title="The dry run" />
        <Show when=move || resumable.with(Option::is_some)>
            <div class="row">
                <Button busy=Signal::derive(move || task.busy()) on:click=resume>
                    "Resume where it stopped"
                </Button>
                <span class="muted small">"Scores already given are kept; only what is missing is graded."</span>
            </div>
        </Show>
        <ErrorNote error=task.error() />
    }
}
