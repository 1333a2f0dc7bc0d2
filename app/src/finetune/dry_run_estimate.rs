//! What a run will ask for and cost, said before it is paid.

use std::time::Duration;

use anneal_server::api::estimate_dry_run;
use anneal_server::format;
use anneal_server::types::dry_run::{DryRunConfig, DryRunEstimate};
use anneal_server::types::error::AppError;
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::dry_run_draft::DryRunDraft;
use crate::contexts::use_finetune_process;
use crate::ui::{memo, visible};

/// So long after the last stroke it is asked for.
const PAUSE: Duration = Duration::from_millis(400);

/// The estimate of what is typed, asked for in the browser; why there is none, where the run could not start.
#[component]
pub fn DryRunEstimateView(draft: DryRunDraft) -> impl IntoView {
    let process = use_finetune_process();
    let shown = RwSignal::new(None::<Result<DryRunEstimate, AppError>>);
    let asked = StoredValue::new(0_u32);
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let config = memo(move || draft.config());
    let ask = move |config: DryRunConfig| {
        // An answer that was overtaken is of another run.
        let number = asked.try_update_value(|number| {
            *number += 1;
            *number
        });
        let Some(number) = number else { return };
        let id = process.dataset_id();
        spawn_local(async move {
            let answer = estimate_dry_run(id, config).await;
            if asked.try_get_value() == Some(number) {
                shown.try_set(Some(answer));
            }
        });
    };
    let stop = move || {
        if let Some(Some(timer)) = timer.try_update_value(Option::take) {
            timer.clear();
        }
    };
    Effect::new(move |_| {
        stop();
        match config.get() {
            Err(error) => shown.set(Some(Err(error))),
            // Fails only where there is no window.
            Ok(config) => {
                if let Ok(handle) = set_timeout_with_handle(move || ask(config.clone()), PAUSE) {
                    timer.set_value(Some(handle));
                }
            }
        }
    });
    on_cleanup(stop);
    view! {
        <div aria-live="polite">
            {move || shown.get().map(|shown| match shown {
                Ok(estimate) => view! { <Told estimate /> }.into_any(),
                Err(error) => view! { <p class="note note--attention">{visible(&error.to_string()).into_owned()}</p> }.into_any(),
            })}
        </div>
    }
}

#[component]
fn Told(estimate: DryRunEstimate) -> impl IntoView {
    let assumed = estimate.assumed.iter().map(|words| view! { <li>{visible(words).into_owned()}</li> }).collect_view();
    let has_assumed = !estimate.assumed.is_empty();
    view! {
        <div class="note">
            <p>{words(&estimate)}</p>
            {has_assumed.then(|| view! { <ul class="small">{assumed}</ul> })}
        </div>
    }
}

/// "300 prompts. 1,200 responses and 1,500 judgements: some 540,000 tokens in and 120,000 out, about $1.20, about 2 minutes."
fn words(estimate: &DryRunEstimate) -> String {
    let prompts = format::counted(estimate.prompts, "prompt");
    let calls = [(estimate.response_calls, "response"), (estimate.judge_calls, "judgement")];
    let calls: Vec<String> =
        calls.into_iter().filter(|(calls, _)| *calls > 0).map(|(calls, what)| format::counted(calls, what)).collect();
    if calls.is_empty() {
        return format!("{prompts}, no model is asked: nothing to pay.");
    }
    let cost = match estimate.cost {
        Some(cost) => format!("about {}", format::dollars(cost)),
        None => "at a cost that is not known: enter the prices at the endpoint in the settings".to_owned(),
    };
    let time = match estimate.seconds {
        Some(seconds) => format!(", {}", time_words(seconds)),
        None => ". How long it takes is known once the models have answered".to_owned(),
    };
    format!(
        "{prompts}. {}: some {} tokens in and {} out, {cost}{time}. Kept answers are not paid for again.",
        calls.join(" and "),
        format::count(estimate.input_tokens),
        format::count(estimate.output_tokens),
    )
}

fn time_words(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "a rounded time")]
    let whole = |number: f64| number.ceil() as i64;
    match seconds {
        ..90.0 => format!("about {}", format::counted(whole(seconds).max(1), "second")),
        ..5_400.0 => format!("about {}", format::counted(whole(seconds / 60.0), "minute")),
        _ => format!("about {}", format::counted(whole(seconds / 3_600.0), "hour")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate() -> DryRunEstimate {
        DryRunEstimate {
            prompts: 300,
            response_calls: 1_200,
            judge_calls: 1_500,
            input_tokens: 540_000,
            output_tokens: 120_000,
            cost: Some(1.2),
            seconds: Some(100.0),
            measured_on: 24,
            assumed: Vec::new(),
        }
    }

    #[test]
    fn everything_that_is_known_is_said_before() {
        assert_eq!(
            words(&estimate()),
            "300 prompts. 1,200 responses and 1,500 judgements: some 540,000 tokens in and 120,000 out, about $1.20, about 2 minutes. Kept answers are not paid for again."
        );
        let unknown = DryRunEstimate { cost: None, seconds: None, ..estimate() };
        assert!(
            words(&unknown).contains("a cost that is not known")
                && words(&unknown).contains("once the models have answered")
        );
        let free = DryRunEstimate { response_calls: 0, judge_calls: 0, ..estimate() };
        assert_eq!(words(&free), "300 prompts, no model is asked: nothing to pay.");
    }

    #[test]
    fn times_are_rounded_up() {
        assert_eq!((time_words(0.2).as_str(), time_words(61.0).as_str()), ("about 1 second", "about 61 seconds"));
        assert_eq!((time_words(5_000.0).as_str(), time_words(9_000.0).as_str()), ("about 84 minutes", "about 3 hours"));
    }
}
