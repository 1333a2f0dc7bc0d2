//! The root package: the server binary's parts (with `ssr`) and the browser's entry (with `hydrate`).

// Pages are deeply nested types, and they are laid out in this crate (see anneal-app).
#![recursion_limit = "512"]

#[cfg(feature = "ssr")]
pub mod serve;

/// Called by the page's script once the WASM is loaded: makes the server's HTML live.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(anneal_app::App);
}
