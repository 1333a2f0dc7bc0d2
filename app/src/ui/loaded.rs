//! What a page asks the server for: drawn with the page, asked for again in the browser.

use leptos::server::codee::{Decoder, Encoder};
use leptos::{serde_json, server::Resource};
use serde::{Serialize, de::DeserializeOwned};

/// A value the server computed for the page, or that the browser asks it for.
pub type Loaded<T> = Resource<T, PageJson>;

/// Loads what `fetch` gives for `source`, and again whenever `source` changes. The same as [`Resource::new`] but for the code
/// that reads a value out of the page: this shares the one that reads a server function's answer.
#[track_caller]
pub fn load<S, T, Answer>(
    source: impl Fn() -> S + Send + Sync + 'static,
    fetch: impl Fn(S) -> Answer + Send + Sync + 'static,
) -> Loaded<T>
where
    S: PartialEq + Clone + Send + Sync + 'static,
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
    Answer: Future<Output = T> + Send + 'static,
{
    Resource::new_with_options(source, fetch, false)
}

/// JSON inside the page. It is read by `from_slice`, as `server_fn` reads answers, because the compiler writes out every type's
/// reader once for strings and once for bytes, and the two are a twentieth of the WASM (docs/benchmarks.md).
pub struct PageJson;

impl<T: Serialize> Encoder<T> for PageJson {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, Self::Error> {
        serde_json::to_string(value)
    }
}

impl<T: DeserializeOwned> Decoder<T> for PageJson {
    type Error = serde_json::Error;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, Self::Error> {
        serde_json::from_slice(text.as_bytes())
    }
}
