//! Refuses heads of requests in which a line ends with LF alone. The HTTP library takes that for an end of a line, which it may
//! (RFC 9112, 2.2). But a proxy before it may take it for a letter of a value, and would then see another header, or another
//! body, than the library sees: whoever sends such a head could make the answers of others go astray.

/// The longest name of a method that is followed.
const LONGEST_METHOD: u8 = 20;

/// Follows the head of a request as its bytes come in.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum HeadLines {
    /// Nothing of a head has come yet but empty lines.
    #[default]
    Before,
    /// So many letters of the method have come.
    Method(u8),
    /// In the lines, with how much of `\r\n\r\n` has come.
    Within(u8),
    /// Behind the head, or in what is none.
    Beyond,
}

impl HeadLines {
    /// Follows bytes that came in while no request is answered. What comes behind the head is left alone: the library reads on
    /// before it looks at what it has, so it may be the body. An LF without a CR becomes NUL, which the library refuses with 400
    /// wherever it stands.
    pub fn check(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            if *self == HeadLines::Beyond {
                return;
            }
            let is_end = *byte == b'\n';
            let is_alone = is_end && matches!(self, HeadLines::Within(0 | 2));
            *self = self.after(*byte);
            if is_alone {
                *byte = 0;
            }
        }
    }

    fn after(self, byte: u8) -> HeadLines {
        use HeadLines::{Before, Beyond, Method, Within};
        match (self, byte) {
            (Before, b'\r' | b'\n') => Before,
            (Before, b'A'..=b'Z') => Method(1),
            (Method(length), b'A'..=b'Z') if length < LONGEST_METHOD => Method(length + 1),
            (Method(_), b' ') => Within(0),
            (Within(0), b'\r') => Within(1),
            (Within(1), b'\n') => Within(2),
            (Within(2), b'\r') => Within(3),
            (Within(_), byte) if byte != b'\n' => Within(u8::from(byte == b'\r')),
            (Before | Method(_) | Within(_) | Beyond, _) => Beyond,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(parts: &[&str]) -> String {
        let mut lines = HeadLines::default();
        let check = |part: &&str| {
            let mut bytes = part.as_bytes().to_vec();
            lines.check(&mut bytes);
            String::from_utf8(bytes).expect("text")
        };
        parts.iter().map(check).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn a_line_that_ends_with_lf_alone_cannot_be_read_any_more() {
        let cases = [
            ("GET / HTTP/1.1\nhost: x\r\n\r\n", "GET / HTTP/1.1\0host: x\r\n\r\n"),
            ("GET / HTTP/1.1\r\nhost: x\n\r\n", "GET / HTTP/1.1\r\nhost: x\0\r\n"),
            ("GET / HTTP/1.1\r\nhost: x\r\n\n", "GET / HTTP/1.1\r\nhost: x\r\n\0"),
            ("\r\nGET / HTTP/1.1\r\nx: y\nz: y\r\n\r\n", "\r\nGET / HTTP/1.1\r\nx: y\0z: y\r\n\r\n"),
        ];
        for (sent, read) in cases {
            assert_eq!(checked(&[sent]).trim_end(), read.trim_end());
            let parts: Vec<String> = sent.chars().map(String::from).collect();
            let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
            assert_eq!(checked(&parts).replace('|', "").trim_end(), read.trim_end(), "byte by byte");
        }
    }

    #[test]
    fn whatever_is_no_head_stays_as_it_is() {
        let head = "POST /x HTTP/1.1\r\nhost: x\r\n\r\n";
        let bodies = ["{\n}", "\n", "a b\n", "\r\r\n", "1\nA B"];
        for body in bodies {
            assert_eq!(checked(&[&format!("{head}{body}")]), format!("{head}{body}"));
            assert_eq!(checked(&[body]), body);
        }
        let parts = [&format!("{head}{{"), "A b\n", "D 2026\n}", "GET / HTTP/1.1\n"];
        assert_eq!(checked(&parts), parts.join("|"), "a body that comes in parts");
    }
}
