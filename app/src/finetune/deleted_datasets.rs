//! Taking the deletion of a dataset back: from the message that says it is deleted, from the list, from its own open page.

use anneal_server::api::{RestoreDataset, list_deleted_datasets, restore_dataset};
use anneal_server::format;
use anneal_server::types::TimestampMs;
use anneal_server::types::dataset::DeletedDataset;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::steps::parts::{ErrorNote, Task};
use crate::contexts::use_finetune_process;
use crate::ui::{Button, ButtonVariant, ErrorView, RelativeTime, Toaster, UserText, load, memo, use_toaster};

/// Grows when datasets came or went, so that the list is read again. Lives as long as the app: an undo may be asked for on
/// any page.
#[derive(Clone, Copy)]
pub struct DatasetsChanged(RwSignal<u32>);

/// Makes [`use_datasets_changed`] work below. Called once by the app.
pub fn provide_datasets_changed() {
    provide_context(DatasetsChanged(RwSignal::new(0)));
}

/// What the list of datasets is read again for.
///
/// # Panics
/// Outside the app; a bug.
#[expect(clippy::expect_used, reason = "the app's root provides it")]
pub fn use_datasets_changed() -> DatasetsChanged {
    use_context::<DatasetsChanged>().expect("the app's root provides it")
}

impl DatasetsChanged {
    /// How often they did.
    pub fn count(self) -> u32 {
        self.0.get()
    }

    /// They did.
    pub fn tell(self) {
        self.0.update(|count| *count += 1);
    }

    /// Says that a dataset is deleted, and offers to bring it back.
    pub fn tell_deleted(self, toaster: Toaster, id: String, name: &str) {
        self.tell();
        let back = format!("“{name}” is back.");
        toaster.with_action(format!("Deleted “{name}”."), "Undo", move || {
            let (id, back) = (id.clone(), back.clone());
            spawn_local(async move {
                match restore_dataset(id).await {
                    Ok(()) => toaster.success(back),
                    Err(error) => toaster.error(&error),
                }
                self.tell();
            });
        });
    }
}

/// Those that can still be brought back; nothing where there are none. A form each, which works without JavaScript too.
#[component]
pub fn RecentlyDeleted(
    /// The server's clock when the page was made.
    now: TimestampMs,
) -> impl IntoView {
    let changed = use_datasets_changed();
    let deleted = load(move || changed.count(), |_| list_deleted_datasets());
    let restore = ServerAction::<RestoreDataset>::new();
    let toaster = use_toaster();
    Effect::new(move |_| {
        match restore.value().get() {
            None => return,
            Some(Ok(())) => toaster.success("The dataset is back, as it was."),
            Some(Err(error)) => toaster.error(&error),
        }
        changed.tell();
    });
    view! {
        <Transition fallback=|| ()>
            {move || Suspend::new(async move {
                match deleted.await {
                    Ok(list) if list.is_empty() => ().into_any(),
                    Ok(list) => view! { <DeletedList list restore now/> }.into_any(),
                    Err(error) => view! { <ErrorView error/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn DeletedList(list: Vec<DeletedDataset>, restore: ServerAction<RestoreDataset>, now: TimestampMs) -> impl IntoView {
    let row = move |dataset: DeletedDataset| {
        let DeletedDataset { id, name, records, deleted_at, restorable_until } = dataset;
        let label = format!("Bring {name} back");
        view! {
            <li class="deleted-row">
                <UserText text=name class="deleted-row__name"/>
                <span class="muted">{format::counted(records, "record")}</span>
                <span class="muted">"deleted " <RelativeTime time=deleted_at now/></span>
                <span class="muted" title=format::utc(restorable_until)>{left(restorable_until - now)}</span>
                <ActionForm action=restore attr:class="deleted-row__action">
                    <input type="hidden" name="dataset_id" value=id/>
                    <Button kind="submit" small=true attr:aria-label=label busy=restore.pending()>"Bring it back"</Button>
                </ActionForm>
            </li>
        }
    };
    view! {
        <section class="deleted-list" aria-labelledby="deleted-title">
            <h2 class="deleted-list__title" id="deleted-title">"Recently deleted"</h2>
            <ul>{list.into_iter().map(row).collect_view()}</ul>
        </section>
    }
}

/// "gone for good in 12 min".
fn left(ms: TimestampMs) -> String {
    match ms / 60_000 {
        ..1 => "gone for good within a minute".to_owned(),
        minutes => format!("gone for good in {minutes} min"),
    }
}

/// Brings the open dataset back, on the page that says it was deleted.
#[component]
pub fn BringBack(
    /// How the button looks.
    #[prop(optional)]
    variant: ButtonVariant,
) -> impl IntoView {
    let process = use_finetune_process();
    let task = Task::new();
    let busy = memo(move || task.busy());
    let bring_back = move |_| task.start(restore_dataset(process.dataset_id()), move |()| process.brought_back());
    view! {
        <Button variant busy on:click=bring_back>"Bring it back"</Button>
        <ErrorNote error=task.error()/>
    }
}

#[cfg(test)]
mod tests {
    use super::left;

    #[test]
    fn the_time_left_is_said_in_whole_minutes() {
        for (ms, expected) in [
            (59 * 60_000 + 59_999, "gone for good in 59 min"),
            (60_000, "gone for good in 1 min"),
            (59_999, "gone for good within a minute"),
            (-5, "gone for good within a minute"),
        ] {
            assert_eq!(left(ms), expected);
        }
    }
}
