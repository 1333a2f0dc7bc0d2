//! A question before something is taken away.

use leptos::prelude::*;

use super::{Button, ButtonVariant, Dialog, DialogSize, Sentence};

/// What is asked, and what a yes is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question<T> {
    /// "Delete this dataset?"
    pub title: String,
    /// What goes with it. Names of the user's stand between “ and ”.
    pub message: String,
    /// The words of the button that does it.
    pub confirm: &'static str,
    /// The words of the button that changes nothing.
    pub keep: &'static str,
    /// Handed to whoever asked, on yes.
    pub subject: T,
}

/// A modal question, open while `asked` holds one. Whoever wants to ask sets it; an answer takes it away.
#[component]
pub fn ConfirmDialog<T>(
    /// The question.
    asked: RwSignal<Option<Question<T>>>,
    /// Called on yes with the question's subject.
    #[prop(into)]
    on_confirm: Callback<T>,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
{
    let read = move |pick: fn(&Question<T>) -> String| asked.with(|asked| asked.as_ref().map(pick).unwrap_or_default());
    let close = Callback::new(move |()| asked.set(None));
    let yes = move |_| {
        let question = asked.get_untracked();
        asked.set(None);
        if let Some(question) = question {
            on_confirm.run(question.subject);
        }
    };
    view! {
        <Dialog
            open=Signal::derive(move || asked.with(Option::is_some))
            on_close=close
            title=Signal::derive(move || read(|question| question.title.clone()))
            size=DialogSize::Small
        >
            <p>{move || view! { <Sentence text=read(|question| question.message.clone()) /> }}</p>
            <div class="dialog__actions">
                <Button attr:autofocus=true on:click=move |_| close.run(())>
                    {move || read(|question| question.keep.to_owned())}
                </Button>
                <Button variant=ButtonVariant::Danger on:click=yes>
                    {move || read(|question| question.confirm.to_owned())}
                </Button>
            </div>
        </Dialog>
    }
}
