//! Two versions of a grader, line by line.

use anneal_server::format;
use anneal_server::types::grader::{DiffHunk, DiffLine, GraderDiff, LineChange};
use leptos::prelude::*;

use crate::ui::visible;

/// The changes with the lines around them. Colour, sign and (for screen readers) a word say what happened to a line.
#[component]
pub fn GraderDiffView(diff: GraderDiff) -> impl IntoView {
    let title = format!("From version {} to version {}", diff.from, diff.to);
    let label = format!("Changes: {title}");
    let summary = summary_of(&diff);
    let notes = notes_of(&diff);
    let has_changes = !diff.hunks.is_empty();
    view! {
        <div class="diff">
            <p class="diff__head" role="status">
                <strong>{title}</strong>
                <span class="muted">{summary}</span>
            </p>
            {notes.map(|notes| view! { <p class="note note--attention">{notes}</p> })}
            {has_changes
                .then(|| {
                    view! {
                        // Scrolls, so that it must be reachable by keyboard.
                        <div class="diff__scroll" tabindex="0" role="region" aria-label=label>
                            <table class="diff__table">
                                <thead class="visually-hidden">
                                    <tr>
                                        <th scope="col">"Old line"</th>
                                        <th scope="col">"New line"</th>
                                        <th scope="col">"Change"</th>
                                        <th scope="col">"Text"</th>
                                    </tr>
                                </thead>
                                {diff.hunks.into_iter().map(hunk).collect_view()}
                            </table>
                        </div>
                    }
                })}
        </div>
    }
}

fn summary_of(diff: &GraderDiff) -> String {
    let lines = |count: usize| format::counted(i64::try_from(count).unwrap_or(i64::MAX), "line");
    if diff.from == diff.to {
        return ": that is one and the same version.".to_owned();
    }
    match (diff.added, diff.removed) {
        (0, 0) => ": nothing changed.".to_owned(),
        (added, removed) => format!(": {} added, {} removed.", lines(added), lines(removed)),
    }
}

fn notes_of(diff: &GraderDiff) -> Option<String> {
    let mut notes = Vec::new();
    if diff.left_out > 0 {
        let left_out = i64::try_from(diff.left_out).unwrap_or(i64::MAX);
        notes.push(format!("Another {} not shown.", format::counted(left_out, "changed line")));
    }
    if diff.is_rough {
        notes.push("The texts are so different that more lines count as changed than had to.".to_owned());
    }
    (!notes.is_empty()).then(|| notes.join(" "))
}

/// A run of changes; a line of dots stands between two.
fn hunk(hunk: DiffHunk) -> impl IntoView {
    let (mut old, mut new) = (hunk.from_line, hunk.to_line);
    let rows = hunk
        .lines
        .into_iter()
        .map(|line| {
            let numbers = match line.change {
                LineChange::Same => (Some(old), Some(new)),
                LineChange::Removed => (Some(old), None),
                LineChange::Added => (None, Some(new)),
            };
            old += usize::from(numbers.0.is_some());
            new += usize::from(numbers.1.is_some());
            row(line, numbers)
        })
        .collect_view();
    view! { <tbody class="diff__hunk">{rows}</tbody> }
}

fn row(line: DiffLine, (old, new): (Option<usize>, Option<usize>)) -> impl IntoView {
    let (class, sign, word) = match line.change {
        LineChange::Same => ("diff__line", "", "same"),
        LineChange::Added => ("diff__line diff__line--added", "+", "added"),
        LineChange::Removed => ("diff__line diff__line--removed", "−", "removed"),
    };
    view! {
        <tr class=class>
            <td class="diff__number">{old}</td>
            <td class="diff__number">{new}</td>
            <td class="diff__sign">
                <span aria-hidden="true">{sign}</span>
                <span class="visually-hidden">{word}</span>
            </td>
            <td class="diff__text">{visible(&line.text)}</td>
        </tr>
    }
}
