//! What the parts of a combination, or a judge besides its score, said of a response.

use anneal_server::types::grader::PartScore;
use leptos::prelude::*;

use super::grader_test_results::ScoreChip;
use super::steps::parts::score;
use crate::ui::{UserText, visible};

/// One line a part: its score, what counts of it, its reason or its error. Nothing for a single number.
#[component]
pub fn PartScores(
    /// As the grade has them.
    parts: Vec<PartScore>,
) -> impl IntoView {
    (!parts.is_empty()).then(|| {
        view! {
            <ul class="part-scores" aria-label="Scores of the parts">
                {parts.into_iter().map(part_view).collect_view()}
            </ul>
        }
    })
}

fn part_view(part: PartScore) -> impl IntoView {
    let PartScore { name, score: own, counted, reasoning, error, sub_scores } = part;
    let sub_score = |(name, value): (String, f64)| {
        view! { <li><UserText text=name /> " " {score(value)}</li> }
    };
    view! {
        <li class="part-score">
            <ScoreChip score=own />
            <div class="part-score__said">
                <strong><UserText text=name /></strong>
                {counted.map(|counted| view! { <span class="muted small">{format!(" counts as {}", score(counted))}</span> })}
                {reasoning.map(|text| view! { <p class="small" dir="auto">{visible(&text).into_owned()}</p> })}
                {error.map(|text| view! { <p class="note note--error small" dir="auto">{visible(&text).into_owned()}</p> })}
                {(!sub_scores.is_empty())
                    .then(|| view! { <ul class="part-score__subs muted small">{sub_scores.into_iter().map(sub_score).collect_view()}</ul> })}
            </div>
        </li>
    }
}
