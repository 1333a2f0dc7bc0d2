//! A draft's templates as they become for one record, while one types.

use std::time::Duration;

use anneal_server::api::preview_grader;
use anneal_server::format;
use anneal_server::types::error::AppError;
use anneal_server::types::grader::{GraderConfig, PreviewText, PromptPreview};
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::grader_leaf_draft::LeafDraft;
use super::steps::parts::ErrorNote;
use crate::contexts::use_finetune_process;
use crate::ui::{Button, CodePlace, Disclosure, memo, visible};

/// So long after the last stroke it is asked for.
const PAUSE: Duration = Duration::from_millis(350);

/// The rendered texts of the open grader.
#[component]
pub fn GraderPreview(
    leaf: LeafDraft,
    /// Is told what is wrong in a template, with its place; nothing once it can be read.
    #[prop(optional, into)]
    at_fault: Option<WriteSignal<Option<String>>>,
) -> impl IntoView {
    let process = use_finetune_process();
    let position = RwSignal::new(0_i64);
    let shown = RwSignal::new(None::<PromptPreview>);
    let error = RwSignal::new(None::<AppError>);
    let asked = StoredValue::new(0_u32);
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let config = memo(move || leaf.config().ok());
    let ask = move |config: GraderConfig, position: i64| {
        // An answer that was overtaken is of another text.
        let Some(number) = asked.try_update_value(|number| {
            *number += 1;
            *number
        }) else {
            return;
        };
        let id = process.dataset_id();
        spawn_local(async move {
            let answer = preview_grader(id, config, position).await;
            if asked.try_get_value() != Some(number) {
                return;
            }
            error.try_set(answer.as_ref().err().cloned());
            if let Ok(preview) = answer {
                if let Some(at_fault) = at_fault {
                    let wrong = preview.texts.iter().find(|text| text.place.is_some());
                    at_fault.try_set(wrong.and_then(|text| text.error.clone()));
                }
                shown.try_set(Some(preview));
            }
        });
    };
    let stop = move || {
        if let Some(Some(timer)) = timer.try_update_value(Option::take) {
            timer.clear();
        }
    };
    Effect::new(move |_| {
        let (Some(config), position) = (config.get(), position.get()) else { return };
        stop();
        // Fails only where there is no window.
        if let Ok(handle) = set_timeout_with_handle(move || ask(config.clone(), position), PAUSE) {
            timer.set_value(Some(handle));
        }
    });
    on_cleanup(stop);
    let total = memo(move || shown.with(|shown| shown.as_ref().map_or(0, |shown| shown.total)));
    let title = move || match shown.with(|shown| shown.as_ref().map(|shown| (shown.position, shown.total))) {
        Some((position, total)) if total > 0 => {
            format!("Preview on record {} of {}", format::count(position + 1), format::count(total))
        }
        _ => "Preview".to_owned(),
    };
    view! {
        <Disclosure summary=Signal::derive(title) open=true>
            <Show when=move || { total.get() > 1 }>
                <div class="row">
                    <Button small=true on:click=move |_| position.update(|position| *position -= 1)>"Previous record"</Button>
                    <Button small=true on:click=move |_| position.update(|position| *position += 1)>"Next record"</Button>
                </div>
            </Show>
            <ErrorNote error />
            <div aria-live="polite" class="stack stack--small">
                {move || match shown.get() {
                    None => view! { <p class="muted small">"The texts appear here once they are rendered."</p> }.into_any(),
                    Some(preview) => {
                        let without = preview.record_id.is_none();
                        view! {
                            {without.then(|| view! { <p class="muted small">"There is no valid record to render them on."</p> })}
                            {preview.texts.into_iter().map(|text| view! { <Rendered text leaf /> }).collect_view()}
                        }
                            .into_any()
                    }
                }}
            </div>
        </Disclosure>
    }
}

#[component]
fn Rendered(text: PreviewText, leaf: LeafDraft) -> impl IntoView {
    let error = text.error.map(|words| visible(&words).into_owned());
    let place = text.place.is_some().then(|| error.clone()).flatten();
    view! {
        <div>
            <p class="small muted">{text.label}</p>
            {error.map(|words| view! { <p class="note note--error" role="alert">{words}</p> })}
            {place.map(|words| view! { <CodePlace text=leaf.prompt error=Signal::stored(Some(words)) /> })}
            {text.text.map(|text| view! { <div class="text text--code preview-text" tabindex="0" role="region" aria-label="Rendered text" dir="auto">{visible(&text).into_owned()}</div> })}
        </div>
    }
}
