//! What can be done with the ticked records, of whichever pages: a topic, export, deletion; and taking a deletion back.

use anneal_server::api::{assign_topic, delete_records, list_record_ids, restore_records};
use anneal_server::format;
use anneal_server::types::dataset::{MAX_SELECTED, RecordDeletion};
use leptos::prelude::*;

use super::records_filters::{leaf_topics, topic_options};
use super::records_overlay::{Leaving, RecordsState};
use crate::finetune::steps::parts::{ErrorNote, Task, field};
use crate::ui::{Button, ButtonVariant, RelativeTime, Select, memo};

/// What the actions share; `Copy`, for their handlers.
#[derive(Clone, Copy)]
struct Bulk {
    state: RecordsState,
    task: Task,
    /// What the last action did, in words.
    done: RwSignal<Option<String>>,
}

impl Bulk {
    fn ids(self) -> Vec<i64> {
        self.state.ticked.with_untracked(|ticked| ticked.iter().copied().collect())
    }

    fn untick(self) {
        self.state.ticked.update(std::collections::BTreeSet::clear);
    }

    fn finish(self, words: String) {
        self.done.set(Some(words));
        self.untick();
        self.state.reload();
    }

    fn assign(self, topic: Option<String>) {
        let words =
            topic.clone().map_or_else(|| "cleared of its topic".to_owned(), |topic| format!("now in “{topic}”"));
        let work = assign_topic(self.state.process.dataset_id(), self.ids(), topic);
        self.task.start(work, move |changed| self.finish(format!("{} {words}.", format::counted(changed, "record"))));
    }

    fn tick_all(self) {
        let work = list_record_ids(self.state.process.dataset_id(), self.state.filter.get_untracked());
        self.task.start(work, move |ids| self.state.ticked.set(ids.into_iter().collect()));
    }

    /// Asks nothing: it can be undone, as the line that then appears says.
    fn delete(self) {
        let ids = self.ids();
        let work = delete_records(self.state.process.dataset_id(), ids.clone());
        self.task.start(work, move |_| {
            self.done.set(None);
            self.untick();
            self.state.reload();
            if self.state.record.get_untracked().is_some_and(|open| ids.contains(&open)) {
                self.state.leave(Leaving::Record(None));
            }
        });
    }

    fn undo(self, deletion: String) {
        let work = restore_records(self.state.process.dataset_id(), deletion);
        self.task.start(work, move |records| {
            self.done.set(Some(format!("{} brought back.", format::counted(records, "record"))));
            self.state.reload();
        });
    }
}

/// The actions, while something is ticked; what the last one did; and the last deletion, while it can be undone.
#[component]
pub fn BulkActions(state: RecordsState) -> impl IntoView {
    let bulk = Bulk { state, task: Task::new(), done: RwSignal::new(None) };
    let count = memo(move || state.ticked.with(|ticked| i64::try_from(ticked.len()).unwrap_or(i64::MAX)));
    view! {
        <div class="bulk" role="group" aria-label="Ticked records">
            <Show
                when=move || { count.get() > 0 }
                fallback=move || view! { <p class="muted small" role="status">{move || bulk.done.get()}</p> }
            >
                <Ticked bulk count />
                <AssignTopic bulk />
                <ExportTicked bulk />
                <Button small=true variant=ButtonVariant::Danger busy=Signal::derive(move || bulk.task.busy()) on:click=move |_| bulk.delete()>
                    "Delete"
                </Button>
            </Show>
            <LastDeletion bulk />
            <ErrorNote error=bulk.task.error() />
        </div>
    }
}

/// How many are ticked, with the ways to all and to none.
#[component]
fn Ticked(bulk: Bulk, count: Memo<i64>) -> impl IntoView {
    let total = bulk.state.total;
    let most = i64::try_from(MAX_SELECTED).unwrap_or(i64::MAX);
    let all_words = move || match total.get() {
        total if total > most => format!("Tick the first {}", format::count(most)),
        total => format!("Tick all {}", format::count(total)),
    };
    view! {
        <strong>{move || format!("{} ticked", format::counted(count.get(), "record"))}</strong>
        <Show when=move || { count.get() < total.get().min(most) }>
            <Button small=true variant=ButtonVariant::Ghost busy=Signal::derive(move || bulk.task.busy()) on:click=move |_| bulk.tick_all()>
                {all_words}
            </Button>
        </Show>
        <Button small=true variant=ButtonVariant::Ghost on:click=move |_| bulk.untick()>
            "Untick all"
        </Button>
    }
}

#[component]
fn AssignTopic(bulk: Bulk) -> impl IntoView {
    let chosen = RwSignal::new(String::new());
    let topics = leaf_topics();
    let busy = Signal::derive(move || bulk.task.busy());
    view! {
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
                on:click=move |_| bulk.assign(Some(chosen.get_untracked()))
            >
                "Assign"
            </Button>
        </Show>
        <Button small=true busy on:click=move |_| bulk.assign(None)>
            "Clear topic"
        </Button>
    }
}

/// A form, because an address has no room for thousands of ids.
#[component]
fn ExportTicked(bulk: Bulk) -> impl IntoView {
    let ids = move || bulk.state.ticked.with(|ticked| ticked.iter().map(i64::to_string).collect::<Vec<_>>().join(","));
    view! {
        <form class="row" method="post" action=format!("/download/{}/selected.jsonl", bulk.state.process.dataset_id())>
            <input type="hidden" name="ids" value=ids />
            <label class="check small"><input type="checkbox" name="mask" value="plain" />"masked"</label>
            <Button kind="submit" small=true title="Everything of them as JSONL, which can be imported again">"Export"</Button>
        </form>
    }
}

/// Stays for a day, through any reload, so that a deletion is no matter of seconds.
#[component]
fn LastDeletion(bulk: Bulk) -> impl IntoView {
    let deletion = field(|o| o.last_deletion.clone());
    let now = field(|o| o.now);
    let line = move |RecordDeletion { id, records, deleted_at }: RecordDeletion| {
        view! {
            <p class="bulk__deleted small">
                {format!("{} deleted ", format::counted(records, "record"))} <RelativeTime time=deleted_at now=now.get_untracked() />
                <Button small=true busy=Signal::derive(move || bulk.task.busy()) on:click=move |_| bulk.undo(id.clone())>
                    "Undo"
                </Button>
            </p>
        }
    };
    view! { <div class="bulk__last" role="status">{move || deletion.get().map(line)}</div> }
}
