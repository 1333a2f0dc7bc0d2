//! Step 6: what a trainer would be given.

use anneal_server::api::preview_split;
use anneal_server::format;
use anneal_server::types::dry_run::Verdict;
use anneal_server::types::error::AppError;
use anneal_server::types::overview::DatasetOverview;
use anneal_server::types::training::{NearDuplicatesKnown, SplitBasis, SplitConfig, SplitPreview, SplitTopic};
use leptos::prelude::*;

use super::parts::{Check, CheckState, Checklist, field};
use crate::contexts::use_finetune_process;
use crate::finetune::MASKS;
use crate::records::NearDuplicatesLine;
use crate::ui::{ButtonVariant, Card, ErrorView, Field, Select, Stat, UserText, described_by, load, memo};

/// The panel of step 6.
#[component]
pub fn TrainPanel() -> impl IntoView {
    let checks = field(checks);
    view! {
        <div class="panel panel--train">
            <div class="panel__columns panel__columns--wide-right">
                <Card title="Ready to train?">
                    <Checklist checks />
                    <p class="note" role="note">
                        <strong>"No trainer is connected. "</strong>
                        "This version does not start a training itself. The two files beside are in the form that providers of reinforcement fine-tuning accept: upload them there, with your grader."
                    </p>
                </Card>
                <SplitForm />
            </div>
        </div>
    }
}

fn checks(overview: &DatasetOverview) -> Vec<Check> {
    let inputs = &overview.pipeline_inputs;
    let mut checks = vec![
        Check::new(
            CheckState::of(inputs.valid_records > 0, CheckState::Open),
            format!("Valid records: {}", format::count(inputs.valid_records)),
        ),
        Check::new(
            CheckState::of(inputs.grader.is_some(), CheckState::Open),
            match &inputs.grader {
                Some(grader) => format!("A grader: {}, version {}", grader.label, grader.version),
                None => "A saved grader".to_owned(),
            },
        ),
    ];
    let Some(dry_run) = &inputs.dry_run else {
        checks.push(Check::new(CheckState::Open, "A dry run that is not NO-GO"));
        return checks;
    };
    let (state, text) = match dry_run.verdict {
        Some(Verdict::Go) => (CheckState::Done, "The dry run says GO"),
        Some(Verdict::Caution) => (CheckState::Attention, "The dry run says CAUTION: look at its findings first"),
        Some(Verdict::NoGo) => (CheckState::Failed, "The dry run says NO-GO: training would probably waste its budget"),
        None => (CheckState::Open, "The dry run could not score a sample"),
    };
    checks.push(Check::new(state, text));
    if !dry_run.changed_since.is_empty() {
        checks.push(Check::new(
            CheckState::Attention,
            format!("Changed since the dry run: {}", dry_run.changed_since.join(", ")),
        ));
    }
    checks
}

/// Ratio, seed and strata, and what they give; both files are downloads of the same split.
#[component]
fn SplitForm() -> impl IntoView {
    let process = use_finetune_process();
    let first = SplitConfig::default();
    let percent = RwSignal::new(format!("{:.0}", first.train_ratio * 100.0));
    let seed = RwSignal::new(first.seed.to_string());
    let stratify = RwSignal::new(first.stratify_by_topic);
    let mask = RwSignal::new(String::new());
    let config = memo(move || read_split(&percent.get(), &seed.get(), stratify.get()));
    let revision = field(|o| {
        let near_duplicates = o.near_duplicates.map(|found| (found.run_id, found.is_stale));
        (o.dataset.records_revision, o.dataset.topics_revision, near_duplicates)
    });
    let unsure = field(|o| o.near_duplicates.is_none_or(|found| found.is_stale));
    let preview = load(
        move || (config.get(), revision.get()),
        move |(config, _)| async move { preview_split(process.dataset_id(), config?).await },
    );
    view! {
        <Card title="Split" aside="valid records only">
            <div class="form__pair form__pair--three">
                <Field id="split-percent" label="Train on, %" hint="Above 0 and below 100; the rest validates.">
                    <input
                        type="text"
                        inputmode="decimal"
                        autocomplete="off"
                        id="split-percent"
                        aria-describedby=described_by("split-percent")
                        prop:value=move || percent.get()
                        value=percent.get_untracked()
                        on:change:target=move |ev| percent.set(ev.target().value())
                    />
                </Field>
                <Field id="split-seed" label="Seed" hint="The same seed divides alike.">
                    <input
                        type="text"
                        inputmode="numeric"
                        autocomplete="off"
                        id="split-seed"
                        aria-describedby=described_by("split-seed")
                        prop:value=move || seed.get()
                        value=seed.get_untracked()
                        on:change:target=move |ev| seed.set(ev.target().value())
                    />
                </Field>
                <label class="check">
                    <input
                        type="checkbox"
                        checked=stratify.get_untracked()
                        prop:checked=move || stratify.get()
                        on:change:target=move |ev| stratify.set(ev.target().checked())
                    />
                    <span>"Divide every topic by that share"</span>
                </label>
            </div>
            <Field id="split-mask" label="Personal data and keys in the files" hint="Masked files are called so; a model that is trained on them learns the marks.">
                <Select
                    id="split-mask"
                    options=Signal::stored(MASKS.map(|(value, words)| (value.to_owned(), words.to_owned())).to_vec())
                    chosen=mask
                    on_choose=move |chosen: String| mask.set(chosen)
                />
            </Field>
            <Show when=move || unsure.get()>
                <NearDuplicatesLine />
            </Show>
            <Transition fallback=|| view! { <p class="muted" role="status">"Dividing…"</p> }>
                {move || {
                    let mask = mask.get();
                    Suspend::new(async move {
                    match preview.await {
                        Err(error) => view! { <ErrorView error /> }.into_any(),
                        Ok(preview) => view! { <Split preview mask /> }.into_any(),
                    }
                })}}
            </Transition>
        </Card>
    }
}

#[component]
fn Split(preview: SplitPreview, mask: String) -> impl IntoView {
    let dataset_id = use_finetune_process().dataset_id();
    let href = |part: &str| split_url(&dataset_id, part, &preview.config, preview.basis, &mask);
    let (train_url, valid_url) = (href("train"), href("valid"));
    let all = preview.train + preview.valid;
    let left_out = (preview.left_out > 0).then(|| {
        format!(
            "{} left out: their prompt does not end with a user message, which providers demand.",
            format::counted(preview.left_out, "valid record")
        )
    });
    let together = near_duplicates_words(preview.near_duplicates, preview.kept_together);
    let together = if preview.near_duplicates == NearDuplicatesKnown::Current {
        view! { <p class="note">{together}</p> }.into_any()
    } else {
        view! { <p class="note note--attention">"! " {together}</p> }.into_any()
    };
    let warnings = preview
        .warnings
        .into_iter()
        .map(|warning| view! { <p class="note note--attention">"! " {warning}</p> })
        .collect_view();
    view! {
        <div class="stats" aria-live="polite">
            <Stat value=format::count(preview.train) label="to train on" />
            <Stat value=format::count(preview.valid) label="to validate on" />
            <Stat value=format::count(all) label="together" />
        </div>
        {left_out.map(|text| view! { <p class="note">{text}</p> })}
        {together}
        {warnings}
        <div class="row">
            <a class=ButtonVariant::Primary.class() href=train_url download rel="external">
                "Download train.jsonl"
            </a>
            <a class=ButtonVariant::Secondary.class() href=valid_url download rel="external">
                "Download valid.jsonl"
            </a>
        </div>
        <SplitTable topics=preview.by_topic />
    }
}

fn near_duplicates_words(known: NearDuplicatesKnown, kept_together: i64) -> String {
    let clusters = format::counted(kept_together, "cluster");
    let together = format!("{clusters} of near-duplicates kept together");
    match (known, kept_together) {
        (NearDuplicatesKnown::Never, _) => "Near-duplicates have not been looked for: two records that say nearly the same may stand in both files. Look for them first.".to_owned(),
        (NearDuplicatesKnown::Stale, _) => format!("The records have changed since near-duplicates were looked for: some may stand in both files ({together}). Look again first."),
        (NearDuplicatesKnown::Current, 0) => "There are no near-duplicates that could stand in both files.".to_owned(),
        (NearDuplicatesKnown::Current, _) => format!("{together}: no two records that say nearly the same stand in both files."),
    }
}

#[component]
fn SplitTable(topics: Vec<SplitTopic>) -> impl IntoView {
    (!topics.is_empty()).then(|| {
        view! {
            <div class="table-scroll" tabindex="0" role="region" aria-label="Split by topic">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">"Topic"</th>
                            <th scope="col" class="number">"Train"</th>
                            <th scope="col" class="number">"Validate"</th>
                        </tr>
                    </thead>
                    <tbody>
                        {topics
                            .into_iter()
                            .map(|topic| {
                                let name = topic.topic.unwrap_or_else(|| "Without a topic".to_owned());
                                view! {
                                    <tr>
                                        <th scope="row">
                                            <UserText class="clamp" text=name />
                                        </th>
                                        <td class="number">{format::count(topic.train)}</td>
                                        <td class="number">{format::count(topic.valid)}</td>
                                    </tr>
                                }
                            })
                            .collect_view()}
                    </tbody>
                </table>
            </div>
        }
    })
}

/// Both files of the split shown, of the data it was made of: the server refuses them once that has changed.
fn split_url(dataset_id: &str, part: &str, config: &SplitConfig, basis: SplitBasis, mask: &str) -> String {
    let mask = if mask.is_empty() { String::new() } else { format!("&mask={mask}") };
    format!(
        "/download/{dataset_id}/split/{part}.jsonl?train_ratio={}&seed={}&stratify_by_topic={}&records_revision={}&topics_revision={}&near_duplicates={}{mask}",
        config.train_ratio,
        config.seed,
        config.stratify_by_topic,
        basis.records_revision,
        basis.topics_revision,
        basis.near_duplicates
    )
}

/// The typed split; the server checks it again.
fn read_split(percent: &str, seed: &str, stratify_by_topic: bool) -> Result<SplitConfig, AppError> {
    let percent =
        percent.trim().replace(',', ".").parse::<f64>().ok().filter(|percent| *percent > 0.0 && *percent < 100.0);
    let percent = percent.ok_or_else(|| {
        AppError::invalid_field("train_ratio", "The share to train on must lie above 0 and below 100%.")
    })?;
    let seed = seed.trim().parse::<u64>();
    let seed = seed.map_err(|_| AppError::invalid_field("seed", "The seed must be a whole number of 0 or more."))?;
    // Four decimals: 90.1% is 0.901, not 0.9009999999999999.
    let train_ratio = (percent * 100.0).round() / 10_000.0;
    Ok(SplitConfig { train_ratio, stratify_by_topic, seed, ..SplitConfig::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_split_is_read_or_refused() {
        let config = read_split("90,1", "7", false).unwrap();
        assert_eq!(
            (config.train_ratio.to_string(), config.seed, config.stratify_by_topic),
            ("0.901".to_owned(), 7, false)
        );
        for (percent, seed) in [("0", "1"), ("100", "1"), ("", "1"), ("NaN", "1"), ("50", "1.5"), ("50", "-1")] {
            assert!(read_split(percent, seed, true).is_err(), "{percent} {seed}");
        }
    }

    #[test]
    fn downloads_ask_for_the_split_shown() {
        let config = read_split("80", "3", true).unwrap();
        assert_eq!(
            split_url(
                "d",
                "valid",
                &config,
                SplitBasis { records_revision: 7, topics_revision: 2, near_duplicates: 5 },
                ""
            ),
            "/download/d/split/valid.jsonl?train_ratio=0.8&seed=3&stratify_by_topic=true&records_revision=7&topics_revision=2&near_duplicates=5"
        );
    }
}
