//! A form field: label, control, hint, error.

use leptos::prelude::*;

/// A label with its control. The control is the child; give it `id` and
/// `aria-describedby=described_by(id)`, and it is named and explained to screen readers.
#[component]
pub fn Field(
    /// The control's id.
    id: &'static str,
    /// Its name.
    #[prop(into)]
    label: Signal<String>,
    /// What to enter, below the control.
    #[prop(optional, into)]
    hint: MaybeProp<String>,
    /// What is wrong with it; announced when it appears.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// Adds "optional" to the label.
    #[prop(optional)]
    optional: bool,
    /// The control.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="field" class:field--error=move || error.get().is_some()>
            <label class="field__label" for=id>
                {move || label.get()}
                {optional.then(|| view! { <span class="field__optional">" (optional)"</span> })}
            </label>
            {children()}
            <p class="field__hint" id=format!("{id}-hint")>{move || hint.get()}</p>
            <p class="field__error" id=format!("{id}-error") role="alert">{move || error.get()}</p>
        </div>
    }
}

/// The value of a control's `aria-describedby` inside a [`Field`] of the same id.
pub fn described_by(id: &str) -> String {
    format!("{id}-hint {id}-error")
}
