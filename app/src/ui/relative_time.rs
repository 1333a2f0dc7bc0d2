//! "4 min ago", with the exact time on hover.

use std::time::Duration;

use super::memo;
use anneal_server::format;
use anneal_server::types::TimestampMs;
use leptos::prelude::*;

/// The browser's clock, ticking once a second after hydration; `None` before, so that the first render
/// equals the server's.
#[derive(Clone, Copy)]
struct Clock(RwSignal<Option<f64>>);

/// Starts the one clock all [`RelativeTime`]s look at. Called once by the app.
pub fn provide_clock() {
    let clock = Clock(RwSignal::new(None));
    provide_context(clock);
    Effect::new(move || {
        if let Ok(handle) =
            set_interval_with_handle(move || clock.0.set(Some(js_sys::Date::now())), Duration::from_secs(1))
        {
            on_cleanup(move || handle.clear());
        }
    });
}

/// How long ago something was. Shows the server's view first (`now` is the server's clock when it
/// answered), then ticks on; a browser whose clock is wrong shows right ages all the same.
#[component]
pub fn RelativeTime(
    /// When it was.
    #[prop(into)]
    time: Signal<TimestampMs>,
    /// The server's clock when it answered.
    #[prop(into)]
    now: Signal<TimestampMs>,
) -> impl IntoView {
    let clock = use_context::<Clock>();
    // The browser's clock when `now` arrived, taken at the first tick after it.
    let arrival = memo(move || {
        now.track();
        clock.and_then(|clock| clock.0.get_untracked().map(|_| js_sys::Date::now()))
    });
    let first_tick = StoredValue::new(None::<f64>);
    let elapsed = move || {
        let ticked = clock.and_then(|clock| clock.0.get())?;
        let since = arrival
            .get()
            .unwrap_or_else(|| first_tick.try_update_value(|first| *first.get_or_insert(ticked)).unwrap_or(ticked));
        Some((ticked - since).max(0.0))
    };
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds a page was open fit an i64")]
    let text = memo(move || format::ago(time.get(), now.get() + elapsed().unwrap_or(0.0) as i64));
    view! { <time class="relative-time" title=move || format::utc(time.get())>{text}</time> }
}
