//! The canvas: seven cards joined by connectors; pan by dragging, zoom by wheel, pinch and keys.

use anneal_server::types::dataset::RecordFilter;
use anneal_server::types::pipeline::PipelineStepId;
use leptos::ev::{KeyboardEvent, PointerEvent, WheelEvent};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::canvas_view::{CanvasView, STACK_BELOW, Size, ZOOM_STEP, wheel_factor};
use super::pipeline_step_card::card_id;
use super::{NextStepHint, PipelineConnector, PipelineStepCard};
use crate::contexts::{FinetuneProcess, PageDialog, use_finetune_process};
use crate::ui::{Icon, IconName};

/// A press that moves less than this is a click.
const DRAG_THRESHOLD: f64 = 5.0;

/// The pointers that are down, by id.
type Pointers = Vec<(i32, (f64, f64))>;

/// State of the canvas's view; `Copy` for the handlers.
#[derive(Clone, Copy)]
struct CanvasControl {
    view: RwSignal<CanvasView>,
    /// False once the user has panned or zoomed; Fit makes it true again.
    is_fitted: RwSignal<bool>,
    window: NodeRef<html::Div>,
    content: NodeRef<html::Div>,
    pointers: StoredValue<Pointers>,
    /// The current press has moved far enough to be a drag.
    is_dragging: RwSignal<bool>,
}

/// The canvas with its hint and zoom buttons. Its keys work anywhere on the page outside of fields and
/// dialogs.
#[component]
pub fn PipelineCanvas() -> impl IntoView {
    let process = use_finetune_process();
    let control = CanvasControl {
        view: RwSignal::new(CanvasView::default()),
        is_fitted: RwSignal::new(true),
        window: NodeRef::new(),
        content: NodeRef::new(),
        pointers: StoredValue::new(Vec::new()),
        is_dragging: RwSignal::new(false),
    };
    let is_live = RwSignal::new(false);
    Effect::new(move || {
        is_live.set(true);
        let handle = window_event_listener(leptos::ev::keydown, move |event| on_key(process, control, &event));
        on_cleanup(move || handle.remove());
    });
    Effect::new(move || control.watch_size());
    let items = PipelineStepId::ALL.into_iter().enumerate().map(|(index, id)| {
        let next = PipelineStepId::ALL.get(index + 1).copied();
        view! {
            <li class="pipeline__item">
                <PipelineStepCard id/>
                {next.map(|next| view! { <PipelineConnector from=id to=next/> })}
            </li>
        }
    });
    view! {
        <section class="canvas" class:canvas--live=is_live aria-label="Pipeline">
            <div
                class="canvas__window"
                class:canvas__window--dragging=control.is_dragging
                node_ref=control.window
                on:wheel=move |event| control.on_wheel(&event)
                on:pointerdown=move |event| control.on_press(&event)
                on:pointermove=move |event| control.on_move(&event)
                on:pointerup=move |event| control.on_release(&event)
                on:pointercancel=move |event| control.on_release(&event)
                on:click:capture=move |event| control.on_click(&event)
                on:dragstart=move |event| event.prevent_default()
            >
                <div class="canvas__world" node_ref=control.content style:transform=move || control.view.get().transform()>
                    <ol class="pipeline">{items.collect_view()}</ol>
                </div>
            </div>
            <div class="canvas__bar">
                <NextStepHint/>
                <ZoomButtons control/>
            </div>
        </section>
    }
}

#[component]
fn ZoomButtons(control: CanvasControl) -> impl IntoView {
    view! {
        // Stacked cards need no buttons until a pinch has moved them.
        <div class="zoom" class:zoom--moved=move || !control.is_fitted.get() role="group" aria-label="Zoom">
            <button type="button" class="zoom__button" aria-label="Zoom out" title="Zoom out (-)" on:click=move |_| control.zoom(1.0 / ZOOM_STEP)>
                <Icon name=IconName::Minus/>
            </button>
            <button type="button" class="zoom__button zoom__level" title="Natural size" on:click=move |_| control.reset()>
                {move || format!("{:.0}%", control.view.get().scale * 100.0)}
            </button>
            <button type="button" class="zoom__button" aria-label="Zoom in" title="Zoom in (+)" on:click=move |_| control.zoom(ZOOM_STEP)>
                <Icon name=IconName::Plus/>
            </button>
            <button type="button" class="zoom__button" title="Fit into the window (0)" on:click=move |_| control.fit()>"Fit"</button>
        </div>
    }
}

impl CanvasControl {
    fn sizes(self) -> Option<(Size, Size)> {
        let (window, content) = (self.window.get_untracked()?, self.content.get_untracked()?);
        let size = |element: &web_sys::HtmlElement| Size {
            width: f64::from(element.offset_width()),
            height: f64::from(element.offset_height()),
        };
        Some((size(&window), size(&content)))
    }

    fn change(self, change: impl FnOnce(CanvasView, Size, Size) -> CanvasView) {
        if let Some((window, content)) = self.sizes() {
            self.view.update(|view| *view = change(*view, window, content));
            self.is_fitted.set(false);
        }
    }

    fn zoom(self, factor: f64) {
        self.change(|view, window, content| {
            view.zoomed(factor, (window.width / 2.0, window.height / 2.0), window, content)
        });
    }

    fn reset(self) {
        self.view.set(CanvasView::default());
        self.is_fitted.set(false);
    }

    fn fit(self) {
        if let Some((window, content)) = self.sizes() {
            self.view.set(CanvasView::fit(window, content));
        }
        self.is_fitted.set(true);
    }

    /// Fits again whenever the window changes, as long as the user has not moved the view.
    fn watch_size(self) {
        let Some(window) = self.window.get() else { return };
        let callback = Closure::<dyn Fn()>::new(move || {
            if self.is_fitted.try_get_untracked() == Some(true) {
                self.fit();
            }
        });
        let Ok(observer) = web_sys::ResizeObserver::new(callback.as_ref().unchecked_ref()) else { return };
        observer.observe(&window);
        // Only ever made and dropped by the browser's one thread.
        let kept = StoredValue::new_local((observer, callback));
        on_cleanup(move || {
            kept.try_with_value(|(observer, _)| observer.disconnect());
        });
    }

    /// The wheel zooms around the pointer; sideways, or with Shift, it pans. Where the cards are stacked it scrolls the page
    /// unless Ctrl is held, which is also what a touchpad's pinch sends.
    fn on_wheel(self, event: &WheelEvent) {
        let Some((window, _)) = self.sizes() else { return };
        if window.width < STACK_BELOW && !event.ctrl_key() {
            return;
        }
        event.prevent_default();
        let pixels = match event.delta_mode() {
            WheelEvent::DOM_DELTA_PIXEL => 1.0,
            WheelEvent::DOM_DELTA_LINE => 33.0,
            _ => 100.0,
        };
        let (dx, dy) = (event.delta_x() * pixels, event.delta_y() * pixels);
        if !event.ctrl_key() && (event.shift_key() || dx.abs() > dy.abs()) {
            // Some systems turn the wheel sideways themselves where Shift is held.
            let sideways = if dx == 0.0 { dy } else { dx };
            self.change(|view, window, content| view.panned(-sideways, 0.0, window, content));
            return;
        }
        let at = self.place(f64::from(event.client_x()), f64::from(event.client_y()));
        self.change(|view, window, content| view.zoomed(wheel_factor(dy, event.ctrl_key()), at, window, content));
    }

    fn place(self, x: f64, y: f64) -> (f64, f64) {
        self.window.get_untracked().map_or((x, y), |window| {
            let rect = window.get_bounding_client_rect();
            (x - rect.left(), y - rect.top())
        })
    }

    fn on_press(self, event: &PointerEvent) {
        if event.button() != 0 {
            return;
        }
        let at = (f64::from(event.client_x()), f64::from(event.client_y()));
        self.is_dragging.set(false);
        self.pointers.update_value(|pointers| {
            pointers.retain(|(id, _)| *id != event.pointer_id());
            pointers.push((event.pointer_id(), at));
        });
    }

    fn on_move(self, event: &PointerEvent) {
        let now = (f64::from(event.client_x()), f64::from(event.client_y()));
        let id = event.pointer_id();
        let pointers = self.pointers.get_value();
        let Some((_, before)) = pointers.iter().find(|(other, _)| *other == id).copied() else { return };
        let (dx, dy) = (now.0 - before.0, now.1 - before.1);
        // A mouse drags. One finger scrolls the page up and down, which the browser does; what it leaves to the page is
        // sideways, and two fingers pinch.
        let dy = if event.pointer_type() == "touch" && pointers.len() == 1 { 0.0 } else { dy };
        if let Some((_, other)) = pointers.iter().find(|(other, _)| *other != id) {
            let distance = |a: (f64, f64), b: (f64, f64)| (a.0 - b.0).hypot(a.1 - b.1).max(1.0);
            let middle = self.place(f64::midpoint(now.0, other.0), f64::midpoint(now.1, other.1));
            let factor = distance(now, *other) / distance(before, *other);
            self.is_dragging.set(true);
            self.change(|view, window, content| {
                view.zoomed(factor, middle, window, content).panned(dx / 2.0, dy / 2.0, window, content)
            });
        } else {
            if !self.is_dragging.get_untracked() {
                if dx.hypot(dy) < DRAG_THRESHOLD {
                    return;
                }
                self.is_dragging.set(true);
                if let Some(window) = self.window.get_untracked() {
                    // Fails only if the pointer has gone up meanwhile.
                    let _ = window.set_pointer_capture(id);
                }
            }
            self.change(|view, window, content| view.panned(dx, dy, window, content));
        }
        self.pointers.update_value(|pointers| {
            if let Some(pointer) = pointers.iter_mut().find(|(other, _)| *other == id) {
                pointer.1 = now;
            }
        });
    }

    fn on_release(self, event: &PointerEvent) {
        self.pointers.update_value(|pointers| pointers.retain(|(id, _)| *id != event.pointer_id()));
        // The click that follows a drag comes right after this.
        request_animation_frame(move || {
            self.is_dragging.try_set(false);
        });
    }

    /// The end of a drag is no click on the card below it.
    fn on_click(self, event: &web_sys::MouseEvent) {
        if self.is_dragging.get_untracked() {
            event.prevent_default();
            event.stop_propagation();
        }
    }
}

fn on_key(process: FinetuneProcess, control: CanvasControl, event: &KeyboardEvent) {
    if event.default_prevented() || event.ctrl_key() || event.meta_key() || event.alt_key() || is_taken(event) {
        return;
    }
    let on_canvas = is_in(event, ".canvas") || is_in(event, "body:focus");
    match event.key().as_str() {
        "j" => move_focus(process, 1),
        "k" => move_focus(process, -1),
        "ArrowRight" | "ArrowDown" if on_canvas => move_focus(process, 1),
        "ArrowLeft" | "ArrowUp" if on_canvas => move_focus(process, -1),
        "+" | "=" => control.zoom(ZOOM_STEP),
        "-" => control.zoom(1.0 / ZOOM_STEP),
        "0" => control.fit(),
        "/" => process.open_records(RecordFilter::default()),
        "?" => process.open_dialog(PageDialog::Help),
        _ => return,
    }
    event.prevent_default();
}

/// Typed into a field, or while a dialog or a menu is open: then keys mean something else.
fn is_taken(event: &KeyboardEvent) -> bool {
    is_in(event, "input, textarea, select, [contenteditable], [role=tablist], [role=separator], .menu[open]")
        || document().query_selector("dialog[open]").ok().flatten().is_some()
}

fn is_in(event: &KeyboardEvent, selector: &str) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|target| target.closest(selector).ok().flatten().is_some())
}

/// To the next or previous card, from the focused one or else the selected one; no wrapping, as there
/// is a first and a last step.
fn move_focus(process: FinetuneProcess, by: isize) {
    let focused = document().active_element().map(|element| element.id()).unwrap_or_default();
    let all = PipelineStepId::ALL;
    let from_focus = all.iter().position(|id| card_id(*id) == focused);
    let selected = untrack(|| process.selected_step());
    let to = match from_focus {
        Some(index) => index.saturating_add_signed(by).min(all.len() - 1),
        None => all.iter().position(|id| *id == selected).unwrap_or(0),
    };
    let card =
        document().get_element_by_id(&card_id(all[to])).and_then(|card| card.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(card) = card {
        let _ = card.focus();
    }
}
