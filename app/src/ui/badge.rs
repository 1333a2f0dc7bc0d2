//! A word with a colour; the colour never stands alone.

use leptos::prelude::*;

/// What a colour means. The class is `tone-<name>`, which sets `--tone`, `--tone-text` and `--tone-soft`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    /// No judgement.
    #[default]
    Neutral,
    /// Fine.
    Good,
    /// Look here.
    Attention,
    /// Broken.
    Bad,
    /// Being worked on.
    Info,
}

impl Tone {
    /// The CSS class that sets the three tone properties.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Neutral => "tone-neutral",
            Self::Good => "tone-good",
            Self::Attention => "tone-attention",
            Self::Bad => "tone-bad",
            Self::Info => "tone-info",
        }
    }
}

/// A small label; `dot` puts a filled circle before it, `soft` a tinted background behind it.
#[component]
pub fn Badge(
    /// Its colour.
    #[prop(optional, into)]
    tone: Signal<Tone>,
    /// A circle before the words, as on the step cards.
    #[prop(optional)]
    dot: bool,
    /// The words.
    children: Children,
) -> impl IntoView {
    let class = move || format!("badge {} {}", if dot { "badge--dot" } else { "badge--soft" }, tone.get().class());
    view! { <span class=class>{children()}</span> }
}
