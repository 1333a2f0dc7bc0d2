//! Coverage: the table of shares with its bars.

use anneal_server::format;
use anneal_server::types::coverage::{TopicDistribution, TopicStatus};
use anneal_server::types::dataset::RecordFilter;
use leptos::prelude::*;

use super::steps::parts::{Bar, RecordsLink, field};
use crate::ui::{UserText, memo};

/// Current and target share per topic: a table whose bars are drawn beside the numbers they show, so it
/// is chart and table alternative in one.
#[component]
pub fn CoverageTable() -> impl IntoView {
    let distribution = field(|o| o.coverage.as_ref().map(|r| r.distribution.clone()).unwrap_or_default());
    // Bars share one scale, so that the largest share or target fills the column.
    let scale = memo(move || {
        distribution
            .with(|rows| rows.iter().map(|row| row.percentage.max(row.target_percentage)).fold(1.0_f64, f64::max))
    });
    view! {
        <div class="table-scroll coverage-scroll" tabindex="0" role="region" aria-label="Coverage by topic">
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
    let its_records = RecordFilter { topic: Some(row.topic.clone()), ..RecordFilter::default() };
    let (percent, target) = (row.percentage / scale * 100.0, row.target_percentage / scale * 100.0);
    view! {
        <tr>
            <th scope="row" class="coverage-table__topic">
                <RecordsLink class="link clamp" filter=its_records>
                    <UserText text=row.topic />
                </RecordsLink>
            </th>
            <td class="number" data-label="Records">{format::count(row.count)}</td>
            <td class="coverage-table__bar">
                <Bar percent=Signal::derive(move || percent) target=Signal::derive(move || target) class=bar />
            </td>
            <td class="number" data-label="Share">{format!("{:.1}%", row.percentage)}</td>
            <td class="number" data-label="Target">{format!("{:.1}%", row.target_percentage)}</td>
            <td class="number" data-label="Gap" title=format!("within {:.1} points is fine", row.tolerance)>{points(row.gap)}</td>
            <td class="coverage-table__status">
                <span class=class>
                    <span aria-hidden="true">{icon} " "</span>
                    {word}
                </span>
            </td>
            <td class="number" data-label="Needed">{if row.needed > 0 { format!("+{}", format::count(row.needed)) } else { "–".to_owned() }}</td>
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_have_a_sign() {
        assert_eq!(
            (points(3.12), points(-2.04), points(-0.01)),
            ("+3.1".to_owned(), "−2.0".to_owned(), "0.0".to_owned())
        );
    }
}
