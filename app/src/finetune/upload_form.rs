//! The form that brings data in: a plain multipart form to `/upload`, which imports at once; with JavaScript it shows how
//! far the upload is, then what is in it, and imports when that was seen.

use anneal_server::format;
use anneal_server::types::error::AppError;
use anneal_server::types::import::{ImportMode, MAX_FILES};
use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::import_flow::ImportFlow;
use super::import_preview::ImportPreviewDialog;
use super::upload::{UploadAnswer, UploadState};
use super::upload_fields::{Chosen, FileField, NEW_FIELDS, NewDatasetFields, PastedText, TargetFields};
use crate::ui::{Button, ButtonVariant, ErrorView, LeaveGuard, Progress, error_at, memo, refused_form, visible};

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

/// Files or pasted text, and for a new dataset its name and objective.
#[component]
pub fn UploadForm(
    /// Where it goes.
    target: UploadTarget,
    /// The server has the data and reads it.
    #[prop(into)]
    on_done: Callback<UploadAnswer>,
) -> impl IntoView {
    let flow = ImportFlow::new(match &target {
        UploadTarget::New => None,
        UploadTarget::Into { dataset_id, .. } => Some(dataset_id.clone()),
    });
    let chosen = RwSignal::new(Vec::<Chosen>::new());
    // Without JavaScript: the page comes back from the server.
    let refused = refused_form("/upload");
    let refusal = refused.as_ref().map(|refused| refused.error.clone());
    let at_end = refusal.filter(|error| !is_new_field(error));
    let is_sending = memo(move || {
        let looks = matches!(flow.looking().get(), UploadState::Sending(_));
        let imports = matches!(flow.importing().get(), UploadState::Sending(_) | UploadState::Done(_));
        !flow.is_shown.get() && (looks || imports)
    });
    Effect::new(move || flow.follow());
    Effect::new(move || {
        if let UploadState::Done(answer) = flow.importing().get() {
            flow.is_shown.set(false);
            on_done.run(answer);
        }
    });
    on_cleanup(move || flow.leave());
    // The dialog cannot give the focus back: the button that opened it was busy then.
    Effect::new(move |was_shown: Option<bool>| {
        let is_shown = flow.is_shown.get();
        if was_shown == Some(true) && !is_shown {
            request_animation_frame(move || focus_submit(flow.form));
        }
        is_shown
    });
    let unsaved = Signal::derive(move || {
        let is_done = matches!(flow.importing().get(), UploadState::Done(_));
        !is_done && (chosen.with(|files| !files.is_empty()) || flow.text.with(|text| !text.trim().is_empty()))
    });
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        match check(&chosen.read_untracked(), &flow.text.read_untracked()) {
            Ok(()) => flow.begin(),
            Err(error) => flow.fail(error),
        }
    };
    let replaces = matches!(target, UploadTarget::Into { mode: ImportMode::Replace, .. });
    let is_new = target == UploadTarget::New;
    view! {
        <form
            class="upload-form"
            class:upload-form--new=is_new
            method="post"
            action="/upload"
            enctype="multipart/form-data"
            node_ref=flow.form
            on:submit=on_submit
        >
            <TargetFields target=target.clone()/>
            <fieldset class="upload-form__source" disabled=is_sending>
                <legend class="visually-hidden">"Source"</legend>
                <FileField file_input=flow.files chosen/>
                <PastedText text=flow.text/>
            </fieldset>
            {is_new.then(|| view! { <NewDatasetFields chosen is_sending refused/> })}
            <div class="upload-form__end">
                {confirmation(&target)}
                <SendState flow refused=at_end/>
                <div class="upload-form__actions">
                    {move || is_sending.get().then(|| view! { <Button on:click=move |_| flow.back()>"Cancel"</Button> })}
                    <Button kind="submit" variant=submit_variant(&target) busy=is_sending>{submit_words(&target)}</Button>
                </div>
            </div>
        </form>
        <ImportPreviewDialog flow replaces/>
        <LeaveGuard unsaved keeps=Callback::new(|(from, to)| from == to) message=UNSAVED on_leave=Callback::new(move |()| flow.text.set(String::new()))/>
    }
}

#[component]
fn SendState(
    flow: ImportFlow,
    /// Why the form came back, until it is sent anew.
    refused: Option<AppError>,
) -> impl IntoView {
    // What is going on once the preview is open is said there.
    let percent = memo(move || match flow.looking().get() {
        UploadState::Sending(percent) if !flow.is_shown.get() => Some(percent),
        _ => None,
    });
    let imports = memo(move || !flow.is_shown.get() && matches!(flow.importing().get(), UploadState::Sending(_)));
    let bar = Signal::derive(move || percent.get().flatten());
    let words = move || {
        let wanted = flow.wanted().get();
        let which = match wanted {
            0 | 1 => String::new(),
            _ => format!(" {} of {wanted}", flow.seen().with(Vec::len) + 1),
        };
        match bar.get() {
            Some(percent) if percent >= 100.0 => format!("The server is looking at it{which}…"),
            _ => format!("Sending{which}…"),
        }
    };
    let is_sending = memo(move || percent.get().is_some());
    let error = memo(move || match flow.looking().get() {
        UploadState::Failed(error) if !flow.is_shown.get() => Some(error),
        UploadState::Idle => refused.clone(),
        _ => None,
    });
    // Of several files it must be said which one is refused.
    let which = move || flow.looked_at().get().map(|name| format!("{}: ", visible(&name)));
    view! {
        <div class="upload-form__state" aria-live="polite">
            {move || imports.get().then(|| view! { <Progress percent=Signal::stored(None) label="The import is starting…"/> })}
            {move || is_sending.get().then(|| view! { <Progress percent=bar label=Signal::derive(words)/> })}
            {move || error.get().map(|error| view! { <p class="upload-form__which">{which()}</p> <ErrorView error/> })}
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

/// Whether an error is shown at a field of its own, and not at the form's end.
fn is_new_field(error: &AppError) -> bool {
    NEW_FIELDS.iter().any(|field| error_at(Some(error), field).is_some())
}

fn focus_submit(form: NodeRef<html::Form>) {
    // The form may be gone by then: the import has begun.
    let form = form.try_get_untracked().flatten();
    let button = form.and_then(|form| form.query_selector("button[type=submit]").ok().flatten());
    if let Some(button) = button.and_then(|button| button.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = button.focus();
    }
}

const UNSAVED: &str = "What you chose or pasted was not imported yet.";

/// What can be said before sending.
fn check(files: &[Chosen], text: &str) -> Result<(), AppError> {
    if files.len() > MAX_FILES {
        return Err(AppError::invalid(format!(
            "{} files are chosen, and at most {MAX_FILES} can be imported in one go. Choose fewer, and import the others afterwards.",
            files.len()
        )));
    }
    let empty = files.iter().find(|file| file.bytes == 0);
    match (files.is_empty(), text.trim().is_empty()) {
        (true, true) => Err(AppError::invalid("There is nothing to import yet. Choose a file, or paste some records.")),
        (false, false) => Err(AppError::invalid(
            "There are both a file and pasted text, and only one can be imported at a time. Remove one of them.",
        )),
        _ => empty.map_or(Ok(()), |file| {
            Err(AppError::invalid(format!(
                "“{}” is empty (0 bytes), so there is nothing to import. Choose another file.",
                file.name
            )))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_with_nothing_or_too_much_is_not_sent() {
        let file = |bytes| Chosen { name: "a.jsonl".to_owned(), bytes };
        assert!(check(&[], "  \n").is_err());
        assert!(check(&[file(5), file(0)], "").is_err());
        assert!(check(&[file(5)], "{}").is_err());
        assert_eq!(check(&[file(5), file(6)], " "), Ok(()));
        assert_eq!(check(&vec![file(5); 100], ""), Ok(()));
        assert!(check(&vec![file(5); 101], "").unwrap_err().to_string().contains("101 files are chosen"));
        assert_eq!(check(&[], "{}"), Ok(()));
    }
}
