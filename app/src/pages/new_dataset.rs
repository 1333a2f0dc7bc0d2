//! `/finetune/new`: a dataset from a file or pasted text.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_navigate;

use crate::finetune::upload::UploadAnswer;
use crate::finetune::{UploadForm, UploadTarget};
use crate::frame::TopBar;

/// The form; when the server has the file, the new dataset opens and shows how the import goes.
#[component]
pub fn NewDatasetPage() -> impl IntoView {
    let navigate = use_navigate();
    let on_done = Callback::new(move |answer: UploadAnswer| {
        navigate(&format!("/finetune/{}", answer.dataset_id), leptos_router::NavigateOptions::default());
    });
    view! {
        <Title text="New dataset"/>
        <TopBar title="New dataset" parents=vec![("Finetune".to_owned(), "/finetune".to_owned())]/>
        <main class="page" id="main" tabindex="-1">
            <p class="page__lead">
                "Bring the traces of your application. Nothing leaves this machine: the records are read, checked and stored here."
            </p>
            <UploadForm target=UploadTarget::New on_done/>
        </main>
    }
}
