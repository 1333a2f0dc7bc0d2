//! Charges, invoices, subscriptions.

use crate::sample::generator::scenario::{Scenario, Turn};

pub(in crate::sample::generator) const SCENARIOS: &[Scenario] = &[
    Scenario {
        weight: 5,
        openings: &[
            "[I was|I've been] charged twice for {order}: [{price} euros on {date} and again the day after|two times {price} on my statement].",
            "My card (ending {last4}) shows [two payments|a double payment] of {price} euros. [I only ordered one {product}.|There's just one order, {order}.]",
            "why do you take {price} twice?? order {order}",
            "There are two charges of {price} from Brightbarrow on my [statement|account], [both dated {date}|one of them must be wrong].",
        ],
        context: &[
            "I've attached nothing because the app won't let me.",
            "I would like one of them back today.",
            "My rent is due and this hurts.",
            "Maybe one is only a hold?",
            "The bank told me to ask you first.",
        ],
        tool: Some(("lookup_charges", &[("card_last4", "{last4}"), ("order_id", "{order}")])),
        answer: &[
            "[I'm checking|Let me check] the charges on your card ending {last4} for {order}.",
            "If one of the {price} euros is a double charge, I'll refund it today.",
        ],
        wrong: &["You must have clicked twice; please dispute it with your bank."],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 5,
        openings: &[
            "[Can you|Could you please] send me the invoice for {order}? [It's for my tax return.|Our accountant needs it.]",
            "I need invoice {invoice} [again|as PDF], made out to {company}, VAT number {vat}.",
            "The invoice for {order} has the wrong name on it. It should say {company}, [VAT|tax id] {vat}.",
            "where do i find my invoices? need the one for the {product} ({order})",
        ],
        context: &[
            "By {later} if you can.",
            "The one in my account won't open.",
            "Please to {email}.",
            "We're a company in {city}.",
        ],
        tool: Some(("send_invoice", &[("order_id", "{order}"), ("email", "{email}")])),
        answer: &[
            "[I'm sending|I'll send] the invoice for {order} to {email}.",
            "[You can also find it|It is also] under Account > Orders > Documents.",
        ],
        wrong: &[
            "Invoices can only be requested by post.",
            "I sent it to the address on file, which I can't tell you.",
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 5,
        openings: &[
            "[I want to|I'd like to] cancel my {plan} subscription [before the next bag ships|as of now].",
            "Please [stop|end] my {plan}. [Too much coffee piling up here.|We're just not drinking that much any more.]",
            "how do i cancel {plan}, the button in the app does nothing",
            "Cancel {plan} please. Account {email}. [Nothing personal, money is tight.|I'm moving abroad.]",
        ],
        context: &[
            "The next payment is on {later}.",
            "I still have a voucher, does it expire?",
            "Maybe I'll be back in {next_month}.",
            "And please don't offer me three discounts first.",
        ],
        tool: Some(("cancel_subscription", &[("email", "{email}"), ("plan", "{plan}")])),
        answer: &[
            "[I'm cancelling|I've cancelled] your {plan} for {email}.",
            "[Nothing more will be charged|There is no charge] on {later}; what's already shipped still arrives.",
            "You can start again at any time from your account.",
        ],
        wrong: &["Your {plan} has a minimum term of 12 months.", "I've paused it for a month instead."],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 4,
        openings: &[
            "Why did my {plan} [go up|get more expensive]? [It used to be less.|Last month it was a good bit cheaper.]",
            "[What's|Can you explain] this charge of {plan_price} euros on {date}?",
            "There's a payment to Brightbarrow of {plan_price} I don't [recognise|recognize]. Card ending {last4}.",
            "I thought {plan} was [free for the first month|a trial]? You took {plan_price} on {date}.",
        ],
        context: &[
            "I'm not accusing anyone, I just want to understand it.",
            "My partner says she didn't order anything.",
            "I've had it since {month} I think.",
        ],
        history: &[
            Turn::Call(
                "lookup_charges",
                &[("card_last4", "{last4}")],
                "\"charges\": [{\"date\": \"{date}\", \"amount\": {plan_price}, \"description\": \"{plan} renewal\", \"invoice\": \"{invoice}\"}], \"trial_ended_on\": \"{date}\"",
            ),
            Turn::Assistant(
                "[Thanks, I've found it.|I can see that charge.] [It is the renewal of your {plan}.|It belongs to your {plan}.]",
            ),
        ],
        follow_ups: &[
            "[But I never|I didn't] [agreed|agree] to a renewal. [Can I get it back?|What can you do?]",
            "What was the date again, and is there an invoice?",
            "ok and how much will it be next month",
            "And when did the trial end? [I got no reminder.|I thought I had until {later}.]",
        ],
        answer: &[
            "The trial ended on {date}, so your {plan} renewed for {plan_price} euros.",
            "The invoice is {invoice}.",
            "[Renewals can be refunded|We refund renewals] within 14 days if no bag has shipped: just say so.",
        ],
        wrong: &["The charge was made by your bank, not by us.", "Renewals are never refundable."],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 4,
        openings: &[
            "Can I [switch|change] from {plan} to {new_plan}, and what does it cost?",
            "What's the difference in price between {plan} and {new_plan}?",
            "[Thinking of moving|I want to move] to {new_plan}. [Will I be charged right away?|Do I pay the full price this month?]",
            "if i change my plan on {date}, what do i pay for the rest of {month}?",
        ],
        context: &["There are two of us now.", "I pay with PayPal, if that matters.", "My renewal is on {later}."],
        answer: &[
            "{plan} is {plan_price} euros a month and {new_plan} is {new_price}.",
            "A change takes effect at the next renewal, so nothing is charged today.",
            "You can switch under Account > Subscription.",
        ],
        wrong: &["All plans cost the same, only the beans differ.", "Changing plans costs a fee of 5 euros."],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 4,
        openings: &[
            "My payment [keeps failing|was declined] [at checkout|when I try to order]. Card ending {last4}.",
            "[Checkout says|I get] \"payment declined\" but [my card works everywhere else|there's plenty of money on it].",
            "Do you take [PayPal|Klarna|American Express]? My card [gets refused|was declined] twice now for the {product}.",
            "The voucher code from your newsletter isn't [accepted|working]. [Total stays at {price}.|It says \"not applicable\".]",
        ],
        context: &[
            "It's for a {product}.",
            "The bank's app never asks me to confirm.",
            "I tried Firefox and my {device}.",
            "It was fine in {month}.",
        ],
        answer: &[
            "[Declines usually come|A decline usually comes] from the bank's 3-D Secure check: approve the request in your bank's app and try again.",
            "We also take PayPal, Klarna and Apple Pay, but not American Express.",
            "Vouchers apply from 40 euros and not to subscriptions.",
        ],
        wrong: &[
            "Our payment system never declines anything, so your card must be blocked.",
            "Please send me the full card number and I'll enter it for you.",
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 1,
        openings: &[
            "Bonjour, [je voudrais|j'aimerais] [résilier|annuler] mon abonnement {plan} [avant la fin du mois|dès maintenant].",
            "Bonjour, pouvez-vous m'envoyer la facture de la commande {order} ? [C'est pour ma comptabilité.|Merci d'avance.]",
        ],
        answer: &[
            "Bien sûr : vous trouverez tout sous Compte > Abonnement et Compte > Documents.",
            "La résiliation prend effet avant le prochain paiement de {plan_price} euros.",
            "La facture de {order} y est aussi, en PDF.",
        ],
        wrong: &["Désolé, nous ne répondons qu'en anglais."],
        english: false,
        ..Scenario::PLAIN
    },
];
