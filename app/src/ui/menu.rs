//! A button that unfolds a list of actions: `details`, so it opens without JavaScript too.

use leptos::ev::{FocusEvent, KeyboardEvent};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::{Icon, IconName};

/// The button and its list; children are [`MenuLink`]s, [`MenuButton`]s and [`MenuSeparator`]s. Closes
/// on Esc (giving the focus back), on choosing, and when the focus leaves it.
#[component]
pub fn Menu(
    /// The button's words.
    #[prop(into)]
    label: String,
    /// Shows three dots; the words are for screen readers and on hover.
    #[prop(optional)]
    dots: bool,
    /// The items.
    children: Children,
) -> impl IntoView {
    let node = NodeRef::<html::Details>::new();
    let close = move || {
        if let Some(details) = node.get_untracked() {
            details.set_open(false);
        }
    };
    let on_key = move |event: KeyboardEvent| {
        let Some(details) = node.get_untracked().filter(web_sys::HtmlDetailsElement::open) else { return };
        match event.key().as_str() {
            "Escape" => {
                event.stop_propagation();
                close();
                focus_nth(&details, "summary", 0);
            }
            "ArrowDown" | "ArrowUp" => {
                event.prevent_default();
                event.stop_propagation();
                move_focus(&details, event.key() == "ArrowDown");
            }
            _ => {}
        }
    };
    let on_focus_out = move |event: FocusEvent| {
        let Some(details) = node.get_untracked() else { return };
        let target = event.related_target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
        // Without a target the window lost the focus, or something that takes none was clicked.
        if target.is_some_and(|target| !details.contains(Some(&target))) {
            close();
        }
    };
    Effect::new(move || {
        let handle = window_event_listener(leptos::ev::pointerdown, move |event| {
            let target = event.target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
            let Some(details) = node.get_untracked() else { return };
            if details.open() && target.is_some_and(|target| !details.contains(Some(&target))) {
                details.set_open(false);
            }
        });
        on_cleanup(move || handle.remove());
    });
    view! {
        <details node_ref=node class="menu" on:keydown=on_key on:focusout=on_focus_out>
            {menu_button(label, dots)}
            <ul class="menu__list" on:click=move |_| close()>{children()}</ul>
        </details>
    }
}

fn menu_button(label: String, dots: bool) -> AnyView {
    if dots {
        return view! {
            <summary class="button button--ghost button--icon menu__button" aria-label=label.clone() title=label>
                <Icon name=IconName::More/>
            </summary>
        }
        .into_any();
    }
    view! {
        <summary class="button button--secondary menu__button">
            {label}
            <Icon name=IconName::ChevronDown/>
        </summary>
    }
    .into_any()
}

/// An item that leads somewhere; `download` makes the browser save the answer.
#[component]
pub fn MenuLink(
    /// Where to.
    #[prop(into)]
    href: Signal<String>,
    /// Saves instead of opening; the router leaves such links alone.
    #[prop(optional)]
    download: bool,
    /// The words.
    children: Children,
) -> impl IntoView {
    view! {
        <li>
            <a class="menu__item" href=move || href.get() download=download.then_some("") rel=download.then_some("external")>
                {children()}
            </a>
        </li>
    }
}

/// An item that does something.
#[component]
pub fn MenuButton(
    /// Does it.
    #[prop(into)]
    on_choose: Callback<()>,
    /// Cannot be chosen now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// The words.
    children: Children,
) -> impl IntoView {
    view! {
        <li>
            <button type="button" class="menu__item" disabled=move || disabled.get() on:click=move |_| on_choose.run(())>
                {children()}
            </button>
        </li>
    }
}

/// A line between groups of items.
#[component]
pub fn MenuSeparator() -> impl IntoView {
    view! { <li class="menu__separator" role="separator"></li> }
}

const ITEMS: &str = ".menu__item:not([disabled])";

fn focus_nth(details: &web_sys::HtmlElement, selector: &str, index: u32) {
    let Ok(found) = details.query_selector_all(selector) else { return };
    if let Some(element) = found.get(index).and_then(|node| node.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Down and up wrap around; from the button, down leads to the first item and up to the last.
fn move_focus(details: &web_sys::HtmlElement, down: bool) {
    let Ok(items) = details.query_selector_all(ITEMS) else { return };
    let count = items.length();
    if count == 0 {
        return;
    }
    let active = document().active_element();
    let current = (0..count).find(|index| items.get(*index).as_ref() == active.as_ref().map(AsRef::as_ref));
    let next = match (current, down) {
        (None, true) => 0,
        (None, false) => count - 1,
        (Some(index), true) => (index + 1) % count,
        (Some(index), false) => (index + count - 1) % count,
    };
    focus_nth(details, ITEMS, next);
}
