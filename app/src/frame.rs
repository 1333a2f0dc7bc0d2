//! The top bar that all pages share.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::ui::{Icon, IconName, UserText, visible};

/// Brand and breadcrumb on the left, the page's actions on the right.
#[component]
pub fn TopBar(
    /// The pages above this one: name and address.
    #[prop(optional, into)]
    parents: Signal<Vec<(String, String)>>,
    /// This page; the page's heading.
    #[prop(into)]
    title: Signal<String>,
    /// The actions; the theme switch comes after them.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let parent = |(name, href): (String, String)| {
        let class = if is_short(&name) { "breadcrumb__item breadcrumb__item--short" } else { "breadcrumb__item" };
        view! {
            <li class=class>
                <a class="breadcrumb__link" href=href><UserText text=name/></a>
            </li>
        }
    };
    view! {
        <header class="top-bar">
            <a class="top-bar__brand" href="/finetune" aria-label="Anneal, all datasets">
                <img src="/favicon.svg" width="26" height="26" alt=""/>
            </a>
            <nav class="breadcrumb" aria-label="Breadcrumb">
                <ol class="breadcrumb__list">
                    {move || parents.get().into_iter().map(parent).collect_view()}
                    <li
                        class="breadcrumb__item breadcrumb__item--here"
                        class:breadcrumb__item--short=move || title.with(|title| is_short(title))
                        aria-current="page"
                    >
                        <h1 class="breadcrumb__title" title=move || title.get() dir="auto">{move || title.with(|title| visible(title).into_owned())}</h1>
                    </li>
                </ol>
            </nav>
            <div class="top-bar__actions">
                {children.map(|children| children())}
                <ThemeSwitch/>
            </div>
        </header>
    }
}

/// Whether a name is never cut off: what has to give way is the long one beside it.
fn is_short(name: &str) -> bool {
    name.chars().count() <= 24
}

/// Changes between light and dark and remembers it for a year; the server reads the cookie, so that the
/// next page comes in the right theme at once. Its icon is chosen by CSS: the view knows no theme.
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    view! {
        <button
            type="button"
            class="button button--ghost button--icon theme-switch"
            aria-label="Switch between light and dark theme"
            title="Switch between light and dark theme"
            on:click=move |_| switch_theme()
        >
            <span class="theme-switch__to-dark"><Icon name=IconName::Moon/></span>
            <span class="theme-switch__to-light"><Icon name=IconName::Sun/></span>
        </button>
    }
}

fn switch_theme() {
    let Some(root) = document().document_element() else { return };
    let is_dark = match root.get_attribute("data-theme").as_deref() {
        Some("dark") => true,
        Some("light") => false,
        _ => window().match_media("(prefers-color-scheme: dark)").ok().flatten().is_some_and(|query| query.matches()),
    };
    choose_theme(if is_dark { Theme::Light } else { Theme::Dark });
}

/// How the pages look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// As the system has it.
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// In the order of the settings.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// For people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::System => "As the system",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }

    /// What the cookie says.
    pub fn of_cookie(value: Option<&str>) -> Self {
        match value {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::System,
        }
    }
}

/// Shows the theme at once, and remembers it for a year.
pub fn choose_theme(theme: Theme) {
    let Some(root) = document().document_element() else { return };
    let (name, age) = match theme {
        Theme::System => ("", 0),
        Theme::Light => ("light", 31_536_000),
        Theme::Dark => ("dark", 31_536_000),
    };
    // None of these fails in a document that is shown.
    let _ = if name.is_empty() { root.remove_attribute("data-theme") } else { root.set_attribute("data-theme", name) };
    if let Ok(document) = document().dyn_into::<web_sys::HtmlDocument>() {
        let _ = document.set_cookie(&format!("theme={name}; path=/; max-age={age}; samesite=lax"));
    }
}
