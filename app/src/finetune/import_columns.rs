//! What each column of a CSV file is, in the preview of an import.

use anneal_server::types::import::{CsvField, CsvMapping};
use leptos::prelude::*;

use super::import_flow::{ImportFlow, Seen};
use crate::ui::{Select, memo};

/// What the columns of a CSV file are, to be corrected.
#[component]
pub fn Columns(
    /// What it belongs to.
    flow: ImportFlow,
    /// The file's.
    token: StoredValue<String>,
    /// The file.
    seen: Memo<Option<Seen>>,
) -> impl IntoView {
    let csv = move |seen: &Option<Seen>| seen.as_ref().and_then(|seen| seen.file.preview.csv.clone());
    let problem = memo(move || seen.with(csv).and_then(|csv| csv.mapping_problem));
    // Drawn anew only where other columns come, so that a choice keeps its focus.
    let table = memo(move || seen.with(csv).map(|csv| (csv.header, csv.rows)).unwrap_or_default());
    let no_header = memo(move || seen.with(|seen| seen.as_ref().is_some_and(has_no_header)));
    let unnamed = move |no_header: bool| {
        let mapping = no_header.then(|| CsvMapping { no_header, ..CsvMapping::default() });
        token.with_value(|token| flow.map(token, mapping));
    };
    view! {
        <h4>"Columns"</h4>
        <label class="check">
            <input type="checkbox" prop:checked=no_header on:change:target=move |ev| unnamed(ev.target().checked())/>
            "The first row is data already, and does not name the columns"
        </label>
        {move || problem.get().map(|problem| view! { <p role="alert" class="import-preview__error">{problem}</p> })}
        <table class="table table--cards import-preview__columns">
            <thead><tr><th scope="col">"Column"</th><th scope="col">"Is"</th><th scope="col">"Such as"</th></tr></thead>
            <tbody>{move || {
                let (header, rows) = table.get();
                let row = |(index, column)| column_row(flow, token, seen, column, &rows, index);
                header.into_iter().enumerate().map(row).collect_view()
            }}</tbody>
        </table>
    }
}

/// One column: what it is, and its first cells.
fn column_row(
    flow: ImportFlow,
    token: StoredValue<String>,
    seen: Memo<Option<Seen>>,
    column: String,
    rows: &[Vec<String>],
    index: usize,
) -> impl IntoView + use<> {
    let cells = rows.iter().filter_map(|row| row.get(index)).filter(|cell| !cell.is_empty());
    let example = cells.take(2).cloned().collect::<Vec<_>>().join(" · ");
    let mapping = move || seen.with(|seen| seen.as_ref().map(mapping_of).unwrap_or_default());
    let (named, set) = (column.clone(), column.clone());
    let chosen = Signal::derive(move || mapping().field(&named).as_str().to_owned());
    let on_choose = Callback::new(move |word: String| {
        if let Some(field) = CsvField::parse(&word) {
            let mapping = with_column(untrack(mapping), &set, field);
            token.with_value(|token| flow.map(token, Some(mapping)));
        }
    });
    view! {
        <tr>
            <th scope="row" data-label="Column">{column.clone()}</th>
            <td data-label="Is"><Select label=format!("What “{column}” is") options=Signal::stored(fields()) chosen on_choose/></td>
            <td data-label="Such as" class="import-preview__cell">{example}</td>
        </tr>
    }
}

fn fields() -> Vec<(String, String)> {
    CsvField::ALL.into_iter().map(|field| (field.as_str().to_owned(), field.label().to_owned())).collect()
}

/// Whether the first row is said to be data.
fn has_no_header(seen: &Seen) -> bool {
    let mapping = seen.mapping.as_ref().or_else(|| seen.file.preview.csv.as_ref().map(|csv| &csv.mapping));
    mapping.is_some_and(|mapping| mapping.no_header)
}

/// As it was asked for, else (and where only its header was spoken of) as it was guessed.
fn mapping_of(seen: &Seen) -> CsvMapping {
    let guessed = || seen.file.preview.csv.as_ref().map(|csv| csv.mapping.clone());
    let asked = seen.mapping.clone().filter(|mapping| !(mapping.no_header && mapping.columns.is_empty()));
    asked.or_else(guessed).or_else(|| seen.mapping.clone()).unwrap_or_default()
}

/// A mapping with another field for one column; one that may stand only once leaves the column that had it.
fn with_column(mut mapping: CsvMapping, column: &str, field: CsvField) -> CsvMapping {
    if !field.may_repeat() {
        mapping.columns.retain(|_, other| *other != field);
    }
    mapping.columns.insert(column.to_owned(), field);
    mapping
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_stand_once_leaves_its_former_column() {
        let mapping = CsvMapping { columns: [("a".to_owned(), CsvField::Prompt)].into(), no_header: false };
        let mapping = with_column(mapping, "b", CsvField::Prompt);
        assert_eq!((mapping.field("a"), mapping.field("b")), (CsvField::Item, CsvField::Prompt));
        let mapping = with_column(mapping, "a", CsvField::Item);
        assert_eq!(mapping.field("b"), CsvField::Prompt);
    }
}
