//! The parameters of validation.

use anneal_server::api::SaveRules;
use anneal_server::format;
use anneal_server::types::dataset::Dataset;
use anneal_server::types::error::AppError;
use anneal_server::types::validation::{Tokenizer, ValidationConfig};
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::rules_preview::WithPreview;
use super::{SavedNote, say_when_saved};
use crate::ui::{
    Button, ButtonVariant, Card, ErrorView, Field, Select, described_by, error_at, error_elsewhere, memo, refused_form,
    visible,
};

/// Roles offered as checkboxes, besides those that the dataset's rules already name.
const KNOWN_ROLES: [&str; 6] = ["system", "developer", "user", "assistant", "tool", "function"];

const RULE_FIELDS: [&str; 4] = ["min_user_message_length", "max_tokens", "allowed_roles", "tokenizer"];

const SAVED: &str = "Saved. Every record is being checked again.";

/// The rules' parameters; saving them validates every record again. A plain form, so that it works without
/// JavaScript too.
#[component]
pub fn RulesCard(dataset: Dataset) -> impl IntoView {
    let Dataset { id, validation_config: config, .. } = dataset;
    let shown = Shown::of(&config);
    let save = ServerAction::<SaveRules>::new();
    let error = memo(move || save.value().get().and_then(Result::err));
    let error_of = move |field: &'static str| Signal::derive(move || error_at(error.get().as_ref(), field));
    say_when_saved(move || save.value().get().is_some_and(|saved| saved.is_ok()), SAVED);
    view! {
        <Card title="Validation" aside="Saving checks every record again">
            <ActionForm action=save attr:class="stack" attr:novalidate=true>
                <input type="hidden" name="dataset_id" value=id.clone()/>
                <WithPreview dataset_id=id saved=save.version()>
                <Limits minimum=shown.minimum maximum=shown.maximum error/>
                <TokenizerField chosen=shown.tokenizer error=error_of("tokenizer")/>
                <AllowedRoles allowed=shown.roles rules=config.allowed_roles error=error_of("allowed_roles")/>
                </WithPreview>
                {move || error_elsewhere(error.get(), &RULE_FIELDS).map(|error| view! { <ErrorView error/> })}
                <SavedNote card="rules" words=SAVED/>
                <div class="row">
                    <Button kind="submit" variant=ButtonVariant::Primary busy=save.pending()>"Save and check again"</Button>
                </div>
            </ActionForm>
        </Card>
    }
}

/// What the form's fields hold at first: the rules, or what was typed into a form that comes back because it was refused.
struct Shown {
    minimum: String,
    maximum: String,
    tokenizer: String,
    roles: Vec<String>,
}

impl Shown {
    fn of(config: &ValidationConfig) -> Self {
        let stored = Self {
            minimum: format::count(config.min_user_message_length.into()),
            maximum: format::count(config.max_tokens.into()),
            tokenizer: config.tokenizer.as_str().to_owned(),
            roles: config.allowed_roles.clone(),
        };
        let Some(refused) = refused_form(SaveRules::PATH) else { return stored };
        Self {
            minimum: refused.typed("min_user_message_length").unwrap_or(stored.minimum),
            maximum: refused.typed("max_tokens").unwrap_or(stored.maximum),
            tokenizer: refused.typed("tokenizer").unwrap_or(stored.tokenizer),
            roles: refused.all_typed("allowed_roles"),
        }
    }
}

/// How short and how long a prompt may be.
#[component]
fn Limits(minimum: String, maximum: String, error: Memo<Option<AppError>>) -> impl IntoView {
    let error_of = move |field: &'static str| Signal::derive(move || error_at(error.get().as_ref(), field));
    view! {
        <div class="form-columns">
            <NumberField
                id="settings-minimum"
                name="min_user_message_length"
                label="Shortest user message"
                hint="In characters. A record whose last user message is shorter is invalid."
                value=minimum
                error=error_of("min_user_message_length")
            />
            <NumberField
                id="settings-maximum"
                name="max_tokens"
                label="Longest prompt"
                hint="In tokens, of the tokenizer below."
                value=maximum
                error=error_of("max_tokens")
            />
        </div>
    }
}

#[component]
fn NumberField(
    id: &'static str,
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    value: String,
    error: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <Field id label hint error>
            <input
                type="text"
                inputmode="numeric"
                autocomplete="off"
                id=id
                name=name
                value=value
                aria-describedby=described_by(id)
            />
        </Field>
    }
}

#[component]
fn TokenizerField(chosen: String, error: Signal<Option<String>>) -> impl IntoView {
    let options = Tokenizer::ALL.map(|tokenizer| (tokenizer.as_str().to_owned(), words_of(tokenizer).to_owned()));
    let chosen = RwSignal::new(chosen);
    view! {
        <Field id="settings-tokenizer" label="Tokenizer" hint="Whose tokens are counted." error>
            <Select
                id="settings-tokenizer"
                name="tokenizer"
                options=Signal::stored(options.to_vec())
                chosen
                on_choose=move |name: String| chosen.set(name)
            />
        </Field>
    }
}

const fn words_of(tokenizer: Tokenizer) -> &'static str {
    match tokenizer {
        Tokenizer::O200kBase => "o200k_base (GPT-4o and later)",
        Tokenizer::Cl100kBase => "cl100k_base (GPT-4 and GPT-3.5)",
    }
}

/// A box per known role, and per role that the rules name besides.
#[component]
fn AllowedRoles(allowed: Vec<String>, rules: Vec<String>, error: Signal<Option<String>>) -> impl IntoView {
    let other = rules.iter().filter(|role| !KNOWN_ROLES.contains(&role.as_str())).cloned();
    let roles = KNOWN_ROLES.map(str::to_owned).into_iter().chain(other);
    let role_box = |role: String| {
        let words = visible(&role).into_owned();
        view! {
            <label class="check">
                <input type="checkbox" name="allowed_roles[]" checked=allowed.contains(&role) value=role/>
                <bdi>{words}</bdi>
            </label>
        }
    };
    view! {
        <fieldset class="field" aria-describedby="settings-roles-error">
            <legend class="field__label">"Allowed roles"</legend>
            <div class="row">{roles.map(role_box).collect_view()}</div>
            <p class="field__error" id="settings-roles-error" role="alert">{move || error.get()}</p>
        </fieldset>
    }
}
