use std::fmt::Write;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::*;
use crate::types::pii::PiiKind::{ApiKey, Card, Email, Iban, Ip, Phone};
use crate::types::pii::{MaskStyle, PiiKind};

/// What is found, with the text itself.
fn found(text: &str) -> Vec<(PiiKind, &str)> {
    find(text).into_iter().map(|found| (found.kind, &text[found.range])).collect()
}

#[track_caller]
fn check(text: &str, expected: &[(PiiKind, &str)]) {
    assert_eq!(found(text), expected, "{text}");
}

#[track_caller]
fn nothing_in(texts: &[&str]) {
    for text in texts {
        check(text, &[]);
    }
}

#[test]
fn addresses_are_found_whole() {
    for (text, address) in [
        ("Write to john.doe+x@mail.example.co.uk.", "john.doe+x@mail.example.co.uk"),
        ("<mailto:a_b-c@x-y.org>", "a_b-c@x-y.org"),
        ("'john@example.com'", "john@example.com"),
        ("jörg@müller.de schrieb", "jörg@müller.de"),
        ("邮箱是john@example.com。", "john@example.com"),
        ("O'Brien: o'brien@example.ie", "o'brien@example.ie"),
        (r#"{\"to\":\"x\\njohn@example.com\"}"#, "john@example.com"),
        (r"first\njohn@example.com", "john@example.com"),
        ("john@example.com@", ""),
        ("030-1234567@fax.example.de", "030-1234567@fax.example.de"),
        ("a@b.xn--p1ai", "a@b.xn--p1ai"),
    ] {
        let expected: Vec<_> = [(Email, address)].into_iter().filter(|(_, address)| !address.is_empty()).collect();
        assert_eq!(found(text), expected, "{text}");
    }
    check("a@x.de,b@x.de", &[(Email, "a@x.de"), (Email, "b@x.de")]);
    nothing_in(&[
        "react@18.2.0 and @types/node@1.2.3",
        "icon@2x.png",
        "@app.route('/x')",
        "user@localhost",
        "git clone git@github.com:owner/repo.git",
        "https://user:secret@example.com/path",
        "A@B.T and w@x.mean()",
        "meet @ 5.pm",
        "x@-a.com x@.com @x.com a.@x.com",
    ]);
    check(&format!("{}@example.com", "a".repeat(65)), &[]);
    check("mailto:john@example.com", &[(Email, "john@example.com")]);
}

#[test]
fn phone_numbers_are_found_by_sign_groups_or_word() {
    for (text, number) in [
        ("Call +49 (0)30 1234567 now", "+49 (0)30 1234567"),
        ("+1 415 555 0123", "+1 415 555 0123"),
        ("+14155550123", "+14155550123"),
        ("+33 1 23 45 67 89.", "+33 1 23 45 67 89"),
        ("0049 30 1234567", "0049 30 1234567"),
        ("(415) 555-0123", "(415) 555-0123"),
        ("at 415-555-0123 x4", "415-555-0123"),
        ("1-800-555-0199", "1-800-555-0199"),
        ("415.555.0123", "415.555.0123"),
        ("my phone is 415 555 0123", "415 555 0123"),
        ("phone: 4155550123", "4155550123"),
        (r#""phone_number": "4155550123""#, "4155550123"),
        (r#""customerPhone":"415 555 0123""#, "415 555 0123"),
        ("order 5, call 415-555-0123", "415-555-0123"),
        ("(030) 1234567", "(030) 1234567"),
        ("030 1234567", "030 1234567"),
        ("0171/1234567", "0171/1234567"),
        ("01 23 45 67 89", "01 23 45 67 89"),
        ("01.23.45.67.89", "01.23.45.67.89"),
        ("020 7946 0958", "020 7946 0958"),
        ("06-12345678", "06-12345678"),
        ("tel:+14155550123", "+14155550123"),
        (r"a\n415-555-0123", "415-555-0123"),
    ] {
        check(text, &[(Phone, number)]);
    }
    check("415-555-0123,415-555-0124", &[(Phone, "415-555-0123"), (Phone, "415-555-0124")]);
    check("415-555-0123 24 hours", &[(Phone, "415-555-0123")]);
}

#[test]
fn what_only_looks_like_a_number_is_none() {
    nothing_in(&[
        "2024-01-15, 15.01.2024, 01/15/2024 and 01.02.2024 10:30",
        "2024-01-15T10:30:00.000Z 20240115 1705314600 1705314600123",
        "order #4155550123, order 415-555-0123, order number 4155550123",
        "Order ID: 384-532-1290, invoice 0123-456-789",
        "ticket 415 555 0123",
        "reservation 0123 456789",
        "version 1.2.3.4 and v10.20.30.40",
        "550e8400-e29b-41d4-a716-446655440000",
        "01234567-1234-1234-1234-123456789012",
        "d41d8cd98f00b204e9800998ecf8427e",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "$1,234,567.89 and 1 234 567,89 € and 10.000.000",
        "0.123456789 -0.1000000000000000055511151231257827 1e+29",
        "+0100 and +1000000 and +1,000,000,000",
        "ISBN 978-3-16-148410-0 and 0-306-40615-2",
        "call 911 or 112",
        "tracking 1Z999AA10123456784 and 9400110200881234567890",
        "SSN 123-45-6789",
        "https://example.com/415-555-0123/",
        "1 2 3 4 5 6 7 8 9 10 11 12",
        "10:30-11:45, 09:00 12:00",
        "5+14155550123",
        "4155550123",
        "12345 67890",
        "call us within 2024 12 31",
        "01 02 03 04 05 06",
        "gate 12 34 56",
        "flight HAT123 2024-05-20 at 13:00:00, seat 12A, $305.10",
        "123-456-7890",
        "(123) 456-7890",
        "lat 52.520008 lon 13.404954",
    ]);
}

#[test]
fn cards_and_accounts_prove_themselves() {
    for text in [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "5555555555554444",
        "2223003122003222",
        "378282246310005",
        "3782 822463 10005",
        "30569309025904",
        "6011111111111117",
        "3530111333300000",
    ] {
        check(text, &[(Card, text)]);
    }
    check("4111 1111 1111 1111 12/27", &[(Card, "4111 1111 1111 1111")]);
    check("card=4111111111111111,123", &[(Card, "4111111111111111")]);
    nothing_in(&[
        "4111111111111112",
        "4111 1111 1111 1112",
        "1111111111111117",
        "41111111111111110000",
        "4111 111111 111111",
        "#4111111111111111",
        "0.4111111111111111",
        "id-4111111111111111",
        "1705314600123456789",
        "0000000000000000",
    ]);
    for text in
        ["DE89 3704 0044 0532 0130 00", "DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19", "NO93 8601 1117 947"]
    {
        check(text, &[(Iban, text)]);
    }
    check("IBAN: FR1420041010050500013M02606.", &[(Iban, "FR1420041010050500013M02606")]);
    nothing_in(&[
        "DE89 3704 0044 0532 0130 01",
        "DE8937040044053201300",
        "DE893704004405320130000",
        "XX89370400440532013000",
        "AB12",
        "GB29 nothing of the kind",
    ]);
}

#[test]
fn internet_addresses_are_told_from_versions() {
    for (text, address) in [
        ("from 192.168.1.17:8080", "192.168.1.17"),
        ("http://10.20.0.1/x", "10.20.0.1"),
        ("10.0.0.0/8", "10.0.0.0"),
        ("ip=203.0.113.9.", "203.0.113.9"),
        ("2001:db8::8a2e:370:7334", "2001:db8::8a2e:370:7334"),
        ("[fe80::1ff:fe23:4567:890a]", "fe80::1ff:fe23:4567:890a"),
        ("2001:0db8:85a3:0000:0000:8a2e:0370:7334.", "2001:0db8:85a3:0000:0000:8a2e:0370:7334"),
    ] {
        // 10.0.0.0 has a two-digit first number, so it is no version.
        check(text, &[(Ip, address)]);
    }
    nothing_in(&[
        "127.0.0.1 0.0.0.0 255.255.255.0 ::1",
        "1.2.3.4",
        "version 10.2.33.4",
        "Chrome/120.0.6099.71",
        "v10.2.33.4",
        "1.2.3",
        "10.20.30.40.50",
        "256.10.10.10 10.01.10.10",
        "std::vector fe::ad dad::add",
        "00:1a:2b:3c:4d:5e 12:30:45 2024:01:02",
        "2001: a space odyssey",
    ]);
}

#[test]
fn keys_are_known_by_their_makers_shapes() {
    let random = "aB3dE5gH7jK9mN1pQ3sT5vX7zA9cE1gI3kM5";
    // Put together here, so that nobody's scanner takes this file for a leak.
    let tokens = [
        format!("sk-{random}"),
        format!("sk-proj-{random}_x-{random}"),
        format!("sk-ant-api03-{random}"),
        format!("AKIA{}", "IOSFODNN7EXAMPLE"),
        format!("ghp_{random}"),
        format!("hf_{random}"),
        format!("npm_{random}"),
        format!("glpat-{random}"),
        format!("SG.{random}.{random}"),
        format!("xoxb-{}-{}", "123456789012", "abcdefGHIJ"),
        format!("AIza{}", &random[..35]),
        format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.{random}"),
    ];
    for token in &tokens {
        check(&format!("key {token}, and"), &[(ApiKey, token)]);
        check(&format!("\"{token}\""), &[(ApiKey, token)]);
    }
    check(&format!("Authorization: Bearer {random}"), &[(ApiKey, random)]);
    let block = format!("-----BEGIN {} KEY-----\nMIIE\nabc=\n-----END {} KEY-----", "RSA PRIVATE", "RSA PRIVATE");
    check(&format!("x {block} y"), &[(ApiKey, &block)]);
    let cut = format!("-----BEGIN {} KEY-----\nMIIEabc", "PRIVATE");
    check(&cut, &[(ApiKey, &cut)]);
    nothing_in(&[
        "sk-learn sk-container-id-1 sk-estimator-doc-link-text-2",
        "task-aB3dE5gH7jK9mN1pQ3sT5vX7",
        "AKIA AKIAIOSFODNN7EXAMPL AKIAIOSFODNN7EXAMPLEX",
        "ghp_short xoxb-no-digits-in-here hf_short npm_install glpat-short SG.a.b",
        "Bearer of bad news, bearer authentication-is-needed",
        "eyJhbGciOiJIUzI1NiJ9",
        "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
    ]);
}

#[test]
fn values_are_looked_at_and_names_are_not() {
    let kinds = |value: Value| kinds_in_value(&value).iter().collect::<Vec<_>>();
    assert_eq!(kinds(json!({ "john@example.com": [1, null, true] })), []);
    assert_eq!(kinds(json!([{ "a": "john@example.com" }, 4_111_111_111_111_111_u64])), [Email, Card]);
    assert_eq!(kinds(json!({ "arguments": "{\"a@b.de\": 4111111111111111}" })), [Card]);
    assert_eq!(kinds(json!({ "n": 1_705_314_600_123_u64, "x": 0.25 })), []);
}

#[test]
fn masking_keeps_the_shape_and_tells_persons_apart() {
    let record = json!({
        "messages": [
            { "role": "user", "content": "I am A@x.de, he is b@x.de; call +14155550123 or +1 415-555-0123" },
            { "arguments": "{\"mail\": \"a@x.de\", \"card\": 4111111111111111, \"note\": \"a\\nb@x.de\"}" },
        ],
        "a@x.de": "untouched 1.50 key",
        "number": 4_111_111_111_111_111_u64,
    });
    let masked = |style| {
        let mut value = record.clone();
        Masker::new(style).value(&mut value);
        value
    };
    assert_eq!(
        masked(MaskStyle::Plain),
        json!({
            "messages": [
                { "role": "user", "content": "I am [EMAIL], he is [EMAIL]; call [PHONE] or [PHONE]" },
                { "arguments": "{\"mail\":\"[EMAIL]\",\"card\":\"[CARD]\",\"note\":\"a\\n[EMAIL]\"}" },
            ],
            "a@x.de": "untouched 1.50 key",
            "number": "[CARD]",
        })
    );
    assert_eq!(
        masked(MaskStyle::Numbered),
        json!({
            "messages": [
                { "role": "user", "content": "I am [EMAIL_1], he is [EMAIL_2]; call [PHONE_1] or [PHONE_1]" },
                { "arguments": "{\"mail\":\"[EMAIL_1]\",\"card\":\"[CARD_1]\",\"note\":\"a\\n[EMAIL_2]\"}" },
            ],
            "a@x.de": "untouched 1.50 key",
            "number": "[CARD_1]",
        })
    );
    // What is masked holds nothing any more, and text of nobody stays byte for byte.
    assert!(kinds_in_value(&masked(MaskStyle::Plain)).is_empty());
    let mut plain = r#"{"b" :  1.50, "a": "x"}"#.to_owned();
    Masker::new(MaskStyle::Plain).text(&mut plain);
    assert_eq!(plain, r#"{"b" :  1.50, "a": "x"}"#);
}

/// Much of each takes about the same time, whatever it begins and never ends.
#[test]
fn hostile_texts_take_time_by_their_length() {
    let length = 1 << 17;
    let begin = format!("-----BEGIN {} KEY-----", "PRIVATE");
    for piece in [
        "1",
        "1 ",
        "1-",
        "1.",
        "1,",
        "@",
        "a@",
        "a@b.",
        ".",
        "+1",
        "(1",
        "0 ",
        "01 ",
        "4111 ",
        "415-555-",
        "::",
        "2001:",
        "fe80::",
        "DE89 ",
        "eyJaaaaaaa.",
        "sk-",
        "Bearer ",
        "-----BEGIN ",
        &begin,
        "{",
        "\\n",
        "ä",
        "phone 1 ",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@",
    ] {
        let text = piece.repeat(length / piece.len());
        let start = Instant::now();
        let _ = find(&text);
        let took = start.elapsed();
        assert!(took < Duration::from_secs(3), "{piece:?} took {took:?}");
    }
}

#[test]
fn every_find_lies_on_letters_and_apart_from_the_next() {
    let mut text = String::new();
    for (index, piece) in
        ["ä@b.de", "日", "+14155550123", "\u{1F600}", "4111111111111111", "\\u00e4", "2001:db8::1 ", "@@"]
            .iter()
            .cycle()
            .take(400)
            .enumerate()
    {
        let _ = write!(text, "{piece}{}", if index % 3 == 0 { " " } else { "" });
    }
    let finds = find(&text);
    assert!(finds.len() > 50);
    let mut end = 0;
    for found in finds {
        assert!(found.range.start >= end && text.get(found.range.clone()).is_some_and(|part| !part.is_empty()));
        end = found.range.end;
    }
}
