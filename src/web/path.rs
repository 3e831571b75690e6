//! Reads the segments of a path from the request line itself. actix decodes path parameters twice, so two addresses
//! could lead to the same id. This module decodes each segment exactly once and refuses what is not valid text.

use percent_encoding::percent_decode_str;

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
    fn bytes_that_are_not_text_are_not_an_id() {
        for raw in ["%00", "a%00b", "%FF", "%FE", "%C0%AF", "%ED%A0%80", "%EF%BF%BD", "\u{fffd}"] {
            assert_eq!(id(raw), None, "{raw}");
        }
        assert_eq!(named(PROFILE, "/projects/%FF/customers/lena"), None);
    }
}
