//! The records overlay (`?records=...`): filters, a page of records, bulk actions and the reading pane.
//! Holds one page of rows and at most one whole record.

use std::collections::BTreeSet;

use anneal_server::types::dataset::{RecordFilter, RecordSort};
use anneal_server::types::validation::RecordStatus;
use leptos::prelude::*;

use super::near_duplicates::NearDuplicateList;
use super::record_columns::{Column, chosen_columns};
use super::record_pane::RecordPane;
use super::record_table::RecordTable;
use super::records_bulk::BulkActions;
use super::records_filters::{ActiveFilters, FilterChips};
use super::topic_groups::{TopicGroups, is_grouped};
use crate::contexts::{FinetuneProcess, NearView, use_finetune_process};
use crate::finetune::steps::ErrorBreakdown;
use crate::ui::{Dialog, DialogSize, Disclosure, Question, memo};

/// What is said before an edit is lost.
pub const UNSAVED: &str = "What you changed in this record is not saved. Leave it all the same?";

/// Rows on a page.
pub const PAGE_SIZE: i64 = 50;

/// What the overlay's parts share; lives as long as the overlay is open.
#[derive(Clone, Copy)]
pub struct RecordsState {
    /// The dataset.
    pub process: FinetuneProcess,
    /// The filter in the URL.
    pub filter: Memo<RecordFilter>,
    /// The order in the URL.
    pub sort: Memo<RecordSort>,
    /// The page in the URL, from 1.
    pub page: Memo<i64>,
    /// Whether clusters of near-duplicates are shown, and which one alone.
    pub near: Memo<Option<NearView>>,
    /// The record in the URL.
    pub record: Memo<Option<i64>>,
    /// The columns chosen.
    pub columns: Memo<Vec<Column>>,
    /// Whether the URL asks for the records topic by topic.
    pub grouped: Memo<bool>,
    /// How many records match the filter; written by the list with every page.
    pub total: RwSignal<i64>,
    /// Whether a search matches more than were counted; written with `total`.
    pub at_least: RwSignal<bool>,
    /// Grows when the list, or what is around it, was scrolled.
    pub scrolled: RwSignal<u32>,
    /// Whether everything that matches is ticked, more than can be ticked one by one; cleared with the filter.
    pub all_ticked: RwSignal<bool>,
    /// Records that are ticked, on whichever page; written by the table and the actions, cleared with the filter.
    pub ticked: RwSignal<BTreeSet<i64>>,
    /// Whether the reading pane's editor holds what is not saved; written by the editor.
    pub unsaved: RwSignal<bool>,
    /// Whether the passport of the record that is read is unfolded; written by it.
    pub passport_open: RwSignal<bool>,
    /// Whether to go there and lose that; written by `leave`.
    pub leaving: RwSignal<Option<Question<Leaving>>>,
}

/// A way out of an editor with unsaved changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaving {
    /// To another record, or with `None` back to the list.
    Record(Option<i64>),
    /// To the list by another filter.
    Filtered(RecordFilter),
    /// Out of the overlay.
    Overlay,
}

impl RecordsState {
    /// Reads the URL; loads the rows again when the records change.
    fn new() -> Self {
        let process = use_finetune_process();
        let view = memo(move || process.records_view().unwrap_or_default());
        let filter = memo(move || view.with(|(filter, _)| filter.clone()));
        let page = memo(move || view.with(|(_, page)| (*page).max(1)));
        let sort = memo(move || process.records_sort());
        let columns = memo(move || process.query().with(|query| chosen_columns(&query.other)));
        let grouped = memo(move || process.query().with(|query| is_grouped(&query.other)));
        let record = memo(move || process.open_record_id());
        let (ticked, all_ticked) = (RwSignal::new(BTreeSet::new()), RwSignal::new(false));
        Effect::new(move |before: Option<RecordFilter>| {
            let now = filter.get();
            if before.is_some_and(|before| before != now) {
                ticked.set(BTreeSet::new());
                all_ticked.set(false);
            }
            now
        });
        let (unsaved, leaving) = (RwSignal::new(false), RwSignal::new(None));
        let near = memo(move || process.query().with(|query| query.near));
        let (total, passport_open) = (RwSignal::new(0), RwSignal::new(false));
        let scrolled = RwSignal::new(0);
        Self {
            process,
            filter,
            sort,
            page,
            near,
            record,
            columns,
            grouped,
            total,
            at_least: RwSignal::new(false),
            scrolled,
            all_ticked,
            ticked,
            unsaved,
            passport_open,
            leaving,
        }
    }

    /// Goes there, or first asks if something is not saved.
    pub fn leave(self, to: Leaving) {
        if self.unsaved.get_untracked() {
            self.leaving.set(Some(Question {
                title: "Unsaved changes".to_owned(),
                message: UNSAVED.to_owned(),
                confirm: "Leave without saving",
                keep: "Go on editing",
                subject: to,
            }));
        } else {
            self.go(to);
        }
    }

    /// Goes there whatever is lost.
    pub fn go(self, to: Leaving) {
        self.unsaved.set(false);
        match to {
            Leaving::Record(id) => self.process.open_record(id),
            Leaving::Filtered(filter) => self.process.open_records(filter),
            Leaving::Overlay => self.process.close_records(),
        }
    }

    /// After a change of records: counts and reports, and with the records' new revision the rows.
    pub fn reload(self) {
        self.process.refresh();
    }

    fn close_top(self) {
        let top = if self.record.get_untracked().is_some() { Leaving::Record(None) } else { Leaving::Overlay };
        self.leave(top);
    }
}

/// The overlay, open while the URL says so.
#[component]
pub fn RecordsOverlay() -> impl IntoView {
    let process = use_finetune_process();
    let open = memo(move || process.records_view().is_some());
    let state = RwSignal::new(None::<RecordsState>);
    // Esc and the cross: the pane first, then the overlay.
    let on_close = Callback::new(move |()| match state.get_untracked() {
        Some(state) => state.close_top(),
        None => process.close_records(),
    });
    let close_href = Signal::derive(move || {
        process.url_with(|query| {
            query.records = None;
            query.near = None;
            query.record = None;
        })
    });
    view! {
        <Dialog open on_close close_href title="Records" size=DialogSize::Full>
            <Overlay handle=state />
        </Dialog>
    }
}

#[component]
fn Overlay(handle: RwSignal<Option<RecordsState>>) -> impl IntoView {
    let state = RecordsState::new();
    handle.set(Some(state));
    on_cleanup(move || {
        handle.try_set(None);
    });
    let has_record = move || state.record.get().is_some();
    let shows_errors = memo(move || {
        state.filter.with(|filter| {
            filter.error.is_some() || matches!(filter.status, Some(RecordStatus::Invalid | RecordStatus::Duplicate))
        })
    });
    view! {
        <div class="records" class:records--reading=has_record>
            <div class="records__list" on:scroll=move |_| state.scrolled.update(|scrolled| *scrolled += 1)>
                <FilterChips state />
                <ActiveFilters state />
                <Show when=move || shows_errors.get()>
                    <div class="records__breakdown">
                        <Disclosure summary="Breakdown by first error, and what to do" open=true>
                            <ErrorBreakdown />
                        </Disclosure>
                    </div>
                </Show>
                <BulkActions state />
                <Show when=move || state.near.with(Option::is_some) fallback=move || view! { <Listed state /> }>
                    <NearDuplicateList state />
                </Show>
            </div>
            <RecordPane state />
        </div>
    }
}

/// The records of the filter: all in one list, or topic by topic.
#[component]
fn Listed(state: RecordsState) -> impl IntoView {
    view! {
        <div class="records__body">
            <Show when=move || state.grouped.get()>
                <TopicGroups state />
            </Show>
            // Grouped, the list is that of the topic that was opened.
            <Show when=move || !state.grouped.get() || state.filter.with(|filter| filter.topic.is_some())>
                <RecordTable state />
            </Show>
        </div>
    }
}
