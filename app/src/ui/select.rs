//! A choice of one among several.

use super::memo;
use leptos::prelude::*;

use super::described_by;

/// A `select` whose options and choice may change by themselves. With an `id` it is the control of a
/// `Field` of that id; without one `label` names it.
#[component]
pub fn Select(
    /// Its accessible name, where no `Field` is around it.
    #[prop(optional, into)]
    label: Option<String>,
    /// The `Field`'s id.
    #[prop(optional, into)]
    id: Option<&'static str>,
    /// The form field's name, where a form is sent without JavaScript too.
    #[prop(optional, into)]
    name: Option<&'static str>,
    /// Extra class.
    #[prop(optional, into)]
    class: Option<&'static str>,
    /// Value and words of each.
    #[prop(into)]
    options: Signal<Vec<(String, String)>>,
    /// The chosen one's value.
    #[prop(into)]
    chosen: Signal<String>,
    /// Another one was chosen. Where `chosen` stays as it was (the user is asked first, say), the old choice shows again.
    #[prop(into)]
    on_choose: Callback<String>,
) -> impl IntoView {
    let option = move |(value, words): (String, String)| {
        let same = value.clone();
        let is_chosen = memo(move || chosen.with(|chosen| *chosen == same));
        view! {
            <option value=value selected=is_chosen.get_untracked() prop:selected=move || is_chosen.get()>
                {words}
            </option>
        }
    };
    let choose = move |event: leptos::ev::Event| {
        let select = event_target::<web_sys::HtmlSelectElement>(&event);
        on_choose.run(select.value());
        // Else it would show what does not count, and choosing that again would be no change.
        if let Some(chosen) = chosen.try_get_untracked().filter(|chosen| *chosen != select.value()) {
            select.set_value(&chosen);
        }
    };
    view! {
        <select
            id=id
            name=name
            class=class
            aria-label=label
            aria-describedby=id.map(described_by)
            on:change=choose
        >
            {move || options.get().into_iter().map(option).collect_view()}
        </select>
    }
}
