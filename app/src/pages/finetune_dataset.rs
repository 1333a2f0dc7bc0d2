//! `/finetune/:dataset_id`: the canvas.

use anneal_server::api::get_overview;
use anneal_server::types::error::AppError;
use anneal_server::types::overview::DatasetOverview;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_location, use_params_map};

use crate::contexts::{FinetuneProcess, use_finetune_process};
use crate::finetune::delete_dataset::{DatasetToDelete, DeleteDataset, DeletedNote, deleted_elsewhere};
use crate::finetune::deleted_datasets::BringBack;
use crate::finetune::steps::dry_run::{load_run, provide_run};
use crate::finetune::{
    DataDialogs, DatasetHeader, DownloadDialog, GraderDraftGuard, HealthIndicator, HelpDialog, PipelineCanvas,
    StepDetailPanel, provide_grader_draft,
};
use crate::frame::TopBar;
use crate::records::RecordsOverlay;
use crate::server_only;
use crate::ui::{ButtonVariant, EmptyState, ErrorView, IconName, Spinner, load, memo, use_unsaved, visible};

/// Loads the dataset and provides its context to everything below.
#[component]
pub fn FinetuneDatasetPage() -> impl IntoView {
    let params = use_params_map();
    let id = memo(move || params.with(|params| params.get("dataset_id")).unwrap_or_default());
    let overview = load(move || id.get(), get_overview);
    let search = use_location().search;
    // Not tracked: a run chosen later is the panel's to fetch, without the page being drawn anew.
    let run = load(move || (id.get(), search.get_untracked()), |(_, search)| load_run(search));
    view! {
        <Suspense fallback=|| view! { <Loading/> }>
            {move || Suspend::new(async move {
                let (overview, run) = (overview.await, run.await);
                match overview {
                    Ok(overview) => {
                        provide_run(run);
                        view! { <DatasetCanvas overview/> }.into_any()
                    }
                    Err(error) => {
                        server_only::set_status_of(&error);
                        view! { <CannotOpen error/> }.into_any()
                    }
                }
            })}
        </Suspense>
    }
}

#[component]
fn DatasetCanvas(overview: DatasetOverview) -> impl IntoView {
    let process = FinetuneProcess::new(overview);
    provide_context(process);
    provide_grader_draft();
    // On the server the suspense draws the page more than once, and the document's head may keep the title of a drawing
    // that was given up, whose signals are gone: this memo holds its value by itself, computed here.
    let name = ArcMemo::new(move |_| process.overview().with(|overview| overview.dataset.name.clone()));
    let _computed = name.get_untracked();
    let title = move || name.get();
    let DatasetToDelete { asked, deleting } = DatasetToDelete::new();
    provide_context(DatasetToDelete { asked, deleting });
    let (is_gone, unsaved) = (deleted_elsewhere(), use_unsaved());
    view! {
        <Title text=title/>
        // What is typed stays to be copied.
        <Show when=move || !is_gone.get() || unsaved.get() fallback=DeletedDataset>
            <LiveCanvas/>
        </Show>
        // Outlives the canvas: where another deletion comes first, this one's answer is still heard.
        <DeleteDataset asked deleting on_deleted=move |()| process.go_to_list()/>
    }
}

#[component]
fn LiveCanvas() -> impl IntoView {
    let canvas_height = RwSignal::new(None::<f64>);
    let is_folded = RwSignal::new(false);
    let height = move || canvas_height.get().map(|height| format!("{height:.0}px"));
    view! {
        <div class="dataset-page">
            <DatasetHeader/>
            <HealthIndicator/>
            <Connection/>
            <DeletedNote/>
            <main
                class="workspace"
                class:workspace--folded=is_folded
                class:workspace--sized=move || canvas_height.get().is_some()
                id="main"
                tabindex="-1"
                style:--canvas-height=height
            >
                <PipelineCanvas/>
                <StepDetailPanel canvas_height is_folded/>
            </main>
            <RecordsOverlay/>
            <DataDialogs/>
            <DownloadDialog/>
            <HelpDialog/>
            <GraderDraftGuard/>
        </div>
    }
}

/// In place of a dataset that was deleted while its page was open.
#[component]
fn DeletedDataset() -> impl IntoView {
    let process = use_finetune_process();
    let name = process.overview().with_untracked(|overview| visible(&overview.dataset.name).into_owned());
    view! {
        <TopBar title=name.clone() parents=vec![("Finetune".to_owned(), "/finetune".to_owned())]/>
        <main class="page" id="main" tabindex="-1">
            <div role="alert">
                <EmptyState
                    icon=IconName::Trash
                    title=format!("Dataset “{name}” was deleted")
                    message="Somebody deleted it, in another window or on the command line, while it was open here. Its records, topics, graders and dry runs went with it; for an hour all of it can be brought back."
                >
                    <BringBack variant=ButtonVariant::Primary/>
                    <a class=ButtonVariant::Secondary.class() href="/finetune">"Show all datasets"</a>
                </EmptyState>
            </div>
        </main>
    }
}

/// Says so where the page is not live, or shows older numbers than the server has.
#[component]
fn Connection() -> impl IntoView {
    let process = use_finetune_process();
    view! {
        <div class="connection" role="status">
            {move || process.offline().get().then(|| view! {
                <p class="connection__offline">"Reconnecting… What you see may be out of date."</p>
            })}
            {move || process.refresh_error().get().map(|error| {
                view! { <ErrorView error retry=Callback::new(move |()| process.refresh())/> }
            })}
        </div>
    }
}

#[component]
fn Loading() -> impl IntoView {
    view! {
        <TopBar title="Opening the dataset…" parents=vec![("Finetune".to_owned(), "/finetune".to_owned())]/>
        <main class="page" id="main" tabindex="-1"><Spinner label="Opening the dataset…"/></main>
    }
}

#[component]
fn CannotOpen(error: AppError) -> impl IntoView {
    view! {
        <Title text="Dataset"/>
        <TopBar title="Dataset" parents=vec![("Finetune".to_owned(), "/finetune".to_owned())]/>
        <main class="page stack" id="main" tabindex="-1">
            <ErrorView error/>
            <p><a class=ButtonVariant::Secondary.class() href="/finetune">"Show all datasets"</a></p>
        </main>
    }
}
