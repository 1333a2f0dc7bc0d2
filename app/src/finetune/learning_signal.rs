//! The learning-signal map: which prompts training can learn from, and where they are.

use anneal_server::format;
use anneal_server::types::dry_run::{LearningSignal, SignalCounts, TopicSignal};
use leptos::prelude::*;

use super::steps::parts::share;
use crate::ui::{Card, UserText};

/// Topics shown at first.
const FIRST: usize = 12;

/// The card.
#[component]
pub fn LearningSignalCard(signal: LearningSignal) -> impl IntoView {
    let LearningSignal { counts, learnable_ci95, by_topic, zero_gradient } = signal;
    let learnable = counts.learnable_share().map(|learnable| {
        let around = learnable_ci95.map(|ci| format!(" [{}, {}]", share(ci.low), share(ci.high))).unwrap_or_default();
        format!("{}{around} of the prompts can be learnt from: their answers got different scores.", share(learnable))
    });
    let zero = (!zero_gradient.is_empty()).then(|| {
        let each =
            zero_gradient.iter().map(|zero| format!("{} with {} answers a prompt", share(zero.share), zero.group_size));
        format!(
            "In training, groups in which all answers score alike teach nothing. To expect: {}.",
            each.collect::<Vec<_>>().join(", ")
        )
    });
    let (more, shown) = (by_topic.len().saturating_sub(FIRST), by_topic.into_iter().take(FIRST));
    view! {
        <Card title="What training can learn from" aside="prompts">
            {learnable.map(|words| view! { <p>{words}</p> })}
            <SignalBar counts />
            <ul class="signal__legend small">
                <li><span class="signal__dot signal__part--learnable" aria-hidden="true"></span>{legend("learnable", counts.learnable, "answers differ")}</li>
                <li><span class="signal__dot signal__part--solved" aria-hidden="true"></span>{legend("solved", counts.solved, "all score high")}</li>
                <li><span class="signal__dot signal__part--dead" aria-hidden="true"></span>{legend("dead", counts.dead, "all score low")}</li>
                {(counts.unknown > 0).then(|| view! { <li class="muted">{legend("unknown", counts.unknown, "fewer than two scores")}</li> })}
            </ul>
            {zero.map(|words| view! { <p class="muted small">{words}</p> })}
            <table class="table signal__topics">
                <thead class="visually-hidden">
                    <tr>
                        <th scope="col">"Topic"</th>
                        <th scope="col">"Prompts by what they offer"</th>
                        <th scope="col">"Learnable"</th>
                    </tr>
                </thead>
                <tbody>{shown.map(|topic| view! { <TopicRow topic /> }).collect_view()}</tbody>
            </table>
            {(more > 0).then(|| view! { <p class="muted small">{format!("And {} more; the export has all of them.", format::counted(count(more), "topic"))}</p> })}
        </Card>
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn legend(word: &str, prompts: i64, meaning: &str) -> String {
    format!("{} {word} ({meaning})", format::count(prompts))
}

#[component]
fn TopicRow(topic: TopicSignal) -> impl IntoView {
    let name = topic.topic.unwrap_or_else(|| "Without a topic".to_owned());
    let counts = topic.counts;
    view! {
        <tr>
            <th scope="row" class="by-topic__name"><UserText class="clamp" text=name /></th>
            <td class="signal__cell"><SignalBar counts /></td>
            <td class="number">{counts.learnable_share().map_or_else(|| "–".to_owned(), share)}</td>
        </tr>
    }
}

/// The three parts as one bar; its words are read out.
#[component]
fn SignalBar(counts: SignalCounts) -> impl IntoView {
    let label = format!("{} learnable, {} solved, {} dead", counts.learnable, counts.solved, counts.dead);
    let all = counts.known().max(1) as f64;
    let mut x = 0.0;
    let parts = [
        ("signal__part--learnable", counts.learnable),
        ("signal__part--solved", counts.solved),
        ("signal__part--dead", counts.dead),
    ];
    let parts = parts.map(|(class, prompts)| {
        let width = prompts as f64 / all * 100.0;
        let start = x;
        x += width;
        (prompts > 0).then(|| {
            view! { <rect class=class x=format!("{start:.2}") y="0" width=format!("{width:.2}") height="8"></rect> }
        })
    });
    view! {
        <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label=label>
            {parts.into_iter().collect_view()}
        </svg>
    }
}
