//! A text to be copied: shown as it is, with a button.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;

use super::Button;

/// How long "Copied" stands, in milliseconds.
const SAID_MS: u64 = 2_000;

/// The text in a field that cannot be changed, and "Copy". Where the browser lets no page write to the clipboard (no HTTPS,
/// or the user forbids it), the button marks the text, and the person copies it.
#[component]
pub fn CopyText(
    /// The text.
    #[prop(into)]
    text: Signal<String>,
    /// What it is, for screen readers and in the button's name: "Key".
    label: &'static str,
    /// Lines shown at once.
    #[prop(default = 1)]
    rows: u32,
) -> impl IntoView {
    let area = NodeRef::<html::Textarea>::new();
    let said = RwSignal::new("");
    let copy = move |_| {
        spawn_local(async move {
            let navigator = window().navigator();
            // Absent where the page is not trusted; the bindings take it for always there.
            let has_clipboard = js_sys::Reflect::has(&navigator, &"clipboard".into()).unwrap_or(false);
            let is_trusted = js_sys::Reflect::get(&window(), &"isSecureContext".into()).is_ok_and(|is| is.is_truthy());
            let is_copied = has_clipboard && is_trusted && {
                JsFuture::from(navigator.clipboard().write_text(&text.get_untracked())).await.is_ok()
            };
            if is_copied {
                said.try_set("Copied");
            } else {
                if let Some(area) = area.try_get_untracked().flatten() {
                    area.select();
                }
                said.try_set("Marked: copy it with Ctrl+C");
            }
            let forget = move || {
                said.try_set("");
            };
            set_timeout(forget, std::time::Duration::from_millis(SAID_MS));
        });
    };
    view! {
        <div class="copy-text">
            <textarea
                node_ref=area
                class="input input--code copy-text__text"
                rows=rows
                wrap="off"
                readonly
                spellcheck="false"
                aria-label=label
                prop:value=move || text.get()
            >
                {text.get_untracked()}
            </textarea>
            <Button small=true attr:aria-label=format!("Copy: {label}") on:click=copy>"Copy"</Button>
            <span class="copy-text__said muted small" role="status">{move || said.get()}</span>
        </div>
    }
}
