//! Counts and times.

use anneal_server::format;
use anneal_server::types::overview::DatasetOverview;
use leptos::prelude::*;

use crate::ui::{Card, RelativeTime};

/// What the dataset holds.
#[component]
pub fn StatisticsCard(overview: DatasetOverview) -> impl IntoView {
    let imports = i64::try_from(overview.imports.len()).unwrap_or(i64::MAX);
    let dry_runs = i64::try_from(overview.dry_run_history.len()).unwrap_or(i64::MAX);
    let hygiene = overview.hygiene;
    let facts = [
        ("Records", format::count(hygiene.total + hygiene.pending)),
        ("Valid", format::count(hygiene.valid)),
        ("Invalid", format::count(hygiene.rejected)),
        ("Duplicates kept aside", format::count(hygiene.duplicates_removed)),
        ("Not usable in all", hygiene.rejection_rate),
        ("With a recorded answer", format::count(overview.recorded_responses)),
        ("Imports", if imports >= 50 { "50 or more".to_owned() } else { format::count(imports) }),
        ("Dry runs", if dry_runs >= 50 { "50 or more".to_owned() } else { format::count(dry_runs) }),
        ("Dataset id", overview.dataset.id),
    ];
    let (created_at, updated_at, now) = (overview.dataset.created_at, overview.dataset.updated_at, overview.now);
    view! {
        <Card title="Statistics">
            <dl class="settings-facts">
                {facts
                    .map(|(name, value)| view! { <div class="settings-facts__row"><dt>{name}</dt><dd>{value}</dd></div> })
                    .collect_view()}
                <div class="settings-facts__row"><dt>"Created"</dt><dd><RelativeTime time=created_at now=now/></dd></div>
                <div class="settings-facts__row"><dt>"Last changed"</dt><dd><RelativeTime time=updated_at now=now/></dd></div>
            </dl>
        </Card>
    }
}
