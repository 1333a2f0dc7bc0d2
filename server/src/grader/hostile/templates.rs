//! Templates that are broken, enormous, or reach for what is not theirs. Their sample has two thousand messages.

use super::{Case, template};
use crate::grader::template::MAX_TEMPLATE_BYTES;

/// Refused where they are saved, with the place; or an error of the sample; or text, and nothing else.
pub(super) fn cases() -> Vec<Case> {
    let nested = |depth: usize| format!("{}x{}", "{{#messages}}".repeat(depth), "{{/messages}}".repeat(depth));
    vec![
        ("section not closed", template("a {{#messages}}b"), "refused:1:3 The section {{#messages}} is not closed"),
        ("inverted not closed", template("{{^item.x}}"), "refused:1:1 The section"),
        (
            "sections crossed",
            template("{{#messages}}{{#item.a}}{{/messages}}{{/item.a}}"),
            "refused:1:25 {{/messages}} closes",
        ),
        (
            "closed, never opened",
            template("\n {{/messages}}"),
            "refused:2:2 {{/messages}} closes a section that was never",
        ),
        ("tag not closed", template("{{response"), "refused:1:1 A tag is opened and not closed by }}"),
        ("three braces, two", template("{{{response}}"), "refused:1:1 A tag is opened and not closed by }}}"),
        ("comment not closed", template("{{! for ever"), "refused:1:1 A tag is opened"),
        ("a hundred thousand braces", template("{".repeat(100_000)), "refused:1:1 "),
        ("ten thousand open sections", template("{{#messages}}".repeat(10_000)), "refused:1:"),
        ("ten thousand closed ones", template("{{/messages}}".repeat(10_000)), "refused:1:1 {{/messages}} closes"),
        ("seven deep", template(nested(7)), "refused:1:"),
        ("a thousand deep", template(nested(1_000)), "refused:1:"),
        ("larger than may be", template("x".repeat(MAX_TEMPLATE_BYTES + 1)), "refused:1:1 The template is larger"),
        ("unknown variable", template("Rate: {{respnse}}"), "refused:1:7 There is no variable “respnse”"),
        ("unknown section", template("{{#nobody}}{{/nobody}}"), "refused:1:1 There is no variable"),
        ("unknown within a list", template("{{#messages}}{{nme}}{{/messages}}"), "refused:1:14 There is no variable"),
        ("constructor", template("{{constructor}}"), "refused:1:1 There is no variable"),
        ("constructor of a text", template("{{response.constructor.constructor}}"), "refused:1:1 "),
        ("__proto__", template("{{__proto__}}"), "refused:1:1 There is no variable"),
        ("__proto__ of the row", template("{{item.__proto__.polluted}}"), "missing:item.__proto__.polluted"),
        ("toString of the row", template("{{item.toString}}"), "missing:item.toString"),
        ("length of a list", template("{{messages.length}}"), "refused:1:1 messages is a list"),
        ("partial", template("{{> /etc/passwd}}"), "refused:1:1 Other templates cannot be included"),
        ("partial of itself", template("{{>.}}"), "refused:1:1 Other templates cannot be included"),
        ("other delimiters", template("{{=<% %>=}}<% response %>"), "refused:1:1 The braces cannot be changed"),
        ("lambda", template("{{#item.run}}{{response}}{{/item.run}}"), "text:It is on"),
        ("empty tag", template("{{}}"), "refused:1:1 "),
        ("blank tag", template("{{   }}"), "refused:1:1 "),
        ("sign alone", template("{{#}}{{/}}"), "refused:1:1 "),
        ("point alone", template("{{.}}"), "refused:1:1 "),
        ("NUL", template("{{response\0}}"), "refused:1:1 "),
        ("tag over lines", template("{{#messages\n}}{{/messages}}"), "text:"),
        ("index beyond", template("{{messages[99999].content}}"), "missing:messages[99999].content"),
        ("index of 2^64", template("{{messages[18446744073709551616]}}"), "refused:1:1 "),
        ("index below 0", template("{{messages[-1]}}"), "refused:1:1 "),
        ("index of nothing", template("{{messages[]}}"), "refused:1:1 "),
        ("names that preparing uses", template("{{item:text}}"), "refused:1:1 "),
        ("places that preparing uses", template("{{messages:at.0}}"), "refused:1:1 "),
        ("lists within lists", template(nested(2)), "too many"),
        ("written a thousand times", template("{{messages}}".repeat(1_000)), "too large"),
        // What a value holds is no template.
        ("a template in a value", template("{{item.template}}"), "text:{{#messages}}{{response}}"),
        ("braces that are text", template("no tag } }} {"), "text:no tag } }} {"),
    ]
}
