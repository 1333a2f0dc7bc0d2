//! What can be done with the ticked records of a page.

use anneal_server::api::assign_topic;
use anneal_server::format;
use leptos::prelude::*;

use super::records_filters::{leaf_topics, topic_options};
use super::records_overlay::RecordsState;
use crate::finetune::steps::parts::{ErrorNote, Task};
use crate::ui::{Button, Select, memo};

/// Assign or clear a topic; shown while something is ticked.
#[component]
pub fn BulkActions(state: RecordsState) -> impl IntoView {
    let task = Task::new();
    let chosen = RwSignal::new(String::new());
    let done = RwSignal::new(None::<String>);
    let topics = leaf_topics();
    let count = memo(move || state.ticked.with(|ticked| i64::try_from(ticked.len()).unwrap_or(i64::MAX)));
    let assign = move |topic: Option<String>| {
        let ids: Vec<i64> = state.ticked.with_untracked(|ticked| ticked.iter().copied().collect());
        let words =
            topic.clone().map_or_else(|| "cleared of its topic".to_owned(), |topic| format!("now in “{topic}”"));
        task.start(assign_topic(state.process.dataset_id(), ids, topic), move |changed| {
            done.set(Some(format!("{} {words}.", format::counted(changed, "record"))));
            state.ticked.update(std::collections::BTreeSet::clear);
            chosen.set(String::new());
            state.reload();
        });
    };
    let busy = Signal::derive(move || task.busy());
    view! {
        <div class="bulk" role="group" aria-label="Ticked records">
            <Show
                when=move || { count.get() > 0 }
                fallback=move || view! { <p class="muted small" role="status">{move || done.get()}</p> }
            >
                <strong>{move || format!("{} ticked", format::counted(count.get(), "record"))}</strong>
                <Show
                    when=move || topics.with(|topics| !topics.is_empty())
                    fallback=|| view! { <span class="muted small">"There are no topics to assign yet."</span> }
                >
                    <Select
                        class="filters__select"
                        label="Topic to assign"
                        options=Signal::derive(move || topic_options(&[("", "Assign topic…")], topics.get()))
                        chosen
                        on_choose=Callback::new(move |topic| chosen.set(topic))
                    />
                    <Button
                        small=true
                        busy
                        disabled=Signal::derive(move || chosen.with(String::is_empty))
                        on:click=move |_| assign(Some(chosen.get_untracked()))
                    >
                        "Assign"
                    </Button>
                </Show>
                <Button small=true busy on:click=move |_| assign(None)>
                    "Clear topic"
                </Button>
                <Button small=true on:click=move |_| state.ticked.update(std::collections::BTreeSet::clear)>
                    "Untick all"
                </Button>
            </Show>
            <ErrorNote error=task.error() />
        </div>
    }
}
