//! Counts and times, which follow what happens to the records.

use anneal_server::api::get_overview;
use anneal_server::format;
use anneal_server::types::error::AppError;
use anneal_server::types::event::DatasetEvent;
use anneal_server::types::overview::DatasetOverview;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::contexts::event_stream::connect;
use crate::ui::{Card, ErrorView, RelativeTime};

/// What the dataset holds.
#[component]
pub fn StatisticsCard(overview: DatasetOverview) -> impl IntoView {
    let id = overview.dataset.id.clone();
    let overview = RwSignal::new(overview);
    let error = follow(id, overview);
    view! {
        <Card title="Statistics">
            {move || overview.with(facts)}
            {move || error.get().map(|error| view! { <ErrorView error/> })}
        </Card>
    }
}

/// New rules are saved on this very page: the counts move while every record is checked by them. Gives why they do not, if
/// they could not be asked for.
fn follow(id: String, overview: RwSignal<DatasetOverview>) -> RwSignal<Option<AppError>> {
    let (offline, attempt) = (RwSignal::new(false), RwSignal::new(0));
    let error = RwSignal::new(None);
    // Answers may come out of their order: only the newest question's counts.
    let asked = StoredValue::new(0_u64);
    Effect::new(move || {
        attempt.track();
        let changed = id.clone();
        let on_event = move |event| {
            if event != DatasetEvent::Changed {
                return;
            }
            let (id, question) = (changed.clone(), asked.try_get_value().unwrap_or_default() + 1);
            asked.try_set_value(question);
            spawn_local(async move {
                let answer = get_overview(id).await;
                if asked.try_get_value() != Some(question) {
                    return;
                }
                error.try_set(answer.as_ref().err().cloned());
                if let Ok(now) = answer {
                    overview.try_set(now);
                }
            });
        };
        connect(&id, offline, attempt, || (), on_event);
    });
    error
}

fn facts(overview: &DatasetOverview) -> impl IntoView + use<> {
    let imports = i64::try_from(overview.imports.len()).unwrap_or(i64::MAX);
    let dry_runs = i64::try_from(overview.dry_run_history.len()).unwrap_or(i64::MAX);
    let hygiene = &overview.hygiene;
    let facts = [
        ("Records", format::count(hygiene.total + hygiene.pending)),
        ("Valid", format::count(hygiene.valid)),
        ("Invalid", format::count(hygiene.rejected)),
        ("Not checked yet", format::count(hygiene.pending)),
        ("Duplicates kept aside", format::count(hygiene.duplicates_removed)),
        ("Not usable in all", hygiene.rejection_rate.clone()),
        ("With a recorded answer", format::count(overview.recorded_responses)),
        ("Imports", if imports >= 50 { "50 or more".to_owned() } else { format::count(imports) }),
        ("Dry runs", if dry_runs >= 50 { "50 or more".to_owned() } else { format::count(dry_runs) }),
        ("Dataset id", overview.dataset.id.clone()),
    ];
    let (created_at, updated_at, now) = (overview.dataset.created_at, overview.dataset.updated_at, overview.now);
    view! {
        <dl class="settings-facts">
            {facts
                .map(|(name, value)| view! { <div class="settings-facts__row"><dt>{name}</dt><dd>{value}</dd></div> })
                .collect_view()}
            <div class="settings-facts__row"><dt>"Created"</dt><dd><RelativeTime time=created_at now=now/></dd></div>
            <div class="settings-facts__row"><dt>"Last changed"</dt><dd><RelativeTime time=updated_at now=now/></dd></div>
        </dl>
    }
}
