//! The heads of the list's columns; those by which it can be ordered do so.

use anneal_server::types::dataset::RecordSort;
use leptos::prelude::*;

use super::records_overlay::RecordsState;

/// All heads but the ticks'.
#[component]
pub fn RecordHeads(state: RecordsState) -> impl IntoView {
    use RecordSort::{
        FewestMessages, FirstChanged, HighestScore, LastChanged, LowestScore, MostMessages, Newest, Oldest,
    };
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
            by_score=true
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
    /// Whether it is an order of scores, of which there may be none.
    #[prop(optional)]
    by_score: bool,
) -> impl IntoView {
    // Plain closures over what the overlay owns: the heads are still there for a moment after their own owner is gone.
    let sorted = move || match state.sort.try_get() {
        Some(sort) if sort == ascending => Some("ascending"),
        Some(sort) if sort == descending => Some("descending"),
        _ => None,
    };
    let href = move || {
        let next = match sorted() {
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
    let arrow = move || match sorted() {
        Some("ascending") => " ↑",
        Some(_) => " ↓",
        None => "",
    };
    let link = move || {
        view! {
            <a class="records-table__sort" href=href data-noscroll="">
                {words}
                <span aria-hidden="true">{arrow}</span>
            </a>
        }
    };
    view! {
        <th scope="col" class=class aria-sort=sorted>
            {move || if by_score && !has_scores(state) { words.into_any() } else { link().into_any() }}
        </th>
    }
}

/// Whether there is anything to order by a score.
fn has_scores(state: RecordsState) -> bool {
    let overview = state.process.overview();
    overview.try_with(|overview| overview.dry_run.as_ref().is_some_and(|run| run.report.is_some())).unwrap_or(false)
}
