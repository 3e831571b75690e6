//! The secret that the person's app and the server share, and the codes computed from it.

use totp_rs::{Builder, Totp};

use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::random_bytes;

/// Bytes of a secret, as RFC 4226 advises.
const LENGTH: usize = 20;
/// How many letters are shown in a group, for people who type the secret.
const GROUP: usize = 4;

/// How many steps before and after the present one are accepted too, because clocks differ and typing takes time.
const SKEW: u16 = 1;

/// The secret of one person. It has no `Debug`, so that no log can print it by accident.
pub struct Secret {
    totp: Totp,
}

impl Secret {
    /// The random bytes of a new secret.
    pub fn fresh() -> Result<Vec<u8>, Error> {
        Ok(random_bytes::<LENGTH>()?.to_vec())
    }

    /// The secret of the person with this address. `host` is shown in the app, to distinguish several Dossiers.
    ///
    /// # Errors
    /// [`Error::Internal`] for bytes that cannot be a secret.
    pub fn new(bytes: Vec<u8>, email: &str, host: &str) -> Result<Secret, Error> {
        // A colon would end the name in the app.
        let plain = |text: &str| text.replace(':', " ");
        let built = Builder::new()
            .with_secret(bytes)
            .with_skew(SKEW)
            .with_account_name(plain(email))
            .with_issuer(Some(plain(&format!("Dossier ({host})"))));
        built.build().map(|totp| Secret { totp }).map_err(|error| Error::Internal(error.to_string()))
    }

    /// The time step that a typed code belongs to; `None` when the code is not valid now.
    pub fn step(&self, typed: &str, now: Moment) -> Option<i64> {
        let code: String = typed.chars().filter(|letter| !letter.is_whitespace()).collect();
        let seconds = u64::try_from(now.millis() / 1000).ok()?;
        i64::try_from(self.totp.check(&code, seconds)?).ok()
    }

    /// The address for the QR code: `otpauth://totp/…`
    pub fn address(&self) -> Result<String, Error> {
        self.totp.to_url().map_err(|error| Error::Internal(error.to_string()))
    }

    /// The secret for typing, in groups: `JBSW Y3DP …`
    pub fn groups(&self) -> Vec<String> {
        let letters: Vec<char> = self.totp.secret().to_base32().chars().collect();
        letters.chunks(GROUP).map(|group| group.iter().collect()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::new(b"12345678901234567890".to_vec(), "ada@sundial.example", "desk.example")
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// RFC 6238, appendix B: the last six of its eight digits.
    #[test]
    fn the_codes_are_those_of_the_standard() {
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            assert_eq!(secret().step(code, Moment(seconds * 1000)), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_code_is_valid_one_step_before_and_after_its_own() {
        let at = |seconds| secret().step("081 804", Moment(seconds * 1000));
        let step = 1_111_111_109 / 30;
        let first = step * 30;
        for seconds in [first - 30, first, first + 29, first + 59] {
            assert_eq!(at(seconds), Some(step), "{seconds}");
        }
        for seconds in [first - 31, first + 60, -5] {
            assert_eq!(at(seconds), None, "{seconds}");
        }
    }

    #[test]
    fn a_text_that_is_not_a_code_is_never_valid() {
        for typed in ["", "28708", "2870822", "28708x", "-87082", "２８７０８２", "\0", &"2".repeat(9000)] {
            assert_eq!(secret().step(typed, Moment(59_000)), None, "{typed:?}");
        }
    }

    #[test]
    fn the_app_gets_an_address_and_a_person_gets_groups() {
        let address = secret().address().expect("an address");
        assert!(address.starts_with("otpauth://totp/Dossier%20%28desk.example%29:ada%40sundial.example?"), "{address}");
        assert!(address.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{address}");
        assert_eq!(secret().groups().join(" "), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert!(Secret::new(b"12345678901234567890".to_vec(), "a:b@c", "[::1]").is_ok());
    }
}
