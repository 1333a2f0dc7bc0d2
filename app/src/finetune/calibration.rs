//! Calibration in the grader's panel: how far the grader agrees with the people, in words and figures.

use anneal_server::api::{get_calibration_report, grade_hand_scored};
use anneal_server::format;
use anneal_server::types::calibration::{
    AGREES_PARTLY, AGREES_WELL, Agreement, AgreementLevel, AgreementRemark, CalibrationReport, Disagreement, Estimate,
    GraderSays, LEAST_SAMPLES,
};
use anneal_server::types::dry_run::Interval;
use leptos::prelude::*;

use super::calibration_drawer::{CalibrationDrawer, open_drawer};
use super::calibration_sample::difference_words;
use super::grader_test_results::ScoreChip;
use super::part_scores::PartScores;
use super::steps::parts::{ErrorNote, Task, field, score};
use crate::contexts::use_finetune_process;
use crate::ui::{Button, Card, Disclosure, ErrorView, Loaded, Stat, load, visible};

type LoadedReport = Loaded<Result<CalibrationReport, anneal_server::types::error::AppError>>;

/// Hand scores recommended before one relies on the figures.
const RECOMMENDED: i64 = 30;

/// The card, and the drawer that it opens.
#[component]
pub fn CalibrationCard() -> impl IntoView {
    let process = use_finetune_process();
    let tally = field(|o| o.hand_scores);
    let version = field(|o| o.grader.as_ref().map(|grader| grader.version));
    let run = field(|o| o.dry_run.as_ref().map(|run| run.summary.id.clone()));
    let responses = field(|o| o.recorded_responses);
    let report: LoadedReport = load(
        move || (tally.get(), version.get(), run.get()),
        move |(tally, ..)| async move {
            if tally.count == 0 {
                return Ok(CalibrationReport::default());
            }
            get_calibration_report(process.dataset_id()).await
        },
    );
    let actions = move || {
        view! {
            <Button
                small=true
                disabled=Signal::derive(move || responses.get() == 0)
                title="Score responses without seeing the grader's score"
                on:click=move |_| open_drawer(process)
            >
                "Score by hand"
            </Button>
        }
    };
    view! {
        <Card title="Calibration" aside="does the grader judge as you do?" actions=ViewFn::from(actions)>
            <Transition fallback=|| view! { <p class="muted" role="status">"Comparing the scores…"</p> }>
                {move || Suspend::new(async move {
                    match report.await {
                        Err(error) => view! { <ErrorView error retry=Callback::new(move |()| report.refetch()) /> }.into_any(),
                        Ok(found) if found.hand_scored + found.outdated == 0 => view! { <BeforeTheFirst /> }.into_any(),
                        Ok(found) => view! { <Found found report /> }.into_any(),
                    }
                })}
            </Transition>
        </Card>
        <CalibrationDrawer />
    }
}

#[component]
fn BeforeTheFirst() -> impl IntoView {
    view! {
        <p class="muted">
            {format!(
                "Score some responses yourself, without seeing what the grader gave them. From {LEAST_SAMPLES} on you see how far it agrees; {RECOMMENDED} say it with some certainty.",
            )}
        </p>
    }
}

#[component]
fn Found(found: CalibrationReport, report: LoadedReport) -> impl IntoView {
    let CalibrationReport { grader_version, compared, ungraded, failed, outdated, agreement, disagreements, .. } =
        found;
    let Some(version) = grader_version else {
        return view! { <p class="muted">"Your scores are stored. Save a grader, and you see how far it agrees with them."</p> }
            .into_any();
    };
    let few = agreement.is_none().then(|| {
        let samples = format::counted(compared, "sample");
        view! {
            <p>{format!("Not enough to say: {samples} with both scores, of at least {LEAST_SAMPLES}.")}</p>
        }
    });
    view! {
        {agreement.map(|agreement| view! { <Figures agreement version compared /> })}
        {few}
        {(ungraded > 0).then(|| view! { <GradeMissing ungraded report /> })}
        {(failed > 0)
            .then(|| view! { <p class="muted small">{format!("The grader failed on {}, left out here.", format::counted(failed, "scored sample"))}</p> })}
        {(outdated > 0)
            .then(|| view! { <p class="muted small">{format!("{} of a response that was changed since, left out here.", format::counted(outdated, "hand score"))}</p> })}
        <Disagreements disagreements />
    }
    .into_any()
}

#[component]
fn Figures(agreement: Agreement, version: i64, compared: i64) -> impl IntoView {
    let (icon, class) = match agreement.level {
        Some(AgreementLevel::Well) => ("✓ ", "status status--good"),
        Some(AgreementLevel::Partly) => ("! ", "status status--attention"),
        Some(AgreementLevel::Poorly) => ("✕ ", "status status--bad"),
        None => ("? ", "status"),
    };
    let words = agreement.level.map_or("cannot be compared yet", AgreementLevel::words);
    let remarks: Vec<&str> = agreement.remarks.iter().map(|remark| remark_words(*remark)).collect();
    let figures = agreement.figures;
    let mut whys: Vec<String> = [&figures.kappa, &figures.spearman, &figures.pearson]
        .into_iter()
        .filter_map(|estimate| estimate.why.clone())
        .collect();
    whys.dedup();
    view! {
        <p>
            <span class=class><span aria-hidden="true">{icon}</span>{format!("The grader {words}")}</span>
            <span class="muted">{format!(" · version {version}, {}", format::counted(compared, "sample"))}</span>
        </p>
        {remarks.into_iter().map(|words| view! { <p>{words}</p> }).collect_view()}
        <div class="stats calibration__stats">
            {stat(&figures.kappa, "agreement", "Cohen's kappa with quadratic weights, on fifths of the range", false)}
            {stat(&figures.spearman, "same order", "Spearman's rank correlation", false)}
            {stat(&figures.pearson, "same course", "Pearson's correlation", false)}
            {stat(&figures.mean_difference, "grader minus you", "Mean difference: above 0 the grader is more lenient", true)}
            {stat(&figures.mean_absolute_difference, "usual distance", "Mean difference without its sign", false)}
        </div>
        {whys.into_iter().map(|why| view! { <p class="muted small">{why}</p> }).collect_view()}
        <Disclosure summary="What the figures mean">
            <p class="muted small">
                {format!(
                    "Agreement is Cohen's kappa with quadratic weights on fifths of the range, [0, 0.2), [0.2, 0.4), … [0.8, 1]: 1 is perfect, 0 is what chance gives. From {AGREES_WELL} we say “agrees well”, from {AGREES_PARTLY} “partly”, below “poorly” (after Landis and Koch, 1977). “Same order” is Spearman's rank correlation, “same course” Pearson's correlation. In brackets stand 95% intervals (bootstrap over the samples); below {LEAST_SAMPLES} samples nothing is said.",
                )}
            </p>
        </Disclosure>
    }
}

fn stat(estimate: &Estimate, label: &'static str, title: &'static str, is_signed: bool) -> impl IntoView + use<> {
    let value = estimate.value.map_or_else(|| "–".to_owned(), |value| number(value, is_signed));
    let interval = estimate.ci95.map_or_else(String::new, |ends| interval_words(ends, is_signed));
    view! { <Stat value label interval title /> }
}

/// Two decimals, with a real minus; a difference shows its plus.
fn number(value: f64, is_signed: bool) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    let sign = if rounded < 0.0 {
        "−"
    } else if is_signed && rounded > 0.0 {
        "+"
    } else {
        ""
    };
    format!("{sign}{}", score(rounded.abs()))
}

fn interval_words(ends: Interval, is_signed: bool) -> String {
    format!("[{}, {}]", number(ends.low, is_signed), number(ends.high, is_signed))
}

const fn remark_words(remark: AgreementRemark) -> &'static str {
    match remark {
        AgreementRemark::TooLenient => "It is too lenient: on average it gives more than you.",
        AgreementRemark::TooStrict => "It is too strict: on average it gives less than you.",
        AgreementRemark::OtherScale => {
            "It puts responses in much the same order as you, but on another scale: change how it spreads its scores, not what it looks for."
        }
        AgreementRemark::NotSettled => "This is not settled yet: with more hand scores it may turn out otherwise.",
    }
}

/// Has the model grade what it has not, a few at a time, until all are or one stops it.
#[component]
fn GradeMissing(ungraded: i64, report: LoadedReport) -> impl IntoView {
    let process = use_finetune_process();
    let task = Task::new();
    let (stop, set_stop) = signal(false);
    let (left, set_left) = signal(ungraded);
    let failure = RwSignal::new(None::<String>);
    let grade = move |_| {
        set_stop.set(false);
        failure.set(None);
        let id = process.dataset_id();
        let work = async move {
            let mut skip = 0;
            loop {
                let round = grade_hand_scored(id.clone(), skip).await?;
                skip += round.failed;
                let open = round.report.ungraded - skip;
                set_left.try_set(round.report.ungraded);
                if let Some(error) = round.error {
                    failure.try_set(Some(error));
                }
                // Gone with its page, stopped, or nothing left that has not been tried.
                if open <= 0 || stop.try_get_untracked() != Some(false) {
                    return Ok(());
                }
            }
        };
        task.start(work, move |()| report.refetch());
    };
    let done = move || format!("{} of {} graded", format::count(ungraded - left.get()), format::count(ungraded));
    view! {
        <div class="note calibration__missing">
            <p>{move || format!("{} not graded by this version yet: a model has to be asked.", format::counted(left.get(), "scored sample"))}</p>
            <div class="row">
                <Button small=true busy=Signal::derive(move || task.busy()) on:click=grade>"Grade them"</Button>
                <Show when=move || task.busy()>
                    <span role="status">{done}</span>
                    <Button small=true on:click=move |_| set_stop.set(true)>"Stop"</Button>
                </Show>
            </div>
            <ErrorNote error=task.error() />
            {move || failure.get().map(|text| view! { <p class="note note--error" dir="auto">{visible(&text).into_owned()}</p> })}
        </div>
    }
}

#[component]
fn Disagreements(disagreements: Vec<Disagreement>) -> impl IntoView {
    (!disagreements.is_empty()).then(|| {
        view! {
            <h4>"Biggest disagreements"</h4>
            <ul class="disagreements">
                {disagreements.into_iter().map(|one| view! { <OneDisagreement one /> }).collect_view()}
            </ul>
        }
    })
}

#[component]
fn OneDisagreement(one: Disagreement) -> impl IntoView {
    let process = use_finetune_process();
    let Disagreement { record_id, prompt_preview, hand, grader } = one;
    let GraderSays { score: own, reasoning, parts, .. } = grader;
    let note = Some(hand.note).filter(|note| !note.is_empty());
    let prompt = if prompt_preview.trim().is_empty() { format!("Record {record_id}") } else { prompt_preview };
    view! {
        <li class="disagreement">
            <p class="hand__scores">
                <span>"You " <ScoreChip score=Some(hand.score) /></span>
                <span>"Grader " <ScoreChip score=own /></span>
                {own.map(|own| view! { <span class="muted">{difference_words(own - hand.score)}</span> })}
            </p>
            <button type="button" class="link clamp" on:click=move |_| process.open_record(Some(record_id))>
                <bdi>{visible(&prompt).into_owned()}</bdi>
            </button>
            {note.map(|text| view! { <p class="small"><strong>"You: "</strong><bdi>{visible(&text).into_owned()}</bdi></p> })}
            {reasoning.map(|text| view! { <p class="small"><strong>"Grader: "</strong><bdi>{visible(&text).into_owned()}</bdi></p> })}
            <PartScores parts />
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_show_their_sign() {
        assert_eq!((number(-0.126, false), number(0.5, false)), ("−0.13".to_owned(), "0.50".to_owned()));
        assert_eq!((number(0.03, true), number(-0.001, true)), ("+0.03".to_owned(), "0.00".to_owned()));
        assert_eq!(interval_words(Interval { low: -0.2, high: 0.1 }, true), "[−0.20, +0.10]");
    }
}
