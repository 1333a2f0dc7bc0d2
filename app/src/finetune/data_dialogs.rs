//! "Add data" and "Replace data" over the canvas.

use anneal_server::types::import::ImportMode;
use leptos::prelude::*;

use super::upload::UploadAnswer;
use super::{UploadForm, UploadTarget};
use crate::contexts::{PageDialog, use_finetune_process};
use crate::ui::{Dialog, memo};

/// Both dialogs; which one is open is in the URL.
#[component]
pub fn DataDialogs() -> impl IntoView {
    view! {
        <DataDialog dialog=PageDialog::Add mode=ImportMode::Append title="Add data"/>
        <DataDialog dialog=PageDialog::Replace mode=ImportMode::Replace title="Replace data"/>
    }
}

#[component]
fn DataDialog(dialog: PageDialog, mode: ImportMode, title: &'static str) -> impl IntoView {
    let process = use_finetune_process();
    let is_open = Signal::derive(move || process.dialog() == Some(dialog));
    let records = memo(move || process.overview().with(|overview| overview.hygiene.total + overview.hygiene.pending));
    let on_done = Callback::new(move |_: UploadAnswer| {
        process.close_dialog();
        process.toaster().success("The data is here. Its records are being read.");
        process.refresh();
    });
    view! {
        <Dialog open=is_open on_close=move |()| process.close_dialog() close_href=process.without_dialog() title=title>
            <UploadForm target=UploadTarget::Into { dataset_id: process.dataset_id(), mode, records: records.get_untracked() } on_done/>
        </Dialog>
    }
}
