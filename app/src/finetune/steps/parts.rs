//! What the panels share: reading fields of the overview, running a change, checklists, live jobs.

use std::future::Future;

use anneal_server::api::cancel_job;
use anneal_server::format;
use anneal_server::types::TimestampMs;
use anneal_server::types::error::AppError;
use anneal_server::types::job::{JobKind, JobState, JobStatus};
use anneal_server::types::overview::DatasetOverview;
use anneal_server::types::pipeline::PipelineStepId;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::contexts::use_finetune_process;
use crate::ui::{ErrorView, RelativeTime};

/// One field of the overview, so that only what changed is drawn again.
pub fn field<T>(read: impl Fn(&DatasetOverview) -> T + Send + Sync + 'static) -> Memo<T>
where
    T: PartialEq + Send + Sync + 'static,
{
    let overview = use_finetune_process().overview();
    Memo::new(move |_| overview.with(&read))
}

/// A change under way: whether it runs, and why the last one failed.
#[derive(Clone, Copy)]
pub struct Task {
    /// Written by `start` alone.
    busy: RwSignal<bool>,
    /// Written by `start` (cleared first) and by `fail`.
    error: RwSignal<Option<AppError>>,
}

impl Task {
    /// Nothing runs, nothing failed.
    pub fn new() -> Self {
        Self { busy: RwSignal::new(false), error: RwSignal::new(None) }
    }

    /// Whether it runs.
    pub fn busy(self) -> bool {
        self.busy.get()
    }

    /// Why the last one failed.
    pub fn error(self) -> Signal<Option<AppError>> {
        self.error.into()
    }

    /// Shows an error found before the server was asked; `None` takes it away.
    pub fn fail(self, error: Option<AppError>) {
        self.error.set(error);
    }

    /// Runs a change; a second one is ignored while the first runs. `done` is not called if the panel
    /// was closed meanwhile: then the event stream brings the change.
    pub fn start<T: 'static>(
        self,
        work: impl Future<Output = Result<T, AppError>> + 'static,
        done: impl FnOnce(T) + 'static,
    ) {
        self.start_or(work, done, move |error| self.error.set(Some(error)));
    }

    /// Like [`Self::start`], but the caller decides what a failure means (a conflict may be a question).
    pub fn start_or<T: 'static>(
        self,
        work: impl Future<Output = Result<T, AppError>> + 'static,
        done: impl FnOnce(T) + 'static,
        failed: impl FnOnce(AppError) + 'static,
    ) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.error.set(None);
        spawn_local(async move {
            let result = work.await;
            if self.busy.try_set(false).is_some() {
                return; // the signal's owner is gone
            }
            match result {
                Ok(value) => done(value),
                Err(error) => failed(error),
            }
        });
    }
}

/// An error next to where it happened.
#[component]
pub fn ErrorNote(#[prop(into)] error: Signal<Option<AppError>>) -> impl IntoView {
    view! { {move || error.get().map(|error| view! { <ErrorView error /> })} }
}

/// How one condition of a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckState {
    /// It holds.
    Done,
    /// It does not hold and should be looked at.
    Attention,
    /// It does not hold and stops the step.
    Failed,
    /// Not done yet.
    Open,
}

impl CheckState {
    /// `Done` if it holds, `otherwise` if not.
    pub const fn of(holds: bool, otherwise: Self) -> Self {
        if holds { Self::Done } else { otherwise }
    }

    const fn parts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Done => ("✓", "Done: ", "checklist__item checklist__item--done"),
            Self::Attention => ("!", "Look here: ", "checklist__item checklist__item--attention"),
            Self::Failed => ("✕", "Failed: ", "checklist__item checklist__item--failed"),
            Self::Open => ("○", "Open: ", "checklist__item checklist__item--open"),
        }
    }
}

/// One line of a checklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// How it stands.
    pub state: CheckState,
    /// The condition, with its numbers.
    pub text: String,
}

impl Check {
    /// A line.
    pub fn new(state: CheckState, text: impl Into<String>) -> Self {
        Self { state, text: text.into() }
    }
}

/// What made a step complete or not.
#[component]
pub fn Checklist(#[prop(into)] checks: Signal<Vec<Check>>) -> impl IntoView {
    view! {
        <ul class="checklist" aria-label="What this step needs">
            {move || {
                checks
                    .get()
                    .into_iter()
                    .map(|check| {
                        let (icon, word, class) = check.state.parts();
                        view! {
                            <li class=class>
                                <span class="checklist__icon" aria-hidden="true">
                                    {icon}
                                </span>
                                <span>
                                    <span class="visually-hidden">{word}</span>
                                    {check.text}
                                </span>
                            </li>
                        }
                    })
                    .collect_view()
            }}
        </ul>
    }
}

/// A time as people say it, seen from the overview's clock.
#[component]
pub fn When(#[prop(into)] at: Signal<TimestampMs>) -> impl IntoView {
    let now = field(|overview| overview.now);
    view! { <RelativeTime time=at now /> }
}

/// Says why a step's result is no longer that of the present data.
#[component]
pub fn StaleNote(step: PipelineStepId) -> impl IntoView {
    let process = use_finetune_process();
    let reason = Memo::new(move |_| {
        process.pipeline.with(|state| state.steps.iter().find(|s| s.id == step).and_then(|s| s.stale_reason.clone()))
    });
    view! {
        {move || {
            reason
                .get()
                .map(|reason| {
                    view! {
                        <p class="note note--attention" role="status">
                            <span aria-hidden="true">"! "</span>
                            <strong>"Out of date. "</strong>
                            {reason}
                        </p>
                    }
                })
        }}
    }
}

/// A finished bar of 0 to 100, drawn as SVG because the page's policy allows no inline styles.
#[component]
pub fn Bar(
    /// Filled part, 0..100.
    #[prop(into)]
    percent: Signal<f64>,
    /// A tick, 0..100.
    #[prop(optional, into)]
    target: Option<Signal<f64>>,
    /// Extra class that chooses the colour.
    #[prop(optional, into)]
    class: Signal<String>,
) -> impl IntoView {
    view! {
        <svg
            class=move || format!("bar {}", class.get())
            viewBox="0 0 100 8"
            preserveAspectRatio="none"
            aria-hidden="true"
            focusable="false"
        >
            <rect class="bar__track" x="0" y="0" width="100" height="8" />
            <rect
                class="bar__fill"
                x="0"
                y="0"
                width=move || format!("{:.2}", percent.get().clamp(0.0, 100.0))
                height="8"
            />
            {target
                .map(|target| {
                    view! {
                        <rect
                            class="bar__target"
                            x=move || format!("{:.2}", (target.get() - 0.4).clamp(0.0, 99.2))
                            y="0"
                            width="0.8"
                            height="8"
                        />
                    }
                })}
        </svg>
    }
}

/// The live progress of a kind of job with its cancel button; after a failure or a cancel, what happened.
#[component]
pub fn JobProgress(
    /// Which kind.
    kind: JobKind,
    /// What runs: "Importing".
    title: &'static str,
) -> impl IntoView {
    let process = use_finetune_process();
    let job = Memo::new(move |_| process.job(kind));
    let active = Memo::new(move |_| job.with(|j| j.as_ref().is_some_and(|j| j.state.is_active())));
    let ended = move || {
        job.get().and_then(|job| match job.state {
            JobState::Failed => Some(view! {
                <p class="note note--error" role="alert">
                    <span aria-hidden="true">"✕ "</span>
                    {format!("{title} failed: {}", job.error.unwrap_or_else(|| "the server gave no reason.".to_owned()))}
                </p>
            }.into_any()),
            JobState::Cancelled => Some(view! {
                <p class="note" role="status">
                    {format!("{title} was cancelled after {} of {} {}. What was done is kept.",
                        format::count(job.done), format::count(job.total), job.unit)}
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
    let known = Memo::new(move |_| job.with(|j| j.as_ref().and_then(JobStatus::percent)));
    view! {
        <div class="job">
            <div class="job__line">
                <strong role="status">{move || if stopping() { format!("{title}: stopping…") } else { format!("{title}…") }}</strong>
                <span>{move || read(job_counts)}</span>
                <span class="muted">{move || read(|j| j.message.clone())}</span>
                <span class="muted">{move || pace.get()}</span>
                <button type="button" class="button button--secondary button--small" on:click=on_cancel disabled=stopping>
                    "Cancel"
                </button>
            </div>
            <progress
                class="job__bar"
                max="100"
                value=move || known.get().map(|percent| format!("{percent:.1}"))
                aria-label=title
            ></progress>
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

/// A score or deviation with two decimals.
pub fn score(value: f64) -> String {
    format!("{value:.2}")
}

/// A share of 0..1 as whole percent, with one decimal where it would otherwise read 0% or 100% wrongly.
pub fn share(value: f64) -> String {
    let percent = value * 100.0;
    let rounds_to_an_end = (percent > 0.0 && percent < 0.5) || (99.5..100.0).contains(&percent);
    if rounds_to_an_end { format!("{percent:.1}%") } else { format!("{percent:.0}%") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_never_claim_none_or_all_wrongly() {
        for (value, expected) in [(0.0, "0%"), (0.004, "0.4%"), (0.334, "33%"), (0.996, "99.6%"), (1.0, "100%")] {
            assert_eq!(share(value), expected);
        }
    }

    #[test]
    fn pace_waits_for_two_seconds_and_progress() {
        assert_eq!(pace_text(1_999, 50, 50, "samples"), "");
        assert_eq!(pace_text(5_000, 0, 50, "samples"), "");
        assert_eq!(pace_text(2_000, 10, 20, "samples"), "5.0 samples/s, 4.0 s left");
        assert_eq!(pace_text(2_000, 4096, 0, "bytes"), "2.0 KiB/s");
    }
}
