//! One step's card.

use anneal_server::types::pipeline::{NextAction, PipelineStep, PipelineStepId, PipelineStepStatus};
use leptos::prelude::*;

use super::{StatusBadge, tone_of};
use crate::contexts::use_finetune_process;
use crate::ui::{Icon, IconName, Progress, memo};

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
    let step = memo(move || process.pipeline.with(|pipeline| pipeline.step(id).clone()));
    let is_selected = memo(move || process.selected_step() == id);
    // One attribute: a `class=` that changes would take away what `class:` has added.
    let class = move || step.with(|step| card_class(step, is_selected.get()));
    let title = move || {
        step.with(|step| {
            blocked_reason(step).or_else(|| step.stale_reason.as_ref().map(|reason| format!("Stale: {reason}")))
        })
    };
    let progress = memo(move || step.with(|step| step.progress));
    let is_processing = memo(move || step.with(|step| step.status == PipelineStepStatus::Processing));
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
                <CardStatus step/>
                {move || is_processing.get().then(|| view! {
                    <span class="step-card__progress"><Progress bare=true percent=progress label=format!("{} progress", id.name())/></span>
                })}
            </a>
            <RerunButton step id/>
        </div>
    }
}

fn card_class(step: &PipelineStep, is_selected: bool) -> String {
    let selected = if is_selected { " step-card--selected" } else { "" };
    let blocked = if blocked_reason(step).is_some() { " step-card--blocked" } else { "" };
    let status = step.status.label().to_lowercase();
    format!("step-card step-card--{status} {}{selected}{blocked}", tone_of(step.status).class())
}

fn blocked_reason(step: &PipelineStep) -> Option<String> {
    step.blocked_reason.clone().filter(|_| step.is_blocked)
}

/// The badge, and whether the step's result is stale or the step blocked; the reasons are for screen readers.
#[component]
fn CardStatus(step: Memo<PipelineStep>) -> impl IntoView {
    let status = memo(move || step.with(|step| step.status));
    let stale = memo(move || step.with(|step| step.stale_reason.clone()));
    let blocked = memo(move || step.with(blocked_reason));
    view! {
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
    }
}

/// Shown where the step has a run of its own and can start it now.
#[component]
fn RerunButton(step: Memo<PipelineStep>, id: PipelineStepId) -> impl IntoView {
    let process = use_finetune_process();
    let rerun = memo(move || rerun_action(id).filter(|_| step.with(|step| step.can_rerun)));
    move || {
        rerun.get().map(|action| {
            view! {
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
            }
        })
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
