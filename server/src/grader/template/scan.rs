//! The tags of a template with their places: what the mustache crate does not tell.

use std::fmt;

/// Why a template cannot be used, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct TemplateError {
    /// What is wrong and what to write instead.
    pub message: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (line {}, column {})", self.message, self.line, self.column)
    }
}

/// One step of a path: a name, or a place in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `.name`
    Name(String),
    /// `[0]`
    Index(usize),
}

/// What a tag does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagKind {
    /// `{{x}}`, `{{{x}}}`, `{{&x}}`: they mean the same here.
    Value,
    /// `{{#x}}`
    Section,
    /// `{{^x}}`
    Inverted,
    /// `{{/x}}`
    Close,
}

/// A tag that names something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// What it does.
    pub kind: TagKind,
    /// What it names; empty for `.`, the item of a list.
    pub path: Vec<Step>,
    /// As it was written, without braces and sign.
    pub name: String,
    /// Where it begins: line and column from 1.
    pub place: (u32, u32),
}

/// A template in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<'a> {
    /// Words between tags.
    Text(&'a str),
    /// A tag.
    Tag(Tag),
    /// `{{! ... }}`
    Comment,
}

/// Takes a template apart. Sections are closed in order, or it is an error.
pub fn scan(template: &str) -> Result<Vec<Part<'_>>, TemplateError> {
    let mut parts = Vec::new();
    let mut open: Vec<(String, (u32, u32))> = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find("{{") {
        if at > 0 {
            parts.push(Part::Text(&rest[..at]));
        }
        let tail = &rest[at..];
        let place = place_of(template, template.len() - tail.len());
        let (part, length) = tag_at(tail, place)?;
        if let Part::Tag(tag) = &part {
            nest(&mut open, tag)?;
        }
        parts.push(part);
        rest = &tail[length..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    match open.pop() {
        Some((name, place)) => Err(error(
            place,
            format!("The section {{{{#{name}}}}} is not closed. Write {{{{/{name}}}}} where it ends."),
        )),
        None => Ok(parts),
    }
}

fn nest(open: &mut Vec<(String, (u32, u32))>, tag: &Tag) -> Result<(), TemplateError> {
    match tag.kind {
        TagKind::Value => Ok(()),
        TagKind::Section | TagKind::Inverted => {
            open.push((tag.name.clone(), tag.place));
            Ok(())
        }
        TagKind::Close => match open.pop() {
            Some((name, _)) if name == tag.name => Ok(()),
            Some((name, _)) => Err(error(
                tag.place,
                format!("{{{{/{}}}}} closes another section than the one that is open, {{{{#{name}}}}}.", tag.name),
            )),
            None => Err(error(tag.place, format!("{{{{/{}}}}} closes a section that was never opened.", tag.name))),
        },
    }
}

/// The part that begins here and its bytes.
fn tag_at(tail: &str, place: (u32, u32)) -> Result<(Part<'_>, usize), TemplateError> {
    let is_triple = tail.starts_with("{{{");
    let (start, end) = if is_triple { (3, "}}}") } else { (2, "}}") };
    let Some(length) = tail[start..].find(end) else {
        let hint = if is_triple {
            " Three braces open, so three must close; put a space after a brace that is text."
        } else {
            ""
        };
        return Err(error(place, format!("A tag is opened and not closed by {end}.{hint}")));
    };
    let inside = &tail[start..start + length];
    let whole = start + length + end.len();
    let (kind, name) = match inside.chars().next() {
        Some('!') => return Ok((Part::Comment, whole)),
        Some('#') => (TagKind::Section, &inside[1..]),
        Some('^') => (TagKind::Inverted, &inside[1..]),
        Some('/') => (TagKind::Close, &inside[1..]),
        Some('&') => (TagKind::Value, &inside[1..]),
        Some('>') => {
            return Err(error(place, "Other templates cannot be included ({{>...}}). Copy the text in.".to_owned()));
        }
        Some('=') => {
            return Err(error(place, "The braces cannot be changed ({{=...=}}). Write tags in {{ and }}.".to_owned()));
        }
        _ => (TagKind::Value, inside),
    };
    let name = name.trim().to_owned();
    let path = path_of(&name).ok_or_else(|| {
        let shown: String = name.chars().take(60).collect();
        error(
            place,
            format!("“{shown}” is no name of a variable. Write a name like {{{{response}}}} or {{{{item.answer}}}}."),
        )
    })?;
    Ok((Part::Tag(Tag { kind, path, name, place }), whole))
}

/// `a.b[0].c` or `a.b.0.c`; nothing for `.`; `None` if it is no path.
fn path_of(name: &str) -> Option<Vec<Step>> {
    if name == "." {
        return Some(Vec::new());
    }
    let mut path = Vec::new();
    for piece in name.split('.') {
        let (word, mut indices) = piece.split_at(piece.find('[').unwrap_or(piece.len()));
        let is_word = !word.is_empty() && !word.chars().any(|c| c.is_whitespace() || "{}[]#^/&!>=:".contains(c));
        if !is_word {
            return None;
        }
        // As JavaScript has it: `messages.0.content`.
        match word.parse::<usize>() {
            Ok(index) if !path.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()) => {
                path.push(Step::Index(Some(index).filter(|index| *index < 100_000)?));
            }
            _ => path.push(Step::Name(word.to_owned())),
        }
        while let Some(inner) = indices.strip_prefix('[') {
            let (number, rest) = inner.split_once(']')?;
            path.push(Step::Index(number.trim().parse().ok().filter(|index| *index < 100_000)?));
            indices = rest;
        }
        if !indices.is_empty() {
            return None;
        }
    }
    Some(path)
}

pub(super) fn error(place: (u32, u32), message: String) -> TemplateError {
    TemplateError { message, line: place.0, column: place.1 }
}

fn place_of(text: &str, at: usize) -> (u32, u32) {
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(template: &str) -> (u32, u32, String) {
        let error = scan(template).unwrap_err();
        (error.line, error.column, error.message)
    }

    #[test]
    fn tags_are_found_with_their_places() {
        let parts = scan("Grüße {{ response }}\n {{#messages}}{{{role}}}{{/messages}}{{! note }}}").unwrap();
        let tags: Vec<(TagKind, &str, (u32, u32))> = parts
            .iter()
            .filter_map(|part| match part {
                Part::Tag(tag) => Some((tag.kind.clone(), tag.name.as_str(), tag.place)),
                _ => None,
            })
            .collect();
        let expected = [
            (TagKind::Value, "response", (1, 7)),
            (TagKind::Section, "messages", (2, 2)),
            (TagKind::Value, "role", (2, 15)),
            (TagKind::Close, "messages", (2, 25)),
        ];
        assert_eq!(tags, expected);
        assert_eq!(parts.last(), Some(&Part::Text("}")));
        let path = path_of("sample.output_tools[0].function.name").unwrap();
        assert_eq!((path.len(), &path[2]), (5, &Step::Index(0)));
        assert_eq!(path_of("."), Some(Vec::new()));
    }

    #[test]
    fn what_is_wrong_has_a_place() {
        for (template, line, column, words) in [
            ("a\n  {{response", 2, 3, "not closed by }}"),
            ("{{{response}}", 1, 1, "three must close"),
            ("{{#messages}}\n{{/tools}}", 2, 1, "another section"),
            ("x {{#messages}} y", 1, 3, "is not closed"),
            ("{{/messages}}", 1, 1, "never opened"),
            ("{{}}", 1, 1, "no name"),
            ("{{ }}", 1, 1, "no name"),
            ("{{a b}}", 1, 1, "no name"),
            ("{{a..b}}", 1, 1, "no name"),
            ("{{a[x]}}", 1, 1, "no name"),
            ("{{a[0}}", 1, 1, "no name"),
            ("{{a[99999999999999999999]}}", 1, 1, "no name"),
            ("{{> /etc/passwd}}", 1, 1, "cannot be included"),
            ("{{=<% %>=}}", 1, 1, "cannot be changed"),
            ("{{#}}{{/}}", 1, 1, "no name"),
        ] {
            let (found_line, found_column, message) = wrong(template);
            assert_eq!((found_line, found_column), (line, column), "{template}: {message}");
            assert!(message.contains(words), "{template}: {message}");
        }
    }
}
