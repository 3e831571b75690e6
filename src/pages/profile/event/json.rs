//! Reads JSON without losing anything: repeated fields, the digits of numbers, and texts that no Rust string can hold.
//! serde_json would lose some of them.

/// A JSON value.
#[derive(Debug, PartialEq, Eq)]
pub enum Node<'a> {
    /// Names as they were written, with quotes, sorted by their decoded text.
    Object(Vec<(&'a str, Node<'a>)>),
    Array(Vec<Node<'a>>),
    /// A string with its quotes, a number, `true`, `false` or `null`.
    Scalar(&'a str),
}

/// The depth limit, which protects the stack. Accepted events are never this deep (§5.1).
const MAX_DEPTH: usize = 128;

/// Reads a whole document; `None` when it is not valid JSON.
pub fn read(text: &str) -> Option<Node<'_>> {
    let mut reader = Reader { text, at: 0 };
    let node = reader.value(MAX_DEPTH)?;
    reader.peek().is_none().then_some(node)
}

/// The text of a string literal; the literal itself if no Rust string can hold the text.
pub fn decoded(literal: &str) -> String {
    serde_json::from_str(literal).unwrap_or_else(|_| literal.to_owned())
}

impl<'a> Node<'a> {
    /// The value of a field of an object.
    pub fn field(self, name: &str) -> Option<Node<'a>> {
        match self {
            Node::Object(fields) => fields.into_iter().find(|(key, _)| decoded(key) == name).map(|(_, value)| value),
            _ => None,
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, room: usize) -> Option<Node<'a>> {
        let room = room.checked_sub(1)?;
        match self.peek()? {
            b'{' => self.object(room),
            b'[' => self.array(room),
            b'"' => self.string().map(Node::Scalar),
            _ => self.word().map(Node::Scalar),
        }
    }

    fn object(&mut self, room: usize) -> Option<Node<'a>> {
        self.at += 1;
        let mut fields = Vec::new();
        if self.takes(b'}') {
            return Some(Node::Object(fields));
        }
        loop {
            self.peek().filter(|byte| *byte == b'"')?;
            let name = self.string()?;
            self.takes(b':').then_some(())?;
            fields.push((name, self.value(room)?));
            if !self.takes(b',') {
                break;
            }
        }
        fields.sort_by_cached_key(|(name, _)| decoded(name));
        self.takes(b'}').then_some(Node::Object(fields))
    }

    fn array(&mut self, room: usize) -> Option<Node<'a>> {
        self.at += 1;
        let mut items = Vec::new();
        if self.takes(b']') {
            return Some(Node::Array(items));
        }
        loop {
            items.push(self.value(room)?);
            if !self.takes(b',') {
                break;
            }
        }
        self.takes(b']').then_some(Node::Array(items))
    }

    /// A string from its opening to its closing quote.
    fn string(&mut self) -> Option<&'a str> {
        let start = self.at;
        let mut is_escaped = false;
        for (offset, byte) in self.text.bytes().enumerate().skip(start + 1) {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => {
                    self.at = offset + 1;
                    return self.text.get(start..self.at);
                }
                _ => {}
            }
        }
        None
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Option<&'a str> {
        let rest = self.text.get(self.at..)?;
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '+' | '.');
        let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).filter(|word| !word.is_empty())
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    /// Skips white space and returns the next byte.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let spaces = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')).count();
        self.at += spaces;
        rest.get(spaces).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_nothing_is_lost() {
        let node = read(r#" {"b": [1e3, -0.50, {}], "a": "x", "\u0061": null, "$serde_json::private::Number": "x"} "#);
        let fields = vec![
            (r#""$serde_json::private::Number""#, Node::Scalar(r#""x""#)),
            (r#""a""#, Node::Scalar(r#""x""#)),
            (r#""\u0061""#, Node::Scalar("null")),
            (r#""b""#, Node::Array(vec![Node::Scalar("1e3"), Node::Scalar("-0.50"), Node::Object(Vec::new())])),
        ];
        assert_eq!(node, Some(Node::Object(fields)));
    }

    #[test]
    fn broken_json_is_refused_without_a_panic() {
        for bad in
            ["", "{", "[1,", "{\"a\"}", "{\"a\":}", "{a:1}", "\"open", "\"open\\", "[1] 2", "{\"a\":1,}", "[,]", "é"]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(read(&"[".repeat(1_000_000)), None);
        assert_eq!(read("\"\\ud800é\\\"\""), Some(Node::Scalar("\"\\ud800é\\\"\"")));
    }
}
