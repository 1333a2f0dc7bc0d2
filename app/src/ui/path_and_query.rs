//! Where one is, as a browser writes it.

/// The router's path and its query, which it keeps without the question mark.
pub fn path_and_query(path: &str, search: &str) -> String {
    if search.is_empty() { path.to_owned() } else { format!("{path}?{search}") }
}

#[cfg(test)]
mod tests {
    use super::path_and_query;

    #[test]
    fn addresses_have_one_question_mark_or_none() {
        assert_eq!(path_and_query("/a", ""), "/a");
        assert_eq!(path_and_query("/a", "b=1"), "/a?b=1");
    }
}
