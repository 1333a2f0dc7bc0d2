//! What an answer costs in tokens.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::super::text::{first_tokens, hash, tokens};
use super::Choice;
use super::check::ChatRequest;

/// A prompt is kept by the provider from this length on, and in steps of `CACHE_STEP`.
const CACHED_FROM: u64 = 1024;
const CACHE_STEP: u64 = 128;

/// Counted as the provider's own `usage` is: reasoning is part of the completion, the cached part is part of the prompt.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Usage {
    prompt: u64,
    cached: u64,
    completion: u64,
    reasoning: u64,
}

/// Whether a prompt that begins so was sent before; notes that it was now.
pub(super) fn note_prompt(prefixes: &mut HashSet<u64>, prompt: &str) -> bool {
    tokens(prompt) >= CACHED_FROM && !prefixes.insert(hash(0, first_tokens(prompt, CACHED_FROM).as_bytes()))
}

impl Usage {
    /// Nothing is said yet.
    pub(super) fn of_prompt(prompt: &str, was_cached: bool) -> Self {
        let count = tokens(prompt) + 3;
        // Only the beginning is known to be the same.
        let cached = if was_cached { CACHED_FROM / CACHE_STEP * CACHE_STEP } else { 0 };
        Self { prompt: count, cached, ..Self::default() }
    }

    /// Counts a choice, and cuts it off where the request's bound is.
    pub(super) fn add(&mut self, choice: &mut Choice, request: &ChatRequest) {
        let thought = if request.is_reasoning { 64 + tokens(&request.question) / 2 } else { 0 };
        let most = request.max_tokens.unwrap_or(u64::MAX);
        let thought = thought.min(most);
        let room = most - thought;
        if tokens(&choice.text()) > room {
            cut(choice, room);
        }
        self.reasoning += thought;
        self.completion += thought + tokens(&choice.text());
    }

    /// The provider's form.
    pub(super) fn to_json(self) -> Value {
        json!({
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
            "prompt_tokens_details": {"cached_tokens": self.cached, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": self.reasoning, "audio_tokens": 0,
                "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
            },
        })
    }
}

/// The first tokens of what is said; a call loses the end of its arguments.
fn cut(choice: &mut Choice, room: u64) {
    choice.finish_reason = "length";
    choice.content = choice.content.take().map(|content| first_tokens(&content, room).to_owned());
    choice.refusal = choice.refusal.take().map(|refusal| first_tokens(&refusal, room).to_owned());
    for call in &mut choice.tool_calls {
        let left = room.saturating_sub(tokens(&call.name));
        call.arguments = first_tokens(&call.arguments, left).to_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(fields: Value) -> ChatRequest {
        let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hello"}]});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        ChatRequest::of(body.as_object().unwrap()).unwrap()
    }

    #[test]
    fn answers_are_cut_at_the_bound() {
        let mut usage = Usage::of_prompt("12345678", false);
        let mut choice = Choice::saying("12345678");
        usage.add(&mut choice, &request(json!({"max_tokens": 1})));
        assert_eq!((choice.content.as_deref(), choice.finish_reason), (Some("1234"), "length"));
        let json = usage.to_json();
        assert_eq!(
            (&json["prompt_tokens"], &json["completion_tokens"], &json["total_tokens"]),
            (&json!(5), &json!(1), &json!(6))
        );
    }

    #[test]
    fn reasoning_may_leave_no_room_for_an_answer() {
        let mut usage = Usage::default();
        let mut choice = Choice::saying("an answer");
        usage.add(&mut choice, &request(json!({"model": "test-reasoning", "max_completion_tokens": 20})));
        assert_eq!((choice.content.as_deref(), choice.finish_reason), (Some(""), "length"));
        assert_eq!(usage.to_json()["completion_tokens_details"]["reasoning_tokens"], 20);
    }

    #[test]
    fn a_long_prompt_is_cached_the_second_time() {
        let mut prefixes = HashSet::new();
        let long = "word ".repeat(2000);
        assert!(!note_prompt(&mut prefixes, &long));
        assert!(note_prompt(&mut prefixes, &format!("{long} and another end")));
        assert!(!note_prompt(&mut prefixes, "short") && !note_prompt(&mut prefixes, "short"));
        assert_eq!(Usage::of_prompt(&long, true).to_json()["prompt_tokens_details"]["cached_tokens"], 1024);
    }
}
