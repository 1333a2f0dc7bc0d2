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
/// the server's answer is readable without JavaScript. Content that could destroy something marks the
/// control that does not with `autofocus`.
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
    /// The page without it, for those who have no JavaScript and so no cross.
    #[prop(optional, into)]
    close_href: Option<Signal<String>>,
    /// Its width.
    #[prop(optional)]
    size: DialogSize,
    /// What is in it.
    children: ChildrenFn,
) -> impl IntoView {
    let handle = Handle { node: NodeRef::new(), open, on_close };
    Effect::new(move || handle.follow());
    view! {
        <dialog
            node_ref=handle.node
            class=size.class()
            open=open.get_untracked()
            aria-label=move || title.get()
            on:cancel=move |event| handle.on_cancel(&event)
            on:close=move |_| handle.on_native_close()
            on:mousedown=move |event| handle.on_press(&event)
        >
            <Show when=move || open.get()>
                <div class="dialog__frame">
                    <Head title on_close close_href/>
                    <div class="dialog__body">{children()}</div>
                </div>
            </Show>
        </dialog>
    }
}

#[component]
fn Head(title: Signal<String>, on_close: Callback<()>, close_href: Option<Signal<String>>) -> impl IntoView {
    view! {
        <header class="dialog__head">
            <h2 class="dialog__title">{move || title.get()}</h2>
            {close_href
                .map(|href| view! { <a class="button button--secondary button--small without-script" href=move || href.get()>"Close"</a> })}
            <button
                type="button"
                class="button button--ghost button--icon"
                aria-label="Close"
                on:click=move |_| on_close.run(())
            >
                <Icon name=IconName::Close/>
            </button>
        </header>
    }
}

/// What takes the focus in a dialog that opens: what its content names, else the content's first control, else the
/// cross. (The browser alone would take the cross, which stands first and does nothing one came for.)
const FOCUS_FIRST: [&str; 2] = [
    ".dialog__body [autofocus]",
    ".dialog__body :is(a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']):not(:disabled)",
];

fn focus_inside(dialog: &web_sys::HtmlDialogElement) {
    let first = FOCUS_FIRST.into_iter().find_map(|selector| dialog.query_selector(selector).ok().flatten());
    if let Some(control) = first.and_then(|found| found.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = control.focus();
    }
}

/// The element and who owns it; `Copy`, for the handlers.
#[derive(Clone, Copy)]
struct Handle {
    node: NodeRef<html::Dialog>,
    open: Signal<bool>,
    on_close: Callback<()>,
}

impl Handle {
    /// Shows or closes the element as `open` says; run in an effect.
    fn follow(self) {
        let Some(dialog) = self.node.get() else { return };
        if self.open.get() {
            if dialog.matches(":modal").unwrap_or(false) {
                return;
            }
            // Opened by the server's answer: not modal yet.
            dialog.close();
            // Fails only if the element has left the document meanwhile.
            let _ = dialog.show_modal();
            focus_inside(&dialog);
        } else if dialog.open() {
            dialog.close();
        }
    }

    /// A file dialog that was closed without a choice says so too, and its event comes by here.
    fn on_cancel(self, event: &Event) {
        if self.is_target(event) {
            event.prevent_default();
            self.on_close.run(());
        }
    }

    /// The browser closes a dialog by itself when Esc is pressed twice.
    fn on_native_close(self) {
        if self.open.get_untracked() && self.node.get_untracked().is_some_and(|dialog| !dialog.open()) {
            self.on_close.run(());
        }
    }

    /// A press beside the dialog lands on the element itself; one beside a dialog within it, on that one.
    fn on_press(self, event: &MouseEvent) {
        if self.is_target(event) {
            self.on_close.run(());
        }
    }

    fn is_target(self, event: &Event) -> bool {
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlDialogElement>().ok());
        target.is_some() && target == self.node.get_untracked()
    }
}
