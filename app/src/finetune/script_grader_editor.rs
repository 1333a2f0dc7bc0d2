//! The script grader: editor, contract, versions.

use anneal_server::api::{grader_versions, save_grader};
use anneal_server::types::error::AppError;
use anneal_server::types::grader::{GraderConfig, GraderVersion, STARTER_SCRIPT};
use leptos::prelude::*;

use super::steps::parts::{ErrorNote, Task, When, field};
use crate::contexts::use_finetune_process;
use crate::ui::{
    Button, ButtonVariant, CodeEditor, CodePlace, Disclosure, LeaveGuard, UnsavedSign, load, memo, place_in,
};

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
    let error_line = Signal::derive(move || message.get().and_then(|message| Some(place_in(&message)?.0)));
    view! {
        <DraftNotes draft />
        <CodeEditor id="grader-script" value=draft.script label="Grader script (JavaScript)" error_line rows=18 />
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

/// What a script is given and what it must give back.
#[component]
pub fn GraderContract() -> impl IntoView {
    const FIELDS: [(&str, &str); 10] = [
        ("input.response", "the text of the response to score"),
        ("input.messages", "the prompt's messages, each with role and content"),
        ("input.lastUserMessage", "the text of the last user message"),
        ("input.systemPrompt", "the texts of the system and developer messages"),
        ("input.tools", "the tools the model may call"),
        ("input.toolCalls", "the tool calls of the response"),
        ("input.referenceAnswer", "the record's reference answer, or null"),
        ("input.metadata", "the record's metadata"),
        ("input.item", "any other field of the record's line"),
        ("input.sample", "the response under OpenAI's names: output_text, output_json, output_tools"),
    ];
    view! {
        <Disclosure summary="What the script gets and gives">
            <p class="small">
                "Define " <code>"function grade(input)"</code> ". It gives back a number from 0 to 1, or "
                <code>"{ score, reasoning }"</code> ", or a promise of either. " <code>"console.log"</code>
                " is shown with the test."
            </p>
            <dl class="contract">
                {FIELDS
                    .map(|(name, meaning)| {
                        view! {
                            <div>
                                <dt>
                                    <code>{name}</code>
                                </dt>
                                <dd>{meaning}</dd>
                            </div>
                        }
                    })
                    .collect_view()}
            </dl>
            <p class="muted small">
                "A throw, NaN, a score outside 0 to 1 or a broken limit (CPU time, memory) is an error of that sample, never a silent 0. Scripts have no network and no files."
            </p>
        </Disclosure>
    }
}

/// All saved versions, each with a button that loads it into the editor.
#[component]
pub fn GraderVersions(draft: GraderDraft) -> impl IntoView {
    let process = use_finetune_process();
    let newest = field(|o| o.grader.as_ref().map(|grader| grader.version));
    let versions = load(move || newest.get(), move |_| grader_versions(process.dataset_id()));
    view! {
        <Disclosure summary="Versions">
            <Transition fallback=|| view! { <p class="muted">"Loading versions…"</p> }>
                {move || Suspend::new(async move {
                    match versions.await {
                        Err(error) => version_error(error).into_any(),
                        Ok(versions) if versions.is_empty() => view! { <p class="muted">"None is saved yet."</p> }.into_any(),
                        Ok(versions) => {
                            view! {
                                <ul class="versions">
                                    {versions.into_iter().map(|version| version_row(version, draft)).collect_view()}
                                </ul>
                            }
                                .into_any()
                        }
                    }
                })}
            </Transition>
        </Disclosure>
    }
}

fn version_error(error: AppError) -> impl IntoView {
    view! { <p class="note note--error" role="alert">{error.to_string()}</p> }
}

fn version_row(version: GraderVersion, draft: GraderDraft) -> impl IntoView {
    let script = script_of(&version);
    let (number, at) = (version.version, version.created_at);
    let lines = script.lines().count();
    let shown = StoredValue::new(script);
    let is_shown = move || draft.script.with(|script| shown.with_value(|shown| shown == script));
    view! {
        <li class="versions__row">
            <span>
                <strong>{format!("Version {number}")}</strong>
                <span class="muted">{format!(", {lines} lines, ")} <When at=Signal::derive(move || at) /></span>
            </span>
            <Show
                when=move || !is_shown()
                fallback=|| view! { <span class="muted small">"in the editor"</span> }
            >
                <Button
                    small=true
                    on:click=move |_| draft.script.set(shown.get_value())
                    title="Loads it into the editor; saving makes it the newest version"
                >
                    "Restore"
                </Button>
            </Show>
        </li>
    }
}
