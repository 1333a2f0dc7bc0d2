//! The form that brings data in: a plain multipart form to `/upload`; with JavaScript it shows how far
//! the upload is and stays on the page.

use anneal_server::format;
use anneal_server::types::error::AppError;
use anneal_server::types::import::ImportMode;
use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::upload::{Upload, UploadAnswer, UploadState};
use super::upload_fields::{Chosen, FileField, NewDatasetFields, PastedText, TargetFields};
use crate::ui::{Button, ButtonVariant, ErrorView, Progress};

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
                <PastedText text/>
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
}
