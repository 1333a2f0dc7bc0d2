//! What a scenario is: the situation that a customer writes about, and what a good answer would say.

/// An earlier turn of a conversation; texts are templates.
#[derive(Debug, Clone, Copy)]
pub(super) enum Turn {
    /// The assistant.
    Assistant(&'static str),
    /// The assistant calls a tool and gets a result: tool, argument templates, result template (JSON without
    /// its outer braces).
    Call(&'static str, Args, &'static str),
}

/// Argument names with the templates of their values.
pub(super) type Args = &'static [(&'static str, &'static str)];

/// A situation. All texts are templates of `draw::write_out`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scenario {
    /// How often it comes up within its topic.
    pub(super) weight: usize,
    /// The customer's first message.
    pub(super) openings: &'static [&'static str],
    /// Sentences that may follow the customer's first message.
    pub(super) context: &'static [&'static str],
    /// What was said between the first message and the last; none: single-turn.
    pub(super) history: &'static [Turn],
    /// The customer's last message, where there is a history.
    pub(super) follow_ups: &'static [&'static str],
    /// The tool that a good answer calls, with its arguments.
    pub(super) tool: Option<(&'static str, Args)>,
    /// A good answer, sentence by sentence.
    pub(super) answer: &'static [&'static str],
    /// Plausible sentences that are wrong.
    pub(super) wrong: &'static [&'static str],
    /// Whether it is in English: small talk, typos and the like are only added there.
    pub(super) english: bool,
}

impl Scenario {
    /// To be completed by struct update.
    pub(super) const PLAIN: Self = Self {
        weight: 4,
        openings: &[],
        context: &[],
        history: &[],
        follow_ups: &[],
        tool: None,
        answer: &[],
        wrong: &[],
        english: true,
    };
}
