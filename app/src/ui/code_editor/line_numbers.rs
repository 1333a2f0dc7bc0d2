//! The numbers beside the plain text area.

use leptos::prelude::*;

use super::Problem;
use crate::ui::memo;

/// A number per line; those of the problems' lines are marked.
#[component]
pub fn LineNumbers(value: RwSignal<String>, problems: Signal<Vec<Problem>>) -> impl IntoView {
    let line_count = memo(move || value.with(|text| text.split('\n').count()));
    let wrong_lines = memo(move || problems.with(|problems| problems.iter().map(|one| one.line).collect::<Vec<_>>()));
    move || {
        (1..=u32::try_from(line_count.get()).unwrap_or(u32::MAX))
            .map(|line| {
                let is_wrong = move || wrong_lines.with(|wrong| wrong.contains(&line));
                view! { <span class="code-editor__line" class:code-editor__line--wrong=is_wrong>{line}</span> }
            })
            .collect_view()
    }
}
