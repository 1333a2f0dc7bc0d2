//! The endpoints that the environment names, taken over when the program first finds any.

use super::handle::Environment;
use crate::clock::now_ms;
use crate::datasets::new_id;
use crate::db::settings;
use crate::db::{self};
use crate::error::ServiceResult;
use crate::state::AppState;
use crate::types::endpoint::{EndpointForm, KeyChoice};

/// Stores an endpoint for every provider whose variables are set, once: what a user deletes does not come back. Answers how many.
pub async fn read_environment(state: &AppState) -> ServiceResult<usize> {
    if settings::get(&state.db, settings::ENDPOINTS_READ).await?.is_some() || db::endpoints::count(&state.db).await? > 0
    {
        return Ok(0);
    }
    let mut tx = state.db.begin().await?;
    let mut count = 0;
    for form in endpoints_of(state.llm.environment()) {
        let name = form.name.clone();
        match super::endpoints::row_of(state.llm.secrets(), None, new_id, form) {
            Ok(row) => {
                db::endpoints::put(&mut tx, &row).await?;
                count += 1;
            }
            // Somebody's typing error in a variable is no reason not to start.
            Err(error) => tracing::warn!(endpoint = name, %error, "the environment's endpoint is not taken over"),
        }
    }
    if count > 0 {
        settings::set(&mut tx, settings::ENDPOINTS_READ, &now_ms().to_string()).await?;
    }
    tx.commit().await?;
    Ok(count)
}

/// Name, the key's variable, where it is.
const PROVIDERS: [(&str, &str, &str); 3] = [
    ("Fireworks", "FIREWORKS_API_KEY", "https://api.fireworks.ai/inference/v1"),
    ("Anthropic", "ANTHROPIC_API_KEY", "https://api.anthropic.com/v1"),
    ("OpenRouter", "OPENROUTER_API_KEY", "https://openrouter.ai/api/v1"),
];

fn endpoints_of(environment: &Environment) -> Vec<EndpointForm> {
    let form = |name: &str, base_url: String, variable: Option<&str>| EndpointForm {
        name: name.to_owned(),
        base_url,
        key: variable.map_or(KeyChoice::None, |variable| KeyChoice::Environment { variable: variable.to_owned() }),
        ..EndpointForm::default()
    };
    let mut found = Vec::new();
    let has = |name: &str| environment.get(name).is_some();
    let openai = "OPENAI_API_KEY";
    match environment.get("OPENAI_BASE_URL") {
        Some(base_url) => {
            let name = if base_url.contains("api.openai.com") { "OpenAI" } else { "OPENAI_BASE_URL" };
            found.push(form(name, base_url, Some(openai).filter(|name| has(name))));
        }
        None if has(openai) => found.push(form("OpenAI", "https://api.openai.com/v1".to_owned(), Some(openai))),
        None => {}
    }
    // (Its key alone does not say where it is.)
    if let (true, Some(resource)) = (has("AZURE_OPENAI_API_KEY"), environment.get("AZURE_OPENAI_ENDPOINT")) {
        let base_url = format!("{}/openai/v1", resource.trim_end_matches('/'));
        found.push(form("Azure OpenAI", base_url, Some("AZURE_OPENAI_API_KEY")));
    }
    for (name, variable, base_url) in PROVIDERS {
        if has(variable) {
            found.push(form(name, base_url.to_owned(), Some(variable)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &'static [(&'static str, &'static str)]) -> Vec<(String, String, bool)> {
        let environment = Environment::of(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        });
        let seen = |form: EndpointForm| (form.name, form.base_url, form.key != KeyChoice::None);
        endpoints_of(&environment).into_iter().map(seen).collect()
    }

    #[test]
    fn variables_become_endpoints() {
        let entry = |name: &str, url: &str, key| (name.to_owned(), url.to_owned(), key);
        assert_eq!(found(&[]), []);
        assert_eq!(found(&[("OPENAI_API_KEY", " ")]), []);
        assert_eq!(found(&[("OPENAI_API_KEY", "k")]), [entry("OpenAI", "https://api.openai.com/v1", true)]);
        assert_eq!(
            found(&[("OPENAI_BASE_URL", "http://localhost:8000/v1")]),
            [entry("OPENAI_BASE_URL", "http://localhost:8000/v1", false)]
        );
        assert_eq!(found(&[("AZURE_OPENAI_API_KEY", "k")]), []);
        assert_eq!(
            found(&[
                ("AZURE_OPENAI_API_KEY", "k"),
                ("AZURE_OPENAI_ENDPOINT", "https://r.openai.azure.com/"),
                ("ANTHROPIC_API_KEY", "k")
            ]),
            [
                entry("Azure OpenAI", "https://r.openai.azure.com/openai/v1", true),
                entry("Anthropic", "https://api.anthropic.com/v1", true)
            ]
        );
    }
}
