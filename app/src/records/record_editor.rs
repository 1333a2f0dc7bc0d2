//! A record as JSON to change. The server parses and validates; what it says is shown here: a text that
//! breaks a rule is asked about, an edit made elsewhere meanwhile is shown, and a save can be undone.

use anneal_server::api::{get_record, update_record};
use anneal_server::types::TimestampMs;
use anneal_server::types::dataset::{DatasetRecord, RecordEdit};
use anneal_server::types::error::AppError;
use leptos::prelude::*;

use super::conversation::{LongText, pretty};
use super::record_table::StatusWords;
use super::records_overlay::RecordsState;
use crate::finetune::steps::parts::{ErrorNote, Task};
use crate::ui::{
    Button, ButtonVariant, CodeEditor, CodeLanguage, CodePlace, ConfirmDialog, Disclosure, Problem, Question, memo,
};

/// What the open record's pane knows of its editing; lives as long as the pane, so that a save can be
/// undone after the editor was left.
#[derive(Clone, Copy)]
pub struct Editing {
    /// The record the editor was opened with, apart from the pane's resource: a refresh must not take away
    /// what is typed. `None`: it is being read.
    pub record: RwSignal<Option<DatasetRecord>>,
    /// What the last save can be undone to; written by the editor's save and by the undo.
    former: RwSignal<Option<Former>>,
    /// What an undo brought back; written by the undo, taken over by the editor if one is open.
    restored: RwSignal<Option<DatasetRecord>>,
}

/// The text before a save.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Former {
    text: String,
    /// `updated_at` of what was saved: undoing overwrites that and nothing later.
    saved_at: TimestampMs,
}

impl Editing {
    /// Nothing is edited, nothing was saved.
    pub fn new() -> Self {
        Self { record: RwSignal::new(None), former: RwSignal::new(None), restored: RwSignal::new(None) }
    }
}

/// How a save went, other than by an error.
enum Answer {
    Saved(DatasetRecord),
    /// Nothing was saved: this is what the record has become elsewhere.
    ChangedElsewhere(DatasetRecord),
}

/// One editor's signals; `Copy`, for its handlers.
#[derive(Clone, Copy)]
struct Editor {
    state: RecordsState,
    editing: Editing,
    id: i64,
    task: Task,
    /// What is typed.
    text: RwSignal<String>,
    /// What it started from, or what was saved last.
    base: RwSignal<String>,
    /// `updated_at` of the record that `base` is of.
    opened_at: RwSignal<TimestampMs>,
    /// What the server made of the last save.
    saved: RwSignal<Option<DatasetRecord>>,
    /// What somebody else made of the record meanwhile.
    theirs: RwSignal<Option<DatasetRecord>>,
    /// The question before a usable record becomes an invalid one.
    question: RwSignal<Option<Question<()>>>,
}

impl Editor {
    fn new(state: RecordsState, editing: Editing, record: &DatasetRecord) -> Self {
        let text = starting_text(record);
        Self {
            state,
            editing,
            id: record.id,
            task: Task::new(),
            text: RwSignal::new(text.clone()),
            base: RwSignal::new(text),
            opened_at: RwSignal::new(record.updated_at),
            saved: RwSignal::new(None),
            theirs: RwSignal::new(None),
            question: RwSignal::new(None),
        }
    }

    fn save(self, allow_invalid: bool) {
        let sent = self.text.get_untracked();
        let edit = RecordEdit { data: sent.clone(), opened_at: self.opened_at.get_untracked(), allow_invalid };
        self.task.start_or(
            save_or_see(self.state.process.dataset_id(), self.id, edit),
            move |answer| match answer {
                Answer::Saved(record) => self.saved(sent, record),
                Answer::ChangedElsewhere(record) => self.theirs.set(Some(record)),
            },
            move |error| match error {
                AppError::Invalid { field: Some(field), message } if field == RecordEdit::ALLOW_INVALID => {
                    self.question.set(Some(Question {
                        title: "This makes the record invalid".to_owned(),
                        message,
                        confirm: "Save all the same",
                        keep: "Go on editing",
                        subject: (),
                    }));
                }
                error => self.task.fail(Some(error)),
            },
        );
    }

    fn saved(self, sent: String, record: DatasetRecord) {
        let former = self.base.get_untracked();
        // A line that was no JSON cannot come back through the same door.
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&former).is_ok();
        self.editing.former.set(is_json.then_some(Former { text: former, saved_at: record.updated_at }));
        self.base.set(sent);
        self.opened_at.set(record.updated_at);
        self.theirs.set(None);
        self.saved.set(Some(record));
        self.state.reload();
    }

    /// Goes on from this version of the record, whatever was typed.
    fn start_from(self, record: &DatasetRecord) {
        let text = starting_text(record);
        self.base.set(text.clone());
        self.text.set(text);
        self.opened_at.set(record.updated_at);
        self.saved.set(None);
        self.theirs.set(None);
    }

    fn take_theirs(self) {
        if let Some(theirs) = self.theirs.get_untracked() {
            self.start_from(&theirs);
        }
    }

    fn keep_mine(self) {
        if let Some(theirs) = self.theirs.get_untracked() {
            self.base.set(starting_text(&theirs));
            self.opened_at.set(theirs.updated_at);
            self.theirs.set(None);
            self.save(false);
        }
    }
}

/// Saves; where the record was changed meanwhile, fetches what it is now.
async fn save_or_see(dataset_id: String, id: i64, edit: RecordEdit) -> Result<Answer, AppError> {
    let opened_at = edit.opened_at;
    match update_record(dataset_id.clone(), id, edit).await {
        Ok(record) => Ok(Answer::Saved(record)),
        Err(conflict @ AppError::Conflict { .. }) => {
            let now = get_record(dataset_id, id).await?;
            // Another conflict: a validation of all records is going on.
            if now.updated_at == opened_at { Err(conflict) } else { Ok(Answer::ChangedElsewhere(now)) }
        }
        Err(error) => Err(error),
    }
}

/// The editor of one record; keeps what is typed until it is saved or given up.
#[component]
pub fn RecordEditor(state: RecordsState, editing: Editing, record: DatasetRecord) -> impl IntoView {
    let editor = Editor::new(state, editing, &record);
    let error = editor.task.error();
    let dirty = memo(move || editor.text.with(|text| editor.base.with(|base| text != base)));
    Effect::new(move |_| state.unsaved.set(dirty.get()));
    Effect::new(move |_| {
        if let Some(record) = editing.restored.get() {
            editor.start_from(&record);
            editing.restored.set(None);
        }
    });
    let message = Signal::derive(move || error.get().map(|error| error.to_string()));
    let problems =
        Signal::derive(move || message.get().as_deref().and_then(Problem::named_in).into_iter().collect::<Vec<_>>());
    let is_raw = record.raw.is_some();
    let leave = move |_| {
        state.unsaved.set(false);
        editing.record.set(None);
    };
    view! {
        <Show when=move || is_raw && editor.saved.with(Option::is_none)>
            <p class="note">
                "This line could not be read as JSON, so here it is as it came. Make it one JSON object with an “input”."
            </p>
        </Show>
        <CodeEditor
            id="record-json"
            value=editor.text
            label=format!("Record {} as JSON", record.id)
            language=CodeLanguage::Json
            problems
            rows=22
        />
        <ErrorNote error />
        <CodePlace text=editor.text error=message />
        <ChangedElsewhere editor />
        <SavedNote editor dirty />
        <div class="row">
            <Button
                variant=ButtonVariant::Primary
                busy=Signal::derive(move || editor.task.busy())
                disabled=Signal::derive(move || !dirty.get() || editor.theirs.with(Option::is_some))
                on:click=move |_| editor.save(false)
            >
                "Save record"
            </Button>
            <Button on:click=leave>{move || if dirty.get() { "Discard changes" } else { "Back to reading" }}</Button>
        </div>
        <ConfirmDialog asked=editor.question on_confirm=move |()| editor.save(true) />
    }
}

/// Both choices where somebody else saved first.
#[component]
fn ChangedElsewhere(editor: Editor) -> impl IntoView {
    view! {
        {move || {
            editor
                .theirs
                .get()
                .map(|theirs| {
                    view! {
                        <div class="note note--attention stack" role="alert">
                            <p>
                                <strong>"This record was changed elsewhere after you opened it. "</strong>
                                "Nothing was saved, and your text is still here."
                            </p>
                            <Disclosure summary="What it is now">
                                <LongText text=starting_text(&theirs) code=true />
                            </Disclosure>
                            <div class="row">
                                <Button small=true on:click=move |_| editor.take_theirs()>"Load their version"</Button>
                                <Button small=true on:click=move |_| editor.keep_mine()>"Keep my text and save it"</Button>
                            </div>
                        </div>
                    }
                })
        }}
    }
}

#[component]
fn SavedNote(editor: Editor, dirty: Memo<bool>) -> impl IntoView {
    let saved = move || editor.saved.get().filter(|_| !dirty.get());
    view! {
        <div role="status">
            {move || {
                saved()
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
    }
}

/// The way back after a save, in the editor and after it was left.
#[component]
pub fn UndoSave(state: RecordsState, editing: Editing, id: i64) -> impl IntoView {
    let task = Task::new();
    let shown = move || editing.former.with(Option::is_some) && !state.unsaved.get();
    let undo = move |_| {
        let Some(former) = editing.former.get_untracked() else { return };
        let edit = RecordEdit { data: former.text, opened_at: former.saved_at, allow_invalid: true };
        task.start(update_record(state.process.dataset_id(), id, edit), move |record| {
            editing.former.set(None);
            if editing.record.with_untracked(Option::is_some) {
                editing.restored.set(Some(record));
            }
            state.process.toaster().success("Undone: the former text is back.");
            state.reload();
        });
    };
    view! {
        <Show when=shown>
            <p class="note record-undo">
                <span>"Your change of this record is saved."</span>
                <Button small=true busy=Signal::derive(move || task.busy()) on:click=undo>
                    "Undo"
                </Button>
            </p>
        </Show>
        <ErrorNote error=task.error() />
    }
}

/// The data as indented JSON; the raw line where it did not parse.
fn starting_text(record: &DatasetRecord) -> String {
    record.raw.clone().unwrap_or_else(|| pretty(&record.data))
}
