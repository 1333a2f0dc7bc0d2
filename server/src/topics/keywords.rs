//! Categorizing by keyword: words and phrases of a text looked up in the topics' keywords. Pure.
//!
//! A term's strength is 1.5 n - 0.5 for a phrase of n words (1, 2.5, 4, ...), so that one phrase of two
//! words beats two single words. It counts whole for the leaf whose keyword it is, and half where it only
//! stands in the leaf's name; a term that stands in the names of several leaves tells none of them from the
//! others and does not count. Each term counts once, however often the text repeats it. A keyword of a topic
//! above counts half for each level further up, but only for leaves that matched themselves: it says that
//! the text is about one of the topics below, not about which, and records carry leaves (domain.md section 4).
//! So it decides between branches, and alone it labels nothing, not even an only child. Where several leaves
//! are equally strong, none labels: the order of the topics must not decide. The confidence is the winner's
//! share of all leaves' strengths times s / (s + 1), s being its own strength: a single unrivalled keyword
//! gives 0.5, two give 0.67.
//!
//! The system prompt is left out: it is the same for all requests of an application, so it says nothing
//! about one of them.

use std::collections::{HashMap, HashSet};

use crate::types::topics::{CategorizationMetadata, CategorizationMethod, TopicHierarchy, TopicNode};

/// Labels below this confidence are shown to a person (domain.md section 4).
pub const REVIEW_BELOW: f64 = 0.5;

/// Words of a keyword that are compared; more do not make it more telling, and the bound keeps a hostile
/// keyword list from making a hostile text slow.
const MAX_PHRASE_WORDS: usize = 16;
/// Other leaves named in a result.
const MAX_SECONDARY: usize = 3;
/// Strengths are sums of eighths and the like: what differs by less is equal but for the order of the summing.
const EQUAL: f64 = 1e-9;
const NAME_FACTOR: f64 = 0.5;
const ANCESTOR_FACTOR: f64 = 0.5;
/// The root of the tree of terms.
const ROOT: u32 = 0;

/// The keywords of a hierarchy, ready for looking up.
#[derive(Debug, Default)]
pub struct KeywordIndex {
    topics: Vec<Topic>,
    words: HashMap<String, u32>,
    /// The tree of terms: from a node by a word to the next node.
    edges: HashMap<(u32, u32), u32>,
    /// At a node, the topics that end there, with the term's strength for each.
    ends: HashMap<u32, Vec<(usize, f64)>>,
    /// At a node, the one leaf in whose name the term stands; `None` if there are several.
    names: HashMap<u32, Option<(usize, f64)>>,
    nodes: u32,
}

#[derive(Debug)]
struct Topic {
    name: String,
    parent: Option<usize>,
    is_leaf: bool,
}

impl KeywordIndex {
    /// Indexes every leaf's keywords and name, and the keywords of the topics above it.
    pub fn new(hierarchy: &TopicHierarchy) -> Self {
        let mut index = Self::default();
        for node in &hierarchy.nodes {
            index.add_topic(node, None);
        }
        for (end, named) in std::mem::take(&mut index.names) {
            let ends = index.ends.entry(end).or_default();
            // A keyword counts for more than the same word in its topic's name.
            ends.extend(named.filter(|(leaf, _)| ends.iter().all(|(topic, _)| topic != leaf)));
        }
        index
    }

    /// The leaf that the text is most likely about; `None` if it contains no leaf's keyword or name, or speaks for
    /// several leaves alike.
    pub fn categorize(&self, last_user_message: &str) -> Option<CategorizationMetadata> {
        let strengths = self.strengths(last_user_message);
        let mut ranked: Vec<(usize, f64)> = self.leaf_strengths(&strengths);
        // Topics are numbered in hierarchy order, so that equals stay in it.
        ranked.sort_by(|(topic, strength), (other, rival)| rival.total_cmp(strength).then(topic.cmp(other)));
        let &(winner, strength) = ranked.first()?;
        if ranked.get(1).is_some_and(|(_, rival)| strength - rival < EQUAL) {
            return None;
        }
        let total: f64 = ranked.iter().map(|(_, strength)| strength).sum();
        let confidence = strength / total * strength / (strength + 1.0);
        Some(CategorizationMetadata {
            topic: self.topics[winner].name.clone(),
            confidence,
            method: CategorizationMethod::Keyword,
            needs_review: confidence < REVIEW_BELOW,
            secondary_topics: ranked[1..]
                .iter()
                .take(MAX_SECONDARY)
                .map(|(topic, _)| self.topics[*topic].name.clone())
                .collect(),
        })
    }

    /// Strength per topic from the terms in the text, in one pass over its words.
    fn strengths(&self, text: &str) -> HashMap<usize, f64> {
        let mut words = Vec::new();
        each_word(text, |word| words.push(self.words.get(word).copied()));
        let mut seen = HashSet::new();
        let mut strengths = HashMap::new();
        for start in 0..words.len() {
            let mut node = ROOT;
            for word in &words[start..] {
                let Some(next) = word.and_then(|word| self.edges.get(&(node, word))) else { break };
                node = *next;
                let Some(ends) = self.ends.get(&node) else { continue };
                if seen.insert(node) {
                    for (topic, strength) in ends {
                        *strengths.entry(*topic).or_insert(0.0) += strength;
                    }
                }
            }
        }
        strengths
    }

    /// The leaves that matched themselves, with what they inherit from above.
    fn leaf_strengths(&self, strengths: &HashMap<usize, f64>) -> Vec<(usize, f64)> {
        let leaves = strengths.keys().filter(|topic| self.topics[**topic].is_leaf);
        leaves.map(|leaf| (*leaf, self.inherited(*leaf, strengths))).collect()
    }

    /// A leaf's own strength and that of the topics above it, halved for every level.
    fn inherited(&self, leaf: usize, strengths: &HashMap<usize, f64>) -> f64 {
        let (mut sum, mut factor, mut at) = (0.0, 1.0, Some(leaf));
        while let Some(topic) = at {
            sum += strengths.get(&topic).unwrap_or(&0.0) * factor;
            factor *= ANCESTOR_FACTOR;
            at = self.topics[topic].parent;
        }
        sum
    }

    fn add_topic(&mut self, node: &TopicNode, parent: Option<usize>) {
        let topic = self.topics.len();
        let is_leaf = node.children.is_empty();
        self.topics.push(Topic { name: node.name.clone(), parent, is_leaf });
        if is_leaf {
            self.add_name_terms(&node.name, topic);
        }
        let mut terms: HashMap<u32, f64> = HashMap::new();
        for keyword in &node.keywords {
            if let Some((end, length)) = self.add_term(keyword) {
                terms.insert(end, strength_of(length));
            }
        }
        for (end, strength) in terms {
            self.ends.entry(end).or_default().push((topic, strength));
        }
        for child in &node.children {
            self.add_topic(child, Some(topic));
        }
    }

    /// The whole name and its words; words of one or two characters ("of", "to") say nothing.
    fn add_name_terms(&mut self, name: &str, leaf: usize) {
        let spaced = name.replace('_', " ");
        let mut parts: Vec<String> = Vec::new();
        each_word(&spaced, |word| parts.push(word.to_owned()));
        parts.retain(|word| word.chars().count() > 2);
        parts.push(spaced);
        for part in parts {
            if let Some((end, length)) = self.add_term(&part) {
                let here = (leaf, strength_of(length) * NAME_FACTOR);
                let named = self.names.entry(end).or_insert(Some(here));
                if named.is_some_and(|(other, _)| other != leaf) {
                    *named = None;
                }
            }
        }
    }

    /// The node where the term ends, and its words; `None` if it has no word.
    fn add_term(&mut self, term: &str) -> Option<(u32, usize)> {
        let mut parts: Vec<String> = Vec::new();
        each_word(term, |word| {
            if parts.len() < MAX_PHRASE_WORDS {
                parts.push(word.to_owned());
            }
        });
        let length = parts.len();
        let mut node = ROOT;
        for part in parts {
            // Hierarchies hold at most 5 MiB of text, so that neither number comes near its limit.
            let next_word = u32::try_from(self.words.len()).ok()?;
            let word = *self.words.entry(part).or_insert(next_word);
            let next_node = self.nodes + 1;
            let entry = self.edges.entry((node, word)).or_insert(next_node);
            self.nodes = self.nodes.max(*entry);
            node = *entry;
        }
        (length > 0).then_some((node, length))
    }
}

/// 1 for a word, 2.5 for two, 4 for three.
fn strength_of(words: usize) -> f64 {
    words as f64 * 1.5 - 0.5
}

/// Calls `see` with every word in lower case. A word is a run of letters and digits, with `+` and `#` at
/// its end (C++, C#); in scripts without spaces every character is a word, so that keywords match as phrases.
fn each_word(text: &str, mut see: impl FnMut(&str)) {
    let mut word = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if !character.is_alphanumeric() {
            continue;
        }
        word.clear();
        word.extend(character.to_lowercase());
        if !stands_alone(character) {
            while let Some(next) = characters.next_if(|next| next.is_alphanumeric() && !stands_alone(*next)) {
                word.extend(next.to_lowercase());
            }
            let plain = word.len();
            while let Some(sign) = characters.next_if(|next| matches!(next, '+' | '#')) {
                word.push(sign);
            }
            // "order#17" is two words, not "order#" and "17".
            if characters.peek().is_some_and(|next| next.is_alphanumeric()) {
                word.truncate(plain);
            }
        }
        see(&word);
    }
}

/// Han, kana, Thai, Lao, Khmer, Myanmar: written without spaces.
fn stands_alone(character: char) -> bool {
    matches!(u32::from(character),
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF
        | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topics::hierarchy::parse_hierarchy;

    fn index() -> KeywordIndex {
        let json = r#"[
            {"name": "billing", "keywords": ["invoice"], "children": [
                {"name": "refunds", "keywords": ["refund", "money back"]},
                {"name": "vat_numbers", "keywords": ["vat", "tax id"]}]},
            {"name": "login", "keywords": ["password", "sign in", "C++", "Größe", "退款", "a.*(b", "", "???"]}]"#;
        KeywordIndex::new(&parse_hierarchy(json).unwrap())
    }

    fn check(text: &str, topic: &str, confidence: f64) {
        let found = index().categorize(text).unwrap_or_else(|| panic!("nothing found in {text:?}"));
        assert_eq!(found.topic, topic, "{text:?}: {found:?}");
        assert!((found.confidence - confidence).abs() < 1e-12, "{text:?}: {found:?}, expected {confidence}");
        assert_eq!(found.needs_review, confidence < 0.5);
        assert_eq!(found.method, CategorizationMethod::Keyword);
    }

    #[test]
    fn confidence_follows_the_formula() {
        check("I want a refund", "refunds", 0.5);
        check("Refund, refund, REFUND!", "refunds", 0.5);
        // A phrase of two words: 2.5 / 3.5.
        check("please sign in for me", "login", 2.5 / 3.5);
        check("refund me, I want my money  back", "refunds", 3.5 / 4.5);
        // The phrase beats the single word: 2.5 of 3.5.
        check("refund? I cannot sign in", "login", 2.5 / 3.5 * 2.5 / 3.5);
        // The name's own word counts half: 0.5 / 1.5.
        check("about login", "login", 1.0 / 3.0);
        // "numbers" 0.5 and the whole name 1.25; "vat" stands as a keyword already, so 1.
        check("the VAT numbers", "vat_numbers", 2.75 / 3.75);
        // The parent's keyword adds half to the leaf: 1.5 / 2.5.
        check("a refund for this invoice", "refunds", 0.6);
        // Between leaves that match alike, the parent's keyword decides: 1.5 of 2.5, times 1.5 / 2.5.
        check("password for the invoice with the refund", "refunds", 0.6 * 0.6);
    }

    #[test]
    fn a_keyword_of_a_topic_above_labels_nothing_by_itself() {
        assert_eq!(index().categorize("my invoice"), None, "either of two topics below");
        let json = r#"[{"name": "billing", "keywords": ["invoice"], "children": [
            {"name": "money", "keywords": ["price"], "children": [{"name": "refunds", "keywords": ["refund"]}]}]}]"#;
        let only_child = KeywordIndex::new(&parse_hierarchy(json).unwrap());
        for text in ["my invoice", "the price", "the price on my invoice", "billing money"] {
            assert_eq!(only_child.categorize(text), None, "{text}: an only child is not what its parent is");
        }
        let found = only_child.categorize("a refund of the price on the invoice").unwrap();
        // 1 + 1/2 + 1/4 of its own.
        assert_eq!((found.topic.as_str(), found.confidence), ("refunds", 1.75 / 2.75));
        assert!(found.secondary_topics.is_empty(), "topics above label no record");
    }

    #[test]
    fn words_match_whole_and_in_any_script() {
        assert_eq!(index().categorize("refunding refundable prefund"), None);
        assert_eq!(index().categorize(""), None);
        assert_eq!(index().categorize("??? .* ("), None);
        check("\u{201c}GRÖSSE\u{201d} GRÖßE", "login", 0.5);
        check("my c++ build", "login", 0.5);
        assert_eq!(index().categorize("vitamin c"), None);
        check("请问退款怎么办", "login", 2.5 / 3.5);
        check("a b", "login", 2.5 / 3.5);
        check("refund#17", "refunds", 0.5);
    }

    #[test]
    fn the_order_of_the_topics_decides_nothing() {
        let topics = [
            r#"{"name": "card_lost", "keywords": ["lost", "stolen"]}"#,
            r#"{"name": "card_arrival", "keywords": ["arrive", "delivery"]}"#,
        ];
        for json in [format!("[{},{}]", topics[0], topics[1]), format!("[{},{}]", topics[1], topics[0])] {
            let index = KeywordIndex::new(&parse_hierarchy(&json).unwrap());
            for text in ["my card", "where is my card", "lost in delivery", "will the stolen card arrive"] {
                assert_eq!(index.categorize(text), None, "{text}: {json}");
            }
            // "card" is in both names and counts for neither: "lost" alone, 1 of 1.
            let found = index.categorize("I lost my card").unwrap();
            assert_eq!((found.topic.as_str(), found.confidence), ("card_lost", 0.5));
            let found = index.categorize("card arrival").unwrap();
            // "arrival" 0.5 and the whole name 1.25.
            assert_eq!((found.topic.as_str(), found.confidence), ("card_arrival", 1.75 / 2.75));
        }
        assert_eq!(index().categorize("refund and vat"), None);
    }

    #[test]
    fn other_matches_are_named_best_first() {
        let found = index().categorize("sign in, my vat, tax id and a refund").unwrap();
        assert_eq!(found.topic, "vat_numbers");
        assert_eq!(found.secondary_topics, ["login", "refunds"]);
    }

    #[test]
    fn many_topics_and_long_texts_are_one_pass() {
        let nodes =
            (0..10_000).map(|number| format!(r#"{{"name":"topic_{number}","keywords":["k{number}","x y z"]}}"#));
        let json = format!("[{}]", nodes.collect::<Vec<_>>().join(","));
        let index = KeywordIndex::new(&parse_hierarchy(&json).unwrap());
        let text = format!("{} k9999", "x x y filler ".repeat(80_000));
        assert!(text.len() > 1_000_000);
        assert_eq!(index.categorize(&text).unwrap().topic, "topic_9999");
        assert_eq!(index.categorize("x y z"), None, "a phrase of all topics tells none from the others");
    }

    #[test]
    fn a_hostile_phrase_does_not_make_a_hostile_text_slow() {
        let json = format!(r#"[{{"name":"t","keywords":["{}"]}}]"#, "a ".repeat(1_000));
        let index = KeywordIndex::new(&parse_hierarchy(&json).unwrap());
        assert_eq!(index.edges.len(), MAX_PHRASE_WORDS + 1, "the phrase's words and the name");
        assert!(index.categorize(&"a ".repeat(500_000)).unwrap().confidence > 0.9);
        assert_eq!(index.categorize(&"a ".repeat(15)), None);
    }
}
