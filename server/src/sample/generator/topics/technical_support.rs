//! Devices and the app that do not do what they should.

use crate::sample::generator::scenario::{Scenario, Turn};

pub(in crate::sample::generator) const SCENARIOS: &[Scenario] = &[
    Scenario {
        weight: 6,
        openings: &[
            "My Gramm scale [won't connect|doesn't pair] with the app any more. [Phone: {device}.|I'm on app {version}.]",
            "[Bluetooth|The Bluetooth] between the scale and my {device} [drops every minute|stopped working on {date}].",
            "The app ({version}) can't find my [smart scale|Gramm scale]. [Bluetooth is on.|It sits right next to the phone.]",
            "scale not pairing, {device}, tried [twice|five times|all evening]",
        ],
        context: &[
            "It worked until the update.",
            "New batteries are in.",
            "The little blue light blinks twice.",
            "My partner's phone finds it at once.",
            "I already reinstalled the app.",
        ],
        history: &[Turn::Assistant(
            "[Thanks for the details.|Sorry about that.] [Did you already remove the scale from the phone's Bluetooth list?|Have you tried forgetting the scale in the phone's Bluetooth settings?]",
        )],
        follow_ups: &[
            "[Yes, no difference|I did, same thing]. [Anything else?|What's next?]",
            "No. How do I do that on a {device}?",
            "Done that. It shows up, then [vanishes|error {error}].",
            "i don't see it in the list at all",
            "Which app version should I have?",
        ],
        answer: &[
            "[Hold the tare button for 10 seconds|Press and hold tare for 10 seconds] until the light turns white: that resets the pairing.",
            "Then remove the scale under Bluetooth on your phone and add it again in app version 5.2 or later.",
            "If it still fails, write back with the error code and we'll replace the scale.",
        ],
        wrong: &["The scale has no Bluetooth, so it can't pair.", "You need to buy the Wi-Fi bridge for that."],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 6,
        openings: &[
            "[My Pico|The Pico] shows error {error} and [does nothing|stops heating]. Bought on {date}, order {order}.",
            "Error {error} on the espresso machine. [What does it mean?|The manual ends at E01.]",
            "{error} again on my Pico. Descaled it, [waited an hour|left it unplugged overnight], still there.",
            "machine says {error} and beeps, [help|what now]??",
        ],
        context: &[
            "It's {weeks} weeks old.",
            "We use filtered water.",
            "It makes a grinding noise first.",
            "No coffee since {date}, morale is low.",
        ],
        tool: Some(("lookup_error_code", &[("device", "Pico espresso machine"), ("code", "{error}")])),
        answer: &[
            "[Let me look up|I'm looking up] error {error} for the Pico.",
            "Meanwhile, please unplug it and [empty the tank|take the tank out], so that nothing overheats.",
        ],
        wrong: &["{error} is just the clock, you can ignore it.", "Open the housing and pull the white cable."],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 5,
        openings: &[
            "The app [crashes|closes] [as soon as I open it|when I tap on brew log]. {device}, version {version}.",
            "[Since|After] the update to {version} the app [freezes|is stuck on the logo] on my {device}.",
            "Your app is [unusable|broken] on the {device}: [white screen|spinning circle] and nothing else.",
            "app {version} crash on start [{device}|with my phone]",
        ],
        context: &[
            "All my recipes are in there.",
            "The tablet version works.",
            "Is this known?",
            "I've restarted the phone.",
        ],
        tool: Some((
            "create_ticket",
            &[("summary", "App {version} fails on {device}"), ("device", "{device}"), ("app_version", "{version}")],
        )),
        answer: &[
            "[Sorry about the crashes|I'm sorry about that]: I'm opening a ticket for app {version} on your {device}.",
            "[Your recipes are safe|Your recipes aren't lost]: they're stored with your account.",
            "Clearing the app's cache helps in most cases.",
        ],
        wrong: &["We don't have an app.", "Please buy a newer phone."],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 5,
        openings: &[
            "The {product} I bought on {date} [stopped working|broke|gave up]. Is that covered by the guarantee?",
            "[Guarantee claim|I'd like to claim the guarantee]: {product}, order {order}, [defective|it no longer works].",
            "My {product} is [coming apart|showing rust|as good as useless] after {weeks} weeks.",
            "{product} broken after [half a year|two months], order {order}, what can you do",
        ],
        context: &[
            "Handled with care.",
            "I have photos and the receipt.",
            "A repair is fine with me.",
            "I need one daily, so how long will it take?",
        ],
        tool: Some(("open_warranty_claim", &[("order_id", "{order}"), ("item", "{product}")])),
        answer: &[
            "The guarantee on the {product} is {guarantee} months.",
            "[I'm opening|I've opened] a claim for {order}; you'll get a free {carrier} label.",
            "Repair or replacement takes about 10 working days.",
        ],
        wrong: &["The guarantee covers only the first 30 days.", "You have to contact the manufacturer in Asia."],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 4,
        openings: &[
            "[How do I|How often should I] descale the [Pico|kettle]? [Coffee tastes flat.|The water here is hard.]",
            "How do I clean the Marlow grinder? [It smells a bit stale.|Old coffee sticks everywhere.]",
            "The milk frother [doesn't froth|makes no foam] any more. [Cleaned it twice.|Same milk as ever.]",
            "espresso comes out [much too fast|in drops], what setting on the pico?",
        ],
        context: &[
            "I don't want to break anything.",
            "Vinegar, yes or no?",
            "The little brush got lost.",
            "It was perfect until {month}.",
        ],
        answer: &[
            "[Descale|Please descale] every 8 weeks with 15 g of citric acid in 1 litre of water, never with vinegar.",
            "Brush the burrs dry once a month; no water in the grinder.",
            "For espresso aim at 36 g in 28 seconds, and go one step finer if it runs faster.",
        ],
        wrong: &["Our machines never need descaling.", "Rinse the burrs under the tap and run it wet."],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 1,
        openings: &[
            "Hola, la [cafetera|máquina] Pico muestra el error {error} [y no calienta|desde ayer]. ¿Qué hago?",
            "La aplicación {version} [no abre|se cierra sola] en mi {device}. [¿Hay solución?|Ya la reinstalé.]",
        ],
        tool: Some((
            "create_ticket",
            &[("summary", "{error} / app {version}"), ("device", "{device}"), ("app_version", "{version}")],
        )),
        answer: &[
            "Lo siento: abro ahora mismo un ticket sobre el error {error} y la versión {version}.",
            "Le responderemos en 24 horas.",
        ],
        wrong: &["Compre una máquina nueva, por favor."],
        english: false,
        ..Scenario::PLAIN
    },
];
