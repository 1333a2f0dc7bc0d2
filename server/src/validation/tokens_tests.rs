//! Expected counts are Python tiktoken 0.14's, over the same vocabularies.

use serde_json::json;

use super::*;

const PARAGRAPH: &str = "The agent must first obtain the user id, then ask for the trip type, origin, destination.\n\n- Payment: 3 gift cards; 1,250.75 EUR!\n";

fn counts(text: &str) -> (usize, usize, bool) {
    let counter = TokenCounter::new();
    let o200k = counter.count_text(Tokenizer::O200kBase, text).unwrap();
    let cl100k = counter.count_text(Tokenizer::Cl100kBase, text).unwrap();
    (o200k.tokens, cl100k.tokens, o200k.exact && cl100k.exact)
}

#[test]
fn counts_are_python_tiktokens() {
    let blanks = |n: usize| " ".repeat(n);
    let cases = [
        ("hello world".to_owned(), 2, 2),
        (String::new(), 0, 0),
        // A literal special token is text like any other.
        ("<|endoftext|> is text".to_owned(), 9, 9),
        ("Grüße aus Köln, naïve café 東京 🛫🛬".to_owned(), 16, 19),
        ("1234567 89".to_owned(), 5, 5),
        ("fn main() {\n    println!(\"{:>8}\", 42);\n}\n".to_owned(), 15, 14),
        // Longer than one piece, and runs of blanks that are cut, with and without line breaks.
        (PARAGRAPH.repeat(200), 7200, 7200),
        (format!("hello{}x", blanks(3000)), 26, 26),
        (format!("hello.\n\n{}\n\t{}world{}", blanks(2000), blanks(2500), blanks(1000)), 50, 50),
        (format!("a{}b {} c", blanks(20000), "\n".repeat(9000)), 724, 443),
        (format!("x{}y{}", "\t".repeat(5000), "\r\n".repeat(4000)), 1315, 1315),
    ];
    for (text, o200k, cl100k) in cases {
        let start: String = text.chars().take(30).collect();
        assert_eq!(counts(&text), (o200k, cl100k, true), "{start:?}");
    }
}

/// The pieces of ordinary long text, counted one by one, add up to the count of the whole.
#[test]
fn cutting_does_not_change_the_count() {
    let texts = [
        PARAGRAPH.repeat(400),
        format!("{}ä\u{2028}/ \n// {}", "word 12 ".repeat(5000), "a\u{301} b!\n\n".repeat(5000)),
        format!("{}{}", "{\"k\": [1, 2]}\n".repeat(3000), " \n ".repeat(900)),
    ];
    for text in texts {
        assert!(text.len() > Cutter::AIM);
        let whole = (
            tiktoken_rs::o200k_base_singleton().encode_ordinary(&text).len(),
            tiktoken_rs::cl100k_base_singleton().encode_ordinary(&text).len(),
        );
        let (o200k, cl100k, exact) = counts(&text);
        assert_eq!(((o200k, cl100k), exact), (whole, true));
    }
}

#[test]
fn hostile_texts_are_counted_and_forced_cuts_are_said() {
    let million = 1_000_000;
    let texts = [
        format!("{}x", " ".repeat(million)),
        format!("{}x", "\t \u{3000}".repeat(million / 3)),
        format!("{}x", "\n".repeat(million)),
        "a".repeat(million),
        "A".repeat(million),
        "!".repeat(million),
        "7".repeat(million),
        "東".repeat(million / 3),
        "\u{301}".repeat(million / 2),
    ];
    for text in texts {
        let start: String = text.chars().take(3).collect();
        let (o200k, cl100k, exact) = counts(&text);
        assert!(o200k > 0 && cl100k > 0 && o200k <= text.len(), "{start:?}");
        assert!(!exact, "{start:?}");
    }
    assert_eq!(TokenCount { tokens: 5, exact: false }.to_string(), "about 5");
    assert_eq!(TokenCount { tokens: 16_943, exact: true }.to_string(), "16,943");
}

#[test]
fn pieces_are_the_text() {
    let text = format!("{}{}x{}", "é b ".repeat(20_000), " \n".repeat(40_000), "ü".repeat(70_000));
    let mut cutter = Cutter::new(&text);
    let mut together = String::new();
    while let Some(piece) = cutter.next_piece() {
        assert!(!piece.is_empty() && piece.len() <= Cutter::FORCE + 4);
        together.push_str(piece);
    }
    assert!(together == text);
}

#[test]
fn a_prompt_is_its_texts_and_the_assistants_calls() {
    let counter = TokenCounter::new();
    let count =
        |messages: Value| counter.count_messages(Tokenizer::O200kBase, messages.as_array().unwrap()).unwrap().tokens;
    let hello = json!({"role": "user", "content": "hello world"}); // 2 tokens
    assert_eq!(count(json!([hello, hello])), 4);
    let parts = json!({"role": "user", "content": [{"type": "text", "text": "hello world"}, {"type": "image_url", "image_url": {"url": "x"}}]});
    assert_eq!(count(json!([parts])), 2);
    let call =
        json!([{"id": "1", "type": "function", "function": {"name": "hello world", "arguments": "hello world"}}]);
    assert_eq!(count(json!([{"role": "assistant", "content": null, "tool_calls": call}])), 4);
    // Only assistants call tools; anything else in that place is not part of the prompt.
    assert_eq!(count(json!([{"role": "user", "content": "hello world", "tool_calls": call}])), 2);
    assert_eq!(count(json!([{"role": 3, "content": 4, "tool_calls": 5}, null, 7, "x", []])), 0);
    // Arguments that are an object count as their JSON: {"a":1} is 5 tokens in o200k_base.
    let object = json!([{"function": {"name": "hello world", "arguments": {"a": 1}}}]);
    assert_eq!(count(json!([{"role": "assistant", "tool_calls": object}])), 2 + 5);
}

#[test]
fn bytes_within_the_limit_need_no_count() {
    let counter = TokenCounter::new();
    let messages = [json!({"role": "user", "content": "hello world"})]; // 11 bytes
    assert_eq!(counter.count_messages_above(Tokenizer::O200kBase, &messages, 11), Ok(None));
    let counted = counter.count_messages_above(Tokenizer::O200kBase, &messages, 10).unwrap();
    assert_eq!(counted, Some(TokenCount { tokens: 2, exact: true }));
}

#[test]
fn counts_are_remembered_within_bounds() {
    let mut remembered = Remembered::default();
    let count = |tokens| TokenCount { tokens, exact: true };
    remembered.put((Tokenizer::O200kBase, 0), count(42));
    for key in 1..(3 * GENERATION as u128) {
        remembered.put((Tokenizer::O200kBase, key), count(1));
        if key % 1000 == 0 {
            // Asked for now and then, so it survives every change of generations.
            assert_eq!(remembered.get((Tokenizer::O200kBase, 0)), Some(count(42)));
        }
    }
    assert!(remembered.young.len() + remembered.old.len() <= 2 * GENERATION);
    assert_eq!(remembered.get((Tokenizer::O200kBase, 1)), None);
    assert_eq!(remembered.get((Tokenizer::Cl100kBase, 0)), None);
}
