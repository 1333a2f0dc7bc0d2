//! What the browser's code editor (open.js, which loads `/pkg/editor.js`) is told. It tells nothing back but events of the text
//! area, so that nothing of it can call into a component that is gone.

use leptos::html;
use leptos::prelude::*;
use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::{CodeLanguage, Completion, Problem};

#[wasm_bindgen(module = "/src/ui/code_editor/open.js")]
extern "C" {
    /// One editor; usable from the start, whether or not it is loaded yet.
    #[derive(Clone)]
    type OpenEditor;

    #[wasm_bindgen(constructor)]
    fn new(area: &web_sys::HtmlTextAreaElement, language: &str) -> OpenEditor;

    #[wasm_bindgen(method)]
    fn update(this: &OpenEditor, state: &str);

    #[wasm_bindgen(method, js_name = setText)]
    fn set_text(this: &OpenEditor, text: &str);

    #[wasm_bindgen(method)]
    fn insert(this: &OpenEditor, text: &str);

    #[wasm_bindgen(method)]
    fn close(this: &OpenEditor);
}

/// What an editor shows; `Copy`, for its effects.
#[derive(Clone, Copy)]
pub struct Shown {
    pub value: RwSignal<String>,
    pub label: Signal<String>,
    pub completions: Signal<Vec<Completion>>,
    pub problems: Signal<Vec<Problem>>,
    pub readonly: Signal<bool>,
    pub insertion: Option<RwSignal<Option<String>>>,
}

/// A change of an editor's state; what is absent stays.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Change {
    Naming { label: String, readonly: bool },
    Completions(Vec<Completion>),
    Problems(Vec<Problem>),
}

impl Change {
    /// As the editor's `State` (editor.js).
    fn to_json(&self) -> Option<String> {
        match self {
            Self::Naming { label, readonly } => {
                Some(format!(r#"{{"label":{},"readonly":{readonly}}}"#, serde_json::to_string(label).ok()?))
            }
            other => serde_json::to_string(other).ok(),
        }
    }
}

/// Opens an editor in the place of the text area once that is in the page, and keeps it up to date until its component is gone.
/// Effects run in the browser only.
pub fn open_editor(area: NodeRef<html::Textarea>, language: CodeLanguage, shown: Shown) {
    Effect::new(move |_| {
        let Some(area) = area.get() else { return };
        let editor = OpenEditor::new(&area, name_of(language));
        let kept = StoredValue::new_local(editor.clone());
        on_cleanup(move || {
            if let Some(editor) = kept.try_get_value() {
                editor.close();
            }
        });
        keep_up_to_date(&editor, shown);
    });
}

fn keep_up_to_date(editor: &OpenEditor, shown: Shown) {
    let tell = |editor: OpenEditor, change: Box<dyn Fn() -> Change>| {
        Effect::new(move |_| {
            if let Some(state) = change().to_json() {
                editor.update(&state);
            }
        });
    };
    tell(editor.clone(), Box::new(move || Change::Naming { label: shown.label.get(), readonly: shown.readonly.get() }));
    tell(editor.clone(), Box::new(move || Change::Completions(shown.completions.get())));
    let with_text = editor.clone();
    Effect::new(move |_| shown.value.with(|text| with_text.set_text(text)));
    // After the text that they are about.
    tell(editor.clone(), Box::new(move || Change::Problems(shown.problems.get())));
    if let Some(insertion) = shown.insertion {
        let editor = editor.clone();
        Effect::new(move |_| {
            if let Some(text) = insertion.get() {
                insertion.set(None);
                editor.insert(&text);
            }
        });
    }
}

const fn name_of(language: CodeLanguage) -> &'static str {
    match language {
        CodeLanguage::JavaScript => "javascript",
        CodeLanguage::Json => "json",
        CodeLanguage::Template => "template",
    }
}
