//! A dry run under way: progress, cancel, and going on after a cancel, a failure, or a limit of costs that was met.

use anneal_server::api::resume_dry_run;
use anneal_server::format;
use anneal_server::types::error::AppError;
use anneal_server::types::job::{JobKind, JobState};
use leptos::prelude::*;

use super::steps::job_progress::JobProgress;
use super::steps::parts::{ErrorNote, Task, field};
use crate::contexts::use_finetune_process;
use crate::ui::{Button, Field, TextInput, memo};

/// A run that can go on.
#[derive(Debug, Clone, PartialEq)]
struct Resumable {
    run_id: String,
    /// Its limit of costs, in US dollars.
    max_cost: Option<f64>,
    /// Samples that failed.
    failed: i64,
    /// Whether it came to its end: then only what failed is left to do.
    is_done: bool,
}

/// The newest run's progress, or the button that resumes it.
#[component]
pub fn DryRunProgress() -> impl IntoView {
    let process = use_finetune_process();
    let task = Task::new();
    let history = field(|o| {
        let run = |run: &anneal_server::types::dry_run::DryRunSummary| {
            let failed = run.result.as_ref().map_or(0, |result| result.failed);
            let resumable = Resumable { run_id: run.id.clone(), max_cost: run.config.max_cost, failed, is_done: false };
            (run.job_id.clone(), resumable)
        };
        o.dry_run_history.iter().map(run).collect::<Vec<_>>()
    });
    let resumable = memo(move || {
        let job = process.job(JobKind::DryRun)?;
        let run = history.with(|runs| runs.iter().find(|(job_id, _)| *job_id == job.id).map(|(_, run)| run.clone()))?;
        match job.state {
            JobState::Cancelled | JobState::Failed if job.total == 0 || job.done < job.total => Some(run),
            JobState::Succeeded if run.failed > 0 => Some(Resumable { is_done: true, ..run }),
            _ => None,
        }
    });
    let limit = RwSignal::new(String::new());
    let has_limit = memo(move || resumable.with(|run| run.as_ref().is_some_and(|run| run.max_cost.is_some())));
    // As much again is offered.
    Effect::new(move |_| {
        if let Some(max_cost) = resumable.with(|run| run.as_ref()?.max_cost) {
            limit.set((max_cost * 2.0).to_string());
        }
    });
    let resume = move |_| {
        let Some(run) = resumable.get_untracked() else { return };
        let wanted = match run.max_cost.map(|_| limit.with_untracked(|limit| dollars(limit))) {
            None => None,
            Some(Ok(limit)) => Some(limit),
            Some(Err(error)) => return task.fail(Some(error)),
        };
        task.start(resume_dry_run(run.run_id, wanted), move |_| process.refresh());
    };
    view! {
        <JobProgress kind=JobKind::DryRun title="The dry run" />
        <Show when=move || resumable.with(Option::is_some)>
            <div class="row">
                <Show when=move || has_limit.get()>
                    <Field id="resume-limit" label="Stop at, US dollars in all">
                        <TextInput id="resume-limit" value=limit />
                    </Field>
                </Show>
                <Button busy=Signal::derive(move || task.busy()) on:click=resume>
                    {move || match resumable.with(|run| run.as_ref().map(|run| (run.is_done, run.failed))) {
                        Some((true, failed)) => format!("Try {} again", format::counted(failed, "failed sample")),
                        _ => "Resume where it stopped".to_owned(),
                    }}
                </Button>
                <span class="muted small">"What is there already is kept; only what is missing is asked for and graded."</span>
            </div>
        </Show>
        <ErrorNote error=task.error() />
    }
}

fn dollars(typed: &str) -> Result<f64, AppError> {
    let amount = typed.trim().trim_start_matches('$').replace(',', "").parse::<f64>().ok();
    let amount = amount.filter(|amount| amount.is_finite() && *amount > 0.0);
    amount.ok_or_else(|| AppError::invalid_field("max_cost", "The limit must be an amount in US dollars, like 2.50."))
}

#[cfg(test)]
mod tests {
    use super::dollars;

    #[test]
    fn a_limit_is_an_amount() {
        assert!((dollars(" $1,250.50 ").unwrap() - 1250.5).abs() < 1e-9);
        for wrong in ["", "0", "-1", "inf", "NaN", "much"] {
            assert!(dollars(wrong).is_err(), "{wrong}");
        }
    }
}
