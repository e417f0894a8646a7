//! Short-lived tokens that need no memory: what they allow, until when, and a signature with this process's own secret,
//! so that none outlives the process.

use std::{fmt::Write, time::Duration};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use voiceos_api::Timestamp;

pub struct Signer {
    secret: [u8; 32],
}

/// `count` random bytes as hexadecimal digits, fit for a secret.
pub fn random_text(count: usize) -> String {
    (0..count).fold(String::new(), |text, _| text + &hex(&[rand::random()]))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

impl Default for Signer {
    fn default() -> Self {
        Self {
            secret: rand::random(),
        }
    }
}

impl Signer {
    fn signed(&self, subject: &str, until: i64) -> Hmac<Sha256> {
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.secret)
            .expect("any length of key will do");
        mac.chain_update(until.to_be_bytes()).chain_update(subject)
    }

    /// A token for `subject`, valid for `lasts` from `now`.
    pub fn sign(&self, subject: &str, now: Timestamp, lasts: Duration) -> String {
        let until = now.after(lasts).millis();
        format!(
            "{until:x}.{}",
            hex(&self.signed(subject, until).finalize().into_bytes())
        )
    }

    /// Whether `token` was signed for `subject` and is still valid. Takes the same time wherever a wrong one differs.
    pub fn allows(&self, token: &str, subject: &str, now: Timestamp) -> bool {
        let parts = token.split_once('.').and_then(|(until, signature)| {
            Some((i64::from_str_radix(until, 16).ok()?, unhex(signature)?))
        });
        let Some((until, signature)) = parts else {
            return false;
        };
        self.signed(subject, until).verify_slice(&signature).is_ok() && now.millis() < until
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn now() -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000)
    }

    #[test]
    fn a_token_allows_its_subject_until_it_expires() {
        let signer = Signer::default();
        let token = signer.sign("recording conv_1", now(), MINUTE);
        assert!(signer.allows(&token, "recording conv_1", now()));
        assert!(!signer.allows(&token, "recording conv_2", now()));
        assert!(!signer.allows(&token, "recording conv_1", now().after(MINUTE)));
    }

    #[test]
    fn a_changed_token_allows_nothing() {
        let signer = Signer::default();
        let token = signer.sign("x", now(), MINUTE);
        let (until, signature) = token.split_once('.').expect("two parts");
        let longer = format!(
            "{:x}.{signature}",
            i64::from_str_radix(until, 16).expect("hexadecimal") + 1
        );
        for wrong in [
            &longer,
            until,
            "",
            ".",
            "é.é",
            "1.0",
            &token[..token.len() - 1],
            &token[..token.len() - 2],
        ] {
            assert!(!signer.allows(wrong, "x", now()), "{wrong}");
        }
        assert!(
            !Signer::default().allows(&token, "x", now()),
            "another process signed it"
        );
    }
}
