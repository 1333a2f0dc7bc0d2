//! The event stream of a dataset: stored state first, then live.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt, stream};
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;

use super::reply::HttpError;
use crate::db;
use crate::state::AppState;
use crate::types::event::DatasetEvent;

/// `GET /events/{dataset_id}`.
pub(super) async fn events(
    State(state): State<AppState>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, HttpError> {
    let Path(dataset_id) = path?;
    // Subscribed before the stored state is read, so that nothing falls between the two.
    let live = BroadcastStream::new(state.events.subscribe());
    db::datasets::get(&state.db, &dataset_id).await?;
    let jobs = db::jobs::of_dataset(&state.db, &dataset_id).await?;
    let stored = jobs.into_iter().filter(|job| job.state.is_active()).map(|job| DatasetEvent::Job { job });
    let live = live.filter_map(move |message| {
        let event = match message {
            Ok((id, event)) => (*id == *dataset_id).then_some(event),
            // This page was too slow: what it missed is in the store.
            Err(BroadcastStreamRecvError::Lagged(_)) => Some(DatasetEvent::Changed),
        };
        std::future::ready(event)
    });
    let events = stream::iter(stored)
        .chain(live)
        .take_until(state.shutdown.clone().cancelled_owned())
        .map(|event| Ok(message(&event)));
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

/// [`DatasetEvent::Changed`] as it is sent.
const CHANGED: &str = r#"{"event":"changed"}"#;

/// What cannot be put into words is not lost: the page is told to look at the store.
fn message(event: &DatasetEvent) -> Event {
    Event::default().json_data(event).unwrap_or_else(|error| {
        tracing::error!(%error, ?event, "an event could not be written");
        Event::default().data(CHANGED)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_that_stands_for_any_other_is_what_pages_read() {
        assert_eq!(serde_json::from_str::<DatasetEvent>(CHANGED).unwrap(), DatasetEvent::Changed);
    }
}
