//! Tells open pages of changes that nobody in this process announced: another process's (the command
//! line), and the counts that grow while an import runs.

use std::collections::HashMap;
use std::time::Duration;

use crate::db;
use crate::error::ServiceResult;
use crate::state::AppState;
use crate::types::event::DatasetEvent;

/// "Two tabs on one dataset agree within a second", whoever made the change.
const INTERVAL: Duration = Duration::from_millis(800);

/// Looks, while anyone listens, until the state's shutdown.
pub async fn run(state: AppState) {
    let mut known = HashMap::new();
    while !state.shutdown.is_cancelled() {
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = state.shutdown.cancelled() => return,
        }
        // What was known before is kept: a page that opens may be of a dataset that is deleted before the next look.
        if !state.events.anyone_listens() {
            continue;
        }
        if let Err(error) = look(&state, &mut known).await {
            tracing::warn!(%error, "changes could not be looked for");
        }
    }
}

async fn look(state: &AppState, known: &mut HashMap<String, String>) -> ServiceResult<()> {
    let now = db::datasets::fingerprints(&state.db).await?;
    for (id, fingerprint) in &now {
        // One that was not there before came back, or its page is about to be opened.
        if !known.is_empty() && known.get(id) != Some(fingerprint) {
            state.events.changed(id);
        }
    }
    for id in known.keys().filter(|id| !now.contains_key(*id)) {
        state.events.send(id, DatasetEvent::Deleted);
    }
    *known = now;
    Ok(())
}
