//! Topics: what the records are about (domain.md section 4).

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

/// A tree of topics, at most five levels deep. Names are unique in the whole tree.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicHierarchy {
    /// Grows by one with every saved change.
    #[serde(default)]
    pub version: i64,
    /// The top-level topics.
    pub nodes: Vec<TopicNode>,
}

/// One topic. A node without children is a leaf; only leaves label records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicNode {
    /// Unique in the hierarchy, 1 to 300 characters, no control characters.
    pub name: String,
    /// What belongs to it.
    #[serde(default)]
    pub description: String,
    /// Words and phrases that point to it.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// Narrower topics.
    #[serde(default)]
    pub children: Vec<TopicNode>,
}

impl TopicHierarchy {
    /// The deepest a hierarchy may be.
    pub const MAX_DEPTH: usize = 5;

    /// The leaves, depth first.
    pub fn leaves(&self) -> Vec<&TopicNode> {
        fn collect<'a>(nodes: &'a [TopicNode], leaves: &mut Vec<&'a TopicNode>) {
            for node in nodes {
                if node.children.is_empty() { leaves.push(node) } else { collect(&node.children, leaves) }
            }
        }
        let mut leaves = Vec::new();
        collect(&self.nodes, &mut leaves);
        leaves
    }

    /// The leaves' names: the labels that count. A record with any other label counts as one without.
    pub fn leaf_names(&self) -> HashSet<&str> {
        self.leaves().into_iter().map(|leaf| leaf.name.as_str()).collect()
    }
}

/// How a record got its topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CategorizationMethod {
    /// By the similarity of embeddings.
    Embedding,
    /// By a language model.
    Llm,
    /// By the topic's keywords.
    Keyword,
    /// By a person. Never overwritten by a machine unasked; nor are the next two.
    Manual,
    /// By the imported file.
    File,
    /// By a person or by the imported file: the first versions did not store which.
    ManualOrFile,
}

impl CategorizationMethod {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::Embedding, Self::Llm, Self::Keyword, Self::Manual, Self::File, Self::ManualOrFile];

    /// The name used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Embedding => "embedding",
            Self::Llm => "llm",
            Self::Keyword => "keyword",
            Self::Manual => "manual",
            Self::File => "file",
            Self::ManualOrFile => "manual_or_file",
        }
    }
}

/// What is known about a record's label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CategorizationMetadata {
    /// The leaf topic.
    pub topic: String,
    /// 0..1; 1 for manual labels.
    pub confidence: f64,
    /// Who decided.
    pub method: CategorizationMethod,
    /// `confidence < 0.5`.
    pub needs_review: bool,
    /// Other leaves that matched, best first.
    #[serde(default)]
    pub secondary_topics: Vec<String>,
}

/// Which records a categorization run touches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CategorizeMode {
    /// Records without a topic.
    #[default]
    UnlabelledOnly,
    /// Every valid record; manual labels only if asked for and confirmed.
    RecategorizeAll,
}

/// One change of the hierarchy by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "snake_case")]
pub enum TopicEdit {
    /// Adds a topic at the top level or under a parent.
    Add {
        /// The parent's name; `None` for the top level.
        parent: Option<String>,
        /// The new topic.
        node: TopicNode,
    },
    /// Renames a topic and carries its records along; description and keywords are replaced too.
    Update {
        /// The present name.
        name: String,
        /// The new name (may be the same).
        new_name: String,
        /// The new description.
        description: String,
        /// The new keywords.
        keywords: Vec<String>,
    },
    /// Deletes a topic with all below it; their records lose their label.
    Delete {
        /// The topic.
        name: String,
    },
}

impl TopicEdit {
    /// The argument that allows a change by which records lose their topic; the field of the error that asks for it.
    pub const CONFIRM: &'static str = "confirm";
}

/// Records per topic, for the tree.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicCount {
    /// The topic's name as records carry it.
    pub topic: String,
    /// Valid records that carry it.
    pub valid: i64,
    /// Of them, those whose label needs review.
    pub needs_review: i64,
}
