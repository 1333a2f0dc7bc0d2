//! What the calls of models came to, and the answers that are kept.

use anneal_server::api::{forget_kept_answers, set_response_cache};
use anneal_server::format;
use anneal_server::types::endpoint::CallFigures;
use leptos::prelude::*;

use super::Shown;
use crate::finetune::steps::parts::{ErrorNote, Task};
use crate::ui::{Button, Card, ConfirmDialog, Question, memo, use_toaster};

/// Figures, the switch, and the button that forgets.
#[component]
pub fn CallsCard(shown: Shown) -> impl IntoView {
    let figures = memo(move || shown.settings.with(|settings| settings.calls.clone()));
    let (switching, forgetting) = (Task::new(), Task::new());
    let asked = RwSignal::new(None::<Question<()>>);
    let toaster = use_toaster();
    let switch = move |is_on: bool| switching.start(set_response_cache(is_on), move |()| shown.refresh());
    let forget = Callback::new(move |()| {
        forgetting.start(forget_kept_answers(), move |count| {
            toaster.success(format!("{} forgotten.", format::counted(count, "kept answer")));
            shown.refresh();
        });
    });
    let ask = move |_| {
        asked.set(Some(Question {
            title: "Forget the kept answers?".to_owned(),
            message: "The same questions are put to the models again, and paid for again. The calls themselves stay on record.".to_owned(),
            confirm: "Forget them",
            keep: "Keep them",
            subject: (),
        }));
    };
    view! {
        <Card title="Calls and kept answers">
            <p class="muted small">
                "An answer is kept by the whole question and by which repeat of it it was, so that the same call is never paid for twice. Every call can be seen at the record that it served."
            </p>
            {move || figures.with(facts)}
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=move || figures.with(|figures| figures.cache_is_on)
                    checked=figures.with_untracked(|figures| figures.cache_is_on)
                    on:change:target=move |event| switch(event.target().checked())
                />
                "Use kept answers"
            </label>
            <ErrorNote error=switching.error()/>
            <ErrorNote error=forgetting.error()/>
            <div class="row">
                <Button
                    on:click=ask
                    busy=Signal::derive(move || forgetting.busy())
                    disabled=Signal::derive(move || figures.with(|figures| figures.kept == 0))
                >
                    "Forget kept answers"
                </Button>
            </div>
        </Card>
        <ConfirmDialog asked on_confirm=forget/>
    }
}

fn facts(figures: &CallFigures) -> impl IntoView + use<> {
    let unknown = match figures.unknown_cost {
        0 => String::new(),
        count => format!(" and {} of unknown cost", format::counted(count, "call")),
    };
    let facts = [
        ("Calls made", format::count(figures.calls)),
        ("Of those failed", format::count(figures.failed)),
        ("Spent", format!("{}{unknown}", format::dollars(figures.cost))),
        ("Answers kept", format::count(figures.kept)),
        ("Used again", format::counted(figures.hits, "time")),
        ("Saved by that", format::dollars(figures.saved)),
    ];
    view! {
        <dl class="settings-facts">
            {facts
                .map(|(name, value)| view! { <div class="settings-facts__row"><dt>{name}</dt><dd>{value}</dd></div> })
                .collect_view()}
        </dl>
    }
}
