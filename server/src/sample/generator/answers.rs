//! What production answered: recorded outputs from excellent to useless.

use serde_json::{Map, Value, json};

use super::draw::{Draw, write_out};
use super::scenario::Scenario;
use super::slots::Slots;
use super::tools;

const GREETINGS: [&str; 7] = [
    "Hi {first}, [thanks for your message|thanks for writing in].",
    "Hello {first}!",
    "Thanks for [getting in touch|reaching out], {first}.",
    "[I'm sorry for the trouble|Sorry about this], {first}.",
    "[Of course|Sure thing], happy to help.",
    "Thank you for your patience.",
    "Good question!",
];
const CLOSINGS: [&str; 6] = [
    "Is there anything else I can [do|help with]?",
    "[Just|Please] reply here if [anything is unclear|something doesn't fit].",
    "Have a [good|nice] day!",
    "I'll keep an eye on it.",
    "Let me know how it goes.",
    "Thanks for being with us.",
];
const EVASIONS: [&str; 12] = [
    "I'm sorry to hear that. [Please contact our customer service team|You may want to reach out to support] for [further|more] assistance.",
    "[That depends on|This can depend on] several factors. [Could you tell me more about what you need?|Please give me more information about your request.]",
    "I understand [your frustration|how you feel]. Our team [takes such matters very seriously|always does its best].",
    "As [an AI assistant|a virtual assistant] I don't have access to [that|customer data]. Please check [your account|our website].",
    "[You can find|There is] more about this in our help centre. [It covers most topics.|Please have a look there first.]",
    "Thank you for [contacting|choosing] Brightbarrow! [Your request is important to us.|Somebody will get back to you.]",
    "I'd be happy to help with that. What [exactly is the problem|seems to be the issue]?",
    "[Unfortunately I'm|I'm afraid I'm] unable to [help with this kind of request|answer that at the moment]. Please try again later.",
    "It should [sort itself out|be fine] in a few days. [If not, please come back to us.|Usually these things do.]",
    "[Hm, that's|That's] odd. [Maybe try again?|Have you tried another browser?]",
    "[Could you please send|Can you give me] your order number, [so that I can look into it|and the email address of the account]?",
    "We [apologise|apologize] for any inconvenience [caused|this may have caused].",
];
const CURT: [&str; 8] = ["Ok.", "One moment please.", "Noted, thanks.", "Sure!", "Let me check.", "Done.", "?", "Yes"];
const PADDING: [&str; 10] = [
    "At Brightbarrow, customer satisfaction has been at the heart of everything that we do since our early days in a small roastery, and that won't change.",
    "Before I go into the details, let me first say how much we value your trust and that we treat each and every request with the greatest care.",
    "As you may know, there are a great many reasons why something like this might happen, some of them within our control and others beyond it.",
    "It is also worth mentioning that our catalogue is growing constantly, so it is always a good idea to have a look at the new arrivals and seasonal offers.",
    "Please note that the information in this message is provided to the best of our knowledge and may be subject to change without prior notice.",
    "If you would like to learn more about us and the farmers we work with, our blog has a new story each month, with many pictures.",
    "Generally speaking, most of our customers find that things work out well, and the reviews on our site, of which there are thousands, bear this out.",
    "You might also consider joining our community, where coffee lovers from many countries exchange recipes, tips and their experiences every day.",
    "In the meantime, you may want to make sure that your contact details are up to date, that your browser is current and that cookies are allowed.",
    "I hope that this message finds you well, and that you have been enjoying your purchases and the many possibilities which they offer.",
];

/// A recorded answer, and the calls in it.
pub(super) struct Answer {
    /// What was said; empty only beside calls.
    pub(super) text: String,
    /// Tool calls.
    pub(super) calls: Vec<Value>,
}

/// An answer of random quality. `call` is the tool call that a good one makes; `sentences` are the good
/// answer's, already written out. The quality itself is not recorded anywhere.
pub(super) fn draw_answer(
    scenario: &Scenario,
    slots: &Slots,
    sentences: &[String],
    call: Option<(&str, &Map<String, Value>)>,
    offered: &[Value],
    id: &str,
    draw: &mut Draw,
) -> Answer {
    let case = Case { scenario, slots, sentences, call, offered, id };
    let all = rephrased(&sentences.join(" "), draw);
    match draw.weighted(&[8, 11, 33, 8, 6, 10, 9, 3, 12]) {
        0 => case.excellent(&all, draw),
        1 => case.good(draw),
        2 => case.mediocre(draw),
        3 => case.wrong(draw),
        4 => case.wrong_tool(draw),
        5 => case.evasive(draw),
        6 => case.far_too_long(all, draw),
        7 => Answer { text: draw.pick(&CURT).to_owned(), calls: Vec::new() },
        _ => case.half_wrong(draw),
    }
}

/// What there is to answer, and what the answer could say.
struct Case<'a> {
    scenario: &'a Scenario,
    slots: &'a Slots,
    sentences: &'a [String],
    call: Option<(&'a str, &'a Map<String, Value>)>,
    offered: &'a [Value],
    id: &'a str,
}

impl Case<'_> {
    /// All of it, warmly.
    fn excellent(&self, all: &str, draw: &mut Draw) -> Answer {
        Answer { text: self.dressed(all, draw), calls: self.calls(true) }
    }

    /// Most of it, plainly: good answers, too, forget a thing now and then.
    fn good(&self, draw: &mut Draw) -> Answer {
        if self.call.is_some() && draw.percent(30) {
            return Answer { text: String::new(), calls: self.calls(true) };
        }
        let left_out = draw.below(self.sentences.len());
        let is_kept = |index: usize| self.sentences.len() == 1 || index != left_out;
        let kept = self.sentences.iter().enumerate().filter(|(index, _)| is_kept(*index));
        let kept: Vec<&str> = kept.map(|(_, sentence)| sentence.as_str()).collect();
        Answer { text: rephrased(&kept.join(" "), draw), calls: self.calls(true) }
    }

    /// A part.
    fn mediocre(&self, draw: &mut Draw) -> Answer {
        let text = self.part(draw);
        let text = if draw.percent(50) { self.dressed(&text, draw) } else { text };
        Answer { text, calls: if draw.percent(55) { slips(self.call, self.id, draw) } else { Vec::new() } }
    }

    /// Plausible and wrong.
    fn wrong(&self, draw: &mut Draw) -> Answer {
        let text = self.write(draw.pick(self.scenario.wrong), draw);
        let text = if draw.percent(60) { self.dressed(&text, draw) } else { text };
        Answer { text, calls: Vec::new() }
    }

    /// A wrong tool, where there is one.
    fn wrong_tool(&self, draw: &mut Draw) -> Answer {
        let wrong = tools::another(self.offered, self.call.map_or("", |(name, _)| name), self.id, draw);
        let text = if draw.percent(50) {
            self.part(draw)
        } else {
            self.write("[Let me look into that.|One moment, checking.]", draw)
        };
        Answer { text, calls: wrong.into_iter().collect() }
    }

    fn evasive(&self, draw: &mut Draw) -> Answer {
        let mut text = self.write(draw.pick(&EVASIONS), draw);
        if draw.percent(50) {
            text = format!("{text} {}", self.write(draw.pick(&EVASIONS), draw));
        }
        Answer { text, calls: Vec::new() }
    }

    /// Padding around a part or all of it.
    fn far_too_long(&self, all: String, draw: &mut Draw) -> Answer {
        let mut padding = PADDING.to_vec();
        draw.shuffle(&mut padding);
        let (before, behind) = (draw.between(1, 3), draw.between(1, 3));
        let core = if draw.percent(20) { all } else { self.part(draw) };
        let text = format!("{}\n\n{core}\n\n{}", padding[..before].join(" "), padding[5..5 + behind].join(" "));
        Answer { text, calls: self.calls(draw.percent(40)) }
    }

    /// Half right, half wrong.
    fn half_wrong(&self, draw: &mut Draw) -> Answer {
        let text = format!("{} {}", self.part(draw), self.write(draw.pick(self.scenario.wrong), draw));
        Answer { text, calls: self.calls(draw.percent(50)) }
    }

    /// The good call, if it is made.
    fn calls(&self, made: bool) -> Vec<Value> {
        let good = self.call.filter(|_| made).map(|(name, args)| tools::call(self.id, name, args));
        good.into_iter().collect()
    }

    /// The first sentences of the good answer.
    fn part(&self, draw: &mut Draw) -> String {
        let keep = draw.between(1, self.sentences.len().max(2) - 1).min(self.sentences.len());
        rephrased(&self.sentences[..keep].join(" "), draw)
    }

    fn write(&self, template: &str, draw: &mut Draw) -> String {
        write_out(template, self.slots, draw)
    }

    fn dressed(&self, text: &str, draw: &mut Draw) -> String {
        dressed(self.scenario, text, self.slots, draw)
    }
}

/// Other words for the same: no model writes the reference answer word for word.
const SYNONYMS: [(&str, &str); 44] = [
    ("I'll ", "I will "),
    ("I'm ", "I am "),
    ("I've ", "I have "),
    ("It's ", "It is "),
    ("we'll ", "we will "),
    ("you'll ", "you will "),
    ("You'll ", "You will "),
    (" right away", " at once"),
    (" status", " state"),
    ("current ", "latest "),
    ("delivery address", "address"),
    ("straight away", "immediately"),
    ("Delivery is expected", "It should come"),
    ("The estimated delivery date is", "It is due on"),
    ("tracking number", "reference"),
    ("has not arrived", "isn't there"),
    ("open a trace with", "ask"),
    ("working days", "business days"),
    ("resend", "send again"),
    ("refund ", "pay back "),
    ("refunding", "paying back"),
    ("refunded", "paid back"),
    (" euros", " EUR"),
    ("return postage", "shipping back"),
    ("Return postage", "Sending back"),
    ("reply here", "answer this mail"),
    ("usually", "normally"),
    ("bank reference", "reference"),
    ("damaged", "broken"),
    ("cancelling", "ending"),
    ("cancelled", "ended"),
    ("password reset link", "link for a new password"),
    ("valid for", "good for"),
    ("promotions folder", "spam folder"),
    ("verification link", "link to confirm"),
    ("identity", "details"),
    ("expected back", "due again"),
    ("catalogue", "range"),
    ("guarantee", "warranty"),
    ("opening a claim", "starting a case"),
    ("opened a claim", "started a case"),
    ("opening a ticket", "making a ticket"),
    ("setting up", "starting"),
    ("expected", "due"),
];

fn rephrased(text: &str, draw: &mut Draw) -> String {
    let mut text = text.to_owned();
    let chance = draw.between(20, 95);
    for (from, to) in SYNONYMS {
        if text.contains(from) && draw.percent(chance) {
            text = text.replace(from, to);
        }
    }
    text
}

/// With a greeting and perhaps a closing line, in English only.
fn dressed(scenario: &Scenario, text: &str, slots: &Slots, draw: &mut Draw) -> String {
    if !scenario.english {
        return text.to_owned();
    }
    let greeting = write_out(draw.pick(&GREETINGS), slots, draw);
    if draw.percent(50) {
        return format!("{greeting} {text}");
    }
    format!("{greeting} {text} {}", write_out(draw.pick(&CLOSINGS), slots, draw))
}

/// The right tool, at times with a slip in its first argument.
fn slips(call: Option<(&str, &Map<String, Value>)>, id: &str, draw: &mut Draw) -> Vec<Value> {
    let Some((name, args)) = call else { return Vec::new() };
    let mut args = args.clone();
    if draw.percent(40)
        && let Some(value) = args.values_mut().next()
        && let Some(text) = value.as_str()
    {
        // The last character is lost, as when a number is copied in haste.
        let mut short = text.to_owned();
        short.pop();
        *value = json!(short);
    }
    vec![tools::call(id, name, &args)]
}
