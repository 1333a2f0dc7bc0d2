//! The blind drawer (`?calibrate=1&hand=17`): responses to be scored by hand, one after the other.

use anneal_server::api::{get_hand_score_sample, hand_scores_to_give};
use anneal_server::types::calibration::{HandScoreQueue, HandScoreSample};
use leptos::html;
use leptos::prelude::*;

use super::calibration_sample::SampleToScore;
use super::steps::dry_run::{own_param, set_own_param};
use crate::contexts::{FinetuneProcess, PageQuery, use_finetune_process};
use crate::ui::{Button, Dialog, DialogSize, ErrorView, load, memo};

const OPEN: &str = "calibrate";
const SAMPLE: &str = "hand";

fn opened(query: &mut PageQuery, record_id: Option<i64>) {
    set_own_param(query, OPEN, Some("1".to_owned()));
    set_own_param(query, SAMPLE, record_id.map(|id| id.to_string()));
}

fn closed(query: &mut PageQuery) {
    set_own_param(query, OPEN, None);
    set_own_param(query, SAMPLE, None);
}

/// Opens the drawer at the next sample.
pub fn open_drawer(process: FinetuneProcess) {
    process.change_url(|query| opened(query, None));
}

/// A link that opens the drawer at a record.
#[component]
pub fn ScoreByHand(
    /// The record.
    record_id: i64,
) -> impl IntoView {
    let process = use_finetune_process();
    view! {
        <p>
            <a href=move || process.url_with(|query| opened(query, Some(record_id))) data-noscroll="">"Score by hand"</a>
        </p>
    }
}

/// The dialog, open while the URL says so.
#[component]
pub fn CalibrationDrawer() -> impl IntoView {
    let process = use_finetune_process();
    let open = memo(move || process.query().with(|query| own_param(query, OPEN).is_some()));
    let without = Signal::derive(move || process.url_with(closed));
    view! {
        <Dialog
            open
            title="Score by hand"
            size=DialogSize::Large
            on_close=Callback::new(move |()| process.change_url(closed))
            close_href=without
        >
            <Drawer />
        </Dialog>
    }
}

/// The samples before and after one.
type Around = (Option<i64>, Option<i64>);

/// What is walked through, and where one is.
#[derive(Clone, Copy)]
pub struct Walk {
    process: FinetuneProcess,
    /// The sample that the URL names.
    wanted: Memo<Option<i64>>,
    /// What is fetched: which time, and which sample (`None`: the next one without a score). Written by `more` and by the
    /// effect that follows the URL.
    target: RwSignal<(u32, Option<i64>)>,
    /// Which row of samples is fetched. Written by `more`.
    row: RwSignal<(u32, Option<i64>)>,
    /// The sample in view; written when it is drawn.
    shown: RwSignal<Option<i64>>,
    /// The samples before and after it; written with it.
    around: RwSignal<Around>,
    /// What was scored or taken back since the row was fetched: the last word counts.
    marks: RwSignal<Vec<(i64, bool)>>,
    /// Takes the focus when the sample changes.
    frame: NodeRef<html::Div>,
}

impl Walk {
    fn new(process: FinetuneProcess) -> Self {
        let wanted =
            memo(move || process.query().with(|query| own_param(query, SAMPLE)).and_then(|id| id.parse().ok()));
        let first = wanted.get_untracked();
        let walk = Self {
            process,
            wanted,
            target: RwSignal::new((0, first)),
            row: RwSignal::new((0, first)),
            shown: RwSignal::new(None),
            around: RwSignal::new((None, None)),
            marks: RwSignal::new(Vec::new()),
            frame: NodeRef::new(),
        };
        Effect::new(move || {
            let wanted = wanted.get();
            if wanted.is_some() && wanted != walk.shown.get_untracked() {
                walk.target.update(|(_, id)| *id = wanted);
            }
        });
        walk
    }

    /// To a sample; Back leaves the drawer.
    pub fn go(self, id: i64) {
        self.process.replace_url(|query| opened(query, Some(id)));
        if let Some(frame) = self.frame.get_untracked() {
            let _ = frame.focus();
        }
    }

    /// Another row of samples.
    fn more(self) {
        let next = |at: &mut (u32, Option<i64>)| *at = (at.0 + 1, None);
        self.shown.set(None);
        self.row.update(next);
        self.target.update(next);
        if let Some(frame) = self.frame.get_untracked() {
            let _ = frame.focus();
        }
    }

    /// What became of a sample.
    pub fn mark(self, id: i64, is_scored: bool) {
        self.marks.update(|marks| marks.push((id, is_scored)));
    }

    fn is_scored(self, id: i64, before: bool) -> bool {
        self.marks
            .with(|marks| marks.iter().rev().find(|(of, _)| *of == id).map_or(before, |(_, is_scored)| *is_scored))
    }
}

#[component]
fn Drawer() -> impl IntoView {
    let process = use_finetune_process();
    let walk = Walk::new(process);
    let queue = load(move || walk.row.get(), move |(_, around)| hand_scores_to_give(process.dataset_id(), around));
    let sample = load(move || walk.target.get(), move |(_, id)| get_hand_score_sample(process.dataset_id(), id));
    view! {
        <div class="hand" tabindex="-1" autofocus=true node_ref=walk.frame role="group" aria-label="Sample to score">
            <Steps walk />
            <Transition fallback=|| view! { <p class="muted" role="status">"Loading the sample…"</p> }>
                {move || Suspend::new(async move {
                    let (queue, sample) = (queue.await, sample.await);
                    let retry = Callback::new(move |()| sample_again(walk));
                    match (queue, sample) {
                        (Err(error), _) | (_, Err(error)) => view! { <ErrorView error retry /> }.into_any(),
                        (_, Ok(None)) => view! { <NothingToScore /> }.into_any(),
                        (Ok(queue), Ok(Some(sample))) => view! { <InRow walk queue sample /> }.into_any(),
                    }
                })}
            </Transition>
        </div>
    }
}

fn sample_again(walk: Walk) {
    walk.row.update(|(times, _)| *times += 1);
    walk.target.update(|(times, _)| *times += 1);
}

/// The ways to the neighbours. They are drawn once, beside what changes from sample to sample: there, a button would keep the
/// neighbours that it was first drawn with.
#[component]
fn Steps(walk: Walk) -> impl IntoView {
    let step = move |words: &'static str, side: fn(Around) -> Option<i64>| {
        let press = move |_| {
            if let Some(other) = side(walk.around.get_untracked()) {
                walk.go(other);
            }
        };
        let is_end = Signal::derive(move || side(walk.around.get()).is_none());
        view! { <Button small=true disabled=is_end on:click=press>{words}</Button> }
    };
    view! {
        <div class="row hand__steps">
            {step("Back (k)", |around| around.0)}
            {step("Next (j)", |around| around.1)}
        </div>
    }
}

#[component]
fn NothingToScore() -> impl IntoView {
    view! {
        <p class="note note--attention">
            <span aria-hidden="true">"! "</span>
            "No valid record carries a recorded response, so there is nothing to score. Import traces that hold the assistant's answers too."
        </p>
    }
}

/// The place in the row, and the sample.
#[component]
fn InRow(walk: Walk, queue: HandScoreQueue, sample: HandScoreSample) -> impl IntoView {
    let id = sample.record.id;
    let (back, next) = neighbours(&queue, id);
    Effect::new(move |is_done: Option<bool>| {
        if is_done.is_none() {
            walk.shown.set(Some(id));
            walk.around.set((back, next));
            if walk.wanted.get_untracked() != Some(id) {
                walk.process.replace_url(|query| opened(query, Some(id)));
            }
        }
        true
    });
    let place = queue.samples.iter().position(|queued| queued.record_id == id);
    let count = queue.samples.len();
    let samples = StoredValue::new(queue.samples);
    let done = memo(move || {
        samples.with_value(|samples| {
            samples.iter().filter(|queued| walk.is_scored(queued.record_id, queued.is_scored)).count()
        })
    });
    let words = move || match place {
        Some(place) => format!("{} of {count}", place + 1),
        None => format!("Record {id}"),
    };
    view! {
        <div class="hand__walk">
            <p aria-live="polite">
                <strong>{words}</strong>
                <span class="muted">{move || format!(" · {} scored", done.get())}</span>
            </p>
        </div>
        <Show when=move || done.get() == count && place.is_some()>
            <div class="note hand__done" role="status">
                {format!("All {count} of these are scored.")}
                <Button small=true on:click=move |_| walk.more()>"Score more"</Button>
            </div>
        </Show>
        <SampleToScore walk sample back next />
    }
}

/// The samples before and after one; of one that is not in the row, the row's first without a score.
fn neighbours(queue: &HandScoreQueue, id: i64) -> Around {
    let at = |index: Option<usize>| index.and_then(|index| queue.samples.get(index)).map(|queued| queued.record_id);
    match queue.samples.iter().position(|queued| queued.record_id == id) {
        Some(place) => (at(place.checked_sub(1)), at(Some(place + 1))),
        None => (None, at(queue.samples.iter().position(|queued| !queued.is_scored).or(Some(0)))),
    }
}

#[cfg(test)]
mod tests {
    use anneal_server::types::calibration::QueuedSample;

    use super::*;

    #[test]
    fn neighbours_stay_in_the_row() {
        let sample = |record_id| QueuedSample { record_id, is_scored: record_id == 7 };
        let queue = HandScoreQueue { samples: vec![sample(7), sample(3), sample(9)] };
        assert_eq!(neighbours(&queue, 7), (None, Some(3)));
        assert_eq!(neighbours(&queue, 3), (Some(7), Some(9)));
        assert_eq!(neighbours(&queue, 9), (Some(3), None));
        assert_eq!(neighbours(&queue, 100), (None, Some(3)));
        assert_eq!(neighbours(&HandScoreQueue::default(), 100), (None, None));
    }

    #[test]
    fn the_drawer_is_in_the_url_and_leaves_nothing_there() {
        let mut query = PageQuery::parse("?step=grader&tab=samples");
        opened(&mut query, Some(17));
        assert!(query.to_query_string().contains("calibrate=1&hand=17"));
        closed(&mut query);
        assert_eq!(query, PageQuery::parse("?step=grader&tab=samples"));
    }
}
