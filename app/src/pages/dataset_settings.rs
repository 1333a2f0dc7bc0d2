//! `/finetune/:dataset_id/settings`: name, objective, the rules of validation, statistics, deletion.

use anneal_server::api::{delete_dataset, get_overview, update_dataset, update_validation_config};
use anneal_server::format;
use anneal_server::types::dataset::Dataset;
use anneal_server::types::error::AppError;
use anneal_server::types::overview::DatasetOverview;
use anneal_server::types::validation::{Tokenizer, ValidationConfig};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_navigate, use_params_map};

use crate::frame::TopBar;
use crate::server_only;
use crate::ui::{Button, ButtonVariant, Card, ErrorView, Field, RelativeTime, Spinner, described_by, use_toaster};

/// Roles offered as checkboxes, besides those that the dataset's rules already name.
const KNOWN_ROLES: [&str; 6] = ["system", "developer", "user", "assistant", "tool", "function"];

/// Loads the dataset, then the four cards.
#[component]
pub fn DatasetSettingsPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("dataset_id")).unwrap_or_default());
    let overview = Resource::new(move || id.get(), get_overview);
    view! {
        <Suspense fallback=|| view! { <Spinner label="Loading the settings…"/> }>
            {move || Suspend::new(async move {
                match overview.await {
                    Ok(overview) => view! { <Settings overview/> }.into_any(),
                    Err(error) => {
                        server_only::set_status_of(&error);
                        view! {
                            <TopBar title="Settings" parents=vec![("Finetune".to_owned(), "/finetune".to_owned())]/>
                            <main class="page" id="main" tabindex="-1"><ErrorView error/></main>
                        }
                            .into_any()
                    }
                }
            })}
        </Suspense>
    }
}

#[component]
fn Settings(overview: DatasetOverview) -> impl IntoView {
    let dataset = overview.dataset.clone();
    let parents = vec![
        ("Finetune".to_owned(), "/finetune".to_owned()),
        (dataset.name.clone(), format!("/finetune/{}", dataset.id)),
    ];
    view! {
        <Title text=format!("Settings of {}", dataset.name)/>
        <TopBar title="Settings" parents/>
        <main class="page page--narrow stack" id="main" tabindex="-1">
            <AboutCard dataset=dataset.clone()/>
            <RulesCard dataset=dataset.clone()/>
            <StatisticsCard overview/>
            <DangerCard dataset/>
        </main>
    }
}

/// The message of an error that belongs to this field.
fn error_at(error: Option<AppError>, name: &str) -> Option<String> {
    match error {
        Some(AppError::Invalid { field: Some(field), message }) if field == name => Some(message),
        _ => None,
    }
}

/// An error that belongs to none of these fields, for the end of the form.
fn error_elsewhere(error: Option<AppError>, fields: &[&str]) -> Option<AppError> {
    error.filter(
        |error| !matches!(error, AppError::Invalid { field: Some(field), .. } if fields.contains(&field.as_str())),
    )
}

#[component]
fn AboutCard(dataset: Dataset) -> impl IntoView {
    let toaster = use_toaster();
    let id = StoredValue::new(dataset.id);
    let name = RwSignal::new(dataset.name);
    let objective = RwSignal::new(dataset.objective);
    let save = Action::new(move |(): &()| async move {
        let saved = update_dataset(id.get_value(), name.get_untracked(), objective.get_untracked()).await;
        if saved.is_ok() {
            toaster.success("Saved.");
        }
        saved
    });
    let error = Memo::new(move |_| save.value().get().and_then(Result::err));
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        save.dispatch(());
    };
    view! {
        <Card title="About">
            <form class="stack" on:submit=on_submit>
                <Field id="settings-name" label="Name" error=Signal::derive(move || error_at(error.get(), "name"))>
                    <input
                        type="text"
                        id="settings-name"
                        required
                        maxlength="200"
                        autocomplete="off"
                        value=name.get_untracked()
                        aria-describedby=described_by("settings-name")
                        on:input=move |event| name.set(event_target_value(&event))
                    />
                </Field>
                <Field
                    id="settings-objective"
                    label="Training objective"
                    optional=true
                    hint="What the model should get better at, in your words."
                    error=Signal::derive(move || error_at(error.get(), "objective"))
                >
                    <textarea
                        id="settings-objective"
                        rows="3"
                        maxlength="10000"
                        aria-describedby=described_by("settings-objective")
                        on:input=move |event| objective.set(event_target_value(&event))
                    >
                        {objective.get_untracked()}
                    </textarea>
                </Field>
                {move || error_elsewhere(error.get(), &["name", "objective"]).map(|error| view! { <ErrorView error/> })}
                <div class="row"><Button kind="submit" variant=ButtonVariant::Primary busy=save.pending()>"Save"</Button></div>
            </form>
        </Card>
    }
}

const RULE_FIELDS: [&str; 4] = ["min_user_message_length", "max_tokens", "allowed_roles", "tokenizer"];

#[component]
fn RulesCard(dataset: Dataset) -> impl IntoView {
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
    let minimum = RwSignal::new(dataset.validation_config.min_user_message_length.to_string());
    let maximum = RwSignal::new(dataset.validation_config.max_tokens.to_string());
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
    let mut roles: Vec<String> = KNOWN_ROLES.map(str::to_owned).to_vec();
    roles.extend(
        dataset.validation_config.allowed_roles.into_iter().filter(|role| !KNOWN_ROLES.contains(&role.as_str())),
    );
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
                    <select
                        id="settings-tokenizer"
                        aria-describedby=described_by("settings-tokenizer")
                        on:change=move |event| config.update(|config| config.tokenizer = tokenizer_of(&event_target_value(&event)))
                    >
                        {TOKENIZERS
                            .map(|(tokenizer, words)| {
                                let is_chosen = config.get_untracked().tokenizer == tokenizer;
                                view! { <option value=tokenizer.as_str() selected=is_chosen>{words}</option> }
                            })
                            .collect_view()}
                    </select>
                </Field>
                <fieldset class="field" aria-describedby="settings-roles-error">
                    <legend class="field__label">"Allowed roles"</legend>
                    <div class="row">{roles.into_iter().map(|role| role_box(role, config)).collect_view()}</div>
                    <p class="field__error" id="settings-roles-error" role="alert">{error_of("allowed_roles")}</p>
                </fieldset>
                {move || error_elsewhere(error.get(), &RULE_FIELDS).map(|error| view! { <ErrorView error/> })}
                <div class="row">
                    <Button kind="submit" variant=ButtonVariant::Primary busy=save.pending()>"Save and check again"</Button>
                </div>
            </form>
        </Card>
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

#[component]
fn StatisticsCard(overview: DatasetOverview) -> impl IntoView {
    let imports = i64::try_from(overview.imports.len()).unwrap_or(i64::MAX);
    let dry_runs = i64::try_from(overview.dry_run_history.len()).unwrap_or(i64::MAX);
    let hygiene = overview.hygiene;
    let facts = [
        ("Records", format::count(hygiene.total + hygiene.pending)),
        ("Valid", format::count(hygiene.valid)),
        ("Invalid", format::count(hygiene.rejected)),
        ("Duplicates kept aside", format::count(hygiene.duplicates_removed)),
        ("Not usable in all", hygiene.rejection_rate),
        ("With a recorded answer", format::count(overview.recorded_responses)),
        ("Imports", if imports >= 50 { "50 or more".to_owned() } else { format::count(imports) }),
        ("Dry runs", if dry_runs >= 50 { "50 or more".to_owned() } else { format::count(dry_runs) }),
        ("Dataset id", overview.dataset.id),
    ];
    let (created_at, updated_at, now) = (overview.dataset.created_at, overview.dataset.updated_at, overview.now);
    view! {
        <Card title="Statistics">
            <dl class="settings-facts">
                {facts
                    .map(|(name, value)| view! { <div class="settings-facts__row"><dt>{name}</dt><dd>{value}</dd></div> })
                    .collect_view()}
                <div class="settings-facts__row"><dt>"Created"</dt><dd><RelativeTime time=created_at now=now/></dd></div>
                <div class="settings-facts__row"><dt>"Last changed"</dt><dd><RelativeTime time=updated_at now=now/></dd></div>
            </dl>
        </Card>
    }
}

#[component]
fn DangerCard(dataset: Dataset) -> impl IntoView {
    let toaster = use_toaster();
    let navigate = use_navigate();
    let id = StoredValue::new(dataset.id);
    let name = StoredValue::new(dataset.name.clone());
    let typed = RwSignal::new(String::new());
    let delete = Action::new(move |(): &()| {
        let navigate = navigate.clone();
        async move {
            let deleted = delete_dataset(id.get_value(), typed.get_untracked()).await;
            if deleted.is_ok() {
                toaster.success(format!("Deleted “{}”.", name.get_value()));
                navigate("/finetune", leptos_router::NavigateOptions::default());
            }
            deleted
        }
    });
    let error = Memo::new(move |_| delete.value().get().and_then(Result::err));
    let is_other = move || name.with_value(|name| typed.read().trim() != name.trim());
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        delete.dispatch(());
    };
    view! {
        <section class="card card--danger" aria-labelledby="danger-title">
            <div class="card__head"><h3 class="card__title" id="danger-title">"Danger zone"</h3></div>
            <form class="stack" on:submit=on_submit>
                <p>
                    "Deleting the dataset deletes its records, topics, graders and dry runs. This cannot be undone; download the records first if you may need them."
                </p>
                <Field
                    id="settings-confirm"
                    label=format!("Type “{}” to confirm", dataset.name)
                    error=Signal::derive(move || error_at(error.get(), "confirm_name"))
                >
                    <input
                        type="text"
                        id="settings-confirm"
                        autocomplete="off"
                        aria-describedby=described_by("settings-confirm")
                        on:input=move |event| typed.set(event_target_value(&event))
                    />
                </Field>
                {move || error_elsewhere(error.get(), &["confirm_name"]).map(|error| view! { <ErrorView error/> })}
                <div class="row">
                    <Button kind="submit" variant=ButtonVariant::Danger disabled=Signal::derive(is_other) busy=delete.pending()>
                        "Delete this dataset"
                    </Button>
                </div>
            </form>
        </section>
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
