//! Links to the pages of a list that the server pages.

use anneal_server::format;
use leptos::prelude::*;

/// "1 to 50 of 1,042 records", previous, next, first and last.
#[component]
pub fn Pager(
    /// The page shown, from 1.
    page: i64,
    /// All rows.
    total: i64,
    /// Whether there are more, which were not counted.
    at_least: bool,
    /// Rows on a page.
    page_size: i64,
    /// The URL of a page.
    to_page: Callback<i64, String>,
    /// What a row is: "record".
    noun: &'static str,
) -> impl IntoView {
    let last = last_page(total, page_size);
    let from = ((page - 1) * page_size + 1).min(total);
    let to = (page * page_size).min(total);
    let link = move |target: i64, words: &'static str, enabled: bool| {
        if enabled {
            view! {
                <a class="button button--secondary button--small" href=untrack(|| to_page.run(target)) data-noscroll="">
                    {words}
                </a>
            }
            .into_any()
        } else {
            view! { <span class="button button--secondary button--small button--off" aria-hidden="true">{words}</span> }
                .into_any()
        }
    };
    view! {
        <nav class="pager" aria-label="Pages">
            <span class="muted" role="status">
                {format!(
                    "{} to {} of {}{}",
                    format::count(from),
                    format::count(to),
                    if at_least { "more than " } else { "" },
                    format::counted(total, noun),
                )}
            </span>
            <span class="pager__links">
                {link(1, "First", page > 1)} {link(page - 1, "Previous", page > 1)} {link(page + 1, "Next", page < last)}
                {link(last, "Last", page < last)}
            </span>
        </nav>
    }
}

/// At least 1.
fn last_page(total: i64, page_size: i64) -> i64 {
    ((total.max(0) + page_size - 1) / page_size).max(1)
}

#[cfg(test)]
mod tests {
    use super::last_page;

    #[test]
    fn the_last_page_holds_the_rest() {
        for (total, expected) in [(0, 1), (1, 1), (50, 1), (51, 2), (100, 2), (1_000_000, 20_000)] {
            assert_eq!(last_page(total, 50), expected, "{total}");
        }
    }
}
