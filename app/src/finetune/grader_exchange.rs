//! Graders of other tools, in and out.

use anneal_server::api::{export_grader, import_grader};
use anneal_server::types::error::AppError;
use anneal_server::types::grader::ExportedGrader;
use leptos::prelude::*;

use super::file_or_paste::FileOrPaste;
use super::grader_draft::GraderDraft;
use super::steps::parts::{ErrorNote, Task, field};
use crate::ui::{Button, ButtonVariant, CopyText, Dialog, visible};

/// Opens the dialog that reads OpenAI's JSON or promptfoo's assertions.
#[component]
pub fn ImportButton(draft: GraderDraft) -> impl IntoView {
    let (is_open, text) = (RwSignal::new(false), RwSignal::new(String::new()));
    let notes = RwSignal::new(Vec::<String>::new());
    let task = Task::new();
    let import = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if text.with_untracked(|text| text.trim().is_empty()) {
            task.fail(Some(AppError::invalid("There is no grader yet: paste it or choose a file.")));
            return;
        }
        task.start(import_grader(text.get_untracked()), move |imported| {
            draft.load(&imported.config);
            notes.set(imported.notes);
            if notes.with_untracked(Vec::is_empty) {
                is_open.set(false);
            }
        });
    };
    let open = move |_| {
        notes.set(Vec::new());
        task.fail(None);
        is_open.set(true);
    };
    view! {
        <Button small=true on:click=open>"Import…"</Button>
        <Dialog open=is_open on_close=move |()| is_open.set(false) title="Import a grader">
            <form class="form" on:submit=import>
                <p class="muted small">
                    "OpenAI's grader JSON (string_check, text_similarity, score_model, python, multi), or promptfoo's assertions (YAML or JSON). It replaces what is in the editor; nothing is saved before you save it."
                </p>
                <FileOrPaste label="File" accept=".json,.yaml,.yml" text on_error=Callback::new(move |error| task.fail(Some(error))) />
                <ErrorNote error=task.error() />
                <Notes notes=notes.into() before="It is in the editor now, but:" />
                <div class="dialog__actions">
                    <Button on:click=move |_| is_open.set(false)>"Close"</Button>
                    <Button kind="submit" variant=ButtonVariant::Primary busy=Signal::derive(move || task.busy())>"Import into the editor"</Button>
                </div>
            </form>
        </Dialog>
    }
}

/// Opens the dialog with the grader in the editor as OpenAI's JSON.
#[component]
pub fn ExportButton(draft: GraderDraft) -> impl IntoView {
    let name = field(|o| o.dataset.name.clone());
    let task = Task::new();
    let written = RwSignal::new(None::<ExportedGrader>);
    let is_open = RwSignal::new(false);
    let open = move |_| {
        written.set(None);
        task.fail(None);
        is_open.set(true);
        match draft.config().get_untracked() {
            Ok(config) => {
                task.start(export_grader(config, name.get_untracked()), move |exported| written.set(Some(exported)));
            }
            Err(error) => task.fail(Some(error)),
        }
    };
    let notes = Signal::derive(move || {
        written.with(|written| written.as_ref().map(|written| written.notes.clone()).unwrap_or_default())
    });
    let json = move || written.with(|written| written.as_ref().map(|written| written.json.clone()));
    view! {
        <Button small=true on:click=open>"Export…"</Button>
        <Dialog open=is_open on_close=move |()| is_open.set(false) title="The grader as OpenAI's JSON">
            <div class="form">
                <ErrorNote error=task.error() />
                <Notes notes before="Mind:" />
                <Show when=move || written.with(Option::is_some)>
                    <CopyText text=Signal::derive(move || json().unwrap_or_default()) label="The grader's JSON" rows=16 />
                </Show>
                <div class="dialog__actions">
                    <Button on:click=move |_| is_open.set(false)>"Close"</Button>
                    {move || json().map(|json| {
                        let href = format!("data:application/json;charset=utf-8,{}", js_sys::encode_uri_component(&json));
                        view! { <a class=ButtonVariant::Primary.class() download="grader.json" href=href>"Download grader.json"</a> }
                    })}
                </div>
            </div>
        </Dialog>
    }
}

#[component]
fn Notes(notes: Signal<Vec<String>>, before: &'static str) -> impl IntoView {
    move || {
        let notes = notes.get();
        (!notes.is_empty()).then(|| {
            view! {
                <div class="note note--attention" role="status">
                    <p>{before}</p>
                    <ul>{notes.into_iter().map(|note| view! { <li>{visible(&note).into_owned()}</li> }).collect_view()}</ul>
                </div>
            }
        })
    }
}
