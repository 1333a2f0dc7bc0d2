//! What is typed and not saved: its sign, and the question before a link, Back or Forward would lose it.

use leptos::ev::BeforeUnloadEvent;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::confirm::{ConfirmDialog, Question};

/// "● Unsaved changes".
#[component]
pub fn UnsavedSign() -> impl IntoView {
    view! {
        <span class="status status--attention" role="status">
            <span aria-hidden="true">"● "</span>
            "Unsaved changes"
        </span>
    }
}

/// Asks before the user goes where unsaved text would be lost: by a link of this page, by Back or Forward;
/// the browser itself asks before it closes or reloads the page. What goes elsewhere by code asks by itself.
#[component]
pub fn LeaveGuard(
    /// Whether something would be lost.
    #[prop(into)]
    unsaved: Signal<bool>,
    /// Whether nothing is lost by going from the one address to the other (each path and query).
    keeps: Callback<(String, String), bool>,
    /// What would be lost.
    message: &'static str,
    /// The user gives it up.
    on_leave: Callback<()>,
) -> impl IntoView {
    let asked = RwSignal::new(None::<Question<String>>);
    let location = use_location();
    let navigate = use_navigate();
    let here = Signal::derive(move || address_of(&location.pathname.get(), &location.search.get()));
    let guard = Guard { unsaved, keeps, message, asked, here };
    let guards = use_context::<Guards>();
    Effect::new(move |_| {
        capture("click", move |event| guard.on_click(event));
        if let Some(guards) = guards {
            guards.raise(guard);
        }
        let unload = window_event_listener(leptos::ev::beforeunload, move |event: BeforeUnloadEvent| {
            if guard.has_unsaved() {
                event.prevent_default();
            }
        });
        on_cleanup(move || unload.remove());
    });
    let go = Callback::new(move |address: String| {
        on_leave.run(());
        match path_here(&address) {
            Some(path) => navigate(&path, NavigateOptions { scroll: false, ..NavigateOptions::default() }),
            // Fails only for addresses that no link has.
            None => drop(window().location().set_href(&address)),
        }
    });
    view! { <ConfirmDialog asked on_confirm=go /> }
}

#[derive(Clone, Copy)]
struct Guard {
    unsaved: Signal<bool>,
    keeps: Callback<(String, String), bool>,
    message: &'static str,
    asked: RwSignal<Option<Question<String>>>,
    /// Path and query of the page that is shown.
    here: Signal<String>,
}

/// The guards that are up, in the order in which they came.
#[derive(Clone, Copy)]
struct Guards(RwSignal<Vec<Guard>>);

/// Lets [`LeaveGuard`]s below hear of Back and Forward. Called once by the app, before it makes the router: of the
/// window's listeners the first one is asked first, and once the router has followed, what was typed is gone.
pub fn provide_leave_guards() {
    let guards = Guards(RwSignal::new(Vec::new()));
    provide_context(guards);
    if cfg!(target_arch = "wasm32") {
        let handle = window_event_listener(leptos::ev::popstate, move |event| guards.on_history(&event));
        on_cleanup(move || handle.remove());
    }
}

impl Guards {
    /// Until the owner is gone.
    fn raise(self, guard: Guard) {
        self.0.update_untracked(|guards| guards.push(guard));
        on_cleanup(move || {
            self.0.try_update_untracked(|guards| guards.retain(|other| other.asked != guard.asked));
        });
    }

    /// Back and Forward have changed the address already: it is put back until the user has answered.
    fn on_history(self, event: &web_sys::Event) {
        let (Ok(address), Ok(history)) = (window().location().href(), window().history()) else { return };
        let loses = self.0.with_untracked(|guards| guards.iter().find(|guard| guard.would_lose(&address)).copied());
        if let Some(guard) = loses {
            event.stop_immediate_propagation();
            // Fails only for an address of another site.
            let _ = history.push_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&guard.here.get_untracked()));
            guard.ask(address);
        }
    }
}

impl Guard {
    fn has_unsaved(self) -> bool {
        self.unsaved.try_get_untracked().unwrap_or(false)
    }

    fn would_lose(self, address: &str) -> bool {
        self.has_unsaved() && path_here(address).is_none_or(|path| !self.keeps.run((self.here.get_untracked(), path)))
    }

    fn ask(self, address: String) {
        self.asked.set(Some(Question {
            title: "Unsaved changes".to_owned(),
            message: self.message.to_owned(),
            confirm: "Leave without saving",
            keep: "Go on editing",
            subject: address,
        }));
    }

    /// A link that the router, or the browser, would follow.
    fn on_click(self, event: &web_sys::Event) {
        let Some(click) = event.dyn_ref::<web_sys::MouseEvent>() else { return };
        let opens_elsewhere = click.ctrl_key() || click.meta_key() || click.shift_key() || click.alt_key();
        if opens_elsewhere || click.button() != 0 {
            return;
        }
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let Some(link) = target.and_then(|target| target.closest("a[href]").ok().flatten()) else { return };
        let Ok(link) = link.dyn_into::<web_sys::HtmlAnchorElement>() else { return };
        if link.has_attribute("download") || !link.target().is_empty() || !self.would_lose(&link.href()) {
            return;
        }
        event.prevent_default();
        event.stop_immediate_propagation();
        self.ask(link.href());
    }
}

/// Path and query as a browser writes them; the router may leave the question mark out.
fn address_of(path: &str, search: &str) -> String {
    match search.trim_start_matches('?') {
        "" => path.to_owned(),
        search => format!("{path}?{search}"),
    }
}

/// Path, query and fragment of an address of this site.
fn path_here(address: &str) -> Option<String> {
    let origin = window().location().origin().ok()?;
    let path = address.strip_prefix(&origin)?;
    Some(if path.is_empty() { "/".to_owned() } else { path.to_owned() })
}

/// Listens on the window before anybody else does, as long as the owner lives.
fn capture(name: &'static str, handler: impl Fn(&web_sys::Event) + 'static) {
    let closure = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| handler(&event));
    // Neither fails for an event's name.
    let _ = window().add_event_listener_with_callback_and_bool(name, closure.as_ref().unchecked_ref(), true);
    let kept = StoredValue::new_local(closure);
    on_cleanup(move || {
        kept.try_with_value(|closure| {
            let _ = window().remove_event_listener_with_callback_and_bool(name, closure.as_ref().unchecked_ref(), true);
        });
    });
}

#[cfg(test)]
mod tests {
    use super::address_of;

    #[test]
    fn addresses_have_one_question_mark_or_none() {
        assert_eq!(address_of("/a", ""), "/a");
        assert_eq!(address_of("/a", "b=1"), "/a?b=1");
        assert_eq!(address_of("/a", "?b=1"), "/a?b=1");
    }
}
