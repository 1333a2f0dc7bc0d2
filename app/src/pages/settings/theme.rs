//! Light, dark, or as the system has it.

use leptos::prelude::*;

use crate::frame::{Theme, choose_theme};
use crate::server_only;
use crate::ui::Card;

/// Three choices; this browser remembers for a year.
#[component]
pub fn ThemeCard() -> impl IntoView {
    let chosen = RwSignal::new(Theme::of_cookie(server_only::cookie("theme").as_deref()));
    let choice = move |theme: Theme| {
        view! {
            <label class="check">
                <input
                    type="radio"
                    name="theme"
                    checked=chosen.get_untracked() == theme
                    prop:checked=move || chosen.get() == theme
                    on:change=move |_| {
                        chosen.set(theme);
                        choose_theme(theme);
                    }
                />
                {theme.label()}
            </label>
        }
    };
    view! {
        <Card title="Theme">
            <fieldset class="row"><legend class="visually-hidden">"Theme"</legend>{Theme::ALL.map(choice).collect_view()}</fieldset>
        </Card>
    }
}
