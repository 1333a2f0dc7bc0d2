//! What of a prompt is compared. Pure.
//!
//! *Which messages:* every message of the prompt but those of the system and the developer. Those are the application's and
//! the same in all of its records: with them, a long system prompt would make any two questions near-duplicates. The answers
//! and tool results within the prompt count, because two turns of one conversation must not stand on both sides of a split.
//!
//! *Which words:* runs of letters and digits without the difference of case, so that punctuation and spacing do not count but
//! an order number does. Scripts written without blanks give a word for every character.
//!
//! *Shingles* are three words in a row. One word would not see the order ("from A to B", "from B to A") and would find
//! any two long conversations of one application alike; with five, one changed word would part copies of fifty words. With three
//! and a threshold of 0.8, one changed word within is forgiven from 29 words on and one at the end from 11 on; shorter texts
//! may differ in case, spacing and punctuation only. A text of fewer than three words is one shingle.
//!
//! *What is not text* (an image, a file) cannot be compared, so that prompts with different ones have no shingle in common.

use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use crate::types::dataset::content_text;

/// Words of a shingle.
pub const SHINGLE_WORDS: usize = 3;

/// Words of a prompt that are compared: what follows is left out, so that one record never takes more than half a megabyte.
/// (A prompt of the default 8,000 tokens has no more.)
pub const MAX_WORDS: usize = 65_536;

/// Different shingles of a prompt as sorted hashes; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shingles(Vec<u64>);

impl Shingles {
    /// Of a record's data.
    pub fn of(data: &Value) -> Self {
        let mut words = Vec::new();
        let mut salt = 0;
        for message in data.pointer("/input/messages").and_then(Value::as_array).into_iter().flatten() {
            if matches!(message.get("role").and_then(Value::as_str), Some("system" | "developer")) {
                continue;
            }
            match message.get("content") {
                Some(Value::String(text)) => push_words(&mut words, text),
                Some(content @ Value::Array(parts)) => {
                    push_words(&mut words, &content_text(content));
                    for part in parts.iter().filter(|part| part.get("text").is_none()) {
                        salt = mix(salt ^ xxh3_64(part.to_string().as_bytes()));
                    }
                }
                _ => {}
            }
            for call in message.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
                let function = call.get("function").unwrap_or(call);
                for name in ["name", "arguments"] {
                    match function.get(name) {
                        Some(Value::String(text)) => push_words(&mut words, text),
                        Some(Value::Null) | None => {}
                        Some(other) => push_words(&mut words, &other.to_string()),
                    }
                }
            }
        }
        if words.is_empty() {
            // Nothing but signs ("?!", smileys): as they are.
            words.push(xxh3_64(signs(data).as_bytes()));
        }
        Self::of_words(&words, salt)
    }

    /// Of a text alone.
    pub fn of_text(text: &str) -> Self {
        let mut words = Vec::new();
        push_words(&mut words, text);
        Self::of_words(&words, 0)
    }

    fn of_words(words: &[u64], salt: u64) -> Self {
        let shingle = |window: &[u64]| window.iter().fold(mix(salt), |hash, word| mix(hash ^ word));
        let mut hashes: Vec<u64> = if words.len() < SHINGLE_WORDS {
            vec![shingle(words)]
        } else {
            words.windows(SHINGLE_WORDS).map(shingle).collect()
        };
        hashes.sort_unstable();
        hashes.dedup();
        Self(hashes)
    }

    /// The hashes, ascending.
    pub fn hashes(&self) -> &[u64] {
        &self.0
    }

    /// The share of all different shingles of two prompts that both have, 0 to 1.
    pub fn jaccard(&self, other: &Self) -> f64 {
        let common = self.common(other);
        common as f64 / (self.0.len() + other.0.len() - common) as f64
    }

    /// Whether the two are at least so alike. Two of very different lengths are not compared shingle by shingle.
    pub fn alike(&self, other: &Self, threshold: f64) -> bool {
        let (fewer, more) = (self.0.len().min(other.0.len()), self.0.len().max(other.0.len()));
        fewer as f64 >= threshold * more as f64 && self.jaccard(other) >= threshold
    }

    /// By walking both at once.
    fn common(&self, other: &Self) -> usize {
        let (mut ours, mut theirs, mut common) = (self.0.as_slice(), other.0.as_slice(), 0);
        while let ([our, our_rest @ ..], [their, their_rest @ ..]) = (ours, theirs) {
            common += usize::from(our == their);
            if our <= their {
                ours = our_rest;
            }
            if their <= our {
                theirs = their_rest;
            }
        }
        common
    }
}

/// The texts as they are, but for blanks.
fn signs(data: &Value) -> String {
    let messages = data.pointer("/input/messages").and_then(Value::as_array).into_iter().flatten();
    let spoken =
        messages.filter(|message| !matches!(message.get("role").and_then(Value::as_str), Some("system" | "developer")));
    let texts = spoken.map(|message| content_text(message.get("content").unwrap_or(&Value::Null)));
    texts.flat_map(|text| text.chars().filter(|sign| !sign.is_whitespace()).collect::<Vec<_>>()).collect()
}

/// Adds the hashes of a text's words.
fn push_words(words: &mut Vec<u64>, text: &str) {
    let mut word = String::new();
    for character in text.chars() {
        if words.len() >= MAX_WORDS {
            return;
        }
        if character.is_ascii_alphanumeric() {
            word.push(character.to_ascii_lowercase());
        } else if !character.is_alphanumeric() {
            end_word(words, &mut word);
        } else if is_without_blanks(character) {
            end_word(words, &mut word);
            word.push(character);
            end_word(words, &mut word);
        } else {
            word.extend(character.to_lowercase());
        }
    }
    end_word(words, &mut word);
}

fn end_word(words: &mut Vec<u64>, word: &mut String) {
    if !word.is_empty() {
        words.push(xxh3_64(word.as_bytes()));
        word.clear();
    }
}

/// Characters of the scripts that put no blanks between words: Thai, Lao, Burmese, Khmer, kana, Han.
const fn is_without_blanks(character: char) -> bool {
    matches!(character,
        '\u{0e00}'..='\u{0eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{3005}'..='\u{3007}'
        | '\u{3041}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}')
}

/// Spreads every bit over all others (the finalizer of splitmix64).
pub(crate) const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn alike(left: &str, right: &str) -> f64 {
        Shingles::of_text(left).jaccard(&Shingles::of_text(right))
    }

    fn prompt(messages: &Value) -> Shingles {
        Shingles::of(&json!({ "input": { "messages": messages } }))
    }

    fn user(text: &str) -> Value {
        json!({ "role": "user", "content": text })
    }

    #[test]
    fn shingles_are_three_words_in_a_row() {
        // "a b c d e": abc bcd cde; "a b c x e": abc bcx cxe. One of five.
        assert!((alike("a b c d e", "a b c x e") - 1.0 / 5.0).abs() < 1e-12);
        // abc bcd cde and the same with def: three of four.
        assert!((alike("a b c d e", "a b c d e f") - 3.0 / 4.0).abs() < 1e-12);
        assert_eq!(Shingles::of_text("a b c d e").hashes().len(), 3);
        // "go on go on go": two different ones.
        assert_eq!(Shingles::of_text("go on go on go").hashes().len(), 2);
        assert!(alike("from London to Paris", "from Paris to London") < 1e-12, "the order counts");
    }

    /// What the module's head says of one changed word.
    #[test]
    fn one_changed_word_is_forgiven_in_longer_texts() {
        let changed_at = |words: usize, at: usize| {
            let text = |changed: bool| {
                let word = |n: usize| if changed && n == at { "other".to_owned() } else { format!("w{n}") };
                (0..words).map(word).collect::<Vec<_>>().join(" ")
            };
            alike(&text(false), &text(true))
        };
        // Within: w - 2 shingles, three of them others, so (w - 5) / (w + 1): 24 / 30.
        assert!((changed_at(29, 14) - 24.0 / 30.0).abs() < 1e-12 && changed_at(28, 14) < 0.8);
        // At the end: (w - 3) / (w - 1): 8 / 10 at 11 words.
        assert!((changed_at(11, 10) - 0.8).abs() < 1e-12 && changed_at(10, 9) < 0.8);
    }

    #[test]
    fn case_signs_and_spacing_do_not_count_and_numbers_do() {
        let base = "Where is my order number 4711?";
        for same in ["where is  my\nORDER — number 4711", "Where is my “order” number 4711!!!"] {
            assert!((alike(base, same) - 1.0).abs() < 1e-12, "{same}");
        }
        assert!(alike(base, "Where is my order number 4712?") < 0.8);
        assert!((alike("ÄRGER mit der Straße", "ärger mit der straße") - 1.0).abs() < 1e-12);
    }

    #[test]
    fn short_texts_and_scripts_without_blanks_work() {
        assert!((alike("Yes", "yes!") - 1.0).abs() < 1e-12 && alike("Yes", "No") < 1e-12);
        assert!((alike("yes please", "Yes, please.") - 1.0).abs() < 1e-12);
        // Eleven characters: nine shingles; the last one changed: eight of ten.
        assert!((alike("我的订单什么时候到货呢", "我的订单什么时候到货吗") - 8.0 / 10.0).abs() < 1e-12);
        assert!(alike("สวัสดีครับ", "สวัสดีค่ะ") > 0.3);
        // Korean has blanks: two words are one shingle.
        assert_eq!(Shingles::of_text("안녕하세요 여러분").hashes().len(), 1);
        assert_ne!(prompt(&json!([user("🎉🎉 🎉")])), prompt(&json!([user("😡😡 😡")])));
        assert_eq!(prompt(&json!([user("🎉🎉 🎉")])), prompt(&json!([user("🎉 🎉🎉")])));
        assert_eq!(prompt(&json!([])).hashes().len(), 1, "never empty");
    }

    #[test]
    fn the_system_does_not_count_and_the_conversation_does() {
        let system = |text: &str| json!({ "role": "system", "content": text });
        let question = user("Where is my order? It should have come on Monday.");
        let one = prompt(&json!([system("Be brief."), question]));
        assert_eq!(one, prompt(&json!([system("Answer at length, and politely."), question])));
        assert_eq!(one, prompt(&json!([{ "role": "developer", "content": "Other." }, question])));
        let call = |city: &str| {
            let arguments = format!("{{\"city\":\"{city}\"}}");
            json!({ "role": "assistant", "content": null, "tool_calls": [{ "id": "x", "function": { "name": "weather", "arguments": arguments } }] })
        };
        assert_ne!(one, prompt(&json!([question, { "role": "assistant", "content": "On its way." }])));
        assert_ne!(prompt(&json!([question, call("Rome")])), prompt(&json!([question, call("Oslo")])));
        let parts = json!([{ "role": "user", "content": [{ "type": "text", "text": "Where is my order? It should have come on Monday." }] }]);
        assert_eq!(prompt(&parts), one);
    }

    #[test]
    fn other_images_are_other_prompts() {
        let with = |url: &str| {
            let text = json!({ "type": "text", "text": "What do you see in this picture? Name every animal." });
            prompt(
                &json!([{ "role": "user", "content": [text, { "type": "image_url", "image_url": { "url": url } }] }]),
            )
        };
        assert_eq!(with("a"), with("a"));
        assert!(with("a").jaccard(&with("b")) < 1e-12);
    }

    #[test]
    fn alike_is_the_similarity_at_the_threshold() {
        let text = |words: usize| (0..words).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ");
        // 8 and 10 shingles, all 8 in common: 0.8.
        let (short, long) = (Shingles::of_text(&text(10)), Shingles::of_text(&text(12)));
        assert!(short.alike(&long, 0.8) && long.alike(&short, 0.8) && !short.alike(&long, 0.81));
        assert!(short.alike(&short, 1.0));
    }

    #[test]
    fn a_very_long_prompt_is_compared_by_its_start() {
        let numbers = (0..MAX_WORDS).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
        let text = |end: &str| format!("{numbers} {end}");
        assert_eq!(Shingles::of_text(&text("one end")), Shingles::of_text(&text("another")));
        assert_eq!(Shingles::of_text(&text("")).hashes().len(), MAX_WORDS - 2);
    }
}
