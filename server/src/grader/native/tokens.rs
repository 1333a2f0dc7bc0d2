//! How each package cuts a text into words. Where the packages differ, so do these.

/// Python's `str.split()`: what nltk's measures are given.
pub fn by_blanks(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

/// rouge_score's: lower case, then runs of a to z and 0 to 9. Other scripts have no words for it.
pub fn rouge(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|character: char| !(character.is_ascii_lowercase() || character.is_ascii_digit()))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// sacrebleu's 13a (mteval-v13a): punctuation and symbols of ASCII stand alone, but for full stops and
/// commas within numbers and hyphens within words.
pub fn bleu_13a(text: &str) -> Vec<String> {
    let text = text.trim_end().replace("<skipped>", "").replace("-\n", "").replace('\n', " ");
    let text = if text.contains('&') {
        text.replace("&quot;", "\"").replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
    } else {
        text
    };
    let spaced: Vec<char> = format!(" {text} ").chars().flat_map(symbols_apart).collect();
    let spaced =
        pairs(&spaced, |one, two| !one.is_ascii_digit() && matches!(two, '.' | ','), |one, two| [one, ' ', two, ' ']);
    let spaced =
        pairs(&spaced, |one, two| matches!(one, '.' | ',') && !two.is_ascii_digit(), |one, two| [' ', one, ' ', two]);
    let spaced = pairs(&spaced, |one, two| one.is_ascii_digit() && two == '-', |one, two| [one, ' ', two, ' ']);
    spaced.iter().collect::<String>().split_whitespace().map(str::to_owned).collect()
}

/// `([\{-\~\[-\` -\&\(-\+\:-\@\/])`, a blank on either side.
fn symbols_apart(character: char) -> Vec<char> {
    match character {
        '{'..='~' | '['..='`' | ' '..='&' | '('..='+' | ':'..='@' | '/' => vec![' ', character, ' '],
        _ => vec![character],
    }
}

/// Rewrites pairs as `re.sub` does: from left to right, none overlapping.
fn pairs(characters: &[char], is_pair: fn(char, char) -> bool, apart: fn(char, char) -> [char; 4]) -> Vec<char> {
    let mut spaced = Vec::with_capacity(characters.len() + 16);
    let mut index = 0;
    while index < characters.len() {
        let one = characters[index];
        match characters.get(index + 1) {
            Some(&two) if is_pair(one, two) => {
                spaced.extend(apart(one, two));
                index += 2;
            }
            _ => {
                spaced.push(one);
                index += 1;
            }
        }
    }
    spaced
}
