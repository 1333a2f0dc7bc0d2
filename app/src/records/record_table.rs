//! A page of records: ticks, preview, topic, status. A table where it is wide, cards where it is narrow.

use anneal_server::format;
use anneal_server::types::dataset::{RecordPage, RecordRow};
use anneal_server::types::topics::CategorizationMethod;
use anneal_server::types::validation::RecordStatus;
use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::pager::Pager;
use super::records_overlay::{Leaving, PAGE_SIZE, RecordsState};
use crate::ui::{ErrorView, UserText, visible};

/// The rows the URL selects, with their pager. `j`, `k` and the arrows move between rows, Enter opens.
#[component]
pub fn RecordTable(state: RecordsState) -> impl IntoView {
    let body = NodeRef::<html::Div>::new();
    // On the window, because a dialog that has just opened has its focus elsewhere.
    Effect::new(move |_| {
        let handle = window_event_listener(leptos::ev::keydown, move |ev| {
            if let (Some(body), Some(forward)) = (body.get_untracked(), row_direction(&ev)) {
                ev.prevent_default();
                move_row(&body, forward);
            }
        });
        on_cleanup(move || handle.remove());
    });
    let to_page = Callback::new(move |page: i64| {
        let filter = state.filter.get();
        state.process.url_with(|query| {
            query.records = Some((filter, page));
            query.record = None;
        })
    });
    view! {
        <div class="records__rows" node_ref=body>
            <Transition fallback=|| view! { <p class="muted records__empty" role="status">"Loading records…"</p> }>
                {move || Suspend::new(async move {
                    let rows = state.rows.await;
                    state.total.set(rows.as_ref().map_or(0, |page| page.total));
                    match rows {
                        Err(error) => {
                            view! { <ErrorView error retry=Callback::new(move |()| state.rows.refetch()) /> }.into_any()
                        }
                        Ok(page) if page.rows.is_empty() => view! { <NoRows state page /> }.into_any(),
                        Ok(page) => {
                            let (number, total, at_least) = (page.page, page.total, page.at_least);
                            view! {
                                <Rows state rows=page.rows />
                                <Pager page=number total at_least page_size=PAGE_SIZE to_page noun="record" />
                            }
                                .into_any()
                        }
                    }
                })}
            </Transition>
        </div>
    }
}

/// Whether a key asks for the next row (`true`) or the one before; `None` where it is typed into a field,
/// scrolls the reading pane or belongs to something else.
fn row_direction(ev: &KeyboardEvent) -> Option<bool> {
    if ev.default_prevented() || ev.ctrl_key() || ev.meta_key() || ev.alt_key() {
        return None;
    }
    let target = ev.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let is_in =
        |selector: &str| target.as_ref().is_some_and(|target| target.closest(selector).ok().flatten().is_some());
    if is_in(".filters__search") {
        // A search field takes letters, but has no use for the arrows.
        return matches!(ev.key().as_str(), "ArrowDown").then_some(true);
    }
    if is_in("input:not([type=checkbox]), textarea, select, [role=tablist], .dialog--small") {
        return None;
    }
    match ev.key().as_str() {
        "j" => Some(true),
        "k" => Some(false),
        "ArrowDown" if !is_in(".records__pane") => Some(true),
        "ArrowUp" if !is_in(".records__pane") => Some(false),
        _ => None,
    }
}

/// Moves the focus to the next or previous row's button; to the first one if none has it.
fn move_row(body: &web_sys::HtmlElement, forward: bool) {
    let Ok(rows) = body.query_selector_all(".record-row__open") else { return };
    let active = document().active_element();
    let row_of = |element: &web_sys::Element| element.closest("tr").ok().flatten();
    let active_row = active.as_ref().and_then(row_of);
    let at = |index: u32| rows.get(index).and_then(|node| node.dyn_into::<web_sys::HtmlElement>().ok());
    let current = (0..rows.length())
        .find(|index| at(*index).and_then(|button| row_of(&button)) == active_row && active_row.is_some());
    let next = match (current, forward) {
        (None, _) => 0,
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

#[component]
fn NoRows(state: RecordsState, page: RecordPage) -> impl IntoView {
    let message = if page.total > 0 {
        format!("This page is beyond the last one; {} match.", format::counted(page.total, "record"))
    } else {
        "No record matches.".to_owned()
    };
    let first = move || {
        let filter = state.filter.get();
        state.process.url_with(|query| query.records = Some((filter, 1)))
    };
    view! {
        <p class="muted records__empty" role="status">
            {message} " " {(page.total > 0).then(|| view! { <a href=first>"Go to the first page"</a> })}
        </p>
    }
}

#[component]
fn Rows(state: RecordsState, rows: Vec<RecordRow>) -> impl IntoView {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let ids = StoredValue::new(ids);
    let all_ticked = move || ids.with_value(|ids| state.ticked.with(|ticked| ids.iter().all(|id| ticked.contains(id))));
    let tick_all = move |on: bool| {
        // Those of other pages stay as they are.
        state.ticked.update(|ticked| {
            ids.with_value(|ids| if on { ticked.extend(ids) } else { ticked.retain(|id| !ids.contains(id)) });
        });
    };
    view! {
        <table class="table table--cards records-table">
            <caption class="visually-hidden">"Records"</caption>
            <thead>
                <tr>
                    <th scope="col" class="records-table__tick">
                        <input
                            type="checkbox"
                            aria-label="Tick all records of this page"
                            prop:checked=all_ticked
                            on:change:target=move |ev| tick_all(ev.target().checked())
                        />
                    </th>
                    <th scope="col" class="number">"Line"</th>
                    <th scope="col">"Last user message"</th>
                    <th scope="col" class="number">"Messages"</th>
                    <th scope="col">"Topic"</th>
                    <th scope="col">"Status"</th>
                </tr>
            </thead>
            <tbody>{rows.into_iter().map(|row| view! { <Row state row /> }).collect_view()}</tbody>
        </table>
    }
}

#[component]
fn Row(state: RecordsState, row: RecordRow) -> impl IntoView {
    let id = row.id;
    let is_open = move || state.record.get() == Some(id);
    let is_ticked = move || state.ticked.with(|ticked| ticked.contains(&id));
    let tick = move |on: bool| {
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
    view! {
        <tr class="record-row" class:record-row--open=is_open>
            <td class="records-table__tick">
                <input
                    type="checkbox"
                    aria-label=format!("Tick record {id}")
                    prop:checked=is_ticked
                    on:change:target=move |ev| tick(ev.target().checked())
                />
            </td>
            <td data-label="Line" class="number muted" title=format!("record {id}")>
                {line}
            </td>
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
            <td data-label="Messages" class="number">
                {format::count(row.message_count)}
                {(!row.has_output).then(|| view! { <span class="muted small">" no answer"</span> })}
            </td>
            <td data-label="Topic" class="records-table__topic">
                {match row.topic {
                    Some(topic) => view! { <UserText text=topic class="clamp" /> }.into_any(),
                    None => view! { <span class="muted">"–"</span> }.into_any(),
                }}
                <span class="muted small">{origin}</span>
                {row.needs_review.then(|| view! { <span class="status status--attention small">"! to review"</span> })}
            </td>
            <td data-label="Status" class="records-table__status">
                <StatusWords validation=row.validation one_line=true />
            </td>
        </tr>
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
