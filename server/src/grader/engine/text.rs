//! Values and errors as text of bounded length.

use std::fmt::{self, Write as _};

use boa_engine::JsValue;

/// A value as text, at most `limit` characters; runs no code of the script.
pub(super) fn shown(value: &JsValue, limit: usize) -> String {
    if let Some(string) = value.as_string() {
        // One code unit more than can be kept, so that a cut is seen and a pair is not split unnoticed.
        let units: Vec<u16> = string.iter().take(limit * 2 + 1).collect();
        return bounded(&String::from_utf16_lossy(&units), limit);
    }
    let mut text = BoundedText::new(limit);
    let _ = write!(text, "{}", value.display());
    text.into_string()
}

pub(super) fn bounded(text: &str, limit: usize) -> String {
    let mut bounded = BoundedText::new(limit);
    let _ = bounded.write_str(text);
    bounded.into_string()
}

/// Takes text up to a number of characters, then refuses more, which stops whoever is writing.
pub(super) struct BoundedText {
    text: String,
    left: usize,
    is_cut: bool,
}

impl BoundedText {
    pub(super) fn new(limit: usize) -> Self {
        Self { text: String::new(), left: limit, is_cut: false }
    }

    pub(super) fn into_string(mut self) -> String {
        if self.is_cut {
            self.text.pop();
            self.text.push('…');
        }
        self.text
    }
}

impl fmt::Write for BoundedText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let Some((cut, _)) = text.char_indices().nth(self.left) else {
            self.left -= text.chars().count();
            self.text.push_str(text);
            return Ok(());
        };
        self.text.push_str(&text[..cut]);
        self.left = 0;
        self.is_cut = true;
        Err(fmt::Error)
    }
}

/// Keeps the end of what is written to it: an error's frames come after a message of any length.
#[derive(Default)]
pub(super) struct Tail {
    pub(super) text: String,
}

impl fmt::Write for Tail {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        const KEPT_BYTES: usize = 4096;
        self.text.push_str(text);
        if self.text.len() > 2 * KEPT_BYTES {
            let cut = self.text.ceil_char_boundary(self.text.len() - KEPT_BYTES);
            self.text.drain(..cut);
        }
        Ok(())
    }
}
