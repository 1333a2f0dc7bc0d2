//! Makes the sample dataset: 1,200 lines of JSONL, support conversations of the fictional shop Brightbarrow.
//!
//! Everything follows from the seed. A record is a scenario (what a customer wants) with the particulars of one
//! case, the reference answer that follows from both, and a recorded answer of random quality; the quality stands
//! nowhere in the record. Some lines are broken on purpose, one way for every rule of validation, and some repeat.

mod answers;
mod assemble;
mod defects;
mod draw;
mod scenario;
mod slots;
#[cfg(test)]
mod tests;
mod tools;
mod topics;

use std::collections::HashSet;

use serde_json::Value;

use crate::types::topics::{TopicHierarchy, TopicNode};

use assemble::{Case, draw_case};
use draw::Draw;
use topics::TOPICS;

/// Lines that [`generate`] gives.
pub const LINES: usize = 1_200;
/// The seed of the sample that the start page opens.
pub const SEED: u64 = 7;
/// A grader for the sample: facts of the reference answer, the right tool, manner and length.
pub const GRADER_SCRIPT: &str = include_str!("grader.js");

/// Lines that repeat an earlier one.
const DUPLICATES: usize = 20;

/// The sample's lines, the same for the same seed. Most are in native form; one in twenty is chat JSONL.
pub fn generate(seed: u64) -> impl Iterator<Item = String> {
    let mut draw = Draw::new(seed);
    let mut prompts = HashSet::new();
    let mut cases = Vec::with_capacity(LINES);
    for (topic, count) in quotas(LINES - DUPLICATES) {
        for _ in 0..count {
            cases.push(new_case(topic, &mut prompts, &mut draw));
        }
    }
    draw.shuffle(&mut cases);
    let mut lines: Vec<String> = Vec::with_capacity(LINES);
    let mut defects = defects::plan(cases.len(), &mut draw);
    for (index, case) in cases.iter().enumerate() {
        lines.push(match defects.remove(&index) {
            Some(defect) => defects::break_line(defect, case, &mut draw),
            None => assemble::line(case, &mut draw),
        });
    }
    for number in 0..DUPLICATES {
        repeat_one(&mut lines, number, &mut draw);
    }
    lines.into_iter()
}

/// The six topics with descriptions and keywords.
pub fn hierarchy() -> TopicHierarchy {
    let nodes = HIERARCHY
        .iter()
        .map(|(name, description, keywords)| TopicNode {
            name: (*name).to_owned(),
            description: (*description).to_owned(),
            keywords: keywords.iter().map(|keyword| (*keyword).to_owned()).collect(),
            children: Vec::new(),
        })
        .collect();
    TopicHierarchy { version: 0, nodes }
}

const HIERARCHY: [(&str, &str, &[&str]); 6] = [
    (
        "order_status",
        "Where an order is, when it arrives, parcels that went astray, changes of address.",
        &[
            "shipped",
            "tracking",
            "delivered",
            "delivery date",
            "has shipped",
            "my parcel",
            "my order",
            "status of order",
            "where is my order",
            "where's my",
            "get here",
            "in transit",
            "wrong address",
            "delivery address",
            "shipping address",
            "marked as delivered",
            "second part",
            "arrive",
            "bestellung",
            "verschickt",
            "still missing",
            "missing from the box",
        ],
    ),
    (
        "returns_refunds",
        "Sending things back, exchanges, damaged goods, and getting the money back.",
        &[
            "return",
            "returned",
            "refund",
            "send back",
            "sent back",
            "send it back",
            "money back",
            "exchange",
            "swap",
            "damaged",
            "broken",
            "cracked",
            "return policy",
            "return postage",
            "wrong item",
            "take back",
            "devolver",
            "devolución",
            "where's the money",
        ],
    ),
    (
        "billing",
        "Charges, invoices, vouchers, and the coffee subscription.",
        &[
            "invoice",
            "charge",
            "charged",
            "charged twice",
            "payment",
            "payment declined",
            "declined",
            "subscription",
            "voucher",
            "vat",
            "vat number",
            "renewal",
            "cancel",
            "paypal",
            "statement",
            "club light",
            "club classic",
            "club duo",
            "club office",
            "trial",
            "facture",
            "abonnement",
        ],
    ),
    (
        "account_access",
        "Signing in, passwords, two-factor codes, personal data.",
        &[
            "password",
            "log in",
            "login",
            "sign in",
            "locked out",
            "my account",
            "account",
            "two factor",
            "2fa",
            "backup code",
            "backup codes",
            "reset",
            "hacked",
            "new device",
            "my email",
            "newsletter",
            "unsubscribe",
            "gdpr",
            "delete my account",
            "passwort",
            "anmelden",
            "einloggen",
            "codes",
        ],
    ),
    (
        "product_questions",
        "What to buy: sizes, materials, stock, comparisons, beans.",
        &[
            "in stock",
            "back in stock",
            "sold out",
            "dishwasher",
            "made of",
            "how big",
            "how large",
            "capacity",
            "dimensions",
            "recommend",
            "which is better",
            "worth",
            "decide between",
            "beans",
            "espresso or filter",
            "decaf",
            "taste",
            "grind",
            "spare parts",
            "present for",
            "induction",
            "quanto è grande",
            "garanzia",
            "what size",
            "similar",
            "alternative",
        ],
    ),
    (
        "technical_support",
        "Devices and the app that do not do what they should.",
        &[
            "error",
            "error code",
            "app",
            "the app",
            "crash",
            "crashes",
            "freezes",
            "bluetooth",
            "pair",
            "pairing",
            "won't connect",
            "stopped working",
            "guarantee",
            "guarantee claim",
            "descale",
            "frother",
            "leaking",
            "broke",
            "update",
            "app version",
            "pico",
            "máquina",
            "cafetera",
            "aplicación",
        ],
    ),
];

/// Cases per topic for so many lines: by the topics' weights, whole numbers that add up.
fn quotas(lines: usize) -> Vec<(usize, usize)> {
    let mut given = 0;
    let mut so_far = 0;
    TOPICS
        .iter()
        .enumerate()
        .map(|(index, (_, weight, _))| {
            so_far += weight;
            let upto = (lines * so_far + 500) / 1_000;
            let count = upto - given;
            given = upto;
            (index, count)
        })
        .collect()
}

/// A case whose customer says what none said before: real traces repeat, but here repeats are put in by number.
fn new_case(topic: usize, prompts: &mut HashSet<String>, draw: &mut Draw) -> Case {
    loop {
        let case = draw_case(topic, draw);
        if prompts.insert(case.said_by_customer()) {
            return case;
        }
    }
}

/// Repeats an earlier line some way further down: half by the span (sent twice by a tracer), half by the prompt
/// (the same request again, its JSON keys in another order).
fn repeat_one(lines: &mut Vec<String>, number: usize, draw: &mut Draw) {
    loop {
        let at = draw.below(lines.len());
        let Ok(mut line) = serde_json::from_str::<Value>(&lines[at]) else { continue };
        let by_span = number.is_multiple_of(2);
        let usable = line["data"]["input"]["messages"].as_array().is_some_and(|messages| messages.len() > 1);
        if !usable || line["topic"].is_null() {
            continue;
        }
        if by_span {
            line["metadata"]["exported_again"] = Value::Bool(true);
        } else {
            line["span_id"] = Value::String(assemble::span_id(draw));
            line = assemble::with_reversed_keys(line);
        }
        let to = draw.between(at + 1, lines.len());
        lines.insert(to, line.to_string());
        return;
    }
}
