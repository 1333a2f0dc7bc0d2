//! What is typed and not saved: its sign, and the question before a link, Back or Forward would lose it.

use leptos::ev::BeforeUnloadEvent;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::confirm::{ConfirmDialog, Question};
use super::path_and_query::path_and_query;

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
/// the browser itself asks before it closes or reloads the page. What goes elsewhere by code asks by itself, and so does
/// a link with the attribute `data-asks`. Where several guards would lose something, each asks in its turn.
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
    let asked = RwSignal::new(None::<Question<Way>>);
    let location = use_location();
    let navigate = use_navigate();
    let here = Signal::derive(move || path_and_query(&location.pathname.get(), &location.search.get()));
    let guard = Guard { unsaved, keeps, on_leave, message, asked, here };
    let guards = use_context::<Guards>().unwrap_or_default();
    Effect::new(move |_| {
        capture("click", move |event| guard.on_click(event));
        guards.raise(guard);
        let unload = window_event_listener(leptos::ev::beforeunload, move |event: BeforeUnloadEvent| {
            if guard.has_unsaved() {
                event.prevent_default();
            }
        });
        on_cleanup(move || unload.remove());
    });
    let go = Callback::new(move |mut way: Way| {
        way.given_up.push(guard);
        if let Some(next) = guards.next_to_ask(&way) {
            return next.ask(way);
        }
        for guard in &way.given_up {
            guard.on_leave.try_run(());
        }
        match path_here(&way.address) {
            Some(path) if !way.loads_page => {
                navigate(&path, NavigateOptions { scroll: false, ..NavigateOptions::default() });
            }
            // Fails only for addresses that no link has.
            _ => drop(window().location().set_href(&way.address)),
        }
    });
    view! { <ConfirmDialog asked on_confirm=go /> }
}

/// Where the user wants to go.
#[derive(Clone)]
struct Way {
    address: String,
    /// Past the router, as a page of its own (`rel="external"`).
    loads_page: bool,
    /// The guards whose text the user gives up for it; told so once nothing is left to ask, as the user may yet stay.
    given_up: Vec<Guard>,
}

#[derive(Clone, Copy)]
struct Guard {
    unsaved: Signal<bool>,
    keeps: Callback<(String, String), bool>,
    on_leave: Callback<()>,
    message: &'static str,
    asked: RwSignal<Option<Question<Way>>>,
    /// Path and query of the page that is shown.
    here: Signal<String>,
}

/// The guards that are up, in the order in which they came.
#[derive(Clone, Copy, Default)]
struct Guards(RwSignal<Vec<Guard>>);

/// Lets [`LeaveGuard`]s below hear of Back and Forward. Called once by the app, before it makes the router: of the
/// window's listeners the first one is asked first, and once the router has followed, what was typed is gone.
pub fn provide_leave_guards() {
    let guards = Guards::default();
    provide_context(guards);
    if cfg!(target_arch = "wasm32") {
        let handle = window_event_listener(leptos::ev::popstate, move |event| guards.on_history(&event));
        on_cleanup(move || handle.remove());
    }
}

/// Whether anything on the page is typed and not saved.
pub fn use_unsaved() -> Signal<bool> {
    let guards = use_context::<Guards>().unwrap_or_default();
    Signal::derive(move || guards.0.with(|guards| guards.iter().any(|guard| guard.unsaved.try_get().unwrap_or(false))))
}

impl Guards {
    /// Until the owner is gone.
    fn raise(self, guard: Guard) {
        self.0.update(|guards| guards.push(guard));
        on_cleanup(move || {
            self.0.try_update(|guards| guards.retain(|other| other.asked != guard.asked));
        });
    }

    /// Of those not asked yet, the first that would lose something.
    fn next_to_ask(self, way: &Way) -> Option<Guard> {
        let asked_before = |guard: &Guard| way.given_up.iter().any(|other| other.asked == guard.asked);
        self.0
            .with_untracked(|guards| guards.iter().find(|guard| !asked_before(guard) && guard.would_lose(way)).copied())
    }

    /// Back and Forward have changed the address already: it is put back until the user has answered.
    fn on_history(self, event: &web_sys::Event) {
        let (Ok(address), Ok(history)) = (window().location().href(), window().history()) else { return };
        let way = Way { address, loads_page: false, given_up: Vec::new() };
        if let Some(guard) = self.next_to_ask(&way) {
            event.stop_immediate_propagation();
            // Fails only for an address of another site.
            let _ = history.push_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&guard.here.get_untracked()));
            guard.ask(way);
        }
    }
}

impl Guard {
    fn has_unsaved(self) -> bool {
        self.unsaved.try_get_untracked().unwrap_or(false)
    }

    fn would_lose(self, way: &Way) -> bool {
        let keeps = |path| self.keeps.run((self.here.get_untracked(), path));
        self.has_unsaved() && (way.loads_page || !path_here(&way.address).is_some_and(keeps))
    }

    fn ask(self, way: Way) {
        self.asked.set(Some(Question {
            title: "Unsaved changes".to_owned(),
            message: self.message.to_owned(),
            confirm: "Leave without saving",
            keep: "Go on editing",
            subject: way,
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
        if link.has_attribute("download") || link.has_attribute("data-asks") || !link.target().is_empty() {
            return;
        }
        let loads_page = link.rel().split_ascii_whitespace().any(|word| word == "external");
        let way = Way { address: link.href(), loads_page, given_up: Vec::new() };
        if self.would_lose(&way) {
            event.prevent_default();
            event.stop_immediate_propagation();
            self.ask(way);
        }
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
