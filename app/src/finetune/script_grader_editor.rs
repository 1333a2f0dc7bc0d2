//! The script grader: what is being written, and its editor.

use anneal_server::api::save_grader;
use anneal_server::types::grader::{GraderConfig, GraderVersion, STARTER_SCRIPT};
use leptos::prelude::*;

use super::grader_names::script_completions;
use super::steps::parts::{ErrorNote, Task, field};
use crate::contexts::use_finetune_process;
use crate::ui::{Button, ButtonVariant, CodeEditor, CodeLanguage, CodePlace, LeaveGuard, Problem, UnsavedSign, memo};

/// What is being written, and which saved script it started from.
#[derive(Clone, Copy)]
pub struct GraderDraft {
    /// The text in the editor.
    pub script: RwSignal<String>,
    /// The saved script the text started from; `None` while nothing is saved.
    base: RwSignal<Option<(i64, String)>>,
    /// The newest saved version and its script.
    saved: Memo<Option<(i64, String)>>,
}

/// Keeps what is being written while another step is looked at; called once where the dataset's route
/// provides its process.
pub fn provide_grader_draft() {
    provide_context(GraderDraft::new());
}

impl GraderDraft {
    /// The one the route keeps.
    pub fn of_route() -> Self {
        use_context::<Self>().unwrap_or_else(Self::new)
    }

    /// Starts from the saved script, or from the starter.
    pub fn new() -> Self {
        let saved = field(|o| o.grader.as_ref().map(|grader| (grader.version, script_of(grader))));
        let first = saved.get_untracked();
        let script =
            RwSignal::new(first.as_ref().map_or_else(|| STARTER_SCRIPT.to_owned(), |(_, script)| script.clone()));
        let draft = Self { script, base: RwSignal::new(first), saved };
        // A version saved elsewhere is taken over only where nothing was typed: an edit is never overwritten.
        Effect::new(move |_| {
            let newest = saved.get();
            if newest != draft.base.get_untracked() && !draft.is_dirty_untracked() {
                draft.adopt(newest);
            }
        });
        draft
    }

    /// Whether the text differs from the saved script it started from.
    pub fn is_dirty(self) -> bool {
        self.script.with(|script| self.base.with(|base| differs(script, base.as_ref())))
    }

    fn is_dirty_untracked(self) -> bool {
        self.script.with_untracked(|script| self.base.with_untracked(|base| differs(script, base.as_ref())))
    }

    /// The config to test: `None` where the text is the newest saved script.
    pub fn to_test(self) -> Option<GraderConfig> {
        let script = self.script.get_untracked();
        let is_saved = self.saved.with_untracked(|saved| saved.as_ref().is_some_and(|(_, saved)| *saved == script));
        (!is_saved).then_some(GraderConfig::Script { script })
    }

    /// The config in the editor.
    pub fn config(self) -> Signal<GraderConfig> {
        Signal::derive(move || GraderConfig::Script { script: self.script.get() })
    }

    /// Loads a saved version into the editor; what it cannot show (another kind than a script) is left alone.
    pub fn restore(self, config: GraderConfig) {
        if let GraderConfig::Script { script } = config {
            self.script.set(script);
        }
    }

    fn adopt(self, saved: Option<(i64, String)>) {
        if let Some((_, script)) = &saved {
            self.script.set(script.clone());
        }
        self.base.set(saved);
    }
}

/// Asks before the dataset's page is left with a script that is not saved; another step keeps it.
#[component]
pub fn GraderDraftGuard() -> impl IntoView {
    let process = use_finetune_process();
    let draft = GraderDraft::of_route();
    let keeps = Callback::new(move |(_, to): (String, String)| {
        to.split(['?', '#']).next() == Some(&format!("/finetune/{}", process.dataset_id()))
    });
    // The draft dies with the page, so there is nothing to give up before.
    let given_up = RwSignal::new(false);
    view! {
        <LeaveGuard
            unsaved=Signal::derive(move || draft.is_dirty() && !given_up.get())
            keeps
            message="The grader script is not saved. Leave the dataset all the same?"
            on_leave=Callback::new(move |()| given_up.set(true))
        />
    }
}

/// Whether there is anything to lose: the untouched starter is nothing.
fn differs(script: &str, base: Option<&(i64, String)>) -> bool {
    base.map_or(script != STARTER_SCRIPT, |(_, base)| script != base)
}

fn script_of(grader: &GraderVersion) -> String {
    match &grader.config {
        GraderConfig::Script { script } => script.clone(),
        _ => String::new(),
    }
}

/// The editor with its save button.
#[component]
pub fn ScriptGraderEditor(draft: GraderDraft) -> impl IntoView {
    let task = Task::new();
    let error = task.error();
    let message = Signal::derive(move || error.get().map(|error| error.to_string()));
    let problems =
        Signal::derive(move || message.get().as_deref().and_then(Problem::named_in).into_iter().collect::<Vec<_>>());
    view! {
        <DraftNotes draft />
        <CodeEditor
            id="grader-script"
            value=draft.script
            label="Grader script (JavaScript)"
            language=CodeLanguage::JavaScript
            completions=Signal::stored(script_completions())
            problems
            rows=18
        />
        <ErrorNote error />
        <CodePlace text=draft.script error=message />
        <DraftButtons draft task />
    }
}

/// What the text is where it is not simply the newest saved version.
#[component]
fn DraftNotes(draft: GraderDraft) -> impl IntoView {
    let newer = memo(move || {
        let (saved, base) =
            (draft.saved.get().map(|(version, _)| version), draft.base.get().map(|(version, _)| version));
        saved.filter(|_| saved > base && draft.is_dirty())
    });
    let saved_elsewhere = move |version: i64| {
        view! {
            <p class="note note--attention" role="status">
                {format!("Version {version} was saved elsewhere meanwhile. Saving makes yours the newest; discarding loads it.")}
            </p>
        }
    };
    view! {
        <Show when=move || draft.saved.with(Option::is_none)>
            <p class="muted small">
                "Nothing is saved yet. This is a starter: it shows what a grader can look at. Change it to say what a good answer is for you, test it, then save it."
            </p>
        </Show>
        {move || newer.get().map(saved_elsewhere)}
    }
}

/// Save and discard; `task` is the save.
#[component]
fn DraftButtons(draft: GraderDraft, task: Task) -> impl IntoView {
    let process = use_finetune_process();
    let nothing_to_save = Signal::derive(move || !draft.is_dirty() && draft.saved.with(Option::is_some));
    let save = move |_| {
        let script = draft.script.get_untracked();
        let config = GraderConfig::Script { script: script.clone() };
        task.start(save_grader(process.dataset_id(), config), move |version| {
            draft.base.set(Some((version.version, script)));
            process.refresh();
        });
    };
    let discard = move |_| {
        task.fail(None);
        match draft.saved.get_untracked() {
            None => draft.script.set(STARTER_SCRIPT.to_owned()),
            saved => draft.adopt(saved),
        }
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
