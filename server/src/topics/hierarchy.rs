//! Topic hierarchies: read from JSON, checked, changed by hand. Pure.

mod parse;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use crate::types::topics::{TopicEdit, TopicHierarchy, TopicNode};

pub use parse::parse_hierarchy;

/// Longest topic name, in Unicode scalar values after trimming.
pub const MAX_NAME_LENGTH: usize = 300;
/// Most topics in a hierarchy, inner ones included.
pub const MAX_TOPICS: usize = 10_000;
/// Longest hierarchy JSON, in bytes.
pub const MAX_JSON_BYTES: usize = 5 * 1024 * 1024;

/// What is wrong with a hierarchy or an edit. `path` is the way from the top, as `"billing" > topic 2`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HierarchyError {
    /// Over [`MAX_JSON_BYTES`].
    #[error(
        "The topics file has {bytes} bytes; at most 5 MiB are read. Remove long descriptions or split the hierarchy."
    )]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not JSON.
    #[error("The topics are not valid JSON: {0}. Correct the text at that place.")]
    NotJson(String),
    /// JSON of another shape.
    #[error("{path} is {found}, but {expected} is expected there.")]
    WrongShape {
        /// Where.
        path: String,
        /// What stands there.
        found: String,
        /// What may stand there.
        expected: &'static str,
    },
    /// No topic at all.
    #[error("The hierarchy has no topics. Give at least one, as {{\"nodes\": [{{\"name\": \"billing\"}}]}}.")]
    Empty,
    /// An unusable name.
    #[error("{path}: {reason}")]
    BadName {
        /// Where.
        path: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The same name twice, or names that differ only by case.
    #[error(
        "{path} is named like {first}. Records carry only a topic's name, so it must be unique in the whole hierarchy (case does not count): rename one of them."
    )]
    Duplicate {
        /// The later one.
        path: String,
        /// The earlier one.
        first: String,
    },
    /// Too many levels.
    #[error("{path} is on level {level}; a hierarchy has at most 5 levels. Move it up.")]
    TooDeep {
        /// Where.
        path: String,
        /// Its level, the top one being 1.
        level: usize,
    },
    /// Over [`MAX_TOPICS`].
    #[error("The hierarchy has more than 10,000 topics. Leave out or merge some.")]
    TooMany,
    /// An edit of a topic that is not there.
    #[error(
        "There is no topic named \"{0}\". It may have been renamed or deleted meanwhile: look at the current topics."
    )]
    Unknown(String),
}

/// A changed hierarchy, and what that means for the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditOutcome {
    /// The new hierarchy, with the old version number: saving it gives the next one. Without nodes once
    /// the last topic is deleted.
    pub hierarchy: TopicHierarchy,
    /// The old and the new name, if a topic was renamed: its records are carried along.
    pub renamed: Option<(String, String)>,
    /// Leaves that are no longer leaves (deleted, or now with children): their records lose the label.
    pub unlabelled: Vec<String>,
}

/// Carries out one change by hand.
///
/// Adding below a leaf makes that leaf a parent, so its name is in `unlabelled`. Deleting a topic deletes
/// all below it; a parent whose last child goes becomes a leaf.
pub fn apply_edit(hierarchy: &TopicHierarchy, edit: &TopicEdit) -> Result<EditOutcome, HierarchyError> {
    let mut changed = hierarchy.clone();
    let mut renamed = None;
    match edit {
        TopicEdit::Add { parent: None, node } => changed.nodes.push(node.clone()),
        TopicEdit::Add { parent: Some(parent), node } => find(&mut changed.nodes, parent)?.children.push(node.clone()),
        TopicEdit::Update { name, new_name, description, keywords } => {
            let node = find(&mut changed.nodes, name)?;
            new_name.trim().clone_into(&mut node.name);
            node.description.clone_from(description);
            node.keywords.clone_from(keywords);
            renamed = (node.name != *name).then(|| (name.clone(), node.name.clone()));
        }
        TopicEdit::Delete { name } => {
            if !remove(&mut changed.nodes, name) {
                return Err(HierarchyError::Unknown(name.clone()));
            }
        }
    }
    let hierarchy_now = check(changed)?;
    let mut unlabelled = replace_outcome(hierarchy, &hierarchy_now);
    if let Some((old, _)) = &renamed {
        unlabelled.retain(|name| name != old);
    }
    Ok(EditOutcome { hierarchy: hierarchy_now, renamed, unlabelled })
}

/// The leaves of `old` that are no leaves of `new`: their records lose the label when `new` replaces `old`.
pub fn replace_outcome(old: &TopicHierarchy, new: &TopicHierarchy) -> Vec<String> {
    let kept: HashSet<&str> = new.leaves().into_iter().map(|leaf| leaf.name.as_str()).collect();
    old.leaves().into_iter().filter(|leaf| !kept.contains(leaf.name.as_str())).map(|leaf| leaf.name.clone()).collect()
}

/// Trims names and keywords, drops empty and repeated keywords, and refuses what a hierarchy may not be.
/// An empty one passes: deleting the last topic is allowed.
fn check(mut hierarchy: TopicHierarchy) -> Result<TopicHierarchy, HierarchyError> {
    let mut seen = HashMap::new();
    check_level(&mut hierarchy.nodes, &mut Vec::new(), &mut seen)?;
    Ok(hierarchy)
}

/// `seen` has every name in lower case with its path.
fn check_level(
    nodes: &mut [TopicNode],
    above: &mut Vec<String>,
    seen: &mut HashMap<String, String>,
) -> Result<(), HierarchyError> {
    for (index, node) in nodes.iter_mut().enumerate() {
        if above.len() >= TopicHierarchy::MAX_DEPTH {
            return Err(HierarchyError::TooDeep { path: path_of(above, &quoted(&node.name)), level: above.len() + 1 });
        }
        node.name = node.name.trim().to_owned();
        if let Some(reason) = bad_name(&node.name) {
            return Err(HierarchyError::BadName { path: path_of(above, &format!("Topic {}", index + 1)), reason });
        }
        let path = path_of(above, &quoted(&node.name));
        if let Some(first) = seen.insert(node.name.to_lowercase(), path.clone()) {
            return Err(HierarchyError::Duplicate { path, first });
        }
        if seen.len() > MAX_TOPICS {
            return Err(HierarchyError::TooMany);
        }
        node.description = node.description.trim().to_owned();
        let mut known = HashSet::new();
        node.keywords = node.keywords.iter().map(|keyword| keyword.trim().to_owned()).collect();
        node.keywords.retain(|keyword| !keyword.is_empty() && known.insert(keyword.to_lowercase()));
        above.push(quoted(&node.name));
        check_level(&mut node.children, above, seen)?;
        above.pop();
    }
    Ok(())
}

/// Why a trimmed name cannot be used, if so.
fn bad_name(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("the name is empty. Give it one.".to_owned());
    }
    let length = name.chars().count();
    if length > MAX_NAME_LENGTH {
        return Some(format!(
            "the name has {length} characters; at most {MAX_NAME_LENGTH} are allowed. Shorten it and put the rest into the description."
        ));
    }
    let control = name.chars().find(|character| character.is_control() || turns_text_around(*character))?;
    Some(format!("the name contains the control character U+{:04X}. Remove it.", u32::from(control)))
}

/// Unicode's bidirectional controls: names in right-to-left scripts need none, and in a sentence they would
/// turn the words after the name around.
const fn turns_text_around(character: char) -> bool {
    matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn path_of(above: &[String], last: &str) -> String {
    if above.is_empty() { last.to_owned() } else { format!("{} > {last}", above.join(" > ")) }
}

/// The name in quotation marks, shortened: names in messages may be anything.
fn quoted(name: &str) -> String {
    let mut short: String = name.chars().take(60).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    format!("\"{short}\"")
}

fn find<'a>(nodes: &'a mut [TopicNode], name: &str) -> Result<&'a mut TopicNode, HierarchyError> {
    fn search<'a>(nodes: &'a mut [TopicNode], name: &str) -> Option<&'a mut TopicNode> {
        nodes.iter_mut().find_map(|node| if node.name == name { Some(node) } else { search(&mut node.children, name) })
    }
    search(nodes, name).ok_or_else(|| HierarchyError::Unknown(name.to_owned()))
}

fn remove(nodes: &mut Vec<TopicNode>, name: &str) -> bool {
    let before = nodes.len();
    nodes.retain(|node| node.name != name);
    before != nodes.len() || nodes.iter_mut().any(|node| remove(&mut node.children, name))
}
