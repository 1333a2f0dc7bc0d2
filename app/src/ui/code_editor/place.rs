//! The line an error names, with a caret under the place.

use crate::ui::memo;
use leptos::prelude::*;

/// Characters of a long line that are shown on either side of the place.
const AROUND: usize = 40;

/// Shows the line of `text` that `error` names ("line 3, column 14"), as the text was when the error came;
/// nothing where it names none. The words are the error's; this is for the eye alone.
#[component]
pub fn CodePlace(
    /// What the error is about.
    text: RwSignal<String>,
    /// The error's message.
    #[prop(into)]
    error: Signal<Option<String>>,
) -> impl IntoView {
    let shown = memo(move || {
        let (line, column) = place_in(&error.get()?)?;
        text.with_untracked(|text| with_caret(text, line, column?))
    });
    // No <pre>: HTML drops the line break it may begin with, and the browser then misses it.
    view! { {move || shown.get().map(|shown| view! { <div class="code-place" aria-hidden="true">{shown}</div> })} }
}

/// The line and column that a message names: "Line 3, column 14: ..." or "... at line 3 column 14".
pub fn place_in(message: &str) -> Option<(u32, Option<u32>)> {
    let message = message.to_lowercase();
    let number_after = |word: &str| {
        let (_, after) = message.split_once(word)?;
        after.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
    };
    Some((number_after("line ")?, number_after("column ")))
}

/// The line (from 1) and below it a caret under the column (from 1), cut to what is around it.
fn with_caret(text: &str, line: u32, column: u32) -> Option<String> {
    let line: Vec<char> = text.split('\n').nth(usize::try_from(line).ok()?.checked_sub(1)?)?.chars().collect();
    let at = usize::try_from(column).ok()?.checked_sub(1)?.min(line.len());
    let (from, to) = (at.saturating_sub(AROUND), (at + AROUND).min(line.len()));
    let piece = |from: usize, to: usize| -> String {
        line.iter().skip(from).take(to - from).map(|c| if c.is_control() { ' ' } else { *c }).collect()
    };
    let (before, after) = (if from > 0 { "…" } else { "" }, if to < line.len() { "…" } else { "" });
    let indent = " ".repeat(before.chars().count() + at - from);
    Some(format!("{before}{}{after}\n{indent}^", piece(from, to)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_an_error_is_found() {
        for (message, expected) in [
            ("Line 12, column 3: the script does not compile.", Some((12, Some(3)))),
            ("This is not JSON: expected value at line 4 column 17.", Some((4, Some(17)))),
            ("the script threw at line 4: no", Some((4, None))),
            ("No grade function", None),
            ("the line says nothing", None),
        ] {
            assert_eq!(place_in(message), expected, "{message}");
        }
    }

    #[test]
    fn the_caret_stands_under_the_place() {
        assert_eq!(with_caret("a\nreturn ; )\nc", 2, 10).as_deref(), Some("return ; )\n         ^"));
        assert_eq!(with_caret("\tx", 1, 2).as_deref(), Some(" x\n ^"), "a tab is one column");
        assert_eq!(with_caret("ab", 1, 9).as_deref(), Some("ab\n  ^"), "beyond the end");
        assert_eq!(with_caret("ab", 2, 1), None);
        assert_eq!(with_caret("ab", 1, 0), None);
        let long = with_caret(&"x".repeat(500), 1, 250).unwrap();
        assert_eq!(long.lines().map(|line| line.chars().count()).collect::<Vec<_>>(), [82, 42]);
    }
}
