//! The form of one endpoint, with a test before it is saved.

use anneal_server::api::{save_endpoint, test_endpoint};
use anneal_server::types::endpoint::{
    ConnectionTest, DEFAULT_CONCURRENCY, DEFAULT_TIMEOUT_S, Endpoint, EndpointForm, EndpointKey, KeyChoice,
};
use anneal_server::types::error::AppError;
use anneal_server::types::price_table;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::test_result::TestResult;
use crate::finetune::steps::parts::Task;
use crate::ui::{
    Button, ButtonVariant, ErrorView, Field, Select, TextInput, described_by, error_at, error_elsewhere, use_toaster,
};

const FIELDS: [&str; 7] =
    ["name", "base_url", "key", "concurrency", "requests_per_minute", "tokens_per_minute", "timeout_s"];

/// What is typed.
#[derive(Clone, Copy)]
struct Typed {
    name: RwSignal<String>,
    base_url: RwSignal<String>,
    source: RwSignal<String>,
    variable: RwSignal<String>,
    key: RwSignal<String>,
    concurrency: RwSignal<String>,
    requests_per_minute: RwSignal<String>,
    tokens_per_minute: RwSignal<String>,
    timeout_s: RwSignal<String>,
    prices: RwSignal<String>,
}

impl Typed {
    fn of(edited: Option<&Endpoint>) -> Self {
        let text = |of: fn(&Endpoint) -> String| RwSignal::new(edited.map(of).unwrap_or_default());
        let limit = |limit: Option<u32>| limit.map(|limit| limit.to_string()).unwrap_or_default();
        let variable = match edited.map(|edited| &edited.key) {
            Some(EndpointKey::Environment { variable, .. }) => variable.clone(),
            _ => String::new(),
        };
        let source = match edited.map(|edited| &edited.key) {
            Some(EndpointKey::Stored { .. }) => "keep",
            Some(EndpointKey::Environment { .. }) => "environment",
            Some(EndpointKey::None) | None => "none",
        };
        Self {
            name: text(|edited| edited.name.clone()),
            base_url: text(|edited| edited.base_url.clone()),
            source: RwSignal::new(source.to_owned()),
            variable: RwSignal::new(variable),
            key: RwSignal::new(String::new()),
            concurrency: RwSignal::new(edited.map_or(DEFAULT_CONCURRENCY, |edited| edited.concurrency).to_string()),
            requests_per_minute: RwSignal::new(limit(edited.and_then(|edited| edited.requests_per_minute))),
            tokens_per_minute: RwSignal::new(limit(edited.and_then(|edited| edited.tokens_per_minute))),
            timeout_s: RwSignal::new(edited.map_or(DEFAULT_TIMEOUT_S, |edited| edited.timeout_s).to_string()),
            prices: text(|edited| price_table::write(&edited.prices)),
        }
    }

    /// What is sent, or the field that is no number.
    fn read(self) -> Result<EndpointForm, AppError> {
        let key = match self.source.get_untracked().as_str() {
            "keep" => KeyChoice::Keep,
            "environment" => KeyChoice::Environment { variable: self.variable.get_untracked() },
            "stored" => KeyChoice::Stored { key: self.key.get_untracked() },
            _ => KeyChoice::None,
        };
        let prices = price_table::parse(&self.prices.get_untracked())
            .map_err(|error| AppError::invalid_field("prices", error.to_string()))?;
        Ok(EndpointForm {
            name: self.name.get_untracked(),
            base_url: self.base_url.get_untracked(),
            key,
            concurrency: number("concurrency", self.concurrency)?,
            requests_per_minute: limit("requests_per_minute", self.requests_per_minute)?,
            tokens_per_minute: limit("tokens_per_minute", self.tokens_per_minute)?,
            timeout_s: number("timeout_s", self.timeout_s)?,
            prices,
        })
    }
}

fn number(field: &str, typed: RwSignal<String>) -> Result<u32, AppError> {
    let digits: String = typed.get_untracked().chars().filter(|c| !matches!(c, ' ' | ',' | '_')).collect();
    if !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()) {
        // One that is far too large is refused like one that is a little too large: with what is allowed.
        return Ok(digits.parse().unwrap_or(u32::MAX));
    }
    Err(AppError::invalid_field(field, "Enter a whole number."))
}

fn limit(field: &str, typed: RwSignal<String>) -> Result<Option<u32>, AppError> {
    if typed.with_untracked(|typed| typed.trim().is_empty()) { Ok(None) } else { number(field, typed).map(Some) }
}

/// Adds an endpoint, or changes `edited`.
#[component]
pub fn EndpointFormView(edited: Option<Endpoint>, on_saved: Callback<String>) -> impl IntoView {
    let typed = Typed::of(edited.as_ref());
    let has_key = edited.as_ref().is_some_and(|edited| matches!(edited.key, EndpointKey::Stored { .. }));
    let id = StoredValue::new(edited.map(|edited| edited.id));
    let (saving, testing) = (Task::new(), Task::new());
    let found = RwSignal::new(None::<ConnectionTest>);
    let toaster = use_toaster();
    let error = Signal::derive(move || saving.error().get().or_else(|| testing.error().get()));
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        testing.fail(None);
        match typed.read() {
            Ok(form) => saving.start(save_endpoint(id.get_value(), form), move |saved| {
                toaster.success("The endpoint is saved.");
                on_saved.run(saved.id);
            }),
            Err(error) => saving.fail(Some(error)),
        }
    };
    let test = move |_| {
        saving.fail(None);
        found.set(None);
        match typed.read() {
            Ok(form) => {
                testing.start(test_endpoint(id.get_value(), Some(form), None), move |result| found.set(Some(result)));
            }
            Err(error) => testing.fail(Some(error)),
        }
    };
    // What a test found is brought into sight: the form is longer than most windows.
    let told = NodeRef::<leptos::html::Div>::new();
    Effect::new(move |_| {
        let is_told = found.with(Option::is_some) || error.with(Option::is_some);
        if let Some(told) = told.get_untracked().filter(|_| is_told) {
            request_animation_frame(move || told.scroll_into_view_with_bool(false));
        }
    });
    let elsewhere = move || {
        error_elsewhere(error.get(), &FIELDS)
            .filter(|error| !matches!(error, AppError::Invalid { field: Some(field), .. } if field == "prices"))
    };
    view! {
        <form class="form" on:submit=save>
            <LineField id="endpoint-name" name="name" label="Name" value=typed.name error hint="What you call it: \"OpenAI\", \"vLLM on the workstation\"."/>
            <LineField id="endpoint-url" name="base_url" label="Base URL" value=typed.base_url error hint="Up to and with /v1, like https://api.openai.com/v1 or http://localhost:11434/v1."/>
            <KeyFields typed has_key error/>
            <div class="form-columns">
                <LineField id="endpoint-concurrency" name="concurrency" label="Calls at once" value=typed.concurrency error hint="Fewer are made while it says that it has too much to do."/>
                <LineField id="endpoint-timeout" name="timeout_s" label="Timeout in seconds" value=typed.timeout_s error hint="Of one attempt."/>
                <LineField id="endpoint-rpm" name="requests_per_minute" label="Calls a minute" value=typed.requests_per_minute error hint="Empty: no limit."/>
                <LineField id="endpoint-tpm" name="tokens_per_minute" label="Tokens a minute" value=typed.tokens_per_minute error hint="Empty: no limit."/>
            </div>
            <Field
                id="endpoint-prices"
                label="Prices"
                optional=true
                hint="A line a model: name, input, output and, if you like, cached input, in US dollars a million tokens: gpt-5-mini, 0.25, 2, 0.025. A * ends a name for all that begin so (* alone: every model). What has no line costs an unknown amount."
                error=Signal::derive(move || error_at(error.get().as_ref(), "prices"))
            >
                <textarea
                    class="input input--code"
                    id="endpoint-prices"
                    rows="4"
                    spellcheck="false"
                    aria-describedby=described_by("endpoint-prices")
                    prop:value=move || typed.prices.get()
                    on:input:target=move |event| typed.prices.set(event.target().value())
                ></textarea>
            </Field>
            <div aria-live="polite" class="endpoint-form__found" node_ref=told>
                {move || elsewhere().map(|error| view! { <ErrorView error/> })}
                {move || found.get().map(|found| view! { <TestResult found/> })}
            </div>
            <div class="dialog__actions dialog__actions--stay">
                <Button on:click=test busy=Signal::derive(move || testing.busy())>"Test connection"</Button>
                <Button kind="submit" variant=ButtonVariant::Primary busy=Signal::derive(move || saving.busy())>"Save endpoint"</Button>
            </div>
        </form>
    }
}

/// One line of text.
#[component]
fn LineField(
    id: &'static str,
    /// The field's name in errors.
    name: &'static str,
    label: &'static str,
    value: RwSignal<String>,
    error: Signal<Option<AppError>>,
    #[prop(optional)] hint: &'static str,
) -> impl IntoView {
    view! {
        <Field id label hint error=Signal::derive(move || error_at(error.get().as_ref(), name))>
            <TextInput id value/>
        </Field>
    }
}

/// Where the key comes from. One that is stored is never shown.
#[component]
fn KeyFields(typed: Typed, has_key: bool, error: Signal<Option<AppError>>) -> impl IntoView {
    let options = move || {
        let kept = has_key.then(|| ("keep".to_owned(), "The stored key".to_owned()));
        let others = [
            ("none", "No key"),
            ("stored", if has_key { "Another key" } else { "Enter a key (stored encrypted)" }),
            ("environment", "A variable of the server's environment"),
        ];
        kept.into_iter().chain(others.map(|(value, words)| (value.to_owned(), words.to_owned()))).collect::<Vec<_>>()
    };
    let is = move |source: &'static str| move || typed.source.with(|chosen| chosen == source);
    let at_key = Signal::derive(move || error_at(error.get().as_ref(), "key"));
    view! {
        <Field id="endpoint-source" label="Key" error=Signal::derive(move || at_key.get().filter(|_| typed.source.with(|source| matches!(source.as_str(), "keep" | "none"))))>
            <Select id="endpoint-source" options=Signal::derive(options) chosen=typed.source on_choose=move |source| typed.source.set(source)/>
        </Field>
        <Show when=is("stored")>
            <Field id="endpoint-key" label="The key" hint="It is encrypted before it is stored and never shown again." error=at_key>
                <TextInput id="endpoint-key" value=typed.key kind="password"/>
            </Field>
        </Show>
        <Show when=is("environment")>
            <Field id="endpoint-variable" label="Variable" hint="Like OPENAI_API_KEY; its value stays on the server." error=at_key>
                <TextInput id="endpoint-variable" value=typed.variable/>
            </Field>
        </Show>
    }
}
