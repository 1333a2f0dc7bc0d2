use super::*;

fn names(hierarchy: &TopicHierarchy) -> Vec<String> {
    fn walk(nodes: &[TopicNode], level: usize, out: &mut Vec<String>) {
        for node in nodes {
            out.push(format!("{}{}", "-".repeat(level), node.name));
            walk(&node.children, level + 1, out);
        }
    }
    let mut out = Vec::new();
    walk(&hierarchy.nodes, 0, &mut out);
    out
}

fn sample() -> TopicHierarchy {
    parse_hierarchy(r#"{"billing": {"refunds": {}, "invoices": {}}, "login": {}}"#).unwrap()
}

fn edit(edit: &TopicEdit) -> EditOutcome {
    apply_edit(&sample(), edit).unwrap()
}

fn leaf(name: &str) -> TopicNode {
    TopicNode { name: name.to_owned(), ..TopicNode::default() }
}

fn add(parent: Option<&str>, name: &str) -> TopicEdit {
    TopicEdit::Add { parent: parent.map(str::to_owned), node: leaf(name) }
}

fn rename(name: &str, new_name: &str) -> TopicEdit {
    TopicEdit::Update {
        name: name.to_owned(),
        new_name: new_name.to_owned(),
        description: "d".to_owned(),
        keywords: vec!["k".to_owned(), "  ".to_owned(), "K".to_owned()],
    }
}

#[test]
fn all_forms_give_the_same_tree() {
    let expected = ["billing", "-refunds", "-invoices", "login"];
    for json in [
        r#"{"nodes": [{"name": "billing", "children": [{"name": "refunds"}, "invoices"]}, {"name": " login "}]}"#,
        r#"{"version": 9, "topics": [{"name": "billing", "subtopics": ["refunds", "invoices"]}, "login"]}"#,
        r#"[{"name": "billing", "children": {"refunds": {}, "invoices": null}}, "login"]"#,
        r#"{"billing": {"refunds": {}, "invoices": {}}, "login": {}}"#,
        r#"{"billing": ["refunds", "invoices"], "login": "Cannot get in"}"#,
        "\u{feff}{\"topics\": {\"billing\": {\"keywords\": [\"vat\"], \"children\": [\"refunds\", \"invoices\"]}, \"login\": {}}}",
    ] {
        let hierarchy = parse_hierarchy(json).unwrap_or_else(|error| panic!("{json}: {error}"));
        assert_eq!(names(&hierarchy), expected, "{json}");
        assert_eq!(hierarchy.version, 0);
    }
}

#[test]
fn description_and_keywords_are_kept_and_cleaned() {
    let json = r#"[{"name": "vat", "description": " tax ", "keywords": ["VAT", " vat", "", "a.*b"], "colour": 3}]"#;
    let node = parse_hierarchy(json).unwrap().nodes.remove(0);
    assert_eq!((node.description.as_str(), node.keywords), ("tax", vec!["VAT".to_owned(), "a.*b".to_owned()]));
}

#[test]
fn emoji_and_right_to_left_names_are_fine() {
    assert_eq!(names(&parse_hierarchy(r#"["📦 pakete", "הזמנות", "طلبات", "a b"]"#).unwrap()).len(), 4);
}

#[test]
fn errors_name_the_place_and_the_cure() {
    let long = format!("[\"{}\"]", "é".repeat(301));
    let cases: &[(&str, &str)] = &[
        ("", "not valid JSON"),
        ("[1,", "not valid JSON"),
        ("[]", "no topics"),
        ("{}", "no topics"),
        ("3", "The JSON is the number 3"),
        (r#"{"nodes": 3}"#, "The list of topics is the number 3"),
        (r#"["a", 7]"#, "Topic 2 is the number 7"),
        (r#"[{"name": "a", "children": ["b", {"nam": "c"}]}]"#, "\"a\" > Topic 2: it has no \"name\""),
        (r#"[{"name": 5}]"#, "Topic 1: the name is the number 5"),
        (r#"[{"name": "a", "keywords": "x"}]"#, "\"a\": keywords is the text \"x\""),
        (r#"[{"name": "a", "keywords": [null]}]"#, "\"a\": a keyword is null"),
        (r#"[{"name": "a", "description": []}]"#, "\"a\": the description is a list"),
        (r#"[{"name": "a", "children": true}]"#, "\"a\" > the children is true"),
        (r#"{"a": 1}"#, "\"a\" is the number 1"),
        (r#"["a", "   "]"#, "Topic 2: the name is empty"),
        (r#"["a\u0007b"]"#, "U+0007"),
        (&long, "301 characters"),
        (r#"["a", {"name": "b", "children": ["a"]}]"#, "\"b\" > \"a\" is named like \"a\""),
        (r#"["Refunds", "refunds"]"#, "\"refunds\" is named like \"Refunds\""),
        (r#"{"a":{"b":{"c":{"d":{"e":{"f":{}}}}}}}"#, "\"f\" is on level 6"),
    ];
    for (json, words) in cases {
        let error = parse_hierarchy(json).unwrap_err().to_string();
        assert!(error.contains(words), "{json} gave: {error}");
    }
    assert!(parse_hierarchy(&format!("[\"{}\"]", "é".repeat(300))).is_ok());
    assert!(parse_hierarchy(r#"{"a":{"b":{"c":{"d":{"e":{}}}}}}"#).is_ok(), "five levels");
}

#[test]
fn hostile_sizes_are_refused() {
    let many = |count: usize| {
        let names: Vec<String> = (0..count).map(|index| format!("\"t{index}\"")).collect();
        parse_hierarchy(&format!("[{}]", names.join(",")))
    };
    assert_eq!(many(10_000).unwrap().nodes.len(), 10_000);
    assert_eq!(many(10_001), Err(HierarchyError::TooMany));
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(parse_hierarchy(&deep).unwrap_err().to_string().contains("recursion"));
    let large = format!("[\"{}\"]", "x".repeat(MAX_JSON_BYTES));
    assert_eq!(parse_hierarchy(&large), Err(HierarchyError::TooLarge { bytes: MAX_JSON_BYTES + 4 }));
}

#[test]
fn adding_below_a_leaf_takes_its_labels() {
    let outcome = edit(&add(Some("login"), "two_factor"));
    assert_eq!(names(&outcome.hierarchy), ["billing", "-refunds", "-invoices", "login", "-two_factor"]);
    assert_eq!((outcome.unlabelled, outcome.renamed), (vec!["login".to_owned()], None));
    assert!(edit(&add(Some("billing"), "vat")).unlabelled.is_empty(), "billing was a parent before");
    assert!(edit(&add(None, "shipping")).unlabelled.is_empty());
}

#[test]
fn updating_carries_the_records_along() {
    let outcome = edit(&rename("refunds", " money_back "));
    assert_eq!(outcome.renamed, Some(("refunds".to_owned(), "money_back".to_owned())));
    assert!(outcome.unlabelled.is_empty());
    assert_eq!(outcome.hierarchy.nodes[0].children[0].keywords, ["k"]);
    let same = edit(&rename("refunds", "refunds"));
    assert_eq!((same.renamed, same.hierarchy.nodes[0].children[0].description.as_str()), (None, "d"));
    let case = edit(&rename("refunds", "Refunds"));
    assert_eq!(
        case.renamed,
        Some(("refunds".to_owned(), "Refunds".to_owned())),
        "a change of case clashes with nothing"
    );
}

#[test]
fn deleting_takes_all_leaves_below() {
    let outcome = edit(&TopicEdit::Delete { name: "billing".to_owned() });
    assert_eq!(names(&outcome.hierarchy), ["login"]);
    assert_eq!(outcome.unlabelled, ["refunds", "invoices"]);
    // The last child's going makes the parent a leaf; it carried no labels, so only the child's are lost.
    let once = edit(&TopicEdit::Delete { name: "refunds".to_owned() });
    let twice = apply_edit(&once.hierarchy, &TopicEdit::Delete { name: "invoices".to_owned() }).unwrap();
    assert_eq!(twice.unlabelled, ["invoices"]);
    assert_eq!(twice.hierarchy.leaves().len(), 2);
    let last = apply_edit(&parse_hierarchy("[\"a\"]").unwrap(), &TopicEdit::Delete { name: "a".to_owned() }).unwrap();
    assert!(last.hierarchy.nodes.is_empty());
}

#[test]
fn bad_edits_are_refused() {
    for (change, words) in [
        (add(Some("nowhere"), "x"), "no topic named \"nowhere\""),
        (add(None, "LOGIN"), "named like \"login\""),
        (add(None, " "), "empty"),
        (rename("login", "refunds"), "named like"),
        (rename("x", "y"), "no topic named \"x\""),
        (TopicEdit::Delete { name: "x".to_owned() }, "no topic named \"x\""),
    ] {
        let error = apply_edit(&sample(), &change).unwrap_err().to_string();
        assert!(error.contains(words), "{change:?} gave: {error}");
    }
}

#[test]
fn replacing_unlabels_the_leaves_that_are_gone() {
    let new = parse_hierarchy(r#"{"refunds": {"partial": {}}, "login": {}}"#).unwrap();
    assert_eq!(replace_outcome(&sample(), &new), ["refunds", "invoices"]);
    assert!(replace_outcome(&sample(), &sample()).is_empty());
}
