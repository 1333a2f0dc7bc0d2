//! Where signing in leads back to: the path that was asked for, on this server and on no other.

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

/// The path to go to after signing in, decoded as it came in the request: a path of this server, or [`HOME`]. Browsers
/// take `//host` and `/\host` for another server, drop tabs and line breaks, and read `scheme:` as what it says.
pub fn way_back(next: &str) -> &str {
    let is_path = next.starts_with('/') && !next.starts_with("//");
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let leads_back_here = next == "/login" || next.starts_with("/login?");
    if is_path && is_plain && !leads_back_here { next } else { HOME }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_server_are_gone_to() {
        for path in
            ["/", "/finetune/0197-a?step=coverage&x=%2F%2Fevil", "/download/x/records.jsonl", "/a/b//c", "/%2F%2Fevil"]
        {
            assert_eq!(way_back(path), path);
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
