//! Under the rules' form, while they are typed: how many records they would free or reject.

use std::time::Duration;

use anneal_server::api::PreviewRules;
use leptos::html;
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use leptos::reactive::actions::ActionAbortHandle;
use wasm_bindgen::JsCast;

/// Nobody is asked while somebody types.
const PAUSE: Duration = Duration::from_millis(350);

/// The question that is thought of or under way.
#[derive(Clone, Copy)]
struct Question {
    waiting: StoredValue<Option<TimeoutHandle>>,
    asked: StoredValue<Option<ActionAbortHandle>>,
    action: ServerAction<PreviewRules>,
    fields: NodeRef<html::Div>,
}

impl Question {
    /// A former question is let go of: by the server too, which loses the request.
    fn cancel(self) {
        if let Some(waiting) = self.waiting.try_update_value(Option::take).flatten() {
            waiting.clear();
        }
        if let Some(asked) = self.asked.try_update_value(Option::take).flatten() {
            asked.abort();
        }
    }

    fn think_of(self, dataset_id: String) {
        self.cancel();
        let waiting = set_timeout_with_handle(move || self.ask(dataset_id.clone()), PAUSE);
        self.waiting.set_value(waiting.ok());
    }

    fn ask(self, dataset_id: String) {
        let Some(fields) = self.fields.try_get_untracked().flatten() else { return };
        let form = fields.closest("form").ok().flatten();
        let Some(form) = form.and_then(|form| form.dyn_into::<web_sys::HtmlFormElement>().ok()) else { return };
        let Ok(data) = web_sys::FormData::new_with_form(&form) else { return };
        let text = |name: &str| data.get(name).as_string().unwrap_or_default();
        let question = PreviewRules {
            dataset_id,
            min_user_message_length: text("min_user_message_length"),
            max_tokens: text("max_tokens"),
            tokenizer: text("tokenizer"),
            allowed_roles: data.get_all("allowed_roles[]").iter().filter_map(|role| role.as_string()).collect(),
        };
        self.asked.try_set_value(Some(self.action.dispatch(question)));
    }
}

/// Its children are the form's fields: whatever changes in them is asked about. `saved` takes the answer away.
#[component]
pub fn WithPreview(
    /// The dataset.
    dataset_id: String,
    /// Grows with every save.
    #[prop(into)]
    saved: Signal<usize>,
    /// The fields.
    children: Children,
) -> impl IntoView {
    let action = ServerAction::<PreviewRules>::new();
    let question =
        Question { waiting: StoredValue::new(None), asked: StoredValue::new(None), action, fields: NodeRef::new() };
    let id = StoredValue::new(dataset_id);
    let changed = move |_| question.think_of(id.get_value());
    Effect::new(move |before: Option<usize>| {
        let now = saved.get();
        if before.is_some_and(|before| before != now) {
            question.cancel();
            action.value().set(None);
        }
        now
    });
    on_cleanup(move || question.cancel());
    let says = move || {
        if action.pending().get() {
            return Some("Counting what would change…".to_owned());
        }
        // (What cannot be read is said at its field once it is saved.)
        action.value().get().map(|answer| answer.map_or_else(|error| error.to_string(), |preview| preview.in_words()))
    };
    view! {
        <div class="stack" node_ref=question.fields on:input=changed>
            {children()}
        </div>
        <p class="rules-preview" role="status">{says}</p>
    }
}
