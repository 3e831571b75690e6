//! An event's JSON for display: indented, names sorted, coloured by kind, with the time beside each number of
//! milliseconds. The copy button copies the same text without colours and times.

use std::fmt;

use askama::filters::{Escaper, Html, HtmlSafe};

use super::json::Node;
use crate::base::clock::Moment;
use crate::wording::times;

/// The JSON as a list of pieces.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Code {
    pieces: Vec<Piece>,
}

/// A text, which is escaped when it is printed, and its colour.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Plain(String),
    Name(String),
    Text(String),
    Number(String),
    Word(String),
    /// The time of the number before it; not part of the JSON.
    Time(Moment),
}

impl Code {
    pub fn new(node: &Node<'_>) -> Code {
        let mut code = Code::default();
        code.add(node, 0);
        code
    }

    /// The JSON without the times.
    pub fn plain(&self) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Plain(text) | Piece::Name(text) | Piece::Text(text) | Piece::Number(text) | Piece::Word(text) => {
                text.clone()
            }
            Piece::Time(_) => String::new(),
        };
        self.pieces.iter().map(text).collect()
    }

    fn add(&mut self, node: &Node<'_>, depth: usize) {
        match node {
            Node::Object(fields) if fields.is_empty() => self.plainly("{}"),
            Node::Array(items) if items.is_empty() => self.plainly("[]"),
            Node::Object(fields) => self.add_fields(fields, depth + 1),
            Node::Array(items) => self.add_items(items, depth + 1),
            Node::Scalar(literal) => self.pieces.push(scalar(literal)),
        }
    }

    fn add_fields(&mut self, fields: &[(&str, Node<'_>)], depth: usize) {
        self.plainly("{");
        for (index, (name, value)) in fields.iter().enumerate() {
            self.break_line(depth);
            self.pieces.push(Piece::Name(readable(name)));
            self.plainly(": ");
            self.add(value, depth);
            self.plainly(if index + 1 < fields.len() { "," } else { "" });
            self.pieces.extend(time(name, value).map(Piece::Time));
        }
        self.break_line(depth - 1);
        self.plainly("}");
    }

    fn add_items(&mut self, items: &[Node<'_>], depth: usize) {
        self.plainly("[");
        for (index, item) in items.iter().enumerate() {
            self.break_line(depth);
            self.add(item, depth);
            self.plainly(if index + 1 < items.len() { "," } else { "" });
        }
        self.break_line(depth - 1);
        self.plainly("]");
    }

    fn break_line(&mut self, depth: usize) {
        self.plainly("\n");
        self.plainly(&"  ".repeat(depth));
    }

    fn plainly(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Plain(before)) => before.push_str(text),
            _ => self.pieces.push(Piece::Plain(text.to_owned())),
        }
    }
}

fn scalar(literal: &str) -> Piece {
    match literal.as_bytes().first() {
        Some(b'"') => Piece::Text(readable(literal)),
        Some(b't' | b'f' | b'n') => Piece::Word(literal.to_owned()),
        _ => Piece::Number(literal.to_owned()),
    }
}

/// The moment that a number names, if the name of the field ends in `_ms`.
fn time(name: &str, value: &Node<'_>) -> Option<Moment> {
    let Node::Scalar(literal) = value else { return None };
    if name.ends_with("_ms\"") { literal.parse().ok().map(Moment) } else { None }
}

/// Replaces escape codes in a string literal by their letters, except for letters that are invisible or change the
/// direction of the text.
fn readable(literal: &str) -> String {
    let Ok(text) = serde_json::from_str::<String>(literal) else { return coded(literal) };
    coded(&serde_json::Value::String(text).to_string())
}

fn coded(literal: &str) -> String {
    let mut shown = String::with_capacity(literal.len());
    for letter in literal.chars() {
        if hides(letter) {
            let units = letter.encode_utf16(&mut [0; 2]).to_vec();
            shown.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            shown.push(letter);
        }
    }
    shown
}

fn hides(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{AD}' | '\u{61C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

impl HtmlSafe for Code {}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.iter().try_for_each(|piece| match piece {
            Piece::Plain(text) => Html.write_escaped_str(&mut *f, text),
            Piece::Name(text) => span(f, "k", text),
            Piece::Text(text) => span(f, "s", text),
            Piece::Number(text) => span(f, "n", text),
            Piece::Word(text) => span(f, "b", text),
            Piece::Time(at) => beside(f, *at),
        })
    }
}

fn span(f: &mut fmt::Formatter<'_>, class: &str, text: &str) -> fmt::Result {
    write!(f, "<span class=\"{class}\">")?;
    Html.write_escaped_str(&mut *f, text)?;
    f.write_str("</span>")
}

fn beside(f: &mut fmt::Formatter<'_>, at: Moment) -> fmt::Result {
    let (machine, text) = (times::machine(at), times::to_the_second(at));
    match machine.as_str() {
        "" if at.utc().is_none() => f.write_str("<span class=\"at\">beyond any calendar</span>"),
        "" => write!(f, "<span class=\"at\">{text}</span>"),
        machine => write!(f, "<time class=\"at\" datetime=\"{machine}\">{text}</time>"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::read;
    use super::*;

    fn code(json: &str) -> Code {
        Code::new(&read(json).expect("JSON"))
    }

    #[test]
    fn names_are_sorted_and_numbers_stay_as_sent() {
        let plain =
            code(r#"{"price":8.1400,"big":12345678901234567890123,"a":[],"exp":1E3,"list":[1,{"z":null}]}"#).plain();
        let lines = [
            "{",
            "  \"a\": [],",
            "  \"big\": 12345678901234567890123,",
            "  \"exp\": 1E3,",
            "  \"list\": [",
            "    1,",
            "    {",
            "      \"z\": null",
            "    }",
            "  ],",
            "  \"price\": 8.1400",
            "}",
        ];
        assert_eq!(plain, lines.join("\n"));
    }

    #[test]
    fn everything_is_escaped() {
        let html = code(r#"{"<b>":"</pre><script>alert('1')</script>&\"","t":true}"#).to_string();
        assert!(!html.contains("<b>") && !html.contains("<script") && !html.contains("</pre"), "{html}");
        assert!(html.contains(r#"<span class="b">true</span>"#), "{html}");
        assert!(
            html.contains(r#"<span class="k">&#34;&#60;b&#62;&#34;</span>: <span class="s">&#34;&#60;/pre&#62;"#),
            "{html}"
        );
    }

    #[test]
    fn every_number_of_milliseconds_has_its_time_beside_it() {
        let html =
            code(r#"{"expiration_at_ms":1659359932000,"nested":[{"updated_at_ms":-1}],"x_ms":"no","y_ms":null}"#)
                .to_string();
        let time = r#"<time class="at" datetime="2022-08-01T13:18:52Z">1 Aug 2022, 13:18:52 UTC</time>"#;
        assert!(html.contains(time), "{html}");
        assert!(html.contains(r#"<span class="at">31 Dec 1969, 23:59:59 UTC</span>"#), "{html}");
        assert_eq!(html.matches("class=\"at\"").count(), 2);
        let far = code(r#"{"a_ms":9223372036854775807,"b_ms":99999999999999999999}"#);
        assert!(far.to_string().contains("beyond any calendar"));
        assert!(!far.plain().contains("calendar"));
    }

    #[test]
    fn texts_are_shown_as_letters_and_hidden_letters_as_codes() {
        let plain = code(r#"["\u00e9\ud83d\ude00", "a\u202eb\n\"", "\ud800 alone"]"#).plain();
        assert_eq!(plain, "[\n  \"é😀\",\n  \"a\\u202eb\\n\\\"\",\n  \"\\ud800 alone\"\n]");
        let again: serde_json::Value =
            serde_json::from_str(&code(r#"["a\u202eb\u0007\u007f"]"#).plain()).expect("JSON");
        assert_eq!(again, serde_json::json!(["a\u{202E}b\u{7}\u{7f}"]));
    }
}
