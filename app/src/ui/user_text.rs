//! What users wrote, shown among words of ours: nothing in it is hidden, nothing in it turns around what
//! stands beside it, and a long name leaves room for the sentence.

pub use anneal_server::format::visible;
use leptos::prelude::*;

/// A name in a sentence is cut to so many characters; the whole one shows on hover.
const LONGEST_NAME: usize = 60;

/// A user's text within a line of ours; the whole of it shows on hover, as `class` may cut it.
#[component]
pub fn UserText(
    /// The text.
    #[prop(into)]
    text: String,
    /// How it looks: "clamp", "one-line".
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    let text = visible(&text).into_owned();
    let title = text.clone();
    view! { <bdi class=class title=title>{text}</bdi> }
}

/// A sentence of ours with names of the user's in it, between “ and ”: each is kept apart from the words
/// around it, and cut where it is long.
#[component]
pub fn Sentence(
    /// The sentence.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    let text = visible(&text).into_owned();
    pieces(&text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Ours(words) => words.to_owned().into_any(),
            Piece::Name(name) => match shortened(name) {
                None => view! { <bdi>{name.to_owned()}</bdi> }.into_any(),
                Some(short) => view! { <bdi title=name.to_owned()>{short}</bdi> }.into_any(),
            },
        })
        .collect_view()
}

#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    /// Words of ours, the quotation marks included.
    Ours(&'a str),
    /// What stands between “ and ”.
    Name(&'a str),
}

/// The sentence in its parts. A name with quotation marks of its own is cut there, and still isolated.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('“') {
        let name_at = open + '“'.len_utf8();
        let Some(length) = rest[name_at..].find('”') else { break };
        found.push(Piece::Ours(&rest[..name_at]));
        found.push(Piece::Name(&rest[name_at..name_at + length]));
        rest = &rest[name_at + length..];
    }
    found.push(Piece::Ours(rest));
    found
}

/// The start of a long name; `None` if it is short.
fn shortened(name: &str) -> Option<String> {
    name.char_indices().nth(LONGEST_NAME)?;
    let mut short: String = name.chars().take(LONGEST_NAME - 1).collect();
    short.push('…');
    Some(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_the_words_around_them() {
        use Piece::{Name, Ours};
        assert_eq!(pieces("No name."), [Ours("No name.")]);
        assert_eq!(
            pieces("Add 3 of “a” and 5 of “b c”."),
            [Ours("Add 3 of “"), Name("a"), Ours("” and 5 of “"), Name("b c"), Ours("”.")]
        );
        assert_eq!(pieces("“open"), [Ours("“open")]);
        // A name with a mark of its own.
        assert_eq!(pieces("“x”y”"), [Ours("“"), Name("x"), Ours("”y”")]);
    }

    #[test]
    fn only_long_names_are_cut() {
        assert_eq!(shortened(&"é".repeat(60)), None);
        let short = shortened(&"é".repeat(300)).unwrap();
        assert_eq!((short.chars().count(), short.ends_with("é…")), (60, true));
    }
}
