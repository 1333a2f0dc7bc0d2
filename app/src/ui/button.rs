//! Buttons. `on:click` and any attribute go on the component itself: `<Button on:click=...>`.

use leptos::prelude::*;

use super::{Icon, IconName};

/// How much a button asks to be pressed; at most one primary per view.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ButtonVariant {
    /// The one thing to do here.
    Primary,
    /// Anything else.
    #[default]
    Secondary,
    /// No frame until hovered.
    Ghost,
    /// Destroys something.
    Danger,
}

impl ButtonVariant {
    /// The CSS classes, for links that look like buttons: `<a class=ButtonVariant::Primary.class()>`.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Primary => "button button--primary",
            Self::Secondary => "button button--secondary",
            Self::Ghost => "button button--ghost",
            Self::Danger => "button button--danger",
        }
    }
}

/// A button; `busy` disables it, shows a spinner and tells screen readers.
#[component]
pub fn Button(
    /// Its weight.
    #[prop(optional)]
    variant: ButtonVariant,
    /// Less padding, for rows and toolbars.
    #[prop(optional)]
    small: bool,
    /// Something it started is running.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// Cannot be pressed now; say why in `title`.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// The HTML type: `button` or `submit`.
    #[prop(default = "button")]
    kind: &'static str,
    /// An icon before the words.
    #[prop(optional, into)]
    icon: Option<IconName>,
    /// Shown on hover.
    #[prop(optional, into)]
    title: MaybeProp<String>,
    /// The words.
    children: Children,
) -> impl IntoView {
    let class = if small { format!("{} button--small", variant.class()) } else { variant.class().to_owned() };
    view! {
        <button
            type=kind
            class=class
            title=move || title.get()
            disabled=move || busy.get() || disabled.get()
            aria-busy=move || busy.get().then_some("true")
        >
            {icon.map(|name| view! { <Icon name=name/> })}
            {children()}
            <span class="button__spinner" aria-hidden="true"></span>
        </button>
    }
}
