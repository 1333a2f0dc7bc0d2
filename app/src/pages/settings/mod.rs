//! `/settings`: model endpoints, the models that are used by default, calls and kept answers, the theme. One file a card.

mod calls;
mod defaults;
mod endpoint_form;
mod endpoints;
mod test_result;
mod theme;

use anneal_server::api::get_model_settings;
use anneal_server::types::endpoint::ModelSettings;
use leptos::prelude::*;
use leptos_meta::Title;

use self::calls::CallsCard;
use self::defaults::DefaultsCard;
pub use self::defaults::models_list;
use self::endpoints::EndpointsCard;
use self::theme::ThemeCard;
use crate::finetune::steps::parts::{ErrorNote, Task};
use crate::frame::TopBar;
use crate::server_only;
use crate::ui::{ErrorView, Spinner, load};

/// What the page shows by now, and how to have it read again.
#[derive(Clone, Copy)]
struct Shown {
    settings: RwSignal<ModelSettings>,
    reading: Task,
    /// Asked for while it was being read.
    again: StoredValue<bool>,
}

impl Shown {
    /// Reads it again, after a change.
    fn refresh(self) {
        // What changes while it is being read is read after that.
        if untrack(|| self.reading.busy()) {
            self.again.set_value(true);
            return;
        }
        self.reading.start(get_model_settings(), move |now| {
            self.settings.set(now);
            if self.again.try_update_value(std::mem::take) == Some(true) {
                self.refresh();
            }
        });
    }
}

/// Loads the settings, then the cards.
#[component]
pub fn SettingsPage() -> impl IntoView {
    let settings = load(|| (), |()| get_model_settings());
    view! {
        <Title text="Settings"/>
        <TopBar title="Settings" parents=vec![("Finetune".to_owned(), "/finetune".to_owned())]/>
        <main class="page page--narrow stack settings" id="main" tabindex="-1">
            <Suspense fallback=|| view! { <Spinner label="Loading the settings…"/> }>
                {move || Suspend::new(async move {
                    match settings.await {
                        Ok(settings) => view! { <Cards settings/> }.into_any(),
                        Err(error) => {
                            server_only::set_status_of(&error);
                            view! { <ErrorView error/> }.into_any()
                        }
                    }
                })}
            </Suspense>
            <ThemeCard/>
        </main>
    }
}

#[component]
fn Cards(settings: ModelSettings) -> impl IntoView {
    let shown = Shown { settings: RwSignal::new(settings), reading: Task::new(), again: StoredValue::new(false) };
    view! {
        <ErrorNote error=shown.reading.error()/>
        <EndpointsCard shown/>
        <DefaultsCard shown/>
        <CallsCard shown/>
    }
}
