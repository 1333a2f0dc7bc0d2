//! Signing in, passwords, personal data.

use crate::sample::generator::scenario::{Scenario, Turn};

pub(in crate::sample::generator) const SCENARIOS: &[Scenario] = &[
    Scenario {
        weight: 7,
        openings: &[
            "I [can't log in|can't sign in|am locked out]. [It says wrong password but I'm sure it's right.|My password isn't accepted any more.] Account is {email}.",
            "[Forgot|I've forgotten] my password and the reset mail [never arrives|doesn't come]. {email}",
            "Please reset [the|my] password for {email}, [I changed phones and lost it|my password manager ate it].",
            "how do I get back into my account? {email}, tried [three|four|five] times now",
            "[Hi, my login|My login] stopped working [on {date}|after your update]. The address is {email}.",
        ],
        context: &[
            "I checked spam as well.",
            "I need to stop my next bag before {later}.",
            "Using Safari on my {device}, if that helps.",
            "Could it be that somebody else changed it?",
            "The page just reloads.",
            "I've been a customer for years, this is silly.",
        ],
        tool: Some(("reset_password", &[("email", "{email}")])),
        answer: &[
            "[I'm sending|I've sent] a password reset link to {email}.",
            "It's valid for 60 minutes; [please check|have a look at] the promotions folder as well.",
        ],
        wrong: &[
            "Your new password is Welcome123, please change it later.",
            "I've deleted the account so that you can register again.",
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 5,
        openings: &[
            "I got a new phone and [can't|no longer] get the [two-factor|2FA] codes. {email}",
            "The [authenticator|2FA] code is [always wrong|rejected every time]. [What now?|I'm stuck at that screen.]",
            "Lost my {device}, and with it the login codes. How do I get into my account ({email})?",
            "your sms codes dont arrive [since {date}|anymore], other sms do",
        ],
        context: &[
            "I do have one backup code, I think.",
            "My number hasn't changed.",
            "I'm abroad in {city} at the moment.",
            "There's an order I need to see before {later}.",
        ],
        history: &[Turn::Assistant(
            "[I can help with that.|Let's get you back in.] [Do you still have one of the eight backup codes from when you switched it on?|Did you keep the backup codes?]",
        )],
        follow_ups: &[
            "No, [I never saw any|I don't think so]. Email still works.",
            "Yes! Where do I [enter|type] [it|one of them]?",
            "maybe on paper somewhere but not here",
            "What's a backup code?",
            "I have one, but does it work more than once?",
        ],
        answer: &[
            "A backup code goes into the same field as the login code, and each works once.",
            "Without one, we switch two-factor off after checking your identity: we mail a link to {email} and wait 24 hours.",
            "[Nobody|No one] from our team will ever ask you for a code.",
        ],
        wrong: &["Just tell me the code and I'll log in for you.", "Two-factor can't be removed once it is on."],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 5,
        openings: &[
            "[How do I|Can you] change the email [of|on] my account? Old one is {email}, [I no longer work there|that mailbox closes on {later}].",
            "My email changed. Please move the account from {email} to [first|hello]@{last}.example.",
            "I have two accounts, {email} and an older one, [can you merge them|can they be joined]?",
            "got married, need a new surname on the account {email}",
        ],
        context: &[
            "My orders should stay with it.",
            "I'm still logged in on my {device}.",
            "The points matter to me, I've collected quite a few.",
        ],
        tool: Some(("verify_identity", &[("email", "{email}")])),
        answer: &[
            "[Before I change anything|First], I'm sending a verification link to {email}.",
            "[Once|As soon as] you've confirmed it, the change takes a minute and your orders and points stay.",
        ],
        wrong: &[
            "Done, I've changed it to the new address without further checks.",
            "You need to open a new account and lose your points.",
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 5,
        openings: &[
            "Someone [logged into|got into] my account! There's an order {order} I [didn't make|know nothing about].",
            "I got [an email about a login from {city}|a \"new device\" mail], that wasn't me. {email}",
            "[I think my account was hacked|My account's been hacked]. [The address was changed to one in {city}.|A {product} was ordered on {date}.]",
            "strange login on {date}, {device}, not mine. please lock it",
        ],
        context: &[
            "My card ending {last4} is saved there.",
            "I've changed my email password already.",
            "Please hurry.",
            "Can you see what they did?",
        ],
        tool: Some(("lock_account", &[("email", "{email}"), ("reason", "suspected unauthorised access")])),
        answer: &[
            "[I'm locking|I've locked] the account {email}; all devices [are being|will be] signed out.",
            "[Any order|An order] you didn't make will be cancelled and refunded.",
            "You'll get a mail to set a new password.",
        ],
        wrong: &[
            "That's probably a family member, so there is nothing to worry about.",
            "Please write to the police first, we can't lock accounts.",
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 4,
        openings: &[
            "[Please delete|I want you to delete] my account and [all my data|everything you have on me]. {email}",
            "How can I [get a copy of|download] the data you [store|have] about me? (GDPR)",
            "[Unsubscribe|Take] me from [your newsletter|all mailings] please. The link at the bottom doesn't work. {email}",
            "What happens to my points and [order history|invoices] if I close my account?",
        ],
        context: &["I know that invoices have to be kept.", "I'd like a confirmation.", "My last order was {order}."],
        answer: &[
            "You can do that under Account > Privacy: download, unsubscribe and delete are there.",
            "Deletion takes effect after 14 days, and invoices are kept for 10 years by law.",
            "Points are lost when the account is closed.",
        ],
        wrong: &["We never delete accounts, sorry.", "Data exports cost 25 euros."],
        ..Scenario::PLAIN
    },
    Scenario {
        weight: 1,
        openings: &[
            "Hallo, ich kann mich nicht [anmelden|einloggen]. [Passwort vergessen, und die Mail kommt nicht an.|Es heißt immer \"Passwort falsch\".] {email}",
            "Ich habe mein Passwort vergessen, bitte [setzen Sie es zurück|einen Link schicken] an {email}. [Danke!|Vielen Dank im Voraus.]",
        ],
        tool: Some(("reset_password", &[("email", "{email}")])),
        answer: &["Ich schicke Ihnen einen Link zum Zurücksetzen an {email}.", "Er gilt 60 Minuten."],
        wrong: &["Ihr Konto existiert nicht mehr."],
        english: false,
        ..Scenario::PLAIN
    },
];
