//! Short messages in the corner for things that happened elsewhere than where the user looks. Errors of
//! a form belong at the form, not here.

use std::sync::Arc;
use std::time::Duration;

use anneal_server::types::error::AppError;
use leptos::prelude::*;

use super::{Button, ButtonVariant, Icon, IconName, Sentence, Tone};

/// How long a message stays; errors stay until they are closed.
const STAY: Duration = Duration::from_secs(6);
/// The same with something that can be done about it.
const STAY_WITH_ACTION: Duration = Duration::from_secs(12);
/// More than these would cover the page; the oldest goes.
const MOST: usize = 4;

#[derive(Clone)]
struct Toast {
    id: u64,
    tone: Tone,
    message: String,
    action: Option<(String, Act)>,
}

/// What a message's button does. Not a `Callback`: the message outlives the page that showed it.
type Act = Arc<dyn Fn() + Send + Sync>;

/// Shows messages. `Copy`; from [`use_toaster`].
#[derive(Clone, Copy)]
pub struct Toaster {
    toasts: RwSignal<Vec<Toast>>,
    next_id: StoredValue<u64>,
}

impl Toaster {
    /// Something went well: "Topic renamed."
    pub fn success(self, message: impl Into<String>) {
        self.show(Tone::Good, message.into(), None);
    }

    /// Something to know.
    pub fn info(self, message: impl Into<String>) {
        self.show(Tone::Neutral, message.into(), None);
    }

    /// Something failed that has no place of its own on the page. Stays until closed.
    pub fn error(self, error: &AppError) {
        self.show(Tone::Bad, error.to_string(), None);
    }

    /// A message with one action: "Deleted 12 records." and "Undo".
    pub fn with_action(
        self,
        message: impl Into<String>,
        action: impl Into<String>,
        run: impl Fn() + Send + Sync + 'static,
    ) {
        self.show(Tone::Neutral, message.into(), Some((action.into(), Arc::new(run))));
    }

    fn show(self, tone: Tone, message: String, action: Option<(String, Act)>) {
        let Some(id) = self.next_id.try_update_value(|id| {
            *id += 1;
            *id
        }) else {
            return;
        };
        let stay = if action.is_some() { STAY_WITH_ACTION } else { STAY };
        self.toasts.update(|toasts| {
            if toasts.len() >= MOST {
                toasts.remove(0);
            }
            toasts.push(Toast { id, tone, message, action });
        });
        if tone != Tone::Bad {
            set_timeout(move || self.close(id), stay);
        }
    }

    fn close(self, id: u64) {
        self.toasts.try_update(|toasts| toasts.retain(|toast| toast.id != id));
    }
}

/// Makes [`use_toaster`] work below. Called once by the app, which also shows [`Toasts`].
pub fn provide_toaster() {
    provide_context(Toaster { toasts: RwSignal::new(Vec::new()), next_id: StoredValue::new(0) });
}

/// The page's toaster.
///
/// # Panics
/// Outside the app; a bug.
#[expect(clippy::expect_used, reason = "the app's root provides it")]
pub fn use_toaster() -> Toaster {
    use_context::<Toaster>().expect("the app's root provides the toaster")
}

/// The corner where messages appear.
#[component]
pub fn Toasts() -> impl IntoView {
    let toaster = use_toaster();
    view! {
        <div class="toasts" role="region" aria-label="Notifications" aria-live="polite">
            <For each=move || toaster.toasts.get() key=|toast| toast.id let:toast>
                <ToastView toaster=toaster toast=toast/>
            </For>
        </div>
    }
}

#[component]
fn ToastView(toaster: Toaster, toast: Toast) -> impl IntoView {
    let id = toast.id;
    let icon = match toast.tone {
        Tone::Good => IconName::Check,
        Tone::Attention | Tone::Bad => IconName::Warning,
        Tone::Neutral | Tone::Info => IconName::Info,
    };
    view! {
        <div class=format!("toast {}", toast.tone.class())>
            <Icon name=icon/>
            <p class="toast__message"><Sentence text=toast.message /></p>
            {toast
                .action
                .map(|(label, run)| {
                    let on_click = move |_| {
                        run();
                        toaster.close(id);
                    };
                    view! { <Button variant=ButtonVariant::Ghost small=true on:click=on_click>{label}</Button> }
                })}
            <button type="button" class="button button--ghost button--icon" aria-label="Close" on:click=move |_| toaster.close(id)>
                <Icon name=IconName::Close/>
            </button>
        </div>
    }
}
