//! An editor for scripts, JSON and templates: a text area with line numbers, in whose place CodeMirror comes once it is
//! loaded (`editor/`). The text area stays the form's field.

mod indent;
mod line_numbers;
mod open;
mod place;

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use serde::Serialize;

pub use place::{CodePlace, place_in};

use indent::indent;
use line_numbers::LineNumbers;

/// What is written in an editor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeLanguage {
    /// A grader's script.
    JavaScript,
    /// A record, a schema.
    Json,
    /// Text with Mustache tags.
    Template,
}

/// A name the editor offers while one types: in scripts a path (`input.response`), in templates what stands in a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Completion {
    /// What it writes.
    pub label: String,
    /// A word or two beside it.
    pub detail: String,
    /// What it is, in a sentence.
    pub info: String,
}

/// Something wrong at a place of the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// From 1.
    pub line: u32,
    /// From 1; `None`: the whole line.
    pub column: Option<u32>,
    /// What is wrong.
    pub message: String,
}

impl Problem {
    /// The problem of an error's message that names a line ("Line 3, column 14: ..."), else none.
    pub fn named_in(message: &str) -> Option<Self> {
        let (line, column) = place_in(message)?;
        Some(Self { line, column, message: message.to_owned() })
    }
}

/// A text area with line numbers that becomes a code editor: colours, completion, brackets, search (Ctrl+F), problems at their
/// lines. Tab indents; Esc, then Tab leaves it (said in its description), so that the keyboard is not trapped. Without JavaScript
/// it is a plain text area named `name`.
#[component]
pub fn CodeEditor(
    /// Unique on the page.
    id: &'static str,
    /// The text; written as the user types, and shown when it changes otherwise.
    value: RwSignal<String>,
    /// Its accessible name.
    #[prop(into)]
    label: Signal<String>,
    /// What is written in it.
    language: CodeLanguage,
    /// The form field's name.
    #[prop(optional, into)]
    name: Option<&'static str>,
    /// What it offers while one types.
    #[prop(optional, into)]
    completions: Signal<Vec<Completion>>,
    /// What is wrong, other than the syntax errors that it finds itself.
    #[prop(optional, into)]
    problems: Signal<Vec<Problem>>,
    /// Set to a text, writes it at the cursor and becomes `None` again.
    #[prop(optional)]
    insertion: Option<RwSignal<Option<String>>>,
    /// Cannot be changed now.
    #[prop(optional, into)]
    readonly: Signal<bool>,
    /// Visible lines.
    #[prop(default = 16)]
    rows: u32,
) -> impl IntoView {
    let area = NodeRef::<html::Textarea>::new();
    let gutter = NodeRef::<html::Div>::new();
    // The code editor has taken the text area's place, which then needs neither name nor line numbers.
    let is_ready = RwSignal::new(false);
    let keys = Keys { area, value, readonly, escaped: StoredValue::new(false) };
    open::open_editor(area, language, open::Shown { value, label, completions, problems, readonly, insertion });
    let on_scroll = move |_| {
        if let (Some(area), Some(gutter)) = (area.get_untracked(), gutter.get_untracked()) {
            gutter.set_scroll_top(area.scroll_top());
        }
    };
    view! {
        <div class="code-editor">
            <Show when=move || !is_ready.get()>
                <div class="code-editor__gutter" node_ref=gutter aria-hidden="true"><LineNumbers value problems/></div>
            </Show>
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
                aria-label=move || (!is_ready.get()).then(|| label.get())
                aria-describedby=format!("{id}-keys {id}-hint {id}-error")
                readonly=move || readonly.get()
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
                on:keydown=move |event| keys.on_key(&event)
                on:scroll=on_scroll
                on:editorready=move |_: web_sys::Event| is_ready.set(true)
            >
                {value.get_untracked()}
            </textarea>
            <span class="visually-hidden" id=format!("{id}-keys")>"Tab indents. Press Escape, then Tab, to leave the editor."</span>
        </div>
    }
}

/// What the keys of the plain text area need; `Copy`, for the handler.
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
