//! One step's card.

use anneal_server::types::pipeline::{NextAction, PipelineStepId, PipelineStepStatus};
use leptos::prelude::*;

use super::{StatusBadge, tone_of};
use crate::contexts::use_finetune_process;
use crate::ui::{Icon, IconName, Progress};

/// The id of a step's link, for moving the focus.
pub fn card_id(step: PipelineStepId) -> String {
    format!("step-{}", step.as_str())
}

/// A link to the step's panel with number, name, tag, key facts, status and progress; beside it, where
/// the step can run again, a button that does. Blocked steps can be opened too: their panel says what
/// they wait for.
#[component]
pub fn PipelineStepCard(
    /// Which step.
    id: PipelineStepId,
) -> impl IntoView {
    let process = use_finetune_process();
    let step = Memo::new(move |_| process.pipeline.with(|pipeline| pipeline.step(id).clone()));
    let status = Memo::new(move |_| step.with(|step| step.status));
    let is_selected = Memo::new(move |_| process.selected_step() == id);
    let blocked = Memo::new(move |_| step.with(|step| step.blocked_reason.clone().filter(|_| step.is_blocked)));
    let stale = Memo::new(move |_| step.with(|step| step.stale_reason.clone()));
    let progress = Memo::new(move |_| step.with(|step| step.progress));
    // One attribute: a `class=` that changes would take away what `class:` has added.
    let class = move || {
        let selected = if is_selected.get() { " step-card--selected" } else { "" };
        let is_blocked = if blocked.get().is_some() { " step-card--blocked" } else { "" };
        let status = status.get();
        format!(
            "step-card step-card--{} {}{selected}{is_blocked}",
            status.label().to_lowercase(),
            tone_of(status).class()
        )
    };
    let title = move || blocked.get().or_else(|| stale.get().map(|reason| format!("Stale: {reason}")));
    let rerun = move || rerun_action(id).filter(|_| step.with(|step| step.can_rerun));
    view! {
        <div class=class>
            <a
                class="step-card__link"
                id=card_id(id)
                href=move || process.url_with(|query| query.step = Some(id))
                data-noscroll=""
                title=title
                aria-current=move || is_selected.get().then_some("step")
                on:click=move |_| bring_panel_into_sight()
            >
                <span class="step-card__number" aria-hidden="true">{id.number()}</span>
                <span class="step-card__name">{id.name()}</span>
                <span class="step-card__category">{id.category()}</span>
                <span class="step-card__facts">{move || step.with(|step| step.status_text.clone())}</span>
                <span class="step-card__status">
                    <StatusBadge status/>
                    {move || stale.get().map(|reason| view! {
                        <span class="step-card__stale"><Icon name=IconName::Clock/>"Stale"</span>
                        <span class="visually-hidden">{format!(": {reason}")}</span>
                    })}
                    {move || blocked.get().map(|reason| view! {
                        <span class="step-card__lock"><Icon name=IconName::Lock/></span>
                        <span class="visually-hidden">{format!("Blocked: {reason}")}</span>
                    })}
                </span>
                {move || (status.get() == PipelineStepStatus::Processing).then(|| view! {
                    <span class="step-card__progress"><Progress bare=true percent=progress label=format!("{} progress", id.name())/></span>
                })}
            </a>
            {move || rerun().map(|action| view! {
                <button
                    type="button"
                    class="step-card__rerun"
                    title=rerun_words(id)
                    aria-label=format!("{}: {}", id.name(), rerun_words(id))
                    disabled=process.acting()
                    on:click=move |_| process.act(action, id)
                >
                    <Icon name=IconName::Rerun/>
                </button>
            })}
        </div>
    }
}

/// What runs a step again; coverage has no run of its own (it follows the records), training and
/// deployment start from their panels.
const fn rerun_action(step: PipelineStepId) -> Option<NextAction> {
    match step {
        PipelineStepId::Extract => Some(NextAction::ImportData),
        PipelineStepId::Topics => Some(NextAction::Categorize),
        PipelineStepId::Grader => Some(NextAction::TestGrader),
        PipelineStepId::DryRun => Some(NextAction::StartDryRun),
        PipelineStepId::Coverage | PipelineStepId::Train | PipelineStepId::Deploy => None,
    }
}

const fn rerun_words(step: PipelineStepId) -> &'static str {
    match step {
        PipelineStepId::Extract => "Add data",
        PipelineStepId::Topics => "Label unlabelled records",
        PipelineStepId::Grader => "Test on 5 samples",
        PipelineStepId::DryRun => "Run again",
        PipelineStepId::Coverage | PipelineStepId::Train | PipelineStepId::Deploy => "Open",
    }
}

/// Where the cards are stacked above the panel, opening one would otherwise seem to do nothing.
fn bring_panel_into_sight() {
    let is_narrow = window().match_media("(width < 720px)").ok().flatten().is_some_and(|query| query.matches());
    if is_narrow {
        request_animation_frame(|| {
            if let Some(panel) = document().get_element_by_id("step-panel") {
                panel.scroll_into_view();
            }
        });
    }
}
