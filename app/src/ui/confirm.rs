//! A question before something is taken away.

use leptos::prelude::*;

use super::{Button, ButtonVariant, Dialog, DialogSize};

/// A modal question, open while `message` has a text.
#[component]
pub fn ConfirmDialog(
    /// What it is about.
    #[prop(into)]
    title: Signal<String>,
    /// The question; set to open, cleared on closing.
    message: RwSignal<Option<String>>,
    /// The words of the button that does it.
    #[prop(into)]
    confirm: Signal<String>,
    /// Called on yes.
    on_confirm: Callback<()>,
) -> impl IntoView {
    let close = Callback::new(move |()| message.set(None));
    let yes = move |_| {
        message.set(None);
        on_confirm.run(());
    };
    view! {
        <Dialog open=Signal::derive(move || message.with(Option::is_some)) on_close=close title size=DialogSize::Small>
            <p>{move || message.get()}</p>
            <div class="dialog__actions">
                <Button on:click=move |_| close.run(())>"Keep as it is"</Button>
                <Button variant=ButtonVariant::Danger on:click=yes>
                    {move || confirm.get()}
                </Button>
            </div>
        </Dialog>
    }
}
