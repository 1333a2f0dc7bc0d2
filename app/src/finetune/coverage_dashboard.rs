//! Coverage: the table of shares with its bars, and the editor of the targets.

use anneal_server::api::set_targets;
use anneal_server::format;
use anneal_server::types::coverage::{TargetDistribution, TopicDistribution, TopicStatus};
use anneal_server::types::dataset::RecordFilter;
use anneal_server::types::error::AppError;
use leptos::prelude::*;

use super::steps::parts::{Bar, ErrorNote, Task, field};
use crate::contexts::use_finetune_process;
use crate::ui::{Button, ButtonVariant};

/// Current and target share per topic: a table whose bars are drawn beside the numbers they show, so it
/// is chart and table alternative in one.
#[component]
pub fn CoverageTable() -> impl IntoView {
    let distribution = field(|o| o.coverage.as_ref().map(|r| r.distribution.clone()).unwrap_or_default());
    // Bars share one scale, so that the largest share or target fills the column.
    let scale = Memo::new(move |_| {
        distribution
            .with(|rows| rows.iter().map(|row| row.percentage.max(row.target_percentage)).fold(1.0_f64, f64::max))
    });
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="Coverage by topic">
            <table class="table coverage-table">
                <caption class="visually-hidden">
                    "Share of the labelled valid records per topic, against its target"
                </caption>
                <thead>
                    <tr>
                        <th scope="col">"Topic"</th>
                        <th scope="col" class="number">"Records"</th>
                        <th scope="col" class="coverage-table__bar">
                            <span class="visually-hidden">"Share as a bar"</span>
                        </th>
                        <th scope="col" class="number">"Share"</th>
                        <th scope="col" class="number">"Target"</th>
                        <th scope="col" class="number" title="Target less share, in percentage points; the tolerance is smaller for small targets">
                            "Gap"
                        </th>
                        <th scope="col">"Status"</th>
                        <th scope="col" class="number" title="Records of this topic to add until it is within tolerance">
                            "Needed"
                        </th>
                    </tr>
                </thead>
                <tbody>
                    {move || {
                        let scale = scale.get();
                        distribution.get().into_iter().map(|row| view! { <CoverageRow row scale /> }).collect_view()
                    }}
                </tbody>
            </table>
        </div>
        <p class="muted small">"The tick on each bar is its target."</p>
    }
}

#[component]
fn CoverageRow(row: TopicDistribution, scale: f64) -> impl IntoView {
    let process = use_finetune_process();
    let (icon, word, class) = match row.status {
        TopicStatus::Under => ("↓", "too few", "status status--attention"),
        TopicStatus::Ok => ("✓", "fine", "status status--good"),
        TopicStatus::Over => ("↑", "more than enough", "status status--info"),
    };
    let bar = match row.status {
        TopicStatus::Under => "bar--attention",
        TopicStatus::Ok => "",
        TopicStatus::Over => "bar--info",
    };
    let topic = row.topic.clone();
    let open = move |_| {
        process.open_records(RecordFilter { topic: Some(topic.clone()), ..RecordFilter::default() });
    };
    let (percent, target) = (row.percentage / scale * 100.0, row.target_percentage / scale * 100.0);
    view! {
        <tr>
            <th scope="row" class="coverage-table__topic">
                <button type="button" class="link clamp" title=row.topic.clone() on:click=open>
                    {row.topic.clone()}
                </button>
            </th>
            <td class="number">{format::count(row.count)}</td>
            <td class="coverage-table__bar">
                <Bar percent=Signal::derive(move || percent) target=Signal::derive(move || target) class=bar />
            </td>
            <td class="number">{format!("{:.1}%", row.percentage)}</td>
            <td class="number">{format!("{:.1}%", row.target_percentage)}</td>
            <td class="number" title=format!("within {:.1} points is fine", row.tolerance)>{points(row.gap)}</td>
            <td>
                <span class=class>
                    <span aria-hidden="true">{icon} " "</span>
                    {word}
                </span>
            </td>
            <td class="number">{if row.needed > 0 { format!("+{}", format::count(row.needed)) } else { "–".to_owned() }}</td>
        </tr>
    }
}

/// "+3.1", "−2.0", "0.0" percentage points.
fn points(gap: f64) -> String {
    let rounded = (gap * 10.0).round() / 10.0;
    if rounded > 0.0 {
        format!("+{rounded:.1}")
    } else if rounded < 0.0 {
        format!("−{:.1}", rounded.abs())
    } else {
        "0.0".to_owned()
    }
}

/// One line of the target editor: kept while the overview refreshes, so that typing is never lost.
#[derive(Clone)]
struct TargetDraft {
    topic: String,
    percent: RwSignal<String>,
}

/// Number per topic, with sum, normalise and uniform.
#[component]
pub fn TargetEditor() -> impl IntoView {
    // What the form starts from; the form itself keeps what is typed.
    let start = RwSignal::new(None::<Vec<(String, f64)>>);
    let distribution = field(|o| o.coverage.as_ref().map(|r| r.distribution.clone()).unwrap_or_default());
    let own = field(|o| o.dataset.target_distribution.is_some());
    let open = move |_| {
        let rows = distribution.get_untracked().into_iter().map(|row| (row.topic, row.target_percentage));
        start.set(Some(rows.collect()));
    };
    view! {
        <section class="card">
            <header class="card__head">
                <h3 class="card__title">"Targets"</h3>
                <span class="card__aside">{move || if own.get() { "set by hand" } else { "uniform" }}</span>
            </header>
            {move || match start.get() {
                None => {
                    view! {
                        <p class="muted small">"The share each topic should have. Uniform unless you say otherwise."</p>
                        <Button on:click=open>"Edit targets"</Button>
                    }
                        .into_any()
                }
                Some(rows) => view! { <TargetForm rows close=Callback::new(move |()| start.set(None)) /> }.into_any(),
            }}
        </section>
    }
}

#[component]
fn TargetForm(rows: Vec<(String, f64)>, close: Callback<()>) -> impl IntoView {
    let process = use_finetune_process();
    let task = Task::new();
    let drafts = rows.into_iter().map(|(topic, percent)| TargetDraft { topic, percent: RwSignal::new(shown(percent)) });
    let rows = StoredValue::new(drafts.collect::<Vec<_>>());
    let values = Memo::new(move |_| {
        rows.with_value(|rows| rows.iter().map(|row| parse_percent(&row.percent.get())).collect::<Vec<_>>())
    });
    let sum = Memo::new(move |_| values.with(|values| values.iter().copied().sum::<Option<f64>>()));
    let write = move |numbers: Vec<f64>| {
        rows.with_value(|rows| rows.iter().zip(numbers).for_each(|(row, number)| row.percent.set(shown(number))));
    };
    let on_normalise = move |_| {
        if let Some(numbers) = values.get_untracked().into_iter().collect::<Option<Vec<_>>>() {
            write(normalised(&numbers));
        }
    };
    let on_uniform = move |_| write(normalised(&vec![1.0; rows.with_value(Vec::len)]));
    let save = move |ev: leptos::ev::SubmitEvent| {
        ev.prevent_default();
        let targets: Option<TargetDistribution> = rows.with_value(|rows| {
            rows.iter()
                .zip(values.get_untracked())
                .map(|(row, value)| value.map(|value| (row.topic.clone(), value)))
                .collect()
        });
        let Some(targets) = targets else {
            task.fail(Some(AppError::invalid("Every topic needs a number of 0 or more. Look at the marked fields.")));
            return;
        };
        task.start(set_targets(process.dataset_id(), Some(targets)), move |()| {
            process.refresh();
            close.run(());
        });
    };
    let reset = move |_| {
        task.start(set_targets(process.dataset_id(), None), move |()| {
            process.refresh();
            close.run(());
        });
    };
    let sum_is_100 = move || sum.get().is_some_and(|sum| (sum - 100.0).abs() < 0.005);
    view! {
        <form class="form" on:submit=save>
            <ul class="targets">
                {rows
                    .get_value()
                    .into_iter()
                    .map(|row| {
                        let bad = move || parse_percent(&row.percent.get()).is_none();
                        view! {
                            <li>
                                <label class="targets__row">
                                    <span class="clamp" title=row.topic.clone()>
                                        {row.topic.clone()}
                                    </span>
                                    <input
                                        type="text"
                                        inputmode="decimal"
                                        autocomplete="off"
                                        aria-invalid=move || bad().then_some("true")
                                        prop:value=move || row.percent.get()
                                        on:input:target=move |ev| row.percent.set(ev.target().value())
                                    />
                                    <span aria-hidden="true">"%"</span>
                                </label>
                            </li>
                        }
                    })
                    .collect_view()}
            </ul>
            <p class="targets__sum" aria-live="polite">
                <strong>{move || sum.get().map_or_else(|| "Sum: –".to_owned(), |sum| format!("Sum: {sum:.2}%"))}</strong>
                <span class="muted">
                    {move || if sum_is_100() { " ✓ adds up" } else { " must be 100%; Normalise keeps the proportions" }}
                </span>
            </p>
            <div class="row">
                <Button small=true on:click=on_normalise>
                    "Normalise"
                </Button>
                <Button small=true on:click=on_uniform>
                    "Uniform"
                </Button>
            </div>
            <ErrorNote error=task.error() />
            <div class="row">
                <Button variant=ButtonVariant::Primary kind="submit" busy=Signal::derive(move || task.busy())>
                    "Save targets"
                </Button>
                <Button on:click=reset disabled=Signal::derive(move || task.busy()) title="Forget these numbers; new topics then share alike">
                    "Back to uniform"
                </Button>
                <Button variant=ButtonVariant::Ghost on:click=move |_| close.run(())>
                    "Close"
                </Button>
            </div>
        </form>
    }
}

/// A typed percentage: a finite number of 0 or more, with point or comma.
fn parse_percent(text: &str) -> Option<f64> {
    text.trim().replace(',', ".").parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0)
}

/// At most four decimals, none that say nothing.
fn shown(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The same proportions with sum 100 exactly as shown: four decimals each, the largest takes what
/// rounding left over. All zero: all alike.
fn normalised(values: &[f64]) -> Vec<f64> {
    if values.is_empty() {
        return Vec::new();
    }
    let sum: f64 = values.iter().sum();
    let scaled = |value: &f64| if sum > 0.0 { value / sum * 100.0 } else { 100.0 / values.len() as f64 };
    let mut shares: Vec<f64> = values.iter().map(|value| (scaled(value) * 1e4).round() / 1e4).collect();
    let left = 100.0 - shares.iter().sum::<f64>();
    if let Some(largest) = shares.iter_mut().max_by(|a, b| a.total_cmp(b)) {
        *largest = ((*largest + left) * 1e4).round() / 1e4;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_read_with_point_or_comma() {
        for (text, expected) in [
            ("12.5", Some(12.5)),
            (" 7,25 ", Some(7.25)),
            ("0", Some(0.0)),
            ("-1", None),
            ("NaN", None),
            ("", None),
            ("inf", None),
        ] {
            assert_eq!(parse_percent(text), expected, "{text}");
        }
    }

    #[test]
    fn normalising_keeps_proportions_and_adds_up_as_shown() {
        assert_eq!(normalised(&[1.0, 1.0, 1.0]), [33.3333, 33.3333, 33.3334]);
        assert_eq!(normalised(&[3.0, 1.0]), [75.0, 25.0]);
        assert_eq!(normalised(&[0.0, 0.0]), [50.0, 50.0]);
        assert!(normalised(&[]).is_empty());
        let typed: f64 = normalised(&[7.0; 13]).iter().map(|value| shown(*value).parse::<f64>().unwrap()).sum();
        assert!((typed - 100.0).abs() < 1e-9);
    }

    #[test]
    fn gaps_have_a_sign() {
        assert_eq!(
            (points(3.12), points(-2.04), points(-0.01)),
            ("+3.1".to_owned(), "−2.0".to_owned(), "0.0".to_owned())
        );
    }

    #[test]
    fn numbers_are_shown_without_idle_zeros() {
        assert_eq!(
            (shown(12.5), shown(100.0), shown(33.333_33)),
            ("12.5".to_owned(), "100".to_owned(), "33.3333".to_owned())
        );
    }
}
