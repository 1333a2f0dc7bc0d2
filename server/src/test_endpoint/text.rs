//! Words, seeded draws and the score a judge would give: what the answers are made of. Pure.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A number that follows from the seed and these bytes.
pub(super) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    xxh3_64_with_seed(bytes, seed)
}

/// Draws that follow from a seed alone (SplitMix64: nothing here needs more).
#[derive(Debug, Clone)]
pub(super) struct Draw(u64);

impl Draw {
    /// The draws of this seed.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number of 0 to 1, without 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number below the bound; 0 if that is 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let scaled = (u128::from(self.bits()) * bound as u128) >> 64;
        usize::try_from(scaled).unwrap_or_default()
    }
}

/// The words of a text in lower case.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// How many tokens a text would have: a quarter of its characters, as a rule of thumb.
pub(super) fn tokens(text: &str) -> u64 {
    (text.chars().count() as u64).div_ceil(4)
}

/// The first characters of a text that make so many tokens.
pub(super) fn first_tokens(text: &str, tokens: u64) -> &str {
    let characters = usize::try_from(tokens.saturating_mul(4)).unwrap_or(usize::MAX);
    text.char_indices().nth(characters).map_or(text, |(end, _)| &text[..end])
}

/// Words that say nothing of what a text is about.
const EMPTY_WORDS: [&str; 24] = [
    "about", "and", "are", "can", "could", "does", "for", "from", "have", "how", "please", "that", "the", "their",
    "there", "this", "was", "what", "when", "where", "which", "with", "would", "your",
];

/// Up to `most` of the words that say what a text is about, in its order.
pub(super) fn key_words(text: &str, most: usize) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in words(text) {
        if found.len() == most {
            break;
        }
        if word.chars().count() > 2 && !EMPTY_WORDS.contains(&word.as_str()) && !found.contains(&word) {
            found.push(word);
        }
    }
    found
}

/// A little answer to a text: one to four sentences that name what it is about.
pub(super) fn answer_to(text: &str, draw: &mut Draw) -> String {
    let about = key_words(text, 12);
    let mut word = |fallback: &str| {
        let index = draw.below(about.len());
        about.get(index).cloned().unwrap_or_else(|| fallback.to_owned())
    };
    let sentences = [
        format!("Here is what I found about {} and {}.", word("this"), word("that")),
        format!("The {} has been looked at, and nothing else is needed from you.", word("request")),
        format!("For {}, the usual way is to check {} first.", word("that"), word("the details")),
        format!("If {} is not as you expect, tell me and I will look again.", word("it")),
        format!("I have noted {} together with {}.", word("it"), word("the rest")),
        format!("You can change {} at any time.", word("this")),
    ];
    let first = draw.below(sentences.len());
    let count = 1 + draw.below(4);
    let chosen: Vec<&str> = (0..count).map(|n| sentences[(first + n) % sentences.len()].as_str()).collect();
    chosen.join(" ")
}

/// What a judge is asked to judge: what stands after the last heading that announces it, else the whole text.
fn judged_part(text: &str) -> &str {
    const HEADINGS: [&str; 6] = ["response:", "answer:", "completion:", "output:", "<response>", "<answer>"];
    // (Only ASCII is folded, so that places in the folded text are places in the text.)
    let folded = text.to_ascii_lowercase();
    let start = HEADINGS.iter().filter_map(|heading| Some(folded.rfind(heading)? + heading.len())).max();
    start.map_or(text, |start| &text[start..])
}

/// The score from 0 to 1 that a judge would give: short, evasive and apologetic answers get less, and every text a
/// little of its own. `leaning` moves it for judges that are strict or lenient.
pub(super) fn score_of(text: &str, leaning: f64, draw: &mut Draw) -> f64 {
    const EVASIVE: [&str; 8] = ["sorry", "cannot", "unable", "unfortunately", "error", "unknown", "nothing", "failed"];
    let judged = judged_part(text);
    let count = words(judged).count() as f64;
    let evasive = words(judged).filter(|word| EVASIVE.contains(&word.as_str())).count() as f64;
    let own = Draw::new(hash(1, judged.as_bytes())).unit() - 0.5;
    let wavering = draw.unit() - 0.5;
    let score = 0.25 + 0.6 * count / (count + 25.0) - 0.15 * evasive.min(3.0) + 0.3 * own + 0.06 * wavering + leaning;
    rounded(score.clamp(0.0, 1.0))
}

/// To two digits, as people and models write scores.
pub(super) fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_repeat_and_stay_below_their_bound() {
        let draws = |seed| (0..5).map(|_| Draw::new(seed).bits()).collect::<Vec<_>>();
        assert_eq!(draws(1), draws(1));
        assert_ne!(draws(1), draws(2));
        let mut draw = Draw::new(3);
        assert!((0..1000).all(|_| draw.below(7) < 7));
        assert_eq!(draw.below(0), 0);
        assert!((0..1000).all(|_| (0.0..1.0).contains(&draw.unit())));
    }

    #[test]
    fn a_good_answer_scores_more_than_an_evasive_one() {
        let judge = |answer: &str| score_of(&format!("Judge this.\nResponse: {answer}"), 0.0, &mut Draw::new(1));
        let good = judge(
            "Your refund of 40 dollars was sent to the card that ends in 1234 and arrives within five days, which you can follow on the page of the order.",
        );
        let evasive = judge("Sorry, unfortunately I cannot.");
        assert!(good > evasive, "{good} {evasive}");
        assert!((judge("the same") - judge("the same")).abs() < f64::EPSILON);
    }

    #[test]
    fn the_judged_part_is_what_the_last_heading_announces() {
        assert_eq!(judged_part("Answer: a\nRESPONSE: Größe"), " Größe");
        assert_eq!(judged_part("no heading"), "no heading");
    }

    #[test]
    fn tokens_are_quarters_of_characters() {
        assert_eq!(tokens(""), 0);
        assert_eq!(tokens("abcde"), 2);
        assert_eq!(first_tokens("äöüßab", 1), "äöüß");
        assert_eq!(first_tokens("ab", 1), "ab");
    }

    #[test]
    fn answers_name_what_was_asked() {
        let answer = answer_to("Where is the refund for my reservation?", &mut Draw::new(5));
        assert!(answer.contains("refund") || answer.contains("reservation"), "{answer}");
        assert!(!answer_to("", &mut Draw::new(5)).is_empty());
    }
}
