//! The editor of the topics' target shares.

use anneal_server::api::set_targets;
use anneal_server::types::coverage::TargetDistribution;
use anneal_server::types::error::AppError;
use leptos::prelude::*;

use super::steps::parts::{ErrorNote, Task, field};
use crate::contexts::use_finetune_process;
use crate::ui::{Button, ButtonVariant, UserText, memo};

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

/// What is typed into the target form; `Copy`, for its handlers.
#[derive(Clone, Copy)]
struct Targets {
    rows: StoredValue<Vec<TargetDraft>>,
    /// What each row reads as; `None` where it is no number.
    values: Memo<Vec<Option<f64>>>,
    /// Their sum, if all are numbers.
    sum: Memo<Option<f64>>,
}

impl Targets {
    fn new(rows: Vec<(String, f64)>) -> Self {
        let draft = |(topic, percent)| TargetDraft { topic, percent: RwSignal::new(shown(percent)) };
        let rows = StoredValue::new(rows.into_iter().map(draft).collect::<Vec<_>>());
        let values = memo(move || {
            rows.with_value(|rows| rows.iter().map(|row| parse_percent(&row.percent.get())).collect::<Vec<_>>())
        });
        let sum = memo(move || values.with(|values| values.iter().copied().sum::<Option<f64>>()));
        Self { rows, values, sum }
    }

    fn write(self, numbers: Vec<f64>) {
        self.rows.with_value(|rows| rows.iter().zip(numbers).for_each(|(row, number)| row.percent.set(shown(number))));
    }

    /// The same proportions, adding up; nothing while a row is no number.
    fn normalise(self) {
        if let Some(numbers) = self.values.get_untracked().into_iter().collect::<Option<Vec<_>>>() {
            self.write(normalised(&numbers));
        }
    }

    fn make_uniform(self) {
        self.write(normalised(&vec![1.0; self.rows.with_value(Vec::len)]));
    }

    fn read(self) -> Result<TargetDistribution, AppError> {
        let values = self.values.get_untracked();
        let read = self.rows.with_value(|rows| {
            rows.iter().zip(values).map(|(row, value)| Some((row.topic.clone(), value?))).collect::<Option<_>>()
        });
        read.ok_or_else(|| AppError::invalid("Every topic needs a number of 0 or more. Look at the marked fields."))
    }
}

#[component]
fn TargetForm(rows: Vec<(String, f64)>, close: Callback<()>) -> impl IntoView {
    let process = use_finetune_process();
    let task = Task::new();
    let targets = Targets::new(rows);
    let send = move |targets: Option<TargetDistribution>| {
        task.start(set_targets(process.dataset_id(), targets), move |()| {
            process.refresh();
            close.run(());
        });
    };
    let save = move |ev: leptos::ev::SubmitEvent| {
        ev.prevent_default();
        match targets.read() {
            Ok(targets) => send(Some(targets)),
            Err(error) => task.fail(Some(error)),
        }
    };
    view! {
        <form class="form" on:submit=save>
            <ul class="targets">
                {targets.rows.get_value().into_iter().map(|row| view! { <TargetRow row /> }).collect_view()}
            </ul>
            <TargetSum targets />
            <ErrorNote error=task.error() />
            <div class="row">
                <Button variant=ButtonVariant::Primary kind="submit" busy=Signal::derive(move || task.busy())>
                    "Save targets"
                </Button>
                <Button
                    on:click=move |_| send(None)
                    disabled=Signal::derive(move || task.busy())
                    title="Forget these numbers; new topics then share alike"
                >
                    "Back to uniform"
                </Button>
                <Button variant=ButtonVariant::Ghost on:click=move |_| close.run(())>
                    "Close"
                </Button>
            </div>
        </form>
    }
}

#[component]
fn TargetRow(row: TargetDraft) -> impl IntoView {
    let TargetDraft { topic, percent } = row;
    let is_bad = move || parse_percent(&percent.get()).is_none();
    view! {
        <li>
            <label class="targets__row">
                <UserText class="clamp" text=topic />
                <input
                    type="text"
                    inputmode="decimal"
                    autocomplete="off"
                    aria-invalid=move || is_bad().then_some("true")
                    value=percent.get_untracked()
                    prop:value=move || percent.get()
                    on:input:target=move |ev| percent.set(ev.target().value())
                />
                <span aria-hidden="true">"%"</span>
            </label>
        </li>
    }
}

/// The sum, and the buttons that make it 100%.
#[component]
fn TargetSum(targets: Targets) -> impl IntoView {
    let sum = targets.sum;
    let is_100 = move || sum.get().is_some_and(|sum| (sum - 100.0).abs() < 0.005);
    view! {
        <p class="targets__sum" aria-live="polite">
            <strong>{move || sum.get().map_or_else(|| "Sum: –".to_owned(), |sum| format!("Sum: {sum:.2}%"))}</strong>
            <span class="muted">
                {move || if is_100() { " ✓ adds up" } else { " must be 100%; Normalise keeps the proportions" }}
            </span>
        </p>
        <div class="row">
            <Button small=true on:click=move |_| targets.normalise()>
                "Normalise"
            </Button>
            <Button small=true on:click=move |_| targets.make_uniform()>
                "Uniform"
            </Button>
        </div>
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
    fn numbers_are_shown_without_idle_zeros() {
        assert_eq!(
            (shown(12.5), shown(100.0), shown(33.333_33)),
            ("12.5".to_owned(), "100".to_owned(), "33.3333".to_owned())
        );
    }
}
