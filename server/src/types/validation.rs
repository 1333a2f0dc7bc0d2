//! Validation (hygiene): what makes a record usable for training (domain.md section 3).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::TimestampMs;

mod preview;

pub use preview::RulesPreview;

/// Why a record is not usable, in the order in which the rules are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValidationError {
    /// The data is no object, or the line did not parse.
    InvalidDataStructure,
    /// No `input`.
    MissingInput,
    /// No `input.messages`.
    MissingMessages,
    /// `input.messages` is not a list, or an empty one.
    EmptyMessages,
    /// A role is absent or not allowed.
    InvalidRole,
    /// No message has role user.
    NoUserMessage,
    /// A user message has no text and no other part.
    EmptyUserMessage,
    /// The last user message's text is shorter than the minimum.
    UserMessageTooShort,
    /// A tool call has no id, or a tool message no `tool_call_id`.
    MissingToolCallId,
    /// A tool message answers an id that no earlier assistant message called.
    OrphanToolResult,
    /// More tokens than allowed.
    ExceedsMaxTokens,
    /// Same span or same prompt as an earlier valid record.
    Duplicate,
}

impl ValidationError {
    /// All of them, in rule order.
    pub const ALL: [Self; 12] = [
        Self::InvalidDataStructure,
        Self::MissingInput,
        Self::MissingMessages,
        Self::EmptyMessages,
        Self::InvalidRole,
        Self::NoUserMessage,
        Self::EmptyUserMessage,
        Self::UserMessageTooShort,
        Self::MissingToolCallId,
        Self::OrphanToolResult,
        Self::ExceedsMaxTokens,
        Self::Duplicate,
    ];

    /// The name used in JSON, SQL, URLs and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidDataStructure => "invalid_data_structure",
            Self::MissingInput => "missing_input",
            Self::MissingMessages => "missing_messages",
            Self::EmptyMessages => "empty_messages",
            Self::InvalidRole => "invalid_role",
            Self::NoUserMessage => "no_user_message",
            Self::EmptyUserMessage => "empty_user_message",
            Self::UserMessageTooShort => "user_message_too_short",
            Self::MissingToolCallId => "missing_tool_call_id",
            Self::OrphanToolResult => "orphan_tool_result",
            Self::ExceedsMaxTokens => "exceeds_max_tokens",
            Self::Duplicate => "duplicate",
        }
    }

    /// A few words for a person.
    pub const fn label(self) -> &'static str {
        match self {
            Self::InvalidDataStructure => "Not a readable record",
            Self::MissingInput => "No input",
            Self::MissingMessages => "No messages",
            Self::EmptyMessages => "Empty message list",
            Self::InvalidRole => "Unknown role",
            Self::NoUserMessage => "No user message",
            Self::EmptyUserMessage => "Empty user message",
            Self::UserMessageTooShort => "User message too short",
            Self::MissingToolCallId => "Tool call without id",
            Self::OrphanToolResult => "Tool result without call",
            Self::ExceedsMaxTokens => "Too many tokens",
            Self::Duplicate => "Duplicate",
        }
    }

    /// The inverse of [`Self::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|error| error.as_str() == name)
    }

    /// The first four: nothing further can be said about such a record.
    pub const fn is_structural(self) -> bool {
        matches!(self, Self::InvalidDataStructure | Self::MissingInput | Self::MissingMessages | Self::EmptyMessages)
    }
}

/// The first rule a record breaks, if any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidationResult {
    /// True if every rule holds.
    pub valid: bool,
    /// The first rule that does not.
    pub error: Option<ValidationError>,
    /// Where and why: "message 3 has role \"bot\"".
    pub details: Option<String>,
}

/// The parameters of the rules, per dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidationConfig {
    /// Fewest Unicode scalar values in the trimmed last user message. Default 10.
    pub min_user_message_length: u32,
    /// Most tokens in a prompt. Default 8,000.
    pub max_tokens: u32,
    /// Roles a message may have.
    pub allowed_roles: Vec<String>,
    /// Whose tokens are counted.
    pub tokenizer: Tokenizer,
}

impl Default for ValidationConfig {
    fn default() -> Self {
        Self {
            min_user_message_length: 10,
            max_tokens: 8000,
            allowed_roles: ["system", "developer", "user", "assistant", "tool"].map(str::to_owned).to_vec(),
            tokenizer: Tokenizer::O200kBase,
        }
    }
}

/// A byte-pair encoding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tokenizer {
    /// OpenAI's, since GPT-4o.
    #[default]
    O200kBase,
    /// OpenAI's, GPT-4 and GPT-3.5.
    Cl100kBase,
}

impl Tokenizer {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::O200kBase, Self::Cl100kBase];

    /// The field's name for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::O200kBase => "o200k_base",
            Self::Cl100kBase => "cl100k_base",
        }
    }
}

/// Where a record stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordStatus {
    /// Stored, not yet validated (after a change of the rules).
    #[default]
    Pending,
    /// Usable.
    Valid,
    /// Breaks a rule other than `duplicate`.
    Invalid,
    /// Only its being a duplicate stands against it.
    Duplicate,
}

impl RecordStatus {
    /// The name used in JSON, SQL and URLs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Duplicate => "duplicate",
        }
    }

    /// The inverse of [`Self::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Pending, Self::Valid, Self::Invalid, Self::Duplicate].into_iter().find(|status| status.as_str() == name)
    }
}

/// All that validation says of one record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordValidationStatus {
    /// The record.
    pub record_id: i64,
    /// Where it stands; `is_valid` is `status == Valid`.
    pub status: RecordStatus,
    /// Every rule it breaks, in rule order; the first one counts in the report.
    pub errors: Vec<ValidationError>,
    /// Where and why, a line per error.
    pub details: Option<String>,
    /// For duplicates: the earlier record that was kept.
    pub duplicate_of: Option<i64>,
}

impl RecordValidationStatus {
    /// Whether the record is usable.
    pub fn is_valid(&self) -> bool {
        self.status == RecordStatus::Valid
    }
}

/// The state of a dataset's records: `total = valid + rejected + duplicates_removed`, always (records
/// still pending are counted beside).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HygieneReport {
    /// When it was computed.
    pub timestamp: TimestampMs,
    /// Validated records.
    pub total: i64,
    /// Usable ones.
    pub valid: i64,
    /// Those with an error other than `duplicate` first.
    pub rejected: i64,
    /// `(total - valid) / total` in percent with one decimal: "4.5%"; "0.0%" for none.
    pub rejection_rate: String,
    /// Records per first error; only errors that occur.
    pub errors_by_type: BTreeMap<ValidationError, i64>,
    /// Those whose only error is `duplicate`.
    pub duplicates_removed: i64,
    /// What to do, each naming the number, the cause and the action.
    pub recommendations: Vec<String>,
    /// Records stored but not validated yet.
    pub pending: i64,
    /// Records with personal data, whether or not they are valid.
    #[serde(default)]
    pub pii: super::pii::PiiCounts,
}
