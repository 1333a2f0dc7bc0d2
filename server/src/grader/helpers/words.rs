//! Counting and comparing words and characters.

use std::collections::HashSet;

/// Words between blanks.
pub fn word_count(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Whether every entry stands in the text, letter for letter. True for an empty list.
pub fn contains_all(text: &str, list: &[String]) -> bool {
    list.iter().all(|entry| text.contains(entry.as_str()))
}

/// Whether at least one entry stands in the text, letter for letter. False for an empty list.
pub fn contains_any(text: &str, list: &[String]) -> bool {
    list.iter().any(|entry| text.contains(entry.as_str()))
}

/// How often `needle` stands in the text, none overlapping; 0 for an empty one.
pub fn count(text: &str, needle: &str) -> usize {
    if needle.is_empty() { 0 } else { text.matches(needle).count() }
}

/// Shared words by all words, each counted once and in lower case; runs of letters and digits of any script
/// are words. Two texts without any are alike.
pub fn jaccard(left: &str, right: &str) -> f64 {
    let (left, right) = (left.to_lowercase(), right.to_lowercase());
    let (left, right) = (words(&left), words(&right));
    let all = left.union(&right).count();
    if all == 0 { 1.0 } else { left.intersection(&right).count() as f64 / all as f64 }
}

fn words(text: &str) -> HashSet<&str> {
    text.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty()).collect()
}

/// Characters to insert, delete or replace to make one text the other (Levenshtein).
pub fn edit_distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let prefix = left.iter().zip(&right).take_while(|(one, other)| one == other).count();
    let (left, right) = (&left[prefix..], &right[prefix..]);
    let suffix = left.iter().rev().zip(right.iter().rev()).take_while(|(one, other)| one == other).count();
    let (left, right) = (&left[..left.len() - suffix], &right[..right.len() - suffix]);
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, one) in left.iter().enumerate() {
        let mut diagonal = index;
        let mut before = index + 1;
        row[0] = before;
        for (other, above) in right.iter().zip(&mut row[1..]) {
            before = (diagonal + usize::from(one != other)).min(before + 1).min(*above + 1);
            diagonal = *above;
            *above = before;
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_comparisons_are_as_by_hand() {
        assert_eq!([word_count(""), word_count(" a  b\nc "), word_count("one")], [0, 3, 1]);
        let list = |entries: &[&str]| entries.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>();
        assert!(
            contains_all("a red fox", &list(&["red", "fox"])) && !contains_all("a red fox", &list(&["red", "Fox"]))
        );
        assert!(contains_any("a red fox", &list(&["cat", "fox"])) && !contains_any("a red fox", &list(&["cat"])));
        assert!(contains_all("x", &[]) && !contains_any("x", &[]));
        assert_eq!([count("aaaa", "aa"), count("abc", "d"), count("abc", "")], [2, 0, 0]);
    }

    #[test]
    fn jaccard_is_of_words() {
        // {a, red, fox} and {the, red, fox}: two of four.
        assert!((jaccard("A red fox", "the RED, fox!") - 0.5).abs() < 1e-12);
        assert!((jaccard("", "...") - 1.0).abs() < 1e-12);
        assert!(jaccard("Привет", "привет") > 0.99 && jaccard("a", "") < 0.01);
    }

    #[test]
    fn edit_distances_are_levenshtein_s() {
        let cases = [
            ("", "", 0),
            ("kitten", "sitting", 3),
            ("flaw", "lawn", 2),
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "abc", 0),
            ("grün", "grun", 1),
            ("aXb", "ab", 1),
            ("intention", "execution", 5),
            ("ab", "ba", 2),
        ];
        for (left, right, expected) in cases {
            assert_eq!(edit_distance(left, right), expected, "{left} {right}");
        }
    }
}
