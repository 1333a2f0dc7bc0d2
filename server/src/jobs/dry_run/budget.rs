//! What a run may spend: it pauses before its limit is passed.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::db::dry_runs::SampleResult;

/// As long as nothing has come back, nobody knows what a batch costs: so many are tried at first.
const FIRST: i64 = 2;

/// Lets batches (a prompt with its rollouts, or one recorded response) begin as long as what is spent and what those under way will probably cost stay below the limit.
#[derive(Debug)]
pub(super) struct Budget {
    /// In US dollars; `None`: no limit.
    limit: Option<f64>,
    /// A lock held for a few additions only.
    spent: Mutex<Spent>,
    changed: Notify,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Spent {
    /// Known US dollars, of the whole run.
    amount: f64,
    /// Batches that cost this, of the whole run.
    paid: i64,
    under_way: i64,
    /// The limit was met.
    is_met: bool,
}

/// What a batch that wants to begin is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Begin,
    /// Those under way may turn out cheaper.
    Wait,
    Stop,
}

impl Spent {
    fn answer(&self, limit: Option<f64>) -> Answer {
        let Some(limit) = limit else { return Answer::Begin };
        let each = if self.paid > 0 { self.amount / self.paid as f64 } else { 0.0 };
        let fits = self.amount < limit && self.amount + each * (self.under_way + 1) as f64 <= limit;
        match (fits, self.paid > 0) {
            (true, true) => Answer::Begin,
            (true, false) if self.under_way < FIRST => Answer::Begin,
            _ if self.under_way > 0 => Answer::Wait,
            _ => Answer::Stop,
        }
    }
}

impl Budget {
    /// Of a run that has paid `amount` for `paid` batches before.
    pub(super) fn new(limit: Option<f64>, amount: f64, paid: i64) -> Self {
        let spent = Spent { amount, paid, ..Spent::default() };
        Self { limit, spent: Mutex::new(spent), changed: Notify::new() }
    }

    /// Waits until a batch may begin; `false` if none may any more.
    pub(super) async fn admit(&self, stop: &CancellationToken) -> bool {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Before the look, so that no change in between is missed.
            changed.as_mut().enable();
            let answer = self.with(|spent| {
                let answer = spent.answer(self.limit);
                match answer {
                    Answer::Begin => spent.under_way += 1,
                    Answer::Wait => {}
                    Answer::Stop => spent.is_met = true,
                }
                answer
            });
            match answer {
                Answer::Begin => return true,
                Answer::Stop => {
                    self.changed.notify_waiters();
                    return false;
                }
                Answer::Wait => tokio::select! {
                    () = changed => {}
                    () = stop.cancelled() => return false,
                },
            }
        }
    }

    /// A batch that began is over, with these results.
    pub(super) fn over(&self, results: &[SampleResult]) {
        self.with(|spent| {
            spent.under_way -= 1;
            spent.amount += results.iter().filter_map(|result| result.cost).sum::<f64>();
            spent.paid += i64::from(!results.is_empty());
        });
        self.changed.notify_waiters();
    }

    /// Whether the run ended because its limit was met.
    pub(super) fn is_met(&self) -> bool {
        self.with(|spent| spent.is_met)
    }

    fn with<T>(&self, change: impl FnOnce(&mut Spent) -> T) -> T {
        change(&mut self.spent.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paid(cost: f64) -> [SampleResult; 1] {
        [SampleResult { cost: Some(cost), ..SampleResult::failed(0, "x") }]
    }

    /// By hand: at $1 each and a limit of $5, three spent: two more fit, a third waits, and stops once they are paid.
    #[test]
    fn rollouts_begin_while_they_fit() {
        let spent = |amount, paid, under_way| Spent { amount, paid, under_way, is_met: false }.answer(Some(5.0));
        assert_eq!(
            (spent(3.0, 3, 0), spent(3.0, 3, 1), spent(3.0, 3, 2)),
            (Answer::Begin, Answer::Begin, Answer::Wait)
        );
        assert_eq!((spent(5.0, 5, 0), spent(4.5, 5, 0), spent(4.0, 5, 0)), (Answer::Stop, Answer::Stop, Answer::Begin));
        assert_eq!((spent(0.0, 0, 1), spent(0.0, 0, 2)), (Answer::Begin, Answer::Wait));
        // What costs nothing goes on for ever; no limit is none.
        assert_eq!(spent(0.0, 1_000, 1_000), Answer::Begin);
        assert_eq!(Spent { amount: 9.0, paid: 1, under_way: 9, is_met: false }.answer(None), Answer::Begin);
    }

    #[tokio::test]
    async fn those_that_wait_are_told() {
        let stop = CancellationToken::new();
        let budget = Budget::new(Some(2.0), 0.0, 0);
        for _ in 0..FIRST {
            assert!(budget.admit(&stop).await);
        }
        let (admitted, ()) = tokio::join!(budget.admit(&stop), async { (0..2).for_each(|_| budget.over(&paid(1.0))) });
        assert!(!admitted && budget.is_met());
        let waiting = Budget::new(Some(2.0), 0.0, 0);
        for _ in 0..FIRST {
            waiting.admit(&stop).await;
        }
        let (admitted, ()) = tokio::join!(waiting.admit(&stop), async { stop.cancel() });
        assert!(!admitted && !waiting.is_met());
    }
}
