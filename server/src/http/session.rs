//! Sessions of browsers. Nothing is stored: a session proves by its signature that it was opened with the access token,
//! so it outlives a restart, ends when the token is changed, and does not tell the token.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::Sha256;

use crate::error::{ServiceError, ServiceResult};

/// How long a session lasts: thirty days.
pub(super) const SESSION_SECONDS: i64 = 30 * 24 * 60 * 60;

const NONCE_BYTES: usize = 16;

/// What the cookie carries: `{nonce}.{seconds since the epoch when it ends}.{signature}`.
pub(super) struct Session {
    nonce: [u8; NONCE_BYTES],
    ends_at: i64,
    signature: Vec<u8>,
}

impl Session {
    /// A new one, `now` in seconds since the epoch.
    pub(super) fn open(token: &str, now: i64) -> ServiceResult<Self> {
        let mut nonce = [0; NONCE_BYTES];
        OsRng.try_fill_bytes(&mut nonce).map_err(|error| ServiceError::internal("opening a session", error))?;
        let ends_at = now + SESSION_SECONDS;
        let signed = signing(token, &nonce, ends_at)
            .ok_or_else(|| ServiceError::internal("opening a session", "the access token is no key"))?;
        Ok(Self { nonce, ends_at, signature: signed.finalize().into_bytes().to_vec() })
    }

    /// Whether the text is a session that was opened with this token and has not ended. Signatures are compared in
    /// constant time.
    pub(super) fn is_valid(text: &str, token: &str, now: i64) -> bool {
        Self::read(text).is_some_and(|session| {
            let signed = signing(token, &session.nonce, session.ends_at);
            signed.is_some_and(|signed| signed.verify_slice(&session.signature).is_ok()) && now < session.ends_at
        })
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (nonce, ends_at, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        Some(Self {
            nonce: from_hex(nonce)?.try_into().ok()?,
            ends_at: ends_at.parse().ok()?,
            signature: from_hex(signature)?,
        })
    }
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = |f: &mut fmt::Formatter<'_>, bytes: &[u8]| bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"));
        hex(f, &self.nonce)?;
        write!(f, ".{}.", self.ends_at)?;
        hex(f, &self.signature)
    }
}

/// Keyed by the token, over what the cookie says. The first words keep what else may be signed with it apart.
fn signing(token: &str, nonce: &[u8], ends_at: i64) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).ok()?;
    mac.update(b"anneal session 1\0");
    mac.update(nonce);
    mac.update(&ends_at.to_be_bytes());
    Some(mac)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_good_for_its_token_and_its_time() {
        let text = Session::open("the token", 1000).unwrap().to_string();
        assert!(Session::is_valid(&text, "the token", 1000));
        assert!(Session::is_valid(&text, "the token", 1000 + SESSION_SECONDS - 1));
        assert!(!Session::is_valid(&text, "the token", 1000 + SESSION_SECONDS));
        assert!(!Session::is_valid(&text, "another token", 1000));
        let other = Session::open("the token", 1000).unwrap().to_string();
        assert_ne!(text, other);
        assert!(!text.contains("the token") && !text.contains("74686520746f6b656e"), "{text}");
    }

    #[test]
    fn no_part_of_a_session_can_be_changed() {
        let text = Session::open("t", 1000).unwrap().to_string();
        let longer = text.replace(&format!(".{}.", 1000 + SESSION_SECONDS), &format!(".{}.", i64::MAX));
        assert_ne!(longer, text);
        for forged in [
            longer.as_str(),
            "",
            "..",
            "a.b.c",
            "é.1.é",
            &text[..text.len() - 2],
            &format!("{text}00"),
            &format!("{text}."),
        ] {
            assert!(!Session::is_valid(forged, "t", 1000), "{forged}");
        }
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
            let forged = String::from_utf8(bytes).unwrap();
            assert!(!Session::is_valid(&forged, "t", 1000), "{forged}");
        }
    }

    #[test]
    fn signatures_are_those_of_the_standard() {
        // RFC 4231, test case 2.
        let mut mac = Hmac::<Sha256>::new_from_slice(b"Jefe").unwrap();
        mac.update(b"what do ya want for nothing?");
        let hex = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(Some(mac.finalize().into_bytes().to_vec()), from_hex(hex));
    }
}
