//! What a grader sees of a sample, and what scripts can call, by name: tables for the editor's completion, the chips and the
//! words about the contract.

/// One thing a script or a template can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GraderVariable {
    /// As a template calls it; a script puts `input.` before it.
    pub name: &'static str,
    /// "text", "list", "object": what kind of value it is.
    pub kind: &'static str,
    /// What it is, in a few words.
    pub meaning: &'static str,
}

/// All of them, the most used first; the last three are OpenAI's names for the response.
pub const GRADER_VARIABLES: [GraderVariable; 12] = [
    variable("response", "text", "the text of the response to score"),
    variable("messages", "list", "the prompt's messages, each with role and content"),
    variable("lastUserMessage", "text", "the text of the last user message"),
    variable("systemPrompt", "text", "the texts of the system and developer messages"),
    variable("tools", "list", "the tools the model may call"),
    variable("toolCalls", "list", "the tool calls of the response"),
    variable("referenceAnswer", "any JSON or null", "the record's reference answer, or null"),
    variable("metadata", "object", "the record's metadata"),
    variable("item", "object", "any other field of the record's line"),
    variable("sample.output_text", "text", "the text of the response (OpenAI's name)"),
    variable("sample.output_json", "any JSON or null", "the response read as JSON, or null (OpenAI's name)"),
    variable("sample.output_tools", "list", "the tool calls of the response (OpenAI's name)"),
];

const fn variable(name: &'static str, kind: &'static str, meaning: &'static str) -> GraderVariable {
    GraderVariable { name, kind, meaning }
}

impl GraderVariable {
    /// As a script calls it.
    pub fn in_script(&self) -> String {
        format!("input.{}", self.name)
    }
}

/// One function that scripts find under `helpers`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GraderHelper {
    /// `isJson`.
    pub name: &'static str,
    /// `(text)`.
    pub arguments: &'static str,
    /// What it gives, in a few words.
    pub meaning: &'static str,
}

/// All of them; `docs/graders.md` has an example of each.
pub const GRADER_HELPERS: [GraderHelper; 11] = [
    helper("isJson", "(text)", "whether the whole text is one JSON value"),
    helper("parseJson", "(text)", "the first JSON value in a text, fenced or between words; else null"),
    helper("matchesSchema", "(value, schema)", "{ valid, errors } by JSON Schema"),
    helper("similarity", "(a, b)", "0 to 1 by the longest common subsequence (fuzzy_match)"),
    helper("wordCount", "(text)", "words between blanks"),
    helper("containsAll", "(text, list)", "whether every text of the list is in it"),
    helper("containsAny", "(text, list)", "whether at least one text of the list is in it"),
    helper("count", "(text, needle)", "how often it is there, none overlapping"),
    helper("jaccard", "(a, b)", "0 to 1: shared words by all words"),
    helper("editDistance", "(a, b)", "characters to insert, delete or replace"),
    helper("calls", "(input, name)", "the parsed arguments of the calls of that tool"),
];

const fn helper(name: &'static str, arguments: &'static str, meaning: &'static str) -> GraderHelper {
    GraderHelper { name, arguments, meaning }
}

impl GraderHelper {
    /// As a script calls it, less its arguments.
    pub fn in_script(&self) -> String {
        format!("helpers.{}", self.name)
    }
}
