//! The fields of the form that brings data in.

use anneal_server::format;
use anneal_server::types::import::{FILE_ENDINGS, suggested_name};
use leptos::ev::DragEvent;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::UploadTarget;
use super::import_flow::take_out;
use crate::ui::{Field, Icon, IconName, RefusedForm, described_by, error_at, memo, visible};

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
    // Beside the zone a browser would open the file in place of the page, and all that was typed would be gone.
    Effect::new(move || {
        let over = window_event_listener(leptos::ev::dragover, move |event| {
            if brings_files_beside(&event) {
                event.prevent_default();
            }
        });
        let dropped = window_event_listener(leptos::ev::drop, move |event| {
            if brings_files_beside(&event) {
                event.prevent_default();
                if let (Some(input), Some(data)) = (file_input.get_untracked(), event.data_transfer()) {
                    input.set_files(data.files().as_ref());
                    read_choice();
                }
            }
        });
        on_cleanup(move || {
            over.remove();
            dropped.remove();
        });
    });
    let words = move || chosen.with(|files| chosen_in_words(files));
    let hint = move || {
        if chosen.with(Vec::is_empty) {
            FILE_ENDINGS.join(" ")
        } else {
            "Drop or choose others to change them.".to_owned()
        }
    };
    view! {
        <div class="drop-zone" class:drop-zone--over=is_over class:drop-zone--chosen=move || chosen.with(|files| !files.is_empty())>
            <Icon name=IconName::Upload/>
            <label class="drop-zone__label" for="upload-file">
                <span class="drop-zone__name">{words}</span>
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
        <Show when=move || chosen.with(|files| !files.is_empty())>
            <ul class="chosen-files" aria-label="Chosen files">
                {move || chosen.get().into_iter().enumerate().map(|(at, file)| view! { <ChosenFile at file file_input/> }).collect_view()}
            </ul>
        </Show>
        <p class="field__hint" id="upload-file-hint">
            "Anneal reads chat JSONL (" <code>"{\"messages\": […]}"</code> "), its own form (" <code>"{\"input\": …, \"output\": …}"</code>
            "), OpenAI requests with their responses and Batch files, OpenTelemetry GenAI spans, prompts with completions, questions with answers, Alpaca, ShareGPT, Langfuse, promptfoo and CSV, mixed as you like: a record a line, an array, or an object around a list; plain, .gz or .zst. A line that cannot be read is kept and shown with its number."
        </p>
    }
}

/// One of the chosen files, to be left out.
#[component]
fn ChosenFile(at: usize, file: Chosen, file_input: NodeRef<html::Input>) -> impl IntoView {
    let name = visible(&file.name).into_owned();
    let leave_out = format!("Leave out {name}");
    let on_click = move |_| {
        if let Some(input) = file_input.get_untracked() {
            take_out(&input, u32::try_from(at).unwrap_or(u32::MAX));
        }
    };
    view! {
        <li class="chosen-files__file">
            <bdi class="one-line">{name}</bdi>
            <span class="muted">{format::bytes(file.bytes)}</span>
            <button type="button" class="button button--ghost button--icon button--small" aria-label=leave_out on:click=on_click>
                <Icon name=IconName::Close/>
            </button>
        </li>
    }
}

/// Whether files are dragged to a place that does not take them by itself.
fn brings_files_beside(event: &DragEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let takes = target.is_some_and(|element| element.matches("input[type=file]").unwrap_or(false));
    let files = event.data_transfer().is_some_and(|data| data.types().iter().any(|kind| kind == "Files"));
    files && !takes
}

fn chosen_in_words(files: &[Chosen]) -> String {
    if files.is_empty() {
        return "Drop files here, or choose them".to_owned();
    }
    let bytes = format::bytes(files.iter().map(|file| file.bytes).sum());
    let count = i64::try_from(files.len()).unwrap_or(i64::MAX);
    format!("{} chosen, {bytes}", format::counted(count, "file"))
}

/// The fields of [`NewDatasetFields`] by name.
pub const NEW_FIELDS: [&str; 2] = ["name", "objective"];

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
    let error_of =
        |name: &str| Signal::stored(refused.as_ref().and_then(|refused| error_at(Some(&refused.error), name)));
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
        let file = Chosen { name: "a".to_owned(), bytes: 600 };
        assert_eq!(chosen_in_words(&[]), "Drop files here, or choose them");
        assert_eq!(chosen_in_words(std::slice::from_ref(&file)), "1 file chosen, 600 B");
        assert_eq!(chosen_in_words(&vec![file; 5]), "5 files chosen, 2.9 KiB");
    }
}
