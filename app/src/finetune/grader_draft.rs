//! What is being written of a grader, whatever its kind, and which saved version it started from.

use anneal_server::types::error::AppError;
use anneal_server::types::grader::{GraderConfig, GraderPart, MultiGrader, STARTER_SCRIPT};
use leptos::prelude::*;

use super::grader_leaf_draft::LeafDraft;
use super::steps::parts::field;
use crate::contexts::use_finetune_process;
use crate::ui::{LeaveGuard, memo};

/// Most graders of a combination.
pub const MAX_PARTS: usize = 20;

/// A grader in the editor. Every signal is made once, with the draft: what comes and goes is which of them are shown.
#[derive(Clone, Copy)]
pub struct GraderDraft {
    /// Whether several graders are combined.
    pub is_multi: RwSignal<bool>,
    /// The grader, where there is one.
    pub single: LeafDraft,
    /// Room for the parts of a combination.
    parts: StoredValue<Vec<LeafDraft>>,
    /// Which of them there are, in their order.
    pub shown: RwSignal<Vec<usize>>,
    /// The one whose editor is open.
    pub chosen: RwSignal<usize>,
    /// The formula in place of the weights.
    pub formula: RwSignal<Option<String>>,
    /// The saved version that it started from.
    base: RwSignal<Option<(i64, GraderConfig)>>,
    /// The newest saved version.
    saved: Memo<Option<(i64, GraderConfig)>>,
    /// The whole of it, or what of it cannot be read.
    config: Memo<Result<GraderConfig, AppError>>,
}

/// Keeps what is being written while another step is looked at; called once where the dataset's route
/// provides its process.
pub fn provide_grader_draft() {
    provide_context(GraderDraft::new());
}

/// What a dataset without a grader starts from.
pub fn starter() -> GraderConfig {
    GraderConfig::Script { script: STARTER_SCRIPT.to_owned() }
}

impl GraderDraft {
    /// The one the route keeps.
    pub fn of_route() -> Self {
        use_context::<Self>().unwrap_or_else(Self::new)
    }

    /// Starts from the saved grader, or from the starter.
    pub fn new() -> Self {
        let saved = field(|o| o.grader.as_ref().map(|grader| (grader.version, grader.config.clone())));
        let first = saved.get_untracked();
        let (is_multi, single) = (RwSignal::new(false), LeafDraft::new());
        let parts = StoredValue::new((0..MAX_PARTS).map(|_| LeafDraft::new()).collect::<Vec<_>>());
        let (shown, formula) = (RwSignal::new(Vec::new()), RwSignal::new(None));
        let config = memo(move || read(is_multi, single, parts, shown, formula));
        let base = RwSignal::new(first.clone());
        let draft = Self { is_multi, single, parts, shown, chosen: RwSignal::new(0), formula, base, saved, config };
        draft.load(&first.map_or_else(starter, |(_, config)| config));
        // A version saved elsewhere is taken over only where nothing was typed: an edit is never overwritten.
        Effect::new(move |_| {
            let newest = saved.get();
            if newest != draft.base.get_untracked() && !untrack(move || draft.is_dirty()) {
                draft.adopt(newest);
            }
        });
        draft
    }

    /// The part in this slot.
    pub fn part(self, slot: usize) -> LeafDraft {
        self.parts.with_value(|parts| parts.get(slot).copied()).unwrap_or(self.single)
    }

    /// The grader whose editor is open.
    pub fn open_leaf(self) -> LeafDraft {
        if self.is_multi.get() { self.part(self.chosen.get()) } else { self.single }
    }

    /// Where errors of the open editor are found: "" or `parts.2.`.
    pub fn open_prefix(self) -> String {
        if !self.is_multi.get() {
            return String::new();
        }
        let chosen = self.chosen.get();
        let index = self.shown.with(|shown| shown.iter().position(|slot| *slot == chosen));
        index.map(|index| format!("parts.{index}.")).unwrap_or_default()
    }

    /// Whether it differs from the version that it started from: the untouched starter is nothing.
    pub fn is_dirty(self) -> bool {
        self.config.with(|config| match config {
            Ok(config) => self.base.with(|base| base.as_ref().map_or(*config != starter(), |(_, base)| base != config)),
            Err(_) => true,
        })
    }

    /// The newest saved version's number.
    pub fn saved_version(self) -> Option<i64> {
        self.saved.with(|saved| saved.as_ref().map(|(version, _)| *version))
    }

    /// A newer saved version than this started from, while this was changed.
    pub fn newer_version(self) -> Option<i64> {
        let base = self.base.with(|base| base.as_ref().map(|(version, _)| *version));
        self.saved_version().filter(|saved| Some(*saved) > base && self.is_dirty())
    }

    /// The config to test: `None` where it is the newest saved one.
    pub fn to_test(self) -> Result<Option<GraderConfig>, AppError> {
        let config = self.config.get_untracked()?;
        let is_saved = self.saved.with_untracked(|saved| saved.as_ref().is_some_and(|(_, saved)| *saved == config));
        Ok((!is_saved).then_some(config))
    }

    /// The whole of it, or what of it cannot be read.
    pub fn config(self) -> Memo<Result<GraderConfig, AppError>> {
        self.config
    }

    /// Shows another config; saving makes it the newest version.
    pub fn load(self, config: &GraderConfig) {
        match config {
            GraderConfig::Multi(multi) => {
                let slots: Vec<usize> = (0..multi.graders.len().min(MAX_PARTS)).collect();
                for (slot, part) in slots.iter().zip(&multi.graders) {
                    self.part(*slot).load_part(part, multi.weights.get(*slot).copied());
                }
                self.formula.set(multi.calculate_output.clone());
                self.chosen.set(0);
                self.shown.set(slots);
                self.is_multi.set(true);
            }
            one => {
                self.single.load(one);
                self.shown.set(Vec::new());
                self.is_multi.set(false);
            }
        }
    }

    /// Makes the grader the first of several, or the open one of several the only one.
    pub fn combine(self, combine: bool) {
        if combine == self.is_multi.get_untracked() {
            return;
        }
        if combine {
            // Several that were there before are there again: a change of the kind and back loses nothing.
            if self.shown.with_untracked(Vec::is_empty)
                && let Ok(config) = self.single.config()
            {
                self.formula.set(None);
                self.add(&config);
                self.part(0).weight.set("1".to_owned());
            }
            self.is_multi.set(true);
        } else {
            if let Ok(config) = self.part(self.chosen.get_untracked()).config() {
                self.single.load(&config);
            }
            self.is_multi.set(false);
        }
    }

    /// Adds a part of this kind, with weight 0, and opens it.
    pub fn add(self, config: &GraderConfig) {
        let taken = self.shown.get_untracked();
        let Some(slot) = (0..MAX_PARTS).find(|slot| !taken.contains(slot)) else { return };
        let names: Vec<String> = taken.iter().map(|slot| self.part(*slot).name.get_untracked()).collect();
        let name = (1..=MAX_PARTS + 1)
            .map(|number| format!("part_{number}"))
            .find(|name| !names.contains(name))
            .unwrap_or_default();
        let part = GraderPart { name, grader: config.clone(), threshold: None };
        self.part(slot).load_part(&part, Some(0.0));
        self.shown.update(|shown| shown.push(slot));
        self.chosen.set(slot);
    }

    /// Takes a part out.
    pub fn remove(self, slot: usize) {
        self.shown.update(|shown| shown.retain(|other| *other != slot));
        if self.chosen.get_untracked() == slot {
            self.chosen.set(self.shown.with_untracked(|shown| shown.first().copied().unwrap_or(0)));
        }
    }

    /// Goes back to the newest saved version, or to the starter.
    pub fn discard(self) {
        match self.saved.get_untracked() {
            None => self.load(&starter()),
            saved => self.adopt(saved),
        }
    }

    /// Starts from a saved version.
    pub fn adopt(self, saved: Option<(i64, GraderConfig)>) {
        if let Some((_, config)) = &saved {
            self.load(config);
        }
        self.base.set(saved);
    }
}

fn read(
    is_multi: RwSignal<bool>,
    single: LeafDraft,
    parts: StoredValue<Vec<LeafDraft>>,
    shown: RwSignal<Vec<usize>>,
    formula: RwSignal<Option<String>>,
) -> Result<GraderConfig, AppError> {
    if !is_multi.get() {
        return single.config();
    }
    let parts: Vec<LeafDraft> =
        parts.with_value(|parts| shown.get().iter().filter_map(|slot| parts.get(*slot).copied()).collect());
    let formula = formula.get();
    let mut multi = MultiGrader { calculate_output: formula, ..MultiGrader::default() };
    for (index, part) in parts.into_iter().enumerate() {
        multi.graders.push(part.as_part().map_err(|error| in_part(index, error))?);
        if multi.calculate_output.is_none() {
            multi.weights.push(part.weight().map_err(|error| in_part(index, error))?);
        }
    }
    Ok(GraderConfig::Multi(multi))
}

/// The error as the server would name it.
fn in_part(index: usize, error: AppError) -> AppError {
    match error {
        AppError::Invalid { field: Some(field), message } => {
            AppError::Invalid { field: Some(format!("parts.{index}.{field}")), message }
        }
        other => other,
    }
}

/// Asks before the dataset's page is left with a grader that is not saved; another step keeps it.
#[component]
pub fn GraderDraftGuard() -> impl IntoView {
    let process = use_finetune_process();
    let draft = GraderDraft::of_route();
    let keeps = Callback::new(move |(_, to): (String, String)| {
        to.split(['?', '#']).next() == Some(&format!("/finetune/{}", process.dataset_id()))
    });
    // The draft dies with the page, so there is nothing to give up before.
    let given_up = RwSignal::new(false);
    view! {
        <LeaveGuard
            unsaved=Signal::derive(move || draft.is_dirty() && !given_up.get())
            keeps
            message="The grader is not saved. Leave the dataset all the same?"
            on_leave=Callback::new(move |()| given_up.set(true))
        />
    }
}
