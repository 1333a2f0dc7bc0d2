//! What the draft in the editor would make of the responses graded last, while one types.

use std::time::Duration;

use anneal_server::api::what_if_grader;
use anneal_server::types::error::AppError;
use anneal_server::types::grader::{GraderConfig, WhatIf};
use anneal_server::types::job::JobKind;
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use leptos::reactive::actions::ActionAbortHandle;

use super::grader_draft::GraderDraft;
use super::steps::parts::field;
use super::what_if_figures::{WhatIfFigures, counts_words, means_words, responses_words};
use crate::contexts::{FinetuneProcess, use_finetune_process};
use crate::ui::{memo, visible};

/// So long after the last stroke it is asked for.
const PAUSE: Duration = Duration::from_millis(400);

/// What was answered, and to which draft.
#[derive(Debug, Clone, PartialEq)]
struct Answer {
    draft: GraderConfig,
    /// `None`: nothing was graded yet.
    found: Option<WhatIf>,
}

/// The question that is thought of or under way, and the last answer.
#[derive(Clone, Copy)]
struct Question {
    waiting: StoredValue<Option<TimeoutHandle>>,
    asked: StoredValue<Option<ActionAbortHandle>>,
    asking: Action<GraderConfig, ()>,
    /// An answer to what is in the editor is still to come.
    awaited: RwSignal<bool>,
    answer: RwSignal<Option<Answer>>,
    /// Why there is none to what is in the editor.
    refused: RwSignal<Option<AppError>>,
}

impl Question {
    fn new(process: FinetuneProcess) -> Self {
        let (awaited, answer) = (RwSignal::new(false), RwSignal::new(None));
        let refused = RwSignal::new(None);
        let asking = Action::new_unsync(move |draft: &GraderConfig| {
            let (draft, id) = (draft.clone(), process.dataset_id());
            async move {
                let said = what_if_grader(id, draft.clone()).await;
                awaited.try_set(false);
                match said {
                    Ok(found) => {
                        refused.try_set(None);
                        answer.try_set(Some(Answer { draft, found }));
                    }
                    // Another page asked about this dataset: nothing is wrong with the draft.
                    Err(AppError::Conflict { .. }) => {
                        refused.try_set(None);
                    }
                    Err(error) => {
                        refused.try_set(Some(error));
                    }
                }
            }
        });
        Self { waiting: StoredValue::new(None), asked: StoredValue::new(None), asking, awaited, answer, refused }
    }

    /// A former question is let go of, so that no answer comes out of order: by the server too, which loses the request.
    fn cancel(self) {
        if let Some(waiting) = self.waiting.try_update_value(Option::take).flatten() {
            waiting.clear();
        }
        if let Some(asked) = self.asked.try_update_value(Option::take).flatten() {
            asked.abort();
        }
    }

    fn think_of(self, draft: GraderConfig, pause: Duration) {
        self.cancel();
        self.awaited.set(true);
        let ask = move || {
            self.asked.try_set_value(Some(self.asking.dispatch_local(draft.clone())));
        };
        // Fails only where there is no window.
        self.waiting.set_value(set_timeout_with_handle(ask, pause).ok());
    }

    /// What is in the editor cannot be asked about.
    fn refuse(self, error: AppError) {
        self.cancel();
        self.awaited.set(false);
        self.refused.set(Some(error));
    }
}

/// The card: it asks whenever the draft changes, or what it is compared with.
#[component]
pub fn WhatIfCard(draft: GraderDraft) -> impl IntoView {
    let process = use_finetune_process();
    let question = Question::new(process);
    let job = move |kind| process.job(kind).map(|job| (job.id, job.state.is_active()));
    let graded = field(|o| {
        let run = o.dry_run.as_ref().map(|run| run.summary.id.clone());
        (run, o.grader_test.as_ref().map(|test| test.timestamp), o.dataset.records_revision)
    });
    // (A job's end may also bring kept answers of a judge.)
    let ground = memo(move || (graded.get(), job(JobKind::DryRun), job(JobKind::GraderTest)));
    Effect::new(move |before: Option<()>| {
        // (Read and not only tracked: a memo that nobody reads follows nothing.)
        ground.with(|_| ());
        match draft.config().get() {
            Ok(config) => question.think_of(config, if before.is_some() { PAUSE } else { Duration::ZERO }),
            Err(error) => question.refuse(error),
        }
    });
    on_cleanup(move || question.cancel());
    let Question { awaited, answer, refused, .. } = question;
    // Figures of another draft than the one in the editor must not look as if they were of it.
    let is_former = memo(move || {
        let of_now = draft.config().with(|config| {
            answer.with(|answer| answer.as_ref().is_none_or(|answer| config.as_ref() == Ok(&answer.draft)))
        });
        !awaited.get() && !of_now && found_in(answer, |found| found.is_some_and(|found| !found.is_same))
    });
    let all = RwSignal::new(false);
    let class = move || match (awaited.get(), is_former.get()) {
        (true, _) => "what-if what-if--awaited",
        (_, true) => "what-if results--former",
        _ => "what-if",
    };
    view! {
        <section class="card">
            <header class="card__head">
                <h3 class="card__title">"What if"</h3>
                <span class="card__aside">"follows the editor, calls no model"</span>
            </header>
            <Said answer refused />
            <Show when=move || is_former.get()>
                <p class="muted small">"The figures below are of an earlier draft."</p>
            </Show>
            <div class=class aria-busy=move || awaited.get().to_string()>
                {move || {
                    let found = answer.with(|answer| answer.as_ref().and_then(|answer| answer.found.clone()));
                    found.filter(|found| !found.is_same).map(|found| view! { <WhatIfFigures found all /> })
                }}
            </div>
        </section>
    }
}

fn found_in<T>(answer: RwSignal<Option<Answer>>, read: impl FnOnce(Option<&WhatIf>) -> T) -> T {
    answer.with(|answer| read(answer.as_ref().and_then(|answer| answer.found.as_ref())))
}

/// The sentence, which is read out when it changes: what came of it, why nothing did, or what could.
#[component]
fn Said(answer: RwSignal<Option<Answer>>, refused: RwSignal<Option<AppError>>) -> impl IntoView {
    let is_nothing = memo(move || answer.with(|answer| answer.as_ref().is_some_and(|answer| answer.found.is_none())));
    let reason = memo(move || refused.get().filter(|_| !is_nothing.get()).map(|error| refused_words(&error)));
    let says = memo(move || match (reason.get(), is_nothing.get()) {
        (Some(reason), _) => reason,
        (None, true) => NOTHING_GRADED.to_owned(),
        (None, false) => found_in(answer, |found| match found {
            None => "Changes in the editor are re-scored here on the responses graded last.".to_owned(),
            Some(found) if found.is_same => same_words(found),
            Some(found) => counts_words(&found.counts),
        }),
    });
    let means = memo(move || {
        let is_told = reason.with(Option::is_none);
        found_in(answer, |found| found.filter(|found| is_told && !found.is_same).map(means_words)).unwrap_or_default()
    });
    let class = move || match (reason.with(Option::is_some), means.with(String::is_empty)) {
        (true, _) => "note note--attention",
        (_, true) => "muted",
        _ => "",
    };
    view! {
        <p class=class role="status" dir="auto">
            {says}
            <span class="visually-hidden">{means}</span>
        </p>
    }
}

const NOTHING_GRADED: &str = "Nothing is graded yet. Run a test or a dry run; from then on, changes here are re-scored on it without a model call.";

/// Where the draft is the grader compared with.
fn same_words(found: &WhatIf) -> String {
    format!(
        "Change weights, a threshold or a script and see here what it does to the {}; nothing is called.",
        responses_words(found)
    )
}

fn refused_words(error: &AppError) -> String {
    format!("What is in the editor cannot be scored: {}", visible(&error.to_string()))
}
