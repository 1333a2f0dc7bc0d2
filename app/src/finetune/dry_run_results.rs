//! The result of a dry run: the verdict in a sentence, then its numbers, topics and reasons.

use anneal_server::format;
use anneal_server::types::dry_run::{
    Confidence, DryRunCost, DryRunDiagnosis, DryRunReport, DryRunStatistics, DryRunView, Finding, FindingAction,
    Interval, Quality, SampleSelection, TopicScore, VarianceParts, Verdict,
};
use anneal_server::types::pipeline::PipelineStepId;
use leptos::prelude::*;

use super::learning_signal::LearningSignalCard;
use super::sample_inspector::{SamplesWorthALook, open_samples};
use super::score_distribution_chart::ScoreDistributionChart;
use super::steps::dry_run::open_configuration;
use super::steps::parts::{Bar, score, share};
use crate::contexts::{FinetuneProcess, use_finetune_process};
use crate::ui::{Button, ButtonVariant, Card, Sentence, Stat, memo, visible};

/// All of a run's result. Drawn anew when another run is shown or a new one is done.
#[component]
pub fn DryRunResults(view: Memo<Option<DryRunView>>, run_id: Memo<Option<String>>) -> impl IntoView {
    let counts = memo(move || {
        view.with(|view| {
            let report = view.as_ref()?.report.as_ref()?;
            Some((report.samples_evaluated, report.failed))
        })
    });
    view! {
        <div class="results">
            {move || view.get().map(|view| view! { <Figures view /> })}
            <Show when=move || counts.with(|counts| counts.is_some_and(|(scored, _)| scored > 0))>
                <SamplesWorthALook run_id counts />
            </Show>
        </div>
    }
}

#[component]
fn Figures(view: DryRunView) -> impl IntoView {
    let DryRunView { report, histogram, .. } = view;
    report.map(|report| {
        let buckets = report.distribution.clone();
        let planned = report.samples_planned;
        view! {
            <VerdictBanner report=report.clone() />
            <div class="panel__columns panel__columns--three">
                {match report.statistics {
                    Some(statistics) => view! { <Scores statistics histogram buckets cost=report.cost /> }.into_any(),
                    None => view! { <NoScores failed=report.failed /> }.into_any(),
                }}
                {report.signal.map(|signal| view! { <LearningSignalCard signal /> })}
                {(!report.by_topic.is_empty()).then(|| view! { <ByTopic topics=report.by_topic /> })}
                {report.diagnosis.map(|diagnosis| view! { <WhyThisVerdict diagnosis planned /> })}
            </div>
        }
    })
}

/// In place of the figures, where there is nothing to compute them from.
#[component]
fn NoScores(failed: i64) -> impl IntoView {
    let message = format!(
        "No response got a score ({} failed), so there are no figures to show: no mean, no distribution, nothing by topic. Each failed sample says what went wrong.",
        format::counted(failed, "sample")
    );
    view! {
        <Card title="Scores">
            <p>{message}</p>
        </Card>
    }
}

#[component]
fn VerdictBanner(report: DryRunReport) -> impl IntoView {
    let process = use_finetune_process();
    let (failed, planned) = (report.failed, report.samples_planned);
    let Some(diagnosis) = report.diagnosis else {
        let message = format!(
            "Not one of {} could be scored, so there is no verdict. Look at why they failed.",
            format::counted(failed, "sample")
        );
        return view! {
            <section class="verdict tone-bad" aria-label="Verdict">
                <p class="verdict__word">"No verdict"</p>
                <p class="verdict__text">{message}</p>
                <Button on:click=move |_| open_samples(process, &SampleSelection::Failed)>"See failed samples"</Button>
            </section>
        }
        .into_any();
    };
    let (class, icon) = match diagnosis.verdict {
        Verdict::Go => ("verdict tone-good", "✓ "),
        Verdict::Caution => ("verdict tone-attention", "! "),
        Verdict::NoGo => ("verdict tone-bad", "✕ "),
    };
    let first = diagnosis.findings.iter().find(|finding| finding.action != FindingAction::None).cloned();
    // Where something is to be mended first, mending is the button that stands out.
    let train_variant =
        if diagnosis.verdict == Verdict::Go { ButtonVariant::Primary } else { ButtonVariant::Secondary };
    let train = match diagnosis.verdict {
        Verdict::Go => Some("Go to training"),
        Verdict::Caution => Some("See the training files"),
        Verdict::NoGo => None,
    };
    view! {
        <section class=class aria-label="Verdict">
            <p class="verdict__word">
                <span aria-hidden="true">{icon}</span>
                {diagnosis.verdict.as_str()}
            </p>
            <div class="verdict__text">
                <p>
                    <strong><Sentence text=diagnosis.summary /></strong>
                </p>
                <p class="small">
                    {confidence_words(diagnosis.confidence, &diagnosis.confidence_reason)}
                </p>
            </div>
            <div class="verdict__actions">
                {first.map(|finding| view! { <FindingButton finding planned /> })}
                {train
                    .map(|label| {
                        view! {
                            <Button variant=train_variant on:click=move |_| process.select_step(PipelineStepId::Train)>
                                {label}
                            </Button>
                        }
                    })}
            </div>
        </section>
    }
    .into_any()
}

/// "Confidence low: with one response ..."; the reason may already begin with the word.
fn confidence_words(confidence: Confidence, reason: &str) -> String {
    let word = confidence.as_str();
    let rest = match reason.split_once(": ") {
        Some((first, rest)) if first.eq_ignore_ascii_case(word) => rest,
        _ => reason,
    };
    format!("Confidence {word}: {rest}")
}

/// "$0.12", or "at least $0.12" where a call's cost is not known.
fn paid(cost: &DryRunCost) -> String {
    match cost.unknown {
        0 => format::dollars(cost.amount),
        _ if cost.amount > 0.0 => format!("at least {}", format::dollars(cost.amount)),
        _ => "unknown".to_owned(),
    }
}

#[component]
fn Scores(
    statistics: DryRunStatistics,
    histogram: Option<String>,
    buckets: Vec<anneal_server::types::dry_run::ScoreBucket>,
    cost: DryRunCost,
) -> impl IntoView {
    let percentiles = statistics.percentiles;
    let spread = format!(
        "Median {}, range {} to {}; 10% lie below {}, 25% below {}, 75% below {}, 90% below {}. Standard error {:.3}, {}.",
        score(statistics.median),
        score(statistics.min),
        score(statistics.max),
        score(percentiles.p10),
        score(percentiles.p25),
        score(percentiles.p75),
        score(percentiles.p90),
        statistics.standard_error,
        format::counted(statistics.count, "score"),
    );
    let label = if statistics.headroom_is_upper_bound { "expected gain, at most" } else { "expected gain" };
    let headroom = statistics.headroom.map(|headroom| {
        // Gains are small numbers, and one in a hundred matters.
        let around = statistics.headroom_ci95.map(|ci| format!("[{:.3}, {:.3}]", ci.low, ci.high)).unwrap_or_default();
        view! { <Stat value=format!("{headroom:.3}") label interval=around /> }
    });
    let variance = statistics.variance.as_ref().map(variance_words);
    view! {
        <Card title="Scores" aside="95% interval in brackets">
            <div class="stats">
                {headroom}
                <Stat value=score(statistics.mean) label="mean" interval=interval(statistics.mean_ci95) />
                <Stat value=score(statistics.std) label="deviation" interval=interval(statistics.std_ci95) />
                <Stat value=share(statistics.score_fractions.gt0) label="of scores above 0" />
                <Stat value=share(statistics.score_fractions.eq1) label="of scores exactly 1" />
                {(cost.calls > 0).then(|| view! { <Stat value=paid(&cost) label="paid" interval=format::counted(cost.calls, "call") /> })}
            </div>
            <ScoreDistributionChart svg=histogram buckets />
            {variance.map(|words| view! { <p class="small">{words}</p> })}
            <p class="muted small">{spread}</p>
        </Card>
    }
}

/// "Of what scores differ by, 61% lies between prompts (some are harder), 35% within prompts (...), 4% is ...".
fn variance_words(variance: &VarianceParts) -> String {
    let noise = variance.judge_noise.unwrap_or_default();
    let all = variance.between_prompts + variance.within_prompts + noise;
    if all <= 0.0 {
        return "All scores are alike: there is nothing that training could tell apart.".to_owned();
    }
    let part = |part: f64| share(part / all);
    let of_noise = match variance.judge_noise {
        Some(noise) if noise > 0.0 => {
            format!(", and {} is the judge's noise (the same answer scored again)", part(noise))
        }
        Some(_) => String::new(),
        None => "; how much of that is the judge's noise is not known: too few answers were graded twice".to_owned(),
    };
    format!(
        "Of what the scores differ by, {} lies between prompts (some are harder than others) and {} within prompts (one answer is better than another: what training learns from){of_noise}.",
        part(variance.between_prompts),
        part(variance.within_prompts),
    )
}

/// "[0.42, 0.48]".
fn interval(interval: Interval) -> String {
    format!("[{}, {}]", score(interval.low), score(interval.high))
}

#[component]
fn ByTopic(topics: Vec<TopicScore>) -> impl IntoView {
    view! {
        <Card title="Scores by topic" aside="mean • prompts">
            <table class="table by-topic">
                <thead class="visually-hidden">
                    <tr>
                        <th scope="col">"Topic"</th>
                        <th scope="col">"Mean"</th>
                        <th scope="col">"Mean as a bar"</th>
                        <th scope="col">"Prompts"</th>
                        <th scope="col">"Status"</th>
                    </tr>
                </thead>
                <tbody>{topics.into_iter().map(|topic| view! { <TopicScoreRow topic /> }).collect_view()}</tbody>
            </table>
            <p class="muted small legend">
                <span class="status status--good">"✓ 0.25 or more"</span>
                <span class="status status--attention">"! 0.10 to 0.25, or under 5 prompts"</span>
                <span class="status status--bad">"✕ below 0.10"</span>
            </p>
        </Card>
    }
}

/// One topic's mean; its name leads to its samples.
#[component]
fn TopicScoreRow(topic: TopicScore) -> impl IntoView {
    let process = use_finetune_process();
    let (icon, word, class, bar) = match topic.status {
        Quality::Good => ("✓", "fine", "status status--good", ""),
        Quality::Attention => ("!", "look here", "status status--attention", "bar--attention"),
        Quality::Problem => ("✕", "problem", "status status--bad", "bar--bad"),
    };
    let name = topic.topic.clone().unwrap_or_else(|| "Without a topic".to_owned());
    let selection = SampleSelection::Topic { topic: topic.topic };
    let percent = topic.mean * 100.0;
    view! {
        <tr>
            <th scope="row" class="by-topic__name">
                <button
                    type="button"
                    class="link clamp"
                    title=visible(&format!("{name}: see its samples")).into_owned()
                    on:click=move |_| open_samples(process, &selection)
                >
                    <bdi>{visible(&name).into_owned()}</bdi>
                </button>
            </th>
            <td class="number" title=format!("deviation {}", score(topic.std))>
                <strong>{score(topic.mean)}</strong>
            </td>
            <td class="by-topic__bar">
                <Bar percent=Signal::stored(percent) class=bar />
            </td>
            <td class="number muted">{format::count(topic.count)}</td>
            <td>
                <span class=class title=word>
                    <span aria-hidden="true">{icon}</span>
                    <span class="visually-hidden">{word}</span>
                </span>
            </td>
        </tr>
    }
}

#[component]
fn WhyThisVerdict(diagnosis: DryRunDiagnosis, planned: i64) -> impl IntoView {
    let checks = diagnosis.findings.len() + diagnosis.passed.len();
    let passed = diagnosis
        .passed
        .into_iter()
        .map(|check| {
            view! {
                <li class="finding finding--passed">
                    <span class="finding__icon status status--good" aria-hidden="true">
                        "✓"
                    </span>
                    <p>
                        <span class="visually-hidden">"Passed: "</span>
                        <Sentence text=check.message />
                    </p>
                </li>
            }
        })
        .collect_view();
    view! {
        <Card title="Why this verdict" aside=format!("{checks} checks")>
            <p class="small qualities">
                <QualityWord name="Dataset" quality=diagnosis.dataset_quality />
                <QualityWord name="Grader" quality=diagnosis.grader_quality />
            </p>
            <ul class="findings">
                {diagnosis.findings.into_iter().map(|finding| view! { <FindingRow finding planned /> }).collect_view()} {passed}
            </ul>
        </Card>
    }
}

#[component]
fn QualityWord(name: &'static str, quality: Option<Quality>) -> impl IntoView {
    let (icon, class) = match quality {
        Some(Quality::Good) => ("✓ ", "status status--good"),
        Some(Quality::Attention) => ("! ", "status status--attention"),
        Some(Quality::Problem) => ("✕ ", "status status--bad"),
        None => ("? ", "status"),
    };
    let word = quality.map_or("not known", Quality::as_str);
    view! {
        <span>
            {name} ": " <span class=class><span aria-hidden="true">{icon}</span> {word}</span>
        </span>
    }
}

#[component]
fn FindingRow(finding: Finding, planned: i64) -> impl IntoView {
    let (icon, word, class) = match finding.verdict_at_best {
        Some(Verdict::NoGo) => ("✕", "Makes it NO-GO: ", "finding__icon status status--bad"),
        Some(Verdict::Caution | Verdict::Go) => ("!", "Makes it CAUTION: ", "finding__icon status status--attention"),
        None => ("i", "For your information: ", "finding__icon status status--info"),
    };
    view! {
        <li class="finding">
            <span class=class aria-hidden="true">
                {icon}
            </span>
            <div>
                <p>
                    <span class="visually-hidden">{word}</span>
                    <strong><Sentence text=finding.message.clone() /></strong>
                </p>
                <p class="muted small"><Sentence text=finding.causes.clone() /></p>
                <p class="small"><Sentence text=finding.action_text.clone() /></p>
                <FindingButton finding planned />
            </div>
        </li>
    }
}

/// The button that mends it. "Run 40 more" counts from the `planned` samples of the run that is shown.
#[component]
fn FindingButton(finding: Finding, planned: i64) -> impl IntoView {
    let process = use_finetune_process();
    action_label(&finding).map(|label| {
        view! {
            <Button small=true on:click=move |_| follow(process, &finding, planned)>
                {label}
            </Button>
        }
    })
}

fn action_label(finding: &Finding) -> Option<String> {
    let label = match finding.action {
        FindingAction::None => return None,
        FindingAction::EditGrader => "Edit grader",
        FindingAction::InspectLowest => "See lowest samples",
        FindingAction::InspectHighest => "See highest samples",
        FindingAction::InspectFailed => "See failed samples",
        FindingAction::InspectTopic => "See the topic's samples",
        FindingAction::OpenCoverage => "Open coverage",
        FindingAction::OpenRecords => "Open records",
        FindingAction::RunMore => match finding.samples_to_settle {
            Some(more) => return Some(format!("Run {} more", format::count(more))),
            None => "Run with more samples",
        },
    };
    Some(label.to_owned())
}

fn follow(process: FinetuneProcess, finding: &Finding, planned: i64) {
    match finding.action {
        FindingAction::None => {}
        FindingAction::EditGrader => process.select_step(PipelineStepId::Grader),
        FindingAction::InspectLowest => open_samples(process, &SampleSelection::Lowest),
        FindingAction::InspectHighest => open_samples(process, &SampleSelection::Highest),
        FindingAction::InspectFailed => open_samples(process, &SampleSelection::Failed),
        FindingAction::InspectTopic => open_samples(process, &SampleSelection::Topic { topic: finding.topic.clone() }),
        FindingAction::OpenCoverage => process.select_step(PipelineStepId::Coverage),
        FindingAction::OpenRecords => process.open_records(anneal_server::types::dataset::RecordFilter::default()),
        FindingAction::RunMore => {
            let size = finding.samples_to_settle.map(|more| planned.saturating_add(more).clamp(1, 10_000));
            open_configuration(process, size);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_confidence_is_said_once() {
        assert_eq!(confidence_words(Confidence::Low, "Low: one response each."), "Confidence low: one response each.");
        assert_eq!(confidence_words(Confidence::High, "Narrow: yes."), "Confidence high: Narrow: yes.");
    }

    #[test]
    fn intervals_are_in_brackets() {
        assert_eq!(interval(Interval { low: 0.4249, high: 0.479 }), "[0.42, 0.48]");
    }
}
