//! Prompts with variables: checked when they are saved, rendered for a sample (Mustache).
//!
//! The mustache crate writes the text; what it would do wrong is done before (measured.md): it escapes for HTML, panics on
//! values that are no text, passes over what is missing, and tells no places. So every tag is rewritten to an unescaped one
//! of a value that was made text, and names, sections and places are checked by a scan of our own.

mod data;
mod needs;
mod scan;

use std::io::{self, Write};

use serde_json::Value;

use needs::{Need, Section};
pub use scan::TemplateError;
use scan::{Part, Step, Tag, TagKind, error, scan};

use super::input::GradeInput;
use crate::types::grader::variables::GRADER_VARIABLES;

/// Largest template.
pub const MAX_TEMPLATE_BYTES: usize = 256 << 10;
/// Largest text that comes of it.
pub const MAX_RENDERED_BYTES: usize = 8 << 20;
/// Sections within sections.
const MAX_DEPTH: usize = 6;
/// Items that all sections of a template may go through for one sample.
const MAX_ITEMS: usize = 1_000_000;

/// A template that was checked.
#[derive(Debug, Clone)]
pub struct Template {
    /// As the crate reads it.
    compiled: mustache::Template,
    /// Values that must be there, each with the sections around it.
    needed: Vec<Need>,
    /// The names of sections within sections, outermost first.
    nested: Vec<Vec<String>>,
    /// How far into the data its paths reach.
    reach: Reach,
    /// Whether it names the response, in whatever form.
    shows_response: bool,
}

/// Why a template gave no text for a sample.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The sample has no such value.
    #[error(
        "The record has no {name}, which the prompt shows. Where it may be missing, write {{{{#{name}}}}}…{{{{/{name}}}}} around it."
    )]
    Missing {
        /// As the template has it.
        name: String,
    },
    /// Lists within lists.
    #[error("The prompt goes through more than 1,000,000 items of lists within lists. Take a section out.")]
    TooManyItems,
    /// Of the data that its paths reach there is too much.
    #[error(
        "What the prompt names is too large or too deep in this record. Name less of it: {{{{item.a}}}} in place of {{{{item}}}}."
    )]
    TooMuchData,
    /// More than a model reads.
    #[error("The prompt is larger than 8 MiB for this record.")]
    TooLarge,
    /// The crate's words.
    #[error("The prompt cannot be rendered: {0}")]
    Other(String),
}

/// Names that only stand within a section over messages, tools or tool calls.
const FIELDS_OF_MESSAGES: [&str; 10] =
    ["role", "content", "name", "tool_calls", "tool_call_id", "id", "type", "function", "arguments", "parameters"];
/// What `sample` has.
const FIELDS_OF_SAMPLE: [&str; 3] = ["output_text", "output_json", "output_tools"];

impl Template {
    /// Checks a template.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.len() > MAX_TEMPLATE_BYTES {
            return Err(error((1, 1), "The template is larger than 256 KiB.".to_owned()));
        }
        let parts = scan(text)?;
        let mut checked = Checked::default();
        for part in &parts {
            match part {
                Part::Text(words) => checked.rewritten.push_str(words),
                Part::Comment => checked.rewritten.push_str("{{!}}"),
                Part::Tag(tag) => checked.tag(tag)?,
            }
        }
        let compiled = mustache::compile_str(&checked.rewritten)
            .map_err(|failed| error((1, 1), format!("The template cannot be read: {failed}.")))?;
        let Checked { needed, nested, reach, shows_response, .. } = checked;
        Ok(Self { compiled, needed, nested, reach, shows_response })
    }

    /// Whether it names the response: its text, its tool calls, or OpenAI's names for them.
    pub fn shows_response(&self) -> bool {
        self.shows_response
    }

    /// The text for one sample.
    pub fn render(&self, input: &GradeInput) -> Result<String, RenderError> {
        let value = serde_json::to_value(input).map_err(|error| RenderError::Other(error.to_string()))?;
        needs::check(&self.needed, &value)?;
        let prepared = data::prepare(&value, &self.reach)?;
        if self.nested.iter().map(|names| prepared.items(names)).fold(0, usize::saturating_add) > MAX_ITEMS {
            return Err(RenderError::TooManyItems);
        }
        let mut out = Bounded(Vec::new());
        match self.compiled.render_data(&mut out, &prepared.data) {
            Ok(()) => String::from_utf8(out.0).map_err(|error| RenderError::Other(error.to_string())),
            Err(_) if out.0.len() >= MAX_RENDERED_BYTES => Err(RenderError::TooLarge),
            Err(failed) => Err(RenderError::Other(failed.to_string())),
        }
    }
}

/// A template as far as it was read.
#[derive(Default)]
struct Checked {
    rewritten: String,
    /// The sections around.
    open: Vec<Section>,
    needed: Vec<Need>,
    nested: Vec<Vec<String>>,
    reach: Reach,
    shows_response: bool,
}

/// What data needs to be prepared for a template.
#[derive(Debug, Clone, Default)]
struct Reach {
    /// Every name that is in any path.
    names: Vec<String>,
    /// Those of lists whose items are named by their places, `a[0]`.
    indexed: Vec<String>,
    /// The most steps that a path has, with those of the sections around it.
    depth: usize,
}

impl Reach {
    /// Takes in a path within sections.
    fn add(&mut self, path: &[Step], sections: &[Section]) {
        self.depth = self.depth.max(path.len() + sections.iter().map(|section| section.path.len()).sum::<usize>());
        for (at, step) in path.iter().enumerate() {
            let Step::Name(name) = step else { continue };
            if !self.names.contains(name) {
                self.names.push(name.clone());
            }
            if matches!(path.get(at + 1), Some(Step::Index(_))) && !self.indexed.contains(name) {
                self.indexed.push(name.clone());
            }
        }
    }
}

impl Checked {
    fn tag(&mut self, tag: &Tag) -> Result<(), TemplateError> {
        if tag.kind == TagKind::Close {
            self.open.pop();
            self.rewritten.extend(["{{/", &data::section_key(&tag.path), "}}"]);
            return Ok(());
        }
        self.known(tag)?;
        self.reach.add(&tag.path, &self.open);
        self.shows_response |= matches!(
            tag.path.first(),
            Some(Step::Name(root)) if matches!(root.as_str(), "response" | "toolCalls" | "sample")
        );
        match tag.kind {
            TagKind::Value => {
                if self.may_be_missing(&tag.path) {
                    let need = Need { sections: self.open.clone(), path: tag.path.clone() };
                    if !self.needed.contains(&need) {
                        self.needed.push(need);
                    }
                }
                self.rewritten.extend(["{{{", &data::text_key(&tag.path), "}}}"]);
            }
            TagKind::Section | TagKind::Inverted => {
                self.open.push(Section { path: tag.path.clone(), is_inverted: tag.kind == TagKind::Inverted });
                if self.open.len() > MAX_DEPTH {
                    return Err(error(tag.place, "Sections are nested more than six deep.".to_owned()));
                }
                let last = |section: &Section| {
                    section.path.iter().rev().find_map(|step| match step {
                        Step::Name(name) => Some(name.clone()),
                        Step::Index(_) => None,
                    })
                };
                self.nested.push(self.open.iter().filter_map(last).collect());
                let opening = if tag.kind == TagKind::Section { "{{#" } else { "{{^" };
                self.rewritten.extend([opening, &data::section_key(&tag.path), "}}"]);
            }
            TagKind::Close => {}
        }
        Ok(())
    }

    /// What some records have and others do not. (The other values are always there, if only as an empty text or list;
    /// and what messages, tools and tool calls have or lack is theirs.)
    fn may_be_missing(&self, path: &[Step]) -> bool {
        let Some(Step::Name(first)) = path.first() else { return false };
        if is_variable(first) {
            return may_be_missing(path);
        }
        !self.is_of_messages(first)
    }

    /// Whether a name within a section is one of a message, a tool or a tool call.
    fn is_of_messages(&self, name: &str) -> bool {
        let is_theirs =
            |section: &Section| matches!(section.path.first(), Some(Step::Name(root)) if !is_of_the_user(root));
        FIELDS_OF_MESSAGES.contains(&name) && self.open.iter().any(is_theirs)
    }

    fn known(&self, tag: &Tag) -> Result<(), TemplateError> {
        let Some(Step::Name(first)) = tag.path.first() else {
            if self.open.is_empty() {
                return Err(error(
                    tag.place,
                    "{{.}} is the item of a list: it stands within a section, like {{#tools}}…{{/tools}}.".to_owned(),
                ));
            }
            return Ok(());
        };
        if is_variable(first) {
            return known_in_root(tag, first);
        }
        // Whatever the user's data has.
        let is_in_data = self
            .open
            .iter()
            .any(|section| matches!(section.path.first(), Some(Step::Name(root)) if is_of_the_user(root)));
        if is_in_data || self.is_of_messages(first) {
            return Ok(());
        }
        let near = nearest(first).map(|near| format!(" Did you mean {{{{{near}}}}}?")).unwrap_or_default();
        let all: Vec<&str> = GRADER_VARIABLES.iter().map(|known| known.name).collect();
        Err(error(
            tag.place,
            format!("There is no variable “{}”.{near} The variables are {}.", tag.name, all.join(", ")),
        ))
    }
}

fn known_in_root(tag: &Tag, root: &str) -> Result<(), TemplateError> {
    match (root, tag.path.get(1)) {
        ("sample", Some(Step::Name(field))) if FIELDS_OF_SAMPLE.contains(&field.as_str()) => Ok(()),
        ("sample", _) => {
            let fields = FIELDS_OF_SAMPLE.map(|field| format!("sample.{field}")).join(", ");
            Err(error(tag.place, format!("There is no variable “{}”. Of the sample there are {fields}.", tag.name)))
        }
        ("response" | "lastUserMessage" | "systemPrompt", Some(_)) => {
            Err(error(tag.place, format!("{root} is a text: it has no parts, so “{}” names nothing.", tag.name)))
        }
        ("messages" | "tools" | "toolCalls", Some(Step::Name(_))) => Err(error(
            tag.place,
            format!(
                "{root} is a list: go through it with {{{{#{root}}}}}…{{{{/{root}}}}}, or name an item, {root}[0]."
            ),
        )),
        _ => Ok(()),
    }
}

fn is_variable(name: &str) -> bool {
    GRADER_VARIABLES.iter().any(|known| known.name.split('.').next() == Some(name))
}

/// Whether a variable holds what the user's data has, under any names.
fn is_of_the_user(variable: &str) -> bool {
    matches!(variable, "item" | "metadata" | "referenceAnswer" | "sample")
}

/// Whether a path from a variable names what some records lack.
fn may_be_missing(path: &[Step]) -> bool {
    match path.first() {
        Some(Step::Name(root)) => match root.as_str() {
            "referenceAnswer" => true,
            // An item that a list may not have.
            "item" | "metadata" | "messages" | "tools" | "toolCalls" => path.len() > 1,
            "sample" => {
                !matches!(path.get(1), Some(Step::Name(field)) if field == "output_text")
                    && (path.len() > 2 || matches!(path.get(1), Some(Step::Name(field)) if field == "output_json"))
            }
            _ => false,
        },
        _ => false,
    }
}

fn lookup<'a>(value: &'a Value, path: &[Step]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Name(name) => value.get(name),
        Step::Index(index) => value.get(index),
    })
}

fn written(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Name(name) if text.is_empty() => text.push_str(name),
            Step::Name(name) => text.extend([".", name]),
            Step::Index(index) => text.extend(["[", &index.to_string(), "]"]),
        }
    }
    text
}

/// The variable that a name is nearest to, if it is near: the same letters but for case and underscores.
fn nearest(name: &str) -> Option<&'static str> {
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let wanted = plain(name);
    GRADER_VARIABLES.iter().map(|known| known.name).find(|known| {
        let known = plain(known);
        known == wanted || (wanted.len() > 3 && (known.starts_with(&wanted) || wanted.starts_with(&known)))
    })
}

/// Takes so much and no more.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_RENDERED_BYTES {
            self.0.resize(MAX_RENDERED_BYTES, b' ');
            return Err(io::Error::other("too large"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
