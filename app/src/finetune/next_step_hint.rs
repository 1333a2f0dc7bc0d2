//! The one hint on the canvas: what to do now and why, with the button that does it.

use anneal_server::types::pipeline::{NextAction, NextStep};
use leptos::prelude::*;

use crate::contexts::{FinetuneProcess, PageDialog, PageQuery, use_finetune_process};
use crate::ui::{Button, ButtonVariant, Sentence};

/// Shown while there is something to do. What only opens something is a link, so that it works without
/// JavaScript; what starts work is a button.
#[component]
pub fn NextStepHint() -> impl IntoView {
    let process = use_finetune_process();
    let hint = move |next: NextStep| {
        view! {
            <div class="next-step">
                <p class="next-step__message"><strong>"Next: "</strong><Sentence text=next.message.clone()/></p>
                {action(process, &next)}
            </div>
        }
    };
    view! { <div class="next-step-place" aria-live="polite">{move || process.next_step.get().map(hint)}</div> }
}

fn action(process: FinetuneProcess, next: &NextStep) -> AnyView {
    let (step, words) = (next.step, next.button.clone());
    let link = move |change: fn(&mut PageQuery)| {
        let href = move || {
            process.url_with(|query| {
                query.step = Some(step);
                change(query);
            })
        };
        view! { <a class="button button--primary button--small" href=href data-noscroll="">{words.clone()}</a> }
            .into_any()
    };
    match next.action {
        NextAction::OpenStep => link(|_| {}),
        NextAction::ImportData => link(|query| query.dialog = Some(PageDialog::Add)),
        NextAction::StartDryRun => link(|query| query.dialog = Some(PageDialog::DryRun)),
        other @ (NextAction::ViewIssues | NextAction::Categorize | NextAction::TestGrader) => {
            let words = next.button.clone();
            view! {
                <Button variant=ButtonVariant::Primary small=true busy=process.acting() on:click=move |_| process.act(other, step)>
                    {words}
                </Button>
            }
                .into_any()
        }
    }
}
