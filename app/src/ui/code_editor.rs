//! A plain editor for scripts and JSON: monospaced, line numbers, Tab indents, one line marked as wrong.

use super::memo;
use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;

use super::indent::indent;

/// A text area with line numbers. Tab indents; Esc, then Tab leaves it (said in its description), so
/// that the keyboard is not trapped. Without JavaScript it is a plain text area named `name`.
#[component]
pub fn CodeEditor(
    /// Unique on the page.
    id: &'static str,
    /// The text; written as the user types.
    value: RwSignal<String>,
    /// Its accessible name.
    #[prop(into)]
    label: Signal<String>,
    /// The form field's name.
    #[prop(optional, into)]
    name: Option<&'static str>,
    /// The 1-based line that is wrong.
    #[prop(optional, into)]
    error_line: Signal<Option<u32>>,
    /// Cannot be changed now.
    #[prop(optional, into)]
    readonly: Signal<bool>,
    /// Visible lines.
    #[prop(default = 16)]
    rows: u32,
) -> impl IntoView {
    let area = NodeRef::<html::Textarea>::new();
    let gutter = NodeRef::<html::Div>::new();
    let keys = Keys { area, value, readonly, escaped: StoredValue::new(false) };
    let on_scroll = move |_| {
        if let (Some(area), Some(gutter)) = (area.get_untracked(), gutter.get_untracked()) {
            gutter.set_scroll_top(area.scroll_top());
        }
    };
    view! {
        <div class="code-editor">
            <div class="code-editor__gutter" node_ref=gutter aria-hidden="true"><LineNumbers value error_line/></div>
            <textarea
                node_ref=area
                class="code-editor__text"
                id=id
                name=name
                rows=rows
                wrap="off"
                spellcheck="false"
                autocomplete="off"
                autocapitalize="off"
                aria-label=move || label.get()
                aria-describedby=format!("{id}-keys {id}-hint {id}-error")
                readonly=move || readonly.get()
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
                on:keydown=move |event| keys.on_key(&event)
                on:scroll=on_scroll
            >
                {value.get_untracked()}
            </textarea>
            <span class="visually-hidden" id=format!("{id}-keys")>"Tab indents. Press Escape, then Tab, to leave the editor."</span>
        </div>
    }
}

#[component]
fn LineNumbers(value: RwSignal<String>, error_line: Signal<Option<u32>>) -> impl IntoView {
    let line_count = memo(move || value.with(|text| text.split('\n').count()));
    move || {
        (1..=line_count.get())
            .map(|line| {
                let is_wrong = move || error_line.get().is_some_and(|wrong| usize::try_from(wrong) == Ok(line));
                view! { <span class="code-editor__line" class:code-editor__line--wrong=is_wrong>{line}</span> }
            })
            .collect_view()
    }
}

/// What the keys need; `Copy`, for the handler.
#[derive(Clone, Copy)]
struct Keys {
    area: NodeRef<html::Textarea>,
    value: RwSignal<String>,
    readonly: Signal<bool>,
    /// Esc was pressed: Tab leaves the editor.
    escaped: StoredValue<bool>,
}

impl Keys {
    fn on_key(self, event: &KeyboardEvent) {
        match event.key().as_str() {
            "Escape" => {
                // The first Esc frees Tab, the second one closes what is around.
                if !self.escaped.get_value() {
                    event.stop_propagation();
                    event.prevent_default();
                }
                self.escaped.set_value(true);
            }
            "Tab" if !self.escaped.get_value() && !self.readonly.get_untracked() => {
                event.prevent_default();
                if let Some(area) = self.area.get_untracked() {
                    indent(&area, event.shift_key());
                    self.value.set(area.value());
                }
            }
            "Shift" => {}
            _ => self.escaped.set_value(false),
        }
    }
}
