//! The records topic by topic (`?group=topic`): a heading per topic with its count; the one that is opened is the list's filter,
//! so that each group is paged, scrolled and searched by itself, however large it is.

use anneal_server::api::list_record_groups;
use anneal_server::format;
use anneal_server::types::dataset::{RecordFilter, TopicGroup};
use leptos::prelude::*;

use super::records_overlay::RecordsState;
use crate::finetune::steps::parts::field;
use crate::ui::{ErrorView, UserText, load, memo};

const GROUP: &str = "group";

/// Whether the URL asks for it.
pub fn is_grouped(other: &[(String, String)]) -> bool {
    other.iter().any(|(key, value)| key == GROUP && value == "topic")
}

/// The way to the groups and back to one list.
#[component]
pub fn GroupToggle(state: RecordsState) -> impl IntoView {
    let href = move || {
        let is_on = state.grouped.get();
        let filter = state.filter.get();
        state.process.url_with(|query| {
            query.other.retain(|(key, _)| key != GROUP);
            if !is_on {
                query.other.push((GROUP.to_owned(), "topic".to_owned()));
            }
            query.records = Some((RecordFilter { topic: None, ..filter }, 1));
            query.record = None;
        })
    };
    view! {
        <a
            class="filter"
            class:filter--on=state.grouped
            href=href
            aria-current=move || state.grouped.get().then_some("true")
            data-noscroll=""
        >
            "By topic"
        </a>
    }
}

/// The headings, the largest group first; those without a topic last.
#[component]
pub fn TopicGroups(state: RecordsState) -> impl IntoView {
    let revision = field(|o| o.dataset.records_revision);
    let of_all = memo(move || RecordFilter { topic: None, ..state.filter.get() });
    let groups = load(
        move || (of_all.get(), revision.get()),
        move |(filter, _)| list_record_groups(state.process.dataset_id(), filter),
    );
    view! {
        <nav class="groups" aria-label="Records by topic">
            <Transition fallback=|| view! { <p class="muted small" role="status">"Counting the topics…"</p> }>
                {move || Suspend::new(async move {
                    match groups.await {
                        Err(error) => view! { <ErrorView error retry=Callback::new(move |()| groups.refetch()) /> }.into_any(),
                        Ok(groups) if groups.is_empty() => {
                            view! { <p class="muted records__empty" role="status">"No record matches."</p> }.into_any()
                        }
                        Ok(groups) => view! { <GroupList state groups /> }.into_any(),
                    }
                })}
            </Transition>
        </nav>
    }
}

#[component]
fn GroupList(state: RecordsState, groups: Vec<TopicGroup>) -> impl IntoView {
    let heading = move |TopicGroup { topic, records }: TopicGroup| {
        // A filter says "without a topic" by an empty one.
        let key = topic.clone().unwrap_or_default();
        let is_open = {
            let key = key.clone();
            memo(move || state.filter.with(|filter| filter.topic.as_deref() == Some(key.as_str())))
        };
        // Written once, and again in place when the group is opened or closed: no signal of the page is read but these.
        let href = move || {
            let topic = (!is_open.get()).then(|| key.clone());
            let filter = untrack(|| state.filter.get());
            untrack(|| {
                state.process.url_with(|query| {
                    query.records = Some((RecordFilter { topic, ..filter }, 1));
                    query.record = None;
                })
            })
        };
        view! {
            <li>
                <a
                    class="group"
                    class:group--open=is_open
                    href=href
                    aria-expanded=move || is_open.get().to_string()
                    role="button"
                    data-noscroll=""
                >
                    <span aria-hidden="true">{move || if is_open.get() { "▾ " } else { "▸ " }}</span>
                    {match topic {
                        Some(text) => view! { <UserText text class="group__name" /> }.into_any(),
                        None => view! { <span class="group__name muted">"Without a topic"</span> }.into_any(),
                    }}
                    <span class="filter__count">{format::count(records)}</span>
                </a>
            </li>
        }
    };
    view! { <ul>{groups.into_iter().map(heading).collect_view()}</ul> }
}
