//! A plain editor for scripts and JSON: monospaced, line numbers, Tab indents, one line marked as wrong.

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;

/// What Tab inserts.
const INDENT: &str = "  ";

/// A text area with line numbers. Tab indents; Esc, then Tab leaves it (said in its description), so
/// that the keyboard is not trapped. Without JavaScript it is a plain text area named `name`.
#[component]
pub fn CodeEditor(
    /// Unique on the page.
    id: &'static str,
    /// The text; written as the user types.
    value: RwSignal<String>,
    /// Its accessible name.
    #[prop(into)]
    label: Signal<String>,
    /// The form field's name.
    #[prop(optional, into)]
    name: Option<&'static str>,
    /// The 1-based line that is wrong.
    #[prop(optional, into)]
    error_line: Signal<Option<u32>>,
    /// Cannot be changed now.
    #[prop(optional, into)]
    readonly: Signal<bool>,
    /// Visible lines.
    #[prop(default = 16)]
    rows: u32,
) -> impl IntoView {
    let area = NodeRef::<html::Textarea>::new();
    let gutter = NodeRef::<html::Div>::new();
    let escaped = StoredValue::new(false);
    let line_count = Memo::new(move |_| value.with(|text| text.split('\n').count()));
    let on_key = move |event: KeyboardEvent| match event.key().as_str() {
        "Escape" => {
            // The first Esc frees Tab, the second one closes what is around.
            if !escaped.get_value() {
                event.stop_propagation();
                event.prevent_default();
            }
            escaped.set_value(true);
        }
        "Tab" if !escaped.get_value() && !readonly.get_untracked() => {
            event.prevent_default();
            if let Some(area) = area.get_untracked() {
                indent(&area, event.shift_key());
                value.set(area.value());
            }
        }
        "Shift" => {}
        _ => escaped.set_value(false),
    };
    let on_scroll = move |_| {
        if let (Some(area), Some(gutter)) = (area.get_untracked(), gutter.get_untracked()) {
            gutter.set_scroll_top(area.scroll_top());
        }
    };
    let lines = move || {
        (1..=line_count.get())
            .map(|line| {
                let is_wrong = move || error_line.get().is_some_and(|wrong| usize::try_from(wrong) == Ok(line));
                view! { <span class="code-editor__line" class:code-editor__line--wrong=is_wrong>{line}</span> }
            })
            .collect_view()
    };
    view! {
        <div class="code-editor">
            <div class="code-editor__gutter" node_ref=gutter aria-hidden="true">{lines}</div>
            <textarea
                node_ref=area
                class="code-editor__text"
                id=id
                name=name
                rows=rows
                wrap="off"
                spellcheck="false"
                autocomplete="off"
                autocapitalize="off"
                aria-label=move || label.get()
                aria-describedby=format!("{id}-keys {id}-hint {id}-error")
                readonly=move || readonly.get()
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
                on:keydown=on_key
                on:scroll=on_scroll
            >
                {value.get_untracked()}
            </textarea>
            <span class="visually-hidden" id=format!("{id}-keys")>"Tab indents. Press Escape, then Tab, to leave the editor."</span>
        </div>
    }
}

/// Inserts or removes one indent at the cursor, or before every line of the selection.
fn indent(area: &web_sys::HtmlTextAreaElement, outward: bool) {
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
