//! The fields of the form that brings data in.

use anneal_server::format;
use anneal_server::types::error::AppError;
use anneal_server::types::import::{FILE_ENDINGS, suggested_name};
use leptos::ev::DragEvent;
use leptos::html;
use leptos::prelude::*;

use super::UploadTarget;
use crate::ui::{Field, Icon, IconName, RefusedForm, described_by, memo, visible};

/// A file that the user chose, as shown beside the drop zone.
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
        <Field id="upload-text" label="Pasted records" hint="JSON Lines, JSON or CSV with a header row: whatever a file may hold.">
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
pub fn FileField(file_input: NodeRef<html::Input>, chosen: RwSignal<Vec<Chosen>>) -> impl IntoView {
    let is_over = RwSignal::new(false);
    let read_choice = move || {
        let files = file_input.get_untracked().and_then(|input| input.files());
        let each = files.iter().flat_map(|files| (0..files.length()).filter_map(|index| files.get(index)));
        #[expect(clippy::cast_possible_truncation, reason = "file sizes fit an i64")]
        chosen.set(each.map(|file| Chosen { name: file.name(), bytes: file.size() as i64 }).collect());
    };
    // A file chosen before hydration, or kept by the browser over a reload.
    Effect::new(move || {
        if file_input.get().is_some() {
            read_choice();
        }
    });
    let on_drag = move |over: bool| move |_: DragEvent| is_over.set(over);
    let names = move || {
        let line = |file: &Chosen| {
            let (name, bytes) = (visible(&file.name).into_owned(), format::bytes(file.bytes));
            view! { <span class="drop-zone__file"><bdi class="one-line">{name}</bdi> <span class="muted">{bytes}</span></span> }
        };
        chosen.with(|files| {
            let more = files.len().saturating_sub(NAMES);
            let more = (more > 0).then(|| view! { <span>{format!("and {more} more")}</span> });
            let none = files.is_empty().then_some("Drop files here, or choose them");
            view! { {none} {files.iter().take(NAMES).map(line).collect_view()} {more} }
        })
    };
    let hint = move || chosen.with(|files| sizes(files)).unwrap_or_else(|| FILE_ENDINGS.join(" "));
    view! {
        <div class="drop-zone" class:drop-zone--over=is_over class:drop-zone--chosen=move || chosen.with(|files| !files.is_empty())>
            <Icon name=IconName::Upload/>
            <label class="drop-zone__label" for="upload-file">
                <span class="drop-zone__name">{names}</span>
                <span class="drop-zone__hint">{hint}</span>
            </label>
            <input
                class="drop-zone__input"
                type="file"
                id="upload-file"
                name="file"
                multiple
                accept=FILE_ENDINGS.join(",")
                aria-describedby="upload-file-hint"
                node_ref=file_input
                on:change=move |_| read_choice()
                on:dragenter=on_drag(true)
                on:dragleave=on_drag(false)
                on:drop=on_drag(false)
            />
        </div>
        <p class="field__hint" id="upload-file-hint">
            "Anneal reads chat JSONL (" <code>"{\"messages\": […]}"</code> "), its own form (" <code>"{\"input\": …, \"output\": …}"</code>
            "), OpenAI requests with their responses and Batch files, OpenTelemetry GenAI spans, prompts with completions, questions with answers, Alpaca, ShareGPT, Langfuse, promptfoo and CSV, mixed as you like: a record a line, an array, or an object around a list; plain, .gz or .zst. A line that cannot be read is kept and shown with its number."
        </p>
    }
}

/// Files whose names are shown.
const NAMES: usize = 4;

fn sizes(files: &[Chosen]) -> Option<String> {
    let bytes = format::bytes(files.iter().map(|file| file.bytes).sum());
    match files.len() {
        0 => None,
        1 => Some("Drop another one to change it.".to_owned()),
        count => Some(format!("{count} files, {bytes}. Drop others to change them.")),
    }
}

/// The fields of [`NewDatasetFields`] by name.
pub const NEW_FIELDS: [&str; 2] = ["name", "objective"];

/// The message of an error that belongs to this field.
pub fn error_at(error: &AppError, name: &str) -> Option<String> {
    match error {
        AppError::Invalid { field: Some(field), message } if field == name => Some(message.clone()),
        _ => None,
    }
}

/// Name and objective of a dataset to be made.
#[component]
pub fn NewDatasetFields(
    chosen: RwSignal<Vec<Chosen>>,
    is_sending: Memo<bool>,
    /// What comes back of a form that was refused.
    refused: Option<RefusedForm>,
) -> impl IntoView {
    let typed = |name: &str| refused.as_ref().and_then(|refused| refused.typed(name)).unwrap_or_default();
    let (name, objective) = (typed("name"), typed("objective"));
    let error_of = |name: &str| Signal::stored(refused.as_ref().and_then(|refused| error_at(&refused.error, name)));
    let (name_error, objective_error) = (error_of("name"), error_of("objective"));
    let suggestion = memo(move || chosen.with(|chosen| chosen.first().map(|file| suggested_name(&file.name))));
    view! {
        <fieldset class="upload-form__about" disabled=is_sending>
            <legend class="visually-hidden">"About the dataset"</legend>
            <Field id="upload-name" label="Name" optional=true hint="Left empty, it is called after the first file." error=name_error>
                <input
                    type="text"
                    id="upload-name"
                    name="name"
                    maxlength="200"
                    autocomplete="off"
                    value=name
                    placeholder=move || suggestion.get().unwrap_or_default()
                    aria-describedby=described_by("upload-name")
                />
            </Field>
            <Field
                id="upload-objective"
                label="Training objective"
                optional=true
                hint="What the model should get better at, in your words. You can change it later."
                error=objective_error
            >
                <textarea
                    id="upload-objective"
                    name="objective"
                    rows="4"
                    maxlength="4000"
                    aria-describedby=described_by("upload-objective")
                >
                    {objective}
                </textarea>
            </Field>
        </fieldset>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_chosen_is_said() {
        let files: Vec<Chosen> =
            ["a", "b", "c", "d", "e"].map(|name| Chosen { name: name.to_owned(), bytes: 1 }).into();
        assert_eq!(sizes(&[]), None);
        assert!(sizes(&files[..1]).unwrap().ends_with("Drop another one to change it."));
        assert!(sizes(&files).unwrap().starts_with("5 files, 5 "));
    }
}
