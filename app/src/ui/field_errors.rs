//! Where in a form an error is shown: at the field it is about, else at the form's end.

use anneal_server::types::error::AppError;

/// The message of an error that belongs to this field.
pub fn error_at(error: Option<&AppError>, name: &str) -> Option<String> {
    match error {
        Some(AppError::Invalid { field: Some(field), message }) if field == name => Some(message.clone()),
        _ => None,
    }
}

/// An error that belongs to none of these fields, for the end of the form.
pub fn error_elsewhere(error: Option<AppError>, fields: &[&str]) -> Option<AppError> {
    error.filter(
        |error| !matches!(error, AppError::Invalid { field: Some(field), .. } if fields.contains(&field.as_str())),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_shown_at_its_field_or_at_the_end() {
        let at_name = AppError::invalid_field("name", "no");
        assert_eq!(error_at(Some(&at_name), "name").as_deref(), Some("no"));
        assert_eq!(error_at(Some(&at_name), "objective"), None);
        assert_eq!(error_elsewhere(Some(at_name), &["name"]), None);
        assert!(error_elsewhere(Some(AppError::invalid("x")), &["name"]).is_some());
    }
}
