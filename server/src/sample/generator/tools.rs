//! The shop's tools with their JSON schemas, and the system prompts.

use serde_json::{Map, Value, json};

use super::draw::Draw;

/// Name, what it does, and its parameters with their descriptions.
type Tool = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const TOOLS: [Tool; 18] = [
    ("lookup_order", "Status, items, carrier and tracking of an order.", &[("order_id", "As BB-12345")]),
    (
        "update_delivery_address",
        "Changes the delivery address of an order that is not packed yet.",
        &[("order_id", "As BB-12345"), ("city", "New city")],
    ),
    (
        "open_carrier_trace",
        "Asks the carrier to search for a parcel.",
        &[("order_id", "As BB-12345"), ("carrier", "Name of the carrier")],
    ),
    (
        "create_return",
        "Makes a return label for one item of an order.",
        &[("order_id", "As BB-12345"), ("item", "Product name")],
    ),
    (
        "issue_refund",
        "Sends money back to the payment method of the order.",
        &[("order_id", "As BB-12345"), ("amount", "Euros with two decimals"), ("reason", "For the books")],
    ),
    ("lookup_return", "State of a return and of its refund.", &[("order_id", "As BB-12345")]),
    (
        "create_exchange",
        "Return of one item against another one.",
        &[("order_id", "As BB-12345"), ("return_item", "Product that comes back"), ("new_item", "Product to send")],
    ),
    (
        "lookup_charges",
        "Recent charges on a card.",
        &[("card_last4", "Last four digits"), ("order_id", "Optional order")],
    ),
    ("send_invoice", "Sends an invoice as PDF.", &[("order_id", "As BB-12345"), ("email", "Where to")]),
    (
        "cancel_subscription",
        "Ends a subscription before its next renewal.",
        &[("email", "Account"), ("plan", "Name of the plan")],
    ),
    ("reset_password", "Sends a reset link that is valid for 60 minutes.", &[("email", "Account")]),
    ("verify_identity", "Sends a verification link to the account's address.", &[("email", "Account")]),
    (
        "lock_account",
        "Locks an account and signs out all devices.",
        &[("email", "Account"), ("reason", "What happened")],
    ),
    (
        "search_catalog",
        "Finds products with size, material, price and guarantee.",
        &[("query", "Words of the product")],
    ),
    ("check_stock", "Stock and restock date of a product.", &[("product", "Product name")]),
    (
        "lookup_error_code",
        "Meaning of a device's error code, and what to do.",
        &[("device", "Product name"), ("code", "As E01")],
    ),
    (
        "create_ticket",
        "Hands a problem over to the technicians.",
        &[("summary", "One line"), ("device", "Model"), ("app_version", "As 5.2.0")],
    ),
    ("open_warranty_claim", "Starts a guarantee claim.", &[("order_id", "As BB-12345"), ("item", "Product name")]),
];

const PROMPTS: [&str; 4] = [
    "You are the support assistant of Brightbarrow, an online shop for coffee and kitchen things with a bean subscription (the Barrow Club). Be warm and brief. Use the tools to look things up or to act; never invent order data. One question at a time. Reply in the customer's language.",
    "Brightbarrow customer care, chat channel.\n\n- Look up before you promise.\n- Refunds up to 500 euros may be issued without asking; above that, hand over.\n- Never ask for passwords, full card numbers or codes.\n- Answer in the customer's language, in at most five sentences.",
    "You help customers of Brightbarrow. Policies: returns within 30 days, sale items included; return postage free in the EU; opened coffee is credited by 50%; spare parts for 10 years; subscriptions can be cancelled at any time before the renewal. Call a tool when you need data or when the customer asks for something to be done.",
    "You are Barrow, the e-mail assistant of Brightbarrow. Write complete, friendly answers that name the order, amounts and dates in question, and say what happens next. Do not speculate about things that a tool can tell you.",
];

/// One of the system prompts that the shop has in use.
pub(super) fn system_prompt(draw: &mut Draw) -> &'static str {
    PROMPTS[draw.weighted(&[5, 4, 4, 2])]
}

/// The tools offered in one request: the needed one and some others, in the shop's order.
pub(super) fn offered(needed: &[&str], draw: &mut Draw) -> Vec<Value> {
    let extra = draw.between(2, 5);
    let mut chosen: Vec<usize> = (0..extra).map(|_| draw.below(TOOLS.len())).collect();
    chosen.extend(TOOLS.iter().enumerate().filter(|(_, tool)| needed.contains(&tool.0)).map(|(index, _)| index));
    chosen.sort_unstable();
    chosen.dedup();
    chosen.into_iter().map(|index| schema(&TOOLS[index])).collect()
}

/// A tool that is offered, but not the needed one, with plausible arguments.
pub(super) fn another(offered: &[Value], needed: &str, id: &str, draw: &mut Draw) -> Option<Value> {
    let names: Vec<&str> = offered.iter().filter_map(|tool| tool["function"]["name"].as_str()).collect();
    let others: Vec<&str> = names.into_iter().filter(|name| *name != needed).collect();
    if others.is_empty() {
        return None;
    }
    let name = draw.pick(&others);
    let parameters = TOOLS.iter().find(|tool| tool.0 == name)?.2;
    let args = parameters.iter().map(|(parameter, _)| {
        let value = if *parameter == "order_id" { "BB-10000" } else { "unknown" };
        ((*parameter).to_owned(), json!(value))
    });
    Some(call(id, name, &args.collect()))
}

/// A tool call as providers write it: the arguments are JSON in a string.
pub(super) fn call(id: &str, name: &str, args: &Map<String, Value>) -> Value {
    json!({"id": id, "type": "function", "function": {"name": name, "arguments": Value::Object(args.clone()).to_string()}})
}

fn schema((name, description, parameters): &Tool) -> Value {
    let properties: Map<String, Value> = parameters
        .iter()
        .map(|(name, description)| ((*name).to_owned(), json!({"type": "string", "description": description})))
        .collect();
    let required: Vec<&str> = parameters.iter().take(2).map(|(name, _)| *name).collect();
    json!({"type": "function", "function": {"name": name, "description": description,
        "parameters": {"type": "object", "properties": properties, "required": required, "additionalProperties": false}}})
}
