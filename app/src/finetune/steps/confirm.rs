//! A question before something is taken away.

use leptos::html;
use leptos::prelude::*;

/// A modal question, open while `message` has a text. The browser's own dialog keeps the focus inside,
/// closes on Esc and gives the focus back.
#[component]
pub fn ConfirmDialog(
    /// What it is about.
    title: &'static str,
    /// The question; set to open, cleared on closing.
    message: RwSignal<Option<String>>,
    /// The words of the button that does it.
    confirm: &'static str,
    /// Called on yes.
    on_confirm: Callback<()>,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let is_open = message.with(Option::is_some);
        if let Some(dialog) = dialog.get() {
            match (is_open, dialog.open()) {
                (true, false) => drop(dialog.show_modal()),
                (false, true) => dialog.close(),
                _ => (),
            }
        }
    });
    view! {
        <dialog node_ref=dialog class="dialog dialog--confirm" aria-label=title on:close=move |_| message.set(None)>
            <h3 class="dialog__title">{title}</h3>
            <p>{move || message.get()}</p>
            <div class="toolbar toolbar--end">
                <button type="button" class="button" autofocus on:click=move |_| message.set(None)>
                    "Keep as it is"
                </button>
                <button
                    type="button"
                    class="button button--danger"
                    on:click=move |_| {
                        message.set(None);
                        on_confirm.run(());
                    }
                >
                    {confirm}
                </button>
            </div>
        </dialog>
    }
}
