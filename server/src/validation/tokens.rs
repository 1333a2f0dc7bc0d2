//! Counting tokens by the real tokenizer.
//!
//! A prompt's count is that of the text of all its messages plus the names and arguments of the
//! assistant's tool calls. What a provider adds per message is not documented and differs, so it is left out.
//!
//! tiktoken's regex backtracks over long runs of whitespace until its limit is hit, and then panics
//! (1 MB of spaces followed by a letter is enough). So text is cut before it is tokenized, at places where the
//! tokenizer itself always cuts; see [`Cutter`].

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use tiktoken_rs::CoreBPE;
use xxhash_rust::xxh3::xxh3_128;

use super::text::{message_text, role};
use crate::format;
use crate::types::validation::Tokenizer;

/// A number of tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TokenCount {
    /// How many.
    pub tokens: usize,
    /// False where text without any natural cut for 64 KiB had to be cut anyway: then the count may be off by
    /// one or two per cut.
    pub exact: bool,
}

impl fmt::Display for TokenCount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tokens = format::count(i64::try_from(self.tokens).unwrap_or(i64::MAX));
        write!(formatter, "{}{tokens}", if self.exact { "" } else { "about " })
    }
}

/// Why there is no count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The tokenizer gave up on the text.
    #[error("the prompt's tokens could not be counted, because the tokenizer gave up on a text in it")]
    Uncountable,
}

/// Counts tokens and remembers the counts of long texts: the system prompt of an application is the same in
/// nearly every record. One counter is shared by all threads.
#[derive(Debug, Default)]
pub struct TokenCounter {
    /// Written by every counting thread; the lock is held for a look-up or an insertion, never while counting.
    remembered: Mutex<Remembered>,
}

impl TokenCounter {
    /// An empty counter. The vocabularies (30 to 70 MB, 0.1 to 0.3 s) are loaded at the first count that needs them.
    pub fn new() -> Self {
        Self::default()
    }

    /// The tokens of one text.
    pub fn count_text(&self, tokenizer: Tokenizer, text: &str) -> Result<TokenCount, TokenError> {
        if text.len() < REMEMBER_FROM {
            return count(tokenizer, text);
        }
        let key = (tokenizer, xxh3_128(text.as_bytes()));
        if let Some(known) = self.remembered.lock().unwrap_or_else(PoisonError::into_inner).get(key) {
            return Ok(known);
        }
        let counted = count(tokenizer, text)?;
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).put(key, counted);
        Ok(counted)
    }

    /// The tokens of a prompt.
    pub fn count_messages(&self, tokenizer: Tokenizer, messages: &[Value]) -> Result<TokenCount, TokenError> {
        let mut sum = TokenCount { tokens: 0, exact: true };
        for text in counted_texts(messages) {
            let part = self.count_text(tokenizer, &text)?;
            sum.tokens += part.tokens;
            sum.exact &= part.exact;
        }
        Ok(sum)
    }

    /// The tokens of a prompt, or `None` where its bytes alone show that it has no more than `limit`: a token
    /// is at least one byte.
    pub fn count_messages_above(
        &self,
        tokenizer: Tokenizer,
        messages: &[Value],
        limit: usize,
    ) -> Result<Option<TokenCount>, TokenError> {
        let bytes: usize = counted_texts(messages).map(|text| text.len()).sum();
        if bytes <= limit { Ok(None) } else { self.count_messages(tokenizer, messages).map(Some) }
    }
}

/// The tokens of a prompt as a plain number, for estimates of cost.
pub fn estimate_tokens(messages: &[Value], tokenizer: Tokenizer, counter: &TokenCounter) -> Result<usize, TokenError> {
    counter.count_messages(tokenizer, messages).map(|count| count.tokens)
}

/// Every text of a prompt that is counted, one after another.
fn counted_texts(messages: &[Value]) -> impl Iterator<Item = Cow<'_, str>> {
    messages.iter().flat_map(|message| {
        let calls =
            if role(message) == Some("assistant") { message.get("tool_calls").and_then(Value::as_array) } else { None };
        let call_texts = calls.into_iter().flatten().flat_map(|call| {
            let function = call.get("function").unwrap_or(call);
            ["name", "arguments"].into_iter().filter_map(|key| function.get(key)).filter_map(|value| match value {
                Value::Null => None,
                Value::String(text) => Some(Cow::Borrowed(text.as_str())),
                other => Some(Cow::Owned(other.to_string())),
            })
        });
        std::iter::once(message_text(message)).chain(call_texts)
    })
}

/// Texts from this many bytes on are remembered: the spans of one conversation repeat all its earlier turns, and a
/// look-up costs far less than the 2 to 4 microseconds that counting 64 bytes takes.
const REMEMBER_FROM: usize = 64;

/// Counts kept per generation; two generations of 40 bytes each bound the memory to a few megabytes.
const GENERATION: usize = 32_768;

type Key = (Tokenizer, u128);

/// Two generations: when the young one is full it becomes the old one and the old one is forgotten, so what is
/// asked for again and again stays.
#[derive(Debug, Default)]
struct Remembered {
    young: HashMap<(u8, u128), TokenCount>,
    old: HashMap<(u8, u128), TokenCount>,
}

impl Remembered {
    fn get(&mut self, key: Key) -> Option<TokenCount> {
        let key = (key.0 as u8, key.1);
        if let Some(count) = self.young.get(&key) {
            return Some(*count);
        }
        let count = self.old.remove(&key)?;
        self.insert(key, count);
        Some(count)
    }

    fn put(&mut self, key: Key, count: TokenCount) {
        self.insert((key.0 as u8, key.1), count);
    }

    fn insert(&mut self, key: (u8, u128), count: TokenCount) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, count);
    }
}

fn count(tokenizer: Tokenizer, text: &str) -> Result<TokenCount, TokenError> {
    let encoding = match tokenizer {
        Tokenizer::O200kBase => tiktoken_rs::o200k_base_singleton(),
        Tokenizer::Cl100kBase => tiktoken_rs::cl100k_base_singleton(),
    };
    let mut sum = TokenCount { tokens: 0, exact: true };
    let mut cutter = Cutter::new(text);
    while let Some(piece) = cutter.next_piece() {
        sum.tokens += count_piece(encoding, piece)?;
    }
    sum.exact = !cutter.forced;
    Ok(sum)
}

/// The last resort: should a piece still overwhelm the tokenizer, this record has no count, and the process lives.
fn count_piece(encoding: &CoreBPE, piece: &str) -> Result<usize, TokenError> {
    catch_unwind(AssertUnwindSafe(|| encoding.encode_ordinary(piece).len())).map_err(|_| TokenError::Uncountable)
}

/// Cuts a text where both encodings cut anyway, so that the pieces' counts add up to the text's:
///
/// - before whitespace (other than a line break) that follows something else: no token has a blank after a
///   visible character. Taken once a piece is [`Cutter::AIM`] bytes long.
/// - within a run of at least [`Cutter::LONG_RUN`] blanks, after its last line break and before its last blank:
///   the encodings take a run up to its last line break, then all further blanks but one, which belongs to the
///   word that follows. A run that ends the text is left whole: there is nothing to backtrack for.
///
/// Text that offers no such place for [`Cutter::FORCE`] bytes is cut by force, and [`Cutter::forced`] says so.
struct Cutter<'a> {
    rest: &'a str,
    forced: bool,
}

impl<'a> Cutter<'a> {
    /// Bytes after which a natural cut is taken.
    const AIM: usize = 16 * 1024;
    /// Blanks from which a run is isolated. Backtracking costs a few steps per blank, its limit is a million.
    const LONG_RUN: usize = 1024;
    /// Bytes after which a cut is forced: the tokenizer needs some 50 bytes of memory per byte of an unbroken piece.
    const FORCE: usize = 64 * 1024;

    fn new(text: &'a str) -> Self {
        Self { rest: text, forced: false }
    }

    fn next_piece(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let end = if self.rest.len() <= Self::LONG_RUN { self.rest.len() } else { self.find_end() };
        let (piece, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(piece)
    }

    fn find_end(&mut self) -> usize {
        let mut run = Run::default();
        let mut previous_is_blank = true;
        for (at, character) in self.rest.char_indices() {
            if at >= Self::FORCE {
                self.forced = true;
                return at;
            }
            let is_blank = character.is_whitespace();
            let is_break = matches!(character, '\r' | '\n');
            if is_blank {
                if !previous_is_blank {
                    run = Run::default();
                    if at >= Self::AIM && !is_break {
                        return at;
                    }
                }
                run.extend(at, at + character.len_utf8(), is_break);
            } else if let Some(cut) = run.cut(Self::LONG_RUN) {
                return cut;
            } else {
                run = Run::default();
            }
            previous_is_blank = is_blank;
        }
        self.rest.len()
    }
}

/// A run of whitespace within a piece, in byte offsets.
#[derive(Default)]
struct Run {
    blanks: usize,
    after_last_break: Option<usize>,
    last_blank: usize,
}

impl Run {
    fn extend(&mut self, start: usize, end: usize, is_break: bool) {
        self.blanks += 1;
        self.last_blank = start;
        if is_break {
            self.after_last_break = Some(end);
        }
    }

    /// Where to cut, once something visible follows: the piece ends after the last line break if there is one,
    /// and the next call finds the remaining blanks at its start.
    fn cut(&self, long: usize) -> Option<usize> {
        if self.blanks < long {
            return None;
        }
        self.after_last_break.or(Some(self.last_blank)).filter(|&cut| cut > 0)
    }
}

#[cfg(test)]
#[path = "tokens_tests.rs"]
mod tests;
