//! Tabs: one row of names, one panel at a time.

use super::memo;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// The row of tabs. Arrow keys move between them, as the ARIA pattern asks.
#[component]
pub fn Tabs(
    /// What the tabs switch; the accessible name.
    #[prop(into)]
    label: String,
    /// Unique on the page; panels carry the same.
    group: &'static str,
    /// Id and name of each.
    #[prop(into)]
    tabs: Signal<Vec<(&'static str, String)>>,
    /// The id of the chosen one.
    #[prop(into)]
    selected: Signal<String>,
    /// Another one was chosen.
    #[prop(into)]
    on_select: Callback<&'static str>,
) -> impl IntoView {
    let on_key = move |event: KeyboardEvent| {
        let step = match event.key().as_str() {
            "ArrowRight" => 1_isize,
            "ArrowLeft" => -1,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        let ids: Vec<_> = tabs.with_untracked(|tabs| tabs.iter().map(|(id, _)| *id).collect());
        let current = ids.iter().position(|id| *id == selected.get_untracked()).unwrap_or(0);
        let count = isize::try_from(ids.len()).unwrap_or(1).max(1);
        let next = (isize::try_from(current).unwrap_or(0) + step).rem_euclid(count);
        let Some(id) = usize::try_from(next).ok().and_then(|next| ids.get(next)) else { return };
        on_select.run(id);
        focus(&tab_id(group, id));
    };
    let tab = move |(id, name): (&'static str, String)| {
        let is_selected = move || selected.get() == id;
        view! {
            <button
                type="button"
                role="tab"
                class="tabs__tab"
                id=tab_id(group, id)
                aria-controls=panel_id(group, id)
                aria-selected=move || if is_selected() { "true" } else { "false" }
                tabindex=move || if is_selected() { "0" } else { "-1" }
                on:click=move |_| on_select.run(id)
            >
                {name}
            </button>
        }
    };
    view! {
        <div class="tabs" role="tablist" aria-label=label on:keydown=on_key>
            {move || tabs.get().into_iter().map(tab).collect_view()}
        </div>
    }
}

/// The panel of one tab; its content exists only while it is chosen.
#[component]
pub fn TabPanel(
    /// As in [`Tabs`].
    group: &'static str,
    /// The tab it belongs to.
    id: &'static str,
    /// The id of the chosen tab.
    #[prop(into)]
    selected: Signal<String>,
    /// What is in it.
    children: ChildrenFn,
) -> impl IntoView {
    let is_selected = memo(move || selected.get() == id);
    view! {
        <div
            role="tabpanel"
            class="tabs__panel"
            id=panel_id(group, id)
            aria-labelledby=tab_id(group, id)
            hidden=move || !is_selected.get()
        >
            <Show when=move || is_selected.get()>{children()}</Show>
        </div>
    }
}

fn tab_id(group: &str, id: &str) -> String {
    format!("{group}-tab-{id}")
}

fn panel_id(group: &str, id: &str) -> String {
    format!("{group}-panel-{id}")
}

fn focus(id: &str) {
    if let Some(element) =
        document().get_element_by_id(id).and_then(|found| found.dyn_into::<web_sys::HtmlElement>().ok())
    {
        let _ = element.focus();
    }
}
