//! The forms of the topics panel: one topic's fields, and the import of a hierarchy.

use anneal_server::types::error::AppError;
use anneal_server::types::topics::{TopicEdit, TopicNode};
use leptos::prelude::*;

use super::parts::ErrorNote;
use super::topic_editor::{OpenForm, TopicChange, TopicEditor};
use super::topic_tree::split_keywords;
use crate::finetune::file_or_paste::FileOrPaste;
use crate::ui::{Button, ButtonVariant, Field, Sentence, TextInput};

/// What an importable file looks like.
const IMPORT_EXAMPLE: &str = r#"{"nodes": [
  {"name": "Bookings", "children": [
    {"name": "New booking", "description": "A first reservation", "keywords": ["book a flight", "reserve"]},
    {"name": "Change of booking", "keywords": ["change my flight"]}
  ]}
]}"#;

/// Adds a topic (`node` absent) or changes one.
#[component]
pub fn TopicForm(
    editor: TopicEditor,
    /// Where a new topic goes; `None`: the top level.
    parent: Option<String>,
    /// The topic to change.
    #[prop(optional_no_strip)]
    node: Option<TopicNode>,
) -> impl IntoView {
    let edited = node.as_ref().map(|node| node.name.clone());
    let title = match (&edited, &parent) {
        (Some(_), _) => "Edit topic".to_owned(),
        (None, Some(parent)) => format!("New topic under “{parent}”"),
        (None, None) => "New topic".to_owned(),
    };
    let save_label = if edited.is_some() { "Save topic" } else { "Add topic" };
    let node = node.unwrap_or_default();
    let name = RwSignal::new(node.name);
    let description = RwSignal::new(node.description);
    let keywords = RwSignal::new(node.keywords.join(", "));
    let save = move |ev: leptos::ev::SubmitEvent| {
        ev.prevent_default();
        let new_name = name.get_untracked().trim().to_owned();
        let (description, keywords) = (description.get_untracked(), split_keywords(&keywords.get_untracked()));
        let edit = match &edited {
            Some(name) => TopicEdit::Update { name: name.clone(), new_name, description, keywords },
            None => TopicEdit::Add {
                parent: parent.clone(),
                node: TopicNode { name: new_name, description, keywords, children: Vec::new() },
            },
        };
        editor.apply(TopicChange::Edit(edit));
    };
    view! {
        <form class="card form" on:submit=save>
            <h3><Sentence text=title /></h3>
            <Field id="topic-name" label="Name" hint="1 to 300 characters, unique in the whole tree.">
                <TextInput id="topic-name" value=name />
            </Field>
            <Field id="topic-description" label="Description" hint="What belongs to it.">
                <TextInput id="topic-description" value=description />
            </Field>
            <Field id="topic-keywords" label="Keywords" hint="Words and phrases that point to it, separated by commas.">
                <TextInput id="topic-keywords" value=keywords />
            </Field>
            <ErrorNote error=editor.task.error() />
            <FormButtons editor save_label />
        </form>
    }
}

#[component]
fn FormButtons(editor: TopicEditor, save_label: &'static str) -> impl IntoView {
    let close = move |_| {
        editor.task.fail(None);
        editor.form.set(OpenForm::Closed);
    };
    view! {
        <div class="toolbar">
            <Button kind="submit" variant=ButtonVariant::Primary busy=Signal::derive(move || editor.task.busy())>
                {save_label}
            </Button>
            <Button on:click=close>"Close"</Button>
        </div>
    }
}

/// Replaces the hierarchy by pasted or chosen JSON.
#[component]
pub fn ImportForm(editor: TopicEditor) -> impl IntoView {
    let json = RwSignal::new(String::new());
    let save = move |ev: leptos::ev::SubmitEvent| {
        ev.prevent_default();
        if json.with_untracked(|json| json.trim().is_empty()) {
            editor.task.fail(Some(AppError::invalid("There is no JSON yet: paste it or choose a file.")));
            return;
        }
        editor.apply(TopicChange::Import(json.get_untracked()));
    };
    view! {
        <form class="card form" on:submit=save>
            <h3>"Import topics"</h3>
            <p class="muted small">
                "Replaces all topics. Records keep labels whose topic is still there under the same name; before any other label is lost you are asked."
            </p>
            <FileOrPaste
                label="JSON file"
                accept=".json,application/json"
                text=json
                on_error=Callback::new(move |error| editor.task.fail(Some(error)))
            />
            <details class="disclosure">
                <summary>"What the JSON looks like"</summary>
                <pre class="text text--code">{IMPORT_EXAMPLE}</pre>
            </details>
            <ErrorNote error=editor.task.error() />
            <FormButtons editor save_label="Import topics" />
        </form>
    }
}
