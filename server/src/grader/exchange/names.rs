//! Names of parts: a letter or `_`, then letters, digits or `_`, and none twice.

/// The longest name.
const MAX_CHARS: usize = 60;

/// Whether a formula can use the name as it is.
pub fn is_name(name: &str) -> bool {
    name.len() <= MAX_CHARS
        && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}

/// The nearest name that a formula can use, and that is none of `taken`.
pub fn free_name(wanted: &str, taken: &[String]) -> String {
    let mut name = String::new();
    for character in wanted.trim().chars() {
        let kept = if character.is_ascii_alphanumeric() { character } else { '_' };
        if kept != '_' || !name.ends_with('_') {
            name.push(kept);
        }
    }
    let mut name = name.trim_matches('_').to_owned();
    if is_name(wanted) {
        wanted.clone_into(&mut name);
    }
    if name.is_empty() {
        "part".clone_into(&mut name);
    }
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        name.insert(0, '_');
    }
    // Room for a number behind it.
    name.truncate(MAX_CHARS - 10);
    let mut candidate = name.clone();
    let mut number = 2;
    while taken.contains(&candidate) {
        candidate = format!("{name}_{number}");
        number += 1;
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_usable_and_stay_different() {
        let cases = [
            ("accuracy", "accuracy"),
            ("_a1", "_a1"),
            ("a__b_", "a__b_"),
            ("my grader!", "my_grader"),
            ("is-json", "is_json"),
            ("1st", "_1st"),
            ("", "part"),
            ("---", "part"),
            ("Größe", "Gr_e"),
            ("日本", "part"),
            ("a; DROP TABLE", "a_DROP_TABLE"),
        ];
        for (wanted, expected) in cases {
            assert_eq!(free_name(wanted, &[]), expected, "{wanted}");
            assert!(is_name(&free_name(wanted, &[])));
        }
        let taken = ["a".to_owned(), "a_2".to_owned()];
        assert_eq!(free_name("a", &taken), "a_3");
        assert!(is_name(&free_name(&"x".repeat(10_000), &[])));
        assert!(!is_name("") && !is_name("1a") && !is_name("a-b") && !is_name("é"));
    }
}
