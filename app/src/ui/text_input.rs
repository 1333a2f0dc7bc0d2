//! One line of typed text.

use leptos::prelude::*;

use super::field::described_by;

/// The control of a [`Field`](super::Field) of the same id.
#[component]
pub fn TextInput(
    /// The field's id.
    id: &'static str,
    /// What is typed.
    value: RwSignal<String>,
    /// "password" hides it.
    #[prop(default = "text")]
    kind: &'static str,
    /// The id of a `datalist` with proposals.
    #[prop(optional)]
    list: Option<&'static str>,
) -> impl IntoView {
    view! {
        <input
            type=kind
            class="input"
            id=id
            list=list
            autocomplete="off"
            spellcheck="false"
            aria-describedby=described_by(id)
            value=value.get_untracked()
            prop:value=move || value.get()
            on:input:target=move |event| value.set(event.target().value())
        />
    }
}
