//! Text as words: what the index holds and what a search asks for are cut in the same way.
//!
//! A word is a run of letters and digits. Case does not count in any script, nor do accents, nor whether a letter was
//! written as one character or as two. Where words are written without blanks between them (Chinese, Japanese, Thai, ...)
//! every character is a word, and so is every emoji: a search for several in a row looks for them in that order.

use unicode_normalization::UnicodeNormalization;

/// Longer words are cut: nobody types them, and a file in base64 would fill the index.
const LONGEST_WORD: usize = 64;

/// Calls `found` with each word, as it is compared.
pub(super) fn each_word(text: &str, mut found: impl FnMut(&str)) {
    let mut word = String::new();
    let mut length = 0;
    let mut end = |word: &mut String, length: &mut usize| {
        if !word.is_empty() {
            found(word);
            word.clear();
        }
        *length = 0;
    };
    for character in text.chars() {
        if character.is_ascii() {
            if !character.is_ascii_alphanumeric() {
                end(&mut word, &mut length);
            } else if length < LONGEST_WORD {
                word.push(character.to_ascii_lowercase());
                length += 1;
            }
            continue;
        }
        // A ligature or a letter with its accent is several characters, of which the accent is none that counts.
        for part in std::iter::once(character).nfkd() {
            match kind_of(part) {
                Kind::Accent => {}
                Kind::Gap => end(&mut word, &mut length),
                Kind::Whole => {
                    end(&mut word, &mut length);
                    fold_into(&mut word, part);
                    end(&mut word, &mut length);
                }
                Kind::Letter => {
                    if length < LONGEST_WORD {
                        fold_into(&mut word, part);
                        length += 1;
                    }
                }
            }
        }
    }
    end(&mut word, &mut length);
}

enum Kind {
    /// Part of a word.
    Letter,
    /// A word by itself.
    Whole,
    /// Does not count.
    Accent,
    /// Ends a word.
    Gap,
}

fn kind_of(character: char) -> Kind {
    match character {
        // Accents of the alphabets, voicing marks of kana; variation selectors and joiners of emoji.
        '\u{300}'..='\u{36f}' | '\u{3099}' | '\u{309a}' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' => {
            Kind::Accent
        }
        // Thai, Lao, Myanmar, Khmer; kana; Chinese characters.
        '\u{e00}'..='\u{eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{9fff}'
        | '\u{20000}'..='\u{3ffff}' => Kind::Whole,
        _ if character.is_alphanumeric() => Kind::Letter,
        // Currency, arrows, signs, emoji.
        '\u{20a0}'..='\u{20cf}' | '\u{2100}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}' => Kind::Whole,
        // Vowel signs of Indian scripts and the like belong to their word.
        '\u{900}'..='\u{dff}' | '\u{591}'..='\u{6ff}' => Kind::Letter,
        _ => Kind::Gap,
    }
}

/// From small by way of the capital, because several small letters may share one ("ς" and "σ"), or have one of two
/// letters ("ß"). What that brings of accents does not count either.
fn fold_into(word: &mut String, character: char) {
    let small = character.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    word.extend(small.filter(|part| !matches!(part, '\u{300}'..='\u{36f}')));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        each_word(text, |word| words.push(word.to_owned()));
        words
    }

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        for (text, expected) in [
            ("", ""),
            (" \n\u{a0}\u{0}-_./{}\"'", ""),
            ("Where is   MY order?", "where is my order"),
            ("find_order(A-1, 50%)", "find order a 1 50"),
            ("x@y.example", "x y example"),
            ("it's", "it s"),
            ("3.141", "3 141"),
            ("\u{201c}quoted\u{201d}\u{2014}dash\u{2026}", "quoted dash"),
        ] {
            assert_eq!(words(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn case_accents_and_ways_of_writing_do_not_count() {
        for (one, other) in [
            ("STRASSE", "straße"),
            ("GROSSE", "gro\u{1e9e}e"),
            ("οδυσσευς", "ΟΔΥΣΣΕΥΣ"),
            ("caf\u{e9}", "CAFE\u{301}"),
            ("München", "munchen"),
            ("ПРИВЕТ", "привет"),
            ("\u{212a}", "k"),
            ("\u{fb01}ne", "fine"),
            ("İstanbul", "istanbul"),
            ("Ａ１", "a1"),
            ("ｶﾞ", "ガ"),
            ("Ệ", "e"),
        ] {
            assert_eq!(words(one), words(other), "{one} {other}");
        }
        assert_ne!(words("кот"), words("кит"));
    }

    #[test]
    fn scripts_without_blanks_and_emoji_give_a_word_a_character() {
        assert_eq!(words("日本語abcです"), ["日", "本", "語", "abc", "て", "す"]);
        assert_eq!(words("ok👍🏽👍 5€"), ["ok", "👍", "🏽", "👍", "5", "€"]);
        assert_eq!(words("ราคา").len(), 4);
        // Written with blanks: Korean, Arabic, Hindi.
        assert_eq!((words("한국어 배송").len(), words("أين طلبي").len(), words("मेरा ऑर्डर").len()), (2, 2, 2));
    }

    #[test]
    fn long_words_are_cut() {
        assert_eq!(words(&"x".repeat(1 << 20)), ["x".repeat(LONGEST_WORD)]);
        assert_eq!(words(&"é".repeat(100))[0].chars().count(), LONGEST_WORD);
        assert_eq!(words(&format!("{} b", "a".repeat(99))).len(), 2);
    }
}
