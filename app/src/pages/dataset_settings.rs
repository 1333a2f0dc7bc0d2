//! `/finetune/:dataset_id/settings`: name, objective, the rules of validation, statistics, deletion. One file
//! a card.

mod about;
mod danger;
mod reset;
mod rules;
mod rules_preview;
mod statistics;

use anneal_server::api::get_overview;
use anneal_server::types::overview::DatasetOverview;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use self::about::AboutCard;
use self::danger::DangerCard;
use self::rules::RulesCard;
use self::statistics::StatisticsCard;
use crate::frame::TopBar;
use crate::server_only;
use crate::ui::{ErrorView, Spinner, load, memo, use_toaster};

/// Loads the dataset, then the four cards.
#[component]
pub fn DatasetSettingsPage() -> impl IntoView {
    let params = use_params_map();
    let id = memo(move || params.with(|params| params.get("dataset_id")).unwrap_or_default());
    let overview = load(move || id.get(), get_overview);
    view! {
        <Suspense fallback=|| view! { <Spinner label="Loading the settings…"/> }>
            {move || Suspend::new(async move {
                match overview.await {
                    Ok(overview) => view! { <Settings overview/> }.into_any(),
                    Err(error) => {
                        server_only::set_status_of(&error);
                        view! {
                            <TopBar title="Settings" parents=vec![("Finetune".to_owned(), "/finetune".to_owned())]/>
                            <main class="page" id="main" tabindex="-1"><ErrorView error/></main>
                        }
                            .into_any()
                    }
                }
            })}
        </Suspense>
    }
}

#[component]
fn Settings(overview: DatasetOverview) -> impl IntoView {
    let dataset = overview.dataset.clone();
    // The document's head may keep the title of a drawing that the server gave up: its signal holds itself.
    let title = ArcRwSignal::new(dataset.name.clone());
    // As it is called by now: the first card may change it.
    let name = RwSignal::from(title.clone());
    let address = format!("/finetune/{}", dataset.id);
    let parents =
        Signal::derive(move || vec![("Finetune".to_owned(), "/finetune".to_owned()), (name.get(), address.clone())]);
    view! {
        <Title text=move || format!("Settings of {}", title.get())/>
        <TopBar title="Settings" parents/>
        <main class="page page--narrow stack" id="main" tabindex="-1">
            <AboutCard dataset=dataset.clone() name/>
            <RulesCard dataset=dataset.clone()/>
            <StatisticsCard overview=overview.clone()/>
            <DangerCard overview name/>
        </main>
    }
}

/// Says in the page's corner that an action succeeded, every time it does.
fn say_when_saved(succeeded: impl Fn() -> bool + 'static, words: &'static str) {
    let toaster = use_toaster();
    Effect::new(move |_| {
        if succeeded() {
            toaster.success(words);
        }
    });
}

/// The same on the page that follows a form sent without JavaScript, which alone leads to `?saved=`. A form that fails
/// there leads back to the same address, with `__err` added.
#[component]
fn SavedNote(card: &'static str, words: &'static str) -> impl IntoView {
    let is_saved = use_query_map()
        .with_untracked(|query| query.get("__err").is_none() && query.get("saved").is_some_and(|saved| saved == card));
    is_saved.then(|| view! { <p class="note" role="status">{words}</p> })
}
