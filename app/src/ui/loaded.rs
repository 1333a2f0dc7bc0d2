//! What a page asks the server for: drawn with the page, asked for again in the browser.

#[cfg(feature = "ssr")]
use futures_util::future::{BoxFuture, FutureExt, Shared};
use leptos::server::codee::{Decoder, Encoder};
use leptos::{serde_json, server::Resource};
use serde::{Serialize, de::DeserializeOwned};

/// A value the server computed for the page, or that the browser asks it for.
pub type Loaded<T> = Resource<T, PageJson>;

/// Loads what `fetch` gives for `source`, and again whenever `source` changes. The same as [`Resource::new`] but for two things.
/// The code that reads a value out of the page is the one that reads a server function's answer. And while a page is drawn,
/// one call of this function asks once for one `source` ([`PageAnswers`]): so all that decides about the answer is in it.
#[track_caller]
pub fn load<S, T, Answer>(
    source: impl Fn() -> S + Send + Sync + 'static,
    fetch: impl Fn(S) -> Answer + Send + Sync + 'static,
) -> Loaded<T>
where
    S: PartialEq + Clone + Send + Sync + 'static,
    T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
    Answer: Future<Output = T> + Send + 'static,
{
    #[cfg(feature = "ssr")]
    let fetch = PageAnswers::once(std::panic::Location::caller(), fetch);
    Resource::new_with_options(source, fetch, false)
}

/// What was asked for while one page is drawn. The framework draws what waits for something more than once, and makes its
/// resources anew each time: the page would have the last answer, the browser be given the first, and if the data changed
/// between the two (an import is running, say), the browser finds another page than the one it reckons with, and stops.
#[cfg(feature = "ssr")]
#[derive(Clone, Default)]
pub struct PageAnswers(std::sync::Arc<std::sync::Mutex<Vec<Asked>>>);

/// Where it was asked for, and an [`Answers`] of its types.
#[cfg(feature = "ssr")]
type Asked = (&'static std::panic::Location<'static>, Box<dyn std::any::Any + Send>);

/// What was asked for by one call of `load`, with its answer or the way to it.
#[cfg(feature = "ssr")]
type Answers<S, T> = (S, Shared<BoxFuture<'static, T>>);

#[cfg(feature = "ssr")]
impl PageAnswers {
    /// `fetch`, but asked once a source within the page that is being drawn.
    fn once<S, T, Answer>(
        place: &'static std::panic::Location<'static>,
        fetch: impl Fn(S) -> Answer + Send + Sync + 'static,
    ) -> impl Fn(S) -> BoxFuture<'static, T> + Send + Sync + 'static
    where
        S: PartialEq + Clone + Send + Sync + 'static,
        T: Clone + Send + Sync + 'static,
        Answer: Future<Output = T> + Send + 'static,
    {
        let page = leptos::prelude::use_context::<Self>();
        move |source| match &page {
            Some(page) => page.ask(place, source, &fetch).boxed(),
            None => fetch(source).boxed(),
        }
    }

    fn ask<S, T, Answer>(
        &self,
        place: &'static std::panic::Location<'static>,
        source: S,
        fetch: &impl Fn(S) -> Answer,
    ) -> Shared<BoxFuture<'static, T>>
    where
        S: PartialEq + Clone + Send + 'static,
        T: Clone + Send + Sync + 'static,
        Answer: Future<Output = T> + Send + 'static,
    {
        // A panic while it was held leaves a list that is still one.
        let mut asked = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let known = asked
            .iter()
            .filter(|(at, _)| *at == place)
            .filter_map(|(_, answers)| answers.downcast_ref::<Answers<S, T>>())
            .find(|(known, _)| *known == source);
        if let Some((_, answer)) = known {
            return answer.clone();
        }
        let answer = fetch(source.clone()).boxed().shared();
        asked.push((place, Box::new((source, answer.clone()))));
        answer
    }
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

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use std::panic::Location;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn a_page_asks_once_for_one_thing() {
        let (page, asked) = (PageAnswers::default(), AtomicU32::new(0));
        let fetch = |source: &'static str| {
            let times = asked.fetch_add(1, Ordering::Relaxed);
            async move { format!("{source} {times}") }
        };
        let (here, there) = (Location::caller(), place());
        let ask = |place, source| page.ask(place, source, &fetch).now_or_never();
        assert_eq!(ask(here, "a").as_deref(), Some("a 0"));
        assert_eq!(ask(here, "a").as_deref(), Some("a 0"), "what came first stays");
        assert_eq!(ask(here, "b").as_deref(), Some("b 1"));
        assert_eq!(ask(there, "a").as_deref(), Some("a 2"), "another call may mean something else");
    }

    #[track_caller]
    fn place() -> &'static Location<'static> {
        Location::caller()
    }
}
