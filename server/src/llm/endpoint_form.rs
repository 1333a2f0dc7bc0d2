//! What is entered of an endpoint, checked field by field.

use reqwest::Url;

use crate::db::endpoints::{EndpointRow, StoredKey};
use crate::error::{ServiceError, ServiceResult};
use crate::secrets::Secrets;
use crate::types::endpoint::{EndpointForm, KeyChoice, ModelPrice};
use crate::types::error::AppError;

const MAX_NAME_CHARS: usize = 100;
const MAX_KEY_BYTES: usize = 4_096;
const MAX_PRICES: usize = 1_000;
/// US dollars a million tokens; nothing costs more, so that a slip of the pen is found.
const MAX_PRICE: f64 = 100_000.0;

/// The endpoint to be stored. `before` is what it was; `new_id` names a new one.
pub fn row_of(
    secrets: &Secrets,
    before: Option<&EndpointRow>,
    new_id: impl FnOnce() -> String,
    form: EndpointForm,
) -> ServiceResult<EndpointRow> {
    let name = form.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS {
        return Err(AppError::invalid_field("name", "Give the endpoint a name of 1 to 100 characters.").into());
    }
    let base_url = base_url_of(&form.base_url)?;
    in_range("concurrency", form.concurrency, 1..=1_024, "calls at once")?;
    in_range("timeout_s", form.timeout_s, 1..=3_600, "seconds")?;
    if let Some(limit) = form.requests_per_minute {
        in_range("requests_per_minute", limit, 1..=10_000_000, "calls a minute")?;
    }
    if let Some(limit) = form.tokens_per_minute {
        in_range("tokens_per_minute", limit, 1..=4_000_000_000, "tokens a minute")?;
    }
    let id = before.map_or_else(new_id, |before| before.id.clone());
    let key = key_of(secrets, &id, before, &base_url, form.key)?;
    // At another address nobody knows what there is.
    let same = before.filter(|before| before.base_url == base_url.as_str());
    Ok(EndpointRow {
        id,
        name,
        base_url: base_url.to_string(),
        key,
        concurrency: form.concurrency,
        requests_per_minute: form.requests_per_minute,
        tokens_per_minute: form.tokens_per_minute,
        timeout_s: form.timeout_s,
        prices: prices_of(form.prices)?,
        models: same.map(|before| before.models.clone()).unwrap_or_default(),
        models_at: same.and_then(|before| before.models_at),
    })
}

fn in_range(field: &str, value: u32, range: std::ops::RangeInclusive<u32>, what: &str) -> Result<(), AppError> {
    if range.contains(&value) {
        return Ok(());
    }
    let message = format!("Enter {} to {} {what}.", range.start(), crate::format::count(i64::from(*range.end())));
    Err(AppError::invalid_field(field, message))
}

/// As it is stored: without a slash at the end, and without the route that people copy along.
fn base_url_of(entered: &str) -> Result<Url, AppError> {
    let wrong = |message: &str| AppError::invalid_field("base_url", message);
    let mut url = Url::parse(entered.trim())
        .map_err(|_| wrong("Enter the whole base URL, like https://api.openai.com/v1 or http://localhost:11434/v1."))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("The base URL begins with http:// or https:// and names a host."));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("Take the user name and password out of the base URL; a key has its own field."));
    }
    url.set_fragment(None);
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/chat/completions").unwrap_or(path).trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

fn key_of(
    secrets: &Secrets,
    id: &str,
    before: Option<&EndpointRow>,
    base_url: &Url,
    choice: KeyChoice,
) -> ServiceResult<StoredKey> {
    match choice {
        KeyChoice::None => Ok(StoredKey::None),
        KeyChoice::Environment { variable } => Ok(StoredKey::Environment(variable_of(&variable)?)),
        KeyChoice::Stored { key } => seal(secrets, id, key.trim()),
        KeyChoice::Keep => {
            let Some(before) = before else { return Ok(StoredKey::None) };
            // Else a slip of the pen, or somebody at the page, would send it anywhere.
            let is_same_host = Url::parse(&before.base_url).is_ok_and(|old| old.origin() == base_url.origin());
            if before.key != StoredKey::None && !is_same_host {
                let message = "The base URL leads to another host now. Choose its key again, so that no key goes where it does not belong.";
                return Err(AppError::invalid_field("key", message).into());
            }
            Ok(before.key.clone())
        }
    }
}

/// Only what is named as keys are: the server's environment holds more than keys.
fn variable_of(entered: &str) -> Result<String, AppError> {
    let name = entered.trim();
    let is_name = name.len() <= 100
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        && ["_KEY", "_TOKEN"].iter().any(|end| name.ends_with(end))
        && !name.starts_with("ANNEAL_");
    if is_name {
        return Ok(name.to_owned());
    }
    let message = "Name a variable in capitals that ends in _KEY or _TOKEN, like OPENAI_API_KEY; the server's own (ANNEAL_…) are never sent.";
    Err(AppError::invalid_field("key", message))
}

fn seal(secrets: &Secrets, id: &str, key: &str) -> ServiceResult<StoredKey> {
    let is_key = !key.is_empty() && key.len() <= MAX_KEY_BYTES && key.chars().all(|c| c.is_ascii_graphic());
    if !is_key {
        let message = "Enter the key as the provider shows it: letters, digits and signs, no spaces. An endpoint without a key needs none.";
        return Err(AppError::invalid_field("key", message).into());
    }
    let bytes = secrets.seal(id, key).map_err(|error| ServiceError::internal("storing a key", error))?;
    // Short ones would be given away by their end.
    let hint = if key.len() >= 16 { format!("…{}", &key[key.len() - 4..]) } else { "…".to_owned() };
    Ok(StoredKey::Sealed { bytes, hint })
}

fn prices_of(prices: Vec<ModelPrice>) -> Result<Vec<ModelPrice>, AppError> {
    let wrong = |message: String| AppError::invalid_field("prices", message);
    if prices.len() > MAX_PRICES {
        return Err(wrong(
            "The price table has more than 1,000 lines. Join models with * at the end of a name.".to_owned(),
        ));
    }
    let mut seen = std::collections::BTreeSet::new();
    let mut checked = Vec::with_capacity(prices.len());
    for price in prices {
        let model = price.model.trim().to_owned();
        if model.is_empty() || model.chars().count() > super::endpoints::MAX_MODEL_CHARS {
            return Err(wrong("A line of the price table has no model. Name it, or take the line out.".to_owned()));
        }
        let amounts = [Some(price.input), price.cached_input, Some(price.output)];
        if !amounts.into_iter().flatten().all(|amount| (0.0..=MAX_PRICE).contains(&amount)) {
            return Err(wrong(format!("The price of {model} must be 0 to 100,000 US dollars a million tokens.")));
        }
        if !seen.insert(model.clone()) {
            return Err(wrong(format!("The price table has {model} twice. Take one line out.")));
        }
        checked.push(ModelPrice { model, ..price });
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> EndpointForm {
        EndpointForm {
            name: " Local ".to_owned(),
            base_url: "http://localhost:11434/v1/".to_owned(),
            ..EndpointForm::default()
        }
    }

    fn row(before: Option<&EndpointRow>, form: EndpointForm) -> Result<EndpointRow, String> {
        let secrets = Secrets::new(std::path::Path::new("/"), Some("for the tests of this module"));
        row_of(&secrets, before, || "new".to_owned(), form).map_err(|error| match error {
            ServiceError::App(AppError::Invalid { field: Some(field), .. }) => field,
            other => panic!("{other}"),
        })
    }

    #[test]
    fn an_endpoint_without_a_key_is_fine() {
        let stored = row(None, form()).unwrap();
        assert_eq!((stored.id.as_str(), stored.name.as_str(), stored.key), ("new", "Local", StoredKey::None));
        assert_eq!(stored.base_url, "http://localhost:11434/v1");
    }

    #[test]
    fn base_urls_are_mended_or_refused() {
        let url = |text: &str| base_url_of(text).map(|url| url.to_string());
        assert_eq!(url("https://api.openai.com/v1/chat/completions").unwrap(), "https://api.openai.com/v1");
        assert_eq!(
            url(" https://x.openai.azure.com/openai/?api-version=preview ").unwrap(),
            "https://x.openai.azure.com/openai?api-version=preview"
        );
        for broken in
            ["", "api.openai.com/v1", "ftp://h/v1", "http://", "file:///etc/passwd", "https://u:p@h/v1", "javascript:1"]
        {
            assert!(url(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn keys_are_sealed_and_go_to_no_other_host() {
        let with_key = EndpointForm { key: KeyChoice::Stored { key: " sk-0123456789abcdef ".to_owned() }, ..form() };
        let stored = row(None, with_key).unwrap();
        let StoredKey::Sealed { hint, bytes } = &stored.key else { panic!() };
        assert_eq!(hint, "…cdef");
        assert!(!bytes.windows(5).any(|part| part == b"01234"));
        let kept = EndpointForm { key: KeyChoice::Keep, base_url: "http://localhost:11434/other".to_owned(), ..form() };
        assert_eq!(row(Some(&stored), kept.clone()).unwrap().key, stored.key);
        for elsewhere in ["http://localhost:11435/v1", "https://localhost:11434/v1", "http://evil.example/v1"] {
            let moved = EndpointForm { base_url: elsewhere.to_owned(), ..kept.clone() };
            assert_eq!(row(Some(&stored), moved), Err("key".to_owned()), "{elsewhere}");
        }
        for broken in ["", "with space", "line\nbreak", "kürzel"] {
            let form = EndpointForm { key: KeyChoice::Stored { key: broken.to_owned() }, ..form() };
            assert_eq!(row(None, form), Err("key".to_owned()), "{broken}");
        }
    }

    #[test]
    fn only_variables_that_hold_keys_are_read() {
        for (name, is_fine) in [
            ("OPENAI_API_KEY", true),
            ("HF_TOKEN", true),
            ("ANNEAL_TOKEN", false),
            ("ANNEAL_SECRET_KEY", false),
            ("PATH", false),
            ("openai_api_key", false),
            ("A B_KEY", false),
            ("", false),
        ] {
            assert_eq!(variable_of(name).is_ok(), is_fine, "{name}");
        }
    }

    #[test]
    fn numbers_out_of_range_are_refused_at_their_field() {
        let price =
            |model: &str, input: f64| ModelPrice { model: model.to_owned(), input, cached_input: None, output: 1.0 };
        let cases: [(&str, EndpointForm); 9] = [
            ("name", EndpointForm { name: "  ".to_owned(), ..form() }),
            ("concurrency", EndpointForm { concurrency: 0, ..form() }),
            ("concurrency", EndpointForm { concurrency: 1_025, ..form() }),
            ("timeout_s", EndpointForm { timeout_s: 0, ..form() }),
            ("requests_per_minute", EndpointForm { requests_per_minute: Some(0), ..form() }),
            ("tokens_per_minute", EndpointForm { tokens_per_minute: Some(0), ..form() }),
            ("prices", EndpointForm { prices: vec![price("m", -1.0)], ..form() }),
            ("prices", EndpointForm { prices: vec![price("m", f64::NAN)], ..form() }),
            ("prices", EndpointForm { prices: vec![price("m", 1.0), price(" m", 2.0)], ..form() }),
        ];
        for (field, form) in cases {
            assert_eq!(row(None, form), Err(field.to_owned()));
        }
    }
}
