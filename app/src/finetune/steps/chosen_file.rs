//! The text of a file that the user chose in this page.

use anneal_server::format;
use anneal_server::types::error::AppError;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::{Closure, JsValue};

/// Larger files than this are no topic hierarchy; reading them would only freeze the page.
const MOST_BYTES: f64 = 8.0 * 1024.0 * 1024.0;

/// Reads the first chosen file of a file input as UTF-8 text and hands it on; does nothing if none is chosen.
pub fn read_chosen_file(input: &web_sys::HtmlInputElement, done: impl Fn(Result<String, AppError>) + 'static) {
    let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
    if file.size() > MOST_BYTES {
        let message = format!("“{}” is larger than {}. Choose a smaller file.", file.name(), format::bytes(8 << 20));
        done(Err(AppError::TooLarge { message }));
        return;
    }
    let name = file.name();
    let settled = Closure::new(move |text: JsValue| {
        done(
            text.as_string().ok_or_else(|| AppError::invalid(format!("“{name}” could not be read; choose it again."))),
        );
    });
    let promise: js_sys::Promise<JsValue> = file.text().unchecked_into();
    // A failed read settles with an error object, which is no string and so reported by the same closure.
    let _ = promise.then2(&settled, &settled);
    // The promise calls it once; a few bytes per chosen file are not worth a holder.
    settled.forget();
}
