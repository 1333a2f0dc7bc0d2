//! The reading pane: one record whole, its validation reasons first, and its editor.

use anneal_server::api::get_record;
use anneal_server::types::dataset::DatasetRecord;
use anneal_server::types::error::AppError;
use anneal_server::types::passport::RecordPassport;
use leptos::html;
use leptos::prelude::*;

use super::conversation::Conversation;
use super::model_calls::ModelCalls;
use super::passport::{Passport, load_passport};
use super::record_editor::{Editing, RecordEditor, UndoSave};
use super::record_table::{StatusWords, focus_row};
use super::records_overlay::{Leaving, RecordsState, UNSAVED};
use crate::contexts::PageQuery;
use crate::finetune::delete_dataset::DeletedNote;
use crate::finetune::steps::parts::field;
use crate::ui::{Button, ButtonVariant, ConfirmDialog, ErrorView, LeaveGuard, UnsavedSign, load, visible};

/// Shown while the URL names a record.
#[component]
pub fn RecordPane(state: RecordsState) -> impl IntoView {
    // Nothing is lost where the same record stays open.
    let keeps = Callback::new(|(from, to): (String, String)| {
        let parts = |address: &str| {
            let (path, search) = address.split_once('?').unwrap_or((address, ""));
            let query = PageQuery::parse(search.split('#').next().unwrap_or_default());
            (path.to_owned(), query.records.is_some(), query.record)
        };
        parts(&from) == parts(&to)
    });
    Effect::new(move |before: Option<Option<i64>>| {
        let now = state.record.get();
        if let (Some(Some(id)), None) = (before, now) {
            // In the next frame the list is shown again where it had made room for the pane.
            request_animation_frame(move || focus_row(id));
        }
        now
    });
    view! {
        {move || state.record.get().map(|id| view! { <OpenRecord state id /> })}
        <ConfirmDialog asked=state.leaving on_confirm=move |to| state.go(to) />
        <LeaveGuard unsaved=state.unsaved keeps message=UNSAVED on_leave=Callback::new(move |()| state.unsaved.set(false)) />
    }
}

#[component]
fn OpenRecord(state: RecordsState, id: i64) -> impl IntoView {
    let pane = NodeRef::<html::Section>::new();
    let revision = field(|o| o.dataset.records_revision);
    let record = load(move || (id, revision.get()), move |(id, _)| get_record(state.process.dataset_id(), id));
    let passport = load_passport(state, id);
    let editing = Editing::new();
    Effect::new(move |_| {
        if let Some(pane) = pane.get() {
            let _ = pane.focus();
        }
    });
    on_cleanup(move || {
        state.unsaved.try_set(false);
    });
    view! {
        <section class="records__pane" aria-label=format!("Record {id}") tabindex="-1" node_ref=pane>
            <header class="records__pane-head">
                <h3>{format!("Record {id}")}</h3>
                <Show when=move || state.unsaved.get()><UnsavedSign /></Show>
                <Button small=true variant=ButtonVariant::Ghost on:click=move |_| state.leave(Leaving::Record(None))>
                    "Close record"
                </Button>
            </header>
            // Here too: the page below is out of reach.
            <DeletedNote />
            <UndoSave state editing id />
            {move || match editing.record.get() {
                Some(record) => view! { <RecordEditor state editing record /> }.into_any(),
                None => {
                    view! {
                        <Transition fallback=|| view! { <p class="muted" role="status">"Loading the record…"</p> }>
                            {move || Suspend::new(async move {
                                let (read, passport) = (record.await, passport.await);
                                match read {
                                    Err(error) => {
                                        view! { <ErrorView error retry=Callback::new(move |()| record.refetch()) /> }.into_any()
                                    }
                                    Ok(record) => view! { <ReadRecord state record passport editing=editing.record /> }.into_any(),
                                }
                            })}
                        </Transition>
                    }
                        .into_any()
                }
            }}
        </section>
    }
}

#[component]
fn ReadRecord(
    state: RecordsState,
    record: DatasetRecord,
    passport: Result<RecordPassport, AppError>,
    editing: RwSignal<Option<DatasetRecord>>,
) -> impl IntoView {
    let (record_id, validation) = (record.id, record.validation.clone());
    let to_edit = StoredValue::new(record.clone());
    view! {
        <div class="record-status">
            <StatusWords validation />
        </div>
        <Passport state passport />
        <RecordFacts record=record.clone() />
        <div class="row">
            <Button small=true on:click=move |_| editing.set(Some(to_edit.get_value()))>
                "Edit JSON"
            </Button>
        </div>
        <Conversation record />
        <ModelCalls record_id />
    }
}

/// What the record brought along beside its conversation; the rest is in its passport.
#[component]
fn RecordFacts(record: DatasetRecord) -> impl IntoView {
    let metadata = (!record.metadata.is_empty()).then(|| compact(&record.metadata));
    let item = (!record.item.is_empty()).then(|| compact(&record.item));
    let row = |name: &'static str, value: Option<String>| {
        value.map(|value| {
            view! {
                <div>
                    <dt>{name}</dt>
                    <dd dir="auto">{visible(&value).into_owned()}</dd>
                </div>
            }
        })
    };
    view! {
        <dl class="facts">
            {row("Span", record.span_id)} {row("Metadata", metadata)} {row("Other fields", item)}
        </dl>
    }
}

fn compact(map: &serde_json::Map<String, serde_json::Value>) -> String {
    serde_json::Value::Object(map.clone()).to_string()
}
