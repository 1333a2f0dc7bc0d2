//! Before buying: sizes, materials, stock, which one.

use crate::sample::generator::scenario::{Scenario, Turn};

pub(in crate::sample::generator) const SCENARIOS: &[Scenario] = &[
    Scenario {
        weight: 5,
        openings: &[
            "[What's the capacity|How big is the capacity|What are the dimensions] of the {product}? [Can't find it on the page.|The photos don't give a sense of scale.]",
            "How [big|large] is the {product} [exactly|really]? [It has to fit next to the {other}.|My shelf is tiny.]",
            "[Looking at|I'm eyeing] the {product}. [Is it big enough for two people?|Would it do for four people?]",
            "{product}: what size is it and [how long is the guarantee|is there a guarantee]?",
        ],
        context: &[
            "It's for a small flat in {city}.",
            "The {other} I got from you is great by the way.",
            "My budget is about {price} euros.",
            "I saw a bigger one elsewhere.",
        ],
        tool: Some(("search_catalog", &[("query", "{product}")])),
        answer: &[
            "[Let me look up|I'm looking up] the {product} in our catalogue.",
            "As far as I know it's {size}, with a guarantee of {guarantee} months.",
        ],
        wrong: &["All our products are one size."],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 5,
        openings: &[
            "[When will|Do you know when] the {product} [be back in stock|be available again]?",
            "[Is|Do you still have] the {product} [in stock|available]? [The button's greyed out.|It says \"notify me\".]",
            "{product} sold out again? [I need two.|Been waiting since {month}.]",
            "Could I reserve a {product}? I'd [pick it up|buy it] on {later}.",
        ],
        context: &[
            "It's the only one that goes with our kitchen.",
            "Any colour will do.",
            "I'd even take a display piece.",
            "Otherwise I'll go for the {other}.",
        ],
        history: &[
            Turn::Call(
                "check_stock",
                &[("product", "{product}")],
                "\"product\": \"{product}\", \"in_stock\": 0, \"restock_date\": \"{later}\", \"alternative\": {\"name\": \"{other}\", \"in_stock\": 14, \"price\": {other_price}}",
            ),
            Turn::Assistant(
                "[The {product} is sold out at the moment.|I've checked: none left of the {product} right now.]",
            ),
        ],
        follow_ups: &[
            "[Pity.|Too bad.] When do you get [more|new ones]?",
            "Is there [something similar|an alternative] you do have?",
            "Can you let me know when it's back? {email}",
            "ok so how long would i have to wait, and what does the other one cost",
        ],
        answer: &[
            "The {product} is expected back on {later}.",
            "Until then we have the {other} for {other_price} euros, 14 in stock.",
            "[Tap|If you tap] \"notify me\" on its page, you get a mail on the day.",
        ],
        wrong: &["It has been discontinued for good.", "We have 200 of them in stock."],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 6,
        openings: &[
            "[Which is better|What would you recommend], the {product} or the {other}? [For a beginner.|I can only afford one.]",
            "Help me decide between the {product} and the {other}. [It's a wedding gift.|Daily use, two people.]",
            "Is the {product} worth {price} euros [when|if] the {other} is {other_price}?",
            "present for my [dad|boss|partner], [likes coffee|loves to cook]: {product} or {other}?",
        ],
        context: &[
            "They have hardly any space.",
            "It shouldn't make much noise.",
            "He's left-handed, does that matter?",
            "I'd need it by {later}.",
            "I already own two mugs and that's it.",
        ],
        answer: &[
            "The {product} ({size}) is {price} euros with {guarantee} months of guarantee; the {other} is {other_price} euros.",
            "[If it's for every day|For daily use] I'd take the {product}; as a gift, the one they can't buy a spare part for.",
            "[Either|Both] can come back within 30 days.",
        ],
        wrong: &["They are the same product in different colours.", "The {other} costs {double} euros."],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 5,
        openings: &[
            "Is the {product} [dishwasher safe|OK in the dishwasher]?",
            "[What's the best way|How am I supposed] to clean the {product}? [I cook a lot.|The booklet only has pictures.]",
            "What is the {product} made of? [I'm allergic to nickel.|I try to avoid plastic that touches hot water.]",
            "Can I [use the {product} outdoors|take the {product} camping]?",
            "are there spare parts for the {product}, like seals",
        ],
        context: &[
            "The manual doesn't say.",
            "My old one rusted within a year.",
            "I'd rather ask than ruin it.",
            "A review says otherwise.",
        ],
        answer: &[
            "[Please wash|Wash] the {product} by hand: the coating doesn't like dishwashers.",
            "It's made of 18/8 steel, wood or stoneware without plastic on the inside, and anything with a plug runs on 220 to 240 volts.",
            "Spare parts are available for 10 years.",
        ],
        wrong: &["Everything we sell is dishwasher safe.", "There are no spare parts, you have to buy a new one."],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 5,
        openings: &[
            "Which of your beans [suit|work for] [espresso|filter|cold brew]? [I like chocolate more than fruit.|Nothing sour, please.]",
            "[What does|How does] the {bean} taste? [My last bag was something else.|The description is a bit poetic.]",
            "Is {bean} [fresh|freshly roasted]? How long [does it keep|will a bag last]?",
            "what grind for the {bean} with a [french press|moka pot|pour-over]",
            "Do you have decaf as good as the {bean}?",
        ],
        context: &[
            "We drink two cups a day.",
            "I grind with the Piper.",
            "Water here is very hard.",
            "My {plan} gives me a choice of three.",
        ],
        answer: &[
            "{bean} is roasted every Tuesday and is best between day 7 and week 6.",
            "[For espresso grind fine|Grind it fine for espresso], for filter medium, like sand, at 93 degrees.",
            "Sidamo decaf is the mildest if you want something without caffeine.",
        ],
        wrong: &["{bean} keeps for three years.", "Use boiling water and the finest grind for everything."],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 1,
        openings: &[
            "Buongiorno, [quanto è grande|che dimensioni ha] {product}? [È per una cucina piccola.|Non lo trovo sulla pagina.]",
            "Salve, [quanto dura la garanzia|che garanzia ha] {product}? [Vorrei regalarlo.|Lo userei ogni giorno.]",
        ],
        answer: &["{product}: {size}.", "La garanzia è di {guarantee} mesi e il prezzo {price} euro."],
        wrong: &["Purtroppo non vendiamo questo prodotto."],
        english: false,
        ..Scenario::PLAIN
    },
];
