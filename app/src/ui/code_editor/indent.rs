//! What Tab and Shift+Tab do to a text.

/// What Tab inserts.
const INDENT: &str = "  ";

/// Inserts or removes one indent at the cursor, or before every line of the selection.
pub fn indent(area: &web_sys::HtmlTextAreaElement, outward: bool) {
    let text: Vec<u16> = area.value().encode_utf16().collect();
    let position =
        |found: Result<Option<u32>, _>| found.ok().flatten().and_then(|at| usize::try_from(at).ok()).unwrap_or(0);
    let (start, end) = (position(area.selection_start()), position(area.selection_end()));
    let split = |from: usize, to: usize| String::from_utf16_lossy(text.get(from..to).unwrap_or_default());
    let (before, selected, after) = (split(0, start), split(start, end), split(end, text.len()));
    let (replaced, cursor_start, cursor_end) = indented(&before, &selected, &after, outward);
    area.set_value(&replaced);
    let _ = area.set_selection_range(cursor_start, cursor_end);
}

/// The text and the selection (in UTF-16 units) after Tab (or Shift+Tab: `outward`).
fn indented(before: &str, selected: &str, after: &str, outward: bool) -> (String, u32, u32) {
    let units = |text: &str| u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX);
    if !outward && !selected.contains('\n') {
        let cursor = units(before) + units(INDENT);
        return (format!("{before}{INDENT}{after}"), cursor, cursor);
    }
    // Whole lines: from the start of the first one.
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let (kept, first) = before.split_at(line_start);
    let block = format!("{first}{selected}");
    let changed: Vec<String> = block
        .split('\n')
        .map(
            |line| {
                if outward { line.strip_prefix(INDENT).unwrap_or(line).to_owned() } else { format!("{INDENT}{line}") }
            },
        )
        .collect();
    let changed = changed.join("\n");
    let (start, end) = (units(kept), units(kept) + units(&changed));
    if selected.is_empty() {
        return (format!("{kept}{changed}{after}"), end, end);
    }
    (format!("{kept}{changed}{after}"), start, end)
}

#[cfg(test)]
mod tests {
    use super::indented;

    #[test]
    fn tab_indents_the_cursor_or_the_lines() {
        let cases = [
            (("ab", "", "c", false), ("ab  c", 4, 4)),
            (("ab", "x", "c", false), ("ab  c", 4, 4)),
            (("a\nb", "c\nd", "e", false), ("a\n  bc\n  de", 2, 10)),
            (("a\n  b", "c\n  d", "", true), ("a\nbc\nd", 2, 6)),
            (("  ab", "", "c", true), ("abc", 2, 2)),
            (("ab", "", "c", true), ("abc", 2, 2)),
            // A character outside the basic plane is two UTF-16 units.
            (("😀", "", "", false), ("😀  ", 4, 4)),
        ];
        for ((before, selected, after, outward), (text, start, end)) in cases {
            assert_eq!(
                indented(before, selected, after, outward),
                (text.to_owned(), start, end),
                "{before:?} {selected:?}"
            );
        }
    }
}
