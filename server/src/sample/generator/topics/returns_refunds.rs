//! Sending things back, getting money back.

use crate::sample::generator::scenario::{Scenario, Turn};

pub(in crate::sample::generator) const SCENARIOS: &[Scenario] = &[
    Scenario {
        weight: 6,
        openings: &[
            "[I'd like|I want] to [return|send back] the {product} from order {order}. [It's nicer online than in real life|It simply doesn't suit our kitchen].",
            "How do I [return|send back] something? The {product} ({order}) is [too big for the shelf|not what I expected], [still boxed|used once].",
            "The {product} in {order} isn't for me. [Returning it please.|What do I need to do to send it back?]",
            "got the {product} as a present ({order}) and already own one, can it go back?",
            "[Please arrange|Can you set up] a return for {order}, just the {product}, [I'm keeping the {other}|the rest stays].",
        ],
        context: &[
            "It arrived on {date}.",
            "The box is opened but complete.",
            "I don't have a printer for the label.",
            "A friend ordered it for me, so I have no receipt.",
            "I'd prefer store credit if that's quicker.",
            "There's a {carrier} shop round the corner.",
        ],
        tool: Some(("create_return", &[("order_id", "{order}"), ("item", "{product}")])),
        answer: &[
            "[I'm setting up|I'll create] the return of the {product} from {order}.",
            "[You'll get|We'll email you] a label that {carrier} can also print from a QR code.",
            "The refund of {price} euros follows within 5 days of its arrival.",
        ],
        wrong: &["Opened boxes cannot be returned.", "Returns cost 12.90 euros, which we take off the refund."],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 5,
        openings: &[
            "The {product} [arrived|came] [broken|cracked|with a big dent]. Order {order}. [I want my money back.|Please refund it.]",
            "[Opened the parcel and|Just unpacked it:] the {product} is [in pieces|chipped on one side]. {order}, [delivered|came] on {date}.",
            "Damaged on arrival: {product}, order {order}. [Refund please, no replacement.|I don't want another one, just the {price} euros back.]",
            "Honestly [disappointed|annoyed]. Paid {price} euros for the {product} and it came [scratched all over|with the handle snapped off]. refund {order} pls",
        ],
        context: &[
            "I can send photos.",
            "The outer box was fine, so it left you like that.",
            "It's the second broken one!",
            "There was hardly any padding.",
            "I've thrown the box away, hope that's OK.",
        ],
        tool: Some((
            "issue_refund",
            &[("order_id", "{order}"), ("amount", "{price}"), ("reason", "damaged on arrival")],
        )),
        answer: &[
            "I'm sorry the {product} reached you [damaged|like that].",
            "[I'm refunding|I've refunded] {price} euros for {order}.",
            "[No need to send it back.|You can recycle it, we don't need it back.]",
        ],
        wrong: &[
            "Damage has to be reported to {carrier} within 24 hours, so I can't help here.",
            "I've sent a replacement instead.",
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 5,
        openings: &[
            "I [sent back|returned] my {product} on {date} and there's [no refund|no money] yet. Order {order}.",
            "Where is my refund for {order}? [You've had the parcel for {days} days.|{carrier} says you received it on {date}.]",
            "refund for {order} [still not here|hasn't shown up], it's {price} euros",
            "[When|How soon] will I get the {price} euros for the {product} I returned? ({order})",
        ],
        context: &[
            "My bank sees nothing.",
            "I paid by card ending {last4}.",
            "The return tracking is {tracking}.",
            "I've since bought the {other} instead, so I was counting on it.",
        ],
        history: &[
            Turn::Call(
                "lookup_return",
                &[("order_id", "{order}")],
                "\"order_id\": \"{order}\", \"item\": \"{product}\", \"received_on\": \"{date}\", \"refund\": {\"amount\": {price}, \"status\": \"sent\", \"sent_on\": \"{later}\", \"method\": \"card {last4}\"}",
            ),
            Turn::Assistant(
                "[I've found the return of your {product}.|Thanks, I have your return here.] [One moment|Let me see what happened to the refund].",
            ),
        ],
        follow_ups: &[
            "[And?|So] [where's|what about] the money?",
            "Did it go to my card or to the [voucher|gift card]?",
            "How much was it exactly, and when did you send it?",
            "OK [thanks|great], so when can I expect it on my account?",
            "my bank wants to know the date you sent it",
        ],
        answer: &[
            "We sent {price} euros to your card ending {last4} on {later}.",
            "[Banks take|It usually takes] 2 to 5 working days to show it.",
            "If you don't see it by then, reply here and we'll send you the bank reference.",
        ],
        wrong: &["The refund went to your gift card.", "We have not received your parcel yet."],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 4,
        openings: &[
            "[How long|Until when] can I return [things|an item]? I bought the {product} on {date}.",
            "Is it too late to send the {product} back? It's been {weeks} weeks.",
            "What's your return policy for [sale items|things bought on sale]? [Looking at the {product}.|I'm thinking of the {product} but I'm not sure.]",
            "Do you take back [opened coffee|beans that have been opened]? The {bean} is [too dark|far too sour] for me.",
            "Who pays for [return postage|sending things back]? [Thinking about the {product}.|The {product} is quite heavy.]",
        ],
        context: &[
            "I couldn't find it on the website.",
            "Asking before I buy.",
            "The hand-out in the box says something different.",
        ],
        answer: &[
            "You can return items within 30 days of delivery, sale items included.",
            "Return postage is free within the EU and 6.90 euros elsewhere.",
            "Opened coffee can't come back, but we give a 50% credit if you don't like it.",
        ],
        wrong: &[
            "You have 14 days, and sale items are final.",
            "Returns are always free worldwide, also for opened food.",
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 4,
        openings: &[
            "Can I [exchange|swap] the {product} for [the|a] {other}? Order {order}.",
            "[I ordered the wrong thing|Wrong item ordered], {order}: I meant the {other}, not the {product}. [Exchange possible?|Can you swap them?]",
            "You sent me a {other} instead of the {product} I ordered ({order}).",
            "instead of the {product} there was a {other} in the box?! order {order}",
        ],
        context: &["I'd pay the difference of course.", "I haven't opened it.", "I need the right one before {later}."],
        tool: Some((
            "create_exchange",
            &[("order_id", "{order}"), ("return_item", "{product}"), ("new_item", "{other}")],
        )),
        answer: &[
            "[Of course|Sure], I'm setting up the exchange for {order}.",
            "The {other} costs {other_price} euros and the {product} {price}; we charge or refund the difference.",
            "It leaves as soon as {carrier} scans your return label.",
        ],
        wrong: &[
            "Exchanges aren't possible, you must place a new order.",
            "There's no price difference, so it's free.",
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 1,
        openings: &[
            "Hola, [quisiera devolver|quiero devolver] un artículo ({product}) del pedido {order}. [Llegó ayer.|No es lo que esperaba.]",
            "[Buenos días,|Buenas,] ¿cómo puedo devolver {order}? [No tengo impresora.|Está sin abrir.]",
        ],
        tool: Some(("create_return", &[("order_id", "{order}"), ("item", "{product}")])),
        answer: &[
            "Claro, estoy preparando la devolución del pedido {order}.",
            "El reembolso de {price} euros llega en 5 días.",
        ],
        wrong: &["Lo siento, no aceptamos devoluciones de España."],
        english: false,
        ..Scenario::PLAIN
    },
];
