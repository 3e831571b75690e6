//! Reads the segments of a path from the request line itself. actix decodes path parameters twice, so two addresses
//! could lead to the same id. This module decodes each segment exactly once and refuses what is not valid text.

use actix_web::http::{StatusCode, Uri};
use percent_encoding::{percent_decode, percent_decode_str};

use super::routes::Face;
use crate::base::error::{ApiError, Error};

/// The code of v1 for an id that no customer can have (§C2.5).
const INVALID_ID: u16 = 7220;

/// Refuses an address with NUL in its path or its query, for every route alike: PostgreSQL cannot store NUL, SQLite could.
///
/// # Errors
/// [`Error::BadRequest`]; [`Error::Client`] with code 7220 for a path of v1, where the id must be what is wrong (§C2.1).
pub fn refuse_nul(uri: &Uri, face: Face) -> Result<(), Error> {
    let sentence = "This address contains the character NUL, which nothing here can have.";
    let in_path = has_nul(uri.path());
    if in_path && face == Face::V1 {
        return Err(ApiError { status: StatusCode::BAD_REQUEST, code: INVALID_ID, message: sentence.into() }.into());
    }
    match in_path || has_nul(uri.query().unwrap_or_default()) {
        true => Err(Error::BadRequest(sentence.into())),
        false => Ok(()),
    }
}

/// Whether a part of an address holds NUL for anybody who decodes it: once, or as actix does, which decodes the `%25` last, so
/// that `%0%30` becomes NUL but `%2500` stays the text `%00`.
fn has_nul(raw: &str) -> bool {
    if !raw.contains('%') {
        return false;
    }
    let first: Vec<u8> = percent_decode_str(&raw.replace("%25", "%2525")).collect();
    let second: Vec<u8> = percent_decode(&first).collect();
    first.contains(&0) || second.contains(&0)
}

/// The names and values of the `{…}` in `pattern`. The values come from the path as it was sent. `None` when one of
/// them is not text that both databases can store.
pub fn named(pattern: &str, raw_path: &str) -> Option<Vec<(String, String)>> {
    pattern
        .split('/')
        .zip(raw_path.split('/'))
        .filter_map(|(name, raw)| Some((name_in(name)?, raw)))
        .map(value)
        .collect()
}

fn name_in(part: &str) -> Option<&str> {
    part.strip_prefix('{')?.strip_suffix('}')
}

fn value((name, raw): (&str, &str)) -> Option<(String, String)> {
    Some((name.to_owned(), decode(raw)?))
}

/// Decodes a segment. `None` when it is not UTF-8, or contains NUL or U+FFFD. With U+FFFD, different ids would look
/// the same.
pub fn decode(raw: &str) -> Option<String> {
    let text = percent_decode_str(raw).decode_utf8().ok()?;
    let is_text = !text.contains(['\0', char::REPLACEMENT_CHARACTER]);
    is_text.then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: &str = "/projects/{p}/customers/{id}";

    fn id(raw: &str) -> Option<String> {
        let values = named(PROFILE, &format!("/projects/sundial/customers/{raw}"))?;
        values.into_iter().find(|(name, _)| name == "id").map(|(_, value)| value)
    }

    #[test]
    fn each_segment_is_decoded_exactly_once() {
        let cases = [
            ("lena", "lena"),
            ("a%2Fb", "a/b"),
            ("a%252Fb", "a%2Fb"),
            ("%24RCAnonymousID%3Aab", "$RCAnonymousID:ab"),
            ("$RCAnonymousID:ab", "$RCAnonymousID:ab"),
            ("%2%46admin", "%2Fadmin"),
            ("%%32%46x", "%2Fx"),
            ("%3F%23%25%20%2B+", "?#% ++"),
            ("%F0%9F%8C%99", "🌙"),
            ("%2e%2e", ".."),
            ("100%", "100%"),
            ("%0d%0a", "\r\n"),
        ];
        for (raw, decoded) in cases {
            assert_eq!(id(raw).as_deref(), Some(decoded), "{raw}");
        }
    }

    #[test]
    fn nul_is_found_however_it_is_written() {
        for raw in ["%00", "a%00b", "/x/%00/y", "%0%30", "%%30%30", "%%300", "q=%00", "%25%00"] {
            assert!(has_nul(raw), "{raw}");
        }
        for raw in ["", "00", "%2500", "%25%2500", "%", "%0", "%30%30", "100%", "%u0000", "%F0%90%80%80"] {
            assert!(!has_nul(raw), "{raw}");
        }
    }

    #[test]
    fn bytes_that_are_not_text_are_not_an_id() {
        for raw in ["%00", "a%00b", "%FF", "%FE", "%C0%AF", "%ED%A0%80", "%EF%BF%BD", "\u{fffd}"] {
            assert_eq!(id(raw), None, "{raw}");
        }
        assert_eq!(named(PROFILE, "/projects/%FF/customers/lena"), None);
    }
}
