//! Which faults one request meets. Pure: the same script and the same row of requests give the same plans.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::Value;

use super::super::error::ApiError;
use super::super::text::{Draw, hash};
use super::{Fault, Route, Rule, Script, Step};

/// What rules look at.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct RequestFacts<'a> {
    /// What it is for.
    pub(in super::super) route: Route,
    /// The model it names, or the empty text.
    pub(in super::super) model: &'a str,
    /// Its body, as far as it is text.
    pub(in super::super) text: &'a str,
}

/// A script and how far it has been followed.
#[derive(Debug)]
pub(in super::super) struct Progress {
    queue: VecDeque<Step>,
    /// One for each rule of the script.
    counts: Vec<RuleCount>,
    /// Requests that were given a plan: each draws its latency anew.
    plans: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct RuleCount {
    matched: u64,
    struck: u64,
}

impl Progress {
    /// At the beginning of a script.
    pub(in super::super) fn of(script: &Script) -> Self {
        Self {
            queue: script.queue.iter().cloned().collect(),
            counts: vec![RuleCount::default(); script.rules.len()],
            plans: 0,
        }
    }

    /// What the next request meets. A step of the queue stands instead of every rule.
    pub(in super::super) fn next_plan(&mut self, script: &Script, request: RequestFacts<'_>) -> Plan {
        self.plans += 1;
        let waiting = self.queue.iter().position(|step| step.route.is_none_or(|route| route == request.route));
        if let Some(step) = waiting.and_then(|index| self.queue.remove(index)) {
            return Plan::new(step.faults, script.seed, self.plans);
        }
        let mut faults = Vec::new();
        for (index, (rule, count)) in script.rules.iter().zip(&mut self.counts).enumerate() {
            if strikes(rule, count, request, script.seed, index) {
                faults.extend(rule.faults.iter().cloned());
            }
        }
        // A script that says what goes wrong is not to be surprised by a model's name.
        if faults.iter().all(Fault::is_slowness) {
            faults.extend(faults_of_model(request.model));
        }
        Plan::new(faults, script.seed, self.plans)
    }
}

/// Whether the rule strikes this request; counts it.
fn strikes(rule: &Rule, count: &mut RuleCount, request: RequestFacts<'_>, seed: u64, index: usize) -> bool {
    let matches = rule.route.is_none_or(|route| route == request.route)
        && rule.model.as_deref().is_none_or(|pattern| matches_pattern(pattern, request.model))
        && rule.text.as_deref().is_none_or(|text| request.text.contains(text));
    if !matches {
        return false;
    }
    count.matched += 1;
    // Each rule and each of its requests has a draw of its own, so that another rule changes nothing.
    let place = [(index as u64).to_le_bytes(), count.matched.to_le_bytes()].concat();
    let drawn = Draw::new(hash(seed, &place)).unit() < rule.probability;
    let strikes = drawn && rule.nth.includes(count.matched) && rule.times.is_none_or(|times| count.struck < times);
    count.struck += u64::from(strikes);
    strikes
}

/// A name against a pattern with a `*` at either end.
fn matches_pattern(pattern: &str, name: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(_), Some(_)) => name.contains(pattern.trim_matches('*')),
        (Some(end), None) => name.ends_with(end),
        (None, Some(start)) => name.starts_with(start),
        (None, None) => name == pattern,
    }
}

/// What a model's name brings with it where the script says nothing.
fn faults_of_model(model: &str) -> Vec<Fault> {
    let known = [
        ("missing-", Fault::UnknownModel),
        ("-refuses", Fault::Refusal),
        ("-prose", Fault::Prose),
        ("-fenced", Fault::Fenced),
        ("-empty", Fault::EmptyContent),
        ("-no-schema", Fault::NoResponseFormat { takes_json_object: true }),
        ("-no-format", Fault::NoResponseFormat { takes_json_object: false }),
        ("-no-usage", Fault::MissingUsage),
        ("-breaks-schema", Fault::BreaksSchema),
        ("-down", Fault::status(503)),
        ("-slow", Fault::latency_between(300, 900)),
    ];
    known.iter().filter(|(part, _)| model.contains(part)).map(|(_, fault)| fault.clone()).collect()
}

/// What one request meets.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Plan {
    /// In the script's order.
    pub(in super::super) faults: Vec<Fault>,
    /// The wait before anything is answered.
    pub(in super::super) latency: Duration,
}

impl Plan {
    fn new(faults: Vec<Fault>, seed: u64, number: u64) -> Self {
        let mut draw = Draw::new(hash(seed, &number.to_le_bytes()));
        let ms = faults.iter().map(|fault| match fault {
            Fault::Latency { min_ms, max_ms } => {
                let span = usize::try_from(max_ms.saturating_sub(*min_ms).saturating_add(1)).unwrap_or(usize::MAX);
                min_ms.saturating_add(draw.below(span) as u64)
            }
            _ => 0,
        });
        let latency = Duration::from_millis(ms.fold(0, u64::saturating_add));
        Self { faults, latency }
    }

    /// The answer, if it is an error.
    pub(in super::super) fn error(&self, body: Option<&Value>) -> Option<ApiError> {
        self.faults.iter().find_map(|fault| fault.error(body))
    }

    /// Whether this goes wrong.
    pub(in super::super) fn has(&self, fault: &Fault) -> bool {
        self.faults.contains(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Nth;
    use super::*;

    fn struck(script: &Script, model: &str, requests: usize) -> Vec<bool> {
        let mut progress = Progress::of(script);
        let facts = RequestFacts { route: Route::Chat, model, text: "some text" };
        (0..requests).map(|_| !progress.next_plan(script, facts).faults.is_empty()).collect()
    }

    fn check(rule: Rule, expected: [bool; 6]) {
        assert_eq!(struck(&Script::well().rule(rule.clone()), "test-small", 6), expected, "{rule:?}");
    }

    #[test]
    fn rules_count_the_requests_that_match_them() {
        let rule = || Rule::of([Fault::Refusal]);
        check(rule(), [true; 6]);
        check(rule().from(2).until(3), [false, true, true, false, false, false]);
        check(rule().from(2).every(2), [false, true, false, true, false, true]);
        check(rule().times(2), [true, true, false, false, false, false]);
        check(rule().route(Route::Embeddings), [false; 6]);
        check(rule().model("test-*"), [true; 6]);
        check(rule().model("*-large"), [false; 6]);
        check(rule().model("*small*").text("me te"), [true; 6]);
        check(rule().text("absent"), [false; 6]);
        check(rule().probability(0.0), [false; 6]);
        check(rule().every(0), [true; 6]);
    }

    #[test]
    fn chances_repeat_with_the_seed() {
        let script = |seed| Script::well().seed(seed).rule(Rule::of([Fault::Refusal]).probability(0.3));
        let first = struck(&script(1), "m", 1000);
        assert_eq!(first, struck(&script(1), "m", 1000));
        assert_ne!(first, struck(&script(2), "m", 1000));
        // Binomial(1000, 0.3): standard deviation 14.5; five of them on either side.
        let count = first.iter().filter(|struck| **struck).count();
        assert!((228..=372).contains(&count), "{count}");
    }

    #[test]
    fn the_queue_comes_before_the_rules_and_skips_other_routes() {
        let script = Script::well()
            .then_to(Route::Embeddings, [Fault::Disconnect])
            .then([])
            .then([Fault::BrokenJson])
            .rule(Rule::of([Fault::Refusal]));
        let mut progress = Progress::of(&script);
        let mut next = |route| progress.next_plan(&script, RequestFacts { route, model: "m", text: "" }).faults;
        assert_eq!(next(Route::Chat), []);
        assert_eq!(next(Route::Embeddings), [Fault::Disconnect]);
        assert_eq!(next(Route::Chat), [Fault::BrokenJson]);
        assert_eq!(next(Route::Chat), [Fault::Refusal]);
    }

    #[test]
    fn a_models_name_counts_where_the_script_says_nothing() {
        let faults = |script: &Script, model| {
            Progress::of(script).next_plan(script, RequestFacts { route: Route::Chat, model, text: "" }).faults
        };
        assert_eq!(faults(&Script::well(), "test-fenced"), [Fault::Fenced]);
        assert_eq!(faults(&Script::well().then([]), "test-fenced"), []);
        let slow = Script::well().rule(Rule::of([Fault::latency(5)]));
        assert_eq!(faults(&slow, "test-fenced"), [Fault::latency(5), Fault::Fenced]);
        let refusing = Script::well().rule(Rule::of([Fault::Refusal]));
        assert_eq!(faults(&refusing, "test-fenced"), [Fault::Refusal]);
    }

    #[test]
    fn latency_is_drawn_from_its_range() {
        let script = Script::well().rule(Rule::of([Fault::latency_between(10, 20)]));
        let mut progress = Progress::of(&script);
        let facts = RequestFacts { route: Route::Chat, model: "m", text: "" };
        let waits: Vec<u128> = (0..50).map(|_| progress.next_plan(&script, facts).latency.as_millis()).collect();
        assert!(waits.iter().all(|ms| (10..=20).contains(ms)), "{waits:?}");
        assert!(waits.iter().any(|ms| *ms != waits[0]));
    }

    #[test]
    fn scripts_are_json_and_unknown_names_are_refused() {
        let script: Script = serde_json::from_str(
            r#"{"seed": 3, "queue": [{"faults": ["refusal", {"status": {"status": 503}}]}],
                "rules": [{"route": "chat", "model": "a*", "nth": {"from": 2}, "probability": 0.5, "faults": [{"latency": {"min_ms": 1, "max_ms": 2}}]}],
                "limits": {"concurrency": 4}, "fine_tuning": {"end": {"fails": {"code": "x", "message": "y"}}}}"#,
        )
        .unwrap();
        assert_eq!(script.queue[0].faults, [Fault::Refusal, Fault::status(503)]);
        assert!((script.rules[0].probability - 0.5).abs() < f64::EPSILON);
        assert_eq!(script.rules[0].nth, Nth { from: 2, until: None, every: 1 });
        assert!(serde_json::from_str::<Script>(r#"{"queues": []}"#).is_err());
        assert!(serde_json::from_str::<Script>(r#"{"queue": [{"faults": ["refussal"]}]}"#).is_err());
    }
}
