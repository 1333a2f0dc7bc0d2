//! The canvas page's header: where one is, how far the pipeline is, and the page's actions.

use anneal_server::types::dataset::RecordFilter;
use anneal_server::types::pipeline::PipelineStepId;
use leptos::prelude::*;

use crate::contexts::{PageDialog, use_finetune_process};
use crate::frame::TopBar;
use crate::ui::{ButtonVariant, Icon, IconName, Menu, MenuLink, MenuSeparator, memo};

/// Breadcrumb, overall progress, Records, Data, Settings, Help. All links, so all work without JavaScript.
#[component]
pub fn DatasetHeader() -> impl IntoView {
    let process = use_finetune_process();
    let name = memo(move || process.overview().with(|overview| overview.dataset.name.clone()));
    let id = process.dataset_id();
    let native_url = format!("/download/{id}/records.jsonl?format=native");
    let chat_url = format!("/download/{id}/records.jsonl?format=chat");
    let topics_file_url = format!("/download/{id}/topics.json");
    let settings_url = format!("/finetune/{id}/settings");
    let dialog_url = move |dialog| move || process.url_with(|query| query.dialog = Some(dialog));
    let records_url = move || process.url_with(|query| query.records = Some((RecordFilter::default(), 1)));
    let topics_url = move || process.url_with(|query| query.step = Some(PipelineStepId::Topics));
    view! {
        <TopBar title=name parents=vec![("Finetune".to_owned(), "/finetune".to_owned())]>
            <OverallProgress/>
            <a class=ButtonVariant::Secondary.class() href=records_url data-noscroll="" aria-label="Records">
                <Icon name=IconName::List/>
                <span class="top-bar__word">"Records"</span>
            </a>
            <Menu label="Data">
                <MenuLink href=Signal::derive(dialog_url(PageDialog::Add))>"Add data…"</MenuLink>
                <MenuLink href=Signal::derive(dialog_url(PageDialog::Replace))>"Replace data…"</MenuLink>
                <MenuSeparator/>
                <MenuLink download=true href=native_url>"Download records (native)"</MenuLink>
                <MenuLink download=true href=chat_url>"Download records (chat)"</MenuLink>
                <MenuLink href=Signal::derive(dialog_url(PageDialog::Download))>"Download masked or in part…"</MenuLink>
                <MenuSeparator/>
                <MenuLink href=Signal::derive(topics_url)>"Import topics"</MenuLink>
                <MenuLink download=true href=topics_file_url>"Download topics"</MenuLink>
            </Menu>
            <a class=ButtonVariant::Secondary.class() href=settings_url aria-label="Settings">
                <Icon name=IconName::Settings/>
                <span class="top-bar__word">"Settings"</span>
            </a>
            <a
                class="button button--ghost button--icon"
                href=dialog_url(PageDialog::Help)
                data-noscroll=""
                aria-label="Help: keys"
                title="Keys (?)"
            >
                <Icon name=IconName::Help/>
            </a>
        </TopBar>
    }
}

/// A ring and "64% of the way".
#[component]
fn OverallProgress() -> impl IntoView {
    let process = use_finetune_process();
    let percent = memo(move || process.pipeline.with(|pipeline| pipeline.overall_progress.round()));
    view! {
        <div class="overall" role="img" aria-label=move || format!("{:.0}% of the way through the seven steps", percent.get())>
            <svg class="overall__ring" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
                <circle class="overall__track" cx="12" cy="12" r="9"></circle>
                <circle
                    class="overall__done"
                    cx="12"
                    cy="12"
                    r="9"
                    pathLength="100"
                    stroke-dasharray=move || format!("{:.0} 100", percent.get())
                ></circle>
            </svg>
            <span class="overall__words" aria-hidden="true">
                {move || format!("{:.0}%", percent.get())} <span class="overall__more">" of the way"</span>
            </span>
        </div>
    }
}
