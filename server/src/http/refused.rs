//! Where a form leads that was sent without JavaScript and refused: back to its page, which shows the error at its place and
//! what was typed. Both are in the address, as the framework has it for its own forms (`__path`, `__err`).

use leptos::server_fn::error::ServerFnUrlError;

use crate::types::error::AppError;

/// What is typed beyond this is not carried along: no browser takes an address of any length.
const MAX_TYPED_BYTES: usize = 8 << 10;

/// The address of a form's page, filled. `form` is where the form is sent to.
pub(crate) fn refused_address(page: &str, form: &str, error: &AppError, typed: &[(&str, &str)]) -> String {
    // Only a whole address can be taken apart; its first part goes again.
    let Ok(mut url) = ServerFnUrlError::new(form, error.clone()).to_url(&format!("http://localhost{page}")) else {
        return page.to_owned();
    };
    if url.path().starts_with("//") {
        // The id in it was no id, and this would lead to another host.
        url.set_path("/finetune");
    }
    let mut room = MAX_TYPED_BYTES;
    for (name, value) in typed {
        if value.len() <= room {
            room -= value.len();
            url.query_pairs_mut().append_pair(name, value);
        }
    }
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_holds_the_error_and_what_was_typed() {
        let error = AppError::invalid_field("name", "no & never");
        let long = "x".repeat(MAX_TYPED_BYTES + 1);
        let address = refused_address("/a/b?dialog=add", "/upload", &error, &[("objective", &long), ("name", "ä&b")]);
        assert!(address.starts_with("/a/b?dialog=add&__path=%2Fupload&__err="), "{address}");
        assert!(address.ends_with("&name=%C3%A4%26b"), "{address}");
        let address = refused_address("/finetune/../..//evil.example/settings", "/upload", &error, &[]);
        assert!(address.starts_with("/finetune?"), "{address}");
    }
}
