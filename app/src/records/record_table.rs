//! The list of records: ticks, preview, topic, status. A table where it is wide, cards where it is narrow; each row equally
//! high, so that a hundred thousand of them scroll as a hundred do.

use anneal_server::api::list_records;
use anneal_server::format;
use anneal_server::types::dataset::RecordRow;
use anneal_server::types::topics::CategorizationMethod;
use anneal_server::types::validation::RecordStatus;
use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::pager::Pager;
use super::record_columns::{Column, hidden_classes};
use super::record_heads::RecordHeads;
use super::records_overlay::{Leaving, PAGE_SIZE, RecordsState};
use super::row_list::RowList;
use crate::finetune::steps::parts::{When, score};
use crate::ui::{ErrorView, ListWindow, UserText, load, memo, visible};

/// The rows that the URL selects, as one scrolls over them. `j`, `k` and the arrows move between rows, Enter opens, `x` ticks.
#[component]
pub fn RecordTable(state: RecordsState) -> impl IntoView {
    let body = NodeRef::<html::Div>::new();
    // On the window, because a dialog that has just opened has its focus elsewhere.
    Effect::new(move |_| {
        let handle = window_event_listener(leptos::ev::keydown, move |ev| {
            let Some(body) = body.get_untracked() else { return };
            match row_key(&ev) {
                Some(RowKey::Move { forward }) => move_row(&body, forward),
                Some(RowKey::Tick) => tick_row(&body),
                Some(RowKey::Search) => focus_search(),
                None => return,
            }
            ev.prevent_default();
        });
        on_cleanup(move || handle.remove());
    });
    let list = RowList::new(state, body);
    // Where the list begins; from there it loads by itself.
    let first_page = load(
        || (),
        move |()| {
            let (filter, sort) = (state.filter.get_untracked(), state.sort.get_untracked());
            list_records(state.process.dataset_id(), filter, Some(sort), state.page.get_untracked(), PAGE_SIZE)
        },
    );
    view! {
        <div class="records__rows" node_ref=body on:scroll=move |_| state.scrolled.update(|scrolled| *scrolled += 1)>
            <Transition fallback=|| view! { <p class="muted records__empty" role="status">"Loading records…"</p> }>
                {move || Suspend::new(async move {
                    match first_page.await {
                        Err(error) => {
                            view! { <ErrorView error retry=Callback::new(move |()| first_page.refetch()) /> }.into_any()
                        }
                        Ok(page) => {
                            list.start(page);
                            view! { <Rows state list /> }.into_any()
                        }
                    }
                })}
            </Transition>
        </div>
    }
}

/// What a key asks of the list.
enum RowKey {
    Move { forward: bool },
    Tick,
    Search,
}

/// `None` where it is typed into a field, scrolls the reading pane or belongs to something else.
fn row_key(ev: &KeyboardEvent) -> Option<RowKey> {
    let towards = |forward| Some(RowKey::Move { forward });
    if ev.default_prevented() || ev.ctrl_key() || ev.meta_key() || ev.alt_key() {
        return None;
    }
    let target = ev.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let is_in =
        |selector: &str| target.as_ref().is_some_and(|target| target.closest(selector).ok().flatten().is_some());
    if is_in(".filters__search") {
        // A search field takes letters, but has no use for the arrows.
        return if ev.key() == "ArrowDown" { towards(true) } else { None };
    }
    if is_in("input:not([type=checkbox]), textarea, select, [role=tablist], .dialog--small") {
        return None;
    }
    match ev.key().as_str() {
        "j" => towards(true),
        "k" => towards(false),
        "x" => Some(RowKey::Tick),
        "/" => Some(RowKey::Search),
        "ArrowDown" if !is_in(".records__pane, .menu") => towards(true),
        "ArrowUp" if !is_in(".records__pane, .menu") => towards(false),
        _ => None,
    }
}

fn focus_search() {
    let search = document().query_selector(".filters__search").ok().flatten();
    if let Some(search) = search.and_then(|found| found.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = search.focus();
    }
}

/// Ticks or unticks the row that has the focus, or the one whose record is read.
fn tick_row(body: &web_sys::HtmlElement) {
    let active = document().active_element().and_then(|active| active.closest(".record-row").ok().flatten());
    let row = active.or_else(|| body.query_selector(".record-row--open").ok().flatten());
    let tick = row.and_then(|row| row.query_selector(".records-table__tick input").ok().flatten());
    if let Some(tick) = tick.and_then(|tick| tick.dyn_into::<web_sys::HtmlElement>().ok()) {
        tick.click();
    }
}

/// Moves the focus to the next or previous row's button; to the first one in view if none has it.
fn move_row(body: &web_sys::HtmlElement, forward: bool) {
    let Ok(rows) = body.query_selector_all(".record-row__open") else { return };
    let active = document().active_element();
    let row_of = |element: &web_sys::Element| element.closest("tr").ok().flatten();
    let active_row = active.as_ref().and_then(row_of);
    let at = |index: u32| rows.get(index).and_then(|node| node.dyn_into::<web_sys::HtmlElement>().ok());
    let current = (0..rows.length())
        .find(|index| at(*index).and_then(|button| row_of(&button)) == active_row && active_row.is_some());
    let top = body.get_bounding_client_rect().top();
    let in_view =
        || (0..rows.length()).find(|index| at(*index).is_some_and(|row| row.get_bounding_client_rect().top() >= top));
    let next = match (current, forward) {
        (None, _) => in_view().unwrap_or(0),
        (Some(index), true) => (index + 1).min(rows.length().saturating_sub(1)),
        (Some(index), false) => index.saturating_sub(1),
    };
    if let Some(button) = at(next) {
        let _ = button.focus();
    }
}

/// The id of a row's button on the page.
fn row_id(record_id: i64) -> String {
    format!("record-row-{record_id}")
}

/// Gives the focus back to the row whose record was read.
pub fn focus_row(record_id: i64) {
    let row = document().get_element_by_id(&row_id(record_id));
    if let Some(row) = row.and_then(|row| row.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = row.focus();
    }
}

/// The table, drawn as far as it is in view, and the pager.
#[component]
fn Rows(state: RecordsState, list: RowList) -> impl IntoView {
    Effect::new(move |_| request_animation_frame(move || list.begin()));
    let indices = move || list.window.with(|window| window.start..window.end);
    let space = move |pixels: fn(&ListWindow) -> f64| {
        let height = move || list.window.with(|window| format!("{:.0}px", pixels(window)));
        let is_there = move || list.window.with(|window| pixels(window) >= 0.5);
        view! {
            <Show when=is_there>
                <tr class="records-table__space" aria-hidden="true"><td style:height=height></td></tr>
            </Show>
        }
    };
    let class =
        move || format!("table table--cards records-table{}", state.columns.with(|columns| hidden_classes(columns)));
    let to_page = move |page: i64| {
        let filter = state.filter.get();
        state.process.url_with(|query| {
            query.records = Some((filter, page));
            query.record = None;
        })
    };
    let nothing = move || match (state.total.get(), list.beyond.get()) {
        (0, _) => Some("No record matches."),
        (_, true) => Some("This page is beyond the last one."),
        (_, false) => None,
    };
    view! {
        {move || {
            list.failed
                .get()
                .map(|error| view! { <ErrorView error retry=Callback::new(move |()| list.reload()) /> })
        }}
        <p class="muted records__empty" role="status">{nothing}</p>
        <label class="check records__tick-page"><TickPage state list /> "Tick this page"</label>
        <table class=class aria-rowcount=move || (state.total.get() + 1).to_string()>
            <caption class="visually-hidden">"Records"</caption>
            <thead>
                <tr aria-rowindex="1">
                    <th scope="col" class="records-table__tick"><TickPage state list named=true /></th>
                    <RecordHeads state />
                </tr>
            </thead>
            <tbody>
                {space(|window| window.before)}
                <For each=indices key=|index| *index let:index>
                    <Row state list index />
                </For>
                {space(|window| window.after)}
            </tbody>
        </table>
        <div class="records__pager">
            {move || {
                let page = list.shown_page.get();
                let (total, at_least) = (state.total.get(), state.at_least.get());
                let to_page = Callback::new(to_page);
                view! { <Pager page total at_least page_size=PAGE_SIZE to_page noun="record" /> }
            }}
        </div>
    }
}

/// Ticks every row of the page in view; those of other pages stay as they are.
#[component]
fn TickPage(
    state: RecordsState,
    list: RowList,
    /// Whether nothing beside it says what it is.
    #[prop(optional)]
    named: bool,
) -> impl IntoView {
    let all_ticked = move || {
        let ids = list.page_ids();
        state.all_ticked.get()
            || (!ids.is_empty() && state.ticked.with(|ticked| ids.iter().all(|id| ticked.contains(id))))
    };
    let tick_all = move |on: bool| {
        let ids = untrack(|| list.page_ids());
        state.all_ticked.set(false);
        state.ticked.update(|ticked| if on { ticked.extend(ids) } else { ticked.retain(|id| !ids.contains(id)) });
    };
    view! {
        <input
            type="checkbox"
            aria-label=named.then_some("Tick all records of this page")
            prop:checked=all_ticked
            on:change:target=move |ev| tick_all(ev.target().checked())
        />
    }
}

#[component]
fn Row(state: RecordsState, list: RowList, index: i64) -> impl IntoView {
    let row = memo(move || list.row(index));
    // A row that leaves the view may be told of a change once more when its owner is gone.
    let id = move || row.try_with(|row| row.as_ref().map(|row| row.id)).flatten();
    let is_open = move || id().is_some_and(|id| state.record.get() == Some(id));
    view! {
        <tr class="record-row" class:record-row--open=is_open aria-rowindex=(index + 2).to_string()>
            {move || match row.try_get().flatten() {
                Some(row) => cells(state, row).into_any(),
                None => {
                    view! { <td class="muted" aria-label="Loading">"…"</td> }.into_any()
                }
            }}
        </tr>
    }
}

fn cells(state: RecordsState, row: RecordRow) -> impl IntoView {
    let id = row.id;
    let is_open = move || state.record.get() == Some(id);
    let is_ticked = move || state.all_ticked.get() || state.ticked.with(|ticked| ticked.contains(&id));
    let tick = move |on: bool| {
        // One taken out of everything that matches: what is left can only be named one by one.
        state.all_ticked.set(false);
        state.ticked.update(|ticked| {
            if on {
                ticked.insert(id)
            } else {
                ticked.remove(&id)
            };
        });
    };
    let line = row.line.map_or_else(|| "–".to_owned(), format::count);
    let preview = if row.preview.trim().is_empty() { "(no text)".to_owned() } else { row.preview };
    let origin = row.topic.as_ref().and_then(|_| label_origin(row.topic_method, row.topic_confidence));
    // A clock for each row is only worth it where it is seen.
    let is_dated = state.columns.with(|columns| columns.contains(&Column::Changed));
    let changed = is_dated.then(|| view! { <When at=row.updated_at /> });
    let generated = row.is_generated.then(|| view! { <span class="muted small">" generated"</span> });
    view! {
        <td class="records-table__tick">
            <input
                type="checkbox"
                aria-label=format!("Tick record {id}")
                prop:checked=is_ticked
                on:change:target=move |ev| tick(ev.target().checked())
            />
        </td>
        <td data-label="Line" class="number muted col-line" title=format!("record {id}")>
            {line}
        </td>
        <td data-label="File" class="col-source one-line-cell">{row.file_name.map(|text| view! { <UserText text /> })}</td>
        <td data-label="Last user message" class="records-table__preview">
            <button
                type="button"
                class="record-row__open"
                id=row_id(id)
                aria-expanded=move || is_open().to_string()
                on:click=move |_| state.leave(Leaving::Record(Some(id)))
            >
                <bdi>{visible(&preview).into_owned()}</bdi>
            </button>
        </td>
        <td data-label="Messages" class="number col-messages one-line-cell">
            {format::count(row.message_count)}
            {(!row.has_output).then(|| view! { <span class="muted small">" no answer"</span> })}
            {generated}
        </td>
        <td data-label="Topic" class="records-table__topic col-topic">
            {match row.topic {
                Some(topic) => view! { <UserText text=topic class="one-line" /> }.into_any(),
                None => view! { <span class="muted">"–"</span> }.into_any(),
            }}
            <span class="muted small one-line">{origin}</span>
            {row.needs_review.then(|| view! { <span class="status status--attention small">"! to review"</span> })}
        </td>
        <td data-label="Score" class="number col-score">{row.score.map_or_else(|| "–".to_owned(), score)}</td>
        <td data-label="Status" class="records-table__status col-status">
            <StatusWords validation=row.validation one_line=true />
        </td>
        <td data-label="Changed" class="col-changed muted">{changed}</td>
    }
}

/// Where a label comes from: how sure a machine was, or that a person or the imported file said so.
pub fn label_origin(method: Option<CategorizationMethod>, confidence: Option<f64>) -> Option<String> {
    match (method, confidence) {
        (Some(CategorizationMethod::Manual), _) => Some("by hand".to_owned()),
        (Some(CategorizationMethod::File), _) => Some("from the file".to_owned()),
        (Some(CategorizationMethod::ManualOrFile), _) => Some("by hand or from the file".to_owned()),
        (Some(method), Some(confidence)) => Some(format!("by {}, {:.0}% sure", method.as_str(), confidence * 100.0)),
        (None, confidence) => confidence.map(|confidence| format!("{:.0}% sure", confidence * 100.0)),
        (Some(method), None) => Some(format!("by {}", method.as_str())),
    }
}

/// A record's status with the reasons.
#[component]
pub fn StatusWords(
    /// What validation says.
    validation: anneal_server::types::validation::RecordValidationStatus,
    /// Each reason on one line, cut where it is long: the whole is in the reading pane, and on hover.
    #[prop(optional)]
    one_line: bool,
) -> impl IntoView {
    let (icon, word, class) = match validation.status {
        RecordStatus::Valid => ("✓ ", "valid", "status status--good"),
        RecordStatus::Invalid => ("✕ ", "invalid", "status status--bad"),
        RecordStatus::Duplicate => ("= ", "duplicate", "status status--attention"),
        RecordStatus::Pending => ("… ", "not checked yet", "status"),
    };
    let labels = validation.errors.iter().map(|error| error.label()).collect::<Vec<_>>().join(", ");
    let kept = validation.duplicate_of.map(|id| format!("kept: record {id}"));
    let labels = Some(labels).filter(|labels| !labels.is_empty());
    let reason = move |text: Option<String>, class: &'static str, one_line_class: &'static str| {
        text.map(|text| view! { <UserText text class=if one_line { one_line_class } else { class } /> })
    };
    view! {
        <span class=class>
            <span aria-hidden="true">{icon}</span>
            {word}
        </span>
        {reason(labels, "small reasons", "small reasons one-line")}
        {reason(validation.details, "muted small reasons", "muted small reasons one-line")}
        {reason(kept, "muted small reasons", "muted small reasons one-line")}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_and_a_file_are_not_a_hundred_percent_sure() {
        for (method, confidence, expected) in [
            (Some(CategorizationMethod::Manual), Some(1.0), Some("by hand")),
            (Some(CategorizationMethod::File), Some(1.0), Some("from the file")),
            (Some(CategorizationMethod::ManualOrFile), Some(1.0), Some("by hand or from the file")),
            (Some(CategorizationMethod::Keyword), Some(0.756), Some("by keyword, 76% sure")),
            (Some(CategorizationMethod::Keyword), None, Some("by keyword")),
            (None, None, None),
        ] {
            assert_eq!(label_origin(method, confidence).as_deref(), expected);
        }
    }
}
