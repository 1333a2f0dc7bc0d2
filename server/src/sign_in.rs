//! Where signing in leads back to: the page that was asked for, on this server and on no other.

use std::borrow::Cow;
use std::fmt::Write;

/// Where one goes if nothing else was asked for.
pub const HOME: &str = "/finetune";

/// The address of the sign-in page that leads back to `path` (with its query).
pub fn sign_in_address(path: &str) -> String {
    let mut address = "/login?next=".to_owned();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            address.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(address, "%{byte:02X}");
        }
    }
    address
}

/// The page to go to after signing in, for the address (decoded as it came in the request) that was asked for: only pages
/// are gone to. A dataset's download leads to its dataset, anything else to [`HOME`]: what is no page shows a person raw
/// data or an error, and what is another server's is no way back at all. (Browsers take `//host` and `/\host` for another
/// server, drop tabs and line breaks, and resolve `..`, encoded or not; none of that is in a page's path.)
pub fn way_back(next: &str) -> Cow<'_, str> {
    let path = next.split(['?', '#']).next().unwrap_or_default();
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        _ if !is_plain => HOME.into(),
        ["", "" | "finetune"] => next.into(),
        ["", "finetune", id] | ["", "finetune", id, "settings"] if is_id(id) => next.into(),
        ["", "download", "dry-run", ..] => HOME.into(),
        ["", "download", id, _, ..] if is_id(id) => format!("{HOME}/{id}").into(),
        _ => HOME.into(),
    }
}

/// Whether a page of this name may exist: ids, and `new`.
fn is_id(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_this_server_are_gone_to() {
        for path in [
            "/",
            "/finetune",
            "/finetune?x=1",
            "/finetune/new",
            "/finetune/0197-a?step=coverage&x=%2F%2Fevil",
            "/finetune/0197-a/settings#rules",
        ] {
            assert_eq!(way_back(path), path);
        }
        for file in ["/download/0197-a/records.jsonl?format=chat", "/download/0197-a/split/train.jsonl"] {
            assert_eq!(way_back(file), "/finetune/0197-a");
        }
        for other in [
            "",
            "finetune",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/a\\b",
            "https://evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/\n/evil.example",
            "\t//evil.example",
            " //evil.example",
            "/a b",
            "/ä",
            "/api/datasets/list",
            "/events/0197-a",
            "/upload",
            "/upload/preview",
            "/healthz",
            "/pkg/anneal.css",
            "/nowhere",
            "/download/dry-run/0197-a/report.json",
            "/download/..%2f/x",
            "/finetunes",
            "/finetune/",
            "/finetune/a/b",
            "/finetune/../api/x",
            "/finetune/%2e%2e/api",
            "/finetune/..",
            "/a/b//c",
            "/%2F%2Fevil",
            "/login",
            "/login?next=/login",
            "/x\r\nSet-Cookie: a=b",
        ] {
            assert_eq!(way_back(other), HOME, "{other:?}");
        }
    }

    #[test]
    fn the_address_carries_any_path() {
        assert_eq!(sign_in_address("/finetune/a?x=1&y=ä#"), "/login?next=/finetune/a%3Fx%3D1%26y%3D%C3%A4%23");
    }
}
