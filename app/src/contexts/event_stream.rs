//! The browser's end of `/events/{dataset_id}`: the native `EventSource`, which reconnects by itself after
//! a lost connection, but gives up after an answer that is no stream (a proxy's 502); then it is made anew.

use std::time::Duration;

use anneal_server::types::event::DatasetEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{EventSource, MessageEvent};

/// How long a lost connection stays unmentioned: most come back at once.
const PATIENCE: Duration = Duration::from_secs(3);

/// Opens the stream; call it in an effect. `on_open` runs at the first and every later connection,
/// `offline` is true while there has been none for some seconds. `attempt` grows when the browser has given
/// up: the effect that reads it connects anew. Closed when the owner is.
pub fn connect(
    dataset_id: &str,
    offline: RwSignal<bool>,
    attempt: RwSignal<u32>,
    on_open: impl Fn() + 'static,
    on_event: impl Fn(DatasetEvent) + 'static,
) {
    let Ok(source) = EventSource::new(&format!("/events/{dataset_id}")) else {
        offline.set(true);
        return;
    };
    let opened = Closure::<dyn Fn()>::new(move || {
        offline.try_set(false);
        on_open();
    });
    let message = Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
        let text = message.data().as_string().unwrap_or_default();
        match serde_json::from_str(&text) {
            Ok(event) => on_event(event),
            // A newer server's event; the next overview has what it meant.
            Err(error) => leptos::logging::debug_warn!("unknown event: {error}"),
        }
    });
    let watched = source.clone();
    let failed = Closure::<dyn Fn()>::new(move || {
        let source = watched.clone();
        set_timeout(
            move || {
                // A source that was closed with its owner asks for nothing any more.
                if source.ready_state() == EventSource::OPEN || source.onerror().is_none() {
                    return;
                }
                offline.try_set(true);
                if source.ready_state() == EventSource::CLOSED {
                    attempt.try_update(|attempt| *attempt += 1);
                }
            },
            PATIENCE,
        );
    });
    source.set_onopen(Some(opened.as_ref().unchecked_ref()));
    source.set_onmessage(Some(message.as_ref().unchecked_ref()));
    source.set_onerror(Some(failed.as_ref().unchecked_ref()));
    // Lives exactly as long as the owner; only the browser's one thread ever touches it.
    let connection = StoredValue::new_local((source, opened, message, failed));
    on_cleanup(move || {
        connection.try_with_value(|(source, ..)| {
            source.set_onopen(None);
            source.set_onmessage(None);
            source.set_onerror(None);
            source.close();
        });
    });
}
