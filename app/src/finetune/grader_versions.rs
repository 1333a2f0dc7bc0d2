//! The saved versions of a grader: what changed between them, and the way back to one.

use anneal_server::api::{diff_grader, grader_versions};
use anneal_server::types::grader::{GraderConfig, GraderVersion};
use anneal_server::types::pipeline::PipelineStepId;
use leptos::prelude::*;

use super::grader_diff_view::GraderDiffView;
use super::steps::dry_run::{own_param, set_own_param};
use super::steps::parts::{When, field};
use crate::contexts::{FinetuneProcess, PageQuery, use_finetune_process};
use crate::ui::{Button, Disclosure, ErrorView, Select, load, memo};

/// The URL's parameter that says which two versions are compared: `versions=2-5`.
const COMPARED: &str = "versions";

/// The versions that the URL compares: what changed from the first to the second.
fn compared_in(query: &PageQuery) -> Option<(i64, i64)> {
    let value = own_param(query, COMPARED)?;
    let (from, to) = value.split_once('-')?;
    Some((from.parse().ok()?, to.parse().ok()?))
}

fn compare(query: &mut PageQuery, versions: Option<(i64, i64)>) {
    query.step = Some(PipelineStepId::Grader);
    set_own_param(query, COMPARED, versions.map(|(from, to)| format!("{from}-{to}")));
}

/// All saved versions: when each was saved, what changed in it, two of them compared, and a button that loads one.
#[component]
pub fn GraderVersions(
    /// What is being edited: that version needs no loading.
    #[prop(into)]
    in_editor: Signal<GraderConfig>,
    /// Loads a version into the editor; saving makes it the newest.
    restore: Callback<GraderConfig>,
) -> impl IntoView {
    let process = use_finetune_process();
    let newest = field(|o| o.grader.as_ref().map(|grader| grader.version));
    let compared = memo(move || process.query().with(compared_in));
    let versions = load(move || newest.get(), move |_| grader_versions(process.dataset_id()));
    view! {
        <Disclosure summary="Versions" open=compared.get_untracked().is_some()>
            <Transition fallback=|| view! { <p class="muted">"Loading versions…"</p> }>
                {move || Suspend::new(async move {
                    match versions.await {
                        Err(error) => view! { <ErrorView error /> }.into_any(),
                        Ok(versions) if versions.is_empty() => view! { <p class="muted">"None is saved yet."</p> }.into_any(),
                        Ok(versions) => view! { <VersionList versions compared in_editor restore /> }.into_any(),
                    }
                })}
            </Transition>
            <Comparison compared />
        </Disclosure>
    }
}

#[component]
fn VersionList(
    versions: Vec<GraderVersion>,
    compared: Memo<Option<(i64, i64)>>,
    in_editor: Signal<GraderConfig>,
    restore: Callback<GraderConfig>,
) -> impl IntoView {
    let process = use_finetune_process();
    let numbers: Vec<i64> = versions.iter().map(|version| version.version).collect();
    let former: Vec<Option<i64>> = (1..=numbers.len()).map(|at| numbers.get(at).copied()).collect();
    let row = move |(version, former): (GraderVersion, Option<i64>)| {
        let changes = former.map(|former| (former, version.version));
        view! { <VersionRow version changes process compared in_editor restore /> }
    };
    view! {
        <ul class="versions">{versions.into_iter().zip(former).map(row).collect_view()}</ul>
        {(numbers.len() > 1).then(|| view! { <CompareAny numbers compared /> })}
    }
}

#[component]
fn VersionRow(
    version: GraderVersion,
    /// The version before it, and its own number.
    changes: Option<(i64, i64)>,
    process: FinetuneProcess,
    compared: Memo<Option<(i64, i64)>>,
    in_editor: Signal<GraderConfig>,
    restore: Callback<GraderConfig>,
) -> impl IntoView {
    let (number, at, words) = (version.version, version.created_at, size_of(&version.config));
    let config = StoredValue::new(version.config);
    let is_in_editor = memo(move || in_editor.with(|edited| config.with_value(|config| config == edited)));
    let what_changed = changes.map(|changes| {
        let href = untrack(|| process.url_with(|query| compare(query, Some(changes))));
        let is_shown = move || compared.get() == Some(changes);
        view! {
            <a
                class="link small"
                href=href
                aria-current=move || is_shown().then_some("true")
                aria-label=format!("What changed in version {number}")
                data-noscroll=""
            >
                "What changed"
            </a>
        }
    });
    view! {
        <li class="versions__row">
            <span>
                <strong>{format!("Version {number}")}</strong>
                <span class="muted">{format!(", {words}, ")} <When at=Signal::derive(move || at) /></span>
            </span>
            <span class="row">
                {what_changed} <Show
                    when=move || !is_in_editor.get()
                    fallback=|| view! { <span class="muted small">"in the editor"</span> }
                >
                    <Button
                        small=true
                        on:click=move |_| restore.run(config.get_value())
                        title="Loads it into the editor; saving makes it the newest version"
                    >
                        "Restore"
                    </Button>
                </Show>
            </span>
        </li>
    }
}

/// "42 lines" of a script; the label of another kind.
fn size_of(config: &GraderConfig) -> String {
    match config {
        GraderConfig::Script { script } => {
            let lines = script.lines().count();
            format!("{lines} {}", if lines == 1 { "line" } else { "lines" })
        }
        other => other.label(),
    }
}

/// Any two versions against each other.
#[component]
fn CompareAny(
    /// Newest first.
    numbers: Vec<i64>,
    compared: Memo<Option<(i64, i64)>>,
) -> impl IntoView {
    let process = use_finetune_process();
    // The newest change, until something is chosen.
    let suggested = (numbers.get(1).copied().unwrap_or_default(), numbers.first().copied().unwrap_or_default());
    let shown = memo(move || compared.get().unwrap_or(suggested));
    let options = Signal::stored(
        numbers.into_iter().map(|number| (number.to_string(), format!("Version {number}"))).collect::<Vec<_>>(),
    );
    let choose = move |choice: String, change: fn((i64, i64), i64) -> (i64, i64)| {
        let Ok(number) = choice.parse() else { return };
        let Some(shown) = shown.try_get_untracked() else { return };
        process.change_url(|query| compare(query, Some(change(shown, number))));
    };
    view! {
        <p class="versions__compare small">
            <span>"Compare"</span>
            <Select
                label="Compare this version"
                options
                chosen=Signal::derive(move || shown.get().0.to_string())
                on_choose=Callback::new(move |choice| choose(choice, |(_, to), from| (from, to)))
            />
            <span>"with"</span>
            <Select
                label="with this version"
                options
                chosen=Signal::derive(move || shown.get().1.to_string())
                on_choose=Callback::new(move |choice| choose(choice, |(from, _), to| (from, to)))
            />
        </p>
    }
}

/// The two versions that the URL compares.
#[component]
fn Comparison(compared: Memo<Option<(i64, i64)>>) -> impl IntoView {
    let process = use_finetune_process();
    let found = load(
        move || compared.get(),
        move |compared| async move {
            match compared {
                Some((from, to)) => diff_grader(process.dataset_id(), from, to).await.map(Some),
                None => Ok(None),
            }
        },
    );
    view! {
        <Transition fallback=|| view! { <p class="muted" role="status">"Comparing…"</p> }>
            {move || Suspend::new(async move {
                match found.await {
                    Err(error) => view! { <ErrorView error /> }.into_any(),
                    Ok(None) => ().into_any(),
                    Ok(Some(diff)) => view! { <GraderDiffView diff /> }.into_any(),
                }
            })}
        </Transition>
        <Show when=move || compared.get().is_some()>
            <p>
                <a class="link small" href=move || process.url_with(|query| compare(query, None)) data-noscroll="">
                    "Close the comparison"
                </a>
            </p>
        </Show>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compared_is_in_the_url() {
        let mut query = PageQuery::default();
        compare(&mut query, Some((2, 5)));
        assert_eq!(query.to_query_string(), "?step=grader&versions=2-5");
        assert_eq!(compared_in(&PageQuery::parse("?step=grader&versions=2-5")), Some((2, 5)));
        for nonsense in ["", "2", "2-", "a-b", "2-5-7", "99999999999999999999-1"] {
            assert_eq!(compared_in(&PageQuery::parse(&format!("?versions={nonsense}"))), None, "{nonsense}");
        }
        compare(&mut query, None);
        assert_eq!(query.to_query_string(), "?step=grader");
    }
}
