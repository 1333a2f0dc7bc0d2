//! The parameters of validation.

use anneal_server::api::update_validation_config;
use anneal_server::format;
use anneal_server::types::dataset::Dataset;
use anneal_server::types::error::AppError;
use anneal_server::types::validation::{Tokenizer, ValidationConfig};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::{error_at, error_elsewhere};
use crate::ui::{Button, ButtonVariant, Card, ErrorView, Field, Select, described_by, use_toaster};

/// Roles offered as checkboxes, besides those that the dataset's rules already name.
const KNOWN_ROLES: [&str; 6] = ["system", "developer", "user", "assistant", "tool", "function"];

const RULE_FIELDS: [&str; 4] = ["min_user_message_length", "max_tokens", "allowed_roles", "tokenizer"];

/// The rules' parameters; saving them validates every record again.
#[component]
pub fn RulesCard(dataset: Dataset) -> impl IntoView {
    let toaster = use_toaster();
    let id = StoredValue::new(dataset.id);
    let config = RwSignal::new(dataset.validation_config.clone());
    let local_error = RwSignal::new(None::<AppError>);
    let save = Action::new(move |config: &ValidationConfig| {
        let config = config.clone();
        async move {
            let saved = update_validation_config(id.get_value(), config).await;
            if saved.is_ok() {
                toaster.success("Saved. Every record is being checked again.");
            }
            saved
        }
    });
    let error = Memo::new(move |_| local_error.get().or_else(|| save.value().get().and_then(Result::err)));
    let error_of = move |field: &'static str| Signal::derive(move || error_at(error.get(), field));
    let minimum = RwSignal::new(format::count(dataset.validation_config.min_user_message_length.into()));
    let maximum = RwSignal::new(format::count(dataset.validation_config.max_tokens.into()));
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        match with_numbers(config.get_untracked(), &minimum.read_untracked(), &maximum.read_untracked()) {
            Ok(config) => {
                local_error.set(None);
                save.dispatch(config);
            }
            Err(error) => local_error.set(Some(error)),
        }
    };
    view! {
        <Card title="Validation" aside="Saving checks every record again">
            <form class="stack" on:submit=on_submit novalidate>
                <div class="form-columns">
                    <NumberField
                        id="settings-minimum"
                        label="Shortest user message"
                        hint="In characters. A record whose last user message is shorter is invalid."
                        value=minimum
                        error=error_of("min_user_message_length")
                    />
                    <NumberField
                        id="settings-maximum"
                        label="Longest prompt"
                        hint="In tokens, of the tokenizer below."
                        value=maximum
                        error=error_of("max_tokens")
                    />
                </div>
                <Field id="settings-tokenizer" label="Tokenizer" hint="Whose tokens are counted." error=error_of("tokenizer")>
                    <Select
                        id="settings-tokenizer"
                        options=Signal::stored(
                            TOKENIZERS.map(|(tokenizer, words)| (tokenizer.as_str().to_owned(), words.to_owned())).to_vec(),
                        )
                        chosen=Signal::derive(move || config.with(|config| config.tokenizer.as_str().to_owned()))
                        on_choose=move |name: String| config.update(|config| config.tokenizer = tokenizer_of(&name))
                    />
                </Field>
                <AllowedRoles config error=error_of("allowed_roles")/>
                {move || error_elsewhere(error.get(), &RULE_FIELDS).map(|error| view! { <ErrorView error/> })}
                <div class="row">
                    <Button kind="submit" variant=ButtonVariant::Primary busy=save.pending()>"Save and check again"</Button>
                </div>
            </form>
        </Card>
    }
}

/// A box per known role, and per role that the rules name besides.
#[component]
fn AllowedRoles(config: RwSignal<ValidationConfig>, error: Signal<Option<String>>) -> impl IntoView {
    let mut roles: Vec<String> = KNOWN_ROLES.map(str::to_owned).to_vec();
    let allowed = config.with_untracked(|config| config.allowed_roles.clone());
    roles.extend(allowed.into_iter().filter(|role| !KNOWN_ROLES.contains(&role.as_str())));
    view! {
        <fieldset class="field" aria-describedby="settings-roles-error">
            <legend class="field__label">"Allowed roles"</legend>
            <div class="row">{roles.into_iter().map(|role| role_box(role, config)).collect_view()}</div>
            <p class="field__error" id="settings-roles-error" role="alert">{move || error.get()}</p>
        </fieldset>
    }
}

const TOKENIZERS: [(Tokenizer, &str); 2] = [
    (Tokenizer::O200kBase, "o200k_base (GPT-4o and later)"),
    (Tokenizer::Cl100kBase, "cl100k_base (GPT-4 and GPT-3.5)"),
];

fn tokenizer_of(name: &str) -> Tokenizer {
    TOKENIZERS
        .into_iter()
        .map(|(tokenizer, _)| tokenizer)
        .find(|tokenizer| tokenizer.as_str() == name)
        .unwrap_or_default()
}

fn role_box(role: String, config: RwSignal<ValidationConfig>) -> impl IntoView {
    let is_allowed = config.get_untracked().allowed_roles.contains(&role);
    let words = role.clone();
    let on_change = move |event| {
        let is_checked = event_target_checked(&event);
        config.update(|config| {
            config.allowed_roles.retain(|other| *other != role);
            if is_checked {
                config.allowed_roles.push(role.clone());
            }
        });
    };
    view! {
        <label class="check">
            <input type="checkbox" checked=is_allowed on:change=on_change/>
            {words}
        </label>
    }
}

/// The numbers as typed, or an error at the field that is none.
fn with_numbers(config: ValidationConfig, minimum: &str, maximum: &str) -> Result<ValidationConfig, AppError> {
    let number = |field: &str, text: &str| {
        let message = format!("“{text}” is no whole number from 0 to {}.", format::count(u32::MAX.into()));
        text.trim().replace(',', "").parse::<u32>().map_err(|_| AppError::invalid_field(field, message))
    };
    Ok(ValidationConfig {
        min_user_message_length: number("min_user_message_length", minimum)?,
        max_tokens: number("max_tokens", maximum)?,
        ..config
    })
}

#[component]
fn NumberField(
    id: &'static str,
    label: &'static str,
    hint: &'static str,
    value: RwSignal<String>,
    error: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <Field id label hint error>
            <input
                type="text"
                inputmode="numeric"
                autocomplete="off"
                id=id
                value=value.get_untracked()
                aria-describedby=described_by(id)
                on:input=move |event| value.set(event_target_value(&event))
            />
        </Field>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_or_refused_at_their_field() {
        let config = with_numbers(ValidationConfig::default(), " 12 ", "16,000").unwrap();
        assert_eq!((config.min_user_message_length, config.max_tokens), (12, 16_000));
        for (minimum, maximum, field) in
            [("x", "1", "min_user_message_length"), ("1", "-1", "max_tokens"), ("1", "", "max_tokens")]
        {
            let error = with_numbers(ValidationConfig::default(), minimum, maximum).unwrap_err();
            assert!(error_at(Some(error.clone()), field).is_some(), "{minimum} {maximum}");
            assert_eq!(error_elsewhere(Some(error), &RULE_FIELDS), None);
        }
        assert!(error_elsewhere(Some(AppError::invalid("x")), &RULE_FIELDS).is_some());
    }
}
