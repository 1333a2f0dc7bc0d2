//! What can be done with the ticked records, of whichever pages: a topic, export, deletion; and taking a deletion back.

use anneal_server::api::{assign_topic, delete_records, list_record_ids, restore_records, start_bulk};
use anneal_server::format;
use anneal_server::types::dataset::{BulkAction, MAX_SELECTED, RecordDeletion, RecordFilter};
use anneal_server::types::job::JobKind;
use leptos::prelude::*;

use super::records_filters::{leaf_topics, topic_options};
use super::records_overlay::{Leaving, RecordsState};
use crate::finetune::steps::job_progress::JobProgress;
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
        self.state.all_ticked.set(false);
        self.state.ticked.update(std::collections::BTreeSet::clear);
    }

    /// Has the server do it with everything that matches: its progress is shown by [`RunningBulk`].
    fn start(self, action: BulkAction) {
        let (id, filter) = (self.state.process.dataset_id(), self.state.filter.get_untracked());
        self.task.start(start_bulk(id, filter, action), move |_| {
            self.done.set(None);
            self.untick();
            self.state.reload();
        });
    }

    fn finish(self, words: String) {
        self.done.set(Some(words));
        self.untick();
        self.state.reload();
    }

    fn assign(self, topic: Option<String>) {
        if self.state.all_ticked.get_untracked() {
            self.start(BulkAction::Assign { topic });
            return;
        }
        let words =
            topic.clone().map_or_else(|| "cleared of its topic".to_owned(), |topic| format!("now in “{topic}”"));
        let work = assign_topic(self.state.process.dataset_id(), self.ids(), topic);
        self.task.start(work, move |changed| self.finish(format!("{} {words}.", format::counted(changed, "record"))));
    }

    /// One by one where that can be; else as "everything that matches".
    fn tick_all(self) {
        if self.state.at_least.get_untracked() || self.state.total.get_untracked() > most_ticked() {
            self.state.all_ticked.set(true);
            return;
        }
        let work = list_record_ids(self.state.process.dataset_id(), self.state.filter.get_untracked());
        self.task.start(work, move |ids| self.state.ticked.set(ids.into_iter().collect()));
    }

    /// Asks nothing: it can be undone, as the line that then appears says.
    fn delete(self) {
        if self.state.all_ticked.get_untracked() {
            self.start(BulkAction::Delete);
            return;
        }
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
            // Very many come back by a job, which tells of itself.
            if records <= most_ticked() {
                self.done.set(Some(format!("{} brought back.", format::counted(records, "record"))));
            }
            self.state.reload();
        });
    }
}

/// The actions, while something is ticked; what the last one did; and the last deletion, while it can be undone.
#[component]
pub fn BulkActions(state: RecordsState) -> impl IntoView {
    let bulk = Bulk { state, task: Task::new(), done: RwSignal::new(None) };
    let count = memo(move || {
        if state.all_ticked.get() {
            state.total.get()
        } else {
            state.ticked.with(|ticked| i64::try_from(ticked.len()).unwrap_or(i64::MAX))
        }
    });
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
            <RunningBulk />
            <LastDeletion bulk />
            <ErrorNote error=bulk.task.error() />
        </div>
    }
}

fn most_ticked() -> i64 {
    i64::try_from(MAX_SELECTED).unwrap_or(i64::MAX)
}

/// What is being done with very many, how far it is, and its way out; what came of it if it did not come to its end.
#[component]
fn RunningBulk() -> impl IntoView {
    view! { <div class="bulk__job"><JobProgress kind=JobKind::Bulk title="Changing many records" /></div> }
}

/// How many are ticked, with the ways to all and to none.
#[component]
fn Ticked(bulk: Bulk, count: Memo<i64>) -> impl IntoView {
    let total = bulk.state.total;
    let all = bulk.state.all_ticked;
    let at_least = bulk.state.at_least;
    let all_words = move || match total.get() {
        total if at_least.get() => format!("Tick all that match, more than {}", format::count(total)),
        total if total > most_ticked() => format!("Tick all {} that match", format::count(total)),
        total => format!("Tick all {}", format::count(total)),
    };
    let words = move || {
        let count = format::counted(count.get(), "record");
        match (all.get(), at_least.get()) {
            (true, true) => format!("All that match ticked, more than {count}"),
            (true, false) => format!("All {count} that match ticked"),
            (false, _) => format!("{count} ticked"),
        }
    };
    view! {
        <strong>{words}</strong>
        <Show when=move || { count.get() < total.get() || (at_least.get() && !all.get()) }>
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
    let all = bulk.state.all_ticked;
    let ids = move || bulk.state.ticked.with(|ticked| ticked.iter().map(i64::to_string).collect::<Vec<_>>().join(","));
    view! {
        <form class="row" method="post" action=format!("/download/{}/selected.jsonl", bulk.state.process.dataset_id())>
            <input type="hidden" name="ids" value=move || if all.get() { String::new() } else { ids() } />
            <Show when=move || all.get()>
                <input type="hidden" name="filter" value=move || bulk.state.filter.with(filter_json) />
            </Show>
            <label class="check small"><input type="checkbox" name="mask" value="plain" />"masked"</label>
            <Button kind="submit" small=true title="Everything of them as JSONL, which can be imported again">"Export"</Button>
        </form>
    }
}

/// As the server reads it.
fn filter_json(filter: &RecordFilter) -> String {
    serde_json::to_string(filter).unwrap_or_default()
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
