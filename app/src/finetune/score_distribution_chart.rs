//! The histogram of scores: the server's drawing, with a table that says the same.

use anneal_server::format;
use anneal_server::types::dry_run::ScoreBucket;
use leptos::prelude::*;

use super::steps::parts::share;
use crate::ui::Disclosure;

/// The chart and its table alternative.
#[component]
pub fn ScoreDistributionChart(
    /// SVG drawn by this project's own server from numbers alone; never anything a user wrote.
    svg: Option<String>,
    /// What it shows.
    buckets: Vec<ScoreBucket>,
) -> impl IntoView {
    let rows = buckets
        .iter()
        .map(|bucket| {
            let last = bucket.high >= 1.0;
            view! {
                <tr>
                    <th scope="row">{format!("{:.1} to {:.1}{}", bucket.low, bucket.high, if last { " (both included)" } else { "" })}</th>
                    <td class="number">{format::count(bucket.count)}</td>
                    <td class="number">{share(bucket.share)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        {svg.map(|svg| view! { <figure class="chart" inner_html=svg></figure> })}
        <Disclosure summary="As a table">
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">"Score"</th>
                        <th scope="col" class="number">"Samples"</th>
                        <th scope="col" class="number">"Share"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </Disclosure>
    }
}
