//! The rows of the list as one scrolls over them: loaded from the server a page at a time, those near the view alone; and what
//! the URL says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anneal_server::api::list_records;
use anneal_server::types::dataset::{RecordFilter, RecordPage, RecordRow, RecordSort};
use anneal_server::types::error::AppError;
use leptos::html;
use leptos::prelude::*;
use leptos::task::{spawn_local, tick};

use super::records_overlay::{PAGE_SIZE, RecordsState};
use crate::finetune::steps::parts::field;
use crate::ui::{ListView, ListWindow, memo};

/// Pages that one scrolls past at once are not asked for.
const BEFORE_LOADING: Duration = Duration::from_millis(60);
/// The URL follows when one has stopped scrolling.
const BEFORE_URL: Duration = Duration::from_millis(300);
/// Loaded pages this far from the view are forgotten.
const PAGES_KEPT: i64 = 4;

/// The list, as long as the overlay is open. (Its signals belong to the overlay and not to what is drawn of them, which is
/// still there for a moment after its owner is gone.) `Copy`, for its rows.
#[derive(Clone, Copy)]
pub struct RowList {
    state: RecordsState,
    /// What is listed; the URL may be ahead of it.
    asked: StoredValue<(RecordFilter, RecordSort)>,
    /// Loaded pages by number.
    pages: RwSignal<BTreeMap<i64, Vec<RecordRow>>>,
    /// Whether the URL asked for a page beyond the last.
    pub beyond: RwSignal<bool>,
    /// What is drawn until the browser has measured it, as the server drew it: the first row's position, and how many.
    unmeasured: RwSignal<(i64, i64)>,
    /// What was measured.
    view: RwSignal<Option<ListView>>,
    /// What is drawn.
    pub window: Memo<ListWindow>,
    /// The page whose rows are in view, from 1.
    pub shown_page: Memo<i64>,
    /// Which requests still count, and which of them are on their way.
    loading: StoredValue<Loading>,
    /// Why the last page could not be loaded.
    pub failed: RwSignal<Option<AppError>>,
    /// The element around the table.
    container: NodeRef<html::Div>,
}

#[derive(Default)]
struct Loading {
    /// Grows when what is on its way no longer counts.
    round: u32,
    /// On their way in this round.
    pages: BTreeSet<i64>,
    /// Another filter or order was asked for: nothing more of the former.
    restarting: bool,
}

impl RowList {
    /// Empty, until [`Self::start`].
    pub fn new(state: RecordsState, container: NodeRef<html::Div>) -> Self {
        let view = RwSignal::new(None::<ListView>);
        let unmeasured = RwSignal::new((0, 0));
        let window = memo(move || {
            if let Some(view) = view.get() {
                return view.window(state.total.get());
            }
            let (start, count) = unmeasured.get();
            ListWindow { first: start, at_end: false, start, end: start + count, before: 0.0, after: 0.0 }
        });
        let shown_page = memo(move || window.with(|window| page_in_view(window, state.total.get())));
        let list = Self {
            state,
            asked: StoredValue::new((state.filter.get_untracked(), state.sort.get_untracked())),
            pages: RwSignal::new(BTreeMap::new()),
            beyond: RwSignal::new(false),
            unmeasured,
            view,
            window,
            shown_page,
            loading: StoredValue::new(Loading::default()),
            failed: RwSignal::new(None),
            container,
        };
        list.follow_scrolling();
        list.follow_changes();
        list.follow_url();
        list
    }

    /// Shows a page that was loaded, and nothing else yet.
    pub fn start(self, first: RecordPage) {
        let RecordPage { rows, total, at_least, page, .. } = first;
        let start = (page - 1) * PAGE_SIZE;
        self.unmeasured.try_set((start, i64::try_from(rows.len()).unwrap_or(0)));
        self.beyond.try_set(rows.is_empty() && total > 0);
        self.pages.try_set(BTreeMap::from([(page, rows)]));
        self.state.total.try_set(total);
        self.state.at_least.try_set(at_least);
        self.failed.try_set(None);
    }

    /// The row at a position, once it is loaded.
    pub fn row(self, index: i64) -> Option<RecordRow> {
        let position = usize::try_from(index % PAGE_SIZE).unwrap_or(0);
        self.pages.with(|pages| pages.get(&(index / PAGE_SIZE + 1))?.get(position).cloned())
    }

    /// The ids of the page in view.
    pub fn page_ids(self) -> Vec<i64> {
        // What is drawn may ask once more when the list is gone.
        let Some(page) = self.shown_page.try_get() else { return Vec::new() };
        let ids =
            |pages: &BTreeMap<i64, Vec<RecordRow>>| pages.get(&page).into_iter().flatten().map(|row| row.id).collect();
        self.pages.try_with(ids).unwrap_or_default()
    }

    fn follow_scrolling(self) {
        let scrolled = self.state.scrolled;
        Effect::new(move |before: Option<()>| {
            scrolled.track();
            if before.is_some() && self.view.with_untracked(Option::is_some) {
                self.measure();
            }
        });
        Effect::new(move |_| {
            let resize = window_event_listener(leptos::ev::resize, move |_| self.measure());
            on_cleanup(move || resize.remove());
        });
        Effect::new(move |_| {
            self.window.track();
            set_timeout(move || self.load_missing(), BEFORE_LOADING);
        });
    }

    /// Puts the first page where it is in the whole list. Called when it is there to be measured.
    pub fn begin(self) {
        let (Some(measured), Some(total)) = (self.measured(), self.state.total.try_get_untracked()) else { return };
        let Some((start, _)) = self.unmeasured.try_get_untracked() else { return };
        self.view.try_set(Some(ListView { scroll: measured.scroll_to(start, total), ..measured }));
        // Another list may have been scrolled here before. (Where the filters scroll along, this one may begin below the view.)
        if start > 0 || measured.scroll > 1.0 {
            self.scroll_soon(start);
        }
    }

    /// Once what was set is drawn.
    fn scroll_soon(self, index: i64) {
        spawn_local(async move {
            tick().await;
            self.scroll_to(index);
        });
    }

    fn measure(self) {
        if let Some(measured) = self.measured() {
            self.view.try_set(Some(measured));
        }
    }

    /// `None` while it is not shown, or has no row to measure by.
    fn measured(self) -> Option<ListView> {
        let container = self.container.try_get_untracked().flatten()?;
        let body = container.query_selector("tbody").ok().flatten()?.get_bounding_client_rect();
        let row = container.query_selector(".record-row").ok().flatten()?.get_bounding_client_rect().height();
        let rows = container.get_bounding_client_rect();
        // Where it is narrow the filters scroll along, and the list around both is what scrolls.
        let around = container.closest(".records__list").ok().flatten()?.get_bounding_client_rect();
        // The headings and the pager stand over the rows.
        let height_of = |selector: &str| {
            let found = container.query_selector(selector).ok().flatten();
            found.map_or(0.0, |element| element.get_bounding_client_rect().height())
        };
        let scroller = if rows.height() > around.height() { around } else { rows };
        let top = scroller.top() + height_of("thead");
        let bottom = scroller.bottom() - height_of(".records__pager");
        (row > 1.0).then(|| ListView { scroll: top - body.top(), height: (bottom - top).max(row), row })
    }

    /// Scrolls until a row is the first in view.
    fn scroll_to(self, index: i64) {
        let (Some(measured), Some(total)) = (self.measured(), self.state.total.try_get_untracked()) else { return };
        let Some(container) = self.container.try_get_untracked().flatten() else { return };
        #[expect(clippy::cast_possible_truncation, reason = "pixels that a browser can scroll fit an i32")]
        let by = (measured.scroll_to(index, total) - measured.scroll).round() as i32;
        let before = container.scroll_top();
        container.set_scroll_top(before + by);
        if by != 0
            && container.scroll_top() == before
            && let Some(around) = container.closest(".records__list").ok().flatten()
        {
            around.set_scroll_top(around.scroll_top() + by);
        }
        self.measure();
    }

    fn needed(self) -> Option<std::ops::RangeInclusive<i64>> {
        let window = self.window.try_get_untracked()?;
        Some(window.start / PAGE_SIZE + 1..=(window.end - 1).max(window.start) / PAGE_SIZE + 1)
    }

    fn load_missing(self) {
        let (Some(needed), Some(total)) = (self.needed(), self.state.total.try_get_untracked()) else { return };
        for page in needed.filter(|page| (page - 1) * PAGE_SIZE < total) {
            let is_there = self.pages.try_with_untracked(|pages| pages.contains_key(&page)).unwrap_or(true);
            let may_load = self.loading.try_with_value(|loading| !loading.restarting && !loading.pages.contains(&page));
            if !is_there && may_load == Some(true) {
                self.load(page);
            }
        }
    }

    fn load(self, page: i64) {
        let Some(asked) = self.asked.try_get_value() else { return };
        let Some(round) = self.loading.try_update_value(|loading| {
            loading.pages.insert(page);
            loading.round
        }) else {
            return;
        };
        spawn_local(async move {
            let loaded = self.fetch(asked, page).await;
            let counts = self.loading.try_update_value(|now| now.round == round && now.pages.remove(&page));
            if counts == Some(true) {
                match loaded {
                    Ok(loaded) => self.take(page, loaded),
                    Err(error) => self.fail(error),
                }
            }
        });
    }

    async fn fetch(self, (filter, sort): (RecordFilter, RecordSort), page: i64) -> Result<RecordPage, AppError> {
        list_records(self.state.process.dataset_id(), filter, Some(sort), page, PAGE_SIZE).await
    }

    fn fail(self, error: AppError) {
        self.failed.try_set(Some(error));
    }

    fn take(self, page: i64, loaded: RecordPage) {
        if self.view.try_with_untracked(Option::is_none) == Some(true) {
            // There was nothing to measure by until now.
            self.start(loaded);
            request_animation_frame(move || self.begin());
            return;
        }
        self.failed.try_set(None);
        self.state.at_least.try_set(loaded.at_least);
        let Some(needed) = self.needed() else { return };
        let kept = needed.start() - PAGES_KEPT..=needed.end() + PAGES_KEPT;
        self.pages.try_update(|pages| {
            pages.insert(page, loaded.rows);
            pages.retain(|page, _| kept.contains(page));
        });
        if self.state.total.try_get_untracked() != Some(loaded.total) {
            self.state.total.try_set(loaded.total);
            // A list that became shorter may have moved under the view.
            request_animation_frame(move || self.measure());
        }
    }

    /// Loads what is in view again; what is drawn stays until it comes.
    pub fn reload(self) {
        let Some(needed) = self.needed() else { return };
        let may_reload = self.loading.try_update_value(|loading| {
            if !loading.restarting {
                loading.round += 1;
                loading.pages.clear();
            }
            !loading.restarting
        });
        if may_reload == Some(true) {
            self.pages.try_update(|pages| pages.retain(|page, _| needed.contains(page)));
            needed.for_each(|page| self.load(page));
        }
    }

    /// Lists what the URL now asks for; what is drawn stays until that comes.
    pub fn restart(self, page: i64) {
        let asked = (self.state.filter.get_untracked(), self.state.sort.get_untracked());
        let Some(round) = self.loading.try_update_value(|loading| {
            *loading = Loading { round: loading.round + 1, pages: BTreeSet::new(), restarting: true };
            loading.round
        }) else {
            return;
        };
        spawn_local(async move {
            let loaded = self.fetch(asked.clone(), page).await;
            let counts = self.loading.try_update_value(|loading| {
                let counts = loading.round == round;
                loading.restarting &= !counts;
                counts
            });
            if counts != Some(true) {
                return;
            }
            match loaded {
                Ok(loaded) => {
                    self.asked.try_set_value(asked);
                    self.start(loaded);
                    if self.view.try_with_untracked(Option::is_some) == Some(true) {
                        self.scroll_soon((page - 1) * PAGE_SIZE);
                    } else {
                        request_animation_frame(move || self.begin());
                    }
                }
                Err(error) => self.fail(error),
            }
        });
    }

    fn follow_changes(self) {
        let revision = field(|o| o.dataset.records_revision);
        Effect::new(move |before: Option<i64>| {
            let now = revision.get();
            if before.is_some_and(|before| before != now) {
                self.reload();
            }
            now
        });
        Effect::new(move |before: Option<(RecordFilter, RecordSort)>| {
            let now = (self.state.filter.get(), self.state.sort.get());
            if before.is_some_and(|before| before != now) {
                self.restart(self.state.page.get_untracked());
            }
            now
        });
        Effect::new(move |_| {
            if self.beyond.get() {
                self.restart(1);
            }
        });
        // The pane takes room from the list, or all of it.
        Effect::new(move |_| {
            self.state.record.track();
            request_animation_frame(move || self.measure());
        });
    }

    fn follow_url(self) {
        let page = self.state.page;
        Effect::new(move |before: Option<i64>| {
            let now = page.get();
            let is_restarting = self.loading.with_value(|loading| loading.restarting);
            if before.is_some_and(|before| before != now) && now != self.shown_page.get_untracked() && !is_restarting {
                self.scroll_to((now - 1) * PAGE_SIZE);
            }
            now
        });
        Effect::new(move |before: Option<()>| {
            let shown = self.shown_page.get();
            if before.is_some() {
                set_timeout(move || self.write_url(shown), BEFORE_URL);
            }
        });
    }

    /// If one has stopped there, and the URL is still about this list.
    fn write_url(self, page: i64) {
        let is_there = self.shown_page.try_get_untracked() == Some(page);
        let asked = self.asked.try_get_value();
        if !is_there {
            return;
        }
        let (of_url, sort) = untrack(|| (self.state.process.records_view(), self.state.process.records_sort()));
        if let (Some(asked), Some((filter, now))) = (asked, of_url)
            && asked == (filter, sort)
            && now != page
        {
            self.state.process.show_records_page(page);
        }
    }
}

/// The page that the pager names: at the list's end the last one, though rows of the one before may be above it.
fn page_in_view(window: &ListWindow, total: i64) -> i64 {
    if window.first == 0 {
        1
    } else if window.at_end {
        (total - 1).max(0) / PAGE_SIZE + 1
    } else {
        window.first / PAGE_SIZE + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_in_view_is_that_of_its_first_row_but_at_the_end() {
        let window = |first: i64, at_end: bool| ListWindow { first, at_end, start: 0, end: 0, before: 0.0, after: 0.0 };
        for (first, at_end, total, expected) in [
            (0, false, 1_000, 1),
            (0, true, 55, 1),
            (49, false, 1_000, 1),
            (50, false, 1_000, 2),
            (89, true, 102, 3),
            (88, true, 100, 2),
        ] {
            assert_eq!(page_in_view(&window(first, at_end), total), expected, "{first} {at_end} {total}");
        }
    }
}
