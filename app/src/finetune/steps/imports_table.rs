//! The imports of a dataset: what each brought, or why it failed.

use anneal_server::api::{redo_import, undo_import};
use anneal_server::format;
use anneal_server::types::import::{ImportFormat, ImportMode, ImportReport, ImportUndo, SkipReason};
use anneal_server::types::job::JobState;
use leptos::prelude::*;

use super::parts::{ErrorNote, Task, When, field};
use crate::contexts::use_finetune_process;
use crate::ui::{Button, Sentence, UserText};

/// All imports, newest first.
#[component]
pub fn ImportsTable() -> impl IntoView {
    let imports = field(|o| o.imports.clone());
    let task = Task::new();
    let left_out = field(|o| o.imports_total - i64::try_from(o.imports.len()).unwrap_or(o.imports_total));
    view! {
        <Show
            when=move || imports.with(|i| !i.is_empty())
            fallback=|| view! { <p class="muted">"Nothing was imported yet. “Data” in the header adds a file."</p> }
        >
            <div class="table-scroll" tabindex="0" role="region" aria-label="Imports">
                <table class="table table--cards imports">
                    <thead>
                        <tr>
                            <th scope="col">"File"</th>
                            <th scope="col">"State"</th>
                            <th scope="col" class="number">"Rows"</th>
                            <th scope="col" class="number">"Valid"</th>
                            <th scope="col" class="number">"Invalid"</th>
                            <th scope="col" class="number">"Duplicates"</th>
                            <th scope="col" class="number">"Rows/s"</th>
                            <th scope="col" class="number">"Size"</th>
                            <th scope="col">"When"</th>
                        </tr>
                    </thead>
                    <tbody>{move || imports.get().into_iter().map(|import| view! { <ImportRow import task /> }).collect_view()}</tbody>
                </table>
            </div>
            <ErrorNote error=task.error() />
            <Show when=move || { left_out.get() > 0 }>
                <p class="muted">{move || format!("… and {} before them", format::counted(left_out.get(), "import"))}</p>
            </Show>
        </Show>
    }
}

/// One import; why it failed is a line of its own below, which unfolds.
#[component]
fn ImportRow(import: ImportReport, task: Task) -> impl IntoView {
    let state = match import.state {
        _ if matches!(import.undo, ImportUndo::CanBringBack | ImportUndo::Undone) => "↶ undone",
        JobState::Queued => "… queued",
        JobState::Running => "… running",
        JobState::Succeeded => "✓ done",
        JobState::Failed => "✕ failed",
        JobState::Cancelled => "– cancelled",
    };
    let speed = rows_per_second(import.records, import.duration_ms);
    let replaced = (import.mode == ImportMode::Replace).then_some(" (replaced what was there)");
    let formats = import.formats.in_words(ImportFormat::label);
    let passed_over = import.skipped.in_words(SkipReason::label);
    let passed_over = (!passed_over.is_empty()).then(|| format!("passed over: {passed_over}"));
    let created_at = import.created_at;
    let class = if import.error.is_some() { "imports__row imports__row--failed" } else { "imports__row" };
    view! {
        <tr class=class>
            <th scope="row" data-label="File" class="imports__file">
                <UserText text=import.file_name class="one-line" />
                <span class="muted">{replaced}</span>
                <span class="imports__formats muted">{formats}</span>
                {passed_over.map(|words| view! { <span class="imports__formats muted">{words}</span> })}
            </th>
            <td data-label="State" class="imports__state">
                {state} <UndoOf id=import.id.clone() undo=import.undo task />
            </td>
            <td data-label="Rows" class="number">{format::count(import.records)}</td>
            <td data-label="Valid" class="number">{format::count(import.valid)}</td>
            <td data-label="Invalid" class="number">{format::count(import.invalid)}</td>
            <td data-label="Duplicates" class="number">{format::count(import.duplicates)}</td>
            <td data-label="Rows/s" class="number">{speed}</td>
            <td data-label="Size" class="number">{format::bytes(import.bytes)}</td>
            <td data-label="When">
                <When at=Signal::derive(move || created_at) />
            </td>
        </tr>
        {import
            .error
            .map(|error| {
                view! {
                    <tr class="imports__why">
                        <td colspan="9">
                            <details class="unfold">
                                <summary>
                                    <span class="visually-hidden">"Why it failed: "</span>
                                    <Sentence text=error />
                                </summary>
                            </details>
                        </td>
                    </tr>
                }
            })}
    }
}

/// The button that undoes an import, or brings it back. It asks nothing, for the other one takes that back.
#[component]
fn UndoOf(id: String, undo: ImportUndo, task: Task) -> impl IntoView {
    let process = use_finetune_process();
    let busy = Signal::derive(move || task.busy());
    match undo {
        ImportUndo::CanUndo => {
            let act = move |_| task.start(undo_import(process.dataset_id(), id.clone()), move |_| process.refresh());
            let title = "Take its records away again, and give back those it replaced";
            view! { <Button small=true busy title on:click=act>"Undo"</Button> }.into_any()
        }
        ImportUndo::CanBringBack => {
            let act = move |_| task.start(redo_import(process.dataset_id(), id.clone()), move |_| process.refresh());
            let title = "Its records are kept for a day after the undo";
            view! { <Button small=true busy title on:click=act>"Bring back"</Button> }.into_any()
        }
        ImportUndo::TooLate => view! {
            <span class="muted small" title="What it replaced was kept until the next import">"no undo: an import came since"</span>
        }
            .into_any(),
        ImportUndo::NotYet | ImportUndo::Nothing | ImportUndo::Undone | ImportUndo::Gone => ().into_any(),
    }
}

/// Rows per second; a dash where nothing was measured.
fn rows_per_second(rows: i64, duration_ms: i64) -> String {
    if rows == 0 || duration_ms <= 0 {
        return "–".to_owned();
    }
    format::count(rows.saturating_mul(1000) / duration_ms)
}

#[cfg(test)]
mod tests {
    use super::rows_per_second;

    #[test]
    fn speed_needs_rows_and_time() {
        assert_eq!(rows_per_second(0, 10), "–");
        assert_eq!(rows_per_second(10, 0), "–");
        assert_eq!(rows_per_second(5_000, 2_000), "2,500");
    }
}
