//! One question per dataset at a time: a newer one ends the one under way.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

/// What is being asked; clones share it.
#[derive(Clone, Default)]
pub struct Questions(Arc<Inner>);

#[derive(Default)]
struct Inner {
    next: AtomicU64,
    /// By dataset. Locked for a moment only, never across an await.
    under_way: Mutex<HashMap<String, (u64, CancellationToken)>>,
}

/// A question under way; dropped, it is answered or given up.
pub(super) struct Question {
    all: Questions,
    dataset_id: String,
    number: u64,
    token: CancellationToken,
}

impl Questions {
    /// Takes the place of the dataset's former question.
    pub(super) fn ask(&self, dataset_id: &str) -> Question {
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        let token = CancellationToken::new();
        let former = self.lock().insert(dataset_id.to_owned(), (number, token.clone()));
        if let Some((_, former)) = former {
            former.cancel();
        }
        Question { all: self.clone(), dataset_id: dataset_id.to_owned(), number, token }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (u64, CancellationToken)>> {
        self.0.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Question {
    /// Waits until a newer one is asked.
    pub(super) async fn overtaken(&self) {
        self.token.cancelled().await;
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        let mut under_way = self.all.lock();
        if under_way.get(&self.dataset_id).is_some_and(|(number, _)| *number == self.number) {
            under_way.remove(&self.dataset_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_wins_and_nothing_is_left() {
        let questions = Questions::default();
        let (first, other) = (questions.ask("a"), questions.ask("b"));
        let second = questions.ask("a");
        assert!(first.token.is_cancelled() && !second.token.is_cancelled() && !other.token.is_cancelled());
        drop(first);
        assert!(!second.token.is_cancelled() && questions.lock().len() == 2, "the former takes nothing away");
        drop((second, other));
        assert!(questions.lock().is_empty());
    }
}
