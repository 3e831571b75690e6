//! Which values somebody may type for a key (§10.3): text of at most 500 characters. Some keys have further rules.

use super::{AttributeKey, reserved};
use crate::base::error::Problem;

/// The most characters of a value.
pub const MAX_VALUE: usize = 500;
/// The most partners in a list of those that get no data.
const MAX_PARTNERS: usize = 50;

/// A value that its key may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedValue(pub String);

/// What values a key accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    Text,
    Email,
    OneOf(&'static [&'static str]),
    /// `all`, or partner ids with commas between them.
    Partners,
    /// A UUID; all zeros means that consent was not given.
    AdvertisingId,
    /// Anything but `true`, by which an app asks the server to fill in what it sees of the device. A form has no such
    /// device.
    Seen,
}

const CONSENTS: &[&str] = &["restricted", "denied", "authorized", "unknown"];
const REFUNDS: &[&str] = &["DO_NOT_HANDLE", "GRANT_REFUND", "DECLINE_REFUND", "LET_APPLE_DECIDE"];

impl Rule {
    pub fn for_key(key: &str) -> Rule {
        match key {
            "$email" => Rule::Email,
            "$attConsentStatus" => Rule::OneOf(CONSENTS),
            reserved::APPLE_REFUNDS => Rule::OneOf(REFUNDS),
            "$appsflyerSharingFilter" => Rule::Partners,
            "$idfa" | "$gpsAdId" => Rule::AdvertisingId,
            "$ip" | "$deviceVersion" => Rule::Seen,
            _ => Rule::Text,
        }
    }

    /// A hint for the form's field.
    pub const fn hint(self) -> Option<&'static str> {
        match self {
            Rule::Email => Some("An e-mail address, as in name@example.com."),
            Rule::Partners => Some("The word all, or up to 50 partner ids with commas: a,b."),
            Rule::AdvertisingId => Some("As 8-4-4-4-12 letters a to f and digits. All zeros: no consent."),
            Rule::OneOf(_) | Rule::Text | Rule::Seen => None,
        }
    }

    fn problem_of(self, value: &str) -> Option<String> {
        match self {
            Rule::Text => None,
            Rule::Email => {
                (!is_address(value)).then(|| "This is not an e-mail address, as in name@example.com.".into())
            }
            Rule::OneOf(words) => (!words.contains(&value)).then(|| format!("Choose one of {}.", words.join(", "))),
            Rule::Partners => partners(value),
            Rule::AdvertisingId => (!is_uuid(value))
                .then(|| "This is not an advertising id: 8-4-4-4-12 letters a to f and digits, with dashes.".into()),
            Rule::Seen => (value == "true").then(|| {
                "Only the app can send true, which makes the server fill in what it sees of the device. Type the value."
                    .into()
            }),
        }
    }
}

impl TypedValue {
    /// Reads a typed value. Line ends become LF, whatever the browser sent; everything else is kept as typed.
    ///
    /// # Errors
    /// [`Problem`] for the field `value` when it is empty, too long, holds NUL, or breaks the [`Rule`] of the key.
    pub fn parse(key: &AttributeKey, typed: &str) -> Result<TypedValue, Problem> {
        let value = typed.replace("\r\n", "\n").replace('\r', "\n");
        let problem = general(&value).or_else(|| Rule::for_key(key.as_str()).problem_of(&value));
        match problem {
            Some(sentence) => Err(Problem { field: "value", sentence }),
            None => Ok(TypedValue(value)),
        }
    }
}

fn general(value: &str) -> Option<String> {
    let length = value.chars().count();
    if value.is_empty() {
        return Some("Type a value.".into());
    }
    if value.contains('\0') {
        return Some("The value holds a NUL character, which cannot be stored.".into());
    }
    (length > MAX_VALUE)
        .then(|| format!("{length} characters are {} too many: a value has at most {MAX_VALUE}.", length - MAX_VALUE))
}

/// Whether a value has the form of an e-mail address: text, one `@`, and a domain with a dot.
pub fn is_address(value: &str) -> bool {
    let is_plain =
        !value.contains(|letter: char| letter.is_whitespace() || letter.is_control() || "<>(),;".contains(letter));
    let Some((before, domain)) = value.split_once('@') else { return false };
    let mut labels = domain.split('.');
    is_plain
        && !before.is_empty()
        && domain.contains('.')
        && !domain.contains('@')
        && labels.all(|label| !label.is_empty())
}

fn is_uuid(value: &str) -> bool {
    let lengths = value.split('-').map(str::len);
    let is_hex = value.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    is_hex && lengths.eq([8, 4, 4, 4, 12])
}

fn partners(value: &str) -> Option<String> {
    let partners: Vec<&str> = value.split(',').map(str::trim).collect();
    if partners.iter().any(|partner| partner.is_empty() || partner.contains(char::is_whitespace)) {
        return Some("Type the word all, or partner ids with a comma between each two: a,b.".into());
    }
    (partners.len() > MAX_PARTNERS).then(|| {
        format!("{} partners are {} too many: at most {MAX_PARTNERS}.", partners.len(), partners.len() - MAX_PARTNERS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(key: &str, typed: &str) -> Result<String, String> {
        let key = AttributeKey::parse(key).expect("a key");
        TypedValue::parse(&key, typed).map(|value| value.0).map_err(|problem| problem.sentence)
    }

    fn is_fine(key: &str, typed: &str) -> bool {
        parsed(key, typed).is_ok()
    }

    #[test]
    fn a_value_of_five_hundred_characters_is_the_longest() {
        for letter in ["a", "é", "語", "🧜", "e\u{301}"] {
            let unit = letter.chars().count();
            assert!(is_fine("plan", &letter.repeat(500 / unit)), "{letter}");
            assert!(!is_fine("plan", &letter.repeat(500 / unit + 1)), "{letter}");
        }
        assert_eq!(parsed("plan", &"a\r\n".repeat(250)), Ok("a\n".repeat(250)));
        let long = parsed("plan", &"a".repeat(503));
        assert_eq!(long, Err("503 characters are 3 too many: a value has at most 500.".into()));
        assert_eq!((parsed("plan", ""), is_fine("plan", " ")), (Err("Type a value.".into()), true));
        assert!(parsed("plan", "a\0").is_err_and(|parsed| parsed.contains("NUL")));
    }

    #[test]
    fn an_email_address_has_a_name_and_a_domain_with_a_dot() {
        for good in ["a@b.c", "lena+x@okafor.example", "Ö@bücher.example", "a.b@c.d.e"] {
            assert!(is_fine("$email", good), "{good}");
        }
        for bad in
            ["a", "a@b", "@b.c", "a@.c", "a@b.", "a@b..c", "a b@c.d", "a@b@c.d", " a@b.c", "Lena <a@b.c>", "a@b.c\n"]
        {
            assert!(!is_fine("$email", bad), "{bad}");
        }
        assert!(is_fine("$phoneNumber", "call me maybe"), "phone numbers have no format");
    }

    #[test]
    fn some_keys_accept_only_certain_words() {
        assert!(is_fine("$attConsentStatus", "authorized") && !is_fine("$attConsentStatus", "Authorized"));
        assert!(is_fine("$appleRefundHandlingPreference", "DO_NOT_HANDLE"));
        let refused = parsed("$appleRefundHandlingPreference", "no");
        let words = "Choose one of DO_NOT_HANDLE, GRANT_REFUND, DECLINE_REFUND, LET_APPLE_DECIDE.";
        assert_eq!(refused, Err(words.into()));
        assert!(
            parsed("$ip", "true").is_err() && is_fine("$ip", "203.0.113.9") && is_fine("$deviceVersion", "iPad14,1")
        );
        assert!(parsed("$deviceVersion", "true").is_err() && is_fine("plan", "true"));
    }

    #[test]
    fn partners_are_all_or_at_most_fifty() {
        let some = |number: usize| vec!["x"; number].join(",");
        for good in ["all", "a", "a,b", "facebook_int, googleadwords_int", &some(50)] {
            assert!(is_fine("$appsflyerSharingFilter", good), "{good}");
        }
        for bad in ["a,", ",", "a b", " ", "a,,b"] {
            assert!(!is_fine("$appsflyerSharingFilter", bad), "{bad}");
        }
        assert_eq!(parsed("$appsflyerSharingFilter", &some(51)), Err("51 partners are 1 too many: at most 50.".into()));
    }

    #[test]
    fn an_advertising_id_is_a_uuid() {
        for good in ["00000000-0000-0000-0000-000000000000", "6D92078A-8246-4BA4-AE5B-76104861E7DC"] {
            assert!(is_fine("$idfa", good) && is_fine("$gpsAdId", &good.to_lowercase()), "{good}");
        }
        for bad in ["6D92078A82464BA4AE5B76104861E7DC", "6D92078A-8246-4BA4-AE5B-76104861E7D", "g", "{x}", "-----"] {
            assert!(!is_fine("$idfa", bad), "{bad}");
        }
        assert!(is_fine("$idfv", "anything"));
    }
}
