//! The panel below the canvas: the selected step, in a frame that can be resized and folded.

use anneal_server::types::pipeline::PipelineStepId;
use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::prelude::*;

use super::steps::{CoveragePanel, DeployPanel, DryRunPanel, ExtractPanel, GraderPanel, TopicsPanel, TrainPanel};
use super::{StatusBadge, tone_of};
use crate::contexts::use_finetune_process;
use crate::ui::{Icon, IconName, memo};

/// The canvas keeps at least this height, in pixels.
const LEAST_CANVAS: f64 = 64.0;
/// So does the panel: its head.
const LEAST_PANEL: f64 = 56.0;
/// One press of an arrow key on the handle.
const KEY_STEP: f64 = 24.0;

/// Head (number, name, status, stale note) and the step's own panel. `canvas_height` is what the handle
/// changes, in pixels; `None` while the canvas has its natural height.
#[component]
pub fn StepDetailPanel(
    /// The canvas's height.
    canvas_height: RwSignal<Option<f64>>,
    /// Only the head is shown.
    is_folded: RwSignal<bool>,
) -> impl IntoView {
    let process = use_finetune_process();
    let selected = memo(move || process.selected_step());
    let step = memo(move || process.pipeline.with(|pipeline| pipeline.step(selected.get()).clone()));
    let status = memo(move || step.with(|step| step.status));
    let stale = memo(move || step.with(|step| step.stale_reason.clone()));
    let blocked = memo(move || step.with(|step| step.blocked_reason.clone().filter(|_| step.is_blocked)));
    let head_class = move || format!("step-panel__head {}", tone_of(status.get()).class());
    let fold_words = move || if is_folded.get() { "Unfold the panel" } else { "Fold the panel" };
    view! {
        <section class="step-panel" class:step-panel--folded=is_folded id="step-panel" aria-labelledby="step-panel-name">
            <Resizer canvas_height is_folded/>
            <header class=head_class>
                <span class="step-panel__number" aria-hidden="true">{move || selected.get().number()}</span>
                <h2 class="step-panel__name" id="step-panel-name">{move || selected.get().name()}</h2>
                <StatusBadge status/>
                {move || stale.get().map(|reason| view! {
                    <p class="step-panel__note tone-attention"><Icon name=IconName::Clock/>{format!("Stale: {reason}")}</p>
                })}
                {move || blocked.get().map(|reason| view! {
                    <p class="step-panel__note"><Icon name=IconName::Lock/>{reason}</p>
                })}
                <button
                    type="button"
                    class="button button--ghost button--icon step-panel__fold"
                    aria-label=fold_words
                    title=fold_words
                    aria-expanded=move || if is_folded.get() { "false" } else { "true" }
                    aria-controls="step-panel-body"
                    on:click=move |_| is_folded.update(|folded| *folded = !*folded)
                >
                    <Icon name=IconName::ChevronDown/>
                </button>
            </header>
            <div class="step-panel__body" id="step-panel-body" hidden=is_folded>
                {move || match selected.get() {
                    PipelineStepId::Extract => view! { <ExtractPanel/> }.into_any(),
                    PipelineStepId::Topics => view! { <TopicsPanel/> }.into_any(),
                    PipelineStepId::Coverage => view! { <CoveragePanel/> }.into_any(),
                    PipelineStepId::Grader => view! { <GraderPanel/> }.into_any(),
                    PipelineStepId::DryRun => view! { <DryRunPanel/> }.into_any(),
                    PipelineStepId::Train => view! { <TrainPanel/> }.into_any(),
                    PipelineStepId::Deploy => view! { <DeployPanel/> }.into_any(),
                }}
            </div>
        </section>
    }
}

/// The line between canvas and panel: drag it, or focus it and use the arrow keys; a double click gives
/// the natural height back.
#[component]
fn Resizer(canvas_height: RwSignal<Option<f64>>, is_folded: RwSignal<bool>) -> impl IntoView {
    // Where the press began: the pointer's y and the canvas's height then.
    let press = RwSignal::new(None::<(f64, f64)>);
    let resize_to = move |height: f64| {
        is_folded.set(false);
        canvas_height.set(Some(height.clamp(LEAST_CANVAS, most_canvas())));
    };
    let on_press = move |event: PointerEvent| {
        event.prevent_default();
        press.set(Some((f64::from(event.client_y()), canvas_now())));
        let handle =
            event.current_target().and_then(|target| wasm_bindgen::JsCast::dyn_into::<web_sys::Element>(target).ok());
        if let Some(handle) = handle {
            // Fails only if the pointer has gone up meanwhile.
            let _ = handle.set_pointer_capture(event.pointer_id());
        }
    };
    let on_move = move |event: PointerEvent| {
        if let Some((y, height)) = press.get_untracked() {
            resize_to(height + f64::from(event.client_y()) - y);
        }
    };
    let on_key = move |event: KeyboardEvent| {
        match event.key().as_str() {
            "ArrowUp" => resize_to(canvas_now() - KEY_STEP),
            "ArrowDown" => resize_to(canvas_now() + KEY_STEP),
            "Home" => resize_to(LEAST_CANVAS),
            "End" => resize_to(most_canvas()),
            "Enter" => canvas_height.set(None),
            _ => return,
        }
        event.prevent_default();
    };
    view! {
        <div
            class="step-panel__resizer"
            class:step-panel__resizer--active=move || press.get().is_some()
            role="separator"
            aria-orientation="horizontal"
            aria-label="Height of the canvas, in pixels"
            aria-controls="step-panel"
            aria-valuemin=LEAST_CANVAS
            aria-valuemax="2000"
            aria-valuenow=move || canvas_height.get().map_or_else(|| "230".to_owned(), |height| format!("{height:.0}"))
            tabindex="0"
            title="Drag to resize; double-click for the natural height"
            on:pointerdown=on_press
            on:pointermove=on_move
            on:pointerup=move |_| press.set(None)
            on:pointercancel=move |_| press.set(None)
            on:dblclick=move |_| canvas_height.set(None)
            on:keydown=on_key
        ></div>
    }
}

fn height_of(selector: &str) -> Option<f64> {
    document().query_selector(selector).ok().flatten().map(|element| element.get_bounding_client_rect().height())
}

fn canvas_now() -> f64 {
    height_of(".canvas").unwrap_or(LEAST_CANVAS)
}

/// What is left for the canvas when the panel shows its head only.
fn most_canvas() -> f64 {
    height_of(".workspace").map_or(LEAST_CANVAS, |height| (height - LEAST_PANEL).max(LEAST_CANVAS))
}
