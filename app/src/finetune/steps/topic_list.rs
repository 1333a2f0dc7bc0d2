//! The topic tree as a list, and the form beside it.

use anneal_server::format;
use anneal_server::types::dataset::RecordFilter;
use leptos::prelude::*;

use super::parts::{ErrorNote, RecordsLink, field};
use super::topic_editor::{OpenForm, TopicEditor};
use super::topic_forms::{ImportForm, TopicForm};
use super::topic_tree::{TreeRow, find_topic, tree_counts, tree_rows};
use crate::ui::{Button, ButtonVariant, UserText, memo};

/// The tree with its search; a topic's name opens its fields.
#[component]
pub fn TopicTree(editor: TopicEditor) -> impl IntoView {
    let search = RwSignal::new(String::new());
    let hierarchy = field(|o| o.hierarchy.clone().unwrap_or_default());
    let topic_counts = field(|o| o.topic_counts.clone());
    let rows = memo(move || hierarchy.with(|h| search.with(|needle| tree_rows(h, needle))));
    let counts = memo(move || hierarchy.with(|h| topic_counts.with(|c| tree_counts(h, c))));
    view! {
        <label class="field field--inline">
            <span class="field__label">"Search topics"</span>
            <input
                type="search"
                class="input"
                prop:value=move || search.get()
                on:input:target=move |ev| search.set(ev.target().value())
            />
        </label>
        <ul class="tree" aria-label="Topics">
            <For each=move || rows.get() key=TreeRow::clone let:row>
                <TopicRow
                    editor
                    counts=memo({
                        let name = row.name.clone();
                        move || counts.with(|counts| counts.get(&name).copied().unwrap_or_default())
                    })
                    row
                />
            </For>
        </ul>
        <Show when=move || rows.with(Vec::is_empty)>
            <p class="muted" role="status">
                "No topic contains this text."
            </p>
        </Show>
    }
}

#[component]
fn TopicRow(editor: TopicEditor, row: TreeRow, counts: Memo<(i64, i64)>) -> impl IntoView {
    let TreeRow { name, depth, is_leaf } = row;
    let name = StoredValue::new(name);
    let records = move |needs_review: bool| RecordFilter {
        topic: Some(name.get_value()),
        needs_review,
        ..RecordFilter::default()
    };
    let is_edited =
        move || editor.form.with(|form| matches!(form, OpenForm::Edit(edited) if name.with_value(|n| n == edited)));
    view! {
        <li class=format!("tree__row tree__row--{}", depth.min(4)) class:tree__row--selected=is_edited>
            <button
                type="button"
                class="tree__name"
                aria-pressed=move || is_edited().to_string()
                on:click=move |_| editor.form.set(OpenForm::Edit(name.get_value()))
            >
                <UserText text=name.get_value() />
            </button>
            <Show when=move || is_leaf fallback=move || view! { <span class="number muted">{move || format::count(counts.get().0)}</span> }>
                <RecordsLink class="link number" filter=records(false) title="Show its records">
                    {move || format::count(counts.get().0)}
                    <span class="visually-hidden">" records"</span>
                </RecordsLink>
            </Show>
            <Show when=move || { counts.get().1 > 0 }>
                <RecordsLink class="link attention" filter=records(true)>
                    {move || format!("{} to review", format::count(counts.get().1))}
                </RecordsLink>
            </Show>
            <TopicActions editor name counts />
        </li>
    }
}

#[component]
fn TopicActions(editor: TopicEditor, name: StoredValue<String>, counts: Memo<(i64, i64)>) -> impl IntoView {
    let delete = move |_| editor.ask_to_delete(&name.get_value(), counts.get_untracked().0);
    view! {
        <span class="tree__actions">
            <Button
                variant=ButtonVariant::Ghost
                small=true
                on:click=move |_| editor.form.set(OpenForm::Add(Some(name.get_value())))
                attr:aria-label=format!("Add a topic under {}", name.get_value())
            >
                "Add under"
            </Button>
            <Button
                variant=ButtonVariant::Ghost
                small=true
                on:click=delete
                attr:aria-label=format!("Delete {}", name.get_value())
            >
                "Delete…"
            </Button>
        </span>
    }
}

/// The form that is open beside the tree, if one is.
#[component]
pub fn OpenTopicForm(editor: TopicEditor) -> impl IntoView {
    let hierarchy = field(|o| o.hierarchy.clone().unwrap_or_default());
    // Depends on the form alone: a refresh of the overview must not rebuild what the user is typing into.
    view! {
        {move || match editor.form.get() {
            OpenForm::Closed => view! { <ErrorNote error=editor.task.error() /> }.into_any(),
            OpenForm::Import => view! { <ImportForm editor /> }.into_any(),
            OpenForm::Add(parent) => view! { <TopicForm editor parent /> }.into_any(),
            OpenForm::Edit(name) => {
                let node = hierarchy
                    .with_untracked(|h| find_topic(&h.nodes, &name).cloned());
                view! { <TopicForm editor parent=None node /> }.into_any()
            }
        }}
    }
}
