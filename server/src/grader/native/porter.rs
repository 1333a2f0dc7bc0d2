//! The Porter stemmer as nltk has it (`PorterStemmer()`, mode `NLTK_EXTENSIONS`): METEOR's second look.

/// nltk's list of words that the rules would get wrong.
const IRREGULAR: [(&str, &str); 16] = [
    ("sky", "sky"),
    ("skies", "sky"),
    ("dying", "die"),
    ("lying", "lie"),
    ("tying", "tie"),
    ("news", "news"),
    ("innings", "inning"),
    ("inning", "inning"),
    ("outings", "outing"),
    ("outing", "outing"),
    ("cannings", "canning"),
    ("canning", "canning"),
    ("howe", "howe"),
    ("proceed", "proceed"),
    ("exceed", "exceed"),
    ("succeed", "succeed"),
];

const STEP_2: [(&str, &str); 21] = [
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("fulli", "ful"),
];

const STEP_3: [(&str, &str); 7] =
    [("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", "")];

const STEP_4: [&str; 19] = [
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate", "iti",
    "ous", "ive", "ize",
];

/// The stem of a word in lower case.
pub fn stem(word: &str) -> String {
    if let Some((_, stem)) = IRREGULAR.iter().find(|(irregular, _)| *irregular == word) {
        return (*stem).to_owned();
    }
    let letters: Vec<char> = word.chars().collect();
    if letters.len() <= 2 {
        return word.to_owned();
    }
    let steps = [step_1a, step_1b, step_1c, step_2, step_3, step_4, step_5];
    steps.iter().fold(letters, |letters, step| step(letters)).into_iter().collect()
}

fn step_1a(word: Vec<char>) -> Vec<char> {
    if word.len() == 4 && ends(&word, "ies") {
        return replaced(&word, "ies", "ie");
    }
    for (suffix, replacement) in [("sses", "ss"), ("ies", "i"), ("ss", "ss"), ("s", "")] {
        if ends(&word, suffix) {
            return replaced(&word, suffix, replacement);
        }
    }
    word
}

fn step_1b(word: Vec<char>) -> Vec<char> {
    if ends(&word, "ied") {
        return replaced(&word, "ied", if word.len() == 4 { "ie" } else { "i" });
    }
    if ends(&word, "eed") {
        return if measure(without(&word, "eed")) > 0 { replaced(&word, "eed", "ee") } else { word };
    }
    let Some(suffix) = ["ed", "ing"]
        .into_iter()
        .find(|suffix| ends(&word, suffix) && consonants(without(&word, suffix)).contains(&false))
    else {
        return word;
    };
    let stem = without(&word, suffix);
    for (suffix, replacement) in [("at", "ate"), ("bl", "ble"), ("iz", "ize")] {
        if ends(stem, suffix) {
            return replaced(stem, suffix, replacement);
        }
    }
    if let [.., before, last] = stem
        && before == last
        && consonants(stem).last() == Some(&true)
    {
        return if matches!(last, 'l' | 's' | 'z') { stem.to_vec() } else { stem[..stem.len() - 1].to_vec() };
    }
    if measure(stem) == 1 && ends_short(stem) { replaced(stem, "", "e") } else { stem.to_vec() }
}

fn step_1c(word: Vec<char>) -> Vec<char> {
    let stem = without(&word, "y");
    if ends(&word, "y") && stem.len() > 1 && consonants(stem).last() == Some(&true) {
        return replaced(&word, "y", "i");
    }
    word
}

fn step_2(mut word: Vec<char>) -> Vec<char> {
    while ends(&word, "alli") && measure(without(&word, "alli")) > 0 {
        word = replaced(&word, "alli", "al");
    }
    for (suffix, replacement) in STEP_2 {
        if ends(&word, suffix) {
            return if measure(without(&word, suffix)) > 0 { replaced(&word, suffix, replacement) } else { word };
        }
    }
    // The l belongs to the stem here, so that "geo" and "theo" are long enough.
    if ends(&word, "logi") && measure(without(&word, "ogi")) > 0 {
        return replaced(&word, "logi", "log");
    }
    word
}

fn step_3(word: Vec<char>) -> Vec<char> {
    for (suffix, replacement) in STEP_3 {
        if ends(&word, suffix) {
            return if measure(without(&word, suffix)) > 0 { replaced(&word, suffix, replacement) } else { word };
        }
    }
    word
}

fn step_4(word: Vec<char>) -> Vec<char> {
    let Some(suffix) = STEP_4.into_iter().find(|suffix| ends(&word, suffix)) else { return word };
    let stem = without(&word, suffix);
    let applies = measure(stem) > 1 && (suffix != "ion" || matches!(stem.last(), Some('s' | 't')));
    if applies { stem.to_vec() } else { word }
}

fn step_5(mut word: Vec<char>) -> Vec<char> {
    if ends(&word, "e") {
        let stem = without(&word, "e");
        let measure = measure(stem);
        if measure > 1 || measure == 1 && !ends_short(stem) {
            word = stem.to_vec();
        }
    }
    if ends(&word, "ll") && measure(&word[..word.len() - 1]) > 1 {
        word.pop();
    }
    word
}

/// Whether each letter is a consonant: not a, e, i, o, u, and y only where no consonant stands before it.
fn consonants(word: &[char]) -> Vec<bool> {
    let mut flags: Vec<bool> = Vec::with_capacity(word.len());
    for letter in word {
        flags.push(match letter {
            'a' | 'e' | 'i' | 'o' | 'u' => false,
            'y' => flags.last().is_none_or(|before| !before),
            _ => true,
        });
    }
    flags
}

/// How often a vowel is followed by a consonant.
fn measure(word: &[char]) -> usize {
    consonants(word).windows(2).filter(|pair| !pair[0] && pair[1]).count()
}

/// Consonant, vowel, consonant other than w, x, y; or a word of a vowel and a consonant.
fn ends_short(word: &[char]) -> bool {
    match consonants(word).as_slice() {
        [false, true] => true,
        [.., true, false, true] => !matches!(word.last(), Some('w' | 'x' | 'y')),
        _ => false,
    }
}

fn ends(word: &[char], suffix: &str) -> bool {
    word.len() >= suffix.len() && suffix.chars().rev().zip(word.iter().rev()).all(|(one, other)| one == *other)
}

fn without<'a>(word: &'a [char], suffix: &str) -> &'a [char] {
    &word[..word.len().saturating_sub(suffix.len())]
}

fn replaced(word: &[char], suffix: &str, replacement: &str) -> Vec<char> {
    without(word, suffix).iter().copied().chain(replacement.chars()).collect()
}
