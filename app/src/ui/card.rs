//! Boxes: card, disclosure, empty state, statistic.

use leptos::prelude::*;

use super::{Icon, IconName};

/// A bordered box with a small-capitals title and, at the right of it, an aside.
#[component]
pub fn Card(
    /// The heading (level 3); none if empty.
    #[prop(optional, into)]
    title: MaybeProp<String>,
    /// A few muted words at the right of the title.
    #[prop(optional, into)]
    aside: MaybeProp<String>,
    /// Buttons at the right of the title.
    #[prop(optional, into)]
    actions: Option<ViewFn>,
    /// What is in the box.
    children: Children,
) -> impl IntoView {
    let has_head = actions.is_some();
    let show_head = move || has_head || title.get().is_some() || aside.get().is_some();
    view! {
        <section class="card">
            <div class="card__head" hidden=move || !show_head()>
                <h3 class="card__title">{move || title.get()}</h3>
                <span class="card__aside">{move || aside.get()}</span>
                {actions.map(|actions| view! { <div class="card__actions">{actions.run()}</div> })}
            </div>
            <div class="card__body">{children()}</div>
        </section>
    }
}

/// A line that unfolds; native, so it works without JavaScript.
#[component]
pub fn Disclosure(
    /// The line.
    #[prop(into)]
    summary: Signal<String>,
    /// Unfolded at first.
    #[prop(optional)]
    open: bool,
    /// What it hides.
    children: Children,
) -> impl IntoView {
    view! {
        <details class="disclosure" open=open>
            <summary class="disclosure__summary">
                <Icon name=IconName::ChevronRight/>
                {move || summary.get()}
            </summary>
            <div class="disclosure__body">{children()}</div>
        </details>
    }
}

/// What a list shows while it has nothing: why, and what to do about it.
#[component]
pub fn EmptyState(
    /// "No datasets yet".
    #[prop(into)]
    title: Signal<String>,
    /// One or two sentences.
    #[prop(into)]
    message: Signal<String>,
    /// An icon above.
    #[prop(default = IconName::Inbox)]
    icon: IconName,
    /// The actions.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty-state">
            <span class="empty-state__icon"><Icon name=icon/></span>
            <h2 class="empty-state__title">{move || title.get()}</h2>
            <p class="empty-state__message">{move || message.get()}</p>
            {children.map(|children| view! { <div class="empty-state__actions">{children()}</div> })}
        </div>
    }
}

/// A number with its name and, where it is an estimate, its interval: "0.45", "mean", "[0.42, 0.48]".
#[component]
pub fn Stat(
    /// The number as people read it; "–" where there is none.
    #[prop(into)]
    value: Signal<String>,
    /// What it is.
    #[prop(into)]
    label: Signal<String>,
    /// Its interval or count, shown after the label.
    #[prop(optional, into)]
    interval: MaybeProp<String>,
    /// How it is computed, shown on hover.
    #[prop(optional, into)]
    title: MaybeProp<String>,
) -> impl IntoView {
    view! {
        <div class="stat" title=move || title.get()>
            <span class="stat__value">{move || value.get()}</span>
            <span class="stat__label">
                {move || label.get()}
                {move || interval.get().map(|interval| view! { " " <span class="stat__interval">{interval}</span> })}
            </span>
        </div>
    }
}
