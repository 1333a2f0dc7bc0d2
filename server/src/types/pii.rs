//! Personal data and secrets in records: what kinds there are, how they are counted, filtered by and masked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PiiKind {
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// A payment card's number whose check digit is right.
    Card,
    /// An account number whose check digits are right.
    Iban,
    /// An IPv4 or IPv6 address.
    Ip,
    /// An API key, a token or a private key.
    ApiKey,
}

impl PiiKind {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 6] = [Self::Email, Self::Phone, Self::Card, Self::Iban, Self::Ip, Self::ApiKey];

    /// The name used in JSON, URLs and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Card => "card",
            Self::Iban => "iban",
            Self::Ip => "ip",
            Self::ApiKey => "api_key",
        }
    }

    /// In words, of one.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Email => "e-mail address",
            Self::Phone => "phone number",
            Self::Card => "payment card number",
            Self::Iban => "IBAN",
            Self::Ip => "IP address",
            Self::ApiKey => "API key",
        }
    }

    /// In words, of several.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Email => "e-mail addresses",
            Self::Phone => "phone numbers",
            Self::Card => "payment card numbers",
            Self::Iban => "IBANs",
            Self::Ip => "IP addresses",
            Self::ApiKey => "API keys",
        }
    }

    /// What a masked export has in its place, without its brackets.
    pub const fn placeholder(self) -> &'static str {
        match self {
            Self::Email => "EMAIL",
            Self::Phone => "PHONE",
            Self::Card => "CARD",
            Self::Iban => "IBAN",
            Self::Ip => "IP",
            Self::ApiKey => "API_KEY",
        }
    }

    /// The inverse of [`Self::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of kinds, as it is stored of a record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PiiKinds(u8);

impl PiiKinds {
    /// Every kind.
    pub const ALL: Self = Self((1 << PiiKind::ALL.len()) - 1);

    /// Adds one.
    pub fn insert(&mut self, kind: PiiKind) {
        self.0 |= kind.bit();
    }

    /// These and those.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether one is among them.
    pub const fn contains(self, kind: PiiKind) -> bool {
        self.0 & kind.bit() != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// As it is stored.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The inverse of [`Self::bits`]; bits of no kind are left out.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// Those among them.
    pub fn iter(self) -> impl Iterator<Item = PiiKind> {
        PiiKind::ALL.into_iter().filter(move |kind| self.contains(*kind))
    }
}

impl FromIterator<PiiKind> for PiiKinds {
    fn from_iter<I: IntoIterator<Item = PiiKind>>(kinds: I) -> Self {
        kinds.into_iter().fold(Self::default(), |set, kind| set.union(Self(kind.bit())))
    }
}

/// Which records a list is narrowed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PiiFilter {
    /// Those with anything of the kind.
    Any,
    /// Those with this.
    Of(PiiKind),
}

impl PiiFilter {
    /// The name used in URLs and on the command line: "any", or the kind's.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Of(kind) => kind.as_str(),
        }
    }

    /// The inverse of [`Self::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        if name == Self::Any.as_str() { Some(Self::Any) } else { PiiKind::parse(name).map(Self::Of) }
    }

    /// The kinds of which one must be there.
    pub fn kinds(self) -> PiiKinds {
        match self {
            Self::Any => PiiKinds::ALL,
            Self::Of(kind) => [kind].into_iter().collect(),
        }
    }
}

/// Records with personal data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PiiCounts {
    /// Records with anything.
    pub records: i64,
    /// Records per kind; only kinds that occur. One record may count under several.
    pub by_kind: BTreeMap<PiiKind, i64>,
    /// Records that an earlier version stored and that nobody has looked at since: validating them again does.
    pub not_looked_at: i64,
}

impl PiiCounts {
    /// "120 records with e-mail addresses, 14 with phone numbers"; empty where there is nothing.
    pub fn in_words(&self) -> String {
        let kinds = self.by_kind.iter().enumerate().map(|(index, (kind, count))| {
            let records =
                if index == 0 { crate::format::counted(*count, "record") } else { crate::format::count(*count) };
            format!("{records} with {}", kind.plural())
        });
        kinds.collect::<Vec<_>>().join(", ")
    }
}

/// What stands in a masked export in the place of what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaskStyle {
    /// `[EMAIL]`.
    Plain,
    /// `[EMAIL_1]`, `[EMAIL_2]`: numbered in each record, so that distinct persons stay distinct.
    Numbered,
}

impl MaskStyle {
    /// The name used in addresses and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Numbered => "numbered",
        }
    }

    /// The inverse of [`Self::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Plain, Self::Numbered].into_iter().find(|style| style.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_bits_have_their_inverse() {
        for kind in PiiKind::ALL {
            assert_eq!(PiiKind::parse(kind.as_str()), Some(kind));
            assert_eq!(PiiFilter::parse(kind.as_str()), Some(PiiFilter::Of(kind)));
            let one: PiiKinds = [kind].into_iter().collect();
            assert_eq!((PiiKinds::from_bits(one.bits()), one.iter().collect::<Vec<_>>()), (one, vec![kind]));
        }
        assert_eq!(PiiFilter::parse("any"), Some(PiiFilter::Any));
        assert_eq!((PiiFilter::parse("some"), PiiKind::parse("any")), (None, None));
        // What is stored must go on meaning the same.
        assert_eq!(PiiKind::ALL.map(|kind| PiiFilter::Of(kind).kinds().bits()), [1, 2, 4, 8, 16, 32]);
        assert_eq!((PiiKinds::ALL.bits(), PiiKinds::from_bits(255)), (63, PiiKinds::ALL));
    }

    #[test]
    fn counts_are_said_in_words() {
        let counts = PiiCounts {
            records: 1_500,
            by_kind: [(PiiKind::Phone, 14), (PiiKind::Email, 1_200)].into(),
            not_looked_at: 0,
        };
        assert_eq!(counts.in_words(), "1,200 records with e-mail addresses, 14 with phone numbers");
        assert_eq!(PiiCounts::default().in_words(), "");
    }
}
