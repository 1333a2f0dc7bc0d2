//! The form that brings data in: a plain multipart form to `/upload`; with JavaScript it shows how far
//! the upload is and stays on the page.

use anneal_server::format;
use anneal_server::types::error::AppError;
use anneal_server::types::import::ImportMode;
use leptos::ev::{DragEvent, SubmitEvent};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::upload::{Upload, UploadAnswer, UploadState};
use crate::ui::{Button, ButtonVariant, ErrorView, Field, Icon, IconName, Progress, described_by};

/// Where the data goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploadTarget {
    /// A dataset to be made; the form asks for its name and objective.
    New,
    /// One that exists.
    Into {
        /// Its id.
        dataset_id: String,
        /// Append or replace.
        mode: ImportMode,
        /// How many records it has, for the confirmation of a replacement.
        records: i64,
    },
}

/// What the user chose, as shown beside the drop zone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Chosen {
    name: String,
    bytes: i64,
}

/// File or pasted text, and for a new dataset its name and objective.
#[component]
pub fn UploadForm(
    /// Where it goes.
    target: UploadTarget,
    /// The server has the data and reads it.
    #[prop(into)]
    on_done: Callback<UploadAnswer>,
) -> impl IntoView {
    let upload = Upload::new();
    let state = upload.state();
    let file_input = NodeRef::<html::Input>::new();
    let chosen = RwSignal::new(None::<Chosen>);
    let text = RwSignal::new(String::new());
    let is_sending = Memo::new(move |_| matches!(state.get(), UploadState::Sending(_) | UploadState::Done(_)));
    Effect::new(move || {
        if let UploadState::Done(answer) = state.get() {
            on_done.run(answer);
        }
    });
    on_cleanup(move || upload.cancel());
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        if let Err(error) = check(chosen.get_untracked().as_ref(), &text.read_untracked()) {
            upload.fail(error);
            return;
        }
        let form = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlFormElement>().ok());
        if let Some(data) = form.and_then(|form| web_sys::FormData::new_with_form(&form).ok()) {
            upload.send(&data);
        }
    };
    let is_new = target == UploadTarget::New;
    view! {
        <form
            class="upload-form"
            class:upload-form--new=is_new
            method="post"
            action="/upload"
            enctype="multipart/form-data"
            on:submit=on_submit
        >
            <TargetFields target=target.clone()/>
            <fieldset class="upload-form__source" disabled=is_sending>
                <legend class="visually-hidden">"Source"</legend>
                <FileField file_input chosen/>
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
            </fieldset>
            {is_new.then(|| view! { <NewDatasetFields chosen is_sending/> })}
            <div class="upload-form__end">
                {confirmation(&target)}
                <SendState upload/>
                <div class="upload-form__actions">
                    {move || is_sending.get().then(|| view! { <Button on:click=move |_| upload.cancel()>"Cancel"</Button> })}
                    <Button kind="submit" variant=submit_variant(&target) busy=is_sending>{submit_words(&target)}</Button>
                </div>
            </div>
        </form>
    }
}

/// Hidden fields; first in the form, so that the server knows the target before the file comes.
#[component]
fn TargetFields(target: UploadTarget) -> impl IntoView {
    match target {
        UploadTarget::New => None,
        UploadTarget::Into { dataset_id, mode, .. } => Some(view! {
            <input type="hidden" name="dataset_id" value=dataset_id/>
            <input type="hidden" name="mode" value=mode.as_str()/>
        }),
    }
}

/// The file input is the drop zone: it covers it, so a native drop works without any code.
#[component]
fn FileField(file_input: NodeRef<html::Input>, chosen: RwSignal<Option<Chosen>>) -> impl IntoView {
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

#[component]
fn NewDatasetFields(chosen: RwSignal<Option<Chosen>>, is_sending: Memo<bool>) -> impl IntoView {
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

#[component]
fn SendState(upload: Upload) -> impl IntoView {
    let state = upload.state();
    let percent = Memo::new(move |_| match state.get() {
        UploadState::Sending(percent) => percent,
        _ => None,
    });
    let words = move || match percent.get() {
        Some(percent) if percent >= 100.0 => "The server is taking it in…".to_owned(),
        _ => "Sending…".to_owned(),
    };
    let is_sending = Memo::new(move |_| matches!(state.get(), UploadState::Sending(_)));
    let error = Memo::new(move |_| match state.get() {
        UploadState::Failed(error) => Some(error),
        _ => None,
    });
    view! {
        <div class="upload-form__state" aria-live="polite">
            {move || is_sending.get().then(|| view! { <Progress percent label=Signal::derive(words)/> })}
            {move || error.get().map(|error| view! { <ErrorView error/> })}
        </div>
    }
}

fn confirmation(target: &UploadTarget) -> Option<impl IntoView + use<>> {
    let UploadTarget::Into { mode: ImportMode::Replace, records, .. } = target else { return None };
    let words = format!("Replace {}. Their topics and results go with them.", format::counted(*records, "record"));
    Some(view! {
        <label class="check upload-form__confirm">
            <input type="checkbox" name="confirm" value="true" required/>
            {words}
        </label>
    })
}

const fn submit_variant(target: &UploadTarget) -> ButtonVariant {
    match target {
        UploadTarget::Into { mode: ImportMode::Replace, .. } => ButtonVariant::Danger,
        _ => ButtonVariant::Primary,
    }
}

const fn submit_words(target: &UploadTarget) -> &'static str {
    match target {
        UploadTarget::New => "Create dataset",
        UploadTarget::Into { mode: ImportMode::Append, .. } => "Add records",
        UploadTarget::Into { mode: ImportMode::Replace, .. } => "Replace records",
    }
}

/// What can be said before sending.
fn check(file: Option<&Chosen>, text: &str) -> Result<(), AppError> {
    match (file, text.trim().is_empty()) {
        (None, true) => Err(AppError::invalid("There is nothing to import yet. Choose a file, or paste some records.")),
        (Some(_), false) => Err(AppError::invalid(
            "There is both a file and pasted text, and only one can be imported at a time. Remove one of them.",
        )),
        (Some(file), true) if file.bytes == 0 => Err(AppError::invalid(format!(
            "“{}” is empty (0 bytes), so there is nothing to import. Choose another file.",
            file.name
        ))),
        _ => Ok(()),
    }
}

/// The file's name without its endings.
fn suggested_name(file: &str) -> String {
    let mut name = file;
    for ending in [".gz", ".jsonl", ".json", ".ndjson"] {
        name = name.strip_suffix(ending).unwrap_or(name);
    }
    if name.is_empty() { file.to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_with_nothing_or_too_much_is_not_sent() {
        let file = |bytes| Chosen { name: "a.jsonl".to_owned(), bytes };
        assert!(check(None, "  \n").is_err());
        assert!(check(Some(&file(0)), "").is_err());
        assert!(check(Some(&file(5)), "{}").is_err());
        assert_eq!(check(Some(&file(5)), " "), Ok(()));
        assert_eq!(check(None, "{}"), Ok(()));
    }

    #[test]
    fn names_are_suggested_from_files() {
        for (file, name) in [("airline_chat.jsonl.gz", "airline_chat"), ("a.json", "a"), ("x", "x"), (".gz", ".gz")] {
            assert_eq!(suggested_name(file), name);
        }
    }
}
