//! What the panels share: reading fields of the overview, running a change, checklists, notes, bars.

use std::future::Future;

use anneal_server::types::TimestampMs;
use anneal_server::types::dataset::RecordFilter;
use anneal_server::types::error::AppError;
use anneal_server::types::overview::DatasetOverview;
use anneal_server::types::pipeline::PipelineStepId;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::contexts::use_finetune_process;
use crate::ui::{ErrorView, RelativeTime, Sentence, memo};

/// One field of the overview, so that only what changed is drawn again.
pub fn field<T>(read: impl Fn(&DatasetOverview) -> T + Send + Sync + 'static) -> Memo<T>
where
    T: PartialEq + Send + Sync + 'static,
{
    let overview = use_finetune_process().overview();
    memo(move || overview.with(&read))
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
                                    <Sentence text=check.text />
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

/// A link to the records that match; also without JavaScript. Not for the inside of a `Suspend`.
#[component]
pub fn RecordsLink(
    /// Which records.
    filter: RecordFilter,
    /// How it looks: "link", "figure".
    #[prop(default = "link")]
    class: &'static str,
    /// Shown on hover.
    #[prop(optional, into)]
    title: Option<String>,
    /// The words.
    children: Children,
) -> impl IntoView {
    let process = use_finetune_process();
    let href = move || {
        process.url_with(|query| {
            query.records = Some((filter.clone(), 1));
            query.near = None;
            query.record = None;
        })
    };
    view! {
        <a class=class href=href title=title data-noscroll="">
            {children()}
        </a>
    }
}

/// Says why a step's result is no longer that of the present data.
#[component]
pub fn StaleNote(step: PipelineStepId) -> impl IntoView {
    let process = use_finetune_process();
    let reason = memo(move || {
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
                            <strong>"Out of date: "</strong>
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
}
