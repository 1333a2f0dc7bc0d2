//! A form that was sent without JavaScript and refused: its page comes back with the error and with what was typed.

use anneal_server::types::error::AppError;
use leptos::prelude::*;
use leptos::server::ServerActionError;
use leptos::server_fn::error::ServerFnUrlError;
use leptos_router::hooks::use_location;

use crate::contexts::pairs_of;

/// What the address says of a refused form.
#[derive(Debug, Clone)]
pub struct RefusedForm {
    /// Why it was refused.
    pub error: AppError,
    typed: Vec<(String, String)>,
}

impl RefusedForm {
    /// What was typed into a field.
    pub fn typed(&self, name: &str) -> Option<String> {
        self.typed.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
    }

    /// Everything that was ticked under a name.
    pub fn all_typed(&self, name: &str) -> Vec<String> {
        self.typed.iter().filter(|(other, _)| other == name).map(|(_, value)| value.clone()).collect()
    }
}

/// Whether the page comes back because the form that is sent to this path was refused.
pub fn refused_form(path: &str) -> Option<RefusedForm> {
    let refused = use_context::<ServerActionError>().filter(|refused| refused.path() == path)?;
    let error = ServerFnUrlError::<AppError>::decode_err(refused.err());
    Some(RefusedForm { error, typed: use_location().search.with_untracked(|search| pairs_of(search)) })
}
