//! How much goes to one endpoint: calls at once, adapted to what it takes, and calls and tokens a minute.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// What a user allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls at once, at least 1.
    pub concurrency: u32,
    /// Calls a minute.
    pub requests_per_minute: Option<u32>,
    /// Tokens a minute, of requests and answers together.
    pub tokens_per_minute: Option<u32>,
}

/// How many calls at once an endpoint takes, found by trying (additive increase, multiplicative decrease, as TCP does): an overload halves it,
/// as many good answers as it is add one again.
#[derive(Debug, Clone, PartialEq)]
pub struct Adaptive {
    most: u32,
    now: u32,
    good: u32,
    last_cut: Option<Instant>,
}

/// The calls that were under way at one overload answer together: they count as one.
const BETWEEN_CUTS: Duration = Duration::from_secs(1);

impl Adaptive {
    /// Begins with all that is allowed.
    pub fn new(most: u32) -> Self {
        let most = most.max(1);
        Self { most, now: most, good: 0, last_cut: None }
    }

    /// Calls at once that are allowed at present.
    pub const fn now(&self) -> u32 {
        self.now
    }

    /// A call went well.
    pub fn succeeded(&mut self) {
        self.good += 1;
        if self.good >= self.now && self.now < self.most {
            self.now += 1;
            self.good = 0;
        }
    }

    /// The endpoint had too much to do.
    pub fn overloaded(&mut self, at: Instant) {
        if self.last_cut.is_some_and(|last| at.saturating_duration_since(last) < BETWEEN_CUTS) {
            return;
        }
        self.now = (self.now / 2).max(1);
        self.good = 0;
        self.last_cut = Some(at);
    }
}

/// So much a minute, evenly, with a reserve of some seconds that an idle time fills.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    per_second: f64,
    capacity: f64,
    level: f64,
    at: Instant,
}

/// The reserve: what a burst may use at once.
const RESERVE_SECONDS: f64 = 6.0;

impl Bucket {
    /// A full one.
    pub fn new(per_minute: u32, at: Instant) -> Self {
        let per_second = f64::from(per_minute.max(1)) / 60.0;
        let capacity = (per_second * RESERVE_SECONDS).max(1.0);
        Self { per_second, capacity, level: capacity, at }
    }

    /// Takes so much; answers how long to wait first. What is larger than the reserve is lent, and waited for by those after it.
    pub fn take(&mut self, amount: f64, at: Instant) -> Duration {
        let passed = at.saturating_duration_since(self.at).as_secs_f64();
        self.level = (self.level + passed * self.per_second).min(self.capacity);
        self.at = at;
        let missing = amount.min(self.capacity) - self.level;
        self.level -= amount;
        Duration::from_secs_f64((missing / self.per_second).max(0.0))
    }

    /// What was used beyond what was taken, or (negative) not used.
    pub fn correct(&mut self, difference: f64) {
        self.level = (self.level - difference).min(self.capacity);
    }
}

/// The door to one endpoint, which all its calls pass.
#[derive(Debug)]
pub struct Gate {
    state: Mutex<GateState>,
    freed: Notify,
}

#[derive(Debug)]
struct GateState {
    adaptive: Adaptive,
    under_way: u32,
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
}

impl Gate {
    /// With what is allowed.
    pub fn new(limits: Limits) -> Self {
        let at = Instant::now();
        Self {
            state: Mutex::new(GateState {
                adaptive: Adaptive::new(limits.concurrency),
                under_way: 0,
                requests: limits.requests_per_minute.map(|per_minute| Bucket::new(per_minute, at)),
                tokens: limits.tokens_per_minute.map(|per_minute| Bucket::new(per_minute, at)),
            }),
            freed: Notify::new(),
        }
    }

    /// Waits for a place and for what the minute allows. `tokens` is what the call will use, as far as one can know.
    pub async fn pass(&self, tokens: u32) -> Passed<'_> {
        loop {
            let freed = self.freed.notified();
            if let Some(mut passed) = self.try_enter() {
                let wait = self.with(|state| {
                    let at = Instant::now();
                    let for_requests = state.requests.as_mut().map(|bucket| bucket.take(1.0, at));
                    let for_tokens = state.tokens.as_mut().map(|bucket| bucket.take(f64::from(tokens), at));
                    for_requests.max(for_tokens).unwrap_or_default()
                });
                // From here on: who gives up during the wait gives it back.
                passed.unsent = Some(f64::from(tokens));
                tokio::time::sleep(wait).await;
                return passed;
            }
            freed.await;
        }
    }

    fn try_enter(&self) -> Option<Passed<'_>> {
        let has_room = self.with(|state| {
            let has_room = state.under_way < state.adaptive.now();
            state.under_way += u32::from(has_room);
            has_room
        });
        // Only then: one that is made gives a place back.
        has_room.then(|| Passed { gate: self, unsent: None })
    }

    fn with<T>(&self, work: impl FnOnce(&mut GateState) -> T) -> T {
        // A panic while it was held leaves numbers that are still numbers.
        work(&mut self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

/// A place at an endpoint for one attempt, as long as it lives.
#[derive(Debug)]
pub struct Passed<'a> {
    gate: &'a Gate,
    /// The tokens that were taken for a request that was not sent; with it goes one request.
    unsent: Option<f64>,
}

impl Passed<'_> {
    /// The request goes out now: what was taken for it is used.
    pub fn sent(&mut self) {
        self.unsent = None;
    }

    /// The call went well, and used so many tokens more (or less) than was thought.
    pub fn succeeded(&self, more_tokens: f64) {
        self.gate.with(|state| state.adaptive.succeeded());
        self.correct(more_tokens);
        self.gate.freed.notify_one();
    }

    /// So many tokens were used beyond what was taken, or (negative) not used.
    pub fn correct(&self, more_tokens: f64) {
        self.gate.with(|state| {
            if let Some(tokens) = &mut state.tokens {
                tokens.correct(more_tokens);
            }
        });
    }

    /// The endpoint had too much to do.
    pub fn overloaded(&self) {
        self.gate.with(|state| state.adaptive.overloaded(Instant::now()));
    }
}

impl Drop for Passed<'_> {
    fn drop(&mut self) {
        if let Some(tokens) = self.unsent {
            self.correct(-tokens);
        }
        self.gate.with(|state| {
            state.under_way -= 1;
            if let (Some(requests), true) = (&mut state.requests, self.unsent.is_some()) {
                requests.correct(-1.0);
            }
        });
        self.gate.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn an_overload_halves_and_good_answers_add() {
        let start = Instant::now();
        let mut adaptive = Adaptive::new(16);
        adaptive.overloaded(start);
        adaptive.overloaded(start + Duration::from_millis(900));
        assert_eq!(adaptive.now(), 8, "one overload, however many calls it hit");
        adaptive.overloaded(start + Duration::from_secs(2));
        assert_eq!(adaptive.now(), 4);
        (0..3).for_each(|_| adaptive.succeeded());
        assert_eq!(adaptive.now(), 4);
        adaptive.succeeded();
        assert_eq!(adaptive.now(), 5);
        (0..1_000).for_each(|_| adaptive.succeeded());
        assert_eq!(adaptive.now(), 16);
        (10..30).for_each(|second| adaptive.overloaded(start + Duration::from_secs(second)));
        assert_eq!((adaptive.now(), Adaptive::new(0).now()), (1, 1));
    }

    /// 60 a minute are one a second with a reserve of six.
    #[test]
    fn a_minute_has_so_much() {
        let start = Instant::now();
        let mut bucket = Bucket::new(60, start);
        let waits: Vec<u64> = (0..8).map(|_| bucket.take(1.0, start).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 0, 1, 2]);
        // Two were lent; after five seconds three are there.
        assert_eq!(bucket.take(3.0, start + Duration::from_secs(5)), Duration::ZERO);
        assert_eq!(
            bucket.take(100.0, start + Duration::from_secs(5)),
            Duration::from_secs(6),
            "no more than the reserve"
        );
        let mut lent = Bucket::new(60, start);
        assert_eq!(lent.take(2.0, start), Duration::ZERO);
        lent.correct(10.0);
        assert_eq!(lent.take(1.0, start), Duration::from_secs(7));
        lent.correct(-1e9);
        assert_eq!(lent.take(6.0, start), Duration::ZERO);
    }

    #[tokio::test]
    async fn no_more_pass_than_may() {
        let gate = Arc::new(Gate::new(Limits { concurrency: 3, requests_per_minute: None, tokens_per_minute: None }));
        let (now, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let calls = (0..40).map(|_| {
            let (gate, now, most) = (gate.clone(), now.clone(), most.clone());
            tokio::spawn(async move {
                let passed = gate.pass(10).await;
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(2)).await;
                now.fetch_sub(1, Ordering::SeqCst);
                passed.succeeded(0.0);
            })
        });
        for call in calls.collect::<Vec<_>>() {
            call.await.unwrap();
        }
        assert_eq!(most.load(Ordering::SeqCst), 3);
        // One that gives up leaves its place.
        let held: Vec<_> = [gate.pass(1).await, gate.pass(1).await, gate.pass(1).await].into();
        let waiting = tokio::time::timeout(Duration::from_millis(20), gate.pass(1)).await;
        assert!(waiting.is_err());
        drop(held);
        tokio::time::timeout(Duration::from_secs(5), gate.pass(1)).await.unwrap();
    }
    /// By hand: 60 tokens a minute are a reserve of 6; 6 and 60 taken and given back leave 6, so that nobody waits.
    #[tokio::test]
    async fn what_was_not_sent_is_given_back() {
        let gate = Gate::new(Limits { concurrency: 4, requests_per_minute: Some(10), tokens_per_minute: Some(60) });
        let soon = Duration::from_millis(50);
        tokio::time::timeout(soon, gate.pass(6)).await.unwrap();
        assert!(tokio::time::timeout(soon, gate.pass(60)).await.is_ok(), "the reserve is there again");
        let mut sent = tokio::time::timeout(soon, gate.pass(6)).await.unwrap();
        sent.sent();
        drop(sent);
        // Six are used: the next six take six seconds, and who does not wait for them leaves them to others.
        for _ in 0..5 {
            assert!(tokio::time::timeout(soon, gate.pass(6)).await.is_err());
        }
        let level = gate.with(|state| state.tokens.as_mut().map(|bucket| bucket.take(0.0, Instant::now())));
        assert_eq!(level, Some(Duration::ZERO), "nothing is lent");
    }
}
