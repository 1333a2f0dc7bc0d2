//! The arithmetic of a list that is too long to be drawn: which rows are in view, and how much room stands for the others.
//! Pure: what measures and scrolls is the list's own.

/// Pixels that browsers surely scroll over; a longer list is scrolled in proportion, so that its bar still spans all of it.
const MOST_PIXELS: f64 = 6_000_000.0;
/// Rows drawn beyond each end of the view, so that the keyboard finds the next one.
const BEYOND: i64 = 10;

/// What is in view of a list whose rows are equally high.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ListView {
    /// Pixels between the list's start and the start of the view.
    pub scroll: f64,
    /// The view's height.
    pub height: f64,
    /// A row's height.
    pub row: f64,
}

/// The rows to be drawn (`start` up to, not including, `end`), with the room before and after them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ListWindow {
    /// The first row in view.
    pub first: i64,
    /// Whether the last row of all is in view.
    pub at_end: bool,
    /// The first row drawn.
    pub start: i64,
    /// The row after the last one drawn.
    pub end: i64,
    /// Pixels that stand for the rows before.
    pub before: f64,
    /// Pixels that stand for those after.
    pub after: f64,
}

#[expect(clippy::cast_possible_truncation, reason = "row numbers are far below 2^53")]
fn rows(value: f64) -> i64 {
    value as i64
}

impl ListView {
    fn pixels(self, total: i64) -> f64 {
        (total as f64 * self.row).min(MOST_PIXELS)
    }

    /// Pixels of the list that one pixel of scrolling moves over.
    fn scale(self, total: i64) -> f64 {
        let real = total as f64 * self.row;
        if real <= MOST_PIXELS { 1.0 } else { (real - self.height) / (MOST_PIXELS - self.height) }
    }

    /// What to draw of `total` rows.
    pub fn window(self, total: i64) -> ListWindow {
        let pixels = self.pixels(total);
        let scroll = self.scroll.clamp(0.0, (pixels - self.height).max(0.0));
        let top = scroll * self.scale(total);
        // Browsers scroll by whole pixels: a row that misses the view's start by less is the first one in it.
        let first = rows((top + 1.0) / self.row).clamp(0, (total - 1).max(0));
        let last = (rows((top + self.height) / self.row) + 1).min(total);
        // Where scrolling is in proportion, there is no room for more near the ends.
        let start = (first - BEYOND).max(rows(((top - scroll) / self.row).ceil())).clamp(0, first);
        let end = (last + BEYOND).min(rows((pixels - scroll + top) / self.row)).clamp(last, total.max(last));
        let before = (scroll - (top - start as f64 * self.row)).max(0.0);
        let after = (pixels - before - (end - start) as f64 * self.row).max(0.0);
        ListWindow { first, at_end: top + self.height >= total as f64 * self.row - 1.0, start, end, before, after }
    }

    /// Where the view has this row first, as far as the list goes.
    pub fn scroll_to(self, index: i64, total: i64) -> f64 {
        let top = index as f64 * self.row / self.scale(total);
        top.clamp(0.0, (self.pixels(total) - self.height).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(scroll: f64) -> ListView {
        ListView { scroll, height: 600.0, row: 50.0 }
    }

    #[test]
    fn a_short_list_is_drawn_whole() {
        let window = view(0.0).window(5);
        assert_eq!(window, ListWindow { first: 0, at_end: true, start: 0, end: 5, before: 0.0, after: 0.0 });
        assert_eq!(
            view(0.0).window(0),
            ListWindow { first: 0, at_end: true, start: 0, end: 0, before: 0.0, after: 0.0 }
        );
    }

    #[test]
    fn a_long_list_is_drawn_around_its_view() {
        // 100 rows of 50 are 5,000 pixels; at 2,010 the 41st row is the first in view, at 2,610 the 53rd the last.
        let window = view(2_010.0).window(100);
        assert_eq!((window.first, window.start, window.end), (40, 30, 63));
        assert_eq!((window.before, window.after), (1_500.0, 5_000.0 - 1_500.0 - 33.0 * 50.0));
        assert!(!window.at_end);
        assert_eq!(view(1_999.4).window(100).first, 40, "but for less than a pixel");
        let end = view(9_999.0).window(100);
        assert_eq!((end.first, end.end, end.after, end.at_end), (88, 100, 0.0, true));
        assert!((view(0.0).scroll_to(40, 100) - 2_000.0).abs() < 1e-9);
        assert!((view(0.0).scroll_to(99, 100) - 4_400.0).abs() < 1e-9, "no further than the list goes");
    }

    #[test]
    fn a_list_beyond_what_browsers_scroll_is_scrolled_in_proportion() {
        const TOTAL: i64 = 1_000_000;
        for (index, slack) in [(0, 0), (1, 1), (7, 1), (500_000, 1), (999_000, 1), (999_999, 12)] {
            let scroll = view(0.0).scroll_to(index, TOTAL);
            let window = view(scroll).window(TOTAL);
            assert!((window.first - index).abs() <= slack, "{index}: {window:?}");
            assert!(window.start <= window.first && window.end > window.first, "{window:?}");
            // The first row in view is where the view is, and the list is as long as it always was.
            let drawn_at = window.before + (window.first - window.start) as f64 * 50.0;
            assert!((drawn_at - scroll).abs() <= 50.0, "{index}: {drawn_at} {scroll}");
            let long = window.before + (window.end - window.start) as f64 * 50.0 + window.after;
            assert!((long - MOST_PIXELS).abs() < 100.0, "{index}: {long}");
        }
    }
}
