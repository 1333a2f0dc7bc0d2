//! One response in the blind drawer: read, scored by five buttons or keys, and only then compared with the grader.

use anneal_server::api::{delete_hand_score, get_hand_score_sample, set_hand_score};
use anneal_server::types::calibration::{GraderSays, HAND_LEVELS, HandScore, HandScoreSample};
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::calibration_drawer::Walk;
use super::grader_test_results::ScoreChip;
use super::part_scores::PartScores;
use super::steps::parts::{ErrorNote, Task, score};
use crate::contexts::{FinetuneProcess, use_finetune_process};
use crate::records::Conversation;
use crate::ui::visible;

/// What the five levels are called.
const WORDS: [&str; 5] = ["Bad", "Poor", "Fair", "Good", "Great"];

/// What is known of the sample in view; `Copy`, for the handlers.
#[derive(Clone, Copy)]
struct Scoring {
    process: FinetuneProcess,
    walk: Walk,
    record_id: i64,
    /// Of the response that is read.
    hash: StoredValue<String>,
    /// Written by `choose` and `take_away`.
    hand: RwSignal<Option<HandScore>>,
    /// Written by `reveal` and `take_away`; empty before there is a hand score.
    grader: RwSignal<Option<GraderSays>>,
    /// As it is typed.
    note: RwSignal<String>,
    storing: Task,
    /// Chosen while another one is being stored.
    next: StoredValue<Option<f64>>,
    revealing: Task,
}

impl Scoring {
    /// Stores it; while another one is on its way, after that: the last choice counts.
    fn choose(self, level: f64) {
        if untrack(|| self.storing.busy()) {
            self.next.set_value(Some(level));
            return;
        }
        let Some(hash) = self.hash.try_get_value() else { return };
        let note = self.note.get_untracked();
        let call = set_hand_score(self.process.dataset_id(), self.record_id, hash, level, note);
        let go_on =
            move || self.next.try_update_value(Option::take).flatten().map(|level| self.choose(level)).is_some();
        let stored = move |stored| {
            self.hand.set(Some(stored));
            self.walk.mark(self.record_id, true);
            self.process.refresh();
            if !go_on() {
                self.reveal();
            }
        };
        self.storing.start_or(call, stored, move |error| {
            if !go_on() {
                self.storing.fail(Some(error));
            }
        });
    }

    /// Asks what the grader says, which may take a model's time.
    fn reveal(self) {
        if self.grader.with_untracked(Option::is_some) {
            return;
        }
        let call = get_hand_score_sample(self.process.dataset_id(), Some(self.record_id));
        self.revealing.start(call, move |sample| self.grader.set(sample.and_then(|sample| sample.grader)));
    }

    /// The note is stored with its score, so without one it waits for it.
    fn keep_note(self) {
        if let Some(hand) = self.hand.get_untracked()
            && hand.note != self.note.get_untracked().trim()
        {
            self.choose(hand.score);
        }
    }

    fn take_away(self) {
        let Some(hash) = self.hash.try_get_value() else { return };
        let call = delete_hand_score(self.process.dataset_id(), self.record_id, hash);
        self.storing.start(call, move |()| {
            self.hand.set(None);
            self.grader.set(None);
            self.walk.mark(self.record_id, false);
            self.process.refresh();
        });
    }
}

/// The conversation, the score, and what the grader says once there is one.
#[component]
pub fn SampleToScore(
    /// Where it stands.
    walk: Walk,
    /// What is shown.
    sample: HandScoreSample,
    /// The one before.
    back: Option<i64>,
    /// The one after.
    next: Option<i64>,
) -> impl IntoView {
    let HandScoreSample { record, response_hash, hand, grader } = sample;
    let note = hand.as_ref().map(|hand| hand.note.clone()).unwrap_or_default();
    let scoring = Scoring {
        process: use_finetune_process(),
        walk,
        record_id: record.id,
        hash: StoredValue::new(response_hash),
        hand: RwSignal::new(hand),
        grader: RwSignal::new(grader),
        note: RwSignal::new(note),
        storing: Task::new(),
        next: StoredValue::new(None),
        revealing: Task::new(),
    };
    Effect::new(move |_| {
        let handle = window_event_listener(leptos::ev::keydown, move |event| {
            let is_below = scoring.process.query().try_with_untracked(|query| query.records.is_some()) != Some(false);
            let Some(key) = key_of(&event).filter(|_| !is_below) else { return };
            event.prevent_default();
            match key {
                Key::Level(level) => scoring.choose(level),
                Key::Next => next.into_iter().for_each(|id| walk.go(id)),
                Key::Back => back.into_iter().for_each(|id| walk.go(id)),
            }
        });
        on_cleanup(move || handle.remove());
    });
    view! {
        <div class="hand__read">
            <Conversation record />
        </div>
        <div class="hand__bar">
            <Levels scoring />
            <label class="hand__note">
                <span class="visually-hidden">"Note (optional)"</span>
                <input
                    type="text"
                    placeholder="Why? (optional)"
                    maxlength="2000"
                    autocomplete="off"
                    prop:value=move || scoring.note.get()
                    on:input:target=move |event| scoring.note.set(event.target().value())
                    on:change=move |_| scoring.keep_note()
                />
            </label>
            <ErrorNote error=scoring.storing.error() />
            <Compared scoring />
            <p class="muted small hand__keys">"Keys: 1 to 5 score, Enter, j or → next, k or ← back. The grader's score is hidden until you have scored."</p>
        </div>
    }
}

#[component]
fn Levels(scoring: Scoring) -> impl IntoView {
    let level = move |(index, level): (usize, f64)| {
        let is_chosen =
            move || scoring.hand.with(|hand| hand.as_ref().is_some_and(|hand| (hand.score - level).abs() < 0.01));
        let label = format!("{}: {level}", WORDS[index]);
        view! {
            <button
                type="button"
                class="hand__level"
                aria-label=label
                aria-pressed=move || is_chosen().to_string()
                aria-keyshortcuts=(index + 1).to_string()
                on:click=move |_| scoring.choose(level)
            >
                <kbd aria-hidden="true">{index + 1}</kbd>
                <span aria-hidden="true">{WORDS[index]}</span>
                <span class="muted small" aria-hidden="true">{level.to_string()}</span>
            </button>
        }
    };
    view! {
        <div class="hand__levels" role="group" aria-label="Your score">
            {HAND_LEVELS.into_iter().enumerate().map(level).collect_view()}
        </div>
    }
}

/// Both scores and their difference; nothing before there is a hand score.
#[component]
fn Compared(scoring: Scoring) -> impl IntoView {
    view! {
        <div class="hand__compared" aria-live="polite">
            {move || {
                let hand = scoring.hand.get()?;
                let said = if scoring.revealing.busy() {
                    view! { <p class="muted">"Asking the grader…"</p> }.into_any()
                } else {
                    match scoring.grader.get() {
                        Some(grader) => view! { <Beside hand=hand.score grader /> }.into_any(),
                        None if scoring.revealing.error().with(Option::is_some) => {
                            view! { <ErrorNote error=scoring.revealing.error() /> }.into_any()
                        }
                        None => {
                            view! { <p class="muted">"Stored. There is no saved grader to compare it with yet."</p> }.into_any()
                        }
                    }
                };
                Some(
                    view! {
                        {said}
                        <button type="button" class="link small" on:click=move |_| scoring.take_away()>"Take my score away"</button>
                    },
                )
            }}
        </div>
    }
}

#[component]
fn Beside(hand: f64, grader: GraderSays) -> impl IntoView {
    let GraderSays { version, score: own, reasoning, error, parts } = grader;
    view! {
        <p class="hand__scores">
            <span>"You " <ScoreChip score=Some(hand) /></span>
            <span>{format!("Grader (version {version}) ")} <ScoreChip score=own /></span>
            {own.map(|own| view! { <strong>{difference_words(own - hand)}</strong> })}
        </p>
        {error.map(|text| view! { <p class="note note--error" dir="auto">{visible(&text).into_owned()}</p> })}
        {reasoning.map(|text| view! { <p class="small hand__reason" dir="auto">{visible(&text).into_owned()}</p> })}
        <PartScores parts />
    }
}

/// "0.25 more lenient than you".
pub fn difference_words(difference: f64) -> String {
    if difference.abs() < 0.005 {
        return "the same as you".to_owned();
    }
    let which = if difference > 0.0 { "more lenient" } else { "stricter" };
    format!("{} {which} than you", score(difference.abs()))
}

enum Key {
    Level(f64),
    Next,
    Back,
}

/// `None` where it is typed into a field, or belongs to the control that has the focus.
fn key_of(event: &KeyboardEvent) -> Option<Key> {
    if event.default_prevented() || event.ctrl_key() || event.meta_key() || event.alt_key() || event.repeat() {
        return None;
    }
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let is_in =
        |selector: &str| target.as_ref().is_some_and(|target| target.closest(selector).ok().flatten().is_some());
    if is_in("input, textarea, select") {
        return None;
    }
    match event.key().as_str() {
        // A level that is chosen has nothing more to do: Enter goes on.
        "Enter" if is_in("a, summary, button:not([aria-pressed=true])") => None,
        "Enter" | "j" | "ArrowRight" => Some(Key::Next),
        "k" | "ArrowLeft" => Some(Key::Back),
        digit => {
            let place = digit.parse::<usize>().ok()?.checked_sub(1)?;
            HAND_LEVELS.get(place).map(|level| Key::Level(*level))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::difference_words;

    #[test]
    fn differences_are_told_in_words() {
        assert_eq!(difference_words(0.25), "0.25 more lenient than you");
        assert_eq!(difference_words(-0.1), "0.10 stricter than you");
        assert_eq!(difference_words(0.001), "the same as you");
    }
}
