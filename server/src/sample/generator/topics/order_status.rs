//! Where is my order?

use crate::sample::generator::scenario::{Scenario, Turn};

const WAITING: &[&str] = &[
    "[It's a birthday present|It is meant as a gift for my sister] and the party is on {later}.",
    "I [took a day off|worked from home] on {date} to be in and nobody rang.",
    "We're moving out of {city} [at the end of the week|on {later}], so I need to know whether to redirect it.",
    "[The page|Your site] just says \"in transit\" and has done for {days} days.",
    "My neighbour in {city} got hers from you in two days, so I'm a bit puzzled.",
    "I need the {product} for a tasting at work on {later}.",
    "No rush, just [curious|want to plan around it].",
    "This is the second time I'm asking, by the way.",
    "I did check the spam folder, there's no dispatch mail.",
    "{carrier} won't tell me anything without a shipper reference.",
    "If it's not going to make it by {later} I'd rather pick one up locally.",
    "The concierge here only accepts parcels until 4 pm.",
];

pub(in crate::sample::generator) const SCENARIOS: &[Scenario] = &[
    Scenario {
        weight: 7,
        openings: &[
            "[Hi,|Hello,|Hey|Good morning,] [where is|where's|any news on] my order {order}? I [bought|ordered] the {product} on {date}.",
            "Order {order} was supposed to [arrive|be here] by {later} and I [still have nothing|haven't seen a thing].",
            "Can you [check|look up] {order} [for me|please]? [Ordered {date}, no shipping mail yet.|It should have left the warehouse by now.]",
            "I'm [waiting for|still missing] my {product} ({order}). [What's going on with it?|Has it shipped at all?]",
            "tracking for {order} [hasn't moved|has been stuck] since {date}, [can someone look into it|what does that mean]?",
            "[Could you tell me|I'd like to know] when the {product} and the {other} from order {order} will [get to {city}|be delivered]?",
        ],
        context: WAITING,
        tool: Some(("lookup_order", &[("order_id", "{order}")])),
        answer: &[
            "[I'll look up|Let me pull up|I'm checking] order {order} [now|right away] so I can give you its current status.",
        ],
        wrong: &["Orders from that week have all been delivered, so {order2} must have arrived already."],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 6,
        openings: &[
            "Hi, has {order} [shipped|left] yet?",
            "[Could you check|Please check] the status of order {order}, [the {product}|the one with the {product}].",
            "Where's my {product}? Order number {order}, [placed|ordered] on {date}.",
            "My name is {name}, I ordered a {product} ({order}). [When does it come?|What's the delivery date?]",
        ],
        context: WAITING,
        history: &[
            Turn::Call(
                "lookup_order",
                &[("order_id", "{order}")],
                "\"order_id\": \"{order}\", \"status\": \"shipped\", \"carrier\": \"{carrier}\", \"tracking_number\": \"{tracking}\", \"items\": [\"{product}\"], \"estimated_delivery\": \"{later}\", \"ship_to_city\": \"{city}\"",
            ),
            Turn::Assistant(
                "[Order {order} shipped on {date}|Your {product} left our warehouse on {date}] [with|via] {carrier}.",
            ),
        ],
        follow_ups: &[
            "[Great, and when|OK. When exactly] should it [get here|arrive], and can I track it [somewhere|myself]?",
            "And what's the tracking number? [I'd like to follow it.|The mail never reached me.]",
            "Will it [make it|be here] by {later}? [I leave for a trip that evening.|We have guests then.]",
            "which carrier again and [what do i tell them when i call|which number do i give them]?",
            "Is it still going to {city}? I [updated|changed] my address [last week|after ordering].",
        ],
        answer: &[
            "[It's with {carrier}|{carrier} has it], tracking number {tracking}.",
            "[Delivery is expected on {later}|The estimated delivery date is {later}] in {city}.",
            "If it has not arrived [a day later|by the day after], [write back|reply here] and we'll open a trace with {carrier}.",
        ],
        wrong: &["It will arrive tomorrow before noon, guaranteed.", "There is no tracking for this kind of parcel."],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 4,
        openings: &[
            "[I need to|Can I] change the [delivery|shipping] address on {order}? [I put my old flat in by mistake|We've moved to {city}].",
            "Wrong address on order {order}!! It should go to my office in {city}, not home.",
            "[Hello, I've just|Hi, I] placed order {order} and [the autofill put|my browser filled in] an [old|outdated] address. Correct city is {city}.",
            "please send {order} to [my parents'|my mother's] place in {city} instead, [i'm away until {later}|nobody is home that week]",
        ],
        context: &[
            "It's only been [ten minutes|an hour] since I ordered.",
            "The postcode stays the same.",
            "Nobody lives at the old address any more.",
            "Happy to pay extra if needed.",
            "The order is for a {product}.",
        ],
        tool: Some(("update_delivery_address", &[("order_id", "{order}"), ("city", "{city}")])),
        answer: &[
            "[I'm changing|I'll change] the delivery address of {order} to {city}.",
            "[As long as it hasn't been packed|If it isn't packed yet], the new address applies straight away.",
        ],
        wrong: &["Addresses cannot be changed once an order is placed, you have to refuse the parcel."],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 4,
        openings: &[
            "{carrier} says my parcel ({tracking}) was delivered on {date} but [there's nothing here|I never got it].",
            "Order {order} is marked as delivered. It isn't. [I checked with both neighbours.|Nothing at the door, nothing in the shed.]",
            "[Someone signed for|A person I don't know signed for] {order} on {date}. [It wasn't me.|There's nobody of that name in our house.]",
            "My {product} was \"left in a safe place\" according to {carrier}. [Which place?|I can't find it anywhere.]",
        ],
        context: &[
            "I'm out {price} euros here.",
            "The photo shows a door that isn't mine.",
            "This has happened before with {carrier}.",
            "I live in a block with forty flats.",
            "What happens now?",
        ],
        tool: Some(("open_carrier_trace", &[("order_id", "{order}"), ("carrier", "{carrier}")])),
        answer: &[
            "I'm sorry the parcel [isn't there|never reached you].",
            "[I'm opening|I've started] a trace with {carrier} for {order}.",
            "They answer within 3 working days; if it is not found, we resend the {product} or refund {price} euros.",
        ],
        wrong: &["Once a parcel is marked delivered, we are no longer responsible for it."],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 3,
        openings: &[
            "I ordered [two things|a {product} and a {other}] in {order} but [only one came|the {other} is missing from the box].",
            "Only half of {order} has arrived: [got the {product}, no {other}|the {other} isn't in the parcel]. Is the rest on its way?",
            "[Is|Was] order {order} split? [The box had just the {product}.|I got the {product} but the packing slip lists a {other} too.]",
        ],
        context: &[
            "The delivery note doesn't mention a second parcel.",
            "I was charged for both.",
            "It was a wedding gift, so this is awkward.",
        ],
        history: &[
            Turn::Call(
                "lookup_order",
                &[("order_id", "{order}")],
                "\"order_id\": \"{order}\", \"status\": \"partially_shipped\", \"shipments\": [{\"items\": [\"{product}\"], \"status\": \"delivered\"}, {\"items\": [\"{other}\"], \"status\": \"backordered\", \"ships_on\": \"{later}\"}]",
            ),
            Turn::Assistant(
                "[Thanks for waiting.|Thank you.] [I can see two shipments on {order}.|Your order was sent in two parts.]",
            ),
        ],
        follow_ups: &[
            "So when does the {other} [ship|go out]?",
            "Why wasn't I told? And when's the second part coming?",
            "Do I have to pay [postage|shipping] twice then?",
            "Can I just cancel the part that's missing?",
        ],
        answer: &[
            "The {other} is on back order and ships on {later}.",
            "[You won't pay shipping twice|There is no second shipping charge].",
            "If that's too late, I can cancel the {other} and refund its {other_price} euros.",
        ],
        wrong: &[
            "Both items were in the box according to our records.",
            "You will be charged 4.90 euros for the second parcel.",
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 1,
        openings: &[
            "[Guten Tag|Hallo], wo bleibt meine Bestellung {order}? [Das Paket sollte längst in {city} sein.|Ich warte seit {days} Tagen.] [Es geht um: {product}.|]",
            "Können Sie bitte nachsehen, ob {order} schon verschickt wurde? [Ich brauche alles bis zum Wochenende.|Eine Versandmail kam nie an.] [Danke!|Besten Dank, {name}|]",
        ],
        tool: Some(("lookup_order", &[("order_id", "{order}")])),
        answer: &["Ich sehe gleich nach, wo Ihre Bestellung {order} gerade ist."],
        wrong: &["Ihre Bestellung {order2} wurde bereits zugestellt."],
        english: false,
        ..Scenario::PLAIN
    },
];
