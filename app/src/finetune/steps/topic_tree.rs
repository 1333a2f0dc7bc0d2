//! The topic tree as rows: pure, so that it can be tested without a page.

use std::collections::HashMap;

use anneal_server::types::topics::{TopicCount, TopicHierarchy, TopicNode};

/// One visible line of the tree.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TreeRow {
    /// The topic.
    pub name: String,
    /// Levels above it, 0..4.
    pub depth: usize,
    /// Whether records can carry it.
    pub is_leaf: bool,
}

/// The rows to show: every topic whose name, description or keywords contain `needle` (ignoring case), with
/// all above it; all topics for an empty needle.
pub fn tree_rows(hierarchy: &TopicHierarchy, needle: &str) -> Vec<TreeRow> {
    let needle = needle.trim().to_lowercase();
    let mut rows = Vec::new();
    for node in &hierarchy.nodes {
        push_matching(node, 0, &needle, &mut rows);
    }
    rows
}

/// Pushes the node if it or anything below matches; says whether it did.
fn push_matching(node: &TopicNode, depth: usize, needle: &str, rows: &mut Vec<TreeRow>) -> bool {
    let position = rows.len();
    rows.push(TreeRow { name: node.name.clone(), depth, is_leaf: node.children.is_empty() });
    let mut shown = matches(node, needle);
    for child in &node.children {
        shown |= push_matching(child, depth + 1, needle, rows);
    }
    if !shown {
        rows.truncate(position);
    }
    shown
}

fn matches(node: &TopicNode, needle: &str) -> bool {
    needle.is_empty()
        || node.name.to_lowercase().contains(needle)
        || node.description.to_lowercase().contains(needle)
        || node.keywords.iter().any(|keyword| keyword.to_lowercase().contains(needle))
}

/// (valid, to review) per topic; a parent has the sums of what is below it.
pub fn tree_counts(hierarchy: &TopicHierarchy, counts: &[TopicCount]) -> HashMap<String, (i64, i64)> {
    let own: HashMap<&str, (i64, i64)> =
        counts.iter().map(|count| (count.topic.as_str(), (count.valid, count.needs_review))).collect();
    let mut sums = HashMap::new();
    for node in &hierarchy.nodes {
        add_counts(node, &own, &mut sums);
    }
    sums
}

fn add_counts(node: &TopicNode, own: &HashMap<&str, (i64, i64)>, sums: &mut HashMap<String, (i64, i64)>) -> (i64, i64) {
    let mut sum = own.get(node.name.as_str()).copied().unwrap_or_default();
    for child in &node.children {
        let (valid, review) = add_counts(child, own, sums);
        sum = (sum.0 + valid, sum.1 + review);
    }
    sums.insert(node.name.clone(), sum);
    sum
}

/// The topic with this name, anywhere in the tree.
pub fn find_topic<'a>(nodes: &'a [TopicNode], name: &str) -> Option<&'a TopicNode> {
    nodes.iter().find_map(|node| if node.name == name { Some(node) } else { find_topic(&node.children, name) })
}

/// The names of all topics below one, depth first.
pub fn names_below(node: &TopicNode) -> Vec<String> {
    node.children.iter().flat_map(|child| std::iter::once(child.name.clone()).chain(names_below(child))).collect()
}

/// Comma- or line-separated words, trimmed, without empty ones.
pub fn split_keywords(text: &str) -> Vec<String> {
    text.split([',', '\n']).map(str::trim).filter(|keyword| !keyword.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, children: Vec<TopicNode>) -> TopicNode {
        TopicNode { name: name.to_owned(), children, ..TopicNode::default() }
    }

    fn hierarchy() -> TopicHierarchy {
        let mut refunds = node("refunds", vec![]);
        refunds.keywords = vec!["Money back".to_owned()];
        TopicHierarchy {
            version: 1,
            nodes: vec![node("money", vec![refunds, node("bills", vec![])]), node("travel", vec![])],
        }
    }

    #[test]
    fn a_search_keeps_the_path_to_what_it_finds() {
        let names =
            |needle: &str| -> Vec<String> { tree_rows(&hierarchy(), needle).into_iter().map(|row| row.name).collect() };
        assert_eq!(names(""), ["money", "refunds", "bills", "travel"]);
        assert_eq!(names(" money BACK "), ["money", "refunds"]);
        assert_eq!(names("travel"), ["travel"]);
        assert!(names("nothing").is_empty());
    }

    #[test]
    fn parents_carry_the_sums_of_their_children() {
        let count = |topic: &str, valid, needs_review| TopicCount { topic: topic.to_owned(), valid, needs_review };
        let sums = tree_counts(&hierarchy(), &[count("refunds", 3, 1), count("bills", 2, 0), count("gone", 9, 9)]);
        assert_eq!(sums["money"], (5, 1));
        assert_eq!(sums["refunds"], (3, 1));
        assert_eq!(sums["travel"], (0, 0));
    }

    #[test]
    fn keywords_are_split_and_trimmed() {
        assert_eq!(split_keywords(" a, b c ,,\nd,"), ["a", "b c", "d"]);
    }
}
