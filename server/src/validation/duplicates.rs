//! Duplicates: the same span, or the same prompt, as an earlier record that is kept.

use std::collections::HashMap;
use std::io::Write;

use serde_json::Value;
use xxhash_rust::xxh3::Xxh3;

use crate::types::validation::{RecordStatus, ValidationError};

/// The 128-bit xxh3 hash of a record's canonical prompt: `input.messages` and `input.tools` with the keys
/// of every object sorted, so that the order in which a logger wrote them does not hide a duplicate.
/// `null` tools count as none. `None` where there are no messages to compare.
pub fn prompt_hash(data: &Value) -> Option<[u8; 16]> {
    let input = data.get("input")?;
    let messages = input.get("messages").filter(|messages| messages.as_array().is_some_and(|list| !list.is_empty()))?;
    let tools = input.get("tools").unwrap_or(&Value::Null);
    let mut canonical = Vec::with_capacity(4096);
    let mut hasher = Xxh3::new();
    // The bracket and comma make the pair unambiguous: messages cannot end where tools seem to begin.
    canonical.push(b'[');
    write_canonical(messages, &mut canonical, &mut hasher);
    canonical.push(b',');
    write_canonical(tools, &mut canonical, &mut hasher);
    hasher.update(&canonical);
    Some(hasher.digest128().to_be_bytes())
}

/// A record as the decision needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The record's id; ids ascend in import order.
    pub id: i64,
    /// Whether it breaks no other rule.
    pub otherwise_valid: bool,
    /// The span it came from.
    pub span_id: Option<String>,
    /// See [`prompt_hash`].
    pub prompt_hash: Option<[u8; 16]>,
}

/// What became of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// The record's id.
    pub id: i64,
    /// The earlier record that is kept in its place; `None`: it is no duplicate.
    pub duplicate_of: Option<i64>,
}

/// The rule itself, applied to one record after another in the order of ids: a record is a duplicate if an
/// earlier *kept* one (otherwise valid, and itself no duplicate) has the same span or the same prompt; of
/// several, the earliest is named. An otherwise invalid record is never kept, but learns that it is a
/// duplicate too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DuplicateKeeper {
    by_span: HashMap<String, i64>,
    by_prompt: HashMap<[u8; 16], i64>,
}

impl DuplicateKeeper {
    /// Begins with records that were kept before: the earliest id per span and per prompt.
    pub fn with_kept(by_span: HashMap<String, i64>, by_prompt: HashMap<[u8; 16], i64>) -> Self {
        Self { by_span, by_prompt }
    }

    /// Decides the next record: the kept one that it duplicates. If there is none and it is otherwise valid, it
    /// is kept itself.
    pub fn decide(
        &mut self,
        id: i64,
        otherwise_valid: bool,
        span_id: Option<&str>,
        prompt_hash: Option<[u8; 16]>,
    ) -> Option<i64> {
        let by_span = span_id.and_then(|span| self.by_span.get(span)).copied();
        let by_prompt = prompt_hash.and_then(|hash| self.by_prompt.get(&hash)).copied();
        let duplicate_of = by_span.into_iter().chain(by_prompt).min();
        if otherwise_valid && duplicate_of.is_none() {
            self.by_span.extend(span_id.map(|span| (span.to_owned(), id)));
            self.by_prompt.extend(prompt_hash.map(|hash| (hash, id)));
        }
        duplicate_of
    }
}

/// Decides all of them, by [`DuplicateKeeper`].
pub fn resolve_duplicates(candidates: &[Candidate]) -> Vec<Decision> {
    let mut ordered: Vec<&Candidate> = candidates.iter().collect();
    ordered.sort_by_key(|candidate| candidate.id);
    let mut keeper = DuplicateKeeper::default();
    let decide = |candidate: &Candidate| Decision {
        id: candidate.id,
        duplicate_of: keeper.decide(
            candidate.id,
            candidate.otherwise_valid,
            candidate.span_id.as_deref(),
            candidate.prompt_hash,
        ),
    };
    ordered.into_iter().map(decide).collect()
}

/// Where a record with these errors stands: no error is valid, `duplicate` alone is duplicate, anything
/// else is invalid.
pub fn status_of(errors: &[ValidationError]) -> RecordStatus {
    match errors {
        [] => RecordStatus::Valid,
        [ValidationError::Duplicate] => RecordStatus::Duplicate,
        _ => RecordStatus::Invalid,
    }
}

/// How much canonical text is gathered before it is hashed away, in bytes.
const FLUSH_AT: usize = 32 * 1024;

fn write_canonical(value: &Value, out: &mut Vec<u8>, hasher: &mut Xxh3) {
    match value {
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_canonical(item, out, hasher);
            }
            out.push(b']');
        }
        Value::Object(fields) => {
            let mut sorted: Vec<(&String, &Value)> = fields.iter().collect();
            sorted.sort_unstable_by_key(|(key, _)| *key);
            out.push(b'{');
            for (index, (key, field)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_scalar(key, out);
                out.push(b':');
                write_canonical(field, out, hasher);
            }
            out.push(b'}');
        }
        // As a float is written, so that 1.50 and 1.5 are one; whole numbers of any length as they are.
        Value::Number(number) if number.is_f64() && number.as_str().contains(['.', 'e', 'E']) => {
            match number.as_f64() {
                Some(float) => write_scalar(&float, out),
                None => write_scalar(number, out),
            }
        }
        scalar => write_scalar(scalar, out),
    }
    if out.len() >= FLUSH_AT {
        hasher.update(out);
        out.clear();
    }
}

fn write_scalar(value: &(impl serde::Serialize + ?Sized), out: &mut Vec<u8>) {
    if serde_json::to_writer(&mut *out, value).is_err() {
        // Writing a scalar to memory has no way to fail; a marker keeps the hash total all the same.
        let _ = out.write_all(b"?");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn hash(input: Value) -> Option<[u8; 16]> {
        prompt_hash(&json!({ "input": input }))
    }

    #[test]
    fn key_order_does_not_matter_and_everything_else_does() {
        let base = hash(json!({"messages": [{"role": "user", "content": "hi"}], "tools": [{"a": 1, "b": 2}]}));
        assert!(base.is_some());
        let reordered: Value =
            serde_json::from_str(r#"{"tools":[{"b":2,"a":1}],"messages":[{"content":"hi","role":"user"}]}"#).unwrap();
        assert_eq!(hash(reordered), base);
        for other in [
            json!({"messages": [{"role": "user", "content": "hi "}], "tools": [{"a": 1, "b": 2}]}),
            json!({"messages": [{"role": "user", "content": "hi"}], "tools": [{"a": 1, "b": 3}]}),
            json!({"messages": [{"role": "user", "content": "hi"}]}),
            json!({"messages": [{"role": "user", "content": "hi"}, [{"a": 1, "b": 2}]]}),
        ] {
            assert_ne!(hash(other.clone()), base, "{other}");
        }
    }

    #[test]
    fn null_tools_are_no_tools_and_the_output_is_not_hashed() {
        let messages = json!([{"role": "user", "content": "hi"}]);
        assert_eq!(hash(json!({"messages": messages, "tools": null})), hash(json!({"messages": messages})));
        let with_output = json!({"input": {"messages": messages}, "output": {"messages": [1]}});
        assert_eq!(prompt_hash(&with_output), hash(json!({"messages": messages})));
    }

    #[test]
    fn no_messages_no_hash() {
        for data in [
            json!(null),
            json!({}),
            json!({"input": {}}),
            json!({"input": {"messages": []}}),
            json!({"input": {"messages": 3}}),
        ] {
            assert_eq!(prompt_hash(&data), None, "{data}");
        }
    }

    /// The canonical text of this prompt is longer than the buffer; its hash is that of the text as a whole.
    #[test]
    fn long_prompts_are_hashed_in_pieces_as_a_whole() {
        let long = "x".repeat(3 * FLUSH_AT);
        let messages = json!([{"role": "user", "content": long}, {"role": "user", "content": "tail"}]);
        let text = format!(r#"[[{{"content":"{long}","role":"user"}},{{"content":"tail","role":"user"}}],null"#);
        let whole = xxhash_rust::xxh3::xxh3_128(text.as_bytes()).to_be_bytes();
        assert_eq!(hash(json!({ "messages": messages })), Some(whole));
    }

    fn candidate(id: i64, otherwise_valid: bool, span: &str, prompt: u8) -> Candidate {
        let span_id = (!span.is_empty()).then(|| span.to_owned());
        Candidate { id, otherwise_valid, span_id, prompt_hash: (prompt > 0).then_some([prompt; 16]) }
    }

    fn decisions(candidates: &[Candidate]) -> Vec<(i64, Option<i64>)> {
        resolve_duplicates(candidates).into_iter().map(|decision| (decision.id, decision.duplicate_of)).collect()
    }

    #[test]
    fn the_earliest_valid_record_is_kept() {
        let given = [
            candidate(4, true, "", 1),
            candidate(1, false, "", 1), // invalid: not kept, so it makes nothing a duplicate
            candidate(2, true, "", 1),
            candidate(3, false, "", 1), // invalid, and a duplicate too
            candidate(5, true, "", 0),
            candidate(6, true, "", 0), // without a hash nothing matches
        ];
        let expected = vec![(1, None), (2, None), (3, Some(2)), (4, Some(2)), (5, None), (6, None)];
        assert_eq!(decisions(&given), expected);
    }

    #[test]
    fn a_duplicate_hands_nothing_on_and_the_earliest_match_is_named() {
        let given = [
            candidate(1, true, "a", 1),
            candidate(2, true, "a", 2), // duplicate by span; its prompt 2 is therefore not kept
            candidate(3, true, "b", 2), // so this one is kept
            candidate(4, true, "b", 1), // matches 3 by span and 1 by prompt
        ];
        assert_eq!(decisions(&given), vec![(1, None), (2, Some(1)), (3, None), (4, Some(1))]);
    }

    #[test]
    fn duplicate_alone_is_no_invalidity() {
        use ValidationError::{Duplicate, InvalidRole};
        assert_eq!(status_of(&[]), RecordStatus::Valid);
        assert_eq!(status_of(&[Duplicate]), RecordStatus::Duplicate);
        assert_eq!(status_of(&[InvalidRole, Duplicate]), RecordStatus::Invalid);
    }
}
