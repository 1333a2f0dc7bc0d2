//! Which columns the list shows: chosen per browser (a cookie, so that the server draws them too), and in the URL.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::records_overlay::RecordsState;
use crate::server_only;
use crate::ui::{Icon, IconName};

/// A column that can be left out. (The tick and the text always stand.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The line in its file.
    Line,
    /// Its file.
    Source,
    /// Messages of the prompt.
    Messages,
    /// Its topic.
    Topic,
    /// Its score in the newest dry run.
    Score,
    /// What validation says.
    Status,
    /// When it was last edited, or stored.
    Changed,
}

impl Column {
    /// Every one, in the order of the table, with its key and its heading.
    pub const ALL: [(Self, &'static str, &'static str); 7] = [
        (Self::Line, "line", "Line"),
        (Self::Source, "source", "File"),
        (Self::Messages, "messages", "Messages"),
        (Self::Topic, "topic", "Topic"),
        (Self::Score, "score", "Score"),
        (Self::Status, "status", "Status"),
        (Self::Changed, "changed", "Changed"),
    ];

    const DEFAULT: [Self; 4] = [Self::Line, Self::Messages, Self::Topic, Self::Status];

    fn key(self) -> &'static str {
        Self::ALL.into_iter().find(|(column, ..)| *column == self).map_or("", |(_, key, _)| key)
    }
}

/// The URL's parameter and the cookie.
const COLUMNS: &str = "cols";
const COOKIE: &str = "record_columns";

/// The columns chosen: by the URL, else by what this browser chose last, else the usual ones.
pub fn chosen_columns(other: &[(String, String)]) -> Vec<Column> {
    let of_url = other.iter().rev().find(|(key, _)| key == COLUMNS).map(|(_, value)| value.clone());
    of_url.or_else(|| server_only::cookie(COOKIE)).map_or_else(|| Column::DEFAULT.to_vec(), |words| parse(&words))
}

fn parse(words: &str) -> Vec<Column> {
    let keys: Vec<&str> = words.split('.').collect();
    let named = Column::ALL.into_iter().filter(|(_, key, _)| keys.contains(key));
    named.map(|(column, ..)| column).collect()
}

fn words(columns: &[Column]) -> String {
    let keys: Vec<&str> = columns.iter().map(|column| column.key()).collect();
    // A cookie and a parameter say "none" by a word, too.
    if keys.is_empty() { "none".to_owned() } else { keys.join(".") }
}

/// The table's classes: one for each column that is left out.
pub fn hidden_classes(columns: &[Column]) -> String {
    let hidden = Column::ALL.into_iter().filter(|(column, ..)| !columns.contains(column));
    hidden.flat_map(|(_, key, _)| [" hide-", key]).collect()
}

/// The choice, unfolded by its button.
#[component]
pub fn ColumnChoice(state: RecordsState) -> impl IntoView {
    let toggle = move |column: Column, on: bool| {
        let chosen = state.columns.get_untracked();
        let kept = |one: &Column| if *one == column { on } else { chosen.contains(one) };
        let columns: Vec<Column> = Column::ALL.into_iter().map(|(one, ..)| one).filter(kept).collect();
        let words = words(&columns);
        if let Ok(document) = document().dyn_into::<web_sys::HtmlDocument>() {
            let _ = document.set_cookie(&format!("{COOKIE}={words}; path=/; max-age=31536000; samesite=lax"));
        }
        state.process.replace_url(|query| {
            query.other.retain(|(key, _)| key != COLUMNS);
            query.other.push((COLUMNS.to_owned(), words));
        });
    };
    let choice = move |(column, _, name): (Column, &'static str, &'static str)| {
        let is_on = move || state.columns.with(|columns| columns.contains(&column));
        view! {
            <li>
                <label class="check menu__item">
                    <input type="checkbox" checked=untrack(is_on) prop:checked=is_on on:change:target=move |event| toggle(column, event.target().checked()) />
                    {name}
                </label>
            </li>
        }
    };
    view! {
        <details class="menu columns-menu">
            <summary class="button button--secondary button--small menu__button">"Columns" <Icon name=IconName::ChevronDown /></summary>
            <ul class="menu__list" aria-label="Columns of the list">{Column::ALL.map(choice).collect_view()}</ul>
        </details>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_survives_its_words() {
        for columns in [vec![], vec![Column::Score], Column::DEFAULT.to_vec()] {
            assert_eq!(parse(&words(&columns)), columns);
        }
        assert_eq!(parse("changed.line.nonsense"), [Column::Line, Column::Changed], "in the table's order");
        assert_eq!(
            hidden_classes(&[Column::Line, Column::Topic, Column::Status]),
            " hide-source hide-messages hide-score hide-changed"
        );
        let of_url = [("cols".to_owned(), "score".to_owned())];
        assert_eq!(chosen_columns(&of_url), [Column::Score]);
    }
}
