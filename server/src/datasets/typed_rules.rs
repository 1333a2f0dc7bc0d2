//! The rules of validation as a form sends them.

use crate::format;
use crate::types::error::AppError;
use crate::types::validation::{Tokenizer, ValidationConfig};

/// What was typed and ticked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypedRules {
    /// A whole number, with or without thousands separators.
    pub min_user_message_length: String,
    /// A whole number.
    pub max_tokens: String,
    /// A tokenizer's name.
    pub tokenizer: String,
    /// The ticked roles.
    pub allowed_roles: Vec<String>,
}

impl TypedRules {
    /// By the names of the form's fields.
    pub fn fields(&self) -> Vec<(&'static str, &str)> {
        let typed = [
            ("min_user_message_length", self.min_user_message_length.as_str()),
            ("max_tokens", self.max_tokens.as_str()),
            ("tokenizer", self.tokenizer.as_str()),
        ];
        let roles = self.allowed_roles.iter().map(|role| ("allowed_roles", role.as_str()));
        typed.into_iter().chain(roles).collect()
    }

    /// The rules, or an error at the field that cannot be read. Whether they make sense is decided where they are saved.
    pub fn read(self) -> Result<ValidationConfig, AppError> {
        Ok(ValidationConfig {
            min_user_message_length: number("min_user_message_length", &self.min_user_message_length)?,
            max_tokens: number("max_tokens", &self.max_tokens)?,
            allowed_roles: self.allowed_roles,
            tokenizer: Tokenizer::ALL.into_iter().find(|tokenizer| tokenizer.as_str() == self.tokenizer).ok_or_else(
                || AppError::invalid_field("tokenizer", "There is no such tokenizer. Choose one of the list."),
            )?,
        })
    }
}

fn number(field: &str, text: &str) -> Result<u32, AppError> {
    text.trim().replace(',', "").parse::<u32>().map_err(|_| {
        let message = format!("“{text}” is no whole number from 0 to {}.", format::count(u32::MAX.into()));
        AppError::invalid_field(field, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(minimum: &str, maximum: &str, tokenizer: &str) -> TypedRules {
        TypedRules {
            min_user_message_length: minimum.to_owned(),
            max_tokens: maximum.to_owned(),
            tokenizer: tokenizer.to_owned(),
            allowed_roles: vec!["user".to_owned()],
        }
    }

    #[test]
    fn forms_are_read_or_refused_at_their_field() {
        let config = typed(" 12 ", "16,000", "cl100k_base").read().unwrap();
        assert_eq!((config.min_user_message_length, config.max_tokens), (12, 16_000));
        assert_eq!((config.tokenizer, config.allowed_roles), (Tokenizer::Cl100kBase, vec!["user".to_owned()]));
        for (form, expected) in [
            (typed("x", "1", "o200k_base"), "min_user_message_length"),
            (typed("1", "-1", "o200k_base"), "max_tokens"),
            (typed("1", "", "o200k_base"), "max_tokens"),
            (typed("1", "1", "none"), "tokenizer"),
        ] {
            let AppError::Invalid { field, .. } = form.clone().read().unwrap_err() else { panic!("{form:?}") };
            assert_eq!(field.as_deref(), Some(expected), "{form:?}");
        }
    }
}
