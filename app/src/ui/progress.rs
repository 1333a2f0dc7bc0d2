//! How far something is.

use super::memo;
use leptos::prelude::*;

/// A bar with its label and percentage; without a percentage it moves to say "working".
#[component]
pub fn Progress(
    /// 0..100; `None` while unknown.
    #[prop(into)]
    percent: Signal<Option<f64>>,
    /// What is going on; the accessible name.
    #[prop(into)]
    label: Signal<String>,
    /// Only the bar; the label stays for screen readers.
    #[prop(optional)]
    bare: bool,
) -> impl IntoView {
    let rounded = memo(move || percent.get().map(|percent| percent.clamp(0.0, 100.0).round()));
    view! {
        <div class="progress" class:progress--unknown=move || rounded.get().is_none()>
            <div class="progress__text" class:visually-hidden=bare>
                <span>{move || label.get()}</span>
                <span class="progress__percent">{move || rounded.get().map(|percent| format!("{percent:.0}%"))}</span>
            </div>
            <div
                class="progress__track"
                role="progressbar"
                aria-label=move || label.get()
                aria-valuemin="0"
                aria-valuemax="100"
                aria-valuenow=move || rounded.get().map(|percent| format!("{percent:.0}"))
            >
                <div class="progress__bar" style:width=move || rounded.get().map(|percent| format!("{percent:.0}%"))></div>
            </div>
        </div>
    }
}

/// A turning circle with words beside it, for what takes between 0.3 and 2 seconds.
#[component]
pub fn Spinner(
    /// What is going on.
    #[prop(into)]
    label: Signal<String>,
) -> impl IntoView {
    view! {
        <p class="spinner" role="status">
            <span class="spinner__circle" aria-hidden="true"></span>
            {move || label.get()}
        </p>
    }
}
