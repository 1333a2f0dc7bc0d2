//! A record's text with the personal data in it marked: by an underline and a word, not by colour alone.

use std::sync::Arc;

use anneal_server::pii::{PiiFind, find};
use leptos::prelude::*;

/// A text and what was found in it.
#[derive(Clone)]
pub struct MarkedText {
    text: Arc<str>,
    finds: Arc<[PiiFind]>,
}

impl MarkedText {
    /// Looks through the whole text, so that what is cut is marked as what it is.
    pub fn new(text: String) -> Self {
        let finds = find(&text);
        Self { text: text.into(), finds: finds.into() }
    }

    /// All of it, or with `end` its start up to that byte.
    pub fn shown(&self, end: Option<usize>) -> AnyView {
        let end = end.unwrap_or(self.text.len());
        if self.finds.is_empty() {
            return self.text[..end].to_owned().into_any();
        }
        pieces(&self.text[..end], &self.finds).into_iter().map(piece_view).collect_view().into_any()
    }
}

/// The text in parts; those that are marked say what they are.
fn pieces<'a>(text: &'a str, finds: &[PiiFind]) -> Vec<(&'a str, Option<&'static str>)> {
    let mut pieces = Vec::new();
    let mut from = 0;
    for found in finds.iter().filter(|found| found.range.start < text.len()) {
        let end = found.range.end.min(text.len());
        pieces.push((&text[from..found.range.start], None));
        pieces.push((&text[found.range.start..end], Some(found.kind.label())));
        from = end;
    }
    pieces.push((&text[from..], None));
    pieces.retain(|(piece, _)| !piece.is_empty());
    pieces
}

/// (A `mark` may have no name of its own, so its kind stands in it for those who hear it.)
fn piece_view((text, kind): (&str, Option<&'static str>)) -> AnyView {
    let text = text.to_owned();
    match kind {
        None => text.into_any(),
        Some(kind) => view! {
            <mark class="pii" title=kind data-kind=kind>
                <span class="visually-hidden">{kind} ": "</span>
                {text}
            </mark>
        }
        .into_any(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_into_marked_and_plain_parts() {
        let text = "mail a@x.de or call +49 30 1234567";
        let finds = find(text);
        let expected = [
            ("mail ", None),
            ("a@x.de", Some("e-mail address")),
            (" or call ", None),
            ("+49 30 1234567", Some("phone number")),
        ];
        assert_eq!(pieces(text, &finds), expected);
        // Cut within a find, and before one.
        assert_eq!(pieces(&text[..23], &finds)[3], ("+49", Some("phone number")));
        assert_eq!(pieces(&text[..5], &finds), [("mail ", None)]);
        assert_eq!(pieces("", &finds), []);
    }
}
