//! What an endpoint sends may hold its own key: an echo of the request's headers, in an error, an answer or a model's name. Here it
//! is taken out, before anything of it is read, shown or stored. Pure.

/// What stands in the key's place; fit for a JSON string.
const IN_ITS_PLACE: &[u8] = b"[key hidden]";
/// Shorter ones are no secrets (`none`, `ollama`), and words or numbers of answers may look like them: only as `Bearer …` are they
/// known to be keys.
const SHORTEST_SECRET: usize = 8;

/// What was received, without the key in it: as it is, URL-encoded, or escaped as JSON does it, each character by itself.
pub fn masked(received: Vec<u8>, key: Option<&str>) -> Vec<u8> {
    let Some(key) = key.filter(|key| !key.is_empty()) else { return received };
    let secret = if key.len() < SHORTEST_SECRET { format!("Bearer {key}") } else { key.to_owned() };
    let secret = secret.as_bytes();
    let mut kept: Vec<u8> = Vec::new();
    let (mut at, mut copied) = (0, 0);
    while at < received.len() {
        match length_of(secret, &received[at..]) {
            Some(length) => {
                kept.extend_from_slice(&received[copied..at]);
                kept.extend_from_slice(IN_ITS_PLACE);
                at += length;
                copied = at;
            }
            None => at += 1,
        }
    }
    if copied == 0 {
        return received;
    }
    kept.extend_from_slice(&received[copied..]);
    kept
}

/// How long the secret is at the beginning of a text, if it begins with it.
fn length_of(secret: &[u8], text: &[u8]) -> Option<usize> {
    let mut at = 0;
    for byte in secret {
        at += length_of_byte(*byte, text.get(at..)?)?;
    }
    Some(at)
}

/// How long one character is: `k`, `%6B`, `\u006b`, `\/`; backslashes may be doubled, as in JSON within JSON.
fn length_of_byte(byte: u8, text: &[u8]) -> Option<usize> {
    let is_hex = |digits: Option<&[u8]>| {
        let value = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        value.and_then(|digits| u8::from_str_radix(digits, 16).ok()) == Some(byte)
    };
    let slashes = text.iter().take_while(|one| **one == b'\\').count();
    if slashes > 0 {
        let escaped = &text[slashes..];
        if escaped.first() == Some(&b'u') && escaped.get(1..3) == Some(b"00") && is_hex(escaped.get(3..5)) {
            return Some(slashes + 5);
        }
        if byte == b'\\' {
            return Some(slashes);
        }
        return (escaped.first() == Some(&byte)).then_some(slashes + 1);
    }
    match text.first() {
        Some(first) if *first == byte => Some(1),
        Some(b'%') if is_hex(text.get(1..3)) => Some(3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, key: &str) -> String {
        String::from_utf8(masked(text.as_bytes().to_vec(), Some(key))).unwrap()
    }

    #[test]
    fn a_key_is_taken_out_in_every_form() {
        let key = r#"sk-a/b+c"d\1"#;
        for form in [
            r#"sk-a/b+c"d\1"#,
            r#"sk-a/b+c\"d\\1"#,
            r#"sk-a\/b+c\"d\\1"#,
            r#"sk-a\\\/b+c\\\"d\\\\1"#,
            "sk-a%2Fb%2bc%22d%5C1",
            r"\u0073k\u002Da/b\u002bc\u0022d\u005c1",
        ] {
            assert_eq!(of(&format!("<Bearer {form}> {form}"), key), "<Bearer [key hidden]> [key hidden]", "{form}");
        }
        assert_eq!(of("sk-a/b+c and no more", key), "sk-a/b+c and no more");
        assert_eq!(masked(b"as it is".to_vec(), None), b"as it is");
    }

    #[test]
    fn short_keys_are_words() {
        assert_eq!(of(r#"{"score": 0.1, "a": "Bearer 0.1"}"#, "0.1"), r#"{"score": 0.1, "a": "[key hidden]"}"#);
        assert_eq!(of("ollama", "ollama"), "ollama");
    }
}
