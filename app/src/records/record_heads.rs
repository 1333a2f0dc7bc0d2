//! The heads of the list's columns; those by which it can be ordered do so.

use anneal_server::types::dataset::RecordSort;
use leptos::prelude::*;

use super::records_overlay::RecordsState;
use crate::finetune::steps::parts::field;
use crate::ui::memo;

/// All heads but the ticks'.
#[component]
pub fn RecordHeads(state: RecordsState) -> impl IntoView {
    use RecordSort::{
        FewestMessages, FirstChanged, HighestScore, LastChanged, LowestScore, MostMessages, Newest, Oldest,
    };
    let has_scores = field(|o| o.dry_run.as_ref().is_some_and(|run| run.report.is_some()));
    view! {
        <SortHead state class="number col-line" words="Line" ascending=Oldest descending=Newest />
        <th scope="col" class="col-source">"File"</th>
        <th scope="col" class="records-table__preview">"Last user message"</th>
        <SortHead
            state
            class="number col-messages"
            words="Messages"
            ascending=FewestMessages
            descending=MostMessages
            starts_descending=true
        />
        <th scope="col" class="col-topic">"Topic"</th>
        <SortHead
            state
            class="number col-score"
            words="Score"
            ascending=LowestScore
            descending=HighestScore
            can_sort=has_scores
        />
        <th scope="col" class="col-status">"Status"</th>
        <SortHead
            state
            class="col-changed"
            words="Changed"
            ascending=FirstChanged
            descending=LastChanged
            starts_descending=true
        />
    }
}

/// A head that orders the list, and turns the order it has made.
#[component]
fn SortHead(
    state: RecordsState,
    class: &'static str,
    words: &'static str,
    ascending: RecordSort,
    descending: RecordSort,
    /// The order that is asked for first.
    #[prop(optional)]
    starts_descending: bool,
    /// False where that order would be of nothing.
    #[prop(optional, into, default = true.into())]
    can_sort: Signal<bool>,
) -> impl IntoView {
    let sorted = memo(move || match state.sort.get() {
        sort if sort == ascending => Some("ascending"),
        sort if sort == descending => Some("descending"),
        _ => None,
    });
    let href = move || {
        let next = match sorted.get() {
            Some("ascending") => descending,
            None if starts_descending => descending,
            _ => ascending,
        };
        state.process.url_with(|query| {
            query.sort = next;
            if let Some((_, page)) = &mut query.records {
                *page = 1;
            }
        })
    };
    let arrow = move || match sorted.get() {
        Some("ascending") => " ↑",
        Some(_) => " ↓",
        None => "",
    };
    view! {
        <th scope="col" class=class aria-sort=sorted>
            <Show when=move || can_sort.get() fallback=move || words>
                <a class="records-table__sort" href=href data-noscroll="">
                    {words}
                    <span aria-hidden="true">{arrow}</span>
                </a>
            </Show>
        </th>
    }
}
