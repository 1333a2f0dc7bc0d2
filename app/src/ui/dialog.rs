//! Modal dialogs on the native `dialog` element, which traps the focus, makes the page behind inert and
//! gives the focus back when it closes.

use leptos::ev::{Event, MouseEvent};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::{Icon, IconName};

/// How wide a dialog is at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DialogSize {
    /// 440 px: a question.
    Small,
    /// 640 px: a form.
    #[default]
    Medium,
    /// 960 px: two columns.
    Large,
    /// The window less a margin: an overlay.
    Full,
}

impl DialogSize {
    const fn class(self) -> &'static str {
        match self {
            Self::Small => "dialog dialog--small",
            Self::Medium => "dialog",
            Self::Large => "dialog dialog--large",
            Self::Full => "dialog dialog--full",
        }
    }
}

/// A modal dialog. Its content exists only while it is open. Whoever owns `open` closes it: Esc, the
/// cross and a click beside it call `on_close` and change nothing themselves. A dialog that is open in
/// the server's answer is readable without JavaScript.
#[component]
pub fn Dialog(
    /// Whether it is open.
    #[prop(into)]
    open: Signal<bool>,
    /// The user wants it closed.
    #[prop(into)]
    on_close: Callback<()>,
    /// Its heading and accessible name.
    #[prop(into)]
    title: Signal<String>,
    /// Its width.
    #[prop(optional)]
    size: DialogSize,
    /// What is in it.
    children: ChildrenFn,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        let Some(dialog) = node.get() else { return };
        if open.get() {
            if dialog.matches(":modal").unwrap_or(false) {
                return;
            }
            // Opened by the server's answer: not modal yet.
            dialog.close();
            // Fails only if the element has left the document meanwhile.
            let _ = dialog.show_modal();
        } else if dialog.open() {
            dialog.close();
        }
    });
    let on_cancel = move |event: Event| {
        event.prevent_default();
        on_close.run(());
    };
    // The browser closes a dialog by itself when Esc is pressed twice.
    let on_native_close = move |_| {
        if open.get_untracked() && node.get_untracked().is_some_and(|dialog| !dialog.open()) {
            on_close.run(());
        }
    };
    let on_backdrop = move |event: MouseEvent| {
        let on_itself = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlDialogElement>().ok());
        if on_itself.is_some_and(|dialog| dialog.class_list().contains("dialog")) {
            on_close.run(());
        }
    };
    view! {
        <dialog
            node_ref=node
            class=size.class()
            open=open.get_untracked()
            aria-label=move || title.get()
            on:cancel=on_cancel
            on:close=on_native_close
            on:mousedown=on_backdrop
        >
            <Show when=move || open.get()>
                <div class="dialog__frame">
                    <header class="dialog__head">
                        <h2 class="dialog__title">{move || title.get()}</h2>
                        <button
                            type="button"
                            class="button button--ghost button--icon"
                            aria-label="Close"
                            on:click=move |_| on_close.run(())
                        >
                            <Icon name=IconName::Close/>
                        </button>
                    </header>
                    <div class="dialog__body">{children()}</div>
                </div>
            </Show>
        </dialog>
    }
}
