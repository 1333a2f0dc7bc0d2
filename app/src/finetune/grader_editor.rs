//! The grader's editor: its kind, where to start from, its fields, save and discard.

use anneal_server::api::save_grader;
use anneal_server::types::endpoint::ModelSettings;
use anneal_server::types::error::AppError;
use anneal_server::types::grader::presets::GraderPreset;
use leptos::prelude::*;

use super::grader_draft::GraderDraft;
use super::grader_exchange::{ExportButton, ImportButton};
use super::grader_leaf_draft::LeafKind;
use super::grader_leaf_editor::LeafEditor;
use super::grader_parts::GraderParts;
use super::model_fields::model_settings;
use super::steps::parts::{ErrorNote, Task};
use crate::contexts::use_finetune_process;
use crate::ui::{Button, ButtonVariant, ConfirmDialog, Question, Select, UnsavedSign, memo};

/// What the editors of a grader share.
#[derive(Clone, Copy)]
pub struct Editing {
    /// What is written.
    pub draft: GraderDraft,
    /// Why it was not saved, or cannot be read.
    pub error: Signal<Option<AppError>>,
    /// Endpoints and default models; `None` until they are known.
    pub models: RwSignal<Option<ModelSettings>>,
}

impl Editing {
    /// The message of an error at this field of the open grader.
    pub fn error_at(self, field: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || {
            let wanted = format!("{}{field}", self.draft.open_prefix());
            match self.error.get() {
                Some(AppError::Invalid { field: Some(at), message }) if at == wanted => Some(message),
                _ => None,
            }
        })
    }
}

/// The whole editor.
#[component]
pub fn GraderEditor(draft: GraderDraft) -> impl IntoView {
    let task = Task::new();
    // What cannot be read is told at once, what the server refuses when it is asked.
    let unreadable = memo(move || draft.config().with(|config| config.as_ref().err().cloned()));
    let error = Signal::derive(move || unreadable.get().or_else(|| task.error().get()));
    let editing = Editing { draft, error, models: model_settings() };
    view! {
        <DraftNotes draft />
        <Start draft />
        <Show when=move || draft.is_multi.get()>
            <GraderParts editing />
        </Show>
        <LeafEditor editing />
        <ErrorNote error />
        <DraftButtons draft task />
    }
}

/// Kind, presets, import and export.
#[component]
fn Start(draft: GraderDraft) -> impl IntoView {
    let asked = RwSignal::new(None::<Question<String>>);
    let kind =
        memo(
            move || if draft.is_multi.get() { "multi".to_owned() } else { draft.single.kind.get().as_str().to_owned() },
        );
    let kinds = || {
        let one = |kind: LeafKind| (kind.as_str().to_owned(), kind.label().to_owned());
        let several = ("multi".to_owned(), "Combine several".to_owned());
        let [judge, script, others @ ..] = LeafKind::ALL;
        [one(judge), one(script), several].into_iter().chain(others.map(one)).collect::<Vec<_>>()
    };
    let choose_kind = move |word: String| match LeafKind::ALL.into_iter().find(|kind| kind.as_str() == word) {
        Some(kind) => {
            draft.combine(false);
            draft.single.kind.set(kind);
        }
        None => draft.combine(true),
    };
    let presets = || {
        let none = (String::new(), "Start from a preset…".to_owned());
        let preset = |preset: GraderPreset| (preset.as_str().to_owned(), preset.label().to_owned());
        std::iter::once(none).chain(GraderPreset::ALL.map(preset)).collect::<Vec<_>>()
    };
    let load = Callback::new(move |word: String| {
        if let Some(preset) = GraderPreset::ALL.into_iter().find(|preset| preset.as_str() == word) {
            draft.load(&preset.config());
        }
    });
    let choose_preset = move |word: String| {
        if word.is_empty() {
            return;
        }
        if !untrack(move || draft.is_dirty()) {
            load.run(word);
            return;
        }
        asked.set(Some(Question {
            title: "Replace what is in the editor?".to_owned(),
            message: "The changes that are not saved are lost.".to_owned(),
            confirm: "Load the preset",
            keep: "Keep editing",
            subject: word,
        }));
    };
    view! {
        <div class="grader-start">
            <Select label="Kind of grader" options=Signal::derive(kinds) chosen=kind on_choose=choose_kind />
            <Select label="Start from a preset" options=Signal::derive(presets) chosen=Signal::derive(String::new) on_choose=choose_preset />
            <ImportButton draft />
            <ExportButton draft />
        </div>
        <ConfirmDialog asked on_confirm=load />
    }
}

/// What the text is where it is not simply the newest saved version.
#[component]
fn DraftNotes(draft: GraderDraft) -> impl IntoView {
    let newer = memo(move || draft.newer_version());
    let saved_elsewhere = move |version: i64| {
        view! {
            <p class="note note--attention" role="status">
                {format!("Version {version} was saved elsewhere meanwhile. Saving makes yours the newest; discarding loads it.")}
            </p>
        }
    };
    view! {
        <Show when=move || draft.saved_version().is_none()>
            <p class="muted small">
                "Nothing is saved yet. This is a starter: it shows what a grader can look at. Change it to say what a good answer is for you, or start from a preset; test it, then save it."
            </p>
        </Show>
        {move || newer.get().map(saved_elsewhere)}
    }
}

/// Save and discard; `task` is the save.
#[component]
fn DraftButtons(draft: GraderDraft, task: Task) -> impl IntoView {
    let process = use_finetune_process();
    let nothing_to_save = Signal::derive(move || !draft.is_dirty() && draft.saved_version().is_some());
    let save = move |_| match draft.config().get_untracked() {
        Ok(config) => task.start(save_grader(process.dataset_id(), config), move |version| {
            draft.adopt(Some((version.version, version.config)));
            process.refresh();
        }),
        // It is shown already.
        Err(_) => task.fail(None),
    };
    let discard = move |_| {
        task.fail(None);
        draft.discard();
    };
    view! {
        <div class="row">
            <Button
                variant=ButtonVariant::Primary
                on:click=save
                busy=Signal::derive(move || task.busy())
                disabled=nothing_to_save
            >
                "Save grader"
            </Button>
            <Show when=move || draft.is_dirty()>
                <Button on:click=discard>"Discard changes"</Button>
                <UnsavedSign />
            </Show>
        </div>
    }
}
