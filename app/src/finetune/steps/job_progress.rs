//! A job of a panel while it runs, with its pace and its cancel button, and how it ended.

use anneal_server::api::cancel_job;
use anneal_server::format;
use anneal_server::types::TimestampMs;
use anneal_server::types::job::{JobKind, JobState, JobStatus};
use leptos::prelude::*;

use super::parts::{ErrorNote, Task};
use crate::contexts::use_finetune_process;
use crate::ui::{Button, Progress, Sentence, memo};

/// The live progress of a kind of job with its cancel button; after a failure or a cancel, what happened.
#[component]
pub fn JobProgress(
    /// Which kind.
    kind: JobKind,
    /// What runs: "Importing".
    title: &'static str,
) -> impl IntoView {
    let process = use_finetune_process();
    let job = memo(move || process.job(kind));
    let active = memo(move || job.with(|j| j.as_ref().is_some_and(|j| j.state.is_active())));
    let ended = move || {
        job.get().and_then(|job| match job.state {
            JobState::Failed => Some(view! {
                <p class="note note--error" role="alert">
                    <span aria-hidden="true">"✕ "</span>
                    <Sentence text=format!("{title} failed: {}", job.error.unwrap_or_else(|| "the server gave no reason.".to_owned())) />
                </p>
            }.into_any()),
            JobState::Cancelled => Some(view! {
                <p class="note" role="status">
                    {format!("{title} was cancelled after {}. What was done is kept.", job_counts(&job))}
                </p>
            }.into_any()),
            _ => None,
        })
    };
    view! { <Show when=move || active.get() fallback=ended><RunningJob job title /></Show> }
}

#[component]
fn RunningJob(job: Memo<Option<JobStatus>>, title: &'static str) -> impl IntoView {
    let cancel = Task::new();
    let pace = job_pace(job);
    let read = move |pick: fn(&JobStatus) -> String| job.with(|j| j.as_ref().map(pick).unwrap_or_default());
    let stopping = move || job.with(|j| j.as_ref().is_some_and(|j| j.cancel_requested)) || cancel.busy();
    let on_cancel = move |_| {
        if let Some(id) = job.with_untracked(|j| j.as_ref().map(|j| j.id.clone())) {
            cancel.start(cancel_job(id), |_| ());
        }
    };
    let known = memo(move || job.with(|j| j.as_ref().and_then(JobStatus::percent)));
    view! {
        <div class="job">
            <div class="job__line">
                <strong role="status">{move || if stopping() { format!("{title}: stopping…") } else { format!("{title}…") }}</strong>
                <span>{move || read(job_counts)}</span>
                <span class="muted">{move || read(|j| j.message.clone())}</span>
                <span class="muted">{move || pace.get()}</span>
                <Button small=true on:click=on_cancel disabled=Signal::derive(stopping)>"Cancel"</Button>
            </div>
            <Progress bare=true percent=known label=title/>
            <ErrorNote error=cancel.error() />
        </div>
    }
}

/// "1,024 of 3,000 records (34%)".
fn job_counts(job: &JobStatus) -> String {
    let amount = |value: i64| if job.unit == "bytes" { format::bytes(value) } else { format::count(value) };
    let unit = if job.unit == "bytes" { String::new() } else { format!(" {}", job.unit) };
    match job.percent() {
        Some(percent) => format!("{} of {}{unit} ({percent:.0}%)", amount(job.done), amount(job.total)),
        None => format!("{}{unit}", amount(job.done)),
    }
}

/// Rate and time left, measured in this browser from the progress it has seen (empty on the server and
/// until two seconds were seen).
fn job_pace(job: Memo<Option<JobStatus>>) -> ReadSignal<String> {
    let (pace, set_pace) = signal(String::new());
    let seen = StoredValue::new(Vec::<(TimestampMs, i64)>::new());
    Effect::new(move |_| {
        let Some((done, total, unit)) = job.with(|j| j.as_ref().map(|j| (j.done, j.total, j.unit.clone()))) else {
            return;
        };
        let now = round(js_sys::Date::now());
        let first = seen.try_update_value(|seen| {
            seen.push((now, done));
            if seen.len() > 30 {
                seen.remove(0);
            }
            seen.first().copied()
        });
        if let Some(Some((since, from))) = first {
            set_pace.set(pace_text(now - since, done - from, total - done, &unit));
        }
    });
    pace
}

/// "120 records/s, 14.0 s left"; nothing while too little was seen.
fn pace_text(elapsed_ms: i64, done: i64, left: i64, unit: &str) -> String {
    if elapsed_ms < 2_000 || done <= 0 {
        return String::new();
    }
    let per_second = done as f64 * 1000.0 / elapsed_ms as f64;
    let rate = match unit {
        "bytes" => format!("{}/s", format::bytes(round(per_second))),
        _ if per_second < 10.0 => format!("{per_second:.1} {unit}/s"),
        _ => format!("{} {unit}/s", format::count(round(per_second))),
    };
    if left <= 0 {
        return rate;
    }
    format!("{rate}, {} left", format::duration_ms(round(left as f64 / per_second * 1000.0)))
}

/// Nearest whole number, within what a count can be.
#[expect(clippy::cast_possible_truncation, reason = "clamped to a range that i64 holds exactly")]
fn round(value: f64) -> i64 {
    value.round().clamp(0.0, 9e15) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pace_waits_for_two_seconds_and_progress() {
        assert_eq!(pace_text(1_999, 50, 50, "samples"), "");
        assert_eq!(pace_text(5_000, 0, 50, "samples"), "");
        assert_eq!(pace_text(2_000, 10, 20, "samples"), "5.0 samples/s, 4.0 s left");
        assert_eq!(pace_text(2_000, 4096, 0, "bytes"), "2.0 KiB/s");
    }
}
