//! A text that is read from a file or pasted.

use anneal_server::types::error::AppError;
use leptos::prelude::*;

use super::steps::chosen_file::read_chosen_file;

/// A file field and below it an area with its text, which can be pasted and changed.
#[component]
pub fn FileOrPaste(
    /// "JSON file".
    label: &'static str,
    /// What the browser offers first: ".json".
    accept: &'static str,
    /// The text.
    text: RwSignal<String>,
    /// Called where a file cannot be read.
    on_error: Callback<AppError>,
) -> impl IntoView {
    view! {
        <label class="field">
            <span class="field__label">{label}</span>
            <input
                type="file"
                class="input"
                accept=accept
                on:change:target=move |event| read_chosen_file(&event.target(), move |read| match read {
                    Ok(read) => text.set(read),
                    Err(error) => on_error.run(error),
                })
            />
        </label>
        <label class="field">
            <span class="field__label">"Or paste it"</span>
            <textarea
                class="input input--code"
                rows="10"
                spellcheck="false"
                prop:value=move || text.get()
                on:input:target=move |event| text.set(event.target().value())
            ></textarea>
        </label>
    }
}
