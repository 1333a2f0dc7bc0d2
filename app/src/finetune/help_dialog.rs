//! The keys of the canvas page.

use leptos::prelude::*;

use crate::contexts::{PageDialog, use_finetune_process};
use crate::ui::Dialog;

const KEYS: [(&[&str], &str); 12] = [
    (&["j", "→", "↓"], "next step"),
    (&["k", "←", "↑"], "previous step"),
    (&["Enter"], "open the step"),
    (&["/"], "search the records"),
    (&["j", "k", "x"], "in the list of records: next, previous, tick; Enter reads the record, Esc goes back"),
    (&["+", "-"], "zoom in and out; so does a pinch, or the wheel over the pipeline"),
    (&["Ctrl", "wheel"], "zoom where the steps stand one under the other: there the wheel alone scrolls the page"),
    (&["Shift", "wheel"], "move the pipeline sideways; dragging moves it anywhere"),
    (&["0"], "fit the pipeline into the window"),
    (&["Esc"], "close what is open; the focus goes back to where it was"),
    (&["Tab"], "next control; the line above the panel resizes it with ↑ and ↓"),
    (&["?"], "this list"),
];

/// Opened by `?` and by the header's link.
#[component]
pub fn HelpDialog() -> impl IntoView {
    let process = use_finetune_process();
    let is_open = Signal::derive(move || process.dialog() == Some(PageDialog::Help));
    view! {
        <Dialog open=is_open on_close=move |()| process.close_dialog() close_href=process.without_dialog() title="Keys">
            // The list may be longer than the window: who has no mouse scrolls it, too.
            <div tabindex="0" role="region" aria-label="Keys and what they do">
                <dl class="keys">
                {KEYS
                    .map(|(keys, meaning)| {
                        view! {
                            <div class="keys__row">
                                <dt class="keys__keys">{keys.iter().map(|key| view! { <kbd>{*key}</kbd> }).collect_view()}</dt>
                                <dd>{meaning}</dd>
                            </div>
                        }
                    })
                    .collect_view()}
            </dl>
            </div>
        </Dialog>
    }
}
