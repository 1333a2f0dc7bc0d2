//! Text that is not UTF-8: what it says all the same, and where it goes wrong.

/// Text in which each byte that is not UTF-8 is read as Windows-1252 (the superset of Latin-1 that browsers
/// and editors assume), and the first such place.
pub(super) struct Decoded {
    /// The whole text.
    pub text: String,
    /// The first byte that is not UTF-8.
    pub byte: u8,
    /// Its 1-based column, in characters.
    pub column: usize,
}

/// Decodes bytes that are not all UTF-8; `Err` gives the text back where they are.
pub(super) fn decode(bytes: Vec<u8>) -> Result<Decoded, String> {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return Err(text),
        Err(error) => error.into_bytes(),
    };
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 8);
    let mut first = None;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if let (None, Some(&byte)) = (first, chunk.invalid().first()) {
            first = Some((byte, text.chars().count() + 1));
        }
        text.extend(chunk.invalid().iter().map(|&byte| windows_1252(byte)));
    }
    let (byte, column) = first.unwrap_or((0, 1));
    Ok(Decoded { text, byte, column })
}

/// One byte in Windows-1252, by the WHATWG table: 0x80..0x9F are special, all others are Latin-1.
fn windows_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9F => C1.get(usize::from(byte - 0x80)).copied().unwrap_or('\u{fffd}'),
        other => char::from(other),
    }
}

const C1: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_bytes_are_windows_1252() {
        assert_eq!(decode("é".as_bytes().to_vec()).err(), Some("é".to_owned()));
        let decoded = decode(b"a\xc3\xa9 caf\xe9 \x80 \x93q\x94".to_vec()).unwrap();
        assert_eq!(decoded.text, "aé café € “q”");
        assert_eq!((decoded.byte, decoded.column), (0xe9, 7));
        // A multi-byte sequence that is cut off at the end.
        let decoded = decode(b"\xf0\x9f\x9b".to_vec()).unwrap();
        assert_eq!((decoded.text.as_str(), decoded.byte, decoded.column), ("ðŸ›", 0xf0, 1));
    }
}
