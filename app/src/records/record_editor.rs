//! A record as JSON to change. The server parses and validates; what it says is shown here.

use anneal_server::api::update_record;
use anneal_server::types::dataset::DatasetRecord;
use leptos::prelude::*;

use super::conversation::pretty;
use super::record_table::StatusWords;
use super::records_overlay::RecordsState;
use crate::finetune::script_grader_editor::{line_in, warn_before_unload};
use crate::finetune::steps::parts::{ErrorNote, Task};
use crate::ui::{Button, ButtonVariant, CodeEditor};

/// The editor of one record; keeps what is typed until it is saved or given up.
#[component]
pub fn RecordEditor(state: RecordsState, record: DatasetRecord, close: Callback<()>) -> impl IntoView {
    let id = record.id;
    let task = Task::new();
    let error = task.error();
    let text = RwSignal::new(starting_text(&record));
    let base = RwSignal::new(text.get_untracked());
    let saved = RwSignal::new(None::<DatasetRecord>);
    let dirty = Memo::new(move |_| text.with(|text| base.with(|base| text != base)));
    Effect::new(move |_| state.unsaved.set(dirty.get()));
    warn_before_unload(move || state.unsaved.try_get_untracked().unwrap_or(false));
    let error_line = Signal::derive(move || error.get().and_then(|error| line_in(&error.to_string())));
    let save = move |_| {
        let sent = text.get_untracked();
        task.start(update_record(state.process.dataset_id(), id, sent.clone()), move |record| {
            base.set(sent);
            saved.set(Some(record));
            state.reload();
        });
    };
    let is_raw = record.raw.is_some();
    let raw_note = move || {
        (is_raw && saved.with(Option::is_none)).then(|| {
            view! {
                <p class="note">
                    "This line could not be read as JSON, so here it is as it came. Make it one JSON object with an “input”."
                </p>
            }
        })
    };
    view! {
        {raw_note}
        <CodeEditor id="record-json" value=text label=format!("Record {id} as JSON") error_line rows=22 />
        <ErrorNote error />
        <div role="status">
            {move || {
                saved
                    .get()
                    .filter(|_| !dirty.get())
                    .map(|record| {
                        view! {
                            <p class="record-status">
                                "Saved. Now it is "
                                <StatusWords validation=record.validation />
                            </p>
                        }
                    })
            }}
        </div>
        <div class="row">
            <Button
                variant=ButtonVariant::Primary
                busy=Signal::derive(move || task.busy())
                disabled=Signal::derive(move || !dirty.get())
                on:click=save
            >
                "Save record"
            </Button>
            <Button on:click=move |_| {
                state.unsaved.set(false);
                close.run(());
            }>{move || if dirty.get() { "Discard changes" } else { "Back to reading" }}</Button>
        </div>
    }
}

/// The data as indented JSON; the raw line where it did not parse.
fn starting_text(record: &DatasetRecord) -> String {
    record.raw.clone().unwrap_or_else(|| pretty(&record.data))
}
