//! The fields of the form that brings data in.

use anneal_server::format;
use anneal_server::types::import::suggested_name;
use leptos::ev::DragEvent;
use leptos::html;
use leptos::prelude::*;

use super::UploadTarget;
use crate::ui::{Field, Icon, IconName, described_by};

/// What the user chose, as shown beside the drop zone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen {
    /// The file's name.
    pub name: String,
    /// Its size.
    pub bytes: i64,
}

/// Hidden fields; first in the form, so that the server knows the target before the file comes.
#[component]
pub fn TargetFields(target: UploadTarget) -> impl IntoView {
    match target {
        UploadTarget::New => None,
        UploadTarget::Into { dataset_id, mode, .. } => Some(view! {
            <input type="hidden" name="dataset_id" value=dataset_id/>
            <input type="hidden" name="mode" value=mode.as_str()/>
        }),
    }
}

/// Records as text, where there is no file.
#[component]
pub fn PastedText(text: RwSignal<String>) -> impl IntoView {
    view! {
        <p class="upload-form__or"><span>"or paste"</span></p>
        <Field id="upload-text" label="Pasted records" hint="One JSON object per line, or one JSON array.">
            <textarea
                class="mono"
                id="upload-text"
                name="text"
                rows="5"
                spellcheck="false"
                placeholder=r#"{"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}"#
                aria-describedby=described_by("upload-text")
                on:input=move |event| text.set(event_target_value(&event))
            ></textarea>
        </Field>
    }
}

/// The file input is the drop zone: it covers it, so a native drop works without any code.
#[component]
pub fn FileField(file_input: NodeRef<html::Input>, chosen: RwSignal<Option<Chosen>>) -> impl IntoView {
    let is_over = RwSignal::new(false);
    let read_choice = move || {
        let file = file_input.get_untracked().and_then(|input| input.files()).and_then(|files| files.get(0));
        #[expect(clippy::cast_possible_truncation, reason = "file sizes fit an i64")]
        chosen.set(file.map(|file| Chosen { name: file.name(), bytes: file.size() as i64 }));
    };
    // A file chosen before hydration, or kept by the browser over a reload.
    Effect::new(move || {
        if file_input.get().is_some() {
            read_choice();
        }
    });
    let on_drag = move |over: bool| move |_: DragEvent| is_over.set(over);
    let says = move || match chosen.get() {
        Some(file) => view! {
            <span class="drop-zone__name">{file.name}</span>
            <span class="drop-zone__hint">{format::bytes(file.bytes)} ". Drop another one to change it."</span>
        }
        .into_any(),
        None => view! {
            <span class="drop-zone__name">"Drop a file here, or choose one"</span>
            <span class="drop-zone__hint">".jsonl, .json, or either as .gz"</span>
        }
        .into_any(),
    };
    view! {
        <div class="drop-zone" class:drop-zone--over=is_over class:drop-zone--chosen=move || chosen.get().is_some()>
            <Icon name=IconName::Upload/>
            <label class="drop-zone__label" for="upload-file">{says}</label>
            <input
                class="drop-zone__input"
                type="file"
                id="upload-file"
                name="file"
                accept=".jsonl,.json,.gz"
                aria-describedby="upload-file-hint"
                node_ref=file_input
                on:change=move |_| read_choice()
                on:dragenter=on_drag(true)
                on:dragleave=on_drag(false)
                on:drop=on_drag(false)
            />
        </div>
        <p class="field__hint" id="upload-file-hint">
            "Read are chat JSONL (" <code>"{\"messages\": […]}"</code> ") and the native form (" <code>"{\"input\": …, \"output\": …}"</code>
            "), plain or .gz. Every line becomes a record; a line that cannot be read is kept and shown with its line number."
        </p>
    }
}

/// Name and objective of a dataset to be made.
#[component]
pub fn NewDatasetFields(chosen: RwSignal<Option<Chosen>>, is_sending: Memo<bool>) -> impl IntoView {
    let suggestion = Memo::new(move |_| chosen.with(|chosen| chosen.as_ref().map(|file| suggested_name(&file.name))));
    view! {
        <fieldset class="upload-form__about" disabled=is_sending>
            <legend class="visually-hidden">"About the dataset"</legend>
            <Field id="upload-name" label="Name" optional=true hint="Left empty, it is called after the file.">
                <input
                    type="text"
                    id="upload-name"
                    name="name"
                    maxlength="200"
                    autocomplete="off"
                    placeholder=move || suggestion.get().unwrap_or_default()
                    aria-describedby=described_by("upload-name")
                />
            </Field>
            <Field
                id="upload-objective"
                label="Training objective"
                optional=true
                hint="What the model should get better at, in your words. You can change it later."
            >
                <textarea
                    id="upload-objective"
                    name="objective"
                    rows="4"
                    maxlength="4000"
                    aria-describedby=described_by("upload-objective")
                ></textarea>
            </Field>
        </fieldset>
    }
}
