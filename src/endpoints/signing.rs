//! Signs requests as Standard Webhooks specifies, with `webhook-id`, `webhook-timestamp` and `webhook-signature`. A
//! receiver can check with any library for it that a delivery comes from Dossier and is recent.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::random_bytes;

/// The prefix of a secret as it is shown.
const PREFIX: &str = "whsec_";

/// For how many hours requests are also signed with a replaced secret.
pub const OVERLAP_HOURS: i64 = 24;

/// A secret that signs requests. Signing needs the secret itself, so it is not stored as a hash.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub Vec<u8>);

impl Secret {
    /// A new secret of 32 random bytes.
    ///
    /// # Errors
    /// [`Error::Internal`] when the operating system has no random bytes.
    pub fn fresh() -> Result<Secret, Error> {
        Ok(Secret(random_bytes::<32>()?.to_vec()))
    }

    /// The text that is shown to people once: `whsec_…`
    pub fn shown(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// `v1,` and the signature in Base64.
    fn sign(&self, id: &str, seconds: i64, body: &str) -> Option<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(format!("{id}.{seconds}.").as_bytes());
        mac.update(body.as_bytes());
        Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    }
}

/// The signing headers of a request. `webhook-signature` has a signature for each secret, separated by spaces.
pub fn headers(id: &str, now: Moment, body: &str, secrets: &[Secret]) -> [(&'static str, String); 3] {
    let seconds = now.millis().div_euclid(1000);
    let all: Vec<String> = secrets.iter().filter_map(|secret| secret.sign(id, seconds, body)).collect();
    [("webhook-id", id.to_owned()), ("webhook-timestamp", seconds.to_string()), ("webhook-signature", all.join(" "))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_one_of_the_published_example() {
        // The example in the libraries of Standard Webhooks.
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("base 64");
        let secret = Secret(key);
        let body = r#"{"test": 2432232314}"#;
        let signed = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signed.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
        assert_eq!(secret.shown(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }

    #[test]
    fn an_old_secret_signs_as_well() {
        let (new, old) = (Secret(vec![1; 32]), Secret(vec![2; 32]));
        let [(_, id), (_, at), (_, both)] = headers("msg_1", Moment(1_999), "{}", &[new.clone(), old]);
        assert_eq!((id.as_str(), at.as_str()), ("msg_1", "1"));
        let first = new.sign("msg_1", 1, "{}").expect("a signature");
        assert!(both.split(' ').count() == 2 && both.starts_with(&first));
    }

    #[test]
    fn no_two_secrets_are_the_same() {
        let (one, other) = (Secret::fresh().expect("a secret"), Secret::fresh().expect("another"));
        assert!(one != other && one.shown().starts_with("whsec_") && one.shown().len() == 50);
    }
}
